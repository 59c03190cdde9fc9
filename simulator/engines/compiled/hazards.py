"""Faults that act by the time alone: on messages, and on how long steps take (rules 14.12 and 14.14 to 14.17)."""

from __future__ import annotations

from ...plan.layout import FaultKind
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.nanoseconds import NEVER
from ...rules.randomness import uniform
from .downtime import Fault
from .flight import Exchange
from .layout import Call, Replica, World

ABORT, DELAY, PARTITION = int(FaultKind.ABORT), int(FaultKind.DELAY), int(FaultKind.PARTITION)


@kernel
def is_on(m: Words, fault: int, time: int) -> bool:
    """Whether a fault acts at a time (rule 14.8)."""
    return m[fault + Fault.AT] <= time < m[fault + Fault.UNTIL]


@kernel
def chance_falls(m: Words, f: Floats, fault: int, address: int) -> bool:
    """Whether a fault happens to an attempt."""
    return uniform(m[World.KEY], address, m[fault + Fault.STREAM], 0) < f[fault + Fault.CHANCE]


@subroutine
def is_cut(m: Words, call: int, time: int) -> bool:
    """Whether a message that is sent at a time vanishes (rule 14.17)."""
    place = m[call + Call.FAULTS]
    while m[place] != 0:
        if m[m[place] + Fault.KIND] == PARTITION and is_on(m, m[place], time):
            return True
        place += 1
    return False


@subroutine
def delayed(m: Words, f: Floats, exchange: int, latency: int) -> int:
    """How long a message takes that is sent now (rule 14.16)."""
    place, address = m[m[exchange + Exchange.CALL] + Call.FAULTS], m[exchange + Exchange.ADDRESS]
    while m[place] != 0:
        fault = m[place]
        late = m[fault + Fault.KIND] == DELAY and is_on(m, fault, m[World.NOW])
        if late and chance_falls(m, f, fault, address):
            latency = min(latency + m[fault + Fault.DELAY], NEVER)
        place += 1
    return latency


@subroutine
def is_aborted(m: Words, f: Floats, exchange: int) -> bool:
    """Whether an attempt that is sent now fails on the way (rule 14.15)."""
    place, address = m[m[exchange + Exchange.CALL] + Call.FAULTS], m[exchange + Exchange.ADDRESS]
    number = m[m[exchange + Exchange.REPLICA] + Replica.NUMBER]
    while m[place] != 0:
        fault = m[place]
        here = m[fault + Fault.KIND] == ABORT and number < m[fault + Fault.REPLICAS]
        if here and is_on(m, fault, m[World.NOW]) and chance_falls(m, f, fault, address):
            return True
        place += 1
    return False


@subroutine
def slowed(m: Words, f: Floats, place: int, replica: int, seconds: float) -> float:
    """Seconds, not rounded yet, that a step takes that begins now; `place` lists what may slow it (rule 14.12)."""
    while m[place] != 0:
        fault = m[place]
        if m[replica + Replica.NUMBER] < m[fault + Fault.REPLICAS] and is_on(m, fault, m[World.NOW]):
            seconds *= f[fault + Fault.FACTOR]
        place += 1
    return seconds
