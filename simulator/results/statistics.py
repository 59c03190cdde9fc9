"""Means, percentiles and Student intervals: NaN where there is nothing to average, never a warning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..errors import ResultError
from ..plan.columns import Floats

INTERVAL = ("mean", "half_width", "low", "high")


def check_confidence(confidence: float) -> float:
    """The confidence as it is, if an interval can have it.

    Raises
    ------
    ResultError
        Unless it lies between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise ResultError(f"a confidence lies between 0 and 1 (95% is 0.95), not at {confidence}")
    return float(confidence)


@lru_cache(maxsize=256)
def student_factor(degrees: int, confidence: float) -> float:
    """The two-sided critical value of Student's t."""
    # Not scipy.stats: the same number, for a second and a half less of importing.
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1.0 + confidence) / 2.0))


def shown_together(
    differences: Sequence[float], half_widths: Sequence[float], degrees: Sequence[int], confidence: float
) -> list[bool]:
    """Which of several differences are no chance, each with its Student interval of so many degrees of freedom.

    Where none differs in law, chance names one or more of them in no more than 1 - confidence of all such lists. What
    is known exactly (half width 0) is no matter of chance, and what has no interval is not shown.

    Source: Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
    """
    from scipy.special import stdtr

    rows = list(zip(differences, half_widths, degrees, strict=True))
    shown = [half_width == 0.0 and difference != 0.0 for difference, half_width, _ in rows]
    chances = {
        row: 2.0 * float(stdtr(free, -abs(difference) / half_width * student_factor(free, confidence)))
        for row, (difference, half_width, free) in enumerate(rows)
        if half_width > 0.0
    }
    ordered = sorted(chances, key=chances.__getitem__)
    for left, row in zip(range(len(ordered), 0, -1), ordered, strict=True):
        if not chances[row] < (1.0 - confidence) / left:
            break
        shown[row] = True
    return shown


def student_interval(values: ArrayLike, confidence: float) -> tuple[float, float]:
    """Mean of independent values and the half width of its Student interval; NaN among them are left out.

    Fewer than two values have no half width (NaN), none have no mean.

    Source: Law, Simulation Modeling and Analysis, 5th ed. (2015), section 9.4.1: replication/deletion.
    """
    check_confidence(confidence)
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[~np.isnan(numbers)]
    if numbers.size == 0:
        return np.nan, np.nan
    mean = float(numbers.mean())
    if numbers.size < 2 or not np.isfinite(numbers).all():
        return mean, np.nan
    if numbers.min() == numbers.max():
        return mean, 0.0  # the mean of equal numbers may be off by a rounding, and so would be their spread
    error = float(numbers.std(ddof=1)) / np.sqrt(numbers.size)
    return mean, float(student_factor(numbers.size - 1, confidence) * error)


def student_intervals(rows: Floats, confidence: float) -> tuple[Floats, Floats]:
    """`student_interval` of each row, to the bit: all rows of finite values at once, the others one by one."""
    number = rows.shape[1]
    means, half_widths = np.empty(len(rows)), np.empty(len(rows))
    whole = np.isfinite(rows).all(axis=1) & (number > 1)
    for row in np.flatnonzero(~whole).tolist():
        means[row], half_widths[row] = student_interval(rows[row], confidence)
    if whole.any():
        # Each row in one piece: NumPy adds it up in the order in which it adds up a row alone.
        finite = np.ascontiguousarray(rows[whole])
        means[whole] = finite.mean(axis=1)
        errors = finite.std(axis=1, ddof=1) / np.sqrt(number)
        differ = finite.min(axis=1) < finite.max(axis=1)
        half_widths[whole] = np.where(differ, student_factor(number - 1, confidence) * errors, 0.0)
    return means, half_widths


def interval_table(replications: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """One row a column of `replications` (one row a replication): mean, half_width, low, high."""
    means, half_widths = student_intervals(replications.to_numpy(dtype=np.float64).T, confidence)
    columns = np.column_stack([means, half_widths, means - half_widths, means + half_widths])
    return pd.DataFrame(columns, index=replications.columns.rename("quantity"), columns=list(INTERVAL))


def ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """Part by whole, element by element; NaN where the whole is 0."""
    above, below = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    result = np.full(below.shape, np.nan)
    np.divide(above, below, out=result, where=below != 0.0)
    return result


def share(part: float, whole: float) -> float:
    """`ratio` of two numbers."""
    return float(part) / float(whole) if whole != 0.0 else np.nan


def mean(values: Floats) -> float:
    """The mean of times in seconds, added up as whole nanoseconds; NaN of nothing."""
    return float(np.rint(values.sum() * 1e9)) / values.size / 1e9 if values.size else np.nan


def quantiles(values: Floats, probabilities: Sequence[float]) -> Floats:
    """NumPy's linear quantiles (Hyndman and Fan's type 7), NaN of nothing."""
    if values.size == 0:
        return np.full(len(probabilities), np.nan)
    return np.asarray(np.quantile(values, probabilities), dtype=np.float64)
