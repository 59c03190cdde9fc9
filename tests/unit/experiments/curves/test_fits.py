import math

import numpy as np
import pytest

from simulator import theory
from simulator.errors import ResultError
from simulator.experiments.curves.fits import find_knee, fit_scalability

SIZES = (1, 2, 3, 4, 6, 8, 12, 16)


def exact(rate, contention, coherency, sizes=SIZES):
    return [rate * theory.usl_capacity(size, contention, coherency) for size in sizes]


@pytest.mark.parametrize("rate", [0.02, 80.0, 3e6])
@pytest.mark.parametrize(
    ("contention", "coherency"), [(0.0, 0.0), (0.08, 0.0), (0.0, 0.004), (0.12, 0.003), (0.9, 0.1)]
)
def test_exact_data_give_the_planted_parameters(rate, contention, coherency):
    fit = fit_scalability(SIZES, exact(rate, contention, coherency))
    assert fit.rate_per_s == pytest.approx(rate, rel=1e-6)
    assert fit.contention == pytest.approx(contention, abs=1e-6)
    assert fit.coherency == pytest.approx(coherency, abs=1e-7)
    assert max(fit.rate_half_width / rate, fit.contention_half_width, fit.coherency_half_width) < 1e-5
    assert fit.throughput(5) == pytest.approx(rate * theory.usl_capacity(5, contention, coherency))


def test_the_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    clean = np.array(exact(100.0, 0.1, 0.005))
    held = np.zeros(3)
    runs = 300
    for _ in range(runs):
        fit = fit_scalability(SIZES, clean + rng.normal(0.0, 1.0, clean.size), confidence=0.9)
        held += [
            abs(fit.rate_per_s - 100.0) <= fit.rate_half_width,
            abs(fit.contention - 0.1) <= fit.contention_half_width,
            abs(fit.coherency - 0.005) <= fit.coherency_half_width,
        ]
    # three standard deviations of a binomial share around 90 %
    assert held / runs == pytest.approx(0.9, abs=3.0 * math.sqrt(0.09 / runs))


def test_fewer_than_four_sizes_have_no_law():
    fit = fit_scalability((1, 2, 3, 4), exact(10.0, 0.05, 0.01, (1, 2, 3, 4)))
    assert fit.coherency == pytest.approx(0.01, abs=1e-6)
    assert fit_scalability((1, 2, 4), exact(10.0, 0.05, 0.01, (1, 2, 4))) is None
    assert fit_scalability((1, 2, 4, 4), (10.0, 19.0, 30.0, 30.0)) is None
    assert fit_scalability(SIZES, [0.0] * len(SIZES)) is None
    assert fit_scalability((1, 2, 3, 4), (10.0, 20.0, math.nan, 40.0)) is None
    assert fit_scalability((1, 2, 3, 4, 5), (10.0, 20.0, math.nan, 40.0, 50.0)).points == 4


def test_more_than_perfect_scaling_is_no_negative_contention():
    fit = fit_scalability((1, 2, 3, 4), (10.0, 22.0, 36.0, 53.0))
    assert (fit.contention, fit.coherency) == (0.0, 0.0)
    # a straight line through the origin by least squares: sum of x y by sum of x x
    assert fit.rate_per_s == pytest.approx((10.0 + 44.0 + 108.0 + 212.0) / 30.0)
    assert fit.throughput(38) == pytest.approx(38.0 * fit.rate_per_s)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("contention", "coherency"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.01)])
def test_noise_never_makes_a_parameter_negative_and_zero_stays_within_its_interval(contention, coherency):
    rng = np.random.default_rng(8)
    clean = np.array(exact(100.0, contention, coherency))
    held, runs = np.zeros(2), 200
    for _ in range(runs):
        fit = fit_scalability(SIZES, clean + rng.normal(0.0, 1.0, clean.size), confidence=0.95)
        assert fit.contention >= 0.0
        assert fit.coherency >= 0.0
        held += [
            abs(fit.contention - contention) <= fit.contention_half_width,
            abs(fit.coherency - coherency) <= fit.coherency_half_width,
        ]
    # three standard deviations of a binomial share below 95 %
    assert (held / runs >= 0.95 - 3.0 * math.sqrt(0.05 * 0.95 / runs)).all()


def test_a_bound_is_kept_by_the_best_fit_within_it():
    """No neighbour within the bounds leaves a smaller sum of squares."""
    sizes = np.array([1.0, 2.0, 3.0, 4.0, 6.0])
    seen = np.array([100.0, 205.0, 290.0, 370.0, 480.0])
    fit = fit_scalability(sizes, seen)
    found = np.array([fit.rate_per_s, fit.contention, fit.coherency])

    def left(rate, contention, coherency):
        return float(sum((rate * theory.usl_capacity(n, contention, coherency) - x) ** 2
                         for n, x in zip(sizes, seen, strict=True)))  # fmt: skip

    assert fit.contention == 0.0 < fit.coherency
    best = left(*found)
    for move in np.random.default_rng(2).normal(0.0, (0.5, 0.01, 0.001), (300, 3)):
        rate, contention, coherency = found + move
        assert left(rate, max(contention, 0.0), max(coherency, 0.0)) >= best * (1.0 - 1e-12)


def test_a_confidence_has_to_be_one():
    with pytest.raises(ResultError, match="between 0 and 1"):
        fit_scalability(SIZES, exact(1.0, 0.0, 0.0), confidence=95.0)


# -- the knee


def mm1(rates, service_time, replications=4, noise=0.0, seed=1):
    """Goodput and p99 of M/M/1, some replications with a little noise."""
    rng = np.random.default_rng(seed)
    tails = [theory.mm1_response_time_quantile(rate, service_time, 0.99) for rate in rates]
    factor = 1.0 + noise * rng.standard_normal((len(rates), replications))
    return np.repeat(np.array(rates)[:, None], replications, axis=1), np.array(tails)[:, None] * factor


def test_an_mm1_queue_bends_at_half_of_its_saturation():
    # Kleinrock 1979: power, rate by response time, is rate (mu - rate) but for a factor
    rates = [10.0, 30.0, 50.0, 70.0, 90.0]
    knee = find_knee(rates, *mm1(rates, 0.01))
    assert (knee.load, knee.low, knee.high, knee.inside) == (50.0, 50.0, 50.0, True)


def test_loads_that_are_not_shown_to_be_worse_are_named():
    rates = [10.0, 48.0, 50.0, 52.0, 90.0]
    knee = find_knee(rates, *mm1(rates, 0.01, noise=0.05))
    assert knee.inside
    assert knee.low <= 48.0
    assert knee.high >= 52.0
    assert 10.0 < knee.low < knee.high < 90.0


def test_a_knee_at_the_end_may_lie_beyond():
    rates = [10.0, 20.0, 30.0, 40.0]
    knee = find_knee(rates, *mm1(rates, 0.01))
    assert (knee.load, knee.inside) == (40.0, False)


def test_one_replication_shows_nothing():
    rates = [10.0, 50.0, 90.0]
    knee = find_knee(rates, *mm1(rates, 0.01, replications=1))
    assert (knee.load, knee.low, knee.high, knee.inside) == (50.0, 10.0, 90.0, False)


def test_loads_at_which_nothing_is_served_are_left_out():
    rates = [10.0, 50.0, 90.0, 200.0]
    goodput, tails = mm1(rates[:3], 0.01)
    nothing = np.full((1, 4), np.nan)
    assert find_knee(rates, np.vstack([goodput, 0.0 * nothing]), np.vstack([tails, nothing])).load == 50.0
    assert find_knee([1.0], 0.0 * nothing, nothing) is None
