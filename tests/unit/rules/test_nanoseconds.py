"""Rules 1.1 and 1.4: times become whole nanoseconds once, half up."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from simulator.rules.nanoseconds import NEVER, SECOND, all_nanoseconds, nanoseconds, nearest, seconds_of


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (0.0, 0), (0.25, 0), (0.5, 1), (0.75, 1), (1.5, 2), (2.5, 3), (3.5, 4), (1e9 + 0.5, SECOND + 1),
        (math.nextafter(1.5, 0.0), 1), (math.nextafter(1.5, 2.0), 2), (2.0**52, 2**52), (2.0**60, 2**60),
    ],
)  # fmt: skip
def test_the_nearest_is_half_up(value, whole):
    """Python's own `round` would give 2 for 2.5."""
    assert nearest(value) == whole


@pytest.mark.parametrize("value", [2.0**61, 2.0**61 + 2.0**9, 2.0**63, 1e300, math.inf])
def test_what_is_too_long_is_never(value):
    assert nearest(value) == NEVER == 2**61
    assert nanoseconds(value) == NEVER
    assert all_nanoseconds(np.array([value / 1e9])).tolist() == [NEVER]


def test_what_is_too_long_is_never_also_if_it_is_no_float_any_more():
    assert all_nanoseconds(np.array([1e300])).tolist() == [NEVER]


def test_what_is_whole_is_itself_in_all_104_days_of_a_float():
    for whole in (2**52 + 1, 2**52 + 2, 2**53 - 1):
        assert nearest(float(whole)) == whole
    assert nearest(math.nextafter(0.5, 0.0)) == 0


def test_the_longest_before_never():
    longest = math.nextafter(2.0**61, 0.0)
    assert nearest(longest) == int(longest) < NEVER


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("1e-9", 1), ("0.001", 10**6), ("0.1", 10**8), ("0.3", 3 * 10**8), ("2.675", 2_675_000_000),
        ("0.000000123", 123), ("86400.000000001", 86_400_000_000_001), ("1e6", 10**15),
    ],
)  # fmt: skip
def test_what_is_written_in_whole_nanoseconds_is_exact(written, whole):
    assert nanoseconds(float(written)) == whole == Fraction(written) * SECOND


@pytest.mark.parametrize(("parts", "whole"), [([0.1, 0.2], 0.3), ([0.001, 0.003, 0.001], 0.005), ([0.7, 0.1], 0.8)])
def test_sums_are_what_they_are_on_paper(parts, whole):
    assert sum(map(nanoseconds, parts)) == nanoseconds(whole)


def test_sums_of_any_grid_in_any_order():
    draw = random.Random(5)
    for _ in range(2000):
        parts = [draw.randint(1, 5000) / 1000.0 for _ in range(draw.randint(1, 14))]
        whole = sum(Fraction(str(part)) for part in parts)
        assert sum(map(nanoseconds, parts)) == nanoseconds(float(whole)) == whole * SECOND


def test_columns_are_rounded_as_single_times_are():
    draw = random.Random(6)
    seconds = [draw.choice([0.0, 1e-9, 1.0, 1e4, 1e8]) * draw.random() for _ in range(2000)]
    seconds += [2.5e-9, 0.5e-9, math.nextafter(2.5e-9, 1.0), 2.0**61 / 1e9, math.inf]
    column = all_nanoseconds(np.array(seconds))
    assert column.dtype == np.int64
    assert column.tolist() == [nanoseconds(one) for one in seconds]
    assert all_nanoseconds(np.array([])).tolist() == []


def test_seconds_are_divided_once():
    times = [0, 1, 3, 100_000_000, 300_000_000, 1_953_125, 86_400_000_000_001]
    assert seconds_of(np.array(times)).tolist() == [time / 1e9 for time in times]
    assert seconds_of(np.array([300_000_000])).tolist() == [0.3]
    assert seconds_of(np.array([0.5e9, math.nan])).tolist()[0] == 0.5
    assert np.isnan(seconds_of(np.array([math.nan]))).all()
