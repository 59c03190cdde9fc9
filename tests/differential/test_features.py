"""Each feature alone at every detail, and every two of them together, among others and by themselves."""

from __future__ import annotations

import copy
import dataclasses
from itertools import combinations

import features
import pytest
import twins
from features import FEATURES, LONG_TAIL, compose

import simulator as sim
from simulator.plan.layout import Outcome


@pytest.mark.parametrize("detail", twins.DETAILS)
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_feature_alone(assert_same, feature, detail):
    replication = twins.DETAILS.index(detail)  # of each a run of its own
    assert_same(dataclasses.replace(compose(feature), detail=detail, seed=5, replication=replication))


@pytest.mark.parametrize("pack", features.packs(), ids=lambda pack: " + ".join(feature.name for feature in pack))
def test_four_features_together(assert_same, pack):
    assert_same(compose(*pack))


@pytest.mark.one_in(60)
@pytest.mark.parametrize("pair", features.pairs(), ids=lambda pair: f"{pair[0].name} + {pair[1].name}")
def test_two_features_together(assert_same, pair):
    assert_same(compose(*pair))


def test_features_have_names_of_their_own_and_change_the_plan(folder):
    """A feature that changed nothing would test nothing."""
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    digests = {feature.name: twins.plan_of(compose(feature), folder).digest() for feature in FEATURES}
    plain = twins.plan_of(twins.Case(features.BASE), folder).digest()
    assert [name for name, digest in digests.items() if digest == plain] == []


def test_every_pair_is_in_a_pack():
    def of(packs):
        return {frozenset(feature.name for feature in pair) for pack in packs for pair in combinations(pack, 2)}

    assert of(features.packs()) == of(features.pairs())


@pytest.mark.parametrize("detail", twins.DETAILS)
def test_both_refuse_when_time_stands_still(assert_same, detail):
    """Users who neither think nor wait, by an accident of chance that no plan shows."""
    tree = {
        "simulation": {"duration": "1s", "warmup": "0s"},
        "services": {"a": {"steps": [{"sleep": "1s", "probability": 0.00001}]}},
        "workload": {"w": {"call": "a", "users": 1}},
    }
    pair = assert_same(twins.Case(tree, detail=detail))
    assert isinstance(pair.reference, sim.EngineError)
    assert str(pair.reference) == str(pair.compiled)


def test_time_goes_on_after_many_requests_at_one_instant(assert_same):
    """Far more than would be taken for a standstill, but of several instants."""
    tree = {
        "simulation": {"duration": "50ms", "warmup": "0s"},
        "services": {"a": {"steps": [{"sleep": "1ms", "probability": 0.0015}]}},
        "workload": {"w": {"call": "a", "users": 1}},
    }
    trace = assert_same(twins.Case(tree, detail="summary")).trace
    assert trace.outcomes.sum() > 20_000


def test_levels_that_stay_for_longer_than_a_float_counts_nanoseconds(assert_same):
    """Years, where 2^53 ns are 104 days: what a level has been is added up in the same order of roundings."""
    law = {"dist": "exponential", "mean": "20000h"}
    tree = {
        "simulation": {"duration": "200000h", "warmup": "0s"},
        "services": {"a": {"replicas": 1, "resources": {"cpu": 7}, "steps": [{"cpu": law}, {"sleep": law}]}},
        "workload": {"w": {"call": "a", "users": 7, "thinkTime": "1.000000001s"}},
    }
    assert assert_same(twins.Case(tree, detail="summary")).trace.outcomes.sum() > 20


def test_delays_without_an_end_add_up_to_never(assert_same):
    delays = [{"at": "1s", "for": "5s", "target": "a", "delay": {"fixedDelay": "600000h"}} for _ in range(6)]
    tree = {
        "simulation": {"duration": "10s", "warmup": "0s"},
        "services": {"a": {"steps": [{"cpu": "1ms"}]}, "b": {"steps": [{"call": "a", "timeout": "1s"}]}},
        "faults": delays,
        "workload": {"w": {"call": "b", "rate": "10/s", "arrivals": "even"}},
    }
    trace = assert_same(twins.Case(tree)).trace
    assert (trace.requests.outcome == 2).sum() == 50, "those of [1 s, 6 s) time out"
    assert trace.tries[:, 1].sum() == 100


def test_a_heap_that_outgrows_its_place(assert_same):
    assert assert_same(features.sleepers(12_000)).trace.outcomes.sum() > 8_000


def test_an_ejection_ends_between_calls(assert_same):
    assert assert_same(features.rarely_asked()).trace.tries[:, 1].sum() > 100


def test_many_replications_and_seeds(assert_same):
    """One rich case under many keys."""
    names = ("repeated parallel", "slots LIFO", "loss with timeout", "serialization", "users", "lossy send")
    case = compose(*(feature for feature in FEATURES if feature.name in names))
    for seed, replication in ((0, 0), (1, 1), (2**31, 7), (2**63, 2**20), (2**64 - 1, 2**32)):
        assert_same(dataclasses.replace(case, seed=seed, replication=replication))


CROWD = {
    "simulation": {"duration": "2s", "warmup": "0s", "drain": "500ms"},
    "network": {"latency": "1ms"},
    "services": {
        "front": {"replicas": 8, "steps": [{"call": "quick", "timeout": "900ms"}, {"parallel": [
            {"call": "slow", "timeout": "700ms"}, {"sleep": {"dist": "exponential", "mean": "300ms"}}]}]},
        "quick": {"scheduling": "PS", "resources": {"cpu": 4}, "steps": [{"cpu": LONG_TAIL | {"mean": "1ms"}}]},
        "slow": {"concurrency": 50, "queue": {"discipline": "LIFO"}, "steps": [{"cpu": "1ms", "times": 2}]},
    },
    "workload": {"open": {"call": "front", "rate": "1500/s"}, "closed": {"call": "quick", "users": 300,
                                                                         "thinkTime": "200ms"}},
}  # fmt: skip
"""Thousands in flight and many thousands of rows: what grows has to grow, timers wait and are let go."""


@pytest.mark.parametrize(
    ("scheduling", "detail"), [("FIFO", "summary"), ("PS", "requests"), ("FIFO", "attempts"), ("PS", "attempts")]
)
def test_a_crowd(assert_same, scheduling, detail):
    tree = copy.deepcopy(CROWD)
    tree["services"]["slow"]["scheduling"] = scheduling
    trace = assert_same(twins.Case(tree, detail=detail)).trace
    assert trace.outcomes.sum() > 5000
    assert trace.outcomes[:, :, Outcome.UNFINISHED].sum() + trace.outcomes[:, :, Outcome.ERROR].sum() > 1000


@pytest.mark.parametrize("scheduling", ["FIFO", "PS"])
def test_a_crowd_that_dies_and_stands_still(assert_same, scheduling):
    """Thousands are lost at one instant, thousands go on at another: more than a step may take."""
    tree = copy.deepcopy(CROWD)
    for service in tree["services"].values():
        service["scheduling"] = scheduling
    tree["services"]["slow"]["concurrency"] = 3000
    tree["services"]["front"] |= {"failures": {"mtbf": "900ms", "mttr": "40ms"}, "startup": "20ms"}
    tree["faults"] = [
        {"at": "700ms", "for": "30ms", "target": "slow", "kill": {}},
        {"at": "1s", "for": "100ms", "target": "front", "pause": {}},
        {"at": "1s", "for": "200ms", "target": "slow", "pause": {}},
        {"at": "1500ms", "target": "front", "kill": {}},
    ]
    trace = assert_same(twins.Case(tree, detail="attempts")).trace
    ends = trace.attempts.end_s[trace.attempts.outcome == Outcome.ERROR]
    assert (ends == 0.7 + 0.001).sum() > 300
    assert (ends == 1.5).sum() > 300
