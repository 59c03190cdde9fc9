"""What can be said of a plan on the back of a napkin: loads, bottleneck and bounds.

The bounds are the asymptotic ones of P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models",
1978, with the least latency in the place of the sum of demands, since parallel calls overlap. Everything is counted as
if nobody waited (`expectations`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np

from ..answers import Answer, Answered, Table
from ..garbage import uncollected
from ..plan.columns import Floats
from ..plan.layout import Shape
from ..plan.plan import Plan
from ..words import PER_SECOND, PERCENT, column, number, unit_of
from .advice.overload import left_by_open
from .asides import behind_branches, rate_whatever_waits
from .expectations import Expectations, entry_shares, expect
from .slots import SlotLimit, slot_limits

_NO_NEWS = 0.01
"""By which share a rate has to differ to be told."""


@dataclass(frozen=True)
class UnitRow:
    """What is asked of a unit. Loads and capacities are in cores as asked for; slots may be infinitely many."""

    unit: str
    replicas: int
    visits_per_s: float
    visits_per_request: float
    offered_load: float
    capacity: float
    utilisation: float
    slots_held: float  # at least, in the mean: waiting holds more
    slots: float
    slot_utilisation: float


@dataclass(frozen=True)
class ServiceRow:
    """What is asked of a service; `cpu_s` is the mean time of a visit on the cores it has, serialization included."""

    service: str
    unit: str
    visits_per_s: float
    visits_per_request: float
    cpu_s: float
    offered_load: float


@dataclass(frozen=True)
class EntryRow:
    """What a user of an entry sees at least: the mean latency of a request that never waits for a core or a slot."""

    workload: str
    endpoint: str
    arrival_rate: float  # 0 for closed workloads
    least_latency_s: float


@dataclass(frozen=True)
class ClosedRow:
    """Asymptotic bounds of a closed workload: it has what open ones leave, as if no other users were there."""

    workload: str
    users: int
    think_s: float
    bottleneck: str  # empty: nothing limits it
    throughput_high: float
    latency_low_s: float


Rows: TypeAlias = Sequence[UnitRow | ServiceRow | EntryRow | ClosedRow]


@dataclass(frozen=True)
class Napkin(Answered):
    """Expected loads of one deployment.

    `arrival_rate` is that of all open workloads at their peaks; `saturation_rate` is where, all of them scaled
    together, the bottleneck would be busy all the time, or its slots let no more through (inf: never). Without open
    workloads there is no bottleneck, and visits are those of the closed ones, by their users.
    """

    deployment: str
    arrival_rate: float
    bottleneck: str | None
    saturation_rate: float
    units: tuple[UnitRow, ...]
    services: tuple[ServiceRow, ...]
    entries: tuple[EntryRow, ...]
    closed: tuple[ClosedRow, ...]
    notes: tuple[str, ...] = ()  # what the numbers leave out, or what is known beyond them

    def answer(self) -> Answer:
        """What limits it, and a table each of units, services, entries and closed workloads."""
        told = []
        if self.arrival_rate > 0.0:
            told.append(f"arrival rate {number(self.arrival_rate)}/s at the peak of the open workloads")
        if self.bottleneck is not None:
            told.append(f"bottleneck {self.bottleneck}: saturates at {number(self.saturation_rate)}/s")
        tables: dict[str, Rows] = {
            "units": self.units, "services": self.services, "entries": self.entries,
            "closed workloads (bounds)": self.closed,
        }  # fmt: skip
        return Answer(
            headline=f"napkin of deployment {self.deployment}: expected values, as if nobody waited",
            conditions=(*told, *self.notes),
            sections=[(title, _table(rows)) for title, rows in tables.items() if rows],
            content={one.name: getattr(self, one.name) for one in fields(self)},
        )


@uncollected
def napkin(plan: Plan) -> Napkin:
    """Expected loads of a plan, without running it."""
    expected = expect(plan)
    total = float(expected.rates.sum())
    units = _unit_rows(plan, expected)
    worst = max(units, key=lambda row: max(row.utilisation, row.slot_utilisation))
    use, bottleneck = max(worst.utilisation, worst.slot_utilisation), worst.unit
    limits = slot_limits(plan, expected)
    for limit in limits:
        if limit.asked_per_s / limit.per_s > use:
            use, bottleneck = limit.asked_per_s / limit.per_s, plan.units.name[limit.unit]
    saturation = total / use if use > 0.0 else math.inf
    return Napkin(
        deployment=plan.deployment,
        arrival_rate=total,
        bottleneck=bottleneck if use > 0.0 else None,
        saturation_rate=saturation,
        units=units,
        services=_service_rows(plan, expected),
        entries=_entry_rows(plan, expected),
        closed=tuple(_closed_rows(plan, expected)),
        notes=tuple(_notes(plan, expected, limits, saturation)),
    )


def _notes(plan: Plan, expected: Expectations, limits: Sequence[SlotLimit], saturation: float) -> Iterator[str]:
    sure = rate_whatever_waits(plan, expected)
    if sure < saturation * (1.0 - _NO_NEWS):
        yield (
            "waiting sets off re-tries and second tries, which are work too: the cores are sure to keep up with all"
            f" of them only up to {number(sure)}/s"
        )
    unknown = [plan.units.name[limit.unit] for limit in limits if math.isnan(limit.per_s)]
    if unknown:
        yield f"waiting at callees holds slots too: {', '.join(unknown)} may let less through than this says"
    for limit in [limit for limit in limits if limit.per_s > 0.0]:
        yield (
            f"the {limit.slots} slots of {plan.units.name[limit.unit]} let at most {number(limit.per_s)}/s through:"
            f" waiting at {', '.join(limit.at)} holds them too"
            + (f", and the fewer slots of {', '.join(limit.behind)} may leave less" if limit.behind else "")
        )
    if late := [name for name in behind_branches(plan, expected) if name not in unknown]:
        yield (
            f"a `parallel` counts as its longest branch, and its slowest one takes longer: the slots of"
            f" {', '.join(late)} may let less through than this says"
        )
    names = [plan.workloads.name[row] for row in np.flatnonzero(plan.workloads.users > 0).tolist()]
    if names and expected.rates.any():
        yield f"the users of {', '.join(names)} are not in `used`: they take what the open workloads leave"
    elif names:
        yield "users ask when they have their answer: they are not in `used`"


def _mix(plan: Plan, expected: Expectations) -> Floats:
    """Share of each workload in the requests: by rate, or by users where nothing is open."""
    weights = np.ones(len(expected.rates))
    for candidates in (expected.rates, plan.workloads.users):
        if candidates.any():
            weights = np.asarray(candidates, np.float64)
            break
    return np.asarray(weights / weights.sum(), np.float64)


def _unit_rows(plan: Plan, expected: Expectations) -> tuple[UnitRow, ...]:
    remote = plan.calls.remote == 1
    unit_of_call = plan.services.unit[plan.endpoints.service[plan.calls.target]]
    offered, held = expected.rates @ expected.demand, expected.rates @ expected.held
    coming = expected.calls * (expected.tries * expected.arriving)
    rates, requests = expected.rates @ coming, _mix(plan, expected) @ coming
    return tuple(
        UnitRow(
            unit=name,
            replicas=int(plan.units.replicas[unit]),
            visits_per_s=float(rates[remote & (unit_of_call == unit)].sum()),
            visits_per_request=float(requests[remote & (unit_of_call == unit)].sum()),
            offered_load=float(offered[unit]),
            capacity=float(expected.capacity[unit]),
            utilisation=_ratio(offered[unit], expected.capacity[unit]),
            slots_held=float(held[unit]),
            slots=float(expected.slots[unit]),
            slot_utilisation=_ratio(held[unit], expected.slots[unit]),
        )
        for unit, name in enumerate(plan.units.name)
    )


def _service_rows(plan: Plan, expected: Expectations) -> tuple[ServiceRow, ...]:
    mix = _mix(plan, expected)
    rates, requests = expected.rates @ expected.visits, mix @ expected.visits
    work = expected.work
    rows = []
    for service, name in enumerate(plan.services.name):
        unit = int(plan.services.unit[service])
        own = plan.endpoints.service == service
        visits = float(requests[own].sum())
        speed = min(1.0, float(plan.units.cpu[unit]))
        cores = float(mix @ work[:, service])
        rows.append(
            ServiceRow(
                service=name,
                unit=plan.units.name[unit],
                visits_per_s=float(rates[own].sum()),
                visits_per_request=visits,
                cpu_s=cores / speed / visits if visits > 0.0 else 0.0,
                offered_load=float(expected.rates @ work[:, service]),
            )
        )
    return tuple(rows)


def _entry_rows(plan: Plan, expected: Expectations) -> tuple[EntryRow, ...]:
    rows = []
    for workload, name in enumerate(plan.workloads.name):
        entries, shares = entry_shares(plan, workload)
        for entry, share in zip(range(entries.start, entries.stop), shares.tolist(), strict=True):
            target = plan.calls.target[plan.workloads.entry_call[entry]]
            rows.append(
                EntryRow(
                    workload=name,
                    endpoint=plan.endpoints.name[target],
                    arrival_rate=float(expected.rates[workload]) * share,
                    least_latency_s=float(expected.entry_latency[entry]),
                )
            )
    return tuple(rows)


def _closed_rows(plan: Plan, expected: Expectations) -> Iterator[ClosedRow]:
    """Bounds X <= min(1 / Dmax, N / (Z + R)) and R >= max(R without waiting, N / X - Z)."""
    left_cores, left_slots = left_by_open(plan, expected)
    for row in np.flatnonzero(plan.workloads.shape == Shape.USERS).tolist():
        users = int(plan.workloads.users[row])
        think = float(plan.distributions.mean[plan.workloads.think[row]])
        entries, shares = entry_shares(plan, row)
        least = math.fsum((shares * expected.entry_latency[entries]).tolist())
        use = [
            max(_ratio(*cores), _ratio(*slots))
            for cores, slots in zip(
                zip(expected.demand[row], left_cores, strict=True),
                zip(expected.held[row], left_slots, strict=True),
                strict=True,
            )
        ]
        worst = max(use)
        most = 1.0 / worst if worst > 0.0 else math.inf
        yield ClosedRow(
            workload=plan.workloads.name[row],
            users=users,
            think_s=think,
            bottleneck=plan.units.name[use.index(worst)] if worst > 0.0 else "",
            throughput_high=min(most, users / (think + least)) if users else 0.0,
            latency_low_s=_least_latency(users, most, think, least),
        )


def _least_latency(users: int, throughput: float, think_s: float, least_s: float) -> float:
    """By Little's law for the whole cycle, at the highest throughput there can be."""
    from ..theory import little_time  # here: a run, which compiles too, has no need of the theory

    if throughput == 0.0:
        return math.inf
    return least_s if math.isinf(throughput) else max(least_s, little_time(users, throughput) - think_s)


def _ratio(load: float, capacity: float) -> float:
    """Share of a capacity that is used; nothing uses nothing."""
    if load == 0.0:
        return 0.0
    return float(load / capacity) if capacity > 0.0 else math.inf


_HEADINGS = {
    "visits_per_s": "visits/s",
    "visits_per_request": "a request",
    "offered_load": "load",
    "capacity": "cores",
    "utilisation": "used",
    "slots_held": "slots held",
    "slots": "slots",
    "slot_utilisation": "slots used",
    "cpu_s": "cpu",
    "arrival_rate": "arrivals/s",
    "least_latency_s": "least latency",
    "think_s": "think",
    "throughput_high": "throughput <=",
    "latency_low_s": "latency >=",
}


def _table(rows: Rows) -> Table:
    names = [field.name for field in fields(rows[0])]
    first, *columns = [_column(name, [getattr(row, name) for row in rows]) for name in names]
    texts = [isinstance(getattr(rows[0], name), str) for name in names]
    return Table.of_columns([f"  {cell}" for cell in first], *columns, names=texts.index(False))


def _column(name: str, values: Sequence[Any]) -> list[str]:
    """A heading, with the unit that fits all rows, and a cell a row."""
    heading = _HEADINGS.get(name, name)
    if isinstance(values[0], str):
        return [heading, *(value or "-" for value in values)]
    unit = unit_of("_ratio" if name.endswith("utilisation") else name, values)
    if name.endswith("_per_s"):
        unit = PER_SECOND
    cells = column(values, unit)
    if name == "slots":
        cells = ["no limit" if math.isinf(value) else cell for value, cell in zip(values, cells, strict=True)]
    return [f"{heading} ({unit.name})" if unit.name.isalpha() or unit == PERCENT else heading, *cells]
