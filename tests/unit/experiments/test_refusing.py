"""Work that would not end, or has no room, is refused before it begins, and only that."""

import pytest

import simulator as sim
from simulator.engines.compiled import CompiledEngine
from simulator.engines.reference import ReferenceEngine
from simulator.errors import CapacityExceeded, EngineError
from simulator.experiments import refusing
from simulator.experiments.refusing import in_words, refuse_endless

GIB = 2**30


@pytest.fixture(autouse=True)
def roomy(monkeypatch):
    """A machine of 16 GiB whose user says nothing."""
    for name in ("SIMULATOR_TIME_LIMIT", "SIMULATOR_MEMORY_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(refusing, "available_memory", lambda: 16 * GIB)


def plan(load, duration="10s", service="steps: [{cpu: 1ms}]"):
    run = f"simulation: {{duration: {duration}, warmup: 0s}}\nworkload: {{call: a, {load}}}\n"
    return sim.compile(sim.loads(f"{run}services: {{a: {{{service}}}}}\n"))


def refuse(plan, detail="requests", runs=1, workers=2, engine=None):
    refuse_endless(engine or CompiledEngine(memory_limit=4 * GIB), [(plan, detail)] * runs, workers)


def test_what_would_take_ages_is_refused_and_says_how_to_allow_it(monkeypatch):
    ages = plan("rate: 1e12/s", "100000h")
    with pytest.raises(EngineError, match=r"3\.6e\+20 requests would take about 6e\+06 years .*SIMULATOR_TIME_LIMIT"):
        refuse(ages, "summary")
    monkeypatch.setenv("SIMULATOR_TIME_LIMIT", "1000000000000h")
    with pytest.raises(CapacityExceeded):  # it would end some day, but there is no room for it
        refuse(ages, "summary")


def test_it_is_the_whole_that_counts_on_all_workers():
    hours = plan("users: 1000000, thinkTime: 1s", "10h")  # 5 hours of one core
    refuse(hours, runs=8)
    with pytest.raises(EngineError, match="would take about 25 hours"):
        refuse(hours, runs=10)
    refuse(hours, runs=10, workers=4)
    with pytest.raises(EngineError, match=r"would take about \d+ days"):
        refuse(hours, engine=ReferenceEngine(memory_limit=4 * GIB))


def test_users_who_think_long_ask_seldom():
    refuse(plan("users: 1000000, thinkTime: 1h", "10h"), runs=1000)


def test_what_is_surely_recorded_has_to_have_room():
    many = plan("rate: 1e9/s")
    for detail in ("requests", "attempts", "summary"):
        with pytest.raises(CapacityExceeded, match=r"one run records so many requests that they take \d+Gi"):
            refuse(many, detail)
    with pytest.raises(CapacityExceeded, match=r"20 runs record so many"):
        refuse(plan("rate: 2e6/s"), runs=20)
    refuse(plan("rate: 2e6/s"), "summary", runs=20)


@pytest.mark.parametrize(
    ("load", "service"),
    [
        ("rate: 1e9/s", "concurrency: 1, queue: {capacity: 2}, steps: [{cpu: 1ms}]"),  # most are turned away
        ("rate: 1e9/s", "errorRate: 100%, steps: [{cpu: 1ms}]"),
    ],
)
def test_what_may_leave_nothing_is_not_refused_for_its_size(load, service):
    refuse(plan(load, service=service), "summary")


def test_it_is_said_at_once_by_all_that_runs(monkeypatch):
    monkeypatch.setenv("SIMULATOR_TIME_LIMIT", "1000h")
    topology = sim.loads(
        "simulation: {duration: 10s, warmup: 0s, replications: 2}\nservices: {a: {steps: [{cpu: 1ms}]}}\n"
        "workload: {call: a, rate: 1e9/s}\nslos: {a: {call: a, p99: 1s}}\n"
    )
    for run in (sim.simulate, sim.compare, sim.capacity):
        with pytest.raises(CapacityExceeded, match="so many requests"):
            run(topology, engine="reference")
    table = sim.sweep(topology, {"services.a.replicas": [1, 2]}, engine="reference")
    assert table["status"].tolist() == ["failed", "failed"]
    assert table["reason"].str.contains("so many requests").all()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90.0, "90 s"), (7200.0, "2 hours"), (40 * 3600.0, "40 hours"), (86400.0 * 5, "5 days"), (3.2e10, "1,014 years"),
     (1e15, "3e+07 years")],
)  # fmt: skip
def test_a_long_time_in_words(seconds, text):
    assert in_words(seconds) == text
