import numpy as np
import pytest

from simulator.plan.layout import Outcome
from simulator.plan.plan import Prices
from simulator.results import summarise

PRICES = Prices("USD", vcpu_hour=0.04, gib_hour=0.005, unit_hour=0.02)


def mixed(build):
    """In the span [20, 200): 3 ok, 1 degraded, 1 error, 1 unfinished; one ends after the horizon."""
    return [
        build.Request(10.0, 0.7),
        build.Request(19.9, 0.3),  # ends in the span, but does not arrive there
        build.Request(30.0, 0.1),
        build.Request(40.0, 0.2),
        build.Request(50.0, 0.4, Outcome.DEGRADED),
        build.Request(60.0, 0.05, Outcome.ERROR),
        build.Request(70.0, None, Outcome.UNFINISHED),
        build.Request(199.9, 0.3),
    ]


def test_every_quantity_of_one_replication(build):
    """Rule 11.20."""
    plan = build.plan(prices=PRICES)
    summary = summarise(plan, build.traces(plan, mixed(build))).summary
    assert summary.name == "microservices"
    assert summary["requests"] == 6
    assert summary["degraded"] == 1
    assert summary["errors"] == 1
    assert summary["unfinished"] == 1
    assert summary["replications"] == 1
    assert summary["throughput_per_s"] == pytest.approx(5 / 180)
    assert summary["goodput_per_s"] == pytest.approx(4 / 180)
    assert summary["availability_ratio"] == pytest.approx(4 / 6)
    assert summary["latency_mean_s"] == pytest.approx((0.1 + 0.2 + 0.4 + 0.3) / 4)
    assert summary["latency_p50_s"] == pytest.approx(0.25)
    assert summary["latency_p90_s"] == pytest.approx(0.37)  # 0.7 of the way from 0.3 to 0.4
    assert summary["latency_p999_s"] == pytest.approx(0.3997)
    assert summary["cost_per_hour"] == pytest.approx(2 * 0.04 + 0.005 + 0.02 + 0.5 * 0.045 + 0.02)
    assert summary["cost_per_million_successful"] == pytest.approx(0.1475 / (4 / 180 * 3600) * 1e6)


def test_replications_are_pooled_and_their_rates_averaged(build):
    plan = build.plan()
    results = summarise(plan, build.traces(plan, mixed(build), [build.Request(30.0, 1.1)]))
    assert results.summary["requests"] == 7
    assert results.summary["throughput_per_s"] == pytest.approx(6 / 360)
    assert results.summary["latency_mean_s"] == pytest.approx(2.1 / 5)  # not the mean of 0.25 and 1.1
    assert results.summary["latency_p50_s"] == pytest.approx(0.3)
    assert results.intervals.loc["latency_mean_s", "mean"] == results.summary["latency_mean_s"]
    assert results.intervals.loc["requests", "mean"] == 3.5
    assert results.replications["requests"].tolist() == [6, 1]
    assert results.replications.index.tolist() == [0, 1]
    assert "replications" not in results.replications.columns


def test_without_prices_the_cost_is_unknown(build):
    plan = build.plan()
    summary = summarise(plan, build.traces(plan, mixed(build))).summary
    assert np.isnan(summary["cost_per_hour"])
    assert np.isnan(summary["cost_per_million_successful"])


def test_nobody_came(build):
    plan = build.plan()
    summary = summarise(plan, build.traces(plan, [], [])).summary
    assert summary[["requests", "throughput_per_s", "goodput_per_s", "errors"]].tolist() == [0, 0, 0, 0]
    assert summary[["availability_ratio", "latency_mean_s", "latency_p50_s", "latency_p999_s"]].isna().all()


def test_a_replication_without_latencies_is_left_out_of_their_interval(build):
    plan = build.plan()
    one, other = [build.Request(30.0, 0.1)], [build.Request(30.0, 0.3)]
    intervals = summarise(plan, build.traces(plan, one, [], other)).intervals
    assert intervals.loc["latency_mean_s", "mean"] == pytest.approx(0.2)
    """Of 0.3 s once and 0.2 s twice: length = t(1, 0.975) * spread / mean, on the scale of logarithms."""
    nearer = [build.Request(30.0, 0.2)]
    near = summarise(plan, build.traces(plan, [build.Request(30.0, 0.201)], [], nearer)).intervals
    length = 12.706205 * 0.0005 / 0.2005
    assert near.loc["latency_mean_s", "low"] == pytest.approx(0.2005 * np.exp(-length))
    assert near.loc["latency_mean_s", "high"] == pytest.approx(0.2005 * np.exp(length * (1.0 + 2.0 * length)))
    assert np.isnan(summarise(plan, build.traces(plan, one, [])).intervals.loc["latency_mean_s", "half_width"])


def test_all_failed(build):
    plan = build.plan(prices=PRICES)
    requests = [build.Request(30.0 + row, 0.1, Outcome.REJECTED) for row in range(10)]
    summary = summarise(plan, build.traces(plan, requests)).summary
    assert summary["availability_ratio"] == 0.0
    assert summary["errors"] == 10
    assert summary["throughput_per_s"] == pytest.approx(10 / 180)
    assert summary["goodput_per_s"] == 0.0
    assert np.isnan(summary["latency_mean_s"])
    assert np.isnan(summary["cost_per_million_successful"])


def test_all_unfinished(build):
    plan = build.plan()
    requests = [build.Request(30.0 + row, None, Outcome.UNFINISHED) for row in range(10)]
    summary = summarise(plan, build.traces(plan, requests)).summary
    assert summary["availability_ratio"] == 0.0
    assert summary["unfinished"] == 10
    assert summary["errors"] == 0
    assert summary["throughput_per_s"] == 0.0
