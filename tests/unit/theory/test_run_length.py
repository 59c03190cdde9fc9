"""The run that gives an interval of the width wanted."""

import pytest

from simulator.theory import mm1_run_length


def test_ten_times_as_precise_takes_a_hundred_times_as_long():
    assert mm1_run_length(0.8, 0.01) == pytest.approx(100.0 * mm1_run_length(0.8, 0.1), rel=1e-12)


def test_known_values():
    # 1.959964^2 x 2 (1 + u) / (u (1 - u)^2) / 0.05^2, by hand
    assert mm1_run_length(0.5, 0.05) == pytest.approx(3.841459 * 24.0 / 0.0025, rel=1e-6)
    assert mm1_run_length(0.8, 0.05) == pytest.approx(3.841459 * 112.5 / 0.0025, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, 0.1), "utilisation"),
        ((0.0, 0.1), "utilisation must be a finite number above 0"),
        ((0.5, 0.0), "relative_half_width must be a finite number above 0"),
        ((0.5, 0.1, 1.0), "confidence must lie in"),
    ],
)
def test_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        mm1_run_length(*arguments)
