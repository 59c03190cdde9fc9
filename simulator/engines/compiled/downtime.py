"""The records of what goes wrong, which are written once, by `outages.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...machine_code.records import Nanoseconds, Record, Ref, field
from ...plan.layout import FaultKind
from .layout import Owner

if TYPE_CHECKING:
    from .layout import Law, Replica


class Fault(Record):
    """A fault that acts by the time alone."""

    kind: int = field(codes=FaultKind)
    at: Nanoseconds
    until: Nanoseconds
    replicas: int  # those with the lowest numbers
    factor: float
    chance: float
    delay: Nanoseconds
    stream: int


class Strike(Owner):
    """A kill or a pause of one replica."""

    replica: Ref[Replica]
    row: int  # of the fault
    pauses: bool  # else it kills
    at: Nanoseconds
    until: Nanoseconds
    deaths: int  # of the replica, when the pause began


class Process(Owner):
    """How one replica fails by chance, for one of its services."""

    replica: Ref[Replica]
    row: int  # counted on from the faults
    up: Ref[Law]
    up_stream: int
    repair: Ref[Law]
    repair_stream: int
    startup: Ref[Law]
    startup_stream: int
    cycle: int


class Startup(Record):
    """One of the times of which the longest is how long a replica takes to start."""

    law: Ref[Law]
    stream: int


class State(Record):
    """The state of a policy that every replica of a unit has: where it is, and how it is at first."""

    where: int  # of replica 0
    words: int
    fresh: int
    breaker: bool  # whose time in OPEN goes on to count


class _Order(NamedTuple):
    """What comes first of the control events of one instant (rule 14.9)."""

    BEGIN: int = 1
    END: int = 2
    READY: int = 3
    KNOWN: int = 4


Order = _Order()
