"""The intervals of the quantities of `summary`: one a quantity, about the number that all replications say together."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from ..plan.layout import GOOD
from .observed import Observed
from .quantities import COMPLETIONS, COUNTS, PERCENTILES
from .rarity import Rarity, can_fail, find_rarity
from .sections import Interval, share_interval
from .statistics import interval_table

SHARE: Final = "availability_ratio"


def failed_interval(observed: Observed, confidence: float) -> Interval:
    """Of the share of requests that were not served, the unfinished among them (rule 11.13)."""
    outcomes = observed.in_sections("outcomes").sum(axis=2)
    failed, number = outcomes[..., GOOD + 1 :].sum(axis=2), outcomes.sum(axis=2)
    return certain(share_interval(failed, number, confidence), observed, find_rarity_of(observed), confidence)


def find_rarity_of(observed: Observed, endpoint: int | None = None) -> Rarity | None:
    """`find_rarity` of what was run."""
    return find_rarity(observed.plan, len(observed.traces), endpoint)


def certain(failed: Interval, observed: Observed, rarity: Rarity | None, confidence: float) -> Interval:
    """The interval of a share of failures, with what the plan knows of them: that there are none, or rare ones."""
    if np.isnan(failed.high):
        return failed
    if failed.value == 0.0 and not can_fail(observed.plan):
        return Interval(0.0, 0.0, 0.0)
    if rarity is None:
        return failed
    return Interval(failed.value, failed.low, max(failed.high, rarity.most(confidence)), failed.effective, False)


def quantity_intervals(
    observed: Observed, pooled: pd.Series[float], each: pd.DataFrame, confidence: float
) -> pd.DataFrame:
    """One row a quantity: mean, half_width, low, high.

    Parameters
    ----------
    pooled
        The quantities of all replications together.
    each
        Of each: one row a replication.
    """
    table = interval_table(each, confidence)
    for name in table.index.difference(list(COUNTS)):
        half_width = table.loc[name, "half_width"]
        table.loc[name] = row_of(Interval(pooled[name], pooled[name] - half_width, pooled[name] + half_width))
    failed = failed_interval(observed, confidence)
    table.loc[SHARE] = row_of(Interval(pooled[SHARE], 1.0 - failed.high, 1.0 - failed.low))
    table.loc["latency_mean_s"] = row_of(replace(observed.sections.mean(confidence), value=pooled["latency_mean_s"]))
    for name, probability in PERCENTILES.items():
        table.loc[name] = row_of(observed.sections.percentile(probability, confidence))
    _add_completions(table, observed, pooled, confidence)
    return table


def _add_completions(table: pd.DataFrame, observed: Observed, pooled: pd.Series[float], confidence: float) -> None:
    """What is said of the settled requests (rule 11.24): as of the answered ones, where they are the same."""
    requests = observed.in_sections("outcomes").sum(axis=(2, 3)).astype(np.float64)
    table.loc["unsettled_ratio"] = row_of(share_interval(observed.unsettled, requests, confidence))
    if observed.completions is observed.latencies:
        for name in ("completion_mean_s", *COMPLETIONS):
            table.loc[name] = table.loc[name.replace("completion", "latency")]
        return
    sections = observed.settled_sections
    table.loc["completion_mean_s"] = row_of(replace(sections.mean(confidence), value=pooled["completion_mean_s"]))
    for name, probability in COMPLETIONS.items():
        table.loc[name] = row_of(sections.percentile(probability, confidence))


def row_of(interval: Interval) -> list[float]:
    """Value, half the width, both ends; an interval that the data do not carry is left out."""
    if not (interval.carried and np.isfinite(interval.high)):
        return [interval.value, np.nan, np.nan, np.nan]
    return [interval.value, (interval.high - interval.low) / 2.0, interval.low, interval.high]
