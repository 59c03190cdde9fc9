"""Where more may hurt: what each replica of a unit has of its own, or what a small unit protects (rule 13.5)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...compiler.policies import GUARDS
from ...plan.columns import Integers
from ...plan.layout import UNLIMITED, Op
from ...plan.plan import Plan
from ...plan.walker import endpoint_of_rows


@dataclass(frozen=True)
class Doubt:
    """Why more of a unit may hurt.

    `own` is whether each replica brings a limit of its own, so that one more of them raises what is let through;
    else a unit holds back by its size alone.
    """

    unit: int
    why: str
    own: bool


def find_doubts(plan: Plan, sized: Sequence[int]) -> tuple[Doubt, ...]:
    """The first doubt of each sized unit that has one, those of limits of its own first."""
    found = [next(_doubts(plan, unit, sized), None) for unit in sized]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: not one.own))


def _doubts(plan: Plan, unit: int, sized: Sequence[int]) -> Iterator[Doubt]:
    name = plan.units.name[unit]
    caller = _caller_units(plan)
    yield from (Doubt(unit, why, own=True) for why in _of_each_replica(plan, unit, caller))
    for service, what in _protected(plan, _behind(plan, unit, caller), unit, sized):
        if plan.units.concurrency[unit] != UNLIMITED:
            yield Doubt(unit, f"the slots of {name} hold back what {service} {what}", own=True)
        yield Doubt(unit, f"a smaller {name} holds back what {service} {what}", own=False)


def _caller_units(plan: Plan) -> Integers:
    """The unit of each call's caller, -1 of a workload's."""
    caller = plan.calls.caller
    return np.where(caller >= 0, plan.services.unit[caller], -1)


def _of_each_replica(plan: Plan, unit: int, caller: Integers) -> Iterator[str]:
    """What is counted by caller replica (rule 12.13), or by the replicas that there are (12.30)."""
    name, policies = plan.units.name[unit], plan.policies
    mine = caller[policies.call] == unit
    for row in np.flatnonzero(mine).tolist():
        target = plan.services.name[plan.endpoints.service[plan.calls.target[policies.call[row]]]]
        for guard in sorted(GUARDS, key=lambda one: not one.bounds):
            if (state := int(guard.rows(plan)[row])) >= 0:
                yield f"each replica of {name} {guard.own(plan, state, target)}"
    if unit in plan.detectors.unit:
        yield f"of more replicas of {name} more may be ejected"


def _behind(plan: Plan, unit: int, caller: Integers) -> list[int]:
    """Calls through the network that a unit causes, directly or not; nearest first."""
    host = plan.services.unit[plan.endpoints.service[plan.calls.target]]
    found: list[int] = []
    seen, level = {unit}, [unit]
    while level:
        calls = np.flatnonzero((plan.calls.remote == 1) & np.isin(caller, level)).tolist()
        found += calls
        level = sorted({int(host[call]) for call in calls} - seen)
        seen |= set(level)
    return found


def _protected(plan: Plan, calls: Sequence[int], unit: int, sized: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Services behind a unit that turn visits away, or of which callers tire, though they do not grow with it."""
    units, cut = plan.units, plan.calls.timeout.copy()
    np.minimum.at(cut, plan.policies.call, plan.policies.per_try_s)
    for call in calls:
        service = int(plan.endpoints.service[plan.calls.target[call]])
        host, name = int(plan.services.unit[service]), plan.services.name[service]
        bounded = units.concurrency[host] != UNLIMITED
        if bounded and units.queue_capacity[host] != UNLIMITED and host != unit:
            yield name, "would turn away"
        elif service in plan.limiters.service:
            yield name, "has no permits for"
        elif host not in sized and math.isfinite(cut[call]) and (bounded or _waits_for_cores(plan, host)):
            yield name, "would answer too late"


def _waits_for_cores(plan: Plan, unit: int) -> bool:
    """Whether a unit's visits ask for cores at all."""
    owner = endpoint_of_rows(plan)[plan.programs.op == Op.CPU]
    return bool((plan.services.unit[plan.endpoints.service[owner]] == unit).any())
