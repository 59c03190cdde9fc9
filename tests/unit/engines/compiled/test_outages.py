"""What goes wrong, in the first memory of a run: lists of faults, strikes, processes, and what a replica loses."""

from __future__ import annotations

import numpy as np
import pytest

import simulator as sim
from simulator.engines.compiled.downtime import Fault, Process, Startup, State, Strike
from simulator.engines.compiled.image import Image, load
from simulator.engines.compiled.layout import Call, Endpoint, Replica, Service, Unit, Workload, World
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


def replica_number(memory, replica):
    """The row of a replica's unit, and its number."""
    return int(memory[memory[replica + Replica.UNIT] + Unit.ROW]), int(memory[replica + Replica.NUMBER])


def listed(memory, at):
    """Kinds of the faults of a list."""
    kinds = []
    while memory[at] != 0:
        kinds.append(FaultKind(int(memory[memory[at] + Fault.KIND])))
        at += 1
    return kinds


def test_kills_and_pauses_that_last_are_of_each_replica(memory):
    strikes = [int(memory[World.STRIKES]) + n * Strike.SIZE for n in range(int(memory[World.STRIKE_COUNT]))]
    found = [
        (*replica_number(memory, memory[one + Strike.REPLICA]), memory[one + Strike.ROW], memory[one + Strike.PAUSES])
        for one in strikes
    ]
    assert found == [(0, 0, 0, 0), (1, 0, 1, 1), (1, 1, 1, 1), (1, 2, 1, 1)]
    assert [memory[one + Strike.UNTIL] for one in strikes] == [11 * SECOND, 21 * SECOND, 21 * SECOND, 21 * SECOND]


def test_failures_are_of_each_replica_with_rows_behind_those_of_the_faults(memory):
    count = int(memory[World.PROCESS_COUNT])
    processes = [int(memory[World.PROCESSES]) + number * Process.SIZE for number in range(count)]
    found = [(*replica_number(memory, memory[one + Process.REPLICA]), memory[one + Process.ROW]) for one in processes]
    assert found == [(1, 0, 6), (1, 1, 6), (1, 2, 6)]
    assert memory[World.MORTAL] == 1


def test_what_acts_by_the_time_alone_is_listed_where_it_acts(memory):
    services = [int(memory[World.SERVICES]) + row * Service.SIZE for row in range(2)]
    assert memory[services[0] + Service.SLOW] == 0
    assert listed(memory, memory[services[1] + Service.SLOW]) == [FaultKind.SLOW]
    entry = int(memory[memory[memory[World.WORKLOADS] + Workload.ENTRIES]])
    assert memory[entry + Call.FAULTS] == 0
    for call in (entry + Call.SIZE, entry + 2 * Call.SIZE):
        assert memory[memory[call + Call.ENDPOINT] + Endpoint.ROW] == 1
        assert listed(memory, memory[call + Call.FAULTS]) == [FaultKind.ABORT, FaultKind.PARTITION]


def test_a_unit_knows_how_it_starts_and_what_its_replicas_lose(memory):
    floats = memory.view(np.float64)
    a, b = (int(memory[World.UNITS]) + row * Unit.SIZE for row in range(2))
    assert (memory[a + Unit.KNOWN_AFTER], memory[b + Unit.KNOWN_AFTER]) == (3 * SECOND, 0)
    assert (memory[a + Unit.STARTUP_COUNT], memory[b + Unit.STARTUP_COUNT]) == (1, 0)
    law = memory[memory[a + Unit.STARTUPS] + Startup.LAW]
    assert floats[law + 1] == 2.0
    # the two calls share a breaker, a bulkhead and a budget; those of the workload are nobody's
    assert (memory[a + Unit.STATE_COUNT], memory[b + Unit.STATE_COUNT]) == (3, 0)
    for row in range(3):
        state = memory[a + Unit.STATES] + row * State.SIZE
        words, where, fresh = (memory[state + word] for word in (State.WORDS, State.WHERE, State.FRESH))
        for replica in range(2):
            here = memory[where + replica * words : where + (replica + 1) * words]
            assert here.tolist() == memory[fresh : fresh + words].tolist()


def test_a_plan_in_which_nothing_goes_wrong_has_nothing_of_it():
    plan = sim.compile(sim.loads("services: {a: {startup: 1s, steps: []}}\nworkload: {call: a, rate: 1/s}\n"))
    memory = load(plan, 1, 0, log_requests=False, log_attempts=False, memory_limit=2**30)
    for word in (World.MORTAL, World.STRIKE_COUNT, World.PROCESS_COUNT):
        assert memory[word] == 0
    assert memory[memory[World.UNITS] + Unit.STARTUP_COUNT] == 0


def test_an_image_is_read_as_it_was_written_last():
    image = Image(2**20)
    first = image.add(np.arange(5))
    second = image.add(np.array([0.5, 1.5]))
    image.write(first + 2, 77)
    assert image.word(first + 2) == 77
    assert image.read(first, 2).tolist() == [0, 1]
    assert image.read(second, 2).view(np.float64).tolist() == [0.5, 1.5]
    assert image.words(0)[first : first + 5].tolist() == [0, 1, 77, 3, 4]
