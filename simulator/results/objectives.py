"""Whether the slos are kept: what each asks for, what was seen, how sure that is, and of what share it speaks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from ..plan.callees import callees_of
from ..plan.columns import Floats, Integers
from ..plan.engine import Detail
from ..plan.layout import GOOD
from ..plan.measures import Tally
from ..plan.plan import Objective, Plan
from ..plan.waits import sends_of
from ..words import number
from . import settling
from .intervals import certain, find_rarity_of
from .observed import Observed
from .sections import Interval, Sections, mean_interval, sections_of, share_interval
from .tables import entry_workloads

COLUMNS = (
    *("slo", "endpoint", "quantity", "limit", "value", "low", "high", "met", "straddles"),
    *("served_ratio", "reason", "until"),
)
KINDS: Final = (
    dict.fromkeys(("slo", "endpoint", "quantity", "reason", "until"), "str")
    | dict.fromkeys(("limit", "value", "low", "high", "served_ratio"), "float64")
    | dict.fromkeys(("met", "straddles"), "bool")
)
ERRORS: Final = "errorRate"
UNSERVED_MEAN: Final = 0.01
"""Share that may be left unserved where a mean is promised, and no errorRate."""


@dataclass(frozen=True, eq=False)
class Target:
    """The endpoint of an objective: its entries, and the workloads that call nothing else.

    Without entries it is an inner endpoint, judged by all calls and sends of it.
    """

    endpoint: int
    entries: Integers
    workloads: Integers
    whole: bool  # the requests of these workloads are all of those that enter here


def find_target(plan: Plan, endpoint: int) -> Target:
    """Who enters at an endpoint."""
    workload = entry_workloads(plan)
    here = plan.calls.target[plan.workloads.entry_call] == endpoint
    workloads = np.unique(workload[here])
    return Target(endpoint, np.flatnonzero(here), workloads, bool(here[np.isin(workload, workloads)].all()))


def values_of(observed: Observed, objective: Objective, target: Target) -> Floats | None:
    """What an objective is judged by: latencies, or completions of those that settled; None as `latencies_of`."""
    return completions_of(observed, target) if objective.settled else latencies_of(observed, target)


def completions_of(observed: Observed, target: Target) -> Floats | None:
    """Completions of the requests that were served and settled, None where the detail does not tell."""
    if target.whole:
        values = observed.completions[np.isin(observed.latency_workload, target.workloads)]
        return values[~np.isnan(values)]
    if not observed.call_logs:
        return None
    found = []
    for trace, log in zip(observed.traces, observed.request_logs, strict=True):
        values = settling.completions_of(log, trace.settling)
        kept = (log.arrival_s >= observed.warmup_s) & (log.outcome <= GOOD) & ~np.isnan(values)
        found.append(values[kept & np.isin(log.entry, target.entries)])
    return np.concatenate(found)


def latencies_of(observed: Observed, target: Target) -> Floats | None:
    """Latencies of the calls, or calls and sends, that were served; None where the detail does not tell."""
    if target.entries.size and target.whole:
        return observed.latencies[np.isin(observed.latency_workload, target.workloads)]
    if not observed.call_logs:
        return None
    if not target.entries.size:
        return np.concatenate([observed.calls_of(target.endpoint), observed.sends_of(target.endpoint)])
    found = []
    for request in observed.request_logs:
        kept = (request.arrival_s >= observed.warmup_s) & (request.outcome <= GOOD)
        kept &= np.isin(request.entry, target.entries)
        found.append(request.latency_s[kept])
    return np.concatenate(found)


def tallies_of(observed: Observed, target: Target) -> Floats:
    """Sums over the calls of it by replication and section: number, failed, latency; of an inner one the sends too."""
    callees = callees_of(observed.plan)
    here = callees.endpoint == target.endpoint
    if target.entries.size:
        here &= np.isin(callees.entry, target.entries)
    tallies = np.asarray(observed.in_sections("tallies")[:, :, here].sum(axis=2))
    if not target.entries.size:
        mine = observed.plan.calls.target[sends_of(observed.plan)] == target.endpoint
        sends = observed.in_sections("sends")[:, :, mine].sum(axis=2)
        tallies[..., Tally.NUMBER] += sends.sum(axis=2)
        tallies[..., Tally.FAILED] += sends[..., GOOD + 1 :].sum(axis=2)
        tallies[..., Tally.LATENCY] += observed.in_sections("sending")[:, :, mine].sum(axis=2)
    return tallies


def failures_of(observed: Observed, target: Target, *, settled: bool = False) -> tuple[Floats, Floats]:
    """How many failed, and of how many, by replication and section where the detail tells.

    Of an entry the unfinished requests are among them, and the requests of the edge are counted; else the calls.
    `settled`: so are those that were served, but had not settled when the run ended.
    """
    if not target.entries.size:
        tallies = tallies_of(observed, target)
        return tallies[..., Tally.FAILED], tallies[..., Tally.NUMBER]
    if target.whole:
        outcomes = observed.in_sections("outcomes")[:, :, target.workloads].sum(axis=2)
        failed = outcomes[..., GOOD + 1 :].sum(axis=2)
        return failed + observed.served_unsettled(target.workloads) * settled, outcomes.sum(axis=2)
    failed, number = np.zeros((2, len(observed.traces), 1))
    for row, log in enumerate(observed.request_logs):
        kept = (log.arrival_s >= observed.warmup_s) & np.isin(log.entry, target.entries)
        number[row] = np.count_nonzero(kept)
        bad = log.outcome > GOOD
        if settled:
            bad |= np.isnan(settling.completions_of(log, observed.traces[row].settling))
        failed[row] = np.count_nonzero(bad[kept])
    return failed, number


def percentile_of(observed: Observed, objective: Objective, target: Target, confidence: float) -> Interval:
    """A percentile of the calls that were served."""
    if needs_requests(observed, objective):
        return Interval(np.nan, np.nan, np.nan)
    return _sections(observed, objective, target).percentile(objective.probability, confidence)


def _sections(observed: Observed, objective: Objective, target: Target) -> Sections:
    each = [values_of(one, objective, target) for one in observed.each]
    return sections_of([one for one in each if one is not None])


def mean_of(observed: Observed, target: Target, confidence: float) -> Interval:
    """The mean latency of the calls that were served."""
    tallies = tallies_of(observed, target)
    return mean_interval(
        tallies[..., Tally.LATENCY], tallies[..., Tally.NUMBER] - tallies[..., Tally.FAILED], confidence
    )


def judged_by_requests(plan: Plan, objective: Objective) -> bool:
    """Whether an objective can be judged only where the requests are recorded."""
    target = find_target(plan, objective.endpoint)
    if (objective.quantity == "mean" and not objective.settled) or (target.entries.size and target.whole):
        return False
    return bool(target.entries.size) or objective.quantity != ERRORS


def detail_needed(plan: Plan) -> Detail:
    """The least that has to be recorded to judge every objective."""
    return "requests" if any(judged_by_requests(plan, objective) for objective in plan.objectives) else "summary"


def needs_requests(observed: Observed, objective: Objective) -> bool:
    """Whether the requests have to be recorded to judge this objective, and were not."""
    return not observed.call_logs and judged_by_requests(observed.plan, objective)


def objective_table(observed: Observed, confidence: float) -> pd.DataFrame:
    """One row an objective: `met` goes by the value of all replications together, NaN is not met (rule 11.14)."""
    return judge(observed, confidence)[0]


def judge(observed: Observed, confidence: float) -> tuple[pd.DataFrame, list[Interval]]:
    """`objective_table`, and the interval of each row: a latency's is not `carried` where it has bounds instead."""
    found = [_judge(observed, objective, confidence) for objective in observed.plan.objectives]
    return pd.DataFrame([row for row, _ in found], columns=list(COLUMNS)).astype(KINDS), [seen for _, seen in found]


def is_sure(table: pd.DataFrame) -> bool:
    """Whether it is sure that every objective of a table is met, or that one is missed: no interval leaves it open."""
    missed, straddles = table[~table["met"].astype(bool)], table["straddles"].astype(bool)
    return not bool(straddles[missed.index].all() if len(missed) else straddles.any())


def _judge(observed: Observed, objective: Objective, confidence: float) -> tuple[tuple[object, ...], Interval]:
    target = find_target(observed.plan, objective.endpoint)
    lost = share_interval(*failures_of(observed, target, settled=objective.settled), confidence)
    if objective.quantity == ERRORS:
        seen, reason = _errors(observed, objective, lost, confidence)
        seen = replace(seen, carried=True)  # a share has an interval, however rare what failed is
        missed, unsure = False, False
    else:
        seen = _latency(observed, objective, target, confidence)
        missed, unsure, reason = _unserved(observed.plan, objective, lost)
    limit, name = objective.limit, observed.plan.endpoints.name[objective.endpoint]
    met = bool(seen.value <= limit) and not missed
    straddles = unsure or (not missed and bool(seen.low <= limit <= seen.high))
    row = (
        *(objective.slo, name, objective.quantity, limit, seen.value, seen.low, seen.high, met, straddles),
        *(1.0 - lost.value, reason, "settled" if objective.settled else "answered"),
    )
    return row, seen


def _latency(observed: Observed, objective: Objective, target: Target, confidence: float) -> Interval:
    """A mean or a percentile of the calls that were served."""
    if objective.quantity == "mean":
        if not objective.settled:
            return mean_of(observed, target, confidence)
        if needs_requests(observed, objective):
            return Interval(np.nan, np.nan, np.nan)
        return _sections(observed, objective, target).mean(confidence)
    return percentile_of(observed, objective, target, confidence)


def _errors(observed: Observed, objective: Objective, lost: Interval, confidence: float) -> tuple[Interval, str]:
    """The share of failures, and what makes it unsure; of what the plan knows nothing is how long requests settle."""
    if objective.settled:
        return lost, ""
    rarity = find_rarity_of(observed, objective.endpoint)
    seen = certain(lost, observed, rarity, confidence)
    if rarity is None or np.isnan(seen.value):
        return seen, ""
    return seen, f"{rarity.what} are expected in all replications"


def _unserved(plan: Plan, objective: Objective, lost: Interval) -> tuple[bool, bool, str]:
    """Whether too much was not served to call a latency met, whether that is unsure, and why (rule 11.15)."""
    promised = any(
        (one.endpoint, one.settled, one.quantity) == (objective.endpoint, objective.settled, ERRORS)
        for one in plan.objectives
    )
    if promised or not lost.value > 0.0:
        return False, False, ""
    allowed = UNSERVED_MEAN if np.isnan(objective.probability) else round(1.0 - objective.probability, 12)
    missed = lost.value > allowed
    unsure = bool(lost.low <= allowed < lost.high)
    return missed, unsure, f"{number(lost.value * 100.0, 3)} % were not served" if missed else ""
