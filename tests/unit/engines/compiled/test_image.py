"""A plan's rows land where the layout says, and refer to each other as they do in the plan."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import simulator as sim
from simulator.engines.compiled.image import Image, load
from simulator.engines.compiled.layout import (
    Call,
    Endpoint,
    Entry,
    Instruction,
    Law,
    Option,
    Ramp,
    Replica,
    Service,
    Unit,
    User,
    Workload,
    World,
)
from simulator.plan.layout import Op, Scheduling, Shape
from simulator.rules.balancing import make_board
from simulator.rules.nanoseconds import SECOND, nanoseconds
from simulator.rules.randomness import mix

EVERYTHING = """
simulation: {duration: 40s, warmup: 3s, drain: 5s, replications: 1}
network: {latency: 1ms, serialization: 1ms, links: [{from: a, to: b, latency: 2ms, loss: 10%, errorRate: 20%}]}
services:
  a:
    replicas: 3
    concurrency: 7
    queue: {capacity: 11, discipline: LIFO}
    loadBalancer: ROUND_ROBIN
    steps:
      - cpu: {dist: empirical, quantiles: {p0: 1ms, p50: 4ms, p100: 9ms}}
      - parallel: [{call: b, timeout: 300ms}, {sleep: 2ms}]
      - choose: [{weight: 3, steps: [{send: c}]}, {weight: 1, steps: [{cpu: 3ms}]}]
      - {call: c, times: 2}
      - {call: c, probability: 0.25}
  b:
    {replicas: 2, resources: {cpu: 2}, scheduling: PS, errorRate: 1%, steps: [{cpu: {dist: gamma, mean: 4ms, cv: 0.5}}]}
  c: {replicas: 5, loadBalancer: CONSISTENT_HASH, steps: [{cpu: 1ms}]}
  d: {replicas: 6, loadBalancer: {choiceCount: all}, speed: 2, steps: []}
workload:
  rising: {call: a, startRate: 2/s, stages: [{target: 6/s, duration: 10s}, {target: 0/s, duration: 0s},
      {target: 0/s, duration: 5s}, {target: 8/s, duration: 5s}]}
  people: {calls: [{call: a, weight: 3}, {call: c, weight: 1}, {call: d}], users: 4, thinkTime: 2s}
  steady: {call: c, rate: 5/s, arrivals: even}
  again: {call: b, replay: times.csv}
deployments:
  pairs:
    units:
      ac: {services: [a, c], replicas: 3, loadBalancer: ROUND_ROBIN, concurrency: 7, queue: {capacity: 2}}
      bd: {services: [b, d], replicas: 5, loadBalancer: {choiceCount: all}, scheduling: PS, resources: {cpu: 3}}
"""
DEPLOYMENTS = ["microservices", "pairs"]


class Memory:
    """A plan's memory, read by name."""

    def __init__(self, plan, *, seed=5, replication=2):
        self.plan = plan
        self.m = load(plan, seed, replication, log_requests=True, log_attempts=False, memory_limit=2**33)
        self.f = self.m.view(np.float64)

    def rows(self, record, word, count):
        """References to the records of a table."""
        return [int(self.m[word]) + row * record.SIZE for row in range(count)]

    def services(self):
        return self.rows(Service, World.SERVICES, len(self.plan.services.name))

    def workloads(self):
        return self.rows(Workload, World.WORKLOADS, len(self.plan.workloads.name))

    def unit_of(self, row):
        """The unit's record, by one of its services."""
        service = self.plan.services.unit.tolist().index(row)
        return int(self.m[self.services()[service] + Service.UNIT])

    def calls(self):
        """Records of all calls by row, of which the entries of workloads are known by name; the rest by program."""
        found = {}
        w = self.plan.workloads
        for row, workload in enumerate(self.workloads()):
            for entry in range(w.entries[row]):
                call = int(self.m[self.m[workload + Workload.ENTRIES] + entry * Entry.SIZE + Entry.CALL])
                found[int(w.entry_call[w.first_entry[row] + entry])] = call
        return found

    def law(self, at):
        return (int(self.m[at + Law.KIND]), *(float(self.f[at + p]) for p in (Law.P0, Law.P1, Law.P2)))

    def law_of(self, row):
        d = self.plan.distributions
        return int(d.kind[row]), float(d.p0[row]), float(d.p1[row]), float(d.p2[row])


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def memory(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("files")
    (base / "times.csv").write_text("arrival_s\n0.5\n0.5\n3.25\n50\n")
    return Memory(sim.compile(sim.loads(EVERYTHING, base=base), request.param))


def test_the_world_knows_the_run(memory):
    m, plan = memory.m, memory.plan
    assert m[World.KEY].view(np.uint64) == mix(5, 2)
    assert (m[World.NOW], m[World.HORIZON], m[World.END]) == (0, 40 * SECOND, 45 * SECOND)
    assert m[World.SERVICE_COUNT] == len(plan.services.name)
    assert m[World.WORKLOAD_COUNT] == len(plan.workloads.name) == 4
    assert m[World.ENDPOINT_COUNT] == len(plan.endpoints.name)
    assert (m[World.LOGS_REQUESTS], m[World.LOGS_ATTEMPTS]) == (1, 0)
    edges = m[m[World.EDGES] : m[World.EDGES] + m[World.EDGE_COUNT]].tolist()
    assert edges == [number * SECOND // 5 for number in range(201)], "the warmup of 3 s is one of them"
    assert m[World.TOP] < m.size
    assert not m[m[World.TOP] :].any()


def test_services_and_units(memory):
    m, f, plan = memory.m, memory.f, memory.plan
    s, u = plan.services, plan.units
    by_unit = {}
    for row, service in enumerate(memory.services()):
        assert m[service + Service.ROW] == row
        assert f[service + Service.PACE] == s.pace[row]
        assert m[service + Service.BALANCE_STREAM] == s.balance_stream[row]
        by_unit.setdefault(int(s.unit[row]), []).append((int(m[service + Service.MEMBER]), service))
    assert len({int(m[service + Service.COMPONENTS]) for service in memory.services()}) == len(s.name)
    for row, members in by_unit.items():
        unit = memory.unit_of(row)
        assert {int(m[service + Service.UNIT]) for _, service in members} == {unit}
        assert [number for number, _ in members] == list(range(len(members)))
        assert m[unit + Unit.REPLICA_COUNT] == u.replicas[row]
        assert (m[unit + Unit.BALANCER], m[unit + Unit.CHOICES]) == (u.balancer[row], u.choice_count[row])
        assert m[unit + Unit.SHARED] == (u.scheduling[row] == Scheduling.PS)
        assert m[unit + Unit.LIFO] == u.discipline[row]
        columns = [int(column[row]) for column in (u.balancer, u.choice_count, u.replicas, u.ring_stream)]
        board = make_board(*columns)
        assert m[m[unit + Unit.BOARD] : m[unit + Unit.BOARD] + board.size].tolist() == board.tolist()
        for number in range(u.replicas[row]):
            replica = m[unit + Unit.REPLICAS] + number * Replica.SIZE
            assert (m[replica + Replica.UNIT], m[replica + Replica.NUMBER]) == (unit, number)
            assert m[replica + Replica.CORES] == u.cores[row]
            assert m[replica + Replica.CONCURRENCY] == u.concurrency[row]
            assert m[replica + Replica.CAPACITY] == u.queue_capacity[row]
            assert not m[[replica + word for word in (Replica.BUSY, Replica.IN_PROGRESS, Replica.QUEUED)]].any()


def test_calls_programs_and_laws(memory):
    """The program of every endpoint, walked beside that of the plan."""
    m, f, plan = memory.m, memory.f, memory.plan
    p, c, d, e = plan.programs, plan.calls, plan.distributions, plan.endpoints
    calls, walked = memory.calls(), {}
    endpoints = {int(c.target[row]): int(m[call + Call.ENDPOINT]) for row, call in calls.items()}
    todo = [(int(m[at + Endpoint.START]), int(e.start[row])) for row, at in endpoints.items()]
    while todo:
        at, row = todo.pop()
        if row in walked:
            assert walked[row] == at
            continue
        walked[row] = at
        op = Op(int(m[at + Instruction.OP]))
        assert op == p.op[row]
        if op in (Op.CPU, Op.SLEEP):
            law = int(m[at + Instruction.A])
            assert memory.law(law) == memory.law_of(p.a[row])
            assert m[at + Instruction.B] == p.b[row]
            for first, column in ((Law.PROBABILITIES, d.probability), (Law.VALUES, d.value)):
                points = slice(d.first_point[p.a[row]], d.first_point[p.a[row]] + d.points[p.a[row]])
                there = int(m[law + first])
                assert f[there : there + m[law + Law.POINTS]].tolist() == column[points].tolist()
        if op in (Op.CALL, Op.SEND):
            call = int(m[at + Instruction.A])
            assert calls.setdefault(int(p.a[row]), call) == call
            target = int(m[call + Call.ENDPOINT])
            assert endpoints.setdefault(int(c.target[p.a[row]]), target) == target
            todo.append((int(m[target + Endpoint.START]), int(e.start[c.target[p.a[row]]])))
        if op in (Op.PARALLEL, Op.CHOOSE):
            count = int(p.b[row])
            assert m[at + Instruction.B] == count
            for number in range(count):
                option = m[at + Instruction.A] + number * Option.SIZE
                assert f[option + Option.WEIGHT] == p.weight[p.a[row] + number]
                todo.append((int(m[option + Option.START]), int(p.branch[p.a[row] + number])))
        if op in (Op.PARALLEL, Op.MAYBE, Op.REPEAT, Op.AGAIN, Op.JUMP):
            todo.append((int(m[at + Instruction.C]), int(p.c[row])))
        if op in (Op.MAYBE, Op.REPEAT):
            assert m[at + Instruction.B] == p.b[row]
        if op == Op.MAYBE:
            assert f[at + Instruction.X] == p.x[row]
        if op not in (Op.END, Op.JUMP):
            todo.append((at + Instruction.SIZE, row + 1))
    assert set(walked) == set(range(p.op.size))
    locals_ = [int(m[at + Instruction.LOCAL]) for _, at in sorted(walked.items())]
    assert all(later - earlier > 2 for earlier, later in pairwise(locals_)), "room for PACK, UNPACK"
    assert set(calls) == set(range(len(c.name)))
    services = memory.services()
    for row, at in endpoints.items():
        assert m[at + Endpoint.ROW] == row
        assert m[at + Endpoint.SERVICE] == services[e.service[row]]
        assert (f[at + Endpoint.ERROR_RATE], m[at + Endpoint.ERROR_STREAM]) == (e.error_rate[row], e.error_stream[row])
    for row, at in calls.items():
        assert (m[at + Call.ROW], m[at + Call.SITE], m[at + Call.REMOTE]) == (row, c.site[row], c.remote[row])
        assert memory.law(m[at + Call.LATENCY]) == memory.law_of(c.latency[row])
        assert (f[at + Call.LOSS], f[at + Call.ERROR_RATE]) == (c.loss[row], c.error_rate[row])
        assert m[at + Call.TIMEOUT] == nanoseconds(c.timeout[row])
        streams = (Call.LATENCY_STREAM, Call.LOSS_STREAM, Call.ERROR_STREAM, Call.SERIALIZATION_STREAM)
        columns = (c.latency_stream, c.loss_stream, c.error_stream, c.serialization_stream)
        assert [int(m[at + word]) for word in streams] == [int(column[row]) for column in columns]
        packing = int(m[at + Call.SERIALIZATION])
        assert (packing == 0) == (c.serialization[row] < 0)
        assert packing == 0 or memory.law(packing) == memory.law_of(c.serialization[row])


def test_workloads_with_their_entries_ramps_times_and_users(memory):
    m, f, w = memory.m, memory.f, memory.plan.workloads
    for row, workload in enumerate(memory.workloads()):
        assert m[workload + Workload.ROW] == row
        assert m[workload + Workload.SHAPE] == w.shape[row]
        streams = (Workload.STREAM, Workload.ARRIVAL_STREAM, Workload.ENTRY_STREAM)
        columns = (w.stream, w.arrival_stream, w.entry_stream)
        assert [int(m[workload + word]) for word in streams] == [int(column[row]) for column in columns]
        entries = range(w.first_entry[row], w.first_entry[row] + w.entries[row])
        assert (m[workload + Workload.FIRST_ENTRY], m[workload + Workload.ENTRY_COUNT]) == (entries[0], len(entries))
        weights = [f[m[workload + Workload.ENTRIES] + k * Entry.SIZE + Entry.WEIGHT] for k in range(len(entries))]
        assert weights == w.entry_weight[entries].tolist()
        if w.shape[row] in (Shape.POISSON, Shape.EVEN):
            ramps = range(w.first_ramp[row], w.first_ramp[row] + w.ramps[row])
            there = range(m[workload + Workload.RAMP], m[workload + Workload.LAST_RAMP], Ramp.SIZE)
            assert len(there) == len(ramps) > 0
            for ramp, at in zip(ramps, there, strict=True):
                expected = (w.ramp_start_s, w.ramp_duration_s, w.ramp_start_rate, w.ramp_end_rate)
                words = (Ramp.START, Ramp.DURATION, Ramp.START_RATE, Ramp.END_RATE, Ramp.BEFORE, Ramp.AFTER)
                expected = (*expected, w.ramp_before, w.ramp_after)
                assert [f[at + word] for word in words] == [column[ramp] for column in expected]
        elif w.shape[row] == Shape.USERS:
            assert m[workload + Workload.USER_COUNT] == w.users[row] == 4
            assert memory.law(m[workload + Workload.THINK]) == memory.law_of(w.think[row])
            for number in range(4):
                user = m[workload + Workload.USERS] + number * User.SIZE
                assert (m[user + User.WORKLOAD], m[user + User.NUMBER]) == (workload, number << 32)
                assert m[user + User.ENDED] == 0
        else:
            times = slice(m[workload + Workload.TIME], m[workload + Workload.LAST_TIME])
            assert m[times].tolist() == [SECOND // 2, SECOND // 2, 13 * SECOND // 4, 50 * SECOND]


def test_nothing_is_in_the_tallies_and_they_have_no_word_in_common(memory):
    m, plan = memory.m, memory.plan
    tallies = [World.LEVELS, World.COUNTS, World.ARRIVED, World.ENDED]
    tallies += [World.VISITS, World.OUTCOMES, World.TALLIES, World.BREAKDOWN]
    starts = [int(m[word]) for word in tallies]
    assert len(set(starts)) == len(starts)
    bins, services = m[World.EDGE_COUNT] - 1, len(plan.services.name)
    assert not m[starts[0] : starts[0] + (bins + 1) * services * 2].any()
    assert min(b - a for a, b in pairwise(sorted(starts))) >= bins * len(plan.workloads.name)


def test_blocks_are_at_the_addresses_that_were_given():
    image = Image(2**33)
    integers = image.add(np.array([[1, -2], [3, 4]]))
    zeros = image.add_zeros(2, 3)
    floats = image.add(np.array([0.5, -0.0, np.inf]))
    records = image.add_rows(4, 3, {1: np.array([7, 8, 9]), 2: 0.25, 3: -1})
    words = image.words(5)
    assert integers >= World.SIZE
    assert words[integers : integers + 4].tolist() == [1, -2, 3, 4]
    assert words[zeros : zeros + 6].tolist() == [0] * 6
    assert words[floats : floats + 3].tobytes() == np.array([0.5, -0.0, np.inf]).tobytes()
    table = words[records : records + 12].reshape(3, 4)
    assert table[:, [0, 1, 3]].tolist() == [[0, 7, -1], [0, 8, -1], [0, 9, -1]]
    assert table.view(np.float64)[:, 2].tolist() == [0.25] * 3
    assert words.size == image.top + 5
    assert image.top == records + 12
