"""How a configuration is judged by its objectives (rule 13.2)."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

import simulator as sim
from simulator.experiments.sizes.judging import rows_of, shown_miss, worst_objective, worst_together
from simulator.experiments.sizes.shortfall import told

ROW = {"slo": "a", "quantity": "p99", "limit": 1.0, "low": 0.5, "met": True, "straddles": False, "served_ratio": 1.0,
       "reason": ""}  # fmt: skip


def result(**row):
    made = ROW | row
    if "met" not in row:
        made["met"] = made["value"] <= 1.0
        made["straddles"] = made["low"] <= 1.0 <= made["high"]
    return SimpleNamespace(objectives=pd.DataFrame([made]))


@pytest.mark.parametrize(
    ("value", "high", "ratio"),
    [(0.8, 0.9, 0.9), (0.95, 0.9, 0.95), (1.02, 0.99, 1.02), (0.7, 1.1, 1.1), (0.7, math.inf, math.inf)],
)
def test_neither_the_interval_nor_the_value_of_all_may_lie_above_the_limit(value, high, ratio):
    worst, row = worst_objective(result(value=value, high=high))
    assert worst == pytest.approx(ratio)
    assert row["high"] == max(value, high)


def test_a_maximum_is_judged_by_what_was_seen():
    """It has no interval, at any length of the run."""
    nothing = {"quantity": "p100", "low": math.nan, "high": math.nan, "straddles": False}
    assert worst_objective(result(value=0.5, met=True, **nothing))[0] == 0.5
    assert shown_miss(result(value=0.5, met=True, **nothing)) is None
    assert shown_miss(result(value=1.5, met=False, **nothing))["high"] == 1.5


def test_a_size_for_a_maximum_says_how_it_was_judged():
    topology = sim.loads("""\
simulation: {duration: 5s, warmup: 1s, replications: 2}
services: {a: {steps: [{cpu: 1ms}]}}
workload: {call: a, rate: 20/s}
slos: {x: {call: a, p100: 500ms}}
""")
    made = sim.capacity(topology)
    assert (made.met, made.replicas) == (True, {"a": 1})
    assert ", the longest that was seen (limit 500 ms): a longer run may see longer." in made.reason
    assert "confidence" not in made.reason
    assert not sim.capacity(topology.replace({"slos.x.p100": "500us"}), max_replicas=2).met


def test_what_cannot_be_judged_is_the_worst():
    assert worst_objective(result(value=0.5, high=float("nan")))[0] == float("inf")


def test_the_upper_end_of_what_is_missed_is_not_below_its_value():
    """The percentile of all replications together may lie above the interval of their own ones."""
    assert shown_miss(result(value=9.397, low=8.0, high=9.372))["high"] == 9.397
    assert shown_miss(result(value=9.1, low=8.0, high=9.372))["high"] == 9.372
    assert math.isnan(shown_miss(result(value=9.1, low=float("nan"), high=float("nan")))["high"])
    assert shown_miss(result(value=9.397, low=0.9, high=9.372)) is None


def test_a_latency_of_too_few_is_not_met():
    """Rule 11.15: 31 % were turned away; of the others all is well."""
    few = result(value=0.5, high=0.6, met=False, served_ratio=0.69, reason="31 % were not served")
    assert worst_objective(few)[0] == pytest.approx(1.31)
    assert shown_miss(few) is not None
    unsure = result(value=0.5, high=0.6, met=True, straddles=True, served_ratio=0.9905)
    assert worst_objective(unsure)[0] > 1.0
    assert shown_miss(unsure) is None


def test_two_results_together():
    """Half the difference of two values is gone, and so is part of their intervals."""
    row = worst_together(rows_of(result(value=0.8, high=1.1)), rows_of(result(value=1.0, high=1.4)))
    assert (row["value"], row["high"]) == pytest.approx((0.9, 0.9 + math.hypot(0.3, 0.4) / 2.0))
    turned = result(value=0.5, high=0.6, met=False, served_ratio=0.69, reason="31 % were not served")
    assert worst_together(rows_of(result(value=0.5, high=0.6)), rows_of(turned))["served_ratio"] == 0.69


def test_an_upper_end_that_is_more_than_nothing_does_not_look_like_it():
    row = {"quantity": "errorRate"}
    assert [told(row, value) for value in (0.0, 3e-7, 0.0123)] == ["0 %", "0.00003 %", "1.23 %"]


MOST_TIME_OUT = """\
simulation: {duration: 20s, warmup: 2s, replications: 3}
policies: {u: {timeout: 90ms}}
services:
  s: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}
workload: {call: s, rate: 99/s, policy: u}
slos: {s: {call: s, p90: 95ms}}
"""


def test_capacity_does_not_count_on_requests_that_fail():
    """One core serves a fifth in time, whose p90 is below the limit; two serve nearly all."""
    made = sim.capacity(sim.loads(MOST_TIME_OUT), max_replicas=4)
    assert (made.met, made.replicas["s"]) == (True, 2)
    assert not made.tried["met"][0]
    assert made.tried["value"][0] < 0.095
    assert " % that were served; it binds." in made.reason


def test_capacity_says_of_how_many_it_speaks_where_none_will_do():
    made = sim.capacity(sim.loads(MOST_TIME_OUT), max_replicas=1)
    assert not made.met
    assert " % that were served; without an errorRate that is promised that is not met." in made.reason


RARE = """\
simulation: {duration: 20s, warmup: 2s, replications: 3}
services:
  web: {steps: [{cpu: 2ms}, {call: pay}]}
  pay: {failures: {mtbf: 12h, mttr: 2m}, steps: [{cpu: 5ms}]}
workload: {call: web, rate: 10/s}
slos: {w: {call: web, errorRate: 0.1%}}
"""


def test_capacity_does_not_promise_what_was_too_rare_to_be_seen():
    made = sim.capacity(sim.loads(RARE), max_replicas=2)
    assert not made.met
    assert made.reason.startswith("The objectives cannot be shown to be met with runs this short")
    assert "failures of replicas are expected in all replications" in made.reason


def test_what_nothing_can_make_fail_is_said_so():
    safe = sim.loads(RARE).replace({"services.pay": {"steps": [{"cpu": "5ms"}]}})
    assert "w errorRate is 0, nothing can make a request of it fail (limit 0.1" in sim.capacity(safe).reason
