"""What a run without failures says of them (rule 11.13)."""

import numpy as np
import pytest

import simulator as sim
from simulator.results.rarity import can_fail, find_rarity

SHOP = """
simulation: {duration: 10m, warmup: 60s, replications: 10}
network: {latency: 500us}
services:
  web: {steps: [{cpu: 2ms}, {call: pay}]}
  pay: {replicas: 2, failures: {mtbf: 12h, mttr: 2m}, startup: 20s, steps: [{cpu: 5ms}]}
  log: {steps: [{cpu: 1ms}]}
workload: {call: web, rate: 10/s}
"""


def plan_of(text=SHOP, **changes):
    return sim.compile(sim.loads(text).replace(changes) if changes else sim.loads(text))


def test_failures_that_are_expected():
    """Two replicas, 6000 s in all replications, one failure in 12 h and the 140 s that it lasts."""
    rarity = find_rarity(plan_of(), 10)
    assert rarity.services == ("pay",)
    assert rarity.expected == pytest.approx(2 * 6000 / (12 * 3600 + 140))
    assert rarity.share == pytest.approx(140 / (12 * 3600 + 140))


def test_none_expected_leaves_room_for_some():
    """Of a Poisson count that is nearly 0: (1 - confidence) / 2 = exp(-3.69), each a share of 140 s of 2 x 6000 s."""
    most = find_rarity(plan_of(**{"services.pay.failures.mtbf": "1200000h"}), 10).most(0.95)
    assert most == pytest.approx(-np.log(0.025) * 140 / 12000, rel=1e-3)


def test_frequent_failures_are_seen():
    assert find_rarity(plan_of(**{"services.pay.failures.mtbf": "2m"}), 10) is None
    assert find_rarity(plan_of(SHOP.replace("failures: {mtbf: 12h, mttr: 2m}, ", "")), 10) is None


def test_many_failures_may_be_few_outages():
    """Two replicas, each down for 10 of 310 s: both are for 5 s at a time, so that 6000 s have 1.25 such times."""
    changes = {"services.pay.failures.mtbf": "5m", "services.pay.failures.mttr": "10s", "services.pay.startup": "0s"}
    rarity = find_rarity(plan_of(**changes), 10)
    assert (rarity.services, rarity.outages) == (("pay",), True)
    assert rarity.share == pytest.approx((10 / 310) ** 2)
    assert rarity.expected == pytest.approx(6000 * (10 / 310) ** 2 / 5)
    assert rarity.what == "1.2 outages of all replicas at once"
    assert rarity.most(0.95) > 3.0 * rarity.share
    assert find_rarity(plan_of(**changes, **{"services.pay.replicas": 6}), 10) is None  # never, or so
    assert find_rarity(plan_of(**changes, **{"services.pay.replicas": 1}), 10) is None  # each failure is one, and seen


def test_only_those_behind_an_endpoint_matter():
    plan = plan_of(
        SHOP.replace("workload: {call: web, rate: 10/s}", "workload: {calls: [{call: web}, {call: log}], rate: 10/s}")
    )
    where = dict(zip(plan.endpoints.name, range(len(plan.endpoints.name)), strict=True))
    assert find_rarity(plan, 10, where["web"]) is not None
    assert find_rarity(plan, 10, where["pay"]) is not None
    assert find_rarity(plan, 10, where["log"]) is None


QUIET = """
simulation: {duration: 20s, warmup: 1s, replications: 2}
services: {a: {steps: [{cpu: 1ms}, {call: b}]}, b: {steps: [{cpu: 1ms}]}}
workload: {call: a, rate: 5/s}
"""


@pytest.mark.parametrize(
    "change",
    [
        {"services.b.errorRate": "1%"},
        {"services.b.concurrency": 4, "services.b.queue": {"capacity": 1}},
        {"services.b.failures": {"mtbf": "1h", "mttr": "1s"}},
        {"network": {"latency": "1ms", "links": [{"from": "a", "to": "b", "errorRate": "1%"}]}},
        {"services.a.steps": [{"call": "b", "timeout": "1s"}]},
        {"faults": [{"at": "5s", "for": "1s", "target": "b", "kill": {}}]},
    ],
)
def test_what_can_fail(change):
    assert not can_fail(plan_of(QUIET))
    assert can_fail(plan_of(QUIET, **change))


def test_nobody_fails_where_nothing_can():
    result = sim.simulate(sim.loads(QUIET), engine="compiled")
    assert result.intervals.loc["availability_ratio", ["low", "high"]].tolist() == [1.0, 1.0]
    rare = sim.loads(QUIET).replace({"services.b.errorRate": "0.0001%"})
    low, high = sim.simulate(rare, engine="compiled").intervals.loc["availability_ratio", ["low", "high"]]
    assert high == 1.0
    assert 0.9 < low < 1.0


def test_rare_failures_are_not_called_certain():
    text = SHOP.replace("10m, warmup: 60s, replications: 10", "10s, warmup: 1s, replications: 2")
    result = sim.simulate(
        sim.loads(text).replace({"slos": {"w": {"call": "web", "errorRate": "0.1%"}}}), engine="compiled"
    )
    row = result.objectives.iloc[0]
    assert (row.value, row.low) == (0.0, 0.0)
    assert row.high > 0.1
    assert row.straddles
    assert result.intervals.loc["availability_ratio", "low"] < 0.9
    assert any("failures of replicas are expected in all 2 replications" in one for one in result.warnings)


def test_of_no_replicas_no_failure_is_expected():
    assert find_rarity(plan_of(**{"services.pay.replicas": 0}), 10) is None
