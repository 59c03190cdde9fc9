"""Faults that act by the time alone: on messages, and on how long steps take (rules 14.8 and 14.12 to 14.17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...plan.layout import FaultKind
from ...plan.plan import Plan
from ...rules.nanoseconds import NEVER, all_nanoseconds
from ...rules.randomness import uniform
from .units import Unit


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong for a time."""

    row: int
    kind: FaultKind
    at: int
    until: int
    unit: Unit
    replicas: int
    factor: float
    chance: float
    delay: int
    stream: int

    def is_on(self, time: int) -> bool:
        """Whether it acts at a time (rule 14.8)."""
        return self.at <= time < self.until


def make_faults(plan: Plan, units: list[Unit]) -> list[Fault]:
    """The faults of a plan."""
    f = plan.faults
    at, until, delay = map(all_nanoseconds, (f.at_s, f.until_s, f.delay_s))
    columns = (f.kind, at, until, f.unit, f.replicas, f.factor, f.chance, delay, f.stream)
    return [
        Fault(row, FaultKind(kind), at, until, units[unit], *rest)
        for row, (kind, at, until, unit, *rest) in enumerate(zip(*(c.tolist() for c in columns), strict=True))
    ]


def is_cut(faults: Sequence[Fault], time: int) -> bool:
    """Whether a message that is sent at a time vanishes (rule 14.17)."""
    return any(fault.kind is FaultKind.PARTITION and fault.is_on(time) for fault in faults)


def delayed(faults: Sequence[Fault], latency: int, key: int, address: int, now: int) -> int:
    """Nanoseconds that a message takes that is sent now (rule 14.16)."""
    for fault in faults:
        late = fault.kind is FaultKind.DELAY and fault.is_on(now)
        if late and uniform(key, address, fault.stream, 0) < fault.chance:
            latency = min(latency + fault.delay, NEVER)
    return latency


def is_aborted(faults: Sequence[Fault], number: int, key: int, address: int, now: int) -> bool:
    """Whether an attempt at the replica of this number that is sent now fails on the way (rule 14.15)."""
    return any(
        fault.kind is FaultKind.ABORT
        and fault.is_on(now)
        and number < fault.replicas
        and uniform(key, address, fault.stream, 0) < fault.chance
        for fault in faults
    )


def slowed(faults: Sequence[Fault], number: int, seconds: float, now: int) -> float:
    """Seconds that a step takes that begins now at the replica of this number (rule 14.12)."""
    for fault in faults:
        if fault.is_on(now) and number < fault.replicas:
            seconds *= fault.factor
    return seconds
