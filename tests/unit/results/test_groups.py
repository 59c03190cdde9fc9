import numpy as np
import pytest

from simulator.plan.trace import CallLog
from simulator.results import groups
from simulator.results.groups import blocks, grouped_quantiles, order_by_group, start_groups

PROBABILITIES = (0.0, 0.5, 0.9, 0.99, 0.999, 1.0)


def check_quantiles(group, values, number):
    result = grouped_quantiles(group, values, number, PROBABILITIES)
    for row in range(number):
        mine = values[group == row]
        if mine.size:
            np.testing.assert_array_equal(result[row], np.quantile(mine, PROBABILITIES))
        else:
            assert np.isnan(result[row]).all()


def test_quantiles_by_group_are_those_of_each_group():
    generator = np.random.default_rng(5)
    group, values = generator.integers(0, 4, 400), generator.exponential(1.0, 400)
    group[group == 2] = 1
    result = grouped_quantiles(group, values, 5, (0.5, 0.9))
    for row in (0, 1, 3):
        np.testing.assert_array_equal(result[row], np.quantile(values[group == row], (0.5, 0.9)))
    assert np.isnan(result[[2, 4]]).all()


def test_many_groups_do_not_wrap_around():
    group = np.array([40_000, 3])
    result = grouped_quantiles(group, np.array([1.0, 2.0]), 40_001, (0.5,))
    assert result[40_000, 0] == 1.0
    assert result[3, 0] == 2.0
    assert np.isnan(result).sum() == 39_999


@pytest.mark.parametrize("number", [1, 3, 50, 1500])
@pytest.mark.parametrize("spread", ["distinct", "tied"])
def test_they_are_numpys_to_the_bit(number, spread):
    generator = np.random.default_rng(number)
    # squared: groups of very different sizes, many of one value only
    group = (number * generator.random(3000) ** 2).astype(np.int64)
    values = generator.lognormal(0.0, 4.0, 3000)
    check_quantiles(group, values if spread == "distinct" else np.round(values), number)


def test_infinite_values_are_numpys_too():
    generator = np.random.default_rng(9)
    group, values = generator.integers(0, 40, 400), generator.random(400)
    values[::7] = np.inf
    with np.errstate(invalid="ignore"):  # between two of them
        check_quantiles(group, values, 40)


def test_no_values_have_no_quantiles():
    nothing = np.array([], dtype=np.int64)
    assert np.isnan(grouped_quantiles(nothing, nothing.astype(np.float64), 3, PROBABILITIES)).all()


@pytest.mark.parametrize("number", [3, 40, 200_000])
def test_blocks_do_not_change_the_order(number, monkeypatch):
    monkeypatch.setattr(groups, "BLOCK", 64)
    generator = np.random.default_rng(number)
    group, values = generator.integers(0, number, 1000), generator.random(1000)
    ordered = order_by_group(group, values, start_groups(group, number))
    np.testing.assert_array_equal(ordered, values[np.argsort(group, kind="stable")])
    check_quantiles(np.minimum(group, 30), values, 40)


def test_blocks_are_the_log_in_pieces(monkeypatch):
    monkeypatch.setattr(groups, "BLOCK", 4)
    logs = [CallLog(*np.arange(6 * size).reshape(6, size)) for size in (0, 4, 9)]
    pieces = list(blocks(logs))
    assert [piece.entry.size for piece in pieces] == [0, 4, 4, 4, 1]
    np.testing.assert_array_equal(np.concatenate([piece.end_s for piece in pieces[2:]]), logs[2].end_s)
    assert np.shares_memory(pieces[2].end_s, logs[2].end_s)
