"""Rules 7.2 to 7.4: arrivals by inversion of the cumulative rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from simulator.rules.arrivals import gap, ramp_time
from simulator.rules.randomness import mix, uniform

RAMPS = [
    (0.0, 10.0, 5.0, 5.0),
    (0.0, 10.0, 0.0, 8.0),
    (3.0, 10.0, 8.0, 0.0),
    (100.0, 0.5, 1.0, 1000.0),
    (7.0, 3600.0, 40.0, 400.0),
    (7.0, 3600.0, 400.0, 399.999999),
    (1.0, 1e-3, 1e-9, 1e6),
]


def test_7_2_a_gap_is_a_unit_exponential_of_its_number():
    key = mix(3, 1)
    gaps = np.array([gap(key, number, 99) for number in range(50_000)])
    expected = [-math.log(1.0 - uniform(key, number, 99, 0)) for number in range(20)]
    assert gaps[:20].tolist() == expected
    assert gaps.min() > 0.0
    assert stats.kstest(gaps, "expon").pvalue > 1e-4
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 4.5 / math.sqrt(gaps.size)


@pytest.mark.parametrize(("start_s", "duration_s", "start_rate", "end_rate"), RAMPS)
def test_7_4_the_cumulative_rate_reaches_ahead_at_ramp_time(start_s, duration_s, start_rate, end_rate):
    total = duration_s * (start_rate + end_rate) / 2.0
    slope = (end_rate - start_rate) / duration_s
    for share in (1e-6, 0.1, 0.5, 0.9, 0.999):
        time = ramp_time(share * total, start_s, duration_s, start_rate, end_rate)
        assert start_s <= time <= start_s + duration_s
        reached, _ = quad(lambda t: start_rate + slope * t, 0.0, time - start_s, epsabs=0.0, epsrel=1e-13)
        # The time itself has 2**-53 of `start_s + duration_s`: what that is in arrivals is allowed.
        rounding = 4e-16 * (start_s + duration_s) * max(start_rate, end_rate)
        assert math.isclose(reached, share * total, rel_tol=1e-11, abs_tol=rounding)


@pytest.mark.parametrize(("start_s", "duration_s", "start_rate", "end_rate"), RAMPS)
def test_times_ascend_with_the_number(start_s, duration_s, start_rate, end_rate):
    total = duration_s * (start_rate + end_rate) / 2.0
    shares = np.linspace(1e-9, 1.0, 2_000) * total
    times = [ramp_time(ahead, start_s, duration_s, start_rate, end_rate) for ahead in shares.tolist()]
    assert times == sorted(times)
    assert math.isclose(times[-1], start_s + duration_s, rel_tol=1e-12)


def test_a_constant_rate_is_a_division():
    assert [ramp_time(float(i), 0.0, math.inf, 10.0, 10.0) for i in range(50)] == [i / 10.0 for i in range(50)]


@pytest.mark.parametrize(("start_rate", "end_rate"), [(0.0, 8.0), (5.0, 9.0), (5.0, 0.0), (5.0, 5.0)])
def test_nothing_ahead_is_the_start_also_of_a_ramp_from_rate_0(start_rate, end_rate):
    assert ramp_time(0.0, 3.0, 10.0, start_rate, end_rate) == 3.0


@pytest.mark.parametrize(("start_s", "duration_s", "start_rate", "end_rate"), RAMPS)
def test_twice_as_slow_is_twice_as_late_exactly(start_s, duration_s, start_rate, end_rate):
    total = duration_s * (start_rate + end_rate) / 2.0
    for share in (0.1, 0.3, 0.77):
        time = ramp_time(share * total, start_s, duration_s, start_rate, end_rate)
        slow = ramp_time(share * total, 2 * start_s, 2 * duration_s, start_rate / 2, end_rate / 2)
        assert slow == 2 * time
