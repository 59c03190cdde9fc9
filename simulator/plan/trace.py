"""The Trace: what happened in one replication, as columns; the same columns from every engine.

Time is cut at `edges`: 0, the horizon, every 1/200 of it, and the warmup where that is not one of them. What
happened is tallied by the bin between two edges, so that statistics from any cut on need no second run. What there is
to tally is in `measures.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_type_hints

import numpy as np
from numpy.typing import NDArray

from .columns import Floats, Integers
from .measures import Measures
from .waits import WaitLog, make_waits

BINS = 200


def make_edges(duration_s: float, warmup_s: float | None) -> Floats:
    """The cuts of a run, ascending, from 0 to the horizon, the warmup among them."""
    grid = np.arange(BINS + 1) * duration_s / BINS
    return np.unique(to_the_nanosecond(np.append(grid, [] if warmup_s is None else [warmup_s])))


def to_the_nanosecond(seconds: Floats) -> Floats:
    """Differences and sums of times in seconds, without what rounding made of them (rule 1.4)."""
    return np.rint(seconds * 1e9) / 1e9


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
class SendLog:
    """One row a `send`, in the order of their starts; from detail "requests" on. What was lost has no end (NaN)."""

    call: Integers
    arrival_s: Floats  # of its request
    start_s: Floats  # when it was sent
    end_s: Floats
    outcome: Integers

    @property
    def latency_s(self) -> Floats:
        """From the sending to the end at the target."""
        return to_the_nanosecond(self.end_s - self.start_s)


@dataclass(frozen=True, eq=False)
class SettleLog:
    """One row a request that was not settled when it ended (rule 11.24), in the order of their ends; at any detail.

    All others are settled at their ends, but for the unfinished ones.
    """

    row: Integers  # in RequestLog, -1 where that is not kept
    workload: Integers
    bin: Integers  # in which it arrived
    served: Integers  # its row in `Trace.latency_s`; -1: it failed
    completion_s: Floats  # NaN: it was not settled when the run ended


def no_settling() -> SettleLog:
    """The log where all requests were settled at their ends."""
    none = np.zeros(0, np.int64)
    return SettleLog(none, none, none, none, np.zeros(0))


def times_in(log: type) -> Mapping[str, bool]:
    """The columns of a log, and whether each of them is times."""
    return {name: kind == Floats for name, kind in get_type_hints(log).items()}


@dataclass(frozen=True, eq=False, kw_only=True)
class Trace(Measures[Integers, Floats]):
    """What happened in one replication: each measure (`measures.py`), latencies, and logs.

    Arrays by edge are cumulative (B + 1 rows for B bins, the first of zeros); arrays by bin are sums (B rows).
    """

    engine: str
    seed: int
    replication: int
    digest: str
    detail: str
    edges: Floats  # B + 1
    replicas: Floats  # B + 1, units: replica-seconds, as paid for
    latency_s: Floats  # of ok and degraded requests, in the order of their ends
    latency_arrival_s: Floats  # of the same requests
    latency_bin: NDArray[np.int32]  # the bin in which each of those arrived
    latency_workload: NDArray[np.int32]
    requests: RequestLog | None  # from detail "requests" on
    calls: CallLog | None  # from detail "requests" on
    attempts: AttemptLog | None  # with detail "attempts"
    events: int
    sent: SendLog | None = None  # from detail "requests" on
    settling: SettleLog = field(default_factory=no_settling)
    # What no request's outcome tells; empty where the plan has nothing of the kind.
    chosen: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    """Attempts that the balancer gave each replica, unit by unit."""
    shut_since_s: Floats = field(default_factory=lambda: np.zeros(0))
    """Of breakers, row by row, since when HALF_OPEN admits nobody at the end (NaN: it is not so)."""
    shut_calls: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    """The permitted calls that such a breaker has no result of."""
    waits: WaitLog = field(default_factory=lambda: make_waits(()))
