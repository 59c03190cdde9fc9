"""Cores, memory and time: what the machine has, what a container leaves of it, and what the user says."""

import os
import resource

import pytest

import simulator as sim
from simulator import machine


@pytest.fixture
def container(tmp_path, monkeypatch):
    """A container whose control groups say what a test writes."""
    for name in (machine.WORKERS, machine.MEMORY_LIMIT, machine.TIME_LIMIT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**22}.__getitem__, raising=False)
    monkeypatch.setattr(resource, "getrlimit", lambda what: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "self")

    def write(membership, **files):
        (tmp_path / "self").write_text(membership)
        for path, text in files.items():
            file = tmp_path / path.replace("__", "/").replace("_dot_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return write


def test_without_a_container_cores_are_those_that_the_process_is_bound_to(container, monkeypatch):
    assert machine.available_cores() == 16
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert machine.available_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.available_cores() == 1


@pytest.mark.parametrize(
    ("written", "cores"),
    [("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("max 100000", 16), ("9900000 100000", 16),
     ("", 16), ("nonsense", 16), ("100000 0", 16)],
)  # fmt: skip
def test_the_quota_of_a_container_is_cores(container, written, cores):
    container("0::/\n", cpu_dot_max=written)
    assert machine.available_cores() == cores


def test_the_tightest_of_the_groups_around_counts(container):
    container("0::/pods/one\n", pods__cpu_dot_max="300000 100000", pods__one__cpu_dot_max="max 100000")
    assert machine.available_cores() == 3
    container("0::/pods/one\n", pods__memory_dot_max="max", pods__one__memory_dot_max=str(2**30), memory_dot_max="max")
    assert machine.available_memory() == 2**30


def test_a_container_that_sees_its_group_under_another_name_sees_it_as_the_root(container):
    container("0::/../somewhere/on/the/host\n", cpu_dot_max="100000 100000", memory_dot_max=str(2**31))
    assert machine.available_cores() == 1
    assert machine.available_memory() == 2**31


def test_version_1_of_control_groups(container):
    container(
        "5:memory:/box\n4:cpu,cpuacct:/box\n0::/\n",
        **{"cpu,cpuacct__box__cpu_dot_cfs_quota_us": "400000\n", "cpu,cpuacct__box__cpu_dot_cfs_period_us": "100000\n",
           "memory__box__memory_dot_limit_in_bytes": f"{2**32}\n",
           "memory__memory_dot_limit_in_bytes": "9223372036854771712\n"},
    )  # fmt: skip
    assert machine.available_cores() == 4
    assert machine.available_memory() == 2**32
    container("4:cpu:/box\n", cpu__box__cpu_dot_cfs_quota_us="-1\n")
    assert machine.available_cores() == 16


def test_the_workers_that_are_said_go_before_all(container, monkeypatch):
    container("0::/\n", cpu_dot_max="200000 100000")
    monkeypatch.setenv(machine.WORKERS, "7")
    assert machine.available_cores() == 7


@pytest.mark.parametrize("written", ["0", "-1", "two", "1.5"])
def test_workers_that_are_no_number_are_refused(container, monkeypatch, written):
    monkeypatch.setenv(machine.WORKERS, written)
    with pytest.raises(sim.EngineError, match=f"^SIMULATOR_WORKERS: .* of at least 1, found `{written}`"):
        machine.available_cores()


def test_a_run_may_take_a_cores_share_of_half_of_the_memory(container, monkeypatch):
    assert machine.memory_limit() == 2**34 // 2 // 16
    container("0::/\n", cpu_dot_max="200000 100000", memory_dot_max=str(2**30))
    assert machine.memory_limit() == 2**30 // 2 // 2
    monkeypatch.setattr(resource, "getrlimit", lambda what: (2**28, resource.RLIM_INFINITY))  # ulimit -v
    assert machine.memory_limit() == 2**28 // 2 // 2


@pytest.mark.parametrize(("written", "limit"), [("4Gi", 4 * 2**30), ("256Mi", 2**28), ("1e9", 10**9)])
def test_the_limit_is_what_the_environment_says(container, written, limit, monkeypatch):
    monkeypatch.setenv(machine.MEMORY_LIMIT, written)
    assert machine.memory_limit() == limit


@pytest.mark.parametrize("written", ["much", "-1Gi", "4 GiB", "nan"])
def test_a_limit_that_cannot_be_read_is_said_with_the_name_of_the_variable(written, monkeypatch):
    monkeypatch.setenv(machine.MEMORY_LIMIT, written)
    with pytest.raises(sim.EngineError, match=f"^SIMULATOR_MEMORY_LIMIT: .*{written}"):
        machine.memory_limit()
    monkeypatch.setenv(machine.TIME_LIMIT, written)
    with pytest.raises(sim.EngineError, match=f"^SIMULATOR_TIME_LIMIT: .*{written}"):
        machine.time_limit()


def test_a_machine_that_does_not_say_how_much_it_has_is_given_a_limit(monkeypatch):
    monkeypatch.delenv(machine.MEMORY_LIMIT, raising=False)
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert 2**20 <= machine.available_memory() <= machine.UNKNOWN_MEMORY


def test_time_is_a_day_unless_something_is_said(container, monkeypatch):
    assert machine.time_limit() == 86400.0
    monkeypatch.setenv(machine.TIME_LIMIT, "100h")
    assert machine.time_limit() == 360_000.0
