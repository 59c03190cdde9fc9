import numpy as np
import pandas as pd
import pytest

from simulator.errors import ResultError
from simulator.results.statistics import (
    interval_table,
    mean,
    quantiles,
    ratio,
    share,
    shown_together,
    student_interval,
    student_intervals,
)


def test_the_interval_of_three_values_is_the_textbooks():
    """1, 2, 3: s = 1, t(2, 0.975) = 4.302653, half width 4.302653 / sqrt(3)."""
    center, half_width = student_interval([1.0, 2.0, 3.0], 0.95)
    assert center == 2.0
    assert half_width == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)


def test_more_confidence_is_a_wider_interval():
    """t(2, 0.95) = 2.919986."""
    assert student_interval([1.0, 2.0, 3.0], 0.9)[1] == pytest.approx(2.919986 / np.sqrt(3), rel=1e-6)


def test_missing_values_are_left_out():
    assert student_interval([1.0, np.nan, 2.0, 3.0], 0.95) == student_interval([1.0, 2.0, 3.0], 0.95)


def test_one_value_has_a_mean_but_no_half_width():
    center, half_width = student_interval([5.0, np.nan], 0.95)
    assert center == 5.0
    assert np.isnan(half_width)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_no_value_has_neither(values):
    assert np.isnan(student_interval(values, 0.95)).all()


def test_infinite_values_have_no_half_width():
    center, half_width = student_interval([1.0, np.inf], 0.95)
    assert center == np.inf
    assert np.isnan(half_width)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, np.nan])
def test_a_confidence_lies_between_0_and_1(confidence):
    with pytest.raises(ResultError, match="between 0 and 1"):
        student_interval([1.0, 2.0], confidence)


def test_an_interval_table_has_a_row_a_quantity():
    table = interval_table(pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, np.nan]}), 0.95)
    half_width = 12.706205  # t(1, 0.975), of s / sqrt(2) = 1
    assert table.loc["a"].tolist() == pytest.approx([2.0, half_width, 2.0 - half_width, 2.0 + half_width])
    assert table.loc["b", "mean"] == 2.0
    assert table.loc["b", ["half_width", "low", "high"]].isna().all()
    assert list(table.columns) == ["mean", "half_width", "low", "high"]


def test_a_ratio_by_nothing_is_nan():
    np.testing.assert_array_equal(ratio([1, 0, 3], [2, 0, 0]), [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(ratio([[1.0, 2.0]], 4), [[0.25, 0.5]])
    assert share(1, 4) == 0.25
    assert np.isnan(share(1, 0))


def test_nothing_has_no_mean_and_no_quantile():
    nothing = np.array([])
    assert np.isnan(mean(nothing))
    assert np.isnan(quantiles(nothing, [0.5, 0.9])).all()


def test_quantiles_are_linear():
    assert quantiles(np.array([4.0, 1.0, 2.0]), [0.5, 0.75]).tolist() == [2.0, 3.0]


def test_equal_values_have_no_spread_at_all():
    # Their mean is one rounding off, and so would be the spread about it.
    values = [0.825, 0.825, 0.825, 0.825, 0.825]
    assert student_interval(np.array(values) * 1.0000000000000002, 0.95)[1] == 0.0
    assert student_interval([0.1 + 0.2] * 3, 0.95)[1] == 0.0


@pytest.mark.parametrize("replications", [1, 2, 3, 7, 8, 9, 20, 129, 1000])
def test_intervals_of_many_rows_are_those_of_each_row(replications):
    generator = np.random.default_rng(replications)
    rows = generator.lognormal(0.0, 3.0, (60, replications))
    rows[0], rows[1] = 5.0, 0.1 + 0.2
    rows[2, :2], rows[3], rows[4, -1] = np.nan, np.nan, np.inf
    means, half_widths = student_intervals(rows, 0.95)
    for row, mean_of_row, half_width in zip(rows, means, half_widths, strict=True):
        np.testing.assert_array_equal((mean_of_row, half_width), student_interval(row, 0.95))


def test_several_differences_are_judged_together():
    """Holm, of 4 degrees of freedom: t(4, 1 - 0.05/2k) is 2.776, 3.495, 3.961 and 4.315 for k = 1 to 4.

    In half widths, t(4, 0.975) = 2.776 each: 1, 1.259, 1.427 and 1.554.
    """
    together = lambda *far: shown_together(far, [1.0] * len(far), [4] * len(far), 0.95)  # noqa: E731
    assert together(1.01) == [True]
    assert together(0.99) == [False]
    assert together(1.55, 1.5, 1.5, 1.5) == [False] * 4
    assert together(1.56, -1.43, 1.27, 1.01) == [True] * 4
    assert together(1.56, 1.42, 1.41, 1.41) == [True, False, False, False]
    # one replication has no interval, and what is known exactly counts for nothing
    assert shown_together([1.0, 2.0, 0.0, 1.01], [np.nan, 0.0, 0.0, 1.0], [0, 4, 4, 4], 0.95) == [
        False, True, False, True,
    ]  # fmt: skip
    # of fewer replications a half width is no less, but what lies so far out is likelier: t(1, 0.975) = 12.71
    assert shown_together([1.56, 1.56], [1.0, 1.0], [4, 1], 0.95) == [True, True]
    assert shown_together([0.5, 1.56], [1.0, 1.0], [4, 1], 0.95) == [False, False]


def test_where_nothing_differs_chance_names_something_in_one_of_twenty_lists():
    """Twelve quantities of five replications that are equal in law: one by one, half of such lists would name one."""
    random, lists = np.random.default_rng(5), 2000
    named, alone = 0, 0
    for values in random.normal(size=(lists, 12, 5)):
        found = [student_interval(row, 0.95) for row in values]
        named += any(shown_together(*zip(*found, strict=True), [4] * 12, 0.95))
        alone += any(abs(mean) > half for mean, half in found)
    assert alone > 0.4 * lists
    assert 0.03 * lists < named < 0.065 * lists  # 0.05, give or take 3 times sqrt(0.05 x 0.95 / 2000)
