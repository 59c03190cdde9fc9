"""When an incident is seen, and when it is over: a pure rule over bins of time (rules 15.8 to 15.11)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...plan.columns import Floats
from ...plan.plan import Plan
from .pairing import Fates, Flags

BIN_S: Final = 1.0
LEAST: Final = 20
"""Requests of a bin, at least."""
CHANCE: Final = 0.001
"""A bin is bad if as few good answers would come by chance less often than this."""
UNTOLD: Final = 0.99
"""The share in time, and the share without errors, where no slo says them."""
LAST: Final = 0.25
"""The last part of what is watched after the fault."""
TWICE: Final = 2.0
"""A stretch is no chance if it misses more than so many times what one misses that is chance."""
HELD_UP: Final = 0.5
"""Of a closed workload at least this part of the requests without the fault counts as asked."""


@dataclass(frozen=True, eq=False)
class Promise:
    """By entry: the latency that is in time, and the share of requests that has to be served in time."""

    limits_s: Floats
    shares: Floats
    told: Flags  # whether the limit is an slo's


def find_promise(plan: Plan, typical_s: Floats) -> Promise:
    """What the slos of the entries promise; `typical_s` is the limit of an entry without a latency slo."""
    entries = plan.workloads.entry_call.size
    limits, shares, told = typical_s.copy(), np.full(entries, UNTOLD * UNTOLD), np.zeros(entries, dtype=bool)
    for entry, endpoint in enumerate(plan.calls.target[plan.workloads.entry_call].tolist()):
        mine = [one for one in plan.objectives if one.endpoint == endpoint and not one.settled]
        errors = min((one.limit for one in mine if one.quantity == "errorRate"), default=1.0 - UNTOLD)
        percentiles = [one for one in mine if not math.isnan(one.probability)]
        in_time = UNTOLD
        if percentiles:
            highest = max(percentiles, key=lambda one: (one.probability, -one.limit))
            limits[entry], in_time, told[entry] = highest.limit, highest.probability, True
        shares[entry] = (1.0 - errors) * in_time
    return Promise(limits, shares, told)


def cut_bins(arrival_s: Floats, since_s: float, until_s: float, least: int = LEAST, width_s: float = BIN_S) -> Floats:
    """Edges of bins of whole widths, each with so many arrivals at least; what is left over joins the last."""
    whole = np.append(np.arange(since_s, until_s - 1e-9, width_s), until_s)
    counts = np.histogram(arrival_s, whole)[0]
    edges, number = [float(since_s)], 0
    for count, end in zip(counts.tolist(), whole[1:].tolist(), strict=True):
        number += count
        if number >= least:
            edges.append(end)
            number = 0
    if len(edges) > 1:
        edges.pop()
    return np.array([*edges, float(until_s)])


def _cut_twice(arrival_s: Floats, at_s: float, until_s: float, horizon_s: float, width_s: float) -> Floats:
    """Bins that begin with the fault, and again with its end: one that spans it would be bad for what came before."""
    after = cut_bins(arrival_s, until_s, horizon_s, width_s=width_s)
    if until_s <= at_s:
        return after
    return np.concatenate([cut_bins(arrival_s, at_s, until_s, width_s=width_s)[:-1], after])


def is_short(good: NDArray[np.int64] | Floats, number: NDArray[np.int64], share: float) -> Flags:
    """Where as few good ones of so many are no chance, if each were good with this probability: exact, binomial."""
    from scipy.special import bdtr

    asked = np.maximum(number, 1)
    below = bdtr(good.astype(np.float64), asked, min(share, 1.0))
    return np.asarray((number > 0) & (good < share * number) & (below < CHANCE))


@dataclass(frozen=True)
class Incident:
    """What one replication shows. Times in seconds: NaN if nothing was seen; inf if it was not over in the run."""

    detect_s: float
    recover_s: float
    overloaded: bool  # without the fault too

    @property
    def over(self) -> bool:
        """Whether all was well again before the end, or always."""
        return math.isfinite(self.recover_s)


@dataclass(frozen=True, eq=False)
class Bins:
    """One entry of one replication, bin by bin: where it is bad with the fault only, and where without it only."""

    edges: Floats
    bad: Flags
    missed: Floats  # requests served in time without the fault, less those with it; as many asked
    bad_without: Flags
    missed_without: Floats
    full: Flags  # bad without the fault, however it is with it


def chance_of(
    calm: Fates, faulty: Fates, promise: Promise, *, at_s: float, until_s: float, horizon_s: float, cycles_s: Floats
) -> Floats:
    """By entry, the most requests that a bad stretch misses which is there only without the fault."""
    most = np.zeros(promise.limits_s.size)
    for entry, bins in _entries(calm, faulty, promise, (at_s, until_s, horizon_s), cycles_s):
        most[entry] = max((missed for _, missed in _stretches(bins.bad_without, bins.missed_without)), default=0.0)
    return most


def judge(
    calm: Fates, faulty: Fates, promise: Promise, *, at_s: float, until_s: float, horizon_s: float, cycles_s: Floats,
    chance: Floats | None = None,
) -> Incident:  # fmt: skip
    """The incident of one replication.

    Parameters
    ----------
    cycles_s
        By workload, how long a user takes from one request to the next without the fault; 0 if nobody waits.
    chance
        By entry, the most that `chance_of` finds in any replication; none if not given.
    """
    first, over, overloaded = [math.inf], [0.0], [False]
    faulty_good = faulty.in_time(promise.limits_s)
    for entry, bins in _entries(calm, faulty, promise, (at_s, until_s, horizon_s), cycles_s):
        edges, bad = bins.edges, bins.bad.copy()
        for rows, missed in _stretches(bins.bad, bins.missed):
            bad[rows] = missed > TWICE * (0.0 if chance is None else chance[entry])
        waits = cycles_s[calm.workload[calm.entry == entry][0]] > 0.0
        failed_s = faulty.arrival_s[(faulty.entry == entry) & ~faulty_good]
        ends = edges[1:] if waits else _last_seconds(edges, failed_s)
        first += [float(end) - at_s for end in edges[1:][bad][:1]]
        over.append(_over(edges[:-1][bad], ends[bad], until_s, horizon_s))
        overloaded.append(_mostly(edges[:-1][bins.full], edges[1:][bins.full], until_s, horizon_s))
    seen = min(first)
    return Incident(seen if math.isfinite(seen) else math.nan, max(over), any(overloaded))


def _entries(
    calm: Fates, faulty: Fates, promise: Promise, times: tuple[float, float, float], cycles_s: Floats
) -> Iterator[tuple[int, Bins]]:
    """Every entry that is asked without the fault, with its bins."""
    calm_good, faulty_good = calm.in_time(promise.limits_s), faulty.in_time(promise.limits_s)
    for entry in np.unique(calm.entry).tolist():
        mine, theirs = calm.entry == entry, faulty.entry == entry
        share = float(promise.shares[entry])
        cycle_s = float(cycles_s[calm.workload[mine][0]])
        edges = _cut_twice(calm.arrival_s[mine], *times, max(BIN_S, math.ceil(cycle_s)))
        before, good_before = (np.histogram(calm.arrival_s[one], edges)[0] for one in (mine, mine & calm_good))
        asked, good = (np.histogram(faulty.arrival_s[one], edges)[0] for one in (theirs, theirs & faulty_good))
        if cycle_s > 0.0:
            asked = np.maximum(asked, np.floor(HELD_UP * before).astype(np.int64))
        full = is_short(good_before, before, share)
        worse = good_before * np.maximum(asked, 1) - good * np.maximum(before, 1)
        missed, missed_without = worse / np.maximum(before, 1), -worse / np.maximum(asked, 1)
        # Short by what is missed alone, too: what chance does to both is not the fault's doing.
        yield (
            entry,
            Bins(
                edges=edges,
                bad=is_short(good, asked, share) & _is_short_by(missed, asked, share),
                missed=missed,
                bad_without=full & _is_short_by(missed_without, before, share),
                missed_without=missed_without,
                full=full,
            ),
        )


def _is_short_by(missed: Floats, number: NDArray[np.int64], share: float) -> Flags:
    """Where so many less than all are short; the scale of the other run may leave a rounding."""
    return is_short(np.asarray(number - np.maximum(missed, 0.0) + 1e-9, np.float64), number, share)


def _stretches(bad: Flags, missed: Floats) -> Iterator[tuple[slice, float]]:
    """Where bins are bad one after the other, and what they miss together."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    for start, end in steps.reshape(-1, 2).tolist():
        yield slice(start, end), math.fsum(missed[start:end].tolist())


def _last_seconds(edges: Floats, failed_s: Floats) -> Floats:
    """By bin, the end of the second of the last failed request; the end of the bin where none is."""
    ends = edges[1:].copy()
    times = np.sort(failed_s)
    last = np.searchsorted(times, edges[1:]) - 1
    for number, row in enumerate(last.tolist()):
        if row >= 0 and times[row] >= edges[number]:
            whole = math.floor((times[row] - edges[number]) / BIN_S) + 1
            ends[number] = min(edges[number] + BIN_S * whole, edges[number + 1])
    return ends


def _over(starts: Floats, ends: Floats, until_s: float, horizon_s: float) -> float:
    """Seconds from the fault's end to that of the last bad stretch; 0 if none is after it."""
    if not ends.size:
        return 0.0
    if ends[-1] >= horizon_s or _mostly(starts, ends, until_s, horizon_s):
        return math.inf
    return max(float(ends[-1]) - until_s, 0.0)


def _mostly(starts: Floats, ends: Floats, until_s: float, horizon_s: float) -> bool:
    """Whether bad stretches fill more than half of the last part of what is watched."""
    since = horizon_s - LAST * (horizon_s - until_s)
    inside = np.clip(ends, since, horizon_s) - np.clip(starts, since, horizon_s)
    return math.fsum(inside.tolist()) > 0.5 * (horizon_s - since)
