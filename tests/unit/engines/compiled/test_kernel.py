"""The loop may pause anywhere: all that it knows is in memory."""

from __future__ import annotations

import numpy as np
import pytest

import simulator as sim
from simulator.engines.compiled import CompiledEngine, engine
from simulator.engines.compiled.kernel import STEPS_PER_CHECK
from simulator.engines.reference import ReferenceEngine

BUSY = """
simulation: {duration: 2s, warmup: 500ms, drain: 200ms, replications: 1}
network: {latency: 1ms, serialization: 1ms}
services:
  a: {concurrency: 3, steps: [{parallel: [{call: b, timeout: 20ms}, {cpu: 2ms}, {call: c}]}, {send: b}]}
  b: {replicas: 2, steps: [{cpu: {dist: exponential, mean: 10ms}}, {call: c, times: 2}]}
  c: {scheduling: PS, errorRate: 5%, steps: [{cpu: 2ms}]}
workload:
  open: {call: a, rate: 60/s}
  closed: {call: b, users: 3, thinkTime: 10ms}
"""
SHORTEST = STEPS_PER_CHECK + 1
"""Steps of a slice in which there is anything done."""
RUN = {"seed": 8, "replication": 0, "detail": "attempts"}


@pytest.fixture(scope="module")
def busy():
    return sim.compile(sim.loads(BUSY))


@pytest.fixture(scope="module")
def reference(busy):
    return ReferenceEngine().run(busy, **RUN)


@pytest.mark.parametrize("steps", [SHORTEST, SHORTEST + 3, 7 * SHORTEST])
@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_slices_of_any_length_give_the_same(steps, deployment, monkeypatch, differing):
    plan = sim.compile(sim.loads(BUSY.replace(", scheduling: PS", "").replace("scheduling: PS, ", "")), deployment)
    whole = CompiledEngine().run(plan, **RUN)
    monkeypatch.setattr(engine, "STEPS_PER_SLICE", steps)
    shares = []
    assert differing(whole, CompiledEngine().run(plan, **RUN, progress=shares.append)) == []
    assert len(shares) > 5


def test_memory_may_move_whenever_the_loop_comes_back(busy, reference, monkeypatch, differing):
    """Between two slices there is no reference to where the arrays are."""
    own, calls = CompiledEngine._slice, []

    def elsewhere(self, kernel, memory, log):
        calls.append(0)
        here = memory.copy(), log.copy()
        status = own(self, kernel, *here)
        memory[:], log[:] = here
        for words in here:
            words[:] = -1
        return status

    monkeypatch.setattr(engine, "STEPS_PER_SLICE", SHORTEST)
    monkeypatch.setattr(CompiledEngine, "_slice", elsewhere)
    assert differing(reference, CompiledEngine().run(busy, **RUN)) == []
    assert len(calls) > 20


def test_the_end_is_not_an_instant_of_the_run(busy):
    """Rule 1: what is due at the end does not happen, and the last edge is looked at all the same."""
    plan = sim.compile(
        sim.loads(
            "simulation: {duration: 1s, warmup: 0s, drain: 0s}\n"
            "services: {a: {steps: [{sleep: 250ms}]}}\n"
            "workload: {call: a, rate: 4/s, arrivals: even}"
        )
    )
    trace = CompiledEngine().run(plan, **RUN)
    assert trace.requests.arrival_s.tolist() == [0.0, 0.25, 0.5, 0.75]
    assert np.isnan(trace.requests.end_s).tolist() == [False, False, False, True]
    assert trace.arrived[-1].tolist() == [4]
    assert trace.ended[-1].tolist() == [[3, 3]]
