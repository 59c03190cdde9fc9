"""The quantities of `summary`, of one replication or of all of them pooled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from ..plan.layout import Outcome
from .cost import cost_per_million, unit_costs
from .observed import Observed
from .statistics import mean, quantiles, share

PERCENTILES: Final = {
    "latency_p50_s": 0.5,
    "latency_p90_s": 0.9,
    "latency_p95_s": 0.95,
    "latency_p99_s": 0.99,
    "latency_p999_s": 0.999,
}
COMPLETIONS: Final = {
    name.replace("latency", "completion"): share for name, share in PERCENTILES.items() if share < 0.999
}
"""Of the settled (rule 11.24)."""
COUNTS: Final = ("requests", "degraded", "errors", "unfinished", "replications")
"""Quantities that are whole numbers."""


def quantities(observed: Observed) -> dict[str, float]:
    """Every quantity by name (rule 11.20): counts are sums over replications, rates averages, latencies pooled."""
    replications = len(observed.traces)
    requests, served = observed.requests, observed.served
    ended, useful = (float(number) for number in observed.sums.ended.sum(axis=0))
    cost = float(unit_costs(observed.plan, observed.replica_seconds / observed.time_s).sum())
    goodput = useful / observed.time_s
    tails = quantiles(observed.latencies, list(PERCENTILES.values()))
    return {
        "requests": float(requests),
        "throughput_per_s": ended / observed.time_s,
        "goodput_per_s": goodput,
        "availability_ratio": share(served, requests),
        "latency_mean_s": mean(observed.latencies),
        **dict(zip(PERCENTILES, tails.tolist(), strict=True)),
        **_completions(observed, dict(zip(PERCENTILES.values(), tails.tolist(), strict=True))),
        "degraded": float(observed.sums.outcomes[:, Outcome.DEGRADED].sum()),
        "errors": float(requests - served - observed.unfinished),
        "unfinished": float(observed.unfinished),
        "cost_per_hour": cost,
        "cost_per_million_successful": cost_per_million(cost, goodput),
        "replications": float(replications),
    }


def _completions(observed: Observed, tails: Mapping[float, float]) -> dict[str, float]:
    """Of the served requests that settled, and the share of all that did not; `tails` are those of the latencies."""
    values = observed.completions
    if values is not observed.latencies:
        values = values[~np.isnan(values)]
        shares = list(COMPLETIONS.values())
        tails = dict(zip(shares, quantiles(values, shares).tolist(), strict=True))
    return {
        "completion_mean_s": mean(values),
        **{name: tails[probability] for name, probability in COMPLETIONS.items()},
        "unsettled_ratio": share(float(observed.unsettled.sum()), observed.requests),
    }


def summary_series(observed: Observed) -> pd.Series[float]:
    """The quantities of all replications together."""
    values = quantities(observed)
    index = pd.Index(list(values), name="quantity")
    return pd.Series(list(values.values()), index=index, name=observed.plan.deployment, dtype="float64")


def replication_table(observed: Observed) -> pd.DataFrame:
    """One row a replication, one column a quantity."""
    rows = [quantities(one) for one in observed.each]
    index = pd.Index([trace.replication for trace in observed.traces], name="replication", dtype="int64")
    return pd.DataFrame(rows, index=index, dtype="float64").drop(columns="replications")
