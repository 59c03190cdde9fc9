import numpy as np
import pytest

import simulator as sim
from simulator.plan.layout import Outcome
from simulator.results import summarise


@pytest.mark.parametrize("warmup_s", [20.0, 20.5, 21.0, np.nextafter(20.0, 30.0), None])
def test_bins_are_uniform_wherever_the_warmup_lies(build, warmup_s):
    plan = build.plan(warmup_s=warmup_s)
    table = summarise(plan, build.traces(plan, [build.Request(20.25)])).timeline
    assert table.time_s.tolist() == np.repeat(np.arange(0.0, 200.0, 2.0), 2).tolist()
    assert table.service.tolist() == ["front", "back"] * 100
    front = table[table.service == "front"]
    assert front.arrival_rate_per_s.sum() == front.arrival_rate_per_s.iloc[10] == 0.5
    assert front.utilisation_ratio.to_numpy() == pytest.approx(0.5)
    assert table[table.service == "back"].queue_length.to_numpy() == pytest.approx(0.5)


@pytest.mark.parametrize("duration", ["51138ms", "1.289s", "1717ms"])
@pytest.mark.parametrize("warmup", ["0s", "700ms"])
def test_a_run_of_any_length_has_a_timeline(duration, warmup):
    """200 x H / 200 is one bit above the first two of these."""
    topology = sim.loads("services: {a: {steps: [{cpu: 1ms}]}}\nworkload: {call: a, rate: 5/s}\n")
    result = sim.simulate(topology, duration=duration, warmup=warmup, replications=1, engine="reference")
    assert result.timeline["time_s"].size == 100


def test_rates_are_averaged_and_latencies_pooled_over_replications(build):
    """In [40, 42) of one replication three end, one of them in error; in the other one (rule 11.22)."""
    plan = build.plan()
    first = [
        build.Request(39.5, 0.6),
        build.Request(40.0, 0.2, Outcome.ERROR),
        build.Request(41.0, 0.8, inner=((41.1, 0.5, Outcome.OK),)),
        build.Request(41.5, 0.5),  # ends in the next bin
        build.Request(199.9, 3.0),  # ends after the horizon
    ]
    table = summarise(plan, build.traces(plan, first, [build.Request(41.0, 0.1)])).timeline
    front, back = table[table.time_s == 40.0].iloc[0], table[table.time_s == 40.0].iloc[1]
    assert front.arrival_rate_per_s == pytest.approx(4 / 4)
    assert front.throughput_per_s == pytest.approx(4 / 4)
    assert front.errors_per_s == pytest.approx(1 / 4)
    assert front.replicas == pytest.approx(1.0)
    assert front.latency_p50_s == pytest.approx(0.6)
    assert front.latency_p99_s == pytest.approx(0.796)
    assert back.latency_p50_s == pytest.approx(0.5)
    assert table.latency_p50_s.notna().sum() == 3


def test_the_summary_has_no_latencies_over_time(build):
    plan = build.plan()
    table = summarise(plan, build.traces(plan, [build.Request(41.0, 0.1)], detail="summary")).timeline
    assert table[["latency_p50_s", "latency_p99_s"]].isna().all(axis=None)
    assert table.arrival_rate_per_s.sum() == 0.5


def test_without_replicas_there_is_no_utilisation(build):
    plan = build.plan()
    table = summarise(plan, build.traces(plan, [], replicas=(1.0, 0.0), busy=(1.0, 0.0))).timeline
    assert table[table.service == "back"].utilisation_ratio.isna().all()
    assert (table[table.service == "back"].replicas == 0.0).all()
