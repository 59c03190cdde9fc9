"""A plan's rows land where the layout says, and refer to each other as they do in the plan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
import pytest

import simulator as sim
from simulator.engines.compiled.image import RECORDS, Image, load
from simulator.engines.compiled.layout import Service, World
from simulator.engines.compiled.policies import Budget
from simulator.machine_code.records import Nanoseconds, Record, Ref, size_of
from simulator.plan.callees import callees_of
from simulator.plan.columns import Count, Integers, Seconds, Share, Table
from simulator.plan.columns import Ref as Row
from simulator.plan.layout import Op, Scheduling, Shape
from simulator.rules.balancers import make_board
from simulator.rules.nanoseconds import NEVER, SECOND, nanoseconds
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
        self.world = World(self.m)

    def services(self):
        return [self.world.services[row] for row in range(len(self.plan.services.name))]

    def workloads(self):
        return [self.world.workloads[row] for row in range(len(self.plan.workloads.name))]

    def unit_of(self, row):
        """The unit's record, by one of its services."""
        service = self.plan.services.unit.tolist().index(row)
        return self.services()[service].unit

    def calls(self):
        """Records of all calls by row, of which the entries of workloads are known by name; the rest by program."""
        found = {}
        w = self.plan.workloads
        for row, workload in enumerate(self.workloads()):
            for entry in range(w.entries[row]):
                found[int(w.entry_call[w.first_entry[row] + entry])] = workload.entries[entry].call
        return found

    def law(self, law):
        return law.kind, law.p0, law.p1, law.p2

    def law_of(self, row):
        d = self.plan.distributions
        return int(d.kind[row]), float(d.p0[row]), float(d.p1[row]), float(d.p2[row])


def until(first, last):
    """The rows of a table from one up to another."""
    while first != last:
        yield first
        first = first.following


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def memory(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("files")
    (base / "times.csv").write_text("arrival_s\n0.5\n0.5\n3.25\n50\n")
    return Memory(sim.compile(sim.loads(EVERYTHING, base=base), request.param))


def test_the_world_knows_the_run(memory):
    m, world, plan = memory.m, memory.world, memory.plan
    assert world.key % 2**64 == mix(5, 2)
    assert (world.now, world.horizon, world.end) == (0, 40 * SECOND, 45 * SECOND)
    assert world.service_count == len(plan.services.name)
    assert world.workload_count == len(plan.workloads.name) == 4
    assert world.endpoint_count == len(plan.endpoints.name)
    callees = callees_of(plan)
    assert world.pair_count == callees.entry.size
    assert [world.pairs[place] for place in range(callees.row.size)] == callees.row.ravel().tolist()
    assert (world.logs_requests, world.logs_attempts) == (True, False)
    edges = [world.edges[number] for number in range(world.edge_count)]
    assert edges == [number * SECOND // 5 for number in range(201)], "the warmup of 3 s is one of them"
    assert world.top < m.size
    assert not m[world.top :].any()


def test_services_and_units(memory):
    m, plan = memory.m, memory.plan
    s, u = plan.services, plan.units
    by_unit = {}
    for row, service in enumerate(memory.services()):
        assert service.row == row
        assert service.pace == s.pace[row]
        assert service.balance_stream == s.balance_stream[row]
        by_unit.setdefault(int(s.unit[row]), []).append((service.member, service))
    assert len({service.components for service in memory.services()}) == len(s.name)
    for row, members in by_unit.items():
        unit = memory.unit_of(row)
        assert {service.unit for _, service in members} == {unit}
        assert [number for number, _ in members] == list(range(len(members)))
        assert unit.replica_count == u.replicas[row]
        assert (unit.balancer, unit.choices) == (u.balancer[row], u.choice_count[row])
        assert unit.shared == (u.scheduling[row] == Scheduling.PS)
        assert unit.lifo == u.discipline[row]
        columns = [int(column[row]) for column in (u.balancer, u.choice_count, u.replicas, u.ring_stream)]
        board = make_board(*columns)
        assert m[unit.board : unit.board + board.size].tolist() == board.tolist()
        for number in range(u.replicas[row]):
            replica = unit.replicas[number]
            assert (replica.unit, replica.number) == (unit, number)
            assert replica.cores == u.cores[row]
            assert replica.concurrency == u.concurrency[row]
            assert replica.capacity == u.queue_capacity[row]
            assert (replica.busy, replica.in_progress, replica.queued) == (0, 0, 0)


def test_calls_programs_and_laws(memory):
    """The program of every endpoint, walked beside that of the plan."""
    f, plan = memory.f, memory.plan
    p, c, d, e = plan.programs, plan.calls, plan.distributions, plan.endpoints
    calls, walked = memory.calls(), {}
    endpoints = {int(c.target[row]): call.endpoint for row, call in calls.items()}
    todo = [(at.start, int(e.start[row])) for row, at in endpoints.items()]
    while todo:
        at, row = todo.pop()
        if row in walked:
            assert walked[row] == at
            continue
        walked[row] = at
        op = Op(at.op)
        assert op == p.op[row]
        if op in (Op.CPU, Op.SLEEP):
            law = at.law
            assert memory.law(law) == memory.law_of(p.a[row])
            assert at.stream == p.b[row]
            for there, column in ((law.probabilities, d.probability), (law.values, d.value)):
                points = slice(d.first_point[p.a[row]], d.first_point[p.a[row]] + d.points[p.a[row]])
                assert f[there : there + law.points].tolist() == column[points].tolist()
        if op in (Op.CALL, Op.SEND):
            call = at.call
            assert calls.setdefault(int(p.a[row]), call) == call
            target = call.endpoint
            assert endpoints.setdefault(int(c.target[p.a[row]]), target) == target
            todo.append((target.start, int(e.start[c.target[p.a[row]]])))
        if op in (Op.PARALLEL, Op.CHOOSE):
            count = int(p.b[row])
            assert at.count == count
            for number in range(count):
                option = at.options[number]
                assert option.weight == p.weight[p.a[row] + number]
                todo.append((option.start, int(p.branch[p.a[row] + number])))
        if op in (Op.PARALLEL, Op.MAYBE, Op.REPEAT, Op.AGAIN, Op.JUMP):
            todo.append((at.to, int(p.c[row])))
        if op in (Op.MAYBE, Op.REPEAT):
            assert at.stream == p.b[row], "or its count, which is the same word"
        if op == Op.MAYBE:
            assert at.chance == p.x[row]
        if op not in (Op.END, Op.JUMP):
            todo.append((at.following, row + 1))
    assert set(walked) == set(range(p.op.size))
    locals_ = [at.local for _, at in sorted(walked.items(), key=lambda one: one[0])]
    assert all(later - earlier > 2 for earlier, later in pairwise(locals_)), "room for PACK, UNPACK"
    assert set(calls) == set(range(len(c.name)))
    services = memory.services()
    for row, at in endpoints.items():
        assert (at.row, at.service) == (row, services[e.service[row]])
        assert (at.error_rate, at.error_stream) == (e.error_rate[row], e.error_stream[row])
    for row, at in calls.items():
        assert (at.row, at.site, at.remote) == (row, c.site[row], c.remote[row])
        assert memory.law(at.latency) == memory.law_of(c.latency[row])
        assert (at.loss, at.error_rate) == (c.loss[row], c.error_rate[row])
        assert at.timeout == nanoseconds(c.timeout[row])
        streams = (c.latency_stream, c.loss_stream, c.error_stream, c.serialization_stream)
        found = (at.latency_stream, at.loss_stream, at.error_stream, at.serialization_stream)
        assert found == tuple(int(column[row]) for column in streams)
        packing = at.serialization
        assert bool(packing) == (c.serialization[row] >= 0)
        assert not packing or memory.law(packing) == memory.law_of(c.serialization[row])


def test_workloads_with_their_entries_ramps_times_and_users(memory):
    w = memory.plan.workloads
    for row, workload in enumerate(memory.workloads()):
        assert workload.row == row
        assert workload.shape == w.shape[row]
        for name in ("stream", "arrival_stream", "entry_stream"):
            assert getattr(workload, name) == int(getattr(w, name)[row])
        entries = range(w.first_entry[row], w.first_entry[row] + w.entries[row])
        assert (workload.first_entry, workload.entry_count) == (entries[0], len(entries))
        weights = [workload.entries[k].weight for k in range(len(entries))]
        assert weights == w.entry_weight[entries].tolist()
        if w.shape[row] in (Shape.POISSON, Shape.EVEN):
            ramps = range(w.first_ramp[row], w.first_ramp[row] + w.ramps[row])
            there = list(until(workload.ramp, workload.last_ramp))
            assert len(there) == len(ramps) > 0
            for ramp, at in zip(ramps, there, strict=True):
                expected = (w.ramp_start_s, w.ramp_duration_s, w.ramp_start_rate, w.ramp_end_rate)
                expected = (*expected, w.ramp_before, w.ramp_after)
                found = (at.start, at.duration, at.start_rate, at.end_rate, at.before, at.after)
                assert found == tuple(column[ramp] for column in expected)
        elif w.shape[row] == Shape.USERS:
            assert workload.user_count == w.users[row] == 4
            assert memory.law(workload.think) == memory.law_of(w.think[row])
            for number in range(4):
                user = workload.users[number]
                assert (user.workload, user.number) == (workload, number << 32)
                assert user.ended == 0
        else:
            times = [one.time for one in until(workload.replayed, workload.last_replayed)]
            assert times == [SECOND // 2, SECOND // 2, 13 * SECOND // 4, 50 * SECOND]


def test_nothing_is_in_the_tallies_and_they_have_no_word_in_common(memory):
    m, world, plan = memory.m, memory.world, memory.plan
    tallies = [world.levels, world.counts, world.arrived, world.ended]
    tallies += [world.visits, world.outcomes, world.tallies, world.breakdown]
    starts = [tally.index for tally in tallies]
    assert len(set(starts)) == len(starts)
    bins, services = world.edge_count - 1, len(plan.services.name)
    assert not m[starts[0] : starts[0] + (bins + 1) * services * 2].any()
    assert min(b - a for a, b in pairwise(sorted(starts))) >= bins * len(plan.workloads.name)


def test_blocks_are_at_the_addresses_that_were_given():
    image = Image(2**33)
    integers = image.add(np.array([[1, -2], [3, 4]]))
    zeros = image.add_zeros(2, 3)
    floats = image.add(np.array([0.5, -0.0, np.inf]))
    records = image.add_rows(Budget, 3, {"least": np.array([7, 8, 9]), "percent": 0.25, "retries": -1})
    words = image.words(5)
    assert integers >= size_of(World)
    assert words[integers : integers + 4].tolist() == [1, -2, 3, 4]
    assert words[zeros : zeros + 6].tolist() == [0] * 6
    assert words[floats : floats + 3].tobytes() == np.array([0.5, -0.0, np.inf]).tobytes()
    table = words[records : records + 12].reshape(3, 4)
    assert table[:, 1:].tolist() == [[7, 0, -1], [8, 0, -1], [9, 0, -1]]
    assert table.view(np.float64)[:, 0].tolist() == [0.25] * 3
    assert words.size == image.top + 5
    assert image.top == records + 12


@pytest.mark.parametrize("column", [{"percent": 20}, {"least": 0.5}])
def test_a_column_of_another_type_is_refused(column):
    with pytest.raises(TypeError, match="Budget"):
        Image(2**33).add_rows(Budget, 3, column)


# -- tables of a plan


class Kept(Record):
    """What is kept of a made-up table."""

    limit: int
    wait: Nanoseconds
    share: float
    at: Ref[Service]
    also: int
    row: int
    first: Ref[Service]
    of_it: int


@dataclass(frozen=True, eq=False)
class Made(Table):
    """A made-up table."""

    limit: Count
    wait_s: Seconds
    share: Share
    at: Annotated[Integers, Row("services")]
    also: Annotated[Integers, Row("services")]
    first: Count
    other: Count


def test_fields_are_loaded_from_the_columns_of_their_names():
    table = Made.of(
        limit=[4, 5], wait_s=[0.5, np.inf], share=[0.25, 1], at=[1, -1], also=[1, 0], first=[7, 7], other=[9, 9]
    )
    image = Image(2**33)
    image.at["services"] = np.array([100, 200, 0])
    kept = image.add_records(Kept, table, np.array([1, 0, 0]), of_it=8)
    memory = image.words(0)
    rows = [Kept(memory, kept + number * size_of(Kept)) for number in range(3)]
    assert [one.limit for one in rows] == [5, 4, 4]
    assert [one.wait for one in rows] == [NEVER, SECOND // 2, SECOND // 2]
    assert [one.share for one in rows] == [1.0, 0.25, 0.25]
    assert [one.at.index for one in rows] == [0, 200, 200], "-1 is nobody"
    assert [one.also for one in rows] == [0, 1, 1], "a row that is no reference"
    assert [one.row for one in rows] == [1, 0, 0]
    assert [one.first.index for one in rows] == [0, 0, 0], "a count is nobody's place"
    assert [one.of_it for one in rows] == [8, 8, 8]


def test_a_time_is_loaded_from_seconds_alone():
    class Wrong(Record):
        """A time that is called as a count."""

        limit: Nanoseconds

    table = Made.of(limit=[4], wait_s=[1], share=[1], at=[0], also=[0], first=[7], other=[9])
    with pytest.raises(TypeError, match="is a time"):
        Image(2**33).add_records(Wrong, table, np.array([0]))


NOT_LOADED = {
    "distributions": {"mean", "variance", "first_point", "probability", "value"},
    "services": {"name", "kind"},
    "endpoints": {"name"},
    "calls": {"name", "caller", "target"},
    "units": {"name", "replicas", "cores", "concurrency", "queue_capacity", "discipline", "scheduling", "choice_count",
              "ring_stream", "cpu", "memory", "priced"},
    "workloads": {"name", "users", "first_ramp", "ramps", "first_time", "times", "entries", "ramp_start_s",
                  "ramp_duration_s", "ramp_start_rate", "ramp_end_rate", "ramp_before", "ramp_after", "time_s",
                  "entry_call", "entry_weight"},
    "programs": {"a", "b", "c", "x", "branch", "weight"},
    "policies": {"name", "call"},
    "faults": {"name", "service", "unit"},
}  # fmt: skip
"""Columns that no field is called as: what else is made of them, or nothing."""


@pytest.mark.parametrize("name", RECORDS)
def test_what_is_not_loaded_by_name_is_known(memory, name):
    image, table = Image(2**33), memory.plan.tables()[name]
    image.at = defaultdict(lambda: np.zeros(1, np.int64))
    loaded = image.columns(RECORDS[name], table, np.arange(0))
    columns = {column.name for column in table.kinds().values() if column.plain_name not in loaded}
    assert columns == NOT_LOADED[name]
