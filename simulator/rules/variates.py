"""Times from uniform numbers (rule 6.5): by inversion where there is a closed form, so that draws stay paired.

A row of the Plan's distributions is (kind, p0, p1, p2); `plan.layout.Dist` says what they are.
"""

from __future__ import annotations

import math

from ..machine_code.jit import float64, int64, rule, uint64
from ..plan.layout import Dist
from .randomness import uniform

CONSTANT = int(Dist.CONSTANT)
EXPONENTIAL = int(Dist.EXPONENTIAL)
UNIFORM = int(Dist.UNIFORM)
NORMAL = int(Dist.NORMAL)
LOGNORMAL = int(Dist.LOGNORMAL)
GAMMA = int(Dist.GAMMA)
WEIBULL = int(Dist.WEIBULL)
PARETO = int(Dist.PARETO)
HYPEREXPONENTIAL = int(Dist.HYPEREXPONENTIAL)

READ_ONLY = "Array(float64, 1, 'C', readonly=True)"
"""A table of a Plan is; an array that can be written is taken too."""

NEXT = 256
"""Laws that need several uniforms take the k-th, the (k + 256)-th, ...: callers number their draws below 256."""


@rule("float64(float64)")
def normal_quantile(p: float) -> float:
    """The standard normal quantile, accurate to about 1e-16.

    Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37, 1988.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        num = ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r
            + 4.5921953931549871457e4) * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r
            + 1.3314166789178437745e2) * r + 3.3871328727963666080e0  # fmt: skip
        den = ((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r
            + 2.1213794301586595867e4) * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r
            + 4.2313330701600911252e1) * r + 1.0  # fmt: skip
        return q * num / den
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        num = ((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r
            + 1.27045825245236838258e0) * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0) * r
            + 4.63033784615654529590e0) * r + 1.42343711074968357734e0  # fmt: skip
        den = ((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r
            + 1.48103976427480074590e-1) * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0) * r
            + 2.05319162663775882187e0) * r + 1.0  # fmt: skip
    else:
        r -= 5.0
        num = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r
            + 2.65321895265761230930e-2) * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0) * r
            + 5.46378491116411436990e0) * r + 6.65790464350110377720e0  # fmt: skip
        den = ((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r
            + 7.86869131145613259100e-4) * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r
            + 5.99832206555887937690e-1) * r + 1.0  # fmt: skip
    return -num / den if q < 0.0 else num / den


@rule("float64(float64, float64, uint64, uint64, uint64, uint64)")
def gamma_variate(shape: float, scale: float, key: int, address: int, stream: int, k: int) -> float:
    """A gamma variate by rejection.

    Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000; a shape below one is
    boosted by a further uniform.
    """
    boost = 1.0
    if shape < 1.0:
        boost = uniform(key, address, stream, k) ** (1.0 / shape)
        k += uint64(NEXT)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal_quantile(uniform(key, address, stream, k))
        u = uniform(key, address, stream, k + uint64(NEXT))
        k += uint64(2 * NEXT)
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            if math.log(u) < 0.5 * x * x + d * (1.0 - v + math.log(v)):
                return d * v * boost * scale


@rule("float64(int64, float64, float64, float64, uint64, uint64, uint64, uint64)", inline=True)
def sample(kind: int, p0: float, p1: float, p2: float, key: int, address: int, stream: int, k: int) -> float:
    """A time in seconds from any law that is not given by points.

    1 - u is exact, since u is a multiple of 2**-53: its logarithm loses nothing, and takes less time than log1p.
    """
    if kind == CONSTANT:
        return p0
    if kind == GAMMA:
        return gamma_variate(p0, p1, key, address, stream, k)
    u = uniform(key, address, stream, k)
    if kind == EXPONENTIAL:
        return -p0 * math.log(1.0 - u)
    if kind == LOGNORMAL:
        return math.exp(p0 + p1 * normal_quantile(u))
    if kind == UNIFORM:
        return p0 + p1 * u
    if kind == NORMAL:
        return max(0.0, p0 + p1 * normal_quantile(p2 + (1.0 - p2) * u))
    if kind == WEIBULL:
        return p1 * math.exp(p0 * math.log(-math.log(1.0 - u)))
    if kind == PARETO:
        return p1 * math.exp(-p0 * math.log(1.0 - u))
    if kind == HYPEREXPONENTIAL:
        phase = p1 if u < p0 else p2
        return -phase * math.log(1.0 - uniform(key, address, stream, k + uint64(NEXT)))
    return math.nan


@rule(
    f"float64({READ_ONLY}, int64, int64, int64, boolean, float64)",
    "float64(CPointer(float64), int64, int64, int64, boolean, float64)",
)
def sample_points(table, probabilities, values, points, between, u):
    """A time from a law given by points: linear between quantiles, or one of the values.

    `table` holds the points: their probabilities from one place on, their values from another.
    """
    if not between:
        return table[values + min(int64(u * points), points - 1)]
    low, high = 0, points - 1
    while high - low > 1:
        middle = (low + high) // 2
        if table[probabilities + middle] <= u:
            low = middle
        else:
            high = middle
    below, above = table[probabilities + low], table[probabilities + high]
    share = (u - below) / (above - below)
    return float64(table[values + low] + share * (table[values + high] - table[values + low]))
