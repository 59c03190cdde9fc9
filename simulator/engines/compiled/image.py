"""A plan as the first memory of a run: its rows as records, the replicas at rest, empty tallies and logs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...machine_code.growing import WORD, zeros
from ...machine_code.records import Float, Mark, Record, field_at, fields_of, size_of
from ...plan.columns import Integers, Quantity, Ref, Table
from ...plan.layout import Component, Discipline, FaultKind, Op, Scheduling, Shape
from ...plan.order import LOCALS_PER_STEP
from ...plan.plan import Plan
from ...plan.size import over_limit
from ...plan.waits import sends_of
from ...rules.balancers import make_board
from ...rules.nanoseconds import all_nanoseconds
from ...rules.randomness import mix
from .columns import addresses, before, each, spread
from .downtime import Fault
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
from .logs import PAGE_ROWS, AttemptRow, CallRow, LatencyRow, RequestRow, SendRow, SettleRow
from .outages import add_outages, lists_of_faults, recovery_columns
from .policies import Policy
from .tallies import add_tallies

Words = NDArray[np.int64]
FIRST_LOG_WORD = 8
SPARE_WORDS = 1 << 16

RECORDS: Mapping[str, type[Record]] = {
    "distributions": Law, "services": Service, "endpoints": Endpoint, "calls": Call, "units": Unit,
    "workloads": Workload, "programs": Instruction, "policies": Policy, "faults": Fault,
}  # fmt: skip
"""Of the tables of a plan that have one for each row."""


class Image:
    """Memory in the making: blocks of words, each at an address that is known at once."""

    def __init__(self, memory_limit: int) -> None:
        self.top = size_of(World)
        self.memory_limit = memory_limit
        self.blocks: list[tuple[int, Words]] = []
        self.world: dict[str, int] = {}  # fields of `World` that are known on the way
        # By table of the plan, of each row, and 0 for row -1:
        self.at: dict[str, Integers] = {}  # where its record is, or that of caller replica 0
        self.fresh: dict[str, Integers] = {}  # where such a state is as it is at first
        self.words_of: dict[str, Integers] = {}  # how large such a state is

    def add(self, words: NDArray[Any]) -> int:
        """A block of integers or floats; gives its address."""
        flat = np.ascontiguousarray(words).ravel()
        address = self.add_zeros(flat.size)
        self.blocks.append((address, flat.view(np.int64)))
        return address

    def add_all(self, blocks: Sequence[Words]) -> int:
        """Blocks of integers, one after the other; gives the address of the first."""
        return self.add(np.concatenate([np.zeros(0, np.int64), *blocks]))

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

    def add_rows(self, record: type[Record], rows: int, columns: dict[str, Any]) -> int:
        """Records of one kind, one after the other; a column is a number for all of them, or one for each."""
        return self.add(self.make_rows(record, rows, columns))

    def make_rows(self, record: type[Record], rows: int, columns: dict[str, Any]) -> Words:
        """Such records, a row each, which are nowhere yet."""
        self.check(rows * size_of(record))
        words = np.zeros((rows, size_of(record)), np.int64)
        for name, column in columns.items():
            values = np.asarray(column)
            offset, kind = field_at(record, name)
            if (values.dtype == np.float64) != isinstance(kind, Float):
                raise TypeError(f"{record.__name__}.{name} is no {values.dtype}")
            if values.dtype == np.float64:
                values = np.ascontiguousarray(np.broadcast_to(values, rows)).view(np.int64)
            words[:, offset] = values
        return words

    # -- tables of the plan

    def reserve(self, plan: Plan) -> None:
        """Room for the records of all tables, so that each can refer to any."""
        for name, record in RECORDS.items():
            rows, size = len(plan.tables()[name]), size_of(record)
            self.at[name] = addresses(self.add_zeros(rows, size), size * np.arange(rows))

    def fill(self, plan: Plan, name: str, **others: Any) -> None:
        """The records of a table, and what of them is not in its columns, or otherwise."""
        record, table = RECORDS[name], plan.tables()[name]
        columns = self.columns(record, table, np.arange(len(table))) | others
        self.blocks.append((int(self.at[name][0]), self.make_rows(record, len(table), columns).ravel()))

    def add_records(self, record: type[Record], table: Table, rows: Integers, prefix: str = "", **others: Any) -> int:
        """Records of some rows of a table, one after the other."""
        return self.add_rows(record, rows.size, self.columns(record, table, rows, prefix) | others)

    def columns(self, record: type[Record], table: Table, rows: Integers, prefix: str = "") -> dict[str, Any]:
        """What some rows of a table say of the fields that are called as its columns are, after a prefix.

        A reference is to the record of the row that a column has; a column of anything else has but its name in common
        with it, and is left out. What is in seconds is in whole nanoseconds where a field is. `row` is the row.
        """
        fields = fields_of(record)
        found: dict[str, Any] = {"row": rows} if "row" in fields else {}
        for column in table.kinds().values():
            field = fields.get(column.plain_name.removeprefix(prefix)) if column.name.startswith(prefix) else None
            if field is None or (field.refers and not isinstance(column.kind, Ref)):
                continue
            values = getattr(table, column.name)[rows]
            if field.refers and isinstance(column.kind, Ref):
                values = self.at[column.kind.table][values]
            elif field.mark is Mark.TIME:
                if column.kind is not Quantity.SECONDS:
                    raise TypeError(f"{record.__name__}.{field.name} is a time, and {column.name} is none")
                values = all_nanoseconds(values)
            found[field.name] = values
        return found

    def words(self, spare: int) -> Words:
        """All of it, with as many words more to grow into."""
        self.check(spare)
        memory = zeros(self.top + spare, self.memory_limit // WORD)
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
    image.reserve(plan)
    add_policies(image, plan)
    _fill_laws(image, plan)
    replicas = _fill_units(image, plan)
    _fill_services(image, plan)
    _fill_calls(image, plan)
    _fill_programs(image, plan)
    _fill_workloads(image, plan)
    world |= {name: int(image.at[name][0]) for name in ("services", "workloads", "units")}
    world |= {
        "service_count": len(plan.services),
        "workload_count": len(plan.workloads),
        "unit_count": len(plan.units),
        "endpoint_count": len(plan.endpoints),
    }
    world |= add_tallies(image, plan) | (outages := add_outages(image, plan, replicas)) | image.world
    world["lingers"] = int(world["patient"] or world["send_count"] > 0)
    # Everybody's first event has to find room.
    starters = int(plan.workloads.users.sum()) + len(plan.workloads)
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
    words = size_of(LatencyRow) + size_of(SettleRow)
    if log_requests:
        words += size_of(RequestRow) + size_of(CallRow) + size_of(SendRow)
    if log_attempts:
        words += size_of(AttemptRow)
    return PAGE_ROWS * words + 2 * FIRST_LOG_WORD


def _fill_laws(image: Image, plan: Plan) -> None:
    d = plan.distributions
    probabilities, values = image.add(d.probability), image.add(d.value)
    first = d.first_point
    image.fill(plan, "distributions", probabilities=probabilities + first, values=values + first)


def _fill_units(image: Image, plan: Plan) -> Integers:
    """The units, their replicas and balancers; gives where the replicas of each are."""
    u, shared = plan.units, plan.units.scheduling == Scheduling.PS
    image.check(int(u.replicas.sum()) * (size_of(Replica) + 3))  # with what boards have of each
    rows, numbers = each(u.replicas)
    members = np.where(shared, np.bincount(plan.services.unit, minlength=len(u)), 0)
    levels = size_of(VirtualLevel) * members[rows]
    first = image.add_records(
        Replica,
        u,
        rows,
        unit=image.at["units"][rows],
        number=numbers,
        capacity=u.queue_capacity[rows],
        present=image.add_zeros(levels.sum()) + before(levels),
        ready=1,
    )
    replicas = first + size_of(Replica) * before(u.replicas)
    columns = (u.balancer, u.choice_count, u.replicas, u.ring_stream)
    boards = [image.add(make_board(*one)) for one in zip(*(column.tolist() for column in columns), strict=True)]
    image.fill(
        plan,
        "units",
        replicas=replicas,
        replica_count=u.replicas,
        choices=u.choice_count,
        board=np.array(boards, np.int64),
        shared=shared.astype(np.int64),
        detector=detector_references(image, plan),
        lifo=(u.discipline == Discipline.LIFO).astype(np.int64),
        **{"ready.value": u.replicas},
        **recovery_columns(image, plan),
    )
    return replicas


def _fill_services(image: Image, plan: Plan) -> None:
    unit = plan.services.unit
    member = np.zeros(unit.size, np.int64)
    member[np.argsort(unit, kind="stable")] = each(np.bincount(unit, minlength=len(plan.units)))[1]
    slow = np.flatnonzero(plan.faults.kind == FaultKind.SLOW)
    image.fill(
        plan,
        "services",
        components=np.arange(unit.size) * len(Component),
        member=member,
        limiter=limiter_references(image, plan),
        slow=lists_of_faults(image, plan.faults.service[slow], slow, unit.size),
    )


def _fill_calls(image: Image, plan: Plan) -> None:
    p, rows = plan.policies, len(plan.calls)
    image.fill(plan, "endpoints")
    image.fill(
        plan,
        "calls",
        endpoint=image.at["endpoints"][plan.calls.target],
        sent=np.searchsorted(sends_of(plan), np.arange(rows)),
        policy=spread(p.call, image.at["policies"][:-1], rows),
        faults=lists_of_faults(image, plan.crossings.call, plan.crossings.fault, rows),
        **patience_columns(image, plan),
    )


def _fill_programs(image: Image, plan: Plan) -> None:
    p, at = plan.programs, image.at
    starts = at["programs"][p.branch]
    options = image.add_rows(Option, starts.size, {"start": starts, "weight": p.weight})
    at["options"] = addresses(options, size_of(Option) * np.arange(starts.size))
    a, c = p.a.copy(), p.c.copy()
    for ops, table in (
        ((Op.CPU, Op.SLEEP), "distributions"),
        ((Op.CALL, Op.SEND), "calls"),
        ((Op.PARALLEL, Op.CHOOSE), "options"),
    ):
        here = np.isin(p.op, ops)
        a[here] = at[table][p.a[here]]
    jumps = np.isin(p.op, (Op.PARALLEL, Op.MAYBE, Op.REPEAT, Op.AGAIN, Op.JUMP, Op.FALLBACK))
    c[jumps] = at["programs"][p.c[jumps]]
    # The law, or what else lies there.
    image.fill(plan, "programs", law=a, stream=p.b, to=c, chance=p.x, local=LOCALS_PER_STEP * np.arange(p.op.size))


def _fill_workloads(image: Image, plan: Plan) -> None:
    w = plan.workloads
    entries = image.add_records(Entry, w, np.arange(w.entry_call.size), "entry_")
    ramps = image.add_records(Ramp, w, np.arange(w.ramp_start_s.size), "ramp_")
    times = image.add(all_nanoseconds(w.time_s))
    image.check(int(w.users.sum()) * size_of(User))
    rows, numbers = each(w.users)
    users = image.add_rows(User, rows.size, {"workload": image.at["workloads"][rows], "number": numbers << 32})
    image.fill(
        plan,
        "workloads",
        entries=entries + size_of(Entry) * w.first_entry,
        entry_count=w.entries,
        ramp=ramps + size_of(Ramp) * w.first_ramp,
        last_ramp=ramps + size_of(Ramp) * (w.first_ramp + w.ramps),
        replayed=times + w.first_time,
        last_replayed=times + w.first_time + w.times,
        users=users + size_of(User) * before(w.users),
        user_count=np.where(w.shape == Shape.USERS, w.users, 0),
    )
