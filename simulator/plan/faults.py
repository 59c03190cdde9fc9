"""Failures and faults of a plan in words, for `explain`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .columns import duration
from .layout import FaultKind
from .plan import Plan

DescribeTime = Callable[[Plan, int], str]
"""(plan, row of a distribution) to words."""


def describe_recovery(plan: Plan, unit: int, describe_time: DescribeTime) -> str:
    """What follows the death of a replica of a unit; empty if there is nothing to say."""
    what = []
    laws = plan.startups.law[plan.startups.unit == unit].tolist()
    if laws:
        longest = "the longest of " if len(laws) > 1 else ""
        what.append(f"starts in {longest}{' and '.join(describe_time(plan, law) for law in laws)}")
    seconds = plan.health.known_after_s[plan.health.unit == unit].tolist()
    what += [f"a death is known after {duration(after)}" for after in seconds]
    return ", ".join(what)


def describe_downtime(plan: Plan, service: int, describe_time: DescribeTime) -> str:
    """How each replica that hosts a service fails by chance; empty if it does not."""
    for row in np.flatnonzero(plan.failures.service == service).tolist():
        up, repair = int(plan.failures.up[row]), int(plan.failures.repair[row])
        return f"each replica fails: up {describe_time(plan, up)}, repair {describe_time(plan, repair)}"
    return ""


def describe_fault(plan: Plan, row: int) -> str:
    """When a fault is, what it does, and to whom."""
    faults = plan.faults
    at, until = float(faults.at_s[row]), float(faults.until_s[row])
    lasts = f" for {duration(until - at)}" if until > at else ""
    return f"at {duration(at)}{lasts}: {faults.name[row]}: {_what(plan, row)}"


def _what(plan: Plan, row: int) -> str:
    faults = plan.faults
    kind, some = FaultKind(int(faults.kind[row])), _some(plan, row)
    chance = f"{float(faults.chance[row]) * 100.0:.4g}%"
    if kind == FaultKind.KILL:
        return f"{some} down"
    if kind == FaultKind.PAUSE:
        return f"the cores of {some} stand still"
    if kind == FaultKind.SLOW:
        return f"cpu and sleep take {float(faults.factor[row]):g} times as long, in {some}"
    if kind == FaultKind.ABORT:
        return f"{chance} of the attempts fail, at {some}; {_calls(plan, row)}"
    if kind == FaultKind.DELAY:
        return f"{chance} of the messages are {duration(float(faults.delay_s[row]))} late; {_calls(plan, row)}"
    return f"messages vanish, both ways; {_calls(plan, row)}"


def _some(plan: Plan, row: int) -> str:
    unit, hit = int(plan.faults.unit[row]), int(plan.faults.replicas[row])
    name, has = plan.units.name[unit], int(plan.units.replicas[unit])
    if hit == has:
        return f"all replicas of {name} ({has})"
    return f"{hit} of the {has} replicas of {name}"


def _calls(plan: Plan, row: int) -> str:
    """The calls that a fault of the network is on the way of."""
    calls = plan.crossings.call[plan.crossings.fault == row].tolist()
    if not calls:
        return "no call crosses the network: it does nothing"
    return "calls " + ", ".join(plan.calls.name[call] for call in calls)
