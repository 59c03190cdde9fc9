"""Whether the slos are kept: what each asks for, what was seen, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..plan.engine import Detail
from ..plan.layout import GOOD
from ..plan.plan import Floats, Integers, Objective, Plan
from ..plan.trace import Tally
from .observed import Observed
from .statistics import quantiles, share, student_interval
from .tables import entry_workloads

COLUMNS = ("slo", "endpoint", "quantity", "limit", "value", "low", "high", "met", "straddles")


@dataclass(frozen=True, eq=False)
class Target:
    """The endpoint of an objective: its entries, and the workloads that call nothing else.

    Without entries it is an inner endpoint, judged by all calls of it.
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


def latencies_of(observed: Observed, target: Target) -> Floats | None:
    """Latencies of the calls that were served, None where the detail does not tell."""
    if target.entries.size and target.whole:
        return observed.latencies[np.isin(observed.latency_workload, target.workloads)]
    if not observed.call_logs:
        return None
    if not target.entries.size:
        return observed.calls_of(target.endpoint)
    found = []
    for request in observed.request_logs:
        kept = (request.arrival_s >= observed.warmup_s) & (request.outcome <= GOOD)
        kept &= np.isin(request.entry, target.entries)
        found.append(request.end_s[kept] - request.arrival_s[kept])
    return np.concatenate(found)


def mean_of(observed: Observed, target: Target) -> float:
    """Mean latency of the calls that were served."""
    tallies = observed.tallies[target.entries] if target.entries.size else observed.tallies
    number, failed, latency = tallies[:, target.endpoint].sum(axis=0)
    return share(latency, number - failed)


def error_rate(observed: Observed, target: Target) -> float:
    """Of an entry, unfinished requests included: 1 - availability; else failed calls by calls."""
    if not target.entries.size:
        number, failed = observed.tallies[:, target.endpoint].sum(axis=0)[[Tally.NUMBER, Tally.FAILED]]
        return share(failed, number)
    if target.whole:
        outcomes = observed.outcomes[target.workloads]
        return share(outcomes[:, GOOD + 1 :].sum(), outcomes.sum())
    failed = number = 0.0
    for log in observed.request_logs:
        kept = (log.arrival_s >= observed.warmup_s) & np.isin(log.entry, target.entries)
        number += np.count_nonzero(kept)
        failed += np.count_nonzero(log.outcome[kept] > GOOD)
    return share(failed, number)


def measure(observed: Observed, objective: Objective, target: Target) -> float:
    """The value of an objective; NaN where nothing is to be seen."""
    if objective.quantity == "errorRate":
        return error_rate(observed, target)
    if objective.quantity == "mean":
        return mean_of(observed, target)
    latencies = latencies_of(observed, target)
    return np.nan if latencies is None else float(quantiles(latencies, [objective.probability])[0])


def judged_by_requests(plan: Plan, objective: Objective) -> bool:
    """Whether an objective can be judged only where the requests are recorded."""
    target = find_target(plan, objective.endpoint)
    if objective.quantity == "mean" or (target.entries.size and target.whole):
        return False
    return bool(target.entries.size) or objective.quantity != "errorRate"


def detail_needed(plan: Plan) -> Detail:
    """The least that has to be recorded to judge every objective."""
    return "requests" if any(judged_by_requests(plan, objective) for objective in plan.objectives) else "summary"


def needs_requests(observed: Observed, objective: Objective) -> bool:
    """Whether the requests have to be recorded to judge this objective, and were not."""
    return not observed.call_logs and judged_by_requests(observed.plan, objective)


def objective_table(observed: Observed, confidence: float) -> pd.DataFrame:
    """One row an objective: `met` goes by the value of all replications together, NaN is not met."""
    rows = []
    for objective in observed.plan.objectives:
        target = find_target(observed.plan, objective.endpoint)
        value = measure(observed, objective, target)
        seen = [measure(one, objective, target) for one in observed.each]
        mean, half_width = student_interval(seen, confidence)
        low, high = mean - half_width, mean + half_width
        name = observed.plan.endpoints.name[objective.endpoint]
        limit = objective.limit
        verdict = (value <= limit, low <= limit <= high)
        rows.append((objective.slo, name, objective.quantity, limit, value, low, high, *verdict))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = dict.fromkeys(COLUMNS[:3], "str") | dict.fromkeys(COLUMNS[3:7], "float64")
    return table.astype(kinds | dict.fromkeys(COLUMNS[7:], "bool"))
