"""What a reader of the results must know before believing them, said out loud."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..plan.columns import Floats
from ..plan.measures import Count, Level
from ..words import count, duration, in_full, number, percent, span
from .hidden import deadlocked_services, find_hidden
from .intervals import find_rarity_of
from .objectives import ERRORS, find_target, needs_requests, values_of
from .observed import Observed
from .quantities import PERCENTILES
from .rarity import FEW
from .sections import ENOUGH

WIDE = 0.1
"""Half width by mean above which an interval says little."""
HARDLY = 1.0
"""The same, above which a percentile may lie at either side of a jump, and no length of a run can be said."""
BEYOND = 10
"""Requests beyond a percentile below which it is an anecdote."""
UNFINISHED = 0.001
"""Share of unfinished requests above which percentiles are lower bounds."""
BUSY = 0.999
"""Utilisation above which no core is ever free."""
BACKLOG = 0.02
"""Share of the arrivals that are not served in the span above which a queue builds up."""
ENDLESS = "unstable, its queue grows as long as the run lasts"
"""What the compiler says of a unit that theory expects to be asked for more than it can do, at all times."""


def percentile_name(probability: float) -> str:
    """0.999 is p99.9."""
    return f"p{round(probability * 100.0, 6):g}"


def requests_needed(probability: float) -> int:
    """How many requests leave `BEYOND` of them beyond a percentile."""
    return int(np.ceil(round(BEYOND / (1.0 - probability), 6))) if probability < 1.0 else 1


def about_replications(observed: Observed, requested: int | None) -> Iterator[str]:
    """Too few of them."""
    finished = len(observed.traces)
    if requested is not None and finished < requested:
        yield f"interrupted: {finished} of {requested} replications finished"
    if finished == 1:
        yield "one replication has no interval: ask for more replications to see how sure these numbers are"


def length_helps(observed: Observed) -> bool:
    """Whether a longer run would say more of the same: not where a queue grows without end, or nothing moves any more.

    A run may be too short to see what theory says of its queue.
    """
    if any(ENDLESS in warning for warning in observed.plan.warnings):
        return False
    return not bool((growing_queues(observed) | deadlocked_services(observed)).any())


def about_warmup(observed: Observed, *, longer: bool = True) -> Iterator[str]:
    """A start that never ends; `longer` is whether a longer run would end it."""
    if observed.settled:
        return
    fewest = min(trace.latency_s.size for trace in observed.traces)
    yield (
        f"the run has not settled: MSER-5 finds no warmup within its first half ({count(fewest, 'request')} "
        f"served in a replication); statistics begin at {duration(observed.warmup_s)}"
        + ("; make the run longer" if longer else "")
    )


def about_intervals(observed: Observed, intervals: pd.DataFrame, *, longer: bool = True) -> Iterator[str]:
    """Too wide to be of use; `longer` is whether a longer run would make them narrower."""
    advice = ": ask for more replications or a longer run" if longer else ""
    for quantity in ("latency_mean_s", "throughput_per_s"):
        mean, half_width = (float(intervals[column][quantity]) for column in ("mean", "half_width"))
        if np.isnan(half_width) and np.isfinite(mean) and len(observed.traces) > 1:
            yield f"{quantity} is not known, not even roughly{advice}"
        share = half_width / abs(mean) if mean else 0.0
        if too_wide(share):
            yield f"{quantity} is known to {percent(round(share, 2))} only (half width by mean){advice}"
    yield from _about_wide_percentiles(intervals, longer=longer)


def _about_wide_percentiles(intervals: pd.DataFrame, *, longer: bool) -> Iterator[str]:
    means, half_widths = (intervals[column][list(PERCENTILES)] for column in ("mean", "half_width"))
    shares = (half_widths / means)[means > 0.0]  # of 0 nothing is a share
    wide = shares[np.array([too_wide(share) for share in shares], np.bool_)]
    if wide.size:
        names = [percentile_name(PERCENTILES[name]) for name in wide.index]
        written = [percent(round(share, 2)) for share in wide]
        hardly = "it lies" if wide.size == 1 else "they lie"
        advice = f": make the run {times((wide.max() / WIDE) ** 2)} as long for {percent(WIDE)}" if longer else ""
        if wide.max() > HARDLY:
            longest = "make the run longer, or judge" if longer else "judge"
            advice = f": {hardly} between times far apart; {longest} by another percentile"
        yield (
            f"latency {together(names)} {'is' if wide.size == 1 else 'are'} known to {together(written)} only "
            f"(half width by value){advice}"
        )


def too_wide(share: float) -> bool:
    """Whether a half width is above `WIDE` as it is written, in whole percent: 10.3 % is the 10 % that are wanted."""
    return round(share, 2) > WIDE


def together(words: Sequence[str]) -> str:
    """a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def times(factor: float) -> str:
    """Rounded up to two digits: 2.1 times, 140 times."""
    digits = 1 - math.floor(math.log10(factor))
    return f"{math.ceil(round(factor * 10.0**digits, 6)) / 10.0**digits:g} times"


def about_dependence(observed: Observed, confidence: float, *, longer: bool = True) -> Iterator[str]:
    """Percentiles of which too few requests that are independent of each other say something."""
    if len(observed.traces) < 2:
        return
    found = {
        probability: observed.sections.percentile(probability, confidence).effective
        for probability in PERCENTILES.values()
        if observed.served >= requests_needed(probability)
        and not observed.sections.percentile(probability, confidence).carried
    }
    if found:
        names = together([percentile_name(probability) for probability in found])
        needed = [times(max(ENOUGH / max(number, 1e-9), 1.1)) for number in found.values()]
        few = [f"{min(number, ENOUGH - 0.1):.{3 if number >= 10.0 else 2}g}" for number in found.values()]
        yield (
            f"{names} {'has' if len(found) == 1 else 'have'} no interval: slow requests come together, so that those "
            f"beyond say as much as {together(few)} independent ones, and {ENOUGH:g} are needed"
            + (f"; make the run {together(needed)} as long" if longer else "")
        )


def about_rarity(observed: Observed, *, longer: bool = True) -> Iterator[str]:
    """Failures by chance of which this run says nothing."""
    rarity = find_rarity_of(observed)
    if rarity is None:
        return
    many = "" if len(observed.traces) == 1 else "s"
    longest = f"make the run {times(FEW / rarity.expected)} as long, or write" if longer else "write"
    yield (
        f"{together(rarity.services)}: {rarity.what} are expected in all "
        f"{len(observed.traces)} replication{many}: availability says nothing of them; {longest} a fault to see what "
        "one does"
    )


def about_percentiles(observed: Observed) -> Iterator[str]:
    """Too few requests for them."""
    served = observed.served
    if observed.requests == 0:
        yield f"no request arrives in {span(observed.warmup_s, observed.edges[-1])}: there are no statistics"
    elif served == 0:
        yield "no request was served: there are no latencies"
    else:
        poor = [p for p in PERCENTILES.values() if served < requests_needed(p)]
        if poor:
            yield (
                f"fewer than {BEYOND} of {count(served, 'request')} lie beyond "
                f"{', '.join(percentile_name(p) for p in poor)}: "
                f"{percentile_name(poor[-1])} needs {count(requests_needed(poor[-1]), 'request')}"
            )


def about_arrivals(observed: Observed) -> Iterator[str]:
    """Workloads that send nothing."""
    arrived = sum(trace.arrived[-1] for trace in observed.traces)
    for name, requests in zip(observed.plan.workloads.name, np.asarray(arrived).tolist(), strict=True):
        if requests == 0:
            yield f"{name}: no request arrives before the horizon"


def about_unfinished(observed: Observed) -> Iterator[str]:
    """Requests whose latency nobody knows."""
    if observed.unfinished > UNFINISHED * observed.requests:
        share = observed.unfinished / observed.requests
        yield (
            f"{count(observed.unfinished, 'request')} of {number(observed.requests)} ({percent(share)}) did not "
            "finish: percentiles are lower bounds"
        )


def about_unsettled(observed: Observed) -> Iterator[str]:
    """Requests that were answered, but set off more than the run lasted for."""
    pending = int(observed.unsettled.sum()) - observed.unfinished
    if pending > UNFINISHED * observed.requests:
        share = percent(pending / observed.requests)
        yield (
            f"{count(pending, 'request')} of {number(observed.requests)} ({share}) ended, and had not settled when the "
            "run did: completions are lower bounds; let it drain longer (simulation.drain)"
        )


def half_time(observed: Observed) -> int:
    """The edge nearest to the middle of the span."""
    return int(np.argmin(np.abs(observed.edges - (observed.warmup_s + observed.edges[-1]) / 2.0)))


def growing_queues(observed: Observed) -> NDArray[np.bool_]:
    """Services whose queue grows in every replication, and goes on growing, while they serve fewer than arrive.

    A queue that grows by g requests a second over a span T is g T longer at its end, and g T / 2 longer in the mean
    of the second half than in that of the first. Requests that are in progress at the end, waiting for a callee,
    are behind too, but in no queue: the queue has to account for half of the backlog at least. One that has only
    filled up, to a limit or to what its impatient callers leave, no longer grows in the second half.
    """
    first, middle, edges = observed.first, half_time(observed), observed.edges
    services = len(observed.plan.services.name)
    if not first < middle < edges.size - 1:
        return np.zeros(services, dtype=bool)
    grows, growth, later = np.ones(services, dtype=bool), np.zeros(services), np.zeros(services)
    for trace in observed.traces:
        waiting = trace.levels[:, :, Level.WAITING]
        early = (waiting[middle] - waiting[first]) / (edges[middle] - edges[first])
        late = (waiting[-1] - waiting[middle]) / (edges[-1] - edges[middle])
        grows &= late > early
        growth += late - early
        later += _later_growth(waiting, edges, middle)
    begun = observed.sums.counts[:, Count.BEGUN]
    behind = begun - observed.sums.counts[:, Count.ENDED]
    enough = (behind > BACKLOG * begun) & (behind >= BEYOND * len(observed.traces))
    # a steady growth adds half as much between the quarters of the second half as between the halves
    return np.asarray(grows & enough & (growth >= behind / 4.0) & (later > growth / 8.0))


def _later_growth(waiting: Floats, edges: Floats, middle: int) -> Floats:
    """By how much the mean queue of the last quarter is above that of the one before; inf if there are none."""
    cut = int(np.argmin(np.abs(edges - (edges[middle] + edges[-1]) / 2.0)))
    if not middle < cut < edges.size - 1:
        return np.full(waiting.shape[1], np.inf)
    third = (waiting[cut] - waiting[middle]) / (edges[cut] - edges[middle])
    return np.asarray((waiting[-1] - waiting[cut]) / (edges[-1] - edges[cut]) - third)


def about_stability(observed: Observed, units: pd.DataFrame) -> Iterator[str]:
    """Services that are asked for more than they can do, and units that can do no more."""
    growing = growing_queues(observed) & ~deadlocked_services(observed)
    for row in np.flatnonzero(growing).tolist():
        begun, ended = (observed.sums.counts[row, column] / observed.time_s for column in (Count.BEGUN, Count.ENDED))
        yield (
            f"{observed.plan.services.name[row]} is unstable: {number(begun)} visits arrive and {number(ended)} end "
            "per second, and its queue grows to the end: its times depend on how long the run is"
        )
    for row in np.flatnonzero(units["utilisation_ratio"].to_numpy() > BUSY).tolist():
        if not growing[observed.plan.services.unit == row].any():
            yield f"{observed.plan.units.name[row]} is saturated: none of its cores is ever free"


def about_objectives(observed: Observed, objectives: pd.DataFrame) -> Iterator[str]:
    """Objectives that this run cannot judge, or hardly."""
    rows = zip(*(objectives[column].tolist() for column in ("value", "served_ratio", "reason")), strict=True)
    for objective, (value, served, reason) in zip(observed.plan.objectives, rows, strict=True):
        what = (
            f"slo {objective.slo}: {in_full(objective.quantity)} of {observed.plan.endpoints.name[objective.endpoint]}"
        )
        if needs_requests(observed, objective):
            yield f'{what} is not recorded at detail "{observed.detail}": use detail="requests"; it counts as missed'
        elif np.isnan(value):
            yield f"{what} has nothing to go by: no call of it has ended so in the span; it counts as missed"
        elif reason and objective.quantity != ERRORS:
            yield (
                f"{what} is of the {percent(served)} that were served: {reason}, and no errorRate is "
                "promised there, so it counts as missed; promise one, or mend what fails"
            )
        elif not np.isnan(objective.probability):
            seen = values_of(observed, objective, find_target(observed.plan, objective.endpoint))
            calls = 0 if seen is None else seen.size
            if calls < requests_needed(objective.probability):
                yield (
                    f"{what}: fewer than {BEYOND} of {count(calls, 'call')} lie beyond it; "
                    f"it needs {count(requests_needed(objective.probability), 'call')}"
                )


def find_caveats(
    observed: Observed, tables: Mapping[str, pd.DataFrame], requested: int | None, confidence: float
) -> tuple[str, ...]:
    """All that there is to say, what the compiler said first."""
    longer = length_helps(observed)
    return (
        *observed.plan.warnings,
        *about_replications(observed, requested),
        *about_arrivals(observed),
        *about_warmup(observed, longer=longer),
        *about_intervals(observed, tables["intervals"], longer=longer),
        *about_percentiles(observed),
        *about_dependence(observed, confidence, longer=longer),
        *about_rarity(observed, longer=longer),
        *about_unfinished(observed),
        *about_unsettled(observed),
        *about_stability(observed, tables["units"]),
        *about_objectives(observed, tables["objectives"]),
        *find_hidden(observed),
    )
