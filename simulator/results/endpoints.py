"""Latency and errors of endpoints, as their callers see them (rule 11.21)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..plan.callees import callees_of
from ..plan.columns import Floats, Integers
from ..plan.layout import GOOD
from ..plan.measures import Tally
from ..plan.plan import Plan
from .groups import blocks, gather, grouped_quantiles
from .observed import Observed
from .statistics import quantiles, ratio
from .tables import entry_workloads

PROBABILITIES = (0.5, 0.9, 0.95, 0.99)
LATENCIES = ("latency_p50_s", "latency_p90_s", "latency_p95_s", "latency_p99_s")


@dataclass(frozen=True, eq=False)
class Entries:
    """The entries of all workloads; those of one workload that call one endpoint are one `group`."""

    group: Integers  # of each entry
    workload: Integers  # of each group
    endpoint: Integers  # of each group


def group_entries(plan: Plan) -> Entries:
    """Number the pairs of workload and entered endpoint, in the order in which they are written."""
    workload = entry_workloads(plan)
    endpoint = plan.calls.target[plan.workloads.entry_call]
    pairs = list(zip(workload.tolist(), endpoint.tolist(), strict=True))
    distinct = list(dict.fromkeys(pairs))
    number = {pair: row for row, pair in enumerate(distinct)}
    columns = np.array(distinct, dtype=np.int64).reshape(-1, 2)
    return Entries(np.array([number[pair] for pair in pairs], np.int64), columns[:, 0], columns[:, 1])


def entered_calls(observed: Observed) -> dict[str, int]:
    """By endpoint that is entered the calls of it that ended, in the order in which they are written."""
    plan, callees = observed.plan, callees_of(observed.plan)
    entered = plan.calls.target[plan.workloads.entry_call]
    own = callees.endpoint == entered[callees.entry]
    numbers = np.bincount(
        callees.endpoint[own], weights=observed.sums.tallies[own, Tally.NUMBER], minlength=len(plan.endpoints.name)
    )
    return {plan.endpoints.name[row]: int(numbers[row]) for row in dict.fromkeys(entered.tolist())}


def call_percentiles(observed: Observed, entries: Entries) -> Floats:
    """Groups, endpoints, percentiles; NaN where the detail does not tell."""
    groups, endpoints = entries.workload.size, len(observed.plan.endpoints.name)
    result = np.full((groups, endpoints, len(PROBABILITIES)), np.nan)
    if not observed.call_logs:
        alone = np.bincount(entries.workload, minlength=len(observed.plan.workloads.name)) == 1
        for group in np.flatnonzero(alone[entries.workload]):
            mine = observed.latencies[observed.latency_workload == entries.workload[group]]
            result[group, entries.endpoint[group]] = quantiles(mine, PROBABILITIES)
        return result

    def pieces() -> Iterator[tuple[Integers, Floats]]:
        for log in blocks(observed.call_logs):
            kept = (log.arrival_s >= observed.warmup_s) & (log.outcome <= GOOD)
            group = entries.group[log.entry[kept]] * endpoints + log.endpoint[kept]
            yield group, log.latency_s[kept]

    return grouped_quantiles(*gather(pieces()), groups * endpoints, PROBABILITIES).reshape(result.shape)


def endpoint_table(observed: Observed) -> pd.DataFrame:
    """One row a workload, entry and endpoint that was called; the entries themselves are always there."""
    plan, names = observed.plan, observed.plan.endpoints.name
    entries = group_entries(plan)
    groups = entries.workload.size
    tallies = np.zeros((groups, len(names), len(Tally)))
    callees = callees_of(plan)
    np.add.at(tallies, (entries.group[callees.entry], callees.endpoint), observed.sums.tallies)
    shown = tallies[:, :, Tally.NUMBER] > 0
    shown[np.arange(groups), entries.endpoint] = True
    group, endpoint = np.nonzero(shown)
    number, failed, latency = np.moveaxis(tallies[group, endpoint], 1, 0)
    percentiles = call_percentiles(observed, entries)[group, endpoint]
    index = pd.MultiIndex.from_arrays(
        [
            [plan.workloads.name[row] for row in entries.workload[group]],
            [names[row] for row in entries.endpoint[group]],
            [names[row] for row in endpoint],
        ],
        names=["workload", "entry", "endpoint"],
    )
    return pd.DataFrame(
        {
            "calls": number.astype(np.int64),
            "calls_per_s": number / observed.time_s,
            "latency_mean_s": ratio(latency, number - failed),
            **dict(zip(LATENCIES, percentiles.T, strict=True)),
            "errors": failed.astype(np.int64),
            "error_ratio": ratio(failed, number),
        },
        index=index,
    )
