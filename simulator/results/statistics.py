"""Means, percentiles and Student intervals: NaN where there is nothing to average, never a warning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..errors import ResultError
from ..plan.plan import Floats

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


def interval_table(replications: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """One row a column of `replications` (one row a replication): mean, half_width, low, high."""
    rows = []
    for column in replications.columns:
        mean, half_width = student_interval(replications[column].to_numpy(), confidence)
        rows.append((mean, half_width, mean - half_width, mean + half_width))
    index = replications.columns.rename("quantity")
    return pd.DataFrame(np.array(rows, dtype=np.float64).reshape(-1, 4), index=index, columns=list(INTERVAL))


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
    """The mean, NaN of nothing."""
    return float(values.mean()) if values.size else np.nan


def quantiles(values: Floats, probabilities: Sequence[float]) -> Floats:
    """NumPy's linear quantiles (Hyndman and Fan's type 7), NaN of nothing."""
    if values.size == 0:
        return np.full(len(probabilities), np.nan)
    return np.asarray(np.quantile(values, probabilities), dtype=np.float64)


def grouped_quantiles(group: NDArray[Any], values: Floats, groups: int, probabilities: Sequence[float]) -> Floats:
    """`quantiles` of the values of each group 0 .. groups - 1, one row a group."""
    small = group.astype(np.int16 if groups < 2**15 else np.int64)
    ordered = values[np.argsort(small, kind="stable")]
    ends = np.cumsum(np.bincount(small, minlength=groups))
    result = np.full((groups, len(probabilities)), np.nan)
    for row, (start, end) in enumerate(zip(ends - np.diff(ends, prepend=0), ends, strict=True)):
        if end > start:
            result[row] = np.quantile(ordered[start:end], probabilities)
    return result
