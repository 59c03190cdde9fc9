"""What is read off a curve: a law fitted to it, and where it bends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...results import student_interval
from ...results.statistics import check_confidence, student_factor
from ...theory import usl_capacity

Floats = NDArray[np.float64]
PARAMETERS = 3
LEAST_SIZES = 4
"""Of which a law is fitted: three parameters meet three sizes exactly, and chance would not show."""


@dataclass(frozen=True)
class ScalabilityFit:
    """The Universal Scalability Law through measured throughputs (Gunther 2007): per second, by size.

    Attributes
    ----------
    rate_per_s
        Throughput of size one.
    contention
        Sigma, never below 0, which is perfect scaling.
    coherency
        Kappa, never below 0; above, throughput falls again beyond some size.
    rate_half_width, contention_half_width, coherency_half_width
        Student, by the covariance of the fit of all three, also where one of them is held at 0.
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
        """Requests per second of a size, by the law."""
        return self.rate_per_s * usl_capacity(size, self.contention, self.coherency)


def fit_scalability(sizes: ArrayLike, throughputs: ArrayLike, confidence: float = 0.95) -> ScalabilityFit | None:
    """The law by non-linear least squares; None of fewer than four different sizes that get something through.

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
    if np.unique(size).size < LEAST_SIZES:
        return None
    # In units of the greatest, so that the three parameters are of one order.
    unit = float(measured.max())
    found, spread = _least_squares(size, measured / unit)
    degrees = size.size - PARAMETERS
    half = student_factor(degrees, confidence) * spread
    rate, contention, coherency = (float(value) for value in found)
    return ScalabilityFit(
        rate * unit, contention, coherency,
        float(half[0]) * unit, float(half[1]), float(half[2]), confidence, int(size.size),
    )  # fmt: skip


def _least_squares(size: Floats, measured: Floats) -> tuple[Floats, Floats]:
    """Rate, contention and coherency, the last two not below 0, and the standard error of each.

    The best within such bounds has each of the two free, or at 0: all four cases are tried.
    """
    tried = [_search(size, measured, free) for free in ([0, 1, 2], [0, 1], [0, 2], [0])]
    found, cost = min((one for one in tried if (one[0] >= 0.0).all()), key=lambda one: one[1])
    rate, contention, coherency = found
    work = 1.0 + contention * (size - 1.0) + coherency * size * (size - 1.0)
    # Of all three: that one is held at 0 does not make the others surer.
    by_work = -rate * size / work**2
    slopes = np.column_stack([size / work, by_work * (size - 1.0), by_work * size * (size - 1.0)])
    covariance = np.linalg.pinv(slopes.T @ slopes) * 2.0 * cost / max(size.size - PARAMETERS, 1)
    return found, np.sqrt(np.maximum(np.diag(covariance), 0.0))


def _search(size: Floats, measured: Floats, free: list[int]) -> tuple[Floats, float]:
    """The parameters with those that are not free at 0, and half the sum of squares that they leave."""
    from scipy.optimize import least_squares

    # N / X is linear in its parameters: Gunther's own way to fit, and the start of the search.
    columns = np.column_stack([np.ones_like(size), size - 1.0, size * (size - 1.0)])[:, free]
    first, *_ = np.linalg.lstsq(columns, size / measured, rcond=None)
    start = np.array([1.0, *first[1:]]) / first[0]
    if not np.isfinite(start).all() or start[0] <= 0.0:
        start = np.zeros(len(free))
        start[0] = measured[size.argmin()] / size.min()

    def whole(parameters: Floats) -> Floats:
        made = np.zeros(PARAMETERS)
        made[free] = parameters
        return made

    def residuals(parameters: Floats) -> Floats:
        rate, contention, coherency = whole(parameters)
        work = 1.0 + contention * (size - 1.0) + coherency * size * (size - 1.0)
        return np.asarray(rate * size / np.where(work > 1e-9, work, 1e-9) - measured, np.float64)

    scale = np.array([1.0, 0.1, 0.01])[free]
    fit = least_squares(residuals, start, x_scale=scale, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    return whole(np.asarray(fit.x, np.float64)), float(fit.cost)


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
