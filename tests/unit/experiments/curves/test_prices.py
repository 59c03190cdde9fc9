import math
from types import SimpleNamespace

import pandas as pd
import pytest

import simulator as sim
from simulator.compiler import compile_topology
from simulator.experiments.curves.prices import Size, judge, price_column, price_range, size_of, unsure_words


def row(name, cost, low=None, met=True):
    return {"deployment": name, "met": met, "cost_per_hour": cost, "cost_low_per_hour": cost if low is None else low,
            "all_cores": cost, "all_cores_low": cost if low is None else low}  # fmt: skip


@pytest.mark.parametrize("price", ["cost_per_hour", "all_cores"])
def test_the_lower_price_wins(price):
    verdict = judge([row("a", 4.0), row("b", 3.0)], price)
    assert (verdict.kind, verdict.winner) == ("cheaper", "b")
    assert verdict.saving_ratio == pytest.approx(0.25)


def test_cores_are_compared_where_money_tells_nothing():
    assert price_column([0.1, 0.2]) == "cost_per_hour"
    assert price_column([0.0, 0.2]) == "cost_per_hour"
    assert price_column([0.0, 0.0]) == price_column([0.1, float("nan")]) == "all_cores"


def test_equal_prices_show_no_difference():
    verdict = judge([row("a", 3.0), row("b", 3.0 * (1.0 + 1e-13))], "cost_per_hour")
    assert (verdict.kind, verdict.winner) == ("same", "")


def test_what_the_dearer_one_might_have_done_with_less_shows_no_difference():
    assert judge([row("a", 3.0), row("b", 4.0, low=2.9)], "cost_per_hour").kind == "same"
    assert judge([row("a", 3.0), row("b", 4.0, low=3.0)], "cost_per_hour").kind == "same"
    assert judge([row("a", 3.0), row("b", 4.0, low=3.1)], "cost_per_hour").winner == "a"
    # that the cheaper one might have done with even less changes nothing
    assert judge([row("a", 3.0, low=1.0), row("b", 4.0)], "cost_per_hour").winner == "a"


def test_of_three_any_may_be_the_near_one():
    rows = [row("a", 3.0), row("b", 4.0), row("c", 9.0, low=2.0)]
    assert judge(rows, "cost_per_hour").kind == "same"
    assert judge(rows[:2], "cost_per_hour").saving_ratio == pytest.approx(0.25)


def test_those_that_miss_an_objective_do_not_count():
    only = judge([row("a", 1.0, met=False), row("b", 4.0)], "cost_per_hour")
    assert (only.kind, only.winner) == ("only", "b")
    assert judge([row("a", 1.0, met=False)], "cost_per_hour").kind == "none"
    assert judge([row("a", 1.0)], "cost_per_hour").kind == "cheaper"


def test_externals_are_in_no_sum():
    text = """\
services:
  web: {replicas: 3, resources: {cpu: 2, memory: 1Gi}, steps: [{cpu: 1ms}, {call: half}, {call: far}]}
  half: {replicas: 5, resources: {cpu: 500m, memory: 256Mi}, steps: [{cpu: 1ms}]}
  far: {kind: external, replicas: 9, resources: {cpu: 64, memory: 9Gi}, steps: [{sleep: 1ms}]}
workload: {call: web, rate: 1/s}
"""
    assert size_of(compile_topology(sim.loads(text))) == Size(8, 8.5, (3 * 1024 + 5 * 256) * 2.0**20)
    assert size_of(compile_topology(sim.loads(text)), ["half", "far"]) == Size(5, 2.5, 5 * 256 * 2.0**20)


def test_the_range_holds_what_is_not_shown_to_miss():
    tried = pd.DataFrame({
        "cost_per_hour": [1.0, 2.0, 3.0], "cores": [1.0, 2.0, 3.0], "met": [False, False, True],
        "missed": [True, False, False],
    })  # fmt: skip
    judge = SimpleNamespace(lattice=SimpleNamespace(priced=True))
    sized = SimpleNamespace(judge=judge, may_cost=math.inf, met=True, tried=tried, cost_per_hour=3.0,
                            sized=("web",), replicas={"web": 3, "db": 1}, cores={"web": 1.0, "db": 4.0})  # fmt: skip
    size = Size(4, 7.0, 0.0)
    assert price_range(sized, size) == {"cost_low_per_hour": 2.0, "all_cores_low": 6.0}
    sized.may_cost = 1.5
    assert price_range(sized, size) == {"cost_low_per_hour": 1.5, "all_cores_low": 6.0}
    unmet = SimpleNamespace(met=False)
    assert all(value != value for value in price_range(unmet, size).values())


def test_where_something_cheaper_is_not_excluded_is_said():
    """Of a in one of two cells, by half; of b nowhere, where it is not met, or but for rounding."""
    cells = [
        row("a", 4.0, 2.0),
        row("b", 3.0),
        row("a", 4.0),
        row("b", 3.0, 3.0 * (1.0 - 1e-12)),
    ]
    table = pd.DataFrame([*cells, row("b", 9.0, math.nan, met=False)])
    (text,) = unsure_words(table, "cost_per_hour", "in", "cells")
    assert text.startswith(
        "Not sure: of a in 1 of 2 cells, sizes that are cheaper than those shown are not shown to miss"
    )
    assert unsure_words(table, "all_cores", "at", "loads")[0].startswith(
        "Not sure: of a at 1 of 2 loads, sizes that are smaller"
    )
    assert unsure_words(table[table["deployment"] == "b"], "cost_per_hour", "in", "cells") == ()
