"""What is read off a curve: a law fitted to it, and where it bends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...results import student_interval
from ...results.statistics import check_confidence, student_factor
from ...theory import usl_capacity

Floats = NDArray[np.float64]
PARAMETERS = 3


@dataclass(frozen=True)
class ScalabilityFit:
    """The Universal Scalability Law through measured throughputs (Gunther 2007): per second, by size.

    Attributes
    ----------
    rate_per_s
        Throughput of size one.
    contention
        Sigma: 0 for perfect scaling. Slightly negative by chance, or where size one is at a disadvantage.
    coherency
        Kappa: above 0, throughput falls again beyond some size.
    rate_half_width, contention_half_width, coherency_half_width
        Student, by the covariance of the fit; NaN with three points, which it meets exactly.
    """

    rate_per_s: float
    contention: float
    coherency: float
    rate_half_width: float
    contention_half_width: float
    coherency_half_width: float
    confidence: float
    points: int

    def throughput(self, size: float) -> float:
        """Requests per second of a size, by the law; NaN where a negative parameter leaves it no meaning."""
        try:
            return self.rate_per_s * usl_capacity(size, self.contention, self.coherency)
        except ValueError:
            return math.nan


def fit_scalability(sizes: ArrayLike, throughputs: ArrayLike, confidence: float = 0.95) -> ScalabilityFit | None:
    """The law by non-linear least squares; None of fewer than three different sizes, or where nothing gets through.

    Parameters
    ----------
    sizes
        Multiples of size one, above 0.
    throughputs
        Requests per second; NaN are left out.
    """
    check_confidence(confidence)
    size, measured = np.asarray(sizes, np.float64), np.asarray(throughputs, np.float64)
    kept = np.isfinite(measured) & (measured > 0.0)
    size, measured = size[kept], measured[kept]
    if np.unique(size).size < PARAMETERS:
        return None
    # In units of the greatest, so that the three parameters are of one order.
    unit = float(measured.max())
    found, spread = _least_squares(size, measured / unit)
    degrees = size.size - PARAMETERS
    half = student_factor(degrees, confidence) * spread if degrees else np.full(PARAMETERS, np.nan)
    rate, contention, coherency = (float(value) for value in found)
    return ScalabilityFit(
        rate * unit, contention, coherency,
        float(half[0]) * unit, float(half[1]), float(half[2]), confidence, int(size.size),
    )  # fmt: skip


def _least_squares(size: Floats, measured: Floats) -> tuple[Floats, Floats]:
    """Rate, contention and coherency, and the standard error of each."""
    from scipy.optimize import least_squares

    # N / X is linear in its parameters: Gunther's own way to fit, and the start of the search.
    columns = np.column_stack([np.ones_like(size), size - 1.0, size * (size - 1.0)])
    first, *_ = np.linalg.lstsq(columns, size / measured, rcond=None)
    start = np.array([1.0 / first[0], first[1] / first[0], first[2] / first[0]])
    if not np.isfinite(start).all() or start[0] <= 0.0:
        start = np.array([measured[size.argmin()] / size.min(), 0.0, 0.0])

    def residuals(parameters: Floats) -> Floats:
        rate, contention, coherency = parameters
        work = 1.0 + contention * (size - 1.0) + coherency * size * (size - 1.0)
        return np.asarray(rate * size / np.where(work > 1e-9, work, 1e-9) - measured, np.float64)

    fit = least_squares(residuals, start, x_scale=(1.0, 0.1, 0.01), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    degrees = max(size.size - PARAMETERS, 1)
    slopes = np.asarray(fit.jac, np.float64)
    covariance = np.linalg.pinv(slopes.T @ slopes) * 2.0 * fit.cost / degrees
    return np.asarray(fit.x, np.float64), np.sqrt(np.maximum(np.diag(covariance), 0.0))


@dataclass(frozen=True)
class Knee:
    """Where power, goodput by p99 latency, is greatest, of the loads that were simulated.

    `low` and `high` are the first and the last load of which it is not shown that they have less. `inside` says that
    loads on both sides of the best are shown to have less: else the bend may lie beyond what was simulated.

    Source: L. Kleinrock, "Power and deterministic rules of thumb for probabilistic problems in computer
    communications", 1979. Up to there one per cent more of goodput costs less than one per cent more of latency,
    beyond it costs more. An M/M/1 queue has its knee at half of its saturation rate.
    """

    load: float
    low: float
    high: float
    inside: bool


def find_knee(loads: Sequence[float], goodput: ArrayLike, latency: ArrayLike, confidence: float = 0.95) -> Knee | None:
    """The knee of a load curve; None where no load was served.

    Parameters
    ----------
    loads
        Ascending.
    goodput, latency
        One row a load, one column a replication: per second and seconds. Replications are paired.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.asarray(goodput, np.float64) / np.asarray(latency, np.float64)
    known = [row for row in range(len(loads)) if np.isfinite(power[row]).all()]
    if not known:
        return None
    best = max(known, key=lambda row: float(power[row].mean()))
    as_good = [row for row in known if row == best or not _is_less(power[row], power[best], confidence)]
    inside = known[0] < as_good[0] and as_good[-1] < known[-1]
    return Knee(float(loads[best]), float(loads[as_good[0]]), float(loads[as_good[-1]]), inside)


def _is_less(power: Floats, best: Floats, confidence: float) -> bool:
    """Whether the paired interval of what is missing to the best lies above 0."""
    missing, half_width = student_interval(best - power, confidence)
    return bool(missing - half_width > 0.0)
