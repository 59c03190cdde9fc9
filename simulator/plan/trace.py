"""The Trace: what happened in one replication, as columns; the same columns from every engine.

Time is cut at `edges`: 0, the horizon, every 1/200 of it, and the warmup where that is not one of them. What
happened is tallied by the bin between two edges, so that statistics from any cut on need no second run.
Two sorts of bins: by *when it happened* (levels, endings) and by *when its request arrived* (visits, outcomes,
endpoints, breakdown): the statistics of a run are those of the requests that arrive in its span.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .layout import Outcome
from .plan import Floats, Integers
from .waits import WaitLog, make_waits

BINS = 200
LOST = len(Outcome)
"""What became of a `send` whose message is lost, beside the outcomes: a column of `Trace.sends`."""


def make_edges(duration_s: float, warmup_s: float | None) -> Floats:
    """The cuts of a run, ascending, from 0 to the horizon, the warmup among them."""
    grid = np.arange(BINS + 1) * duration_s / BINS
    return np.unique(to_the_nanosecond(np.append(grid, [] if warmup_s is None else [warmup_s])))


def to_the_nanosecond(seconds: Floats) -> Floats:
    """Differences and sums of times in seconds, without what rounding made of them (rule 1.4)."""
    return np.rint(seconds * 1e9) / 1e9


class Level(IntEnum):
    """Columns of `Trace.levels`: integrals over time since 0."""

    BUSY = 0  # core-seconds
    WAITING = 1  # request-seconds, for a slot or a core


class Count(IntEnum):
    """Columns of `Trace.counts`: how many since 0."""

    BEGUN = 0  # visits that arrived, the rejected ones too
    ENDED = 1  # visits that ended in any way
    FAILED = 2  # visits that ended in error or were rejected


class Waste(IntEnum):
    """Columns of `Trace.wasted`: seconds of work after nobody waited for it any more (rule 12.16)."""

    CPU = 0  # core-seconds
    SLEEP = 1


class Visits(IntEnum):
    """Columns of `Trace.visits`: sums over visits that a handler ended (rejected ones have no times: rule 11.4)."""

    NUMBER = 0
    WAITING = 1  # seconds for a slot and for cores
    SERVICE = 2  # seconds of own cpu and sleep


class Tally(IntEnum):
    """Columns of `Trace.tallies`: sums over calls that somebody waited for, and which ended."""

    NUMBER = 0
    FAILED = 1
    LATENCY = 2  # seconds, of those that ended ok or degraded


@dataclass(frozen=True, eq=False)
class RequestLog:
    """One row a request in the order of arrival. Unfinished ones have no end (NaN; rule 2.4)."""

    request: Integers  # number; of a closed workload user x 2**32 + cycle
    workload: Integers
    entry: Integers  # row of Workloads.entry_call
    arrival_s: Floats
    end_s: Floats
    outcome: Integers
    cause_outcome: Integers  # of the innermost failure; OK where there was none
    cause_service: Integers  # -1 where there was none
    attempts: Integers  # tries at calls made for it, its own first

    @property
    def latency_s(self) -> Floats:
        """From its arrival to its end, in any outcome."""
        return to_the_nanosecond(self.end_s - self.arrival_s)


@dataclass(frozen=True, eq=False)
class CallLog:
    """One row a call that somebody waited for, in the order of their ends."""

    entry: Integers
    endpoint: Integers
    arrival_s: Floats  # of its request
    start_s: Floats
    end_s: Floats
    outcome: Integers

    @property
    def latency_s(self) -> Floats:
        """From the beginning of its first try to its end."""
        return to_the_nanosecond(self.end_s - self.start_s)


@dataclass(frozen=True, eq=False)
class AttemptLog:
    """One row an attempt (a span), in the order of their starts. Unfinished ones have no end (NaN)."""

    row: Integers  # of its request in RequestLog
    span: Integers  # numbered within the request, the edge is 0
    parent: Integers  # span of the caller, -1 at the edge
    call: Integers
    replica: Integers  # of the target's unit, -1: none was ready
    attempt: Integers  # 0: the first try
    start_s: Floats
    end_s: Floats
    outcome: Integers


@dataclass(frozen=True, eq=False)
class Trace:
    """What happened in one replication. B bins, S services, U units, W workloads, E endpoints, N entries.

    Arrays by edge are cumulative (B + 1 rows, the first of zeros); arrays by bin are sums (B rows).
    """

    engine: str
    seed: int
    replication: int
    digest: str
    detail: str
    edges: Floats  # B + 1
    levels: Floats  # B + 1, S, Level
    counts: Integers  # B + 1, S, Count
    open_breakers: Floats  # B + 1, S: breaker-seconds in which those towards a service let nobody pass
    replicas: Floats  # B + 1, U: replica-seconds, as paid for
    ready: Floats  # B + 1, U: replica-seconds, of those that are ready
    arrived: Integers  # B + 1, W: requests
    ended: Integers  # B + 1, W, 2: requests that ended; that ended ok or degraded
    visits: Floats  # B, S, Visits: by arrival of the request
    tries: Integers  # B, S: attempts at a service, by arrival of the request
    wasted: Floats  # B, S, Waste: by when it happened
    outcomes: Integers  # B, W, Outcome: by arrival of the request
    tallies: Floats  # B, N, E, Tally: by arrival of the request
    breakdown: Floats  # B, S, Component: seconds on critical paths of ok and degraded requests, by arrival
    latency_s: Floats  # of ok and degraded requests, in the order of their ends
    latency_arrival_s: Floats  # of the same requests
    latency_bin: NDArray[np.int32]  # the bin in which each of those arrived
    latency_workload: NDArray[np.int32]
    requests: RequestLog | None  # from detail "requests" on
    calls: CallLog | None  # from detail "requests" on
    attempts: AttemptLog | None  # with detail "attempts"
    events: int
    # What no request's outcome tells; empty where the plan has nothing of the kind.
    sends: Integers = field(default_factory=lambda: np.zeros((0, 0, LOST + 1), np.int64))
    """B, `sends_of`, Outcome and LOST: by arrival of the request."""
    chosen: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    """Attempts that the balancer gave each replica, unit by unit."""
    shut_since_s: Floats = field(default_factory=lambda: np.zeros(0))
    """Of breakers, row by row, since when HALF_OPEN admits nobody at the end (NaN: it is not so)."""
    shut_calls: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    """The permitted calls that such a breaker has no result of."""
    waits: WaitLog = field(default_factory=lambda: make_waits(()))
