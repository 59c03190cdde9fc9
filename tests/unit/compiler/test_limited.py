"""E[min(X, t)] against the integral of SciPy's survival functions."""

import math
from itertools import pairwise

import pytest
from scipy import integrate, special, stats

from simulator.compiler.distributions import DistributionTable
from simulator.compiler.limited import gamma_share, limited_mean
from simulator.spec import (
    Constant,
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

CASES = [
    (Uniform(min=0.1, max=0.4), stats.uniform(0.1, 0.3)),
    (Exponential(mean=0.2), stats.expon(scale=0.2)),
    (Normal(mean=0.2, cv=0.3), stats.truncnorm(-1 / 0.3, math.inf, loc=0.2, scale=0.06)),
    (Normal(mean=0.2, cv=2.0), stats.truncnorm(-0.5, math.inf, loc=0.2, scale=0.4)),
    (LogNormal(mean=0.2, cv=0.8), stats.lognorm(math.sqrt(math.log(1.64)), scale=0.2 / math.sqrt(1.64))),
    (LogNormal(mean=0.2, cv=10.0), stats.lognorm(math.sqrt(math.log(101)), scale=0.2 / math.sqrt(101))),
    (Gamma(mean=0.2, cv=0.5), stats.gamma(4.0, scale=0.05)),
    (Gamma(mean=0.2, cv=3.0), stats.gamma(1 / 9, scale=1.8)),
    (Weibull(mean=0.2, cv=1.0), stats.expon(scale=0.2)),
    (Weibull(p50=0.1, p99=0.9), None),
    (Pareto(mean=0.2, cv=0.5), stats.pareto(1 + math.sqrt(5), scale=0.2 * math.sqrt(5) / (1 + math.sqrt(5)))),
]


def weibull(p50, p99):
    shape = math.log(math.log(100) / math.log(2)) / math.log(p99 / p50)
    return stats.weibull_min(shape, scale=p50 / math.log(2) ** (1 / shape))


def limited(distribution, limit):
    table = DistributionTable()
    table.add_distribution(distribution)
    return limited_mean(table.columns(), 0, limit)


@pytest.mark.parametrize("limit", [1e-6, 0.01, 0.1, 0.2, 0.35, 1.0, 20.0])
@pytest.mark.parametrize(("distribution", "law"), CASES, ids=lambda case: getattr(case, "kind", ""))
def test_it_is_the_integral_of_the_survival_function(distribution, law, limit):
    law = law or weibull(0.1, 0.9)
    breaks = [point for point in law.ppf([1e-6, 0.01, 0.1, 0.5, 0.9, 0.999, 1.0]) if point < limit]
    edges = [0.0, *breaks, limit]
    parts = [integrate.quad(law.sf, low, high, epsabs=0, epsrel=1e-11)[0] for low, high in pairwise(edges)]
    assert limited(distribution, limit) == pytest.approx(math.fsum(parts), rel=1e-9)


@pytest.mark.parametrize(
    ("distribution", "limit", "cut"),
    [
        (Constant(value=0.3), 0.2, 0.2),
        (Constant(value=0.3), 0.4, 0.3),
        # two phases of means 0.1 / share and 0.1 / (1 - share), with share = (1 + sqrt(0.6)) / 2 for a cv of 2
        (
            Hyperexponential(mean=0.2, cv=2.0),
            0.2,
            0.1 * (2 - math.exp(-2 * 0.8872983346) - math.exp(-2 * 0.1127016654)),
        ),
        # a tenth of 0 to 0.1, of which nothing is cut; nine tenths of 0.1 to 0.4, a third of it below the limit
        (Empirical(quantiles={"p0": "0s", "p10": "100ms", "p100": "400ms"}), 0.2, 0.005 + 0.9 * (0.15 + 2 * 0.2) / 3),
    ],
    ids=lambda case: getattr(case, "kind", ""),
)
def test_by_hand(distribution, limit, cut):
    assert limited(distribution, limit) == pytest.approx(cut, rel=1e-9)


def test_a_sample_is_cut_value_by_value(tmp_path):
    (tmp_path / "times.csv").write_text("value_s\n1\n2\n6\n")
    assert limited(Empirical(file=str(tmp_path / "times.csv")), 3.0) == pytest.approx(2.0)


@pytest.mark.parametrize(("distribution", "law"), CASES, ids=lambda case: getattr(case, "kind", ""))
def test_without_a_limit_it_is_the_mean(distribution, law):
    assert limited(distribution, math.inf) == pytest.approx((law or weibull(0.1, 0.9)).mean(), rel=1e-9)
    assert limited(distribution, 0.0) == limited(distribution, -1.0) == 0.0


@pytest.mark.parametrize("shape", [0.01, 0.5, 1.0, 7.0, 400.0, 9e5, 2e6, 1e10])
@pytest.mark.parametrize("deviations", [-3.0, -0.5, 0.0, 2.0, 5.0])
def test_the_incomplete_gamma_function(shape, deviations):
    x = max(0.001 * shape, shape + deviations * math.sqrt(shape))
    assert gamma_share(shape, x) == pytest.approx(special.gammainc(shape, x), rel=1e-8 if shape < 1e6 else 1e-5)
