"""What became of each request with the fault, beside what became of it without (rules 15.5 to 15.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...plan.columns import Floats, Integers
from ...plan.layout import GOOD, Outcome
from ...plan.trace import RequestLog

Flags = NDArray[np.bool_]
SECTIONS: Final = 10
"""Parts of a run, by arrival, of which what chance does is taken for independent."""


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
    latency = np.where(log.outcome <= GOOD, log.latency_s, np.nan)
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
    restored: int = 0  # degraded without it, ok with it
    sooner: int = 0  # too late without it, in time with it


def count_pairs(pairs: Pairs, limits: Floats, entry: int | None = None) -> Counts:
    """How many are lost, degraded, late, and the other way round; of all, or of one entry.

    Parameters
    ----------
    limits
        Seconds by entry from which on an answer is late.
    """
    calm, faulty = pairs.calm, pairs.faulty
    here = np.ones(calm.entry.size, dtype=bool) if entry is None else calm.entry == entry
    not_asked, asked_more = (
        one.entry.size if entry is None else int(np.count_nonzero(one.entry == entry))
        for one in (pairs.not_asked, pairs.asked_more)
    )
    (lost, degraded, late), (gained, restored, sooner) = (
        [int(np.count_nonzero(change & here)) for change in _worse(*order, limits)]
        for order in ((calm, faulty), (faulty, calm))
    )
    return Counts(lost, degraded, late, gained, not_asked, asked_more, restored, sooner)


def chance_variances(pairs: Pairs, limits: Floats, entry: int | None = None) -> dict[str, float]:
    """Variance that chance gives lost, degraded, late and not asked, less their reverse, as the reverse alone shows it.

    By chance the one is as large as the other; what is late at one time is late together, so that it goes by sections.
    """
    here = slice(None) if entry is None else np.flatnonzero(pairs.calm.entry == entry)
    changes = zip(_worse(pairs.calm, pairs.faulty, limits), _worse(pairs.faulty, pairs.calm, limits), strict=True)
    order = np.argsort(pairs.calm.arrival_s[here], kind="stable")
    found = []
    for worse, better in changes:
        net = (worse.astype(np.int64) - better)[here][order]
        sums = np.array([part.sum() for part in np.array_split(net, SECTIONS)], np.float64)
        found.append(2.0 * float((np.minimum(sums, 0.0) ** 2).sum()))
    more = pairs.asked_more.entry
    found.append(2.0 * float(more.size if entry is None else np.count_nonzero(more == entry)))
    return dict(zip(("lost", "degraded", "late", "not_asked"), found, strict=True))


def _worse(before: Fates, after: Fates, limits: Floats) -> tuple[Flags, Flags, Flags]:
    """Which are lost, degraded, late from one run to the other."""
    lost = before.good & ~after.good
    degraded = (before.outcome == Outcome.OK) & (after.outcome == Outcome.DEGRADED)
    return lost, degraded, before.in_time(limits) & after.good & ~after.in_time(limits)


def attempts_ratio(pairs: Pairs, since_s: float, until_s: float) -> float:
    """Tries made for the requests that arrive in a span, by those made for them without the fault; NaN of none."""
    here = (pairs.calm.arrival_s >= since_s) & (pairs.calm.arrival_s < until_s)
    before = int(pairs.calm.attempts[here].sum())
    return float(pairs.faulty.attempts[here].sum()) / before if before else np.nan
