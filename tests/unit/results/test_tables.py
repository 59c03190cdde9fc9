from dataclasses import replace

import numpy as np
import pytest

from simulator.plan.layout import Outcome
from simulator.plan.plan import Prices
from simulator.results import summarise


def told(build, plan, **changes):
    """Two requests in the span, each with one call of back, the second of which fails."""
    one = build.Request(30.0, 0.4, inner=((30.1, 0.2, Outcome.OK),))
    two = build.Request(40.0, 0.8, Outcome.ERROR, inner=((40.1, 0.6, Outcome.ERROR),))
    early = build.Request(5.0, 0.1)
    return build.traces(plan, [one, two, early], **changes)


def test_services(build):
    plan = build.plan()
    table = summarise(plan, told(build, plan, replicas=(2.0, 1.0))).services
    assert list(table.index) == ["front", "back"]
    front, back = table.loc["front"], table.loc["back"]
    assert (front.unit, front.kind, back.unit, back.kind) == ("front", "service", "back", "database")
    assert (front.replicas, back.replicas) == (2.0, 1.0)
    assert front.utilisation_ratio == pytest.approx(1.0 / 4.0)  # one of 2 replicas x 2 cores
    assert back.utilisation_ratio == pytest.approx(0.25)
    assert front.waiting_time_s == pytest.approx(0.25 * 0.6)
    assert front.service_time_s == pytest.approx(0.75 * 0.6)
    assert front.response_time_s == pytest.approx(0.6)
    assert (front.queue_length, back.queue_length) == (0.0, pytest.approx(0.5))
    assert front.arrival_rate_per_s == pytest.approx(2 / 180)
    assert front.throughput_per_s == pytest.approx(2 / 180)
    assert (front.errors, back.errors) == (1, 1)
    assert table.errors.dtype == np.int64
    assert table.loc["back", ["waiting_time_s", "service_time_s", "response_time_s"]].isna().all()


def test_visits_are_pooled_over_replications(build):
    """2 visits of 0.6 s on average and one of 0.3 s: (1.2 + 0.3) / 3, while replications average to 0.45."""
    plan = build.plan()
    first = told(build, plan)[0]
    second = build.trace(plan, build.Story([build.Request(30.0, 0.3)], replication=1))
    results = summarise(plan, [first, second])
    assert results.services.loc["front", "response_time_s"] == pytest.approx(0.5)
    interval = results.services_intervals.loc[("front", "response_time_s")]
    assert interval["mean"] == results.services.loc["front", "response_time_s"]
    assert interval["half_width"] == pytest.approx(12.706205 * 0.15)
    assert interval["high"] == pytest.approx(interval["mean"] + interval["half_width"])
    assert results.services_intervals.loc[("back", "waiting_time_s")].isna().all()
    assert results.services_intervals.loc[("front", "errors"), "mean"] == 0.5
    assert results.services.loc["front", "errors"] == 1


def test_units_have_intervals_too(build):
    plan = build.plan()
    traces = [*told(build, plan), build.trace(plan, build.Story([build.Request(30.0, 0.3)], replication=1))]
    table = summarise(plan, traces).units_intervals
    assert table.index.names == ["unit", "quantity"]
    assert table.loc[("front", "response_time_s"), "mean"] == pytest.approx(0.5)
    assert table.loc[("front", "response_time_s"), "half_width"] == pytest.approx(12.706205 * 0.15)
    assert table.loc[("back", "utilisation_ratio")].tolist() == pytest.approx([0.25, 0.0, 0.25, 0.25])


def test_no_replica_has_no_utilisation(build):
    plan = build.plan()
    table = summarise(plan, told(build, plan, replicas=(0.0, 1.0), busy=(0.0, 0.25))).services
    assert table.loc["front", "replicas"] == 0.0
    assert np.isnan(table.loc["front", "utilisation_ratio"])


def test_units_are_the_sums_of_their_services(build):
    plan = build.plan(prices=Prices("USD", 1.0, 0.0, 10.0))
    visits = np.zeros((200, 2, 3))
    visits[50] = [[2, 0.2, 0.6], [3, 0.3, 0.9]]
    plan = replace(plan, services=replace(plan.services, unit=np.array([0, 0])))
    trace = told(build, plan, changes={"visits": visits})
    table = summarise(plan, trace).units
    front = table.loc["front"]
    assert front.cores == 2
    assert front.utilisation_ratio == pytest.approx((1.0 + 0.25) / 2)
    assert front.waiting_time_s == pytest.approx(0.1)
    assert front.service_time_s == pytest.approx(0.3)
    assert front.response_time_s == pytest.approx(0.4)
    assert front.queue_length == pytest.approx(0.5)
    assert front.arrival_rate_per_s == pytest.approx(4 / 180)
    assert front.throughput_per_s == pytest.approx(4 / 180)
    assert front.errors == 2
    assert front.cost_per_hour == pytest.approx(12.0)
    assert np.isnan(table.loc["back", "waiting_time_s"])
    assert table.loc["back", "errors"] == 0


def test_the_breakdown_adds_up_to_the_mean_latency(build):
    plan = build.plan()
    breakdown = np.zeros((200, 2, 4))
    breakdown[30] = [[0.01, 0.02, 0.03, 0.04], [0.1, 0.05, 0.05, 0.1]]
    breakdown[5] = 7.0  # of the warmup
    table = summarise(plan, told(build, plan, changes={"breakdown": breakdown})).breakdown
    assert list(table.columns) == ["network_s", "waiting_s", "service_s", "timeout_s"]
    assert table.loc["front"].tolist() == pytest.approx([0.01, 0.02, 0.03, 0.04])
    assert table.loc["back"].tolist() == pytest.approx([0.1, 0.05, 0.05, 0.1])


def test_the_breakdown_is_per_request_that_was_served(build):
    plan = build.plan()
    requests = [build.Request(30.0 + row, 0.1 * (1 + row)) for row in range(4)]
    requests.append(build.Request(90.0, 5.0, Outcome.TIMEOUT))
    results = summarise(plan, build.traces(plan, requests))
    total = results.breakdown.to_numpy().sum()
    assert total == pytest.approx(results.summary["latency_mean_s"])
    assert total == pytest.approx(0.25)


def test_a_breakdown_of_nothing_is_nan(build):
    plan = build.plan()
    assert summarise(plan, build.traces(plan, [])).breakdown.isna().all(axis=None)


def test_outcomes_add_up_to_the_requests(build):
    plan = build.plan(workloads=(("shoppers", (0,)), ("robots", (1,))))
    story = [build.Request(30.0, 0.1, outcome) for outcome in Outcome if outcome != Outcome.UNFINISHED]
    story.append(build.Request(31.0, None, Outcome.UNFINISHED))
    story.append(build.Request(32.0, 0.1, Outcome.OK, workload=1, entry=1))
    story.append(build.Request(1.0, 0.1))
    results = summarise(plan, build.traces(plan, story, story))
    words = ["ok", "degraded", "error", "timeout", "rejected", "circuit_open", "unreachable", "unfinished"]
    assert list(results.outcomes.columns) == words
    assert results.outcomes.loc["shoppers"].tolist() == [2] * 8
    assert results.outcomes.loc["robots"].tolist() == [2, *[0] * 7]
    assert results.outcomes.to_numpy().sum() == results.summary["requests"]
    assert set(results.outcomes.dtypes) == {np.dtype(np.int64)}
