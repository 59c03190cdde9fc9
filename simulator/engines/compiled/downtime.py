"""What each word is of the records of what goes wrong: written once, by `outages.py`. Fields that are floats say so."""

from __future__ import annotations

from typing import NamedTuple


class _Fault(NamedTuple):
    """A fault that acts by the time alone; lists of references to them end with 0."""

    KIND: int = 0
    AT: int = 1
    UNTIL: int = 2
    REPLICAS: int = 3  # those with the lowest numbers
    FACTOR: int = 4  # float
    CHANCE: int = 5  # float
    DELAY: int = 6
    STREAM: int = 7
    SIZE: int = 8


Fault = _Fault()


class _Strike(NamedTuple):
    """A kill or a pause of one replica."""

    GENERATION: int = 0
    REPLICA: int = 1
    ROW: int = 2  # of the fault
    PAUSES: int = 3  # 1: it is a pause, 0: a kill
    AT: int = 4
    UNTIL: int = 5
    DEATHS: int = 6  # of the replica, when the pause began
    SIZE: int = 7


Strike = _Strike()


class _Process(NamedTuple):
    """How one replica fails by chance, for one of its services."""

    GENERATION: int = 0
    REPLICA: int = 1
    ROW: int = 2  # counted on from the faults
    UP: int = 3  # a law, as the other two
    UP_STREAM: int = 4
    REPAIR: int = 5
    REPAIR_STREAM: int = 6
    STARTUP: int = 7
    STARTUP_STREAM: int = 8
    CYCLE: int = 9
    SIZE: int = 10


Process = _Process()


class _Startup(NamedTuple):
    """One of the times of which the longest is how long a replica takes to start."""

    LAW: int = 0
    STREAM: int = 1
    SIZE: int = 2


Startup = _Startup()


class _State(NamedTuple):
    """The state of a policy that every replica of a unit has: where it is, and how it is at first."""

    WHERE: int = 0  # of replica 0
    WORDS: int = 1
    FRESH: int = 2
    BREAKER: int = 3  # 1: it is a breaker, whose time in OPEN goes on to count
    SIZE: int = 4


State = _State()


class _Order(NamedTuple):
    """What comes first of the control events of one instant (rule 14.9)."""

    BEGIN: int = 1
    END: int = 2
    READY: int = 3
    KNOWN: int = 4


Order = _Order()
