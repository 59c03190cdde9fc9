"""Bounds of loads (rule 13.4): counted by hand, and never above what is measured, whatever fails."""

import numpy as np
import pytest

import simulator as sim
from simulator.experiments.sizes.surely import may_be_always_busy, sure_loads

SHOP = """\
simulation: {duration: 20s, warmup: 2s, replications: 2}
network: {latency: 1ms}
services:
  web: {concurrency: 50, steps: [{cpu: 5ms}, {call: store}, {cpu: 3ms}]}
  store: {concurrency: 50, steps: [{cpu: {dist: exponential, mean: 8ms}}]}
workload: {call: web, rate: 50/s}
"""


def loads(changes=None):
    """Cores and slots of web and store."""
    work, held = sure_loads(sim.compile(sim.loads(SHOP).replace(changes or {})))
    return (*work.tolist(), *held.tolist())


def test_without_failures_it_is_all():
    assert loads() == pytest.approx((0.4, 0.4, 50 * 0.018, 0.4))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # a timeout of 8 ms: 1 ms there, E[min(X, 7 ms)], and what comes after the call may never come
        ({"services.web.steps": [{"cpu": "5ms"}, {"call": "store", "timeout": "8ms"}, {"cpu": "3ms"}]},
         (0.25, 0.4, 50 * (0.005 + 0.001 + 0.001 + 0.008 * (1 - np.exp(-6 / 8))), 0.4)),
        # so do tries and hedges cut
        ({"services.web.steps": [{"call": "store", "retries": {"attempts": 3, "perTryTimeout": "8ms"}}]},
         (0.0, 0.4, 50 * (0.002 + 0.008 * (1 - np.exp(-6 / 8))), 0.4)),
        ({"services.web.steps": [{"call": "store", "hedge": {"after": "8ms"}}]},
         (0.0, 0.4, 50 * (0.002 + 0.008 * (1 - np.exp(-6 / 8))), 0.4)),
        # a fallback goes on
        ({"services.web.steps": [{"call": "store", "timeout": "8ms", "fallback": {"steps": []}}, {"cpu": "3ms"}]},
         (0.15, 0.4, 50 * (0.002 + 0.008 * (1 - np.exp(-6 / 8)) + 0.003), 0.4)),
        # who has no permit, no place, no breaker that is closed, may never be called
        ({"services.web.steps": [{"cpu": "5ms"}, {"call": "store", "circuitBreaker": {}}, {"cpu": "3ms"}]},
         (0.25, 0.0, 0.25, 0.0)),
        ({"services.web.steps": [{"cpu": "5ms"}, {"call": "store", "bulkhead": {"maxConcurrentCalls": 1}}]},
         (0.25, 0.0, 0.25, 0.0)),
        ({"services.store.queue": {"capacity": 0}}, (0.25, 0.0, 0.25, 0.0)),
        ({"services.web.rateLimit": {"limitForPeriod": 1, "limitRefreshPeriod": "1s"}}, (0.0, 0.0, 0.0, 0.0)),
        ({"services.web.failures": {"mtbf": "1h", "mttr": "1m"}}, (0.0, 0.0, 0.0, 0.0)),
        # an error comes at the end of the work
        ({"services.store.errorRate": "10%"}, (0.25, 0.4, 50 * 0.015, 0.4)),
        # what has a deadline may be dropped anywhere
        ({"services.web.steps": [{"cpu": "5ms"}, {"call": "store", "timeout": "8ms", "deadline": "propagate"}]},
         (0.0, 0.0, 0.0, 0.0)),
        # branches that cannot fail take as long as the longest, repetitions as often
        ({"services.web.steps": [{"parallel": [{"cpu": "5ms"}, {"call": "store"}]}]},
         (0.25, 0.4, 50 * 0.010, 0.4)),
        ({"services.web.steps": [{"call": "store", "times": 3}]}, (0.0, 1.2, 50 * 0.030, 1.2)),
        ({"services.web.steps": [{"call": "store", "times": 3, "timeout": "1s"}]}, None),
        ({"services.web.steps": [{"call": "store", "probability": 0.5}]}, (0.0, 0.2, 50 * 0.005, 0.2)),
        ({"workload": {"till": {"call": "web", "users": 9}}}, (0.0, 0.0, 0.0, 0.0)),
    ],
)  # fmt: skip
def test_by_hand(changes, expected):
    if expected is None:  # the first of three is sure
        assert loads(changes)[1] == pytest.approx(0.4)
    else:
        assert loads(changes) == pytest.approx(expected)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"services.web.steps": [{"cpu": "5ms"}, {"call": "store", "timeout": "8ms"}, {"cpu": "3ms"}]},
        {"services.web.steps": [{"cpu": "5ms"}, {"call": "store", "hedge": {"after": "4ms"}}]},
        {"services.store.errorRate": "40%"},
    ],
)
def test_it_is_never_more_than_what_is_measured(changes):
    topology = sim.loads(SHOP).replace(changes)
    units = sim.simulate(topology, detail="summary").units
    work, _ = sure_loads(sim.compile(topology))
    assert (work <= 1.05 * units["utilisation_ratio"].to_numpy()).all()


def test_only_where_nothing_is_left_to_chance_all_of_a_core_may_be_used():
    chance = sim.loads(SHOP)
    assert not may_be_always_busy(sim.compile(chance))
    even = chance.replace({"services.store.steps": [{"cpu": "8ms"}], "workload.workload.arrivals": "even"})
    assert may_be_always_busy(sim.compile(even))
