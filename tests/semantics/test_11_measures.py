"""Section 11: what is measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

SPAN = {"duration": "200t", "warmup": "100t"}


def test_11_1_levels_are_integrals_over_the_span_and_requests_are_those_that_arrive_in_it(run):
    """In service 96-104, 104-112, 112-120, 195-211; waiting 98-104, 100-112; cuts at 100 and 200 (rule 11.2)."""
    services = """
    a: {endpoints: {short: {steps: [{cpu: 8t}]}, long: {steps: [{cpu: 16t}]}}}
    """
    workload = "{one: {call: a.short, replay: arrivals.csv}, two: {call: a.long, replay: later.csv}}"
    seen = run(services, at=[96, 98, 100], workload=workload, files={"later.csv": [195]}, **SPAN)
    assert seen.ends == [104, 112, 120, 211]
    assert seen.number("a", "utilisation_ratio") * 100 == pytest.approx(20 + 5, rel=1e-12)
    assert seen.number("a", "queue_length") * 100 == pytest.approx(4 + 12, rel=1e-12)
    # of the two that arrive in the span, whole, though one of them ends in the drain
    summary = seen.result.summary
    assert summary["requests"] == 2
    assert summary["availability_ratio"] == 1
    assert summary["latency_mean_s"] * 512 == (20 + 16) / 2
    assert seen.number("a", "service_time_s") == 12
    assert seen.number("a", "waiting_time_s") == 6
    assert seen.breakdown("a") == {"waiting": 6, "service": 12}
    assert seen.result.outcomes["ok"].to_dict() == {"one": 1, "two": 1}
    # rates are of the span of time: two visits begin in it, three requests end in it
    assert seen.number("a", "arrival_rate_per_s") == pytest.approx(2 * 512 / 100)
    assert seen.number("a", "throughput_per_s") == pytest.approx(3 * 512 / 100)
    assert summary["throughput_per_s"] == pytest.approx(3 * 512 / 100)
    assert len(seen.result.requests) == 4  # the log has them all


def test_11_1_levels_of_shared_cores(run):
    """Alone 96-98, both until 110, the second alone until 112; and one from 196 on."""
    seen = run("a: {scheduling: PS, steps: [{cpu: 8t}]}", at=[96, 98, 196], **SPAN)
    assert seen.ends == [110, 112, 204]
    assert seen.number("a", "utilisation_ratio") * 100 == pytest.approx(12 + 4, rel=1e-12)
    assert seen.number("a", "queue_length") * 100 == pytest.approx(10, rel=1e-12)
    assert seen.number("a", "waiting_time_s") == 0
    assert seen.number("a", "throughput_per_s") == pytest.approx(2 * 512 / 100)


def test_11_1_levels_of_slots(run):
    """Waiting for the slot 90-110 and 95-130."""
    seen = run("a: {concurrency: 1, steps: [{sleep: 20t}]}", at=[90, 90, 95], **SPAN)
    assert seen.ends == [110, 130, 150]
    assert seen.number("a", "queue_length") * 100 == pytest.approx(10 + 30, rel=1e-12)
    assert seen.number("a", "utilisation_ratio") == 0


@pytest.mark.parametrize(("at", "counted"), [(99, 0), (100, 1), (199, 1)])
def test_11_1_the_span_begins_with_the_warmup_and_ends_before_the_horizon(run, at, counted):
    assert run("a: {steps: []}", at=[at], **SPAN).result.summary["requests"] == counted


def test_11_1_an_end_at_the_horizon_is_not_in_the_span(run):
    """Ends at 100 (the warmup: in), at 199 and at 200."""
    seen = run("a: {steps: [{sleep: 10t}]}", at=[90, 189, 190], **SPAN)
    assert seen.result.summary["throughput_per_s"] == pytest.approx(2 * 512 / 100)
    assert seen.result.summary["requests"] == 2


def test_11_1_a_warmup_that_is_no_edge_of_the_grid_is_exact(run):
    """The grid has 200 steps: of 1024 ticks none is at 7."""
    seen = run("a: {steps: [{cpu: 4t}]}", at=[5, 6, 7], warmup="7t")
    assert seen.result.summary["requests"] == 1
    assert seen.number("a", "utilisation_ratio") * 1017 == pytest.approx(2 + 4 + 4, rel=1e-12)
    assert seen.number("a", "queue_length") * 1017 == pytest.approx(2 + 6, rel=1e-12)


def test_11_3_latency_is_of_the_served_and_percentiles_are_of_all_replications_together(run):
    services = "a: {errorRate: 30%, steps: [{sleep: {dist: exponential, mean: 9t}}]}"
    seen = run(services, at=range(0, 900, 3), replications=3)
    served = [ms for ms, outcome in zip(seen.latencies, seen.outcomes, strict=True) if outcome == "ok"]
    summary = seen.result.summary
    assert 400 < len(served) < 800
    for name, q in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)]:
        assert summary[f"latency_{name}_s"] * 512 == pytest.approx(np.quantile(served, q), rel=1e-12)
    assert summary["latency_mean_s"] * 512 == pytest.approx(np.mean(served), rel=1e-12)
    assert summary["availability_ratio"] == pytest.approx(len(served) / 900)


def test_11_4_times_are_of_visits_over_all_their_branches(run):
    """Of a: cpu 4 and 3, one after the other on one core, and a sleep of 5; what it calls is left out."""
    services = "a: {steps: [{parallel: [{cpu: 4t}, {cpu: 3t}, {sleep: 5t}, {call: b}]}]}\nb: {steps: [{sleep: 30t}]}"
    seen = run(services)
    assert seen.number("a", "service_time_s") == 12
    assert seen.number("a", "waiting_time_s") == 4
    assert seen.number("a", "response_time_s") == 16
    assert seen.number("b", "response_time_s") == 30


def test_11_4_rejected_visits_are_errors_and_have_no_times(run):
    seen = run("a: {concurrency: 1, queue: {capacity: 0}, steps: [{cpu: 8t}]}", at=[0, 1, 2])
    assert seen.number("a", "service_time_s") == 8
    assert seen.number("a", "errors") == 2
    assert seen.number("a", "throughput_per_s") == 3 / 2


def test_11_4_waiting_is_for_a_slot_and_for_cores(run):
    """Two slots, one core: served 0-8, 8-16, 16-24; the third waits for a slot until 8, then for the core."""
    seen = run("a: {concurrency: 2, steps: [{cpu: 8t}]}", at=[0, 0, 2])
    assert seen.ends == [8, 16, 24]
    assert seen.number("a", "waiting_time_s") == (8 + 14) / 3
    assert seen.number("a", "queue_length") == 22 / 1024
    assert seen.breakdown("a")["waiting"] == pytest.approx(22 / 3)


def test_11_5_the_breakdown_follows_the_branch_that_ended_last(run):
    services = """
    a: {steps: [{cpu: 1t}, {parallel: [{call: b}, {steps: [{sleep: 3t}, {call: c}]}]}, {cpu: 2t}]}
    b: {steps: [{cpu: 5t}]}
    c: {steps: [{cpu: 4t}]}
    """
    seen = run(services, extra="network: {latency: 1t}")
    assert seen.ends == [12]  # 1 + max(2 + 5, 3 + 2 + 4) + 2
    assert seen.breakdown("a") == {"service": 6}
    assert seen.breakdown("b") == {}
    assert seen.breakdown("c") == {"network": 2, "service": 4}
    assert seen.result.breakdown.to_numpy().sum() * 512 == 12


def test_11_5_only_served_requests_are_in_it(run):
    services = (
        "a: {concurrency: 1, queue: {capacity: 0}, steps: [{cpu: 8t}, {call: b}]}\nb: {errorRate: 100%, steps: []}"
    )
    seen = run(services, at=[0, 1])
    assert seen.breakdown("a") == {}
    assert math.isnan(seen.result.summary["latency_mean_s"])


def test_11_5_packing_is_the_service_of_who_packs_and_the_slot_of_who_queues(run):
    services = "a: {steps: [{call: b}]}\nb: {concurrency: 1, steps: [{sleep: 6t}]}"
    seen = run(services, at=[0, 0], extra="network: {serialization: 1t}")
    # packed 0-1, 1-2; b: 1-9 and 9-17 (unpack, 6, pack); unpacked 9-10 and 17-18
    assert seen.ends == [10, 18]
    assert seen.breakdown("a") == {"waiting": 0.5, "service": 2}
    assert seen.breakdown("b") == {"waiting": 3.5, "service": 8}


def test_11_6_attempts_are_counted_at_the_edge_inside_and_sent(run):
    services = """
    a: {steps: [{call: b, times: 3}, {send: c}, {call: d}]}
    b: {steps: [{call: c}]}
    c: {steps: []}
    d: {replicas: 0, kind: external, steps: []}
    """
    for deployment in ("microservices", "monolith"):
        seen = run(services, deployment=deployment)
        assert seen.result.requests["attempts"].tolist() == [1 + 3 + 3 + 1 + 1]
        assert len(seen.result.attempts) == 9
        assert sorted(seen.result.attempts["span"]) == list(range(9))
        assert seen.result.attempts["target"].value_counts().to_dict() == {"a": 1, "b": 3, "c": 4, "d": 1}


def test_11_7_intervals_are_of_what_all_replications_say_together(run):
    seen = run("a: {steps: [{cpu: {dist: exponential, mean: 4t}}]}", workload="{call: a, rate: 64/s}", replications=4)
    latencies = seen.result.requests.groupby("replication")["latency_s"]
    sums, numbers = latencies.sum().to_numpy(), latencies.count().to_numpy()
    mean = sums.sum() / numbers.sum()
    rest = sums - mean * numbers
    length = stats.t.ppf(0.975, 3) * np.sqrt((rest**2).sum() * 4 / 3) / numbers.sum() / mean
    row = seen.result.intervals.loc["latency_mean_s"]
    assert row["mean"] == pytest.approx(mean, rel=1e-12)
    assert row["low"] == pytest.approx(mean * np.exp(-length), rel=1e-9)
    assert row["high"] == pytest.approx(mean * np.exp(length + 2 * length**2), rel=1e-9)
    assert row["half_width"] == pytest.approx((row["high"] - row["low"]) / 2)
    rates = seen.result.replications["throughput_per_s"]
    half = stats.t.ppf(0.975, 3) * rates.std(ddof=1) / 2
    row = seen.result.intervals.loc["throughput_per_s"]
    assert (row["low"], row["high"]) == (pytest.approx(rates.mean() - half), pytest.approx(rates.mean() + half))


def test_11_7_one_p99_is_everywhere(run):
    """The summary, its interval and an objective say one thing."""
    seen = run(
        "a: {steps: [{cpu: {dist: exponential, mean: 4t}}]}", workload="{call: a, rate: 64/s}", replications=3,
        extra="slos: {x: {call: a, p99: 1s}}",
    )  # fmt: skip
    p99 = seen.result.requests["latency_s"].quantile(0.99)
    assert seen.result.summary["latency_p99_s"] == pytest.approx(p99, rel=1e-12)
    assert seen.result.intervals.loc["latency_p99_s", "mean"] == seen.result.summary["latency_p99_s"]
    assert seen.result.objectives["value"][0] == seen.result.summary["latency_p99_s"]


def test_11_8_an_automatic_warmup_cuts_off_a_start_that_is_unlike_the_rest(run):
    """64 slow requests out of 1024 at the start; then all are alike: cut there, up to the next 1/200."""
    services = "a: {steps: [{call: b, timeout: 4096t}]}\nb: {concurrency: 1, steps: [{sleep: 1t}]}"
    seen = run(services, at=[0] * 64 + list(range(65, 1024)), warmup="auto")
    # the queue of 64 is gone at 64: latencies 1 to 64, then 1 for ever
    warmup = seen.result.provenance["warmup_s"] * 512
    first = 1024 / 200 * math.ceil(65 / (1024 / 200))
    assert warmup == pytest.approx(first)
    assert set(seen.result.latencies["latency_s"] * 512) == {1}


def test_11_9_cost_per_hour(run):
    """Per replica cpu and memory, per unit once; externals are free."""
    services = """
    a: {replicas: 3, resources: {cpu: 500m, memory: 512Mi}, steps: [{call: d}, {call: c}, {call: x}]}
    d: {kind: database, replicas: 2, resources: {cpu: 4, memory: 8Gi}, steps: []}
    c: {kind: cache, resources: {cpu: 1}, steps: []}
    x: {kind: external, replicas: 9, resources: {cpu: 9, memory: 9Gi}, steps: []}
    """
    seen = run(services, extra="prices: {vcpuHour: 0.04, gibHour: 0.005, unitHour: 0.02}")
    expected = {
        "a": 3 * (0.5 * 0.04 + 0.5 * 0.005) + 0.02,
        "d": 2 * (4 * 0.04 + 8 * 0.005) + 0.02,
        "c": 0.04 + 0.02,
        "x": 0.0,
    }
    assert seen.result.units["cost_per_hour"].to_dict() == pytest.approx(expected)
    assert seen.result.summary["cost_per_hour"] == pytest.approx(sum(expected.values()))


def test_11_9_without_prices_there_is_none(run):
    assert math.isnan(run("a: {steps: []}").result.summary["cost_per_hour"])
