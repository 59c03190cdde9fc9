from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.plan.layout import Outcome
from simulator.plan.plan import Objective
from simulator.results import summarise
from simulator.results.caveats import ENDLESS, about_intervals, percentile_name, requests_needed
from simulator.results.quantities import PERCENTILES


def even(build, number, latency_s=0.1, kinds=2, **changes):
    """So many requests, evenly over the span; every second one is a bit slower, or one of three is twice as slow."""
    step = 180.0 / number
    return [
        build.Request(20.0 + (row + 0.5) * step, latency_s * (1.0 + row % kinds), **changes) for row in range(number)
    ]


def said(build, *stories, requested=None, warmup_s=20.0, objectives=(), warnings=(), detail="requests", **changes):
    plan = build.plan(warmup_s=warmup_s, objectives=objectives, warnings=warnings)
    traces = build.traces(plan, *stories, detail=detail, **changes)
    return summarise(plan, traces, requested=requested).warnings


def having(warnings, text):
    return [warning for warning in warnings if text in warning]


def test_a_good_run_says_nothing_but_what_the_compiler_said(build):
    stories = (even(build, number, kinds=3) for number in (5000, 5010, 5020))
    assert said(build, *stories, warnings=("hops are free",)) == ("hops are free",)


def test_one_replication_has_no_interval(build):
    assert having(said(build, even(build, 10)), "one replication has no interval")
    assert not having(said(build, *[even(build, 10)] * 2), "one replication")


def test_an_interrupted_run(build):
    stories = [even(build, 10)] * 3
    assert "interrupted: 3 of 10 replications finished" in said(build, *stories, requested=10)
    assert not having(said(build, *stories, requested=3), "interrupted")


def test_a_wide_interval(build):
    """Means of 0.15 and 0.30 s."""
    warnings = said(build, even(build, 100), even(build, 100, 0.2))
    assert having(warnings, "latency_mean_s is not known, not even roughly")
    """t(2, 0.975) = 4.302653 by sqrt(2) of the 50 ms between them, by the mean of 0.15, 0.15 and 0.1575 s, or so."""
    assert having(
        said(build, even(build, 100), even(build, 100), even(build, 100, 0.11)), "latency_mean_s is known to 1"
    )
    assert not having(warnings, "throughput_per_s")
    assert having(said(build, even(build, 100), even(build, 200)), "throughput_per_s is known to")


def test_no_length_of_a_run_is_told_for_a_percentile_at_a_jump():
    table = pd.DataFrame({"mean": 0.002, "half_width": 0.0}, index=["latency_mean_s", "throughput_per_s", *PERCENTILES])
    table.loc["latency_p90_s", "half_width"] = 0.25
    (said,) = about_intervals(None, table)
    assert said.endswith("it lies between times far apart; make the run longer, or judge by another percentile")
    table.loc["latency_p90_s", "half_width"] = 0.0004
    (said,) = about_intervals(None, table)
    assert said.endswith("known to 20 % only (half width by value): make the run 4 times as long for 10 %")


@pytest.mark.parametrize(("half_width_s", "named"), [(0.01031, ""), (0.0108, "11 %"), (0.0099, "")])
@pytest.mark.parametrize("quantity", ["latency_mean_s", "throughput_per_s", "latency_p999_s"])
def test_ten_percent_are_not_asked_for_where_they_are_reached(quantity, half_width_s, named):
    """Of 0.1: 10.3 % would be written as 10 %, and 10 % are what is wanted; 10.8 % are written as 11 %."""
    table = pd.DataFrame({"mean": 0.1, "half_width": 0.0}, index=["latency_mean_s", "throughput_per_s", *PERCENTILES])
    table.loc[quantity, "half_width"] = half_width_s
    found = list(about_intervals(None, table))
    assert len(found) == bool(named)
    assert all(f" known to {named} only" in text for text in found)


LONGER = ("longer run", "run longer", "as long for", "as long,", "times as long")


def asks_for_more(warnings):
    return [warning for warning in warnings if any(words in warning for words in LONGER) and ENDLESS not in warning]


def one_server(rate, **settings):
    """M/M/1 of 100 requests a second, for a short time."""
    topology = sim.loads(f"""
    simulation: {{duration: 30s, warmup: 5s, replications: 5}}
    services: {{a: {{resources: {{cpu: 1}}, steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}}}
    workload: {{call: a, rate: {rate}/s}}
    """)
    return sim.simulate(topology, **settings).warnings


@pytest.mark.parametrize("warmup", ["5s", "auto"])
@pytest.mark.parametrize("rate", [101, 110, 150])
def test_no_longer_run_is_asked_for_where_none_helps(rate, warmup):
    """More than one core can do: the queue has no law that a longer run would show, whether this one saw it or not."""
    warnings = one_server(rate, warmup=warmup)
    assert having(warnings, ENDLESS)  # as the compiler writes it
    assert having(warnings, "have no interval")
    assert asks_for_more(warnings) == []


def test_a_longer_run_is_asked_for_where_it_helps():
    """At 95 % it does: the queue has a law, and 30 s are too few."""
    assert asks_for_more(one_server(95))


def test_no_longer_run_is_asked_for_where_all_wait_for_each_other():
    """Two services of one slot each that call one another: from the first deadlock on nothing moves."""
    topology = sim.loads("""
    simulation: {duration: 30s, warmup: 0s, replications: 3}
    services:
      a: {concurrency: 1, endpoints: {go: {steps: [{sleep: 10ms}, {call: b.end}]}, end: {steps: [{sleep: 20ms}]}}}
      b: {concurrency: 1, endpoints: {go: {steps: [{sleep: 10ms}, {call: a.end}]}, end: {steps: [{sleep: 20ms}]}}}
    workload: {one: {call: a.go, rate: 3/s}, other: {call: b.go, rate: 3/s}}
    """)
    warnings = sim.simulate(topology).warnings
    assert having(warnings, "deadlock")
    assert having(warnings, " known ")
    assert asks_for_more(warnings) == []


def test_too_few_requests_for_a_percentile(build):
    warnings = said(build, *[even(build, 100)] * 2)
    line = "fewer than 10 of 200 requests lie beyond p99, p99.9: p99.9 needs 10,000 requests"
    assert having(warnings, "lie beyond") == [line]


@pytest.mark.parametrize(("probability", "needed"), [(0.5, 20), (0.9, 100), (0.95, 200), (0.99, 1000), (0.999, 10000)])
def test_ten_requests_lie_beyond_a_percentile(probability, needed):
    assert requests_needed(probability) == needed


def test_percentiles_have_names():
    assert [percentile_name(p) for p in (0.5, 0.99, 0.999)] == ["p50", "p99", "p99.9"]


def test_nothing_to_go_by(build):
    assert having(said(build, []), "no request arrives in [20 s, 200 s)")
    failed = even(build, 10, outcome=Outcome.ERROR)
    assert having(said(build, failed), "no request was served: there are no latencies")


def test_unfinished_requests_make_percentiles_lower_bounds(build):
    lost = build.Request(100.0, None, Outcome.UNFINISHED)
    one = "1 request of 501 (0.1996 %) did not finish: percentiles are lower bounds"
    assert having(said(build, [*even(build, 500), lost]), "did not finish") == [one]
    assert not having(said(build, [*even(build, 1500), lost]), "did not finish")


def test_a_warmup_that_is_not_found(build):
    rising = [build.Request(0.5 * row, 0.1 + 0.001 * row) for row in range(400)]
    assert having(said(build, rising, warmup_s=None), "the run has not settled")
    assert having(said(build, even(build, 20), warmup_s=None), "20 requests served in a replication")
    assert not having(said(build, even(build, 400), warmup_s=None), "settled")
    assert not having(said(build, rising), "settled")


def growing(build, arrivals_per_s=2.0, ends_per_s=1.5, queue=True):
    """Two replications in which the queue at the back grows with time, and what ends lags behind."""
    plan = build.plan()
    traces = build.traces(plan, *[even(build, 360)] * 2, busy=(1.0, 0.5))
    edges = traces[0].edges
    counts = np.zeros((edges.size, 2, 3), dtype=np.int64)
    counts[:, 1, 0], counts[:, 1, 1] = edges * arrivals_per_s, edges * ends_per_s
    levels = traces[0].levels.copy()
    levels[:, 1, 1] = edges**2 if queue else edges
    return plan, [replace(trace, counts=counts, levels=levels) for trace in traces]


def test_a_queue_that_grows_is_unstable(build):
    warnings = summarise(*growing(build)).warnings
    assert having(warnings, "back is unstable: 2 visits arrive and 1.5 end per second")
    assert len(having(warnings, "unstable")) == 1


@pytest.mark.parametrize("stable", [{"queue": False}, {"arrivals_per_s": 100.0, "ends_per_s": 99.0}])
def test_a_queue_without_a_backlog_is_not(build, stable):
    assert not having(summarise(*growing(build, **stable)).warnings, "unstable")


def test_a_handful_of_visits_in_flight_is_no_backlog(build):
    """9 of 72 per replication have not ended."""
    assert not having(summarise(*growing(build, 0.4, 0.35)).warnings, "unstable")


def test_requests_in_progress_are_no_queue(build):
    """90 of 360 visits have not ended, and the queue is 3 longer in the second half: they wait for their callees."""
    plan, traces = growing(build)
    levels = traces[0].levels.copy()
    levels[:, 1, 1] = traces[0].edges ** 2 / 60.0
    assert not having(summarise(plan, [replace(trace, levels=levels) for trace in traces]).warnings, "unstable")


def test_a_queue_that_has_only_filled_up_does_not_grow(build):
    """To a limit, or to what impatient callers leave: 60 from two thirds of the run on, 80 s x 60 below the line."""
    plan, traces = growing(build)
    levels, edges = traces[0].levels.copy(), traces[0].edges
    levels[:, 1, 1] = np.cumsum(np.minimum(edges, edges[-1] * 0.6)) * np.diff(edges, prepend=0.0) * 2.0
    assert not having(summarise(plan, [replace(trace, levels=levels) for trace in traces]).warnings, "unstable")


def test_one_replication_whose_queue_shrinks_is_enough_for_stability(build):
    plan, traces = growing(build)
    levels = traces[1].levels.copy()
    levels[:, 1, 1] = np.sqrt(traces[1].edges)
    assert not having(summarise(plan, [traces[0], replace(traces[1], levels=levels)]).warnings, "unstable")


def test_cores_that_are_never_free(build):
    warnings = said(build, *[even(build, 360)] * 2, busy=(2.0, 0.5))
    assert having(warnings, "saturated") == ["front is saturated: none of its cores is ever free"]


def test_services_of_one_unit_saturate_it_together(build):
    plan = build.plan()
    plan = replace(plan, services=replace(plan.services, unit=np.array([0, 0])))
    traces = build.traces(plan, *[even(build, 360)] * 2, busy=(1.0, 1.0))
    assert having(summarise(plan, traces).warnings, "front is saturated")


def test_an_unstable_unit_is_not_called_saturated_too(build):
    plan, traces = growing(build)
    levels = traces[0].levels.copy()
    levels[:, 1, 0] = traces[0].edges
    warnings = summarise(plan, [replace(trace, levels=levels) for trace in traces]).warnings
    assert having(warnings, "back is unstable")
    assert not having(warnings, "saturated")


def test_an_objective_on_too_few_calls(build):
    asked = Objective("buy", 0, "p99", 0.99, 1.0)
    few = said(build, *[even(build, 100)] * 2, objectives=(asked,))
    assert having(few, "slo buy") == [
        "slo buy: p99 of front.buy: fewer than 10 of 200 calls lie beyond it; it needs 1,000 calls"
    ]
    assert not having(said(build, *[even(build, 500)] * 2, objectives=(asked,)), "slo buy")


def test_a_percentile_of_no_time_is_not_known_to_a_share():
    """About half of the requests take no time: the median is 0 s with room for 5 ms."""
    topology = sim.loads("""
    simulation: {duration: 20s, warmup: 0s, replications: 3}
    services: {a: {steps: [{choose: [{weight: 52, steps: []}, {weight: 50, steps: [{sleep: 5ms}]}]}]}}
    workload: {call: a, rate: 20/s}
    """)
    result = sim.simulate(topology, engine="compiled")
    assert result.summary["latency_p50_s"] == 0.0
    assert result.intervals["half_width"]["latency_p50_s"] > 0.0
    assert not [warning for warning in result.warnings if "latency p50" in warning]
