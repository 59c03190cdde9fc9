"""Differences by journey: what another mix of the same journeys changes, and what it does not (rule 11.25)."""

import numpy as np
import pytest

from simulator.plan.layout import Outcome
from simulator.results import summarise
from simulator.results.journeypairs import QUANTITIES, entry_shares, have_one_mix, paired_journeys

BOTH = (("shoppers", (0,)), ("robots", (1,)))


def results(build, *replications, workloads=BOTH):
    plan = build.plan(workloads=workloads)
    return summarise(plan, build.traces(plan, *replications))


def buys(build, *latencies, outcome=Outcome.OK):
    return [build.Request(30.0 + k, one, outcome) for k, one in enumerate(latencies)]


def looks(build, *latencies):
    return [build.Request(60.0 + k, one, workload=1, entry=1) for k, one in enumerate(latencies)]


def test_another_mix_of_the_same_journeys_changes_none_of_them(build):
    """Each buys in 0.3 s and looks in 0.01 s, before and after; together it is 0.155 s, and then 0.0825 s."""
    before, after = (
        results(build, *([*buys(build, 0.3), *looks(build, *[0.01] * number)] for _ in range(3))) for number in (1, 3)
    )
    assert before.summary["latency_mean_s"] == pytest.approx(0.155)
    assert after.summary["latency_mean_s"] == pytest.approx(0.0825)
    table = paired_journeys(before, after)
    assert table["difference"].tolist() == [0.0] * len(table)
    assert not table["shown"].any()
    assert table.loc[("front.buy", "latency_p99_s"), "other"] == pytest.approx(0.3)
    assert table.loc[("back", "latency_p99_s"), "other"] == pytest.approx(0.01)
    assert not have_one_mix([entry_shares(before), entry_shares(after)])


def test_the_interval_is_that_of_the_pairs(build):
    """One request a replication: differences of 0.1, 0.2 and 0.3 s have s = 0.1; t(2, 0.975) = 4.302653."""
    before, after = (
        results(build, *([*buys(build, one), *looks(build, 0.01)] for one in each))
        for each in ((1.0, 2.0, 3.0), (1.1, 2.2, 3.3))
    )
    row = paired_journeys(before, after).loc[("front.buy", "latency_mean_s")]
    assert row["difference"] == pytest.approx(0.2)
    assert row["half_width"] == pytest.approx(4.302653 * 0.1 / np.sqrt(3), rel=1e-6)


def test_availability_is_that_of_the_journey(build):
    """Of four that buy one is lost, in each of two replications; who only looks is served."""
    whole = [*buys(build, *[0.3] * 4), *looks(build, 0.01)]
    torn = [*buys(build, *[0.3] * 3), build.Request(40.0, 0.1, Outcome.ERROR), *looks(build, 0.01)]
    table = paired_journeys(results(build, whole, whole), results(build, torn, torn))
    assert table.loc[("front.buy", "availability_ratio"), ["baseline", "other"]].tolist() == [1.0, 0.75]
    assert table.loc[("front.buy", "availability_ratio"), "shown"]
    assert table.loc[("back", "availability_ratio"), "difference"] == 0.0


def test_what_only_one_of_them_has_has_no_difference(build):
    both = results(build, *[[*buys(build, 0.3), *looks(build, 0.01)]] * 2)
    alone = results(build, *[buys(build, 0.3)] * 2, workloads=BOTH[:1])
    table = paired_journeys(both, alone)
    assert list(table.loc["back"].index) == list(QUANTITIES)
    assert table.loc[("back", "latency_mean_s"), "baseline"] == pytest.approx(0.01)
    assert table.loc["back"][["other", "difference", "half_width"]].isna().all(axis=None)
    assert table.loc[("front.buy", "latency_mean_s"), "difference"] == 0.0


def test_two_workloads_that_enter_at_one_endpoint_are_one_journey(build):
    pair = (("shoppers", (0,)), ("robots", (0,)))
    made = results(build, *[[*buys(build, 0.3), build.Request(60.0, 0.1, workload=1, entry=1)]] * 2, workloads=pair)
    assert entry_shares(made) == {"front.buy": 1.0}
    assert paired_journeys(made, made).loc[("front.buy", "latency_mean_s"), "other"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("shares", "one"),
    [
        ([], True),
        ([{"a": 1.0}, {"b": 1.0}], True),
        ([{"a": 0.8, "b": 0.2}, {"b": 0.2, "a": 0.8}], True),
        ([{"a": 0.8, "b": 0.2}, {"a": 0.799, "b": 0.201}], True),  # by 0.5 % of the smaller one
        ([{"a": 0.8, "b": 0.2}, {"a": 0.797, "b": 0.203}], False),  # by 1.5 %
        ([{"a": 0.8, "b": 0.2}, {"a": 1.0}], False),
        ([{"a": 0.8, "b": 0.2}, {"a": 0.8, "c": 0.2}], False),
    ],
)
def test_what_one_mix_is(shares, one):
    assert have_one_mix(shares) is one
