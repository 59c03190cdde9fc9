"""Laws on a grid, against closed forms (rule 16.2)."""

import math

import numpy as np
import pytest
from scipy import stats

from simulator.compiler.distributions import DistributionTable
from simulator.compiler.laws import Grid
from simulator.spec import Constant, Exponential, LogNormal


@pytest.fixture
def grid():
    """A grid of 1 s; rows: exponential with mean 200 ms, constant 100 ms, lognormal."""
    table = DistributionTable()
    for distribution in (Exponential(mean=0.2), Constant(value=0.1), LogNormal(p50=0.03, p99=10.0)):
        table.add_distribution(distribution)
    return Grid(table.columns(), 1.0)


def near(value):
    """The bound itself, or some millionths of the horizon below."""
    return pytest.approx(value - 5e-6, abs=5.001e-6)


def erlang(number, end):
    """E[min(X, end)] of the sum of so many exponential times."""
    law = stats.gamma(number, scale=0.2)
    return number * 0.2 * stats.gamma(number + 1, scale=0.2).cdf(end) + end * law.sf(end)


@pytest.mark.parametrize("end", [0.1, 0.35, 1.0])
def test_one_part_is_exact(grid, end):
    assert grid.mean(grid.row(0), end) == near(0.2 * -math.expm1(-end / 0.2))
    assert grid.mean(grid.row(0, 0.5), end) == near(0.1 * -math.expm1(-end / 0.1))


@pytest.mark.parametrize("number", [2, 3, 7])
def test_sums(grid, number):
    assert grid.mean(grid.sum(*[grid.row(0)] * number), 1.0) == near(erlang(number, 1.0))
    assert grid.mean(grid.times(grid.row(0), number), 1.0) == near(erlang(number, 1.0))


def test_constants_are_exact(grid):
    law = grid.sum(grid.row(1), grid.row(0), grid.constant(0.0123))
    assert grid.mean(law, 1.0) == near(0.1123 + 0.2 * -math.expm1(-(1.0 - 0.1123) / 0.2))
    assert grid.mean(grid.sum(grid.row(1), grid.constant(0.05)), 1.0) == pytest.approx(0.15, rel=1e-12)


def test_a_sum_is_never_too_large(grid):
    draws = np.random.default_rng(1).exponential(0.2, (2, 100_000)).sum(axis=0) + 0.0777
    law = grid.sum(grid.row(0), grid.row(0), grid.constant(0.0777))
    for end in (0.1, 0.2, 0.3, 0.5, 0.9):
        assert grid.mean(law, end) <= 0.0777 + erlang(2, end - 0.0777)
        assert grid.mean(law, end) == pytest.approx(np.minimum(draws, end).mean(), rel=0.01)


def test_mixtures(grid):
    law = grid.mixture([grid.row(0), grid.constant(0.3)], [0.25, 0.75])
    assert grid.mean(law, 0.5) == near(0.25 * 0.2 * -math.expm1(-2.5) + 0.75 * 0.3)


def test_the_sooner_of_two(grid):
    # the smaller of two exponential times has half their mean; one that ends at a time is cut there
    assert grid.mean(grid.sooner(grid.row(0), grid.row(0)), 1.0) == near(0.1 * -math.expm1(-10))
    assert grid.mean(grid.sooner(grid.row(0), grid.constant(0.25)), 1.0) == near(0.2 * -math.expm1(-1.25))


def test_what_is_cut_stays_cut(grid):
    cut = grid.cut(grid.row(0), 0.25)
    assert grid.mean(grid.sum(cut, cut), 1.0) == near(2 * 0.2 * -math.expm1(-1.25))


def test_how_often_it_is_late(grid):
    assert grid.late(grid.row(0), 0.5) == pytest.approx(math.exp(-2.5), abs=0.01)
    assert grid.outlives(grid.row(0), grid.row(0)) == pytest.approx(0.5, abs=0.01)


def test_what_ends_in_time_is_not_late(grid):
    parts = [grid.constant(seconds) for seconds in (0.1, 0.2, 0.3, 0.4)]
    assert grid.late(grid.sum(*parts), 1.0) == 0.0
    assert grid.late(grid.sum(*parts, grid.constant(1e-6)), 1.0) == 1.0
    assert grid.late(grid.mixture(parts, [0.25] * 4), 0.4) == 0.0


def test_a_heavy_tail(grid):
    sigma = math.log(10.0 / 0.03) / stats.norm.ppf(0.99)
    law = stats.lognorm(sigma, scale=0.03)
    cut = law.mean() * stats.norm.cdf(math.log(1 / 0.03) / sigma - sigma) + law.sf(1.0)
    assert grid.mean(grid.row(2), 1.0) == near(cut)
