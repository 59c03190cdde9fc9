"""The measures: what is counted and timed while a run goes on, each of them declared once.

A declaration says of what a measure is and when it counts; its type says whether it is times or a number. From that
follow the columns of a Trace, the lists of the reference engine, the tallies of the compiled one, and the sums over a
span: each of them is a `Measures` of something. Where it happens is for each engine to say.

A run is cut into bins (`trace.py`). By edge: cumulative since 0, one row an edge of a bin, the first of zeros. By
arrival and by time: sums, one row a bin, that in which the request arrived or in which it happened. Engines keep times
in nanoseconds, a Trace has seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, EnumType, IntEnum, auto
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from .callees import callees_of
from .layout import Component, Outcome
from .plan import Plan
from .waits import sends_of

Counts = TypeVar("Counts")
Times = TypeVar("Times")

LOST = len(Outcome)
"""What became of a `send` whose message is lost, beside the outcomes: a column of `sends`."""


class Level(IntEnum):
    """Columns of `levels`: integrals over time since 0."""

    BUSY = 0  # core-seconds
    WAITING = 1  # request-seconds, for a slot or a core


class Count(IntEnum):
    """Columns of `counts`: how many since 0."""

    BEGUN = 0  # visits that arrived, the rejected ones too
    ENDED = 1  # visits that ended in any way
    FAILED = 2  # visits that ended in error or were rejected


class Ended(IntEnum):
    """Columns of `ended`: how many since 0."""

    ALL = 0
    SERVED = 1  # ok or degraded


class Waste(IntEnum):
    """Columns of `wasted`: work after nobody waited for it any more (rule 12.16)."""

    CPU = 0  # core-seconds
    SLEEP = 1


class Visits(IntEnum):
    """Columns of `visits`: sums over visits that a handler ended (rejected ones have no times: rule 11.4)."""

    NUMBER = 0
    WAITING = 1  # for a slot and for cores
    SERVICE = 2  # own cpu and sleep


class Tally(IntEnum):
    """Columns of `tallies`: sums over calls that somebody waited for, and which ended."""

    NUMBER = 0
    FAILED = 1
    LATENCY = 2  # of those that ended ok or degraded


# -- of what


def services(plan: Plan) -> int:
    """One a service."""
    return len(plan.services.name)


def units(plan: Plan) -> int:
    """One a unit."""
    return len(plan.units.name)


def workloads(plan: Plan) -> int:
    """One a workload."""
    return len(plan.workloads.name)


def callees(plan: Plan) -> int:
    """One a row of `callees_of`: an entry, and an endpoint that its requests may call."""
    return callees_of(plan).entry.size


def sends(plan: Plan) -> int:
    """One a call of `sends_of`."""
    return sends_of(plan).size


Axis = Callable[[Plan], int] | type[IntEnum] | int
"""Things of a plan, named columns, or so many of them."""


class When(Enum):
    """In which row of a measure something counts."""

    EDGE = auto()
    ARRIVAL = auto()
    TIME = auto()


# -- the declarations


@dataclass(frozen=True)
class Measure:
    """A measure: when it counts and of what."""

    when: When
    of: tuple[Axis, ...]
    counts: tuple[int, ...] = ()
    """Columns that are numbers though the others are times."""
    shares: bool = False
    """Whether it is shares of times, so that its sums are no whole nanoseconds."""
    is_count: bool = False
    """Whether it is numbers alone."""

    @property
    def dtype(self) -> type[np.int64 | np.float64]:
        """Of its array."""
        return np.int64 if self.is_count else np.float64

    def shape(self, plan: Plan, bins: int) -> tuple[int, ...]:
        """That of its array in a run of so many bins."""
        return (bins + (self.when is When.EDGE), *(_length(axis, plan) for axis in self.of))

    def in_seconds(self, kept: NDArray[Any]) -> NDArray[Any]:
        """What an engine has kept, as a Trace has it: times in seconds, divided once; numbers as they are."""
        if self.is_count:
            return kept
        seconds = kept / 1e9
        for column in self.counts:
            seconds[..., column] = kept[..., column]
        return seconds

    def over(self, array: NDArray[Any], first: int) -> NDArray[Any]:
        """How much of it there was from an edge on to the end."""
        return np.asarray(array[-1] - array[first] if self.when is When.EDGE else array[first:].sum(axis=0))


def _length(axis: Axis, plan: Plan) -> int:
    if isinstance(axis, int):
        return axis
    return len(axis) if isinstance(axis, EnumType) else axis(plan)


def by_edge(*of: Axis) -> Measure:
    """Since 0, at each edge."""
    return Measure(When.EDGE, of)


def by_arrival(*of: Axis, counts: tuple[int, ...] = ()) -> Measure:
    """Of the requests that arrive in a bin: the statistics of a run are those of the requests of its span."""
    return Measure(When.ARRIVAL, of, counts)


def by_time(*of: Axis, shares: bool = False) -> Measure:
    """What happens in a bin."""
    return Measure(When.TIME, of, shares=shares)


@dataclass(frozen=True, eq=False, kw_only=True)
class Measures(Generic[Counts, Times]):
    """Something of each measure: arrays of integers and of floats, lists, or where they are in a memory."""

    levels: Annotated[Times, by_edge(services, Level)]
    counts: Annotated[Counts, by_edge(services, Count)]
    open_breakers: Annotated[Times, by_edge(services)]
    """Breaker-seconds in which those towards a service let nobody pass (rule 11.12)."""
    ready: Annotated[Times, by_edge(units)]
    """Replica-seconds, of those that are ready (rule 14.18)."""
    arrived: Annotated[Counts, by_edge(workloads)]
    """Requests."""
    ended: Annotated[Counts, by_edge(workloads, Ended)]
    """Requests."""
    visits: Annotated[Times, by_arrival(services, Visits, counts=(Visits.NUMBER,))]
    tries: Annotated[Counts, by_arrival(services)]
    """Attempts at a service (rule 11.11)."""
    wasted: Annotated[Times, by_time(services, Waste, shares=True)]
    outcomes: Annotated[Counts, by_arrival(workloads, Outcome)]
    """How requests ended (rule 2.1)."""
    tallies: Annotated[Times, by_arrival(callees, Tally, counts=(Tally.NUMBER, Tally.FAILED))]
    breakdown: Annotated[Times, by_arrival(services, Component)]
    """On critical paths of ok and degraded requests (rule 11.5)."""
    sends: Annotated[Counts, by_arrival(sends, LOST + 1)]
    """What became of each `send`: Outcome and LOST, which no request's outcome tells (rule 11.17)."""
    sending: Annotated[Times, by_arrival(sends)]
    """From the sending to the end at the target, of those that ended ok or degraded."""


def _declared() -> Iterator[tuple[str, Measure]]:
    for name, hint in get_type_hints(Measures, include_extras=True).items():
        kind, measure = get_args(hint)
        yield name, replace(measure, is_count=kind is Counts)


MEASURES: Final[Mapping[str, Measure]] = dict(_declared())
"""Each of them by name."""
