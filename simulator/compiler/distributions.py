"""Distributions as people give them to rows as engines sample them.

Everything has a closed form, but for the shape of a Weibull distribution by mean and cv, which is found by bisection
down to neighbouring floats. Source of the moments: N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate
Distributions", volumes 1 and 2, 1994 and 1995.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist, fmean

import numpy as np

from ..errors import PlanError
from ..plan.layout import Dist
from ..plan.tables import Distributions
from ..spec.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    Hyperexponential,
    LogNormal,
    Normal,
    Pareto,
    Uniform,
    Weibull,
)

Points = tuple[tuple[float, float], ...]

_STANDARD = NormalDist()


@dataclass(frozen=True)
class Row:
    """One row of `Distributions`: `layout.Dist` says what the parameters are; mean and variance are in seconds."""

    kind: Dist
    p0: float
    p1: float
    p2: float
    mean: float
    variance: float
    points: Points = ()


def constant_row(value: float) -> Row:
    """Row of a constant time in seconds."""
    return Row(Dist.CONSTANT, value, 0.0, 0.0, value, 0.0)


ZERO = constant_row(0.0)


def distribution_row(distribution: Distribution) -> Row:
    """Row of a distribution of the file, with its exact mean and variance (which may be infinite).

    Raises
    ------
    PlanError
        If the distribution has no finite mean.
    """
    try:
        row = _row(distribution)
    except OverflowError:
        row = None
    if row is None or not math.isfinite(row.mean):
        raise PlanError(f"{describe(distribution)} has an infinite mean: nothing that waits for it would ever settle")
    return row


def describe(distribution: Distribution) -> str:
    """Say in a message which distribution is meant."""
    given = getattr(distribution, "percentiles", ())
    if given:
        percentiles = ", ".join(f"p{probability * 100:g} {value:g} s" for probability, value in given)
        return f"{distribution.kind} with {percentiles}"
    mean, cv = getattr(distribution, "mean", None), getattr(distribution, "cv", None)
    if mean is None:
        return f"{distribution.kind} distribution"
    return f"{distribution.kind} with mean {mean:g} s" + ("" if cv is None else f", cv {cv:g}")


def _row(distribution: Distribution) -> Row:
    match distribution:
        case Constant(value=value):
            return constant_row(value)
        case Uniform(min=low, max=high):
            return _uniform(low, high)
        case Exponential(mean=mean, percentiles=percentiles):
            return _exponential(mean if mean is not None else _exponential_mean(percentiles))
        case Empirical():
            return _values(distribution.values) if distribution.values else _quantiles(distribution.points)
        case LogNormal(percentiles=percentiles) if percentiles:
            return _lognormal_by_percentiles(percentiles)
        case Weibull(percentiles=percentiles) if percentiles:
            return _weibull_by_percentiles(percentiles)
        case Pareto(percentiles=percentiles) if percentiles:
            return _pareto_by_percentiles(percentiles)
        case _:
            return _by_moments(distribution)


def _by_moments(distribution: Distribution) -> Row:
    """Row of what is given by mean and cv, both above 0."""
    mean, cv = getattr(distribution, "mean", None), getattr(distribution, "cv", None)
    assert mean is not None  # the file was checked
    assert cv is not None
    match distribution:
        case Normal():
            return _normal(mean, cv)
        case LogNormal():
            return _lognormal(mean, cv)
        case Gamma():
            return Row(Dist.GAMMA, cv**-2, mean * cv**2, 0.0, mean, (mean * cv) ** 2)
        case Weibull():
            return _weibull(mean, cv)
        case Pareto():
            return _pareto(mean, cv)
        case Hyperexponential():
            return _hyperexponential(mean, cv)
    raise AssertionError(f"no row for {distribution.kind}")


def _uniform(low: float, high: float) -> Row:
    width = high - low
    if width == 0.0:
        return constant_row(low)
    return Row(Dist.UNIFORM, low, width, 0.0, low + width / 2.0, width**2 / 12.0)


def _exponential(mean: float) -> Row:
    return Row(Dist.EXPONENTIAL, mean, 0.0, 0.0, mean, mean**2)


def _exponential_mean(percentiles: Points) -> float:
    ((probability, value),) = percentiles
    return value / -math.log1p(-probability)


def _normal(mean: float, cv: float) -> Row:
    """Row of a normal distribution conditioned on being at least 0; `mean` and `cv` are those before the cut.

    Source of the moments: Johnson, Kotz and Balakrishnan, volume 1, section 13.10.1.
    """
    sigma = mean * cv
    below = 0.5 * math.erfc(1.0 / (cv * math.sqrt(2.0)))
    hazard = _STANDARD.pdf(1.0 / cv) / (1.0 - below)
    actual = mean + sigma * hazard
    variance = sigma**2 * (1.0 - hazard / cv - hazard**2)
    return Row(Dist.NORMAL, mean, sigma, below, actual, variance)


def _lognormal(mean: float, cv: float) -> Row:
    spread = math.log1p(cv**2)
    return Row(Dist.LOGNORMAL, math.log(mean) - spread / 2.0, math.sqrt(spread), 0.0, mean, (mean * cv) ** 2)


def _lognormal_by_percentiles(percentiles: Points) -> Row:
    (lower, low), (upper, high) = percentiles
    z_low, z_high = _STANDARD.inv_cdf(lower), _STANDARD.inv_cdf(upper)
    sigma = math.log(high / low) / (z_high - z_low)
    mu = math.log(low) - sigma * z_low
    mean = math.exp(mu + sigma**2 / 2.0)
    return Row(Dist.LOGNORMAL, mu, sigma, 0.0, mean, mean**2 * _or_infinite(math.expm1, sigma**2))


def _weibull(mean: float, cv: float) -> Row:
    inverse = _weibull_inverse_shape(cv)
    scale = math.exp(math.log(mean) - math.lgamma(1.0 + inverse))
    return Row(Dist.WEIBULL, inverse, scale, 0.0, mean, (mean * cv) ** 2)


def _weibull_inverse_shape(cv: float) -> float:
    """1 / shape, from gamma(1 + 2/shape) / gamma(1 + 1/shape)^2 = 1 + cv^2, which grows with 1 / shape."""
    wanted = math.log1p(cv**2)

    def excess(inverse: float) -> float:
        return math.lgamma(1.0 + 2.0 * inverse) - 2.0 * math.lgamma(1.0 + inverse) - wanted

    low, high = 0.0, 1.0
    while excess(high) < 0.0:
        low, high = high, 2.0 * high
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            return high
        if excess(middle) < 0.0:
            low = middle
        else:
            high = middle


def _weibull_by_percentiles(percentiles: Points) -> Row:
    (lower, low), (upper, high) = percentiles
    hazard_low, hazard_high = -math.log1p(-lower), -math.log1p(-upper)
    inverse = math.log(high / low) / math.log(hazard_high / hazard_low)
    scale = low / hazard_low**inverse
    mean = scale * math.gamma(1.0 + inverse)
    spread = math.lgamma(1.0 + 2.0 * inverse) - 2.0 * math.lgamma(1.0 + inverse)
    return Row(Dist.WEIBULL, inverse, scale, 0.0, mean, mean**2 * _or_infinite(math.expm1, spread))


def _pareto(mean: float, cv: float) -> Row:
    alpha = 1.0 + math.sqrt(1.0 + cv**-2)
    return Row(Dist.PARETO, 1.0 / alpha, mean * (alpha - 1.0) / alpha, 0.0, mean, (mean * cv) ** 2)


def _pareto_by_percentiles(percentiles: Points) -> Row:
    (lower, low), (upper, high) = percentiles
    hazard_low, hazard_high = -math.log1p(-lower), -math.log1p(-upper)
    inverse = math.log(high / low) / (hazard_high - hazard_low)
    minimum = low * math.exp(-inverse * hazard_low)
    # alpha = 1 / inverse: the mean is finite above 1, the variance above 2
    mean = minimum / (1.0 - inverse) if inverse < 1.0 else math.inf
    variance = mean**2 * inverse**2 / (1.0 - 2.0 * inverse) if inverse < 0.5 else math.inf
    return Row(Dist.PARETO, inverse, minimum, 0.0, mean, variance)


def _hyperexponential(mean: float, cv: float) -> Row:
    """Row of the two-phase law with balanced means. Source: H. C. Tijms, "Stochastic Models", 1994, appendix B."""
    if cv == 1.0:
        return _exponential(mean)
    squared = cv**2
    share = (1.0 + math.sqrt((squared - 1.0) / (squared + 1.0))) / 2.0
    # the other share from its own small numbers: 1 - share loses its digits when cv is large
    rest = 1.0 / (squared + 1.0) / (2.0 * share)
    return Row(
        Dist.HYPEREXPONENTIAL,
        share,
        mean / (2.0 * share),
        mean / (2.0 * rest),
        mean,
        (mean * cv) ** 2,
    )


def _quantiles(points: Points) -> Row:
    """Row of straight lines between quantiles: a mixture of uniform laws."""
    pieces = [(later[0] - earlier[0], earlier[1], later[1]) for earlier, later in pairwise(points)]
    mean = math.fsum(share * (low + high) / 2.0 for share, low, high in pieces)
    variance = math.fsum(
        share * (((low + high) / 2.0 - mean) ** 2 + (high - low) ** 2 / 12.0) for share, low, high in pieces
    )
    return Row(Dist.QUANTILES, 0.0, 0.0, 0.0, mean, variance, points)


def _values(values: tuple[float, ...]) -> Row:
    """Row of a sample, of which each value is as likely."""
    mean = fmean(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / len(values)
    return Row(Dist.VALUES, 0.0, 0.0, 0.0, mean, variance, tuple((0.0, value) for value in values))


def _or_infinite(function: Callable[[float], float], value: float) -> float:
    try:
        return function(value)
    except OverflowError:
        return math.inf


class DistributionTable:
    """Rows under construction; the same row is kept once."""

    def __init__(self) -> None:
        self._numbers: dict[Row, int] = {}

    def add(self, row: Row) -> int:
        """Number of the row, which is new or known."""
        return self._numbers.setdefault(row, len(self._numbers))

    def add_distribution(self, distribution: Distribution) -> int:
        """Number of the row of a distribution of the file."""
        return self.add(distribution_row(distribution))

    def columns(self) -> Distributions:
        """All rows, as columns."""
        rows = list(self._numbers)
        counts = np.array([len(row.points) for row in rows], np.int64)
        points = [point for row in rows for point in row.points]
        return Distributions.of(
            kind=(row.kind for row in rows),
            p0=(row.p0 for row in rows),
            p1=(row.p1 for row in rows),
            p2=(row.p2 for row in rows),
            mean=(row.mean for row in rows),
            variance=(row.variance for row in rows),
            first_point=np.cumsum(counts) - counts,
            points=counts,
            probability=(probability for probability, _ in points),
            value=(value for _, value in points),
        )
