"""Means of times that are cut: E[min(X, t)] of every law that a plan may hold.

All have a closed form, gamma and Weibull by the incomplete gamma function. Since E[min(X, t)] is the integral of
P(X > x) from 0 to t, it says all of a law: its slope is the survival function. Source of the closed forms: S. A.
Klugman, H. H. Panjer, G. E. Willmot, "Loss Models", appendix A ("limited expected value").
"""

from __future__ import annotations

import math
from itertools import pairwise

from ..plan.layout import Dist
from ..plan.tables import Distributions

_TINY = 1e-300
_DIGITS = 1e-16
_TERMS = 10_000
_LARGE = 1e6
"""A gamma law of so large a shape is all but normal, in its cube root."""


def limited_mean(laws: Distributions, row: int, limit: float) -> float:
    """E[min(X, limit)] of a row, in seconds, exact to rounding.

    Parameters
    ----------
    limit
        Seconds, also inf: then it is the mean. 0 or less gives 0.
    """
    if limit <= 0.0:
        return 0.0
    mean = float(laws.mean[row])
    if math.isinf(limit):
        return mean
    kind, p0, p1, p2 = int(laws.kind[row]), float(laws.p0[row]), float(laws.p1[row]), float(laws.p2[row])
    match kind:
        case Dist.CONSTANT:
            cut = p0
        case Dist.EXPONENTIAL:
            cut = _exponential(p0, limit)
        case Dist.UNIFORM:
            cut = _uniform(p0, p0 + p1, limit)
        case Dist.NORMAL:
            cut = p1 * (_loss(p0 / p1) - _loss((p0 - limit) / p1)) / (1.0 - p2)
        case Dist.LOGNORMAL:
            z = (math.log(limit) - p0) / p1 if p1 > 0.0 else math.inf * (math.log(limit) - p0 or 1.0)
            cut = mean * _normal(z - p1) + limit * _normal(-z)
        case Dist.GAMMA:
            x = limit / p1
            cut = mean * gamma_share(p0 + 1.0, x) + limit * (1.0 - gamma_share(p0, x))
        case Dist.WEIBULL:
            cut = mean * gamma_share(p0, _power(limit / p1, 1.0 / p0))
        case Dist.PARETO:
            cut = _pareto(1.0 / p0, p1, limit)
        case Dist.HYPEREXPONENTIAL:
            cut = p0 * _exponential(p1, limit) + (1.0 - p0) * _exponential(p2, limit)
        case _:
            cut = _points(laws, row, limit)
    return min(max(cut, 0.0), limit, mean)


def gamma_share(shape: float, x: float) -> float:
    """The regularised lower incomplete gamma function P(shape, x).

    A series below shape + 1, a continued fraction (modified Lentz) above (W. H. Press et al., "Numerical Recipes",
    section 6.2); for large shapes the normal law of the cube root (E. B. Wilson, M. M. Hilferty, "The distribution of
    chi-square", 1931), whose error falls with the shape.
    """
    if x <= 0.0:
        return 0.0
    if math.isinf(x):
        return 1.0
    if shape > _LARGE:
        return _normal(3.0 * math.sqrt(shape) * ((x / shape) ** (1.0 / 3.0) - 1.0 + 1.0 / (9.0 * shape)))
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1.0:
        term = total = 1.0 / shape
        for number in range(1, _TERMS):
            term *= x / (shape + number)
            total += term
            if term < total * _DIGITS:
                break
        return min(1.0, front * total)
    b = x + 1.0 - shape
    c, d = 1.0 / _TINY, 1.0 / b
    fraction = d
    for number in range(1, _TERMS):
        a = -number * (number - shape)
        b += 2.0
        d = 1.0 / (_away(a * d + b))
        c = _away(b + a / c)
        fraction *= d * c
        if abs(d * c - 1.0) < _DIGITS * 10.0:
            break
    return max(0.0, 1.0 - front * fraction)


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _loss(z: float) -> float:
    """The integral of the standard normal distribution function up to z."""
    return z * _normal(z) + math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _exponential(mean: float, limit: float) -> float:
    return -mean * math.expm1(-limit / mean)


def _uniform(low: float, high: float, limit: float) -> float:
    if limit <= low:
        return limit
    if limit >= high:
        return (low + high) / 2.0
    return limit - (limit - low) ** 2 / (2.0 * (high - low))


def _pareto(alpha: float, minimum: float, limit: float) -> float:
    """Above 1, `alpha` has a mean."""
    if limit <= minimum:
        return limit
    return minimum - minimum / (alpha - 1.0) * math.expm1((alpha - 1.0) * math.log(minimum / limit))


def _points(laws: Distributions, row: int, limit: float) -> float:
    rows = slice(int(laws.first_point[row]), int(laws.first_point[row] + laws.points[row]))
    values = laws.value[rows].tolist()
    if laws.kind[row] == Dist.VALUES:
        return math.fsum(min(value, limit) for value in values) / len(values)
    pieces = zip(pairwise(laws.probability[rows].tolist()), pairwise(values), strict=True)
    return math.fsum((later - earlier) * _uniform(low, high, limit) for (earlier, later), (low, high) in pieces)
