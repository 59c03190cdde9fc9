"""Faults that act by the time alone: on messages, and on how long steps take (rules 14.12 and 14.14 to 14.17)."""

from __future__ import annotations

from ...machine_code.jit import kernel, serves, subroutine
from ...plan.layout import FaultKind
from ...rules.nanoseconds import NEVER
from ...rules.randomness import uniform
from .downtime import Fault
from .features import OUTAGES
from .flight import Exchange, Task
from .layout import Call

ABORT, DELAY, PARTITION = int(FaultKind.ABORT), int(FaultKind.DELAY), int(FaultKind.PARTITION)


@kernel
def is_on(fault: Fault, time: int) -> bool:
    """Whether a fault acts at a time (rule 14.8)."""
    return fault.at <= time < fault.until


@kernel
def chance_falls(fault: Fault, address: int) -> bool:
    """Whether a fault happens to an attempt."""
    return uniform(fault.world.key, address, fault.stream, 0) < fault.chance


@serves(OUTAGES)
@subroutine
def is_cut(call: Call, time: int) -> bool:
    """Whether a message that is sent at a time vanishes (rule 14.17)."""
    number = 0
    while call.faults[number]:
        fault = call.faults[number]
        if fault.kind == PARTITION and is_on(fault, time):
            return True
        number += 1
    return False


@serves(OUTAGES)
@subroutine
def delayed(exchange: Exchange, latency: int) -> int:
    """How long a message takes that is sent now (rule 14.16)."""
    faults, number = exchange.call.faults, 0
    while faults[number]:
        fault = faults[number]
        late = fault.kind == DELAY and is_on(fault, exchange.world.now)
        if late and chance_falls(fault, exchange.address):
            latency = min(latency + fault.delay, NEVER)
        number += 1
    return latency


@serves(OUTAGES)
@subroutine
def is_aborted(exchange: Exchange) -> bool:
    """Whether an attempt that is sent now fails on the way (rule 14.15)."""
    faults, number = exchange.call.faults, 0
    while faults[number]:
        fault = faults[number]
        here = fault.kind == ABORT and exchange.replica.number < fault.replicas
        if here and is_on(fault, exchange.world.now) and chance_falls(fault, exchange.address):
            return True
        number += 1
    return False


@serves(OUTAGES)
@subroutine
def slowed(task: Task, seconds: float) -> float:
    """Seconds, not rounded yet, that a step of a task takes that begins now at a slow service (rule 14.12)."""
    faults, number = task.service.slow, 0
    while faults[number]:
        fault = faults[number]
        if task.replica.number < fault.replicas and is_on(fault, task.world.now):
            seconds *= fault.factor
        number += 1
    return seconds
