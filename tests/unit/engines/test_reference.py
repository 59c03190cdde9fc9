"""What the reference engine promises beyond the rules: no accidental order, no livelock, no limit of depth."""

from __future__ import annotations

import subprocess
import sys

import pytest

import simulator as sim
from simulator.engines.reference import ReferenceEngine
from simulator.engines.reference.clock import Clock, Moment
from simulator.engines.reference.programs import HANDLERS
from simulator.errors import CapacityExceeded
from simulator.plan.layout import Op
from simulator.plan.order import EventKind, base_key, kind_key


def test_two_events_with_one_key_are_an_error_of_the_engine():
    clock = Clock()
    key = base_key(0, 1, 2) + kind_key(EventKind.REPLY)
    for _ in range(2):
        clock.call_at(1_500_000_000, key, lambda event: None)
    with pytest.raises(sim.EngineError, match=r"two events at 1\.5 s have the same key"):
        clock.run_before(2_000_000_000)


def test_one_key_at_two_times_is_none():
    clock, seen = Clock(), []
    key = base_key(0, 1, 2) + kind_key(EventKind.REPLY)
    for time in (2, 1):
        clock.call_at(time, key, lambda event: seen.append(clock.now))
    assert repr(clock.now) == "0"
    clock.run_before(3)
    assert repr(seen) == "[1, 2]", "whole nanoseconds"
    assert clock.events == 2


def test_a_moment_that_nobody_waits_for_decides_nothing():
    clock = Clock()
    key = base_key(0, 1, 2) + kind_key(EventKind.REPLY)
    clock.at(1, key)
    clock.call_at(1, key, lambda event: None)
    clock.run_before(2)
    assert clock.events == 1


def test_kinds_are_ordered_before_workloads_requests_addresses_and_locals():
    keys = [
        kind_key(kind) + base_key(workload, request, address) + local
        for kind in EventKind
        for workload in (0, 1, 2**16 - 1)
        for request in (0, 1, 2**64 - 1)
        for address in (0, 1, 2**64 - 1)
        for local in (0, 2**32 - 1)
    ]
    assert keys == sorted(set(keys))
    assert min(keys) >= 2, "0 and 1 are SimPy's own"


def test_the_end_is_exclusive():
    clock, seen = Clock(), []
    clock.call_at(1, kind_key(EventKind.TIMER), lambda event: seen.append(1))
    clock.run_before(1)
    assert seen == []


def test_a_task_runs_to_its_first_wait_at_once_and_ends_without_notice():
    moment, seen = Moment(), []

    def steps():
        seen.append("begun")
        yield moment
        seen.append("resumed")

    clock = Clock()
    clock.start(steps())
    assert seen == ["begun"]
    (resume,) = moment.callbacks
    resume(moment)
    assert seen == ["begun", "resumed"]


SPIN = """
services: {a: {replicas: 0, steps: [{cpu: 1ms}]}}
workload: {call: a, users: 1}
simulation: {duration: 1s, warmup: 0s, replications: 1}
"""


def test_a_user_for_whom_time_stands_still_is_an_error():
    with pytest.raises(sim.EngineError, match=r"time stands still at 0\.0 s: a user of workload 'workload'.*thinkTime"):
        sim.simulate(sim.loads(SPIN))


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_a_chain_of_calls_may_be_as_long_as_the_plan(deployment):
    length = 400
    services = {f"s{i}": {"steps": [{"cpu": 0.001}, {"call": f"s{i + 1}"}]} for i in range(length - 1)}
    services[f"s{length - 1}"] = {"steps": [{"cpu": 0.001}]}
    topology = sim.Topology.model_validate({"services": services, "workload": {"call": "s0", "users": 1}})
    plan = sim.compile(topology.replace({"simulation.duration": 0.5, "simulation.warmup": 0}), deployment)
    limit = sys.getrecursionlimit()
    try:
        trace = ReferenceEngine().run(plan, seed=1, replication=0, detail="summary")
    finally:
        sys.setrecursionlimit(limit)
    assert trace.latency_s.tolist() == [length * 1_000_000 / 1e9] * 2


def test_every_instruction_has_a_handler():
    assert HANDLERS.keys() == set(Op)


def test_it_can_run_everything():
    plan = sim.compile(sim.loads(SPIN))
    assert ReferenceEngine().missing(plan) == ()
    assert ReferenceEngine().name == "reference"


LOST = """
simulation: {duration: 20s, warmup: 0s, replications: 1}
network: {links: [{from: a, to: b, loss: 100%}]}
services: {a: {steps: [{parallel: [{call: b}, {sleep: 1ms}]}]}, b: {steps: []}}
workload: {call: a, rate: 200/s}
"""


def test_calls_that_are_lost_for_ever_are_put_away_quietly():
    code = f"""
import gc, simulator as sim
topology = sim.loads('''{LOST}''')
sim.simulate(topology, duration="5s", warmup="1s", replications=1).summary  # all that is imported, is now
gc.set_threshold(50)
result = sim.simulate(topology)
assert result.summary["unfinished"] == result.summary["requests"] > 3000
del result
gc.collect()
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # The rules may have to be compiled first, which is said.
    assert [line for line in run.stderr.splitlines() if not line.startswith("compiling the ")] == []


@pytest.mark.parametrize("detail", ["summary", "attempts"])
def test_it_takes_no_more_memory_than_it_may(detail):
    text = (
        "simulation: {duration: 20s, warmup: 0s, drain: 0s}\nservices: {a: {steps: [{cpu: 1s}]}}\n"
        "workload: {call: a, rate: 2000/s}\n"
    )
    plan = sim.compile(sim.loads(text))
    with pytest.raises(CapacityExceeded, match=r"needs more than the 4Mi of memory that it may take.*SIMULATOR_MEMORY"):
        ReferenceEngine(memory_limit=2**22).run(plan, seed=1, replication=0, detail=detail)


@pytest.mark.parametrize("large", ["replicas: 100000", "replicas: 1"])
def test_what_has_no_room_at_rest_is_not_begun(large):
    text = f"services: {{a: {{{large}, steps: [{{cpu: 1ms}}]}}}}\nworkload: {{call: a, users: 100000, thinkTime: 1h}}\n"
    with pytest.raises(CapacityExceeded):
        ReferenceEngine(memory_limit=2**24).run(sim.compile(sim.loads(text)), seed=1, replication=0, detail="summary")
