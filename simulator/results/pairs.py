"""Two results of the same seed, difference by difference."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import ResultError
from ..words import duration
from .results import Results
from .statistics import student_interval

COLUMNS = ("baseline", "other", "difference", "half_width", "low", "high", "shown")


def check_pairs(baseline: Results, other: Results) -> None:
    """Refuse what does not belong together."""
    seeds = [one.provenance["seed"] for one in (baseline, other)]
    if seeds[0] != seeds[1]:
        raise ResultError(f"seeds {seeds[0]} and {seeds[1]} cannot be paired: run both with one seed")
    for word, key in (("a duration", "duration_s"), ("a warmup", "warmup_s")):
        spans = [one.provenance[key] for one in (baseline, other)]
        if spans[0] != spans[1]:
            raise ResultError(
                f"{word} of {duration(spans[0])} and of {duration(spans[1])} cannot be paired: "
                "these are not the same requests"
            )
    mine, theirs = (list(one.replications.index) for one in (baseline, other))
    if mine != theirs:
        raise ResultError(f"replications {mine} and {theirs} cannot be paired: run both with the same replications")


def paired_difference(baseline: Results, other: Results, *, confidence: float | None = None) -> pd.DataFrame:
    """Other minus baseline, by quantity: means and the Student interval of the differences by replication.

    `shown` where the interval excludes 0. A replication in which either is NaN is left out of both means.

    Parameters
    ----------
    confidence
        Between 0 and 1; that of the baseline if not given.

    Raises
    ------
    ResultError
        Unless both have one seed and the same replications.
    """
    check_pairs(baseline, other)
    level = baseline.provenance["confidence"] if confidence is None else confidence
    left, right = baseline.replications, other.replications
    rows = []
    for quantity in left.columns:
        pair = np.column_stack([left[quantity], right[quantity]]).astype(np.float64)
        complete = pair[~np.isnan(pair).any(axis=1)]
        difference, half_width = student_interval(complete[:, 1] - complete[:, 0], level)
        shown_pair = complete if complete.size else pair
        means = [student_interval(column, level)[0] for column in shown_pair.T]
        low, high = difference - half_width, difference + half_width
        rows.append((*means, difference, half_width, low, high, low > 0.0 or high < 0.0))
    table = pd.DataFrame(rows, index=left.columns.rename("quantity"), columns=list(COLUMNS))
    return table.astype(dict.fromkeys(COLUMNS[:-1], "float64") | {"shown": "bool"})
