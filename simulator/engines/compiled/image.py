"""A plan as the first memory of a run: its rows as records, the replicas at rest, empty tallies and logs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...plan.layout import Component, Discipline, Op, Scheduling, Shape
from ...plan.plan import Integers, Plan
from ...plan.size import over_limit
from ...plan.waits import sends_of
from ...rules.balancing import make_board
from ...rules.nanoseconds import all_nanoseconds, nanoseconds
from ...rules.randomness import mix
from .flight import Event
from .guards import add_policies, detector_references, limiter_references, patience_columns
from .layout import (
    ATTEMPT_WIDTH,
    CALL_WIDTH,
    LATENCY_WIDTH,
    PAGE_ROWS,
    REQUEST_WIDTH,
    ROOM,
    Call,
    Endpoint,
    Entry,
    Instruction,
    Law,
    Level,
    Option,
    Ramp,
    Replica,
    Service,
    Unit,
    User,
    Workload,
    World,
)
from .outages import Places, add_outages
from .tallies import add_tallies

Words = NDArray[np.int64]
FIRST_LOG_WORD = 8
SPARE_WORDS = 1 << 16
WORD = 8


class Image:
    """Memory in the making: blocks of words, each at an address that is known at once."""

    def __init__(self, memory_limit: int) -> None:
        self.top = int(World.SIZE)
        self.memory_limit = memory_limit
        self.blocks: list[tuple[int, Words]] = []
        self.world: dict[int, int] = {}  # words of `World` that are known on the way

    def read(self, address: int, words: int) -> Words:
        """What is at an address, within a block that was added before."""
        for start, block in reversed(self.blocks):
            if start <= address < start + block.size:
                return block[address - start : address - start + words].copy()
        return np.zeros(words, np.int64)

    def word(self, address: int) -> int:
        """The word at an address."""
        return int(self.read(address, 1)[0])

    def write(self, address: int, words: Any) -> None:
        """Put something in the place of what was there before."""
        flat = np.atleast_1d(np.asarray(words))
        self.blocks.append((int(address), flat.view(np.int64)))

    def add(self, words: NDArray[Any]) -> int:
        """A block of integers or floats; gives its address."""
        flat = np.ascontiguousarray(words).ravel()
        address = self.add_zeros(flat.size)
        self.blocks.append((address, flat.view(np.int64)))
        return address

    def add_zeros(self, *shape: int) -> int:
        """A block that is empty for now."""
        size = math.prod(int(one) for one in shape)
        self.check(size)
        address = self.top
        self.top += size
        return address

    def check(self, more: int) -> None:
        """Refuse words that would not fit, before they are there."""
        if (self.top + more) * WORD > self.memory_limit:
            raise over_limit(self.memory_limit)

    def add_rows(self, size: int, rows: int, columns: dict[int, Any]) -> int:
        """Records of one kind, one after the other; a column is a number for all of them, or one for each."""
        self.check(rows * size)
        table = np.zeros((rows, size), np.int64)
        for word, column in columns.items():
            values = np.asarray(column)
            if values.dtype == np.float64:
                values = np.ascontiguousarray(np.broadcast_to(values, rows)).view(np.int64)
            table[:, word] = values
        return self.add(table)

    def words(self, spare: int) -> Words:
        """All of it, with as many words more to grow into."""
        self.check(spare)
        memory = np.zeros(self.top + spare, np.int64)
        for address, block in self.blocks:
            memory[address : address + block.size] = block
        return memory


def load(
    plan: Plan, seed: int, replication: int, *, log_requests: bool, log_attempts: bool, memory_limit: int
) -> Words:
    """The memory of one replication before its first event.

    Raises
    ------
    CapacityExceeded
        If that alone takes more bytes than `memory_limit`.
    """
    image = Image(memory_limit)
    world: dict[int, int] = {
        World.KEY: mix(seed, replication),
        World.HORIZON: nanoseconds(plan.settings.duration_s),
        World.END: nanoseconds(plan.settings.duration_s) + nanoseconds(plan.settings.drain_s),
        World.LAST_TIME: -1,
        World.LOGS_REQUESTS: int(log_requests),
        World.LOGS_ATTEMPTS: int(log_attempts),
        World.LOG_TOP: FIRST_LOG_WORD,
        World.PAGES_ROOM: room_for_pages(log_requests=log_requests, log_attempts=log_attempts),
    }
    laws = _add_laws(image, plan)
    units, replicas = _add_units(image, plan)
    services = _add_services(image, plan, units)
    endpoints, calls = _add_calls(image, plan, laws, services)
    _add_programs(image, plan, laws, calls, endpoints)
    workloads = _add_workloads(image, plan, laws, calls)
    world |= {
        World.SERVICES: services,
        World.SERVICE_COUNT: len(plan.services.name),
        World.WORKLOADS: workloads,
        World.WORKLOAD_COUNT: len(plan.workloads.name),
        World.ENDPOINT_COUNT: len(plan.endpoints.name),
        World.ENTRY_COUNT: plan.workloads.entry_call.size,
    }
    world |= add_tallies(image, plan) | image.world
    world |= {World.UNITS: units, World.UNIT_COUNT: len(plan.units.name)}
    places = Places(laws, units, replicas, services, calls)
    world |= (outages := add_outages(image, plan, places))
    # Everybody's first event has to find room.
    starters = int(plan.workloads.users.sum()) + len(plan.workloads.name)
    starters += int(outages[World.STRIKE_COUNT] + outages[World.PROCESS_COUNT])
    capacity = 2 * ROOM + 2 * starters
    world |= {World.HEAP: image.add_zeros(2 * capacity), World.HEAP_CAPACITY: capacity}
    world[World.TOP] = image.top
    memory = image.words(SPARE_WORDS + starters * Event.SIZE + ROOM)
    for word, value in world.items():
        memory[word] = np.array(value % 2**64, np.uint64).view(np.int64)
    return memory


def room_for_pages(*, log_requests: bool, log_attempts: bool) -> int:
    """Words that a page of each log takes."""
    width = LATENCY_WIDTH
    if log_requests:
        width += REQUEST_WIDTH + CALL_WIDTH
    if log_attempts:
        width += ATTEMPT_WIDTH
    return PAGE_ROWS * width + 2 * FIRST_LOG_WORD


def _at(base: int, size: int, rows: Integers) -> Integers:
    """References to records by their rows."""
    return np.asarray(base + size * rows, dtype=np.int64)


def _add_laws(image: Image, plan: Plan) -> int:
    d = plan.distributions
    probabilities, values = image.add(d.probability), image.add(d.value)
    return image.add_rows(
        Law.SIZE,
        d.kind.size,
        {
            Law.KIND: d.kind,
            Law.P0: d.p0,
            Law.P1: d.p1,
            Law.P2: d.p2,
            Law.PROBABILITIES: probabilities + d.first_point,
            Law.VALUES: values + d.first_point,
            Law.POINTS: d.points,
        },
    )


def _add_units(image: Image, plan: Plan) -> tuple[int, list[int]]:
    u = plan.units
    rows = len(u.name)
    detectors = detector_references(image, plan)
    address = image.top
    image.top += rows * Unit.SIZE  # its replicas and boards come after it, and refer to it
    boards, replicas = [], []
    for row in range(rows):
        count = int(u.replicas[row])
        image.check(count * (Replica.SIZE + 3))
        boards.append(image.add(make_board(u.balancer[row], u.choice_count[row], count, int(u.ring_stream[row]))))
        shared = u.scheduling[row] == Scheduling.PS
        members = int((plan.services.unit == row).sum()) if shared else 0
        present = image.add_zeros(count, members, Level.SIZE)
        columns = {
            Replica.UNIT: address + row * Unit.SIZE,
            Replica.NUMBER: np.arange(count),
            Replica.CORES: u.cores[row],
            Replica.CONCURRENCY: u.concurrency[row],
            Replica.CAPACITY: u.queue_capacity[row],
            Replica.PRESENT: present + np.arange(count) * members * Level.SIZE,
            Replica.READY: 1,
        }
        replicas.append(image.add_rows(Replica.SIZE, count, columns))
    top, image.top = image.top, address
    image.add_rows(
        Unit.SIZE,
        rows,
        {
            Unit.REPLICAS: np.array(replicas, np.int64),
            Unit.REPLICA_COUNT: u.replicas,
            Unit.BALANCER: u.balancer,
            Unit.CHOICES: u.choice_count,
            Unit.BOARD: np.array(boards, np.int64),
            Unit.SHARED: (u.scheduling == Scheduling.PS).astype(np.int64),
            Unit.DETECTOR: detectors,
            Unit.LIFO: (u.discipline == Discipline.LIFO).astype(np.int64),
            Unit.ROW: np.arange(rows),
            Unit.READY + Level.VALUE: u.replicas,
        },
    )
    image.top = top
    return address, replicas


def _add_services(image: Image, plan: Plan, units: int) -> int:
    s = plan.services
    rows = len(s.name)
    member = np.zeros(rows, np.int64)
    for unit in range(len(plan.units.name)):
        mine = s.unit == unit
        member[mine] = np.arange(mine.sum())
    return image.add_rows(
        Service.SIZE,
        rows,
        {
            Service.UNIT: _at(units, Unit.SIZE, s.unit),
            Service.PACE: s.pace,
            Service.BALANCE_STREAM: s.balance_stream,
            Service.ROW: np.arange(rows),
            Service.COMPONENTS: np.arange(rows) * len(Component),
            Service.MEMBER: member,
            Service.LIMITER: limiter_references(image, plan),
        },
    )


def _add_calls(image: Image, plan: Plan, laws: int, services: int) -> tuple[int, int]:
    e, c = plan.endpoints, plan.calls
    endpoints = image.add_rows(
        Endpoint.SIZE,
        len(e.name),
        {
            Endpoint.SERVICE: _at(services, Service.SIZE, e.service),
            Endpoint.ERROR_RATE: e.error_rate,
            Endpoint.ERROR_STREAM: e.error_stream,
            Endpoint.ROW: np.arange(len(e.name)),
        },
    )
    calls = image.add_rows(
        Call.SIZE,
        len(c.name),
        {
            Call.ENDPOINT: _at(endpoints, Endpoint.SIZE, c.target),
            Call.SITE: c.site,
            Call.REMOTE: c.remote,
            Call.LATENCY: _at(laws, Law.SIZE, c.latency),
            Call.LATENCY_STREAM: c.latency_stream,
            Call.LOSS: c.loss,
            Call.LOSS_STREAM: c.loss_stream,
            Call.ERROR_RATE: c.error_rate,
            Call.ERROR_STREAM: c.error_stream,
            Call.SERIALIZATION: np.where(c.serialization < 0, 0, _at(laws, Law.SIZE, c.serialization)),
            Call.SERIALIZATION_STREAM: c.serialization_stream,
            Call.TIMEOUT: all_nanoseconds(c.timeout),
            Call.ROW: np.arange(len(c.name)),
            Call.SENT: np.searchsorted(sends_of(plan), np.arange(len(c.name))),
            Call.POLICY: add_policies(image, plan),
            **patience_columns(image, plan, laws),
        },
    )
    return endpoints, calls


def _add_programs(image: Image, plan: Plan, laws: int, calls: int, endpoints: int) -> None:
    p = plan.programs
    rows = p.op.size
    program = image.top
    options = program + rows * Instruction.SIZE
    a, c = p.a.copy(), p.c.copy()
    for ops, base, size in (
        ((Op.CPU, Op.SLEEP), laws, Law.SIZE),
        ((Op.CALL, Op.SEND), calls, Call.SIZE),
        ((Op.PARALLEL, Op.CHOOSE), options, Option.SIZE),
    ):
        here = np.isin(p.op, ops)
        a[here] = _at(base, size, p.a[here])
    jumps = np.isin(p.op, (Op.PARALLEL, Op.MAYBE, Op.REPEAT, Op.AGAIN, Op.JUMP, Op.FALLBACK))
    c[jumps] = _at(program, Instruction.SIZE, p.c[jumps])
    columns = {
        Instruction.OP: p.op,
        Instruction.A: a,
        Instruction.B: p.b,
        Instruction.C: c,
        Instruction.X: p.x,
        Instruction.LOCAL: 4 * np.arange(rows),
    }
    image.add_rows(Instruction.SIZE, rows, columns)
    starts = _at(program, Instruction.SIZE, p.branch)
    image.add_rows(Option.SIZE, p.branch.size, {Option.START: starts, Option.WEIGHT: p.weight})
    where = np.arange(len(plan.endpoints.name)) * Endpoint.SIZE + endpoints + Endpoint.START
    image.blocks.extend(
        (int(at), np.array([start], np.int64))
        for at, start in zip(where, _at(program, Instruction.SIZE, plan.endpoints.start), strict=True)
    )


def _add_workloads(image: Image, plan: Plan, laws: int, calls: int) -> int:
    w = plan.workloads
    rows = len(w.name)
    entry_columns = {Entry.CALL: _at(calls, Call.SIZE, w.entry_call), Entry.WEIGHT: w.entry_weight}
    entries = image.add_rows(Entry.SIZE, w.entry_call.size, entry_columns)
    ramps = _add_ramps(image, plan)
    times = image.add(all_nanoseconds(w.time_s))
    workloads = image.top
    image.top += rows * Workload.SIZE
    users = [_add_users(image, workloads + row * Workload.SIZE, int(w.users[row])) for row in range(rows)]
    top, image.top = image.top, workloads
    image.add_rows(
        Workload.SIZE,
        rows,
        {
            Workload.ROW: np.arange(rows),
            Workload.SHAPE: w.shape,
            Workload.STREAM: w.stream,
            Workload.ARRIVAL_STREAM: w.arrival_stream,
            Workload.ENTRY_STREAM: w.entry_stream,
            Workload.FIRST_ENTRY: w.first_entry,
            Workload.ENTRIES: _at(entries, Entry.SIZE, w.first_entry),
            Workload.ENTRY_COUNT: w.entries,
            Workload.RAMP: _at(ramps, Ramp.SIZE, w.first_ramp),
            Workload.LAST_RAMP: _at(ramps, Ramp.SIZE, w.first_ramp + w.ramps),
            Workload.TIME: times + w.first_time,
            Workload.LAST_TIME: times + w.first_time + w.times,
            Workload.THINK: _at(laws, Law.SIZE, w.think),
            Workload.THINK_STREAM: w.think_stream,
            Workload.USERS: np.array(users, np.int64),
            Workload.USER_COUNT: np.where(w.shape == Shape.USERS, w.users, 0),
        },
    )
    image.top = top
    return workloads


def _add_users(image: Image, workload: int, count: int) -> int:
    image.check(count * User.SIZE)
    columns = {User.WORKLOAD: workload, User.NUMBER: np.arange(count) << 32}
    return image.add_rows(User.SIZE, count, columns)


def _add_ramps(image: Image, plan: Plan) -> int:
    w = plan.workloads
    return image.add_rows(
        Ramp.SIZE,
        w.ramp_start_s.size,
        {
            Ramp.START: w.ramp_start_s,
            Ramp.DURATION: w.ramp_duration_s,
            Ramp.START_RATE: w.ramp_start_rate,
            Ramp.END_RATE: w.ramp_end_rate,
            Ramp.BEFORE: w.ramp_before,
            Ramp.AFTER: w.ramp_after,
        },
    )
