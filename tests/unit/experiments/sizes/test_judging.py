"""How a configuration is judged by its objectives."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from simulator.experiments.sizes.judging import shown_miss, worst_objective


def result(**row):
    return SimpleNamespace(objectives=pd.DataFrame([{"slo": "a", "quantity": "p99", "limit": 1.0, "low": 0.5, **row}]))


@pytest.mark.parametrize(
    ("value", "high", "ratio"),
    [(0.8, 0.9, 0.9), (0.95, 0.9, 0.95), (1.02, 0.99, 1.02), (0.7, 1.1, 1.1)],
)
def test_neither_the_interval_nor_the_value_of_all_may_lie_above_the_limit(value, high, ratio):
    worst, row = worst_objective(result(value=value, high=high))
    assert worst == pytest.approx(ratio)
    assert row["high"] == max(value, high)


def test_what_cannot_be_judged_is_the_worst():
    assert worst_objective(result(value=0.5, high=float("nan")))[0] == float("inf")


def test_the_upper_end_of_what_is_missed_is_not_below_its_value():
    """The percentile of all replications together may lie above the interval of their own ones."""
    assert shown_miss(result(value=9.397, low=8.0, high=9.372))["high"] == 9.397
    assert shown_miss(result(value=9.1, low=8.0, high=9.372))["high"] == 9.372
    assert math.isnan(shown_miss(result(value=9.1, low=float("nan"), high=float("nan")))["high"])
    assert shown_miss(result(value=9.397, low=0.9, high=9.372)) is None
