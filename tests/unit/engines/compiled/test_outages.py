"""What goes wrong, in the first memory of a run: lists of faults, strikes, processes, and what a replica loses."""

from __future__ import annotations

import pytest

import simulator as sim
from simulator.engines.compiled.image import load
from simulator.engines.compiled.layout import World
from simulator.plan.layout import FaultKind
from simulator.rules.nanoseconds import SECOND

TEXT = """
policies: {p: {circuitBreaker: {slidingWindowSize: 5}, bulkhead: {}, retryBudget: {}, retries: {}}}
services:
  a: {replicas: 2, startup: 2s, healthCheck: 3s, steps: [{call: b, policy: p}, {call: b, policy: p}]}
  b: {replicas: 3, failures: {mtbf: 1h, mttr: 1m}, steps: []}
workload: {call: a, rate: 1/s, policy: p}
faults:
  - {at: 10s, for: 1s, target: a, kill: {replicas: 1}}
  - {at: 20s, for: 1s, target: b, pause: {}}
  - {at: 20s, for: 0s, target: b, pause: {}}
  - {at: 30s, for: 1s, target: b, slow: {factor: 3}}
  - {at: 40s, for: 1s, target: b, abort: {}}
  - {at: 50s, for: 1s, from: a, target: b, partition: {}}
"""


@pytest.fixture(scope="module")
def memory():
    plan = sim.compile(sim.loads(TEXT))
    return load(plan, 1, 0, log_requests=False, log_attempts=False, memory_limit=2**30)


@pytest.fixture(scope="module")
def world(memory):
    return World(memory)


def replica_number(replica):
    """The row of a replica's unit, and its number."""
    return replica.unit.row, replica.number


def listed(faults):
    """Kinds of the faults of a list."""
    kinds = []
    while faults[len(kinds)]:
        kinds.append(FaultKind(faults[len(kinds)].kind))
    return kinds


def test_kills_and_pauses_that_last_are_of_each_replica(world):
    strikes = [world.strikes[number] for number in range(world.strike_count)]
    found = [(*replica_number(one.replica), one.row, one.pauses) for one in strikes]
    assert found == [(0, 0, 0, False), (1, 0, 1, True), (1, 1, 1, True), (1, 2, 1, True)]
    assert [one.until for one in strikes] == [11 * SECOND, 21 * SECOND, 21 * SECOND, 21 * SECOND]


def test_failures_are_of_each_replica_with_rows_behind_those_of_the_faults(world):
    processes = [world.processes[number] for number in range(world.process_count)]
    assert [(*replica_number(one.replica), one.row) for one in processes] == [(1, 0, 6), (1, 1, 6), (1, 2, 6)]
    assert world.mortal


def test_what_acts_by_the_time_alone_is_listed_where_it_acts(world):
    assert not world.services[0].slow
    assert listed(world.services[1].slow) == [FaultKind.SLOW]
    entry = world.workloads[0].entries[0].call
    assert not entry.faults
    for call in (entry.following, entry.following.following):
        assert call.endpoint.row == 1
        assert listed(call.faults) == [FaultKind.ABORT, FaultKind.PARTITION]


def test_a_unit_knows_how_it_starts_and_what_its_replicas_lose(memory, world):
    a, b = (world.units[row] for row in range(2))
    assert (a.known_after, b.known_after) == (3 * SECOND, 0)
    assert (a.startup_count, b.startup_count) == (1, 0)
    assert a.startups[0].law.p0 == 2.0
    # the two calls share a breaker, a bulkhead and a budget; those of the workload are nobody's
    assert (a.state_count, b.state_count) == (3, 0)
    for row in range(3):
        state = a.states[row]
        words, where, fresh = state.words, state.where, state.fresh
        for replica in range(2):
            here = memory[where + replica * words : where + (replica + 1) * words]
            assert here.tolist() == memory[fresh : fresh + words].tolist()


def test_a_plan_in_which_nothing_goes_wrong_has_nothing_of_it():
    plan = sim.compile(sim.loads("services: {a: {startup: 1s, steps: []}}\nworkload: {call: a, rate: 1/s}\n"))
    memory = load(plan, 1, 0, log_requests=False, log_attempts=False, memory_limit=2**30)
    world = World(memory)
    assert (world.mortal, world.strike_count, world.process_count) == (False, 0, 0)
    assert world.units[0].startup_count == 0
