"""The judge itself: what it lets pass, and what not."""

import numpy as np
import pytest

MEAN = 2.0


@pytest.fixture
def seen(measured):
    return measured.of("seen", np.random.default_rng(1).normal(MEAN, 0.02, 20))


def twice(half):
    return 2.0 * half


def test_a_right_law_passes(judge, seen):
    judge(seen, twice, half=MEAN / 2.0)


def test_a_wrong_law_does_not(judge, seen):
    with pytest.raises(AssertionError, match="standard errors away"):
        judge(seen, twice, half=1.03 * MEAN / 2.0)


def test_nor_does_a_wide_interval(judge, measured):
    wide = measured.of("seen", np.random.default_rng(1).normal(MEAN, 0.2, 20))
    with pytest.raises(AssertionError, match=r"half width .* is over 2%"):
        judge(wide, twice, half=MEAN / 2.0)


def test_nor_does_a_law_that_hardly_depends_on_its_input(judge, seen):
    with pytest.raises(AssertionError, match="nobody would notice"):
        judge(seen, lambda small: MEAN + small, small=0.001)


def test_nor_does_a_law_without_inputs(judge, seen):
    with pytest.raises(AssertionError, match="nothing to slip"):
        judge(seen, lambda: MEAN)


def test_student_factors(measured):
    # tabulated: t of 9 degrees at 97.5 %
    assert measured("x", 0.0, 1.0, 9).half_width == pytest.approx(2.262, abs=5e-4)
    assert measured("x", 0.0, 1.0, 10**9).wide_half_width == pytest.approx(4.5, abs=1e-3)


def test_a_control_explains_what_it_can(measured):
    draws = np.random.default_rng(1)
    control = draws.normal(5.0, 1.0, 200)
    values = MEAN + 3.0 * (control - 5.0) + draws.normal(0.0, 0.1, 200)
    plain, controlled = measured.of("x", values), measured.controlled("x", values, control, 5.0)
    assert controlled.error < 0.1 * plain.error
    assert abs(controlled.mean - MEAN) < controlled.wide_half_width
    assert controlled.degrees == 198
