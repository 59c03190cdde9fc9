"""Two results of the same seed, difference by difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from ..errors import ResultError
from ..plan.columns import Floats
from ..plan.measures import Tally
from ..plan.plan import Objective
from ..words import duration
from .objectives import ERRORS, failures_of, find_target, tallies_of, values_of
from .observed import Observed
from .quantities import COUNTS, PERCENTILES
from .results import Results
from .statistics import check_confidence, mean, quantiles, student_interval

LATENCIES: Final = ("latency_mean_s", *PERCENTILES)
"""Quantities of single latencies."""
MEAN: Final = "mean"
EXACT: Final = ("cost_per_hour", "cores")
"""Quantities that follow from the file alone: no estimates."""
SAME: Final = 1e-12
"""Relative difference that rounding alone can make."""
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
    """Other minus baseline, by quantity: pooled values, and Student's interval of the difference by replication.

    `shown` where the interval excludes 0. A replication in which either has no value is left out of both. What a
    replication says of a mean or a percentile is its pseudo-value (`pseudo_values`). Costs in unlike currencies have
    no difference (rule 11.25).

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
    level = check_confidence(baseline.provenance["confidence"] if confidence is None else confidence)
    left, right = baseline.replications, other.replications
    jackknifed = _latencies(baseline, other)
    same_money = one_currency([baseline, other])
    rows = []
    for quantity in left.columns:
        pair = np.column_stack([left[quantity], right[quantity]]).astype(np.float64)
        complete = ~np.isnan(pair).any(axis=1)
        if quantity in jackknifed:
            pooled, pair = jackknifed[quantity]
        elif quantity in COUNTS or not complete.all():
            shown = pair[complete] if complete.any() else pair
            pooled, pair = [student_interval(column, level)[0] for column in shown.T], pair[complete]
        else:
            pooled = [float(one.summary[quantity]) for one in (baseline, other)]
        half_width = student_interval(pair[:, 1] - pair[:, 0], level)[1]
        difference = pooled[1] - pooled[0] if complete.any() else np.nan
        if quantity.startswith("cost_") and not same_money:
            difference = half_width = np.nan
        low, high = difference - half_width, difference + half_width
        rows.append((*pooled, difference, half_width, low, high, low > 0.0 or high < 0.0))
    table = pd.DataFrame(rows, index=left.columns.rename("quantity"), columns=list(COLUMNS))
    return table.astype(dict.fromkeys(COLUMNS[:-1], "float64") | {"shown": "bool"})


def is_same(quantity: str, row: Mapping[Any, Any]) -> bool:
    """Whether both sides of a difference are known, not estimated, and equal: then it is not merely not shown."""
    known = quantity in EXACT and not row.get("half_width", math.nan) > 0.0
    return known and math.isclose(row["baseline"], row["other"], rel_tol=SAME)


def one_currency(results: Sequence[Results]) -> bool:
    """Whether prices, of those that have any, are in one currency."""
    return len({one.provenance["currency"] for one in results} - {None}) < 2


def _latencies(baseline: Results, other: Results) -> dict[str, tuple[list[float], Floats]]:
    """By quantity the pooled values of both, and their pseudo-values, of the replications that both have."""
    each = [_split(one) for one in (baseline, other)]
    kept = [row for row, pair in enumerate(zip(*each, strict=True)) if all(values.size for values in pair)]
    if not kept:
        return {}
    made = [pseudo_values([values[row] for row in kept]) for values in each]
    return {
        name: ([float(pooled[place]) for pooled, _ in made], np.column_stack([rows[:, place] for _, rows in made]))
        for place, name in enumerate(LATENCIES)
    }


def _split(result: Results) -> list[Floats]:
    """The latencies of each replication."""
    table = result.latencies
    starts = np.searchsorted(table["replication"].to_numpy(), result.replications.index.to_numpy())
    return np.split(table["latency_s"].to_numpy(), starts[1:])


def pseudo_values(each: Sequence[Floats]) -> tuple[Floats, Floats]:
    """`LATENCIES` of all values together, and what each replication adds to them: the jackknife's pseudo-values.

    Their mean has the bias of a pooled percentile, not the much larger one of a replication's own.

    Source: Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), chapter 3.
    """
    return jackknife(each, statistics_of)


def jackknife(each: Sequence[Floats], statistic: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """A statistic of all rows together, and what each replication's own add to it."""
    number, whole = len(each), statistic(np.concatenate(each))
    if number < 2:
        return whole, whole[np.newaxis]
    without = [statistic(np.concatenate([*each[:row], *each[row + 1 :]])) for row in range(number)]
    return whole, number * whole - (number - 1) * np.array(without)


def statistics_of(values: Floats) -> Floats:
    """`LATENCIES` of some values."""
    return np.append(mean(values), quantiles(values, list(PERCENTILES.values())))


def paired_objective(baseline: Observed, other: Observed, objective: Objective, confidence: float) -> dict[str, float]:
    """What differs in an objective, as a row of `paired_difference`: of its own calls, by its own quantity."""
    pairs = [
        pair
        for pair in zip(*(_own_values(one, objective) for one in (baseline, other)), strict=True)
        if all(values.size for values in pair)
    ]
    if not pairs:
        return dict.fromkeys(COLUMNS[:-1], np.nan) | {"shown": False}
    statistic = _ratio if objective.quantity in (ERRORS, MEAN) else partial(np.quantile, q=[objective.probability])
    (before, rows), (after, later) = (jackknife(each, statistic) for each in zip(*pairs, strict=True))
    half_width = student_interval(later[:, 0] - rows[:, 0], confidence)[1]
    difference = float(after[0] - before[0])
    low, high = difference - half_width, difference + half_width
    row = (float(before[0]), float(after[0]), difference, half_width, low, high, low > 0.0 or high < 0.0)
    return dict(zip(COLUMNS, row, strict=True))


def _own_values(observed: Observed, objective: Objective) -> list[Floats]:
    """Of each replication: the latencies of its calls, or one row of a sum and the number that it is of."""
    target = find_target(observed.plan, objective.endpoint)
    if objective.quantity not in (ERRORS, MEAN):
        return [values for one in observed.each if (values := values_of(one, objective, target)) is not None]
    if objective.quantity == MEAN and objective.settled:
        given = [values_of(one, objective, target) for one in observed.each]
        return [np.column_stack([one, np.ones(one.size)]) for one in given if one is not None and one.size]
    if objective.quantity == ERRORS:
        parts, numbers = failures_of(observed, target, settled=objective.settled)
    else:
        tallies = tallies_of(observed, target)
        parts, numbers = tallies[..., Tally.LATENCY], tallies[..., Tally.NUMBER] - tallies[..., Tally.FAILED]
    sums = np.column_stack([parts.sum(axis=1), numbers.sum(axis=1)]).astype(np.float64)
    return [row[row[:, 1] > 0.0] for row in sums[:, np.newaxis]]


def _ratio(rows: Floats) -> Floats:
    part, number = rows.sum(axis=0)
    return np.array([part / number])
