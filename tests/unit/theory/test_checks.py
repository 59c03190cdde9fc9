import math

import pytest

from simulator.theory import _checks


def test_invert_survival_finds_the_first_time_at_or_below():
    time = _checks.invert_survival(lambda t: math.exp(-t / 7.0), 0.01, 1e-3)
    assert time == pytest.approx(7.0 * math.log(100.0), rel=1e-14)
    assert _checks.invert_survival(lambda t: 0.3 * math.exp(-t), 0.3, 1.0) == 0.0


def test_log_sum_neither_overflows_nor_minds_nothing():
    assert _checks.log_sum([1e4, 1e4]) == pytest.approx(1e4 + math.log(2.0), rel=1e-15)
    assert _checks.log_sum([-math.inf, 2.0]) == 2.0
    assert _checks.log_sum([-math.inf, -math.inf]) == -math.inf
    assert _checks.log_sum([]) == -math.inf


def test_poisson_probability_of_a_mean_of_nothing():
    assert _checks.poisson_probability(0, 0.0) == 1.0
    assert _checks.poisson_probability(2, 0.0) == 0.0


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_positive_refuses(value):
    with pytest.raises(ValueError, match="x must be a finite number above 0"):
        _checks.positive("x", value)
