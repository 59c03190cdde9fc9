"""What became of each request with the fault, beside what became of it without (rules 15.5 to 15.7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...plan.layout import GOOD, Outcome
from ...plan.plan import Floats, Integers
from ...plan.trace import RequestLog

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fates:
    """Requests of one run, in the order of their identity (workload, number)."""

    workload: Integers
    request: Integers
    entry: Integers
    arrival_s: Floats
    latency_s: Floats  # NaN of those that did not end well
    outcome: Integers
    attempts: Integers

    @property
    def good(self) -> Flags:
        """Those that ended ok or degraded."""
        return np.asarray(self.outcome <= GOOD)

    def in_time(self, limits: Floats) -> Flags:
        """Those that ended ok or degraded within the limit of their entry, in seconds."""
        return self.good & ~(self.latency_s > limits[self.entry])

    def take(self, rows: NDArray[np.intp]) -> Fates:
        """Some of them."""
        return Fates(**{name: column[rows] for name, column in vars(self).items()})


def read_fates(log: RequestLog) -> Fates:
    """Of a log of requests, in whatever order."""
    order = np.lexsort((log.request, log.workload))
    latency = np.where(log.outcome <= GOOD, log.end_s - log.arrival_s, np.nan)
    fates = Fates(log.workload, log.request, log.entry, log.arrival_s, latency, log.outcome, log.attempts)
    return fates.take(order)


@dataclass(frozen=True, eq=False)
class Pairs:
    """The same requests in both runs, row by row, and those that only one of them has.

    An open workload has the same requests in both. A user who waits longer asks less often.
    """

    calm: Fates
    faulty: Fates
    not_asked: Fates  # of the run without the fault
    asked_more: Fates  # of the run with it


def pair_requests(calm: Fates, faulty: Fates) -> Pairs:
    """Match two runs by the identity of their requests."""
    mine, theirs = _identity(calm), _identity(faulty)
    _, left, right = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    alone = [np.setdiff1d(np.arange(one.size), rows) for one, rows in ((mine, left), (theirs, right))]
    return Pairs(calm.take(left), faulty.take(right), calm.take(alone[0]), faulty.take(alone[1]))


def _identity(fates: Fates) -> NDArray[np.void]:
    """Workload and number as one value that can be compared."""
    both = np.empty(fates.request.size, dtype=[("workload", np.int64), ("request", np.int64)])
    both["workload"], both["request"] = fates.workload, fates.request
    return both


@dataclass(frozen=True)
class Counts:
    """Requests of one replication that the fault has changed."""

    lost: int  # served without it, not with it
    degraded: int  # ok without it, degraded with it
    late: int  # in time without it, served too late with it
    gained: int  # served with it, not without
    not_asked: int
    asked_more: int


def count_pairs(pairs: Pairs, limits: Floats, entry: int | None = None) -> Counts:
    """How many are lost, degraded, late; of all, or of one entry.

    Parameters
    ----------
    limits
        Seconds by entry from which on an answer is late.
    """
    calm, faulty = pairs.calm, pairs.faulty
    here = np.ones(calm.entry.size, dtype=bool) if entry is None else calm.entry == entry
    late = calm.in_time(limits) & faulty.good & ~faulty.in_time(limits)
    worse = (calm.outcome == Outcome.OK) & (faulty.outcome == Outcome.DEGRADED)
    alone = [
        one.entry.size if entry is None else np.count_nonzero(one.entry == entry)
        for one in (pairs.not_asked, pairs.asked_more)
    ]
    changes = (calm.good & ~faulty.good, worse, late, faulty.good & ~calm.good)
    return Counts(*(int(np.count_nonzero(one & here)) for one in changes), *map(int, alone))


def attempts_ratio(pairs: Pairs, since_s: float, until_s: float) -> float:
    """Tries made for the requests that arrive in a span, by those made for them without the fault; NaN of none."""
    here = (pairs.calm.arrival_s >= since_s) & (pairs.calm.arrival_s < until_s)
    before = int(pairs.calm.attempts[here].sum())
    return float(pairs.faulty.attempts[here].sum()) / before if before else np.nan
