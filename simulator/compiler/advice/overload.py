"""Units that are asked for more than they can do, and what becomes of it: queues grow only where nothing bounds them.

A queue is bounded by its own limit; or on the side of all its callers, who are kept waiting or turned away by rate
limits and bulkheads, stop work that is too late, or have no more slots than there are requests to wait with
(rule 16.6).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...plan.columns import Floats
from ...plan.layout import UNLIMITED, Dist, Op, Shape
from ...plan.plan import Plan
from ...plan.walker import find_sends, may_fail
from ...words import number
from ..expectations import Expectations, behind_limits, entry_shares, swamped
from ..policies import GUARDS, refusing
from ..slots import slot_limits
from .subject import Subject

_CLOSE = 1e-9


def overloads(subject: Subject) -> Iterator[str]:
    """Units that cannot keep up with the open workloads at their peak, by cores and by slots, behind rate limits."""
    plan, expected = subject.plan, behind_limits(subject.plan, subject.expected)
    when = "as long as the run lasts" if is_steady(plan, expected) else "while the peak lasts"
    offered, held = expected.rates @ expected.demand, expected.rates @ expected.held
    told: set[int] = set()
    for unit, name in enumerate(plan.units.name):
        if plan.units.replicas[unit] == 0:
            continue
        for what, load, capacity in (
            ("cores", float(offered[unit]), float(expected.capacity[unit])),
            ("slots", float(held[unit]), float(expected.slots[unit])),
        ):
            if load < capacity * (1.0 - _CLOSE):
                continue
            told.add(unit)
            full = load <= capacity * (1.0 + _CLOSE)
            yield (
                f"{name}: offered load {number(load)} {what} >= capacity {number(capacity)} {what}"
                f" (utilisation {load / capacity:.2f}): {_fate(plan, expected, unit, when, full=full)}"
            )
    yield from _held_up(plan, expected, told, when)
    yield from _crowded(plan, expected)


def absent(subject: Subject) -> Iterator[str]:
    """Units that have no replica."""
    units = subject.plan.units
    for name, replicas in zip(units.name, units.replicas, strict=True):
        if replicas == 0:
            yield f"{name}: it has 0 replicas but is called; every call to it ends unreachable"


def left_by_open(plan: Plan, expected: Expectations) -> tuple[Floats, Floats]:
    """Cores and slots of each unit that open workloads leave to users (rule 16.5); all, where they would leave nothing.

    Where requests may be turned away the users can have more: that is all of them too.
    """
    expected = behind_limits(plan, expected)
    offered, held = expected.rates @ expected.demand, expected.rates @ expected.held
    cores = np.where(offered < expected.capacity, expected.capacity - offered, expected.capacity)
    slots = np.where(held < expected.slots, expected.slots - held, expected.slots)
    turning = (plan.units.queue_capacity != UNLIMITED).any() or refusing(plan).any()
    return (expected.capacity, expected.slots) if turning else (cores, slots)


def _crowded(plan: Plan, expected: Expectations) -> Iterator[str]:
    """Units that users keep busy all the time, so that open requests wait behind theirs."""
    if not expected.rates.any():
        return
    cores, _ = left_by_open(plan, expected)
    offered = expected.rates @ expected.demand
    for row in np.flatnonzero(plan.workloads.users > 0).tolist():
        entries, shares = entry_shares(plan, row)
        cycle = float(plan.distributions.mean[plan.workloads.think[row]])
        cycle += math.fsum((shares * expected.entry_latency[entries]).tolist())
        most = float(plan.workloads.users[row]) / cycle if cycle > 0.0 else math.inf
        wanted = np.where(expected.demand[row] > 0.0, most * expected.demand[row], 0.0)
        for unit in np.flatnonzero((wanted >= cores) & (offered > 0.0) & (offered < expected.capacity)).tolist():
            names = [plan.workloads.name[one] for one in np.flatnonzero(expected.rates * expected.demand[:, unit] > 0)]
            yield (
                f"{plan.units.name[unit]}: the users of {plan.workloads.name[row]} take all that {', '.join(names)}"
                f" {'leaves' if len(names) == 1 else 'leave'} ({number(float(cores[unit]))} of"
                f" {number(float(expected.capacity[unit]))} cores): it is busy all the time, and requests of both wait"
            )


def _held_up(plan: Plan, expected: Expectations, told: set[int], when: str) -> Iterator[str]:
    """Units whose slots let less through than comes, since waiting at callees holds them."""
    for limit in slot_limits(plan, expected):
        if limit.unit in told or not limit.asked_per_s >= limit.per_s:
            continue
        yield (
            f"{plan.units.name[limit.unit]}: {number(limit.asked_per_s)}/s come, and its {limit.slots} slots let at"
            f" most {number(limit.per_s)}/s through, since waiting at {', '.join(limit.at)} holds them:"
            f" {_fate(plan, expected, limit.unit, when, full=False)}"
        )


def is_steady(plan: Plan, expected: Expectations) -> bool:
    """Whether the open workloads never change their rates."""
    workloads = plan.workloads
    return all(
        workloads.shape[row] != Shape.REPLAY and math.isinf(workloads.ramp_duration_s[workloads.first_ramp[row]])
        for row in np.flatnonzero(expected.rates > 0.0)
    )


def _fate(plan: Plan, expected: Expectations, unit: int, when: str, *, full: bool) -> str:
    """What becomes of what is too much."""
    if plan.units.concurrency[unit] != UNLIMITED and plan.units.queue_capacity[unit] != UNLIMITED:
        return f"it rejects requests {when}"
    keepers = _keepers(plan, expected, unit)
    if keepers is not None:
        return f"it cannot serve all that comes {when}; {' and '.join(keepers)}"
    if full and _is_regular(plan, expected):
        return "it is busy all the time; as long as nothing varies nobody waits, and anything that does makes them wait"
    if _is_left_alone(plan, expected, unit):
        return (
            f"it cannot serve all that comes {when}; its queue grows until callers run out of time, who then leave out"
            " their later calls"
        )
    return f"unstable, its queue grows {when}"


def _is_left_alone(plan: Plan, expected: Expectations, unit: int) -> bool:
    """Whether a unit is asked for too much only until its callers' time runs out, since then they ask for less."""
    return _is_over(expected, expected, unit) and not _is_over(swamped(plan, unit), expected, unit)


def _is_over(asked: Expectations, able: Expectations, unit: int) -> bool:
    cores, slots = (asked.rates @ asked.demand)[unit], (asked.rates @ asked.held)[unit]
    close = 1.0 - _CLOSE
    return bool(cores >= able.capacity[unit] * close or slots >= able.slots[unit] * close)


def _keepers(plan: Plan, expected: Expectations, unit: int) -> list[str] | None:
    """What keeps the queue of a unit short, on the side of all its callers; None if some are kept by nothing."""
    asked = expected.rates @ expected.calls
    at_unit = plan.services.unit[plan.endpoints.service[plan.calls.target]] == unit
    found: dict[str, None] = {}
    for call in np.flatnonzero(at_unit & (plan.calls.remote == 1) & (asked > 0.0)).tolist():
        keeper = _keeper(plan, call)
        if keeper is None:
            return None
        found[keeper] = None
    return list(found)


def _keeper(plan: Plan, call: int) -> str | None:
    """What keeps short the queue that a call adds to."""
    sends = find_sends(plan)
    policies = np.flatnonzero(plan.policies.call == call)
    guards = [one for one in GUARDS if one.keeps_short and call not in sends and (one.rows(plan)[policies] >= 0).any()]
    for guard in guards:
        if guard.bounds:
            return guard.keeps_short
    patience = plan.patience
    if np.any((patience.call == call) & (patience.propagates == 1)):
        return "what is too late for its callers is dropped"
    if guards:
        return guards[0].keeps_short
    caller = int(plan.calls.caller[call])
    if caller < 0 or call in sends or math.isfinite(plan.calls.timeout[call]) or policies.size:
        return None
    own = plan.services.unit[caller]
    return (
        None
        if plan.units.concurrency[own] == UNLIMITED
        else f"who waits holds a slot of {plan.units.name[own]}, where requests queue instead"
    )


def _is_regular(plan: Plan, expected: Expectations) -> bool:
    """Whether all requests are alike and come at equal distances, of one workload."""
    rows = np.flatnonzero(expected.rates > 0.0)
    drawn = {Op.MAYBE, Op.CHOOSE}
    return bool(
        rows.size == 1
        and plan.workloads.shape[rows[0]] == Shape.EVEN
        and (plan.distributions.kind == Dist.CONSTANT).all()
        and not drawn & set(plan.programs.op.tolist())
        and not may_fail(plan)
    )
