import math

import pytest

from simulator import theory


def test_nothing_shared_is_perfect_scaling():
    assert [theory.usl_capacity(size, 0.0, 0.0) for size in (1, 2, 7, 64)] == [1.0, 2.0, 7.0, 64.0]


def test_by_hand():
    # 4 / (1 + 0.1 x 3 + 0.02 x 12) and 10 / (1 + 0.1 x 9 + 0.02 x 90)
    assert theory.usl_capacity(4, 0.1, 0.02) == pytest.approx(4 / 1.54)
    assert theory.usl_capacity(10, 0.1, 0.02) == pytest.approx(10 / 3.7)
    assert theory.usl_capacity(1, 0.3, 0.4) == 1.0


@pytest.mark.parametrize("serial", [0.0, 0.05, 0.5, 1.0])
def test_amdahl_is_the_case_without_coherency(serial):
    for size in (1.0, 2.0, 16.0, 1e6):
        assert theory.amdahl_speedup(size, serial) == pytest.approx(1.0 / (serial + (1.0 - serial) / size))
        assert theory.amdahl_speedup(size, serial) == theory.usl_capacity(size, serial, 0.0)


@pytest.mark.parametrize(("contention", "coherency"), [(0.0, 0.01), (0.1, 0.003), (0.5, 0.02)])
def test_the_peak_is_where_neighbours_are_lower(contention, coherency):
    peak = theory.usl_peak_size(contention, coherency)
    best = theory.usl_capacity(peak, contention, coherency)
    assert best > theory.usl_capacity(peak * 0.99, contention, coherency)
    assert best > theory.usl_capacity(peak * 1.01, contention, coherency)


def test_the_peak_at_the_ends():
    assert theory.usl_peak_size(0.2, 0.0) == math.inf
    assert theory.usl_peak_size(1.0, 0.0) == 1.0
    assert theory.usl_peak_size(0.0, 4.0) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.usl_capacity(0.0, 0.1), "^size must"),
        (lambda: theory.usl_capacity(11, -0.1), "leave no work at size 11"),
        (lambda: theory.usl_peak_size(1.1, 0.1), "^contention must lie"),
        (lambda: theory.usl_peak_size(-0.1, 0.1), "^contention must be"),
        (lambda: theory.usl_peak_size(0.1, -0.1), "^coherency must"),
        (lambda: theory.amdahl_speedup(2, 1.5), "^serial_share must lie"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
