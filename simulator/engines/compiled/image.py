"""A plan as the first memory of a run: its rows as records, the replicas at rest, empty tallies and logs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...machine_code.records import Float, Record, field_at, size_of
from ...plan.layout import Component, Discipline, Op, Scheduling, Shape
from ...plan.plan import Integers, Plan
from ...plan.size import over_limit
from ...plan.waits import sends_of
from ...rules.balancing import make_board
from ...rules.nanoseconds import all_nanoseconds
from ...rules.randomness import mix
from .flight import Event
from .guards import add_policies, detector_references, limiter_references, patience_columns
from .layout import (
    ROOM,
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
    VirtualLevel,
    Workload,
    World,
)
from .logs import PAGE_ROWS, AttemptRow, CallRow, LatencyRow, RequestRow
from .outages import Places, add_outages
from .tallies import add_tallies

Words = NDArray[np.int64]
FIRST_LOG_WORD = 8
SPARE_WORDS = 1 << 16
WORD = 8


class Image:
    """Memory in the making: blocks of words, each at an address that is known at once."""

    def __init__(self, memory_limit: int) -> None:
        self.top = size_of(World)
        self.memory_limit = memory_limit
        self.blocks: list[tuple[int, Words]] = []
        self.world: dict[str, int] = {}  # fields of `World` that are known on the way

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

    def place(self, rows: int, record: type[Record], row: int, name: str) -> int:
        """The address of a field of a row."""
        return rows + row * size_of(record) + field_at(record, name)[0]

    def add_rows(self, record: type[Record], rows: int, columns: dict[str, Any]) -> int:
        """Records of one kind, one after the other; a column is a number for all of them, or one for each."""
        self.check(rows * size_of(record))
        table = np.zeros((rows, size_of(record)), np.int64)
        for name, column in columns.items():
            values = np.asarray(column)
            offset, kind = field_at(record, name)
            if (values.dtype == np.float64) != isinstance(kind, Float):
                raise TypeError(f"{record.__name__}.{name} is no {values.dtype}")
            if values.dtype == np.float64:
                values = np.ascontiguousarray(np.broadcast_to(values, rows)).view(np.int64)
            table[:, offset] = values
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
    horizon, drain = all_nanoseconds(np.array([plan.settings.duration_s, plan.settings.drain_s]))
    world: dict[str, int] = {
        "key": mix(seed, replication),
        "horizon": int(horizon),
        "end": int(horizon + drain),
        "last_time": -1,
        "logs_requests": int(log_requests),
        "logs_attempts": int(log_attempts),
        "log_top": FIRST_LOG_WORD,
        "pages_room": room_for_pages(log_requests=log_requests, log_attempts=log_attempts),
    }
    laws = _add_laws(image, plan)
    units, replicas = _add_units(image, plan)
    services = _add_services(image, plan, units)
    endpoints, calls = _add_calls(image, plan, laws, services)
    _add_programs(image, plan, laws, calls, endpoints)
    workloads = _add_workloads(image, plan, laws, calls)
    world |= {
        "services": services,
        "service_count": len(plan.services.name),
        "workloads": workloads,
        "workload_count": len(plan.workloads.name),
        "endpoint_count": len(plan.endpoints.name),
        "entry_count": plan.workloads.entry_call.size,
    }
    world |= add_tallies(image, plan) | image.world
    world |= {"units": units, "unit_count": len(plan.units.name)}
    places = Places(laws, units, replicas, services, calls)
    world |= (outages := add_outages(image, plan, places))
    # Everybody's first event has to find room.
    starters = int(plan.workloads.users.sum()) + len(plan.workloads.name)
    starters += int(outages["strike_count"] + outages["process_count"])
    capacity = 2 * ROOM + 2 * starters
    world |= {"heap": image.add_zeros(2 * capacity), "heap_capacity": capacity}
    world["top"] = image.top
    memory = image.words(SPARE_WORDS + starters * size_of(Event) + ROOM)
    for name, value in world.items():
        memory[field_at(World, name)[0]] = np.array(value % 2**64, np.uint64).view(np.int64)
    return memory


def room_for_pages(*, log_requests: bool, log_attempts: bool) -> int:
    """Words that a page of each log takes."""
    words = size_of(LatencyRow)
    if log_requests:
        words += size_of(RequestRow) + size_of(CallRow)
    if log_attempts:
        words += size_of(AttemptRow)
    return PAGE_ROWS * words + 2 * FIRST_LOG_WORD


def _at(base: int, record: type[Record], rows: Integers) -> Integers:
    """References to records by their rows."""
    return np.asarray(base + size_of(record) * rows, dtype=np.int64)


def _add_laws(image: Image, plan: Plan) -> int:
    d = plan.distributions
    probabilities, values = image.add(d.probability), image.add(d.value)
    return image.add_rows(
        Law,
        d.kind.size,
        {
            "kind": d.kind,
            "p0": d.p0,
            "p1": d.p1,
            "p2": d.p2,
            "probabilities": probabilities + d.first_point,
            "values": values + d.first_point,
            "points": d.points,
        },
    )


def _add_units(image: Image, plan: Plan) -> tuple[int, list[int]]:
    u = plan.units
    rows = len(u.name)
    detectors = detector_references(image, plan)
    address = image.top
    image.top += rows * size_of(Unit)  # its replicas and boards come after it, and refer to it
    boards, replicas = [], []
    for row in range(rows):
        count = int(u.replicas[row])
        image.check(count * (size_of(Replica) + 3))
        boards.append(image.add(make_board(u.balancer[row], u.choice_count[row], count, int(u.ring_stream[row]))))
        shared = u.scheduling[row] == Scheduling.PS
        members = int((plan.services.unit == row).sum()) if shared else 0
        present = image.add_zeros(count, members, size_of(VirtualLevel))
        columns = {
            "unit": address + row * size_of(Unit),
            "number": np.arange(count),
            "cores": u.cores[row],
            "concurrency": u.concurrency[row],
            "capacity": u.queue_capacity[row],
            "present": present + np.arange(count) * members * size_of(VirtualLevel),
            "ready": 1,
        }
        replicas.append(image.add_rows(Replica, count, columns))
    top, image.top = image.top, address
    image.add_rows(
        Unit,
        rows,
        {
            "replicas": np.array(replicas, np.int64),
            "replica_count": u.replicas,
            "balancer": u.balancer,
            "choices": u.choice_count,
            "board": np.array(boards, np.int64),
            "shared": (u.scheduling == Scheduling.PS).astype(np.int64),
            "detector": detectors,
            "lifo": (u.discipline == Discipline.LIFO).astype(np.int64),
            "row": np.arange(rows),
            "ready.value": u.replicas,
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
        Service,
        rows,
        {
            "unit": _at(units, Unit, s.unit),
            "pace": s.pace,
            "balance_stream": s.balance_stream,
            "row": np.arange(rows),
            "components": np.arange(rows) * len(Component),
            "member": member,
            "limiter": limiter_references(image, plan),
        },
    )


def _add_calls(image: Image, plan: Plan, laws: int, services: int) -> tuple[int, int]:
    e, c = plan.endpoints, plan.calls
    endpoints = image.add_rows(
        Endpoint,
        len(e.name),
        {
            "service": _at(services, Service, e.service),
            "error_rate": e.error_rate,
            "error_stream": e.error_stream,
            "row": np.arange(len(e.name)),
        },
    )
    calls = image.add_rows(
        Call,
        len(c.name),
        {
            "endpoint": _at(endpoints, Endpoint, c.target),
            "site": c.site,
            "remote": c.remote,
            "latency": _at(laws, Law, c.latency),
            "latency_stream": c.latency_stream,
            "loss": c.loss,
            "loss_stream": c.loss_stream,
            "error_rate": c.error_rate,
            "error_stream": c.error_stream,
            "serialization": np.where(c.serialization < 0, 0, _at(laws, Law, c.serialization)),
            "serialization_stream": c.serialization_stream,
            "timeout": all_nanoseconds(c.timeout),
            "row": np.arange(len(c.name)),
            "sent": np.searchsorted(sends_of(plan), np.arange(len(c.name))),
            "policy": add_policies(image, plan),
            **patience_columns(image, plan, laws),
        },
    )
    return endpoints, calls


def _add_programs(image: Image, plan: Plan, laws: int, calls: int, endpoints: int) -> None:
    p = plan.programs
    rows = p.op.size
    program = image.top
    options = program + rows * size_of(Instruction)
    a, c = p.a.copy(), p.c.copy()
    for ops, base, record in (
        ((Op.CPU, Op.SLEEP), laws, Law),
        ((Op.CALL, Op.SEND), calls, Call),
        ((Op.PARALLEL, Op.CHOOSE), options, Option),
    ):
        here = np.isin(p.op, ops)
        a[here] = _at(base, record, p.a[here])
    jumps = np.isin(p.op, (Op.PARALLEL, Op.MAYBE, Op.REPEAT, Op.AGAIN, Op.JUMP, Op.FALLBACK))
    c[jumps] = _at(program, Instruction, p.c[jumps])
    columns = {
        "op": p.op,
        "law": a,  # or what else lies there
        "stream": p.b,
        "to": c,
        "chance": p.x,
        "local": 4 * np.arange(rows),
    }
    image.add_rows(Instruction, rows, columns)
    starts = _at(program, Instruction, p.branch)
    image.add_rows(Option, p.branch.size, {"start": starts, "weight": p.weight})
    where = _at(endpoints, Endpoint, np.arange(len(plan.endpoints.name))) + field_at(Endpoint, "start")[0]
    image.blocks.extend(
        (int(at), np.array([start], np.int64))
        for at, start in zip(where, _at(program, Instruction, plan.endpoints.start), strict=True)
    )


def _add_workloads(image: Image, plan: Plan, laws: int, calls: int) -> int:
    w = plan.workloads
    rows = len(w.name)
    entry_columns = {"call": _at(calls, Call, w.entry_call), "weight": w.entry_weight}
    entries = image.add_rows(Entry, w.entry_call.size, entry_columns)
    ramps = _add_ramps(image, plan)
    times = image.add(all_nanoseconds(w.time_s))
    workloads = image.top
    image.top += rows * size_of(Workload)
    users = [_add_users(image, workloads + row * size_of(Workload), int(w.users[row])) for row in range(rows)]
    top, image.top = image.top, workloads
    image.add_rows(
        Workload,
        rows,
        {
            "row": np.arange(rows),
            "shape": w.shape,
            "stream": w.stream,
            "arrival_stream": w.arrival_stream,
            "entry_stream": w.entry_stream,
            "first_entry": w.first_entry,
            "entries": _at(entries, Entry, w.first_entry),
            "entry_count": w.entries,
            "ramp": _at(ramps, Ramp, w.first_ramp),
            "last_ramp": _at(ramps, Ramp, w.first_ramp + w.ramps),
            "replayed": times + w.first_time,
            "last_replayed": times + w.first_time + w.times,
            "think": _at(laws, Law, w.think),
            "think_stream": w.think_stream,
            "users": np.array(users, np.int64),
            "user_count": np.where(w.shape == Shape.USERS, w.users, 0),
        },
    )
    image.top = top
    return workloads


def _add_users(image: Image, workload: int, count: int) -> int:
    image.check(count * size_of(User))
    columns = {"workload": workload, "number": np.arange(count) << 32}
    return image.add_rows(User, count, columns)


def _add_ramps(image: Image, plan: Plan) -> int:
    w = plan.workloads
    return image.add_rows(
        Ramp,
        w.ramp_start_s.size,
        {
            "start": w.ramp_start_s,
            "duration": w.ramp_duration_s,
            "start_rate": w.ramp_start_rate,
            "end_rate": w.ramp_end_rate,
            "before": w.ramp_before,
            "after": w.ramp_after,
        },
    )
