"""Section 1: time, horizon, drain."""

from __future__ import annotations

import pytest

import simulator as sim


def test_1_1_the_horizon_is_exclusive(run):
    seen = run("a: {steps: []}", at=[0, 1023, 1024, 1030])
    assert seen.arrivals == [0, 1023]
    assert seen.result.summary["requests"] == 2


def test_1_1_also_for_a_rate(run):
    seen = run("a: {steps: []}", workload="{call: a, rate: 512/s, arrivals: even}", duration="20t")
    assert seen.arrivals == list(range(20))


def test_1_2_events_at_the_end_of_the_drain_do_not_happen(run):
    """The run of 10 ticks is drained for 6: what would end at 16 does not."""
    seen = run("a: {steps: [{sleep: 8t}]}", at=[1, 7, 8, 9], duration="10t", drain="6t")
    assert seen.ends == [9, 15, None, None]
    assert seen.outcomes == ["ok", "ok", "unfinished", "unfinished"]


def test_1_2_what_was_sent_is_drained_too(run):
    seen = run("a: {steps: [{send: b}]}\nb: {steps: [{sleep: 8t}]}", at=[7, 8], duration="10t", drain="6t")
    assert seen.ends == [7, 8]
    assert seen.spans("b") == [(7, 15, "ok"), (8, None, "unfinished")]


def test_1_2_without_a_drain_what_is_in_flight_is_unfinished_and_levels_are_whole(run):
    seen = run("a: {steps: [{cpu: 8t}]}", at=[0, 60], duration="64t", drain="0s")
    assert seen.outcomes == ["ok", "unfinished"]
    assert seen.number("a", "utilisation_ratio") == (8 + 4) / 64
    assert seen.number("a", "arrival_rate_per_s") == 2 * 512 / 64
    assert seen.result.summary["throughput_per_s"] == 1 * 512 / 64


def test_1_3_a_wait_is_added_once(run):
    """0.1 + 0.2 and then + 0.3, in this order: other groupings give other floats."""
    seen = run("a: {steps: [{sleep: 200ms}, {sleep: 300ms}]}", workload="{call: a, rate: 10/s, arrivals: even}")
    ends = seen.result.attempts["end_s"].tolist()
    assert ends[1] == (0.1 + 0.2) + 0.3
    assert ends[1] != 0.1 + (0.2 + 0.3)
    assert ends[:1] == [0.2 + 0.3]


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_a_request_without_work_takes_no_time(run, deployment):
    seen = run("a: {steps: [{call: b}]}\nb: {steps: []}", at=[3], deployment=deployment)
    assert seen.ends == [3]
    assert seen.outcomes == ["ok"]


@pytest.mark.parametrize(
    ("latency", "sleep", "timeout"), [("1ms", "3ms", "5ms"), ("1ms", "8ms", "10ms"), ("1500us", "7ms", "10ms")]
)
@pytest.mark.parametrize("policy", ["", ", retries: {attempts: 1, backoff: 1ms}"])
def test_1_4_an_answer_meant_to_be_in_time_is(latency, sleep, timeout, policy):
    """Sums of these times, in floats, are often later than the end of the wait by the last bit."""
    topology = sim.loads(f"""
    simulation: {{duration: 10s, warmup: 0s, replications: 1}}
    network: {{latency: {latency}}}
    services: {{a: {{steps: [{{call: b, timeout: {timeout}{policy}}}]}}, b: {{steps: [{{sleep: {sleep}}}]}}}}
    workload: {{call: a, rate: 77/s}}
    """)
    for engine in ("reference", "compiled"):
        assert sim.simulate(topology, engine=engine).summary["availability_ratio"] == 1.0


@pytest.mark.parametrize("sleep", ["10ms", "100ms", "1s"])
def test_1_4_what_takes_as_long_as_the_threshold_is_not_slow(sleep):
    topology = sim.loads(f"""
    simulation: {{duration: 100s, warmup: 0s, replications: 1}}
    services:
      a:
        steps:
          - call: b
            circuitBreaker: {{slowCallDurationThreshold: {sleep}, slowCallRateThreshold: 1, slidingWindowSize: 1}}
      b: {{steps: [{{sleep: {sleep}}}]}}
    workload: {{call: a, rate: 5/s, arrivals: even}}
    """)
    for engine in ("reference", "compiled"):
        assert sim.simulate(topology, engine=engine).summary["availability_ratio"] == 1.0
