"""What a fault does to what nobody waits for: sends, and how long requests take to settle (rule 15.17)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...plan.columns import Floats
from ...plan.layout import GOOD, Outcome
from ...plan.plan import Plan
from ...plan.trace import Trace
from ...results.settling import completions_of
from ...results.statistics import student_interval
from .pairing import Fates, Pairs, count_pairs, pair_requests, read_fates


@dataclass(frozen=True, eq=False)
class Aftermath:
    """Of one replication.

    Attributes
    ----------
    failed
        Sends that did not end well, those that have not ended among them: without the fault, and with it.
    pairs
        The same requests in both runs, with the time until they settled for their latency.
    """

    failed: tuple[int, int]
    pairs: Pairs


def read_aftermath(calm: Trace, faulty: Trace, pairs: Pairs) -> Aftermath:
    """Of both runs; where nothing outlived its request the pairs are those of the answers."""
    if calm.settling.served.size or faulty.settling.served.size:
        pairs = pair_requests(_completions(calm), _completions(faulty))
    return Aftermath((_failed(calm), _failed(faulty)), pairs)


def _failed(trace: Trace) -> int:
    return int(trace.sends[:, :, GOOD + 1 :].sum())


def _completions(trace: Trace) -> Fates:
    """What has not settled is as if it had not ended."""
    assert trace.requests is not None
    found, log = completions_of(trace.requests, trace.settling), trace.requests
    fates = read_fates(log)
    settled = found[np.lexsort((log.request, log.workload))]
    outcome = np.where(np.isnan(settled) & fates.good, Outcome.UNFINISHED, fates.outcome)
    return Fates(**vars(fates) | {"latency_s": np.where(outcome <= GOOD, settled, np.nan), "outcome": outcome})


def settled_limits(plan: Plan, typical_s: Floats) -> Floats:
    """By entry, seconds: that of the highest percentile of its slos `until: settled`, else the typical ones."""
    limits = typical_s.copy()
    for entry, endpoint in enumerate(plan.calls.target[plan.workloads.entry_call].tolist()):
        mine = [one for one in plan.objectives if one.endpoint == endpoint and one.settled]
        percentiles = [one for one in mine if not math.isnan(one.probability)]
        if percentiles:
            limits[entry] = max(percentiles, key=lambda one: (one.probability, -one.limit)).limit
    return limits


def aftermath_columns(each: Sequence[Aftermath], limits: Floats, confidence: float) -> dict[str, float]:
    """Means over replications with half widths: late to settle, failed sends, and those less what fails without it."""
    values = {
        "settled_late": [count_pairs(one.pairs, limits).late for one in each],
        "unawaited_failed": [one.failed[1] for one in each],
        "unawaited_failed_net": [one.failed[1] - one.failed[0] for one in each],
    }
    row: dict[str, float] = {}
    for name, numbers in values.items():
        row[name], row[f"{name}_half_width"] = student_interval(numbers, confidence)
    return row


def harms_sends(row: Mapping[Any, Any]) -> bool:
    """Whether more sends fail than without the fault, and that is no chance; of one replication, whether any do."""
    half_width = row["unawaited_failed_net_half_width"]
    return bool(row["unawaited_failed_net"] > (0.0 if math.isnan(half_width) else half_width))
