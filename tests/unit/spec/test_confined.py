"""A topology names no file outside of its own folder, unless that is allowed."""

import pytest

import simulator as sim
from simulator import cli
from simulator.errors import TopologyError
from simulator.spec.loading import ALLOW_OUTSIDE

SERVICES = "services: {a: {steps: [{cpu: %s}]}}\nworkload: {call: a, %s}\n"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A folder with a topology of its own, and arrivals and times inside and outside of it."""
    monkeypatch.delenv(ALLOW_OUTSIDE, raising=False)
    home = tmp_path / "home"
    (home / "below").mkdir(parents=True)
    for folder in (home, home / "below", tmp_path):
        (folder / "data.csv").write_text("arrival_s,value_s\n1.0,0.5\n")
    (tmp_path / "homely").mkdir()
    (tmp_path / "homely" / "data.csv").write_text("arrival_s,value_s\n1.0,0.5\n")
    (home / "out.csv").symlink_to(tmp_path / "data.csv")
    (home / "in.csv").symlink_to("below/data.csv")
    return home


def write(home, path, kind):
    sample = f"{{dist: empirical, file: {path}}}"
    (home / "t.yaml").write_text(SERVICES % (("1ms", f"replay: {path}") if kind == "replay" else (sample, "rate: 1/s")))
    return home / "t.yaml"


@pytest.mark.parametrize("kind", ["replay", "file"])
@pytest.mark.parametrize("path", ["data.csv", "./data.csv", "below/data.csv", "below/../data.csv", "in.csv"])
def test_what_is_in_the_folder_is_read(folders, path, kind, monkeypatch):
    file = write(folders, path, kind)
    sim.load(file)
    monkeypatch.chdir(folders)
    sim.load("t.yaml")
    sim.loads(file.read_text())


@pytest.mark.parametrize("kind", ["replay", "file"])
@pytest.mark.parametrize("path", ["../data.csv", "below/../../data.csv", "../homely/data.csv", "out.csv", "ABSOLUTE"])
def test_what_is_outside_is_not_unless_that_is_allowed(folders, path, kind, capsys):
    path = str(folders.parent / "data.csv") if path == "ABSOLUTE" else path
    file = write(folders, path, kind)
    for load in (lambda: sim.load(file), lambda: sim.loads(file.read_text(), base=folders)):
        with pytest.raises(TopologyError, match=r"outside of the folder of this file: put it there, or allow it"):
            load()
    topology = sim.load(file, allow_outside=True)
    topology.replace({"services.a.replicas": 2})
    sim.loads(file.read_text(), base=folders, allow_outside=True)
    assert cli.main(["check", str(file)]) == 2
    assert "allow it with --allow-outside" in capsys.readouterr().err
    assert cli.main(["check", str(file), "--allow-outside"]) == 0


def test_the_variable_allows_it_where_nothing_else_is_said(folders, monkeypatch):
    file = write(folders, "../data.csv", "replay")
    monkeypatch.setenv(ALLOW_OUTSIDE, "1")
    sim.load(file)
    with pytest.raises(TopologyError, match="outside"):
        sim.load(file, allow_outside=False)


def test_a_change_cannot_leave_the_folder_either(folders):
    topology = sim.load(write(folders, "data.csv", "replay"))
    with pytest.raises(TopologyError, match="outside"):
        topology.replace({"workload.replay": "../data.csv"})


def test_a_topology_that_was_made_in_python_may_name_any_file(folders):
    content = {"services": {"a": {"steps": []}}, "workload": {"call": "a", "replay": str(folders.parent / "data.csv")}}
    assert sim.Topology.model_validate(content).workload["workload"].replay_times == (1.0,)


@pytest.mark.parametrize("key", ["name", "description"])
def test_no_text_of_a_file_acts_on_a_terminal(key):
    with pytest.raises(TopologyError, match=r"expected text without control characters, found U\+001B"):
        sim.loads(f'{key}: "a\\e[31m"\n' + SERVICES % ("1ms", "rate: 1/s"))
