"""Intervals of pooled numbers, by hand and by textbooks. How often they hold the truth: benchmarks/coverage.py."""

import numpy as np
import pytest

from simulator.results.sections import (
    ENOUGH,
    effective_number,
    exact_bounds,
    mean_interval,
    sections_of,
    share_interval,
    spread,
    stretch,
)


def one(*values):
    """One section a replication."""
    return np.array(values, dtype=float).reshape(-1, 1)


@pytest.mark.parametrize(
    ("seen", "number", "low", "high"),
    [
        (0, 10, 0.0, 1.0 - 0.025 ** (1 / 10)),  # nobody of ten: (1 - p)^10 = 0.025
        (10, 10, 0.025 ** (1 / 10), 1.0),
        (5, 10, 0.187086, 0.812914),  # Clopper and Pearson 1934
    ],
)
def test_exact_bounds(seen, number, low, high):
    assert exact_bounds(seen / number, number, 0.95) == pytest.approx((low, high), abs=1e-6)


def test_no_failure_seen_is_not_none():
    seen = share_interval(one(0, 0), one(500, 500), 0.95)
    assert (seen.value, seen.low) == (0.0, 0.0)
    assert seen.high == pytest.approx(1.0 - 0.025 ** (1 / 1000))
    assert share_interval(one(500, 500), one(500, 500), 0.95).high == 1.0


def test_a_share_stays_within_0_and_1():
    for parts in ((1, 0, 0), (99, 100, 100), (0, 100, 0)):
        seen = share_interval(one(*parts), one(100, 100, 100), 0.95)
        assert 0.0 <= seen.low <= seen.value <= seen.high <= 1.0


def test_one_burst_is_one_event():
    """A hundred failures in one of ten replications say no more than one or two: D = 90, -10 ... of 10,000 requests."""
    burst = share_interval(one(100, *[0] * 9), one(*[1000] * 10), 0.95)
    even = share_interval(one(*[10] * 10), one(*[1000] * 10), 0.95)
    assert burst.value == even.value == 0.01
    assert burst.effective < 1.0
    assert burst.low < 0.0005
    assert burst.high > 0.04
    assert 0.008 < even.low < 0.01 < even.high < 0.0125


def test_few_even_failures_are_no_surer_than_chance():
    """One in each replication: no spread at all, but no more than the ten of Clopper and Pearson."""
    seen = share_interval(one(*[1] * 10), one(*[1000] * 10), 0.95)
    low, high = exact_bounds(0.001, 10_000, 0.95)
    assert seen.low <= low
    assert seen.high >= high


def test_nothing_has_no_share_and_one_replication_no_interval():
    assert np.isnan(share_interval(one(0, 0), one(0, 0), 0.95).value)
    alone = share_interval(one(1), one(4), 0.95)
    assert alone.value == 0.25
    assert np.isnan(alone.high)


def test_the_spread_of_replications_is_the_textbooks():
    """Means of 1, 2 and 3 of equally many: s^2 / 3 = 1/3, on two degrees of freedom."""
    assert spread(one(10, 20, 30), one(10, 10, 10))[1:] == (pytest.approx(1.0 / 3.0), 2)


def test_what_all_replications_do_at_the_same_time_is_no_spread():
    """A load that comes and goes is no luck."""
    parts = np.tile([1.0, 5.0, 50.0, 5.0, 1.0], (6, 1))
    assert spread(parts, np.full((6, 5), 10.0))[:2] == (pytest.approx(0.0), pytest.approx(0.0))


def test_independent_sections_and_replications_agree():
    """Of many sections of independent values both spreads are that of their mean: 1 / 10,000 of a variance of 1."""
    values = np.random.default_rng(1).normal(size=(400, 5, 5)).sum(axis=2)
    near, both, degrees = spread(values, np.full((400, 5), 5.0))
    assert near == pytest.approx(1e-4, rel=0.15)
    assert both == pytest.approx(1e-4, rel=0.15)
    assert degrees == 2 * 399


def test_a_mean_has_students_interval_on_the_scale_of_logarithms():
    """Means of 99, 100 and 101: length = 4.302653 / sqrt(3) / 100."""
    seen = mean_interval(one(99, 100, 101), one(1, 1, 1), 0.95)
    length = 4.302653 / np.sqrt(3.0) / 100.0
    assert (seen.low, seen.high) == pytest.approx((100 * np.exp(-length), 100 * np.exp(length * (1 + 2 * length))))


def test_a_mean_that_is_not_known_at_all():
    seen = mean_interval(one(1, 3), one(1, 1), 0.95)
    assert not seen.carried
    assert seen.high == np.inf
    assert mean_interval(one(2, 2), one(1, 1), 0.95).low == 2.0
    assert mean_interval(one(0, 0), one(1, 1), 0.95).high == 0.0
    assert np.isnan(mean_interval(one(0, 0), one(0, 0), 0.95).value)


def test_an_effective_number_pays_for_few_replications():
    """Normal by Student: (1.959964 / 12.706205)^2 of two replications."""
    assert effective_number(1000.0, 2.0, 1, 0.95) == pytest.approx(500.0 * (1.959964 / 12.706205) ** 2)


def independent(replications=10, number=2000, seed=3):
    generator = np.random.default_rng(seed)
    return [generator.exponential(size=number) for _ in range(replications)]


def test_a_percentile_is_that_of_all_values():
    each = independent()
    for probability in (0.1, 0.5, 0.9, 0.99):
        seen = sections_of(each).percentile(probability, 0.95)
        assert seen.value == np.quantile(np.concatenate(each), probability)
        assert seen.low < -np.log1p(-probability) < seen.high
        assert seen.carried


@pytest.mark.parametrize("number", [1, 2, 3, 7, 100, 1001])
def test_quantiles_are_numpys_to_the_bit(number):
    sections = sections_of([np.random.default_rng(number).lognormal(size=number)])
    for probability in np.linspace(0.0, 1.0, 37):
        assert sections.at(probability) == np.quantile(sections.ordered, probability)


def test_the_interval_of_a_percentile_is_of_order_statistics():
    """Of 20,000 independent values the median lies between ranks 10,000 -+ 2.1 standard errors of 71, or so."""
    each = independent()
    seen, ordered = sections_of(each).percentile(0.5, 0.95), np.sort(np.concatenate(each))
    below, above = np.searchsorted(ordered, [seen.low, seen.high])
    assert 60 < 10_000 - below < 300
    assert 60 < above - 10_000 < 300


def test_more_doubt_is_a_shorter_interval():
    sections = sections_of(independent())
    wide, narrow = (sections.percentile(0.9, confidence) for confidence in (0.99, 0.8))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_values_that_come_together_carry_no_interval():
    """As many values, but in runs of 2000 / 4 alike: of p99 there are 80 / 100 independent ones."""
    generator = np.random.default_rng(4)
    each = [np.repeat(generator.exponential(size=8), 250) for _ in range(10)]
    seen = sections_of(each).percentile(0.99, 0.95)
    assert not seen.carried
    assert seen.effective < ENOUGH
    assert seen.low <= seen.value <= seen.high
    assert sections_of(independent()).percentile(0.99, 0.95).effective > ENOUGH


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_an_extreme_has_a_value_and_no_interval(probability):
    seen = sections_of(independent()).percentile(probability, 0.95)
    assert np.isfinite(seen.value)
    assert np.isnan([seen.low, seen.high]).all()


def test_equal_values_are_known_exactly():
    seen = sections_of([np.full(5, 0.25)] * 3)
    assert seen.percentile(0.99, 0.95).high == 0.25
    assert seen.mean(0.95).low == seen.mean(0.95).high == 0.25
    assert np.isnan(sections_of([np.zeros(0)] * 3).percentile(0.5, 0.95).value)


def test_the_upper_side_is_longer():
    assert stretch(0.1) == pytest.approx(0.12)


def test_no_percentile_is_above_all_that_was_seen():
    """One in ten waits for its timeout: p90 is at the jump from 2 to 500 ms, and the upper side is longer by far."""
    rng = np.random.default_rng(1)
    seen = sections_of([np.where(rng.random(1000) < 0.097, 0.5, 0.002) for _ in range(3)]).percentile(0.9, 0.95)
    assert (seen.value, seen.low, seen.high) == (0.002, 0.002, 0.5)
