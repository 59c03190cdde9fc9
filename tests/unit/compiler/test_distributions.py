import math

import numpy as np
import pytest
from scipy import stats

from simulator.compiler.distributions import (
    ZERO,
    DistributionTable,
    Row,
    constant_row,
    describe,
    distribution_row,
)
from simulator.errors import PlanError
from simulator.plan.layout import Dist
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
from simulator.units import parse_percentile


def law(row: Row):
    """The law that an engine draws from by this row, as SciPy knows it."""
    match row.kind:
        case Dist.EXPONENTIAL:
            return stats.expon(scale=row.p0)
        case Dist.UNIFORM:
            return stats.uniform(loc=row.p0, scale=row.p1)
        case Dist.NORMAL:
            return stats.truncnorm(-row.p0 / row.p1, math.inf, loc=row.p0, scale=row.p1)
        case Dist.LOGNORMAL:
            return stats.lognorm(row.p1, scale=math.exp(row.p0))
        case Dist.GAMMA:
            return stats.gamma(row.p0, scale=row.p1)
        case Dist.WEIBULL:
            return stats.weibull_min(1.0 / row.p0, scale=row.p1)
        case Dist.PARETO:
            return stats.pareto(1.0 / row.p0, scale=row.p1)
    raise AssertionError(row)


MOMENTS = [
    Uniform(min=0.001, max=0.004),
    Exponential(mean=0.012),
    Exponential(p99=0.1),
    Normal(mean=0.01, cv=0.3),
    Normal(mean=0.01, cv=2.0),
    LogNormal(mean=0.003, cv=0.8),
    LogNormal(p50=0.006, p99=0.025),
    Gamma(mean=0.004, cv=0.5),
    Gamma(mean=0.004, cv=3.0),
    Weibull(mean=0.004, cv=0.01),
    Weibull(mean=0.004, cv=0.4),
    Weibull(mean=0.004, cv=1.0),
    Weibull(mean=0.004, cv=4.0),
    Weibull(p50=0.006, p99=0.025),
    Pareto(mean=0.004, cv=0.5),
    Pareto(p50=0.006, p90=0.009),
]


@pytest.mark.parametrize("given", MOMENTS, ids=describe)
def test_mean_and_variance_are_those_of_the_law_that_is_drawn(given):
    row = distribution_row(given)
    assert row.mean == pytest.approx(law(row).mean(), rel=1e-9)
    assert row.variance == pytest.approx(law(row).var(), rel=1e-7)


@pytest.mark.parametrize("cv", [0.2, 1.0, 2.5])
@pytest.mark.parametrize("kind", [LogNormal, Gamma, Weibull, Pareto])
def test_mean_and_cv_are_those_asked_for(kind, cv):
    row = distribution_row(kind(mean=0.02, cv=cv))
    assert law(row).mean() == pytest.approx(0.02, rel=1e-9)
    assert law(row).std() == pytest.approx(0.02 * cv, rel=1e-7)
    assert (row.mean, row.variance) == pytest.approx((0.02, (0.02 * cv) ** 2), rel=1e-15)


@pytest.mark.parametrize("points", [{"p50": 0.006, "p99": 0.025}, {"p10": 0.001, "p20": 0.0011}])
@pytest.mark.parametrize("kind", [LogNormal, Weibull, Pareto])
def test_percentiles_are_those_asked_for(kind, points):
    row = distribution_row(kind(**points))
    for name, value in points.items():
        assert law(row).ppf(parse_percentile(name)) == pytest.approx(value, rel=1e-12)


def test_an_exponential_by_one_percentile():
    row = distribution_row(Exponential(p99=0.1))
    assert row.kind == Dist.EXPONENTIAL
    assert law(row).ppf(0.99) == pytest.approx(0.1, rel=1e-14)


def test_a_normal_is_cut_at_zero_and_tells_its_actual_mean():
    row = distribution_row(Normal(mean=0.01, cv=1.0))
    assert (row.kind, row.p0, row.p1) == (Dist.NORMAL, 0.01, 0.01)
    assert row.p2 == pytest.approx(stats.norm.cdf(-1.0), rel=1e-14)
    assert row.mean == pytest.approx(0.01 * (1.0 + stats.norm.pdf(1.0) / stats.norm.cdf(1.0)), rel=1e-14)


@pytest.mark.parametrize("cv", [1.5, 3.0, 100.0])
def test_a_hyperexponential_has_balanced_means(cv):
    row = distribution_row(Hyperexponential(mean=0.01, cv=cv))
    share, fast, slow = row.p0, row.p1, row.p2
    assert share * fast == pytest.approx(0.005, rel=1e-14)
    assert (1.0 - share) * slow == pytest.approx(0.005, rel=1e-9)
    second = 2.0 * (share * fast**2 + (1.0 - share) * slow**2)
    assert second - 0.01**2 == pytest.approx((0.01 * cv) ** 2, rel=1e-9)
    assert (row.mean, row.variance) == (0.01, pytest.approx((0.01 * cv) ** 2))


def test_a_hyperexponential_of_cv_one_is_exponential():
    assert distribution_row(Hyperexponential(mean=0.01, cv=1.0)) == distribution_row(Exponential(mean=0.01))


def test_quantiles_are_joined_by_straight_lines():
    points = ((0.0, 0.001), (0.5, 0.004), (0.99, 0.020), (1.0, 0.050))
    row = distribution_row(Empirical(quantiles=points))
    probabilities = (np.arange(2_000_000) + 0.5) / 2_000_000
    drawn = np.interp(probabilities, *zip(*points, strict=True))
    assert (row.kind, row.points) == (Dist.QUANTILES, points)
    assert row.mean == pytest.approx(drawn.mean(), rel=1e-9)
    assert row.variance == pytest.approx(drawn.var(), rel=1e-6)


def test_values_are_each_as_likely(tmp_path):
    (tmp_path / "sample.csv").write_text("value_s\n0.004\n0.001\n0.001\n0.010\n")
    given = Empirical(file=str(tmp_path / "sample.csv"))
    row = distribution_row(given)
    assert (row.kind, row.points) == (Dist.VALUES, ((0.0, 0.001), (0.0, 0.001), (0.0, 0.004), (0.0, 0.010)))
    assert row.mean == pytest.approx(0.004)
    assert row.variance == pytest.approx((9 + 9 + 0 + 36) * 1e-6 / 4)


def test_constants_and_uniforms_are_exact():
    assert distribution_row(Constant(value=0.25)) == Row(Dist.CONSTANT, 0.25, 0.0, 0.0, 0.25, 0.0)
    assert distribution_row(Uniform(min=1.0, max=4.0)) == Row(Dist.UNIFORM, 1.0, 3.0, 0.0, 2.5, 0.75)
    assert distribution_row(Uniform(min=2.0, max=2.0)) == constant_row(2.0)


def test_a_pareto_may_have_an_infinite_variance():
    # alpha = ln(0.5 / 0.125) / ln(2^(4/3)) = 1.5
    row = distribution_row(Pareto(**{"p50": 1.0, "p87.5": 2.0 ** (4.0 / 3.0)}))
    assert 1.0 / row.p0 == pytest.approx(1.5)
    assert row.mean == pytest.approx(3.0 * row.p1)
    assert row.variance == math.inf


def test_a_pareto_without_a_mean_is_refused():
    with pytest.raises(PlanError) as refused:
        distribution_row(Pareto(p50=0.006, p99=0.6))
    assert str(refused.value) == (
        "pareto with p50 0.006 s, p99 0.6 s has an infinite mean: nothing that waits for it would ever settle"
    )


def test_percentiles_too_far_apart_are_refused():
    with pytest.raises(PlanError, match="lognormal with p50 1e-09 s, p51 1e\\+09 s has an infinite mean"):
        distribution_row(LogNormal(p50=1e-9, p51=1e9))


def test_equal_rows_are_kept_once_and_points_lie_behind_each_other():
    table = DistributionTable()
    first = ((0.0, 1.0), (1.0, 2.0))
    second = ((0.0, 1.0), (0.5, 2.0), (1.0, 4.0))
    numbers = [
        table.add(ZERO),
        table.add_distribution(Empirical(quantiles=first)),
        table.add_distribution(Exponential(mean=0.5)),
        table.add_distribution(Empirical(quantiles=second)),
        table.add_distribution(Exponential(mean=0.5)),
        table.add_distribution(Constant(value=0.0)),
    ]
    assert numbers == [0, 1, 2, 3, 2, 0]
    columns = table.columns()
    assert columns.kind.tolist() == [Dist.CONSTANT, Dist.QUANTILES, Dist.EXPONENTIAL, Dist.QUANTILES]
    assert columns.p0.tolist() == [0.0, 0.0, 0.5, 0.0]
    assert columns.mean.tolist() == [0.0, 1.5, 0.5, 2.25]
    assert columns.first_point.tolist() == [0, 0, 2, 2]
    assert columns.points.tolist() == [0, 2, 0, 3]
    assert columns.probability.tolist() == [0.0, 1.0, 0.0, 0.5, 1.0]
    assert columns.value.tolist() == [1.0, 2.0, 1.0, 2.0, 4.0]
