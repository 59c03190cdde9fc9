"""Rules 7.2 to 7.4: arrivals by inversion of the cumulative rate."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from simulator.rules.arrivals import gap, ramp_time
from simulator.rules.nanoseconds import SECOND, nanoseconds
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
    """To half a nanosecond, and a thousandth of one for what floats lose; by 28 decimal digits."""
    total = duration_s * (start_rate + end_rate) / 2.0
    start, duration, rate, last = map(Decimal, (start_s, duration_s, start_rate, end_rate))
    slope = (last - rate) / duration
    for share in (1e-6, 0.1, 0.5, 0.9, 0.999):
        ahead = Decimal(share * total)
        exact = start + 2 * ahead / (rate + (rate * rate + 2 * slope * ahead).sqrt())
        time = ramp_time(share * total, start_s, duration_s, start_rate, end_rate)
        assert abs(time - exact * SECOND) < 0.501


@pytest.mark.parametrize(("start_s", "duration_s", "start_rate", "end_rate"), RAMPS)
def test_times_ascend_with_the_number(start_s, duration_s, start_rate, end_rate):
    total = duration_s * (start_rate + end_rate) / 2.0
    shares = np.linspace(1e-9, 1.0, 2_000) * total
    times = [ramp_time(ahead, start_s, duration_s, start_rate, end_rate) for ahead in shares.tolist()]
    assert times == sorted(times)
    assert abs(times[-1] - nanoseconds(start_s + duration_s)) <= 1


def test_a_constant_rate_is_a_division():
    """Rounded half up, whatever the rate."""
    for rate in (1, 3, 7, 10, 48, 1000, 3_000_000):
        times = [ramp_time(float(i), 0.0, math.inf, float(rate), float(rate)) for i in range(500)]
        assert times == [(2 * i * SECOND + rate) // (2 * rate) for i in range(500)]


@pytest.mark.parametrize(("start_rate", "end_rate"), [(0.0, 8.0), (5.0, 9.0), (5.0, 0.0), (5.0, 5.0)])
def test_nothing_ahead_is_the_start_also_of_a_ramp_from_rate_0(start_rate, end_rate):
    assert ramp_time(0.0, 3.0, 10.0, start_rate, end_rate) == 3 * SECOND


@pytest.mark.parametrize(("start_s", "duration_s", "start_rate", "end_rate"), RAMPS)
def test_twice_as_slow_is_twice_as_late_to_a_nanosecond(start_s, duration_s, start_rate, end_rate):
    total = duration_s * (start_rate + end_rate) / 2.0
    for share in (0.1, 0.3, 0.77):
        time = ramp_time(share * total, start_s, duration_s, start_rate, end_rate)
        slow = ramp_time(share * total, 2 * start_s, 2 * duration_s, start_rate / 2, end_rate / 2)
        assert abs(slow - 2 * time) <= 1
