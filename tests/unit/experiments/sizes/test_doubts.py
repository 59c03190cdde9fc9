"""Where more may hurt (rule 13.5): each kind is found, and what is said to be met by fewer is found too."""

import pytest

import simulator as sim
from simulator.experiments.sizes.doubts import find_doubts

pytestmark = pytest.mark.one_in(2)

CHAIN = """\
services:
  web: {steps: [{cpu: 1ms}, {call: store}]}
  store: {steps: [{cpu: 1ms}, {call: db}]}
  db: {kind: database, resources: {cpu: 4}, steps: [{cpu: 1ms}]}
workload: {call: web, rate: 10/s}
slos: {web: {call: web, p99: 1s}}
"""
POOLS = """\
# pods x pool above what the database takes: 3 pods of 10 are enough and not too many
simulation: {duration: 10s, warmup: 2s, replications: 3}
services:
  app:
    steps: [{cpu: 1ms}, {call: db, bulkhead: {maxConcurrentCalls: 10, maxWaitDuration: 5s}}]
  db:
    kind: external
    concurrency: 30
    queue: {capacity: 0}
    steps: [{sleep: {dist: exponential, mean: 100ms}}]
workload: {call: app, rate: 260/s}
slos: {api: {call: app, p50: 500ms, errorRate: 1%}}
"""


def doubts(changes, sized=(0, 1)):
    return [one.why for one in find_doubts(sim.compile(sim.loads(CHAIN).replace(changes)), sized)]


def test_of_a_plain_chain_more_never_hurts():
    assert doubts({}) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"services.store.steps": [{"call": "db", "bulkhead": {"maxConcurrentCalls": 7}}]},
         "each replica of store may have 7 calls at db at once"),
        ({"services.store.steps": [{"call": "db", "circuitBreaker": {}}]},
         "each replica of store has a circuit breaker of its own towards db"),
        ({"services.store.steps": [{"call": "db", "retries": {"attempts": 2}, "retryBudget": {}}]},
         "each replica of store has a retry budget of its own towards db"),
        ({"services.store.outlierDetection": {}}, "of more replicas of store more may be ejected"),
        ({"services.store.concurrency": 4, "services.db.concurrency": 4, "services.db.queue": {"capacity": 1}},
         "the slots of store hold back what db would turn away"),
        ({"services.db.concurrency": 4, "services.db.queue": {"capacity": 1}},
         "a smaller web holds back what db would turn away"),
        ({"services.db.rateLimit": {"limitForPeriod": 5, "limitRefreshPeriod": "1s", "timeoutDuration": "0s"}},
         "a smaller web holds back what db has no permits for"),
        ({"services.store.steps": [{"call": "db", "timeout": "50ms"}]},
         "a smaller store holds back what db would answer too late"),
    ],
)  # fmt: skip
def test_each_kind_is_named(changes, why):
    assert why in doubts(changes)


def test_what_is_sized_too_is_not_held_back_for():
    """A longer wait at a unit that may grow is no reason to doubt."""
    assert doubts({"services.store.steps": [{"call": "db", "timeout": "50ms"}]}, sized=(0, 1, 2)) == []


@pytest.mark.parametrize("pods", [9])
def test_fewer_are_found_where_more_are_turned_away(pods):
    """With 3 pods 30 calls fit into 30 places; with 4 or more some are turned away, and 1 pod cannot keep up."""
    made = sim.capacity(sim.loads(POOLS).replace({"services.app.replicas": pods}), max_replicas=6)
    assert made.met
    assert made.replicas["app"] == 3
    assert made.tried.set_index("app_replicas")["met"].to_dict() == {1: False, 2: False, 3: True} | {
        many: False for many in made.tried["app_replicas"] if many > 3
    }
    assert "every one that is smaller" in made.reason
    assert made.reason.endswith("was simulated.")


def test_every_size_is_tried_before_it_is_said_that_none_will_do():
    crowded = {"workload.workload.rate": "400/s"}  # 40 at once, and 30 places
    made = sim.capacity(sim.loads(POOLS).replace(crowded), max_replicas=5)
    assert not made.met
    assert len(made.tried) == 5
    assert made.reason.startswith("The objectives cannot be met, because ")
    assert " Every size was simulated. The nearest of 5 tried " in made.reason


def test_where_not_every_size_was_tried_it_is_not_said_that_none_will_do(monkeypatch):
    monkeypatch.setattr("simulator.experiments.sizes.search.EVERY", 3)
    made = sim.capacity(sim.loads(POOLS).replace({"workload.workload.rate": "400/s"}), max_replicas=5)
    assert not made.met
    assert not made.exact
    assert made.state == "not shown"
    assert made.reason.startswith("No size was found that meets the objectives, because ")
    assert "fewer may be better: each replica of app may have 10 calls at db at once." in made.reason
