"""What calls and handlers take, and how many fail, by hand (rule 16.1)."""

import math

import numpy as np
import pytest

from simulator.compiler.durations import Durations
from simulator.compiler.expectations import expect, least
from simulator.plan.walker import read_handlers


@pytest.fixture
def durations_of(plan_of):
    def make(text, *, served=False):
        plan = plan_of(text)
        return Durations(read_handlers(plan), np.zeros(len(plan.units.name)), served=served)

    return make


def shop(policy="", callee="{sleep: 80ms}", more="", network="", rate=""):
    return f"""
    network: {{latency: 0s {network}}}
    services:
      a: {{steps: [{{call: b {policy}}}, {{cpu: 1ms}}]}}
      b: {{{rate} steps: [{callee}]}}
      {more}
    workload: {{call: a, rate: 10/s}}
    """


def test_what_comes_after_a_failure_is_left_out(durations_of):
    late = durations_of(shop(", timeout: 30ms"))
    assert (late.endpoints[0], late.chances[0]) == (pytest.approx(0.030), 0.0)
    half = durations_of(shop(rate="errorRate: 50%,"))
    assert (half.endpoints[0], half.chances[0]) == (pytest.approx(0.0805), 0.5)


def test_a_fallback_takes_its_place(durations_of):
    durations = durations_of(shop(", timeout: 30ms, fallback: {steps: [{cpu: 2ms}]}"))
    assert (durations.endpoints[0], durations.chances[0]) == (pytest.approx(0.033), 1.0)
    assert durations.counts()[durations.trees[0][0].bodies[0][0].row] == 1.0


def test_an_answer_at_the_very_end_is_in_time(durations_of):
    parts = "{cpu: 1ms}, {sleep: 3ms}, {cpu: 1ms}"
    assert durations_of(shop(", timeout: 5ms", parts)).chances[0] == 1.0
    assert durations_of(shop(", timeout: 4999us", parts)).chances[0] == 0.0


def test_an_exponential_time_that_is_cut(durations_of):
    durations = durations_of(shop(", timeout: 100ms", "{sleep: {dist: exponential, mean: 80ms}}"))
    late = math.exp(-1.25)
    assert durations.by_call[1].time == pytest.approx(0.08 * (1 - late), rel=1e-4)
    assert durations.chances[0] == pytest.approx(1 - late, abs=0.01)


def test_two_parts_that_are_cut(durations_of):
    part = "{sleep: {dist: exponential, mean: 50ms}}"
    durations = durations_of(shop(", timeout: 100ms", f"{part}, {part}"))
    # Erlang of two stages of 50 ms: E[min(X, T)] = 2 m - (2 m + T) exp(-T / m)
    assert durations.by_call[1].time == pytest.approx(0.1 - 0.2 * math.exp(-2), rel=1e-3)
    assert durations.by_call[1].time <= 0.1 - 0.2 * math.exp(-2)


def test_re_tries_after_errors(durations_of):
    policy = ", retries: {attempts: 3, retryOn: [error], jitter: none, backoff: 10ms, maxBackoff: 20ms}"
    durations = durations_of(shop(policy, "{cpu: 10ms}", rate="errorRate: 30%,"))
    one = durations.by_call[1]
    assert one.tries == pytest.approx(1 + 0.3 + 0.09 + 0.027)
    assert one.chance == pytest.approx(1 - 0.3**4)
    assert one.time == pytest.approx(1.417 * 0.010 + 0.3 * 0.010 + 0.09 * 0.020 + 0.027 * 0.020)


def test_re_tries_after_timeouts_of_a_try(durations_of):
    policy = ", timeout: 1s, retries: {attempts: 9, perTryTimeout: 300ms, backoff: 0s, retryOn: [timeout]}"
    one = durations_of(shop(policy, "{sleep: 7s}")).by_call[1]
    assert (one.tries, one.time, one.chance) == (pytest.approx(4.0), pytest.approx(1.0), 0.0)
    # nothing sets the re-try off where the whole call ends with the try
    one = durations_of(shop(", timeout: 2s, retries: {attempts: 3, retryOn: [timeout]}", "{sleep: 7s}")).by_call[1]
    assert (one.tries, one.time) == (1.0, pytest.approx(2.0))


def test_a_hedge_is_the_sooner_of_two(durations_of):
    sleep = "{sleep: {dist: exponential, mean: 100ms}}"
    one = durations_of(shop(", hedge: {after: 50ms}", sleep)).by_call[1]
    # E[min(X, 0.05 + Y)] = m (1 - e) + e m / 2, with e = exp(-0.05 / m)
    assert one.time == pytest.approx(0.1 * (1 - math.exp(-0.5) / 2), rel=1e-3)
    assert one.tries == pytest.approx(1 + math.exp(-0.5), abs=0.02)


def test_a_timeout_that_is_drawn(durations_of):
    sleep = "{sleep: {dist: exponential, mean: 100ms}}"
    one = durations_of(shop(", timeout: {dist: exponential, mean: 100ms}", sleep)).by_call[1]
    assert one.time == pytest.approx(0.05, rel=1e-2)
    assert one.chance == pytest.approx(0.5, abs=0.01)


def test_a_loss_is_a_timeout(durations_of):
    network = ", links: [{from: a, to: b, loss: 10%}]"
    durations = durations_of(shop(", timeout: 100ms", network=network))
    assert durations.by_call[1].late == pytest.approx(0.19)
    assert durations.by_call[1].time == pytest.approx(0.81 * 0.08 + 0.19 * 0.1)
    assert durations.by_call[1].arriving == pytest.approx(0.9)


def test_an_inner_end_within_an_outer_one(durations_of):
    text = """
    services:
      a: {steps: [{call: b, timeout: 150ms}]}
      b: {steps: [{call: c, timeout: 100ms, fallback: {steps: []}}, {sleep: 20ms}]}
      c: {steps: [{sleep: {dist: exponential, mean: 80ms}}]}
    workload: {call: a, rate: 10/s}
    """
    durations = durations_of(text)
    assert durations.by_call[1].time == pytest.approx(0.02 + 0.08 * (1 - math.exp(-1.25)), rel=1e-3)
    assert durations.chances[0] == 1.0


def test_repetitions_end_with_the_first_failure(plan_of):
    plan = plan_of("""
    services: {a: {steps: [{call: b, times: 3}, {cpu: 1ms}]}, b: {errorRate: 50%, steps: [{cpu: 8ms}]}}
    workload: {call: a, rate: 1/s}
    """)
    expected = expect(plan)
    assert expected.visits[0].tolist() == [1.0, 1.75]
    assert expected.endpoint_latency == pytest.approx([1.75 * 0.008 + 0.125 * 0.001, 0.008])


def test_what_serving_everything_asks_for(plan_of):
    """Rule 16.3."""
    text = shop(", retries: {attempts: 3, retryOn: [error]}", "{cpu: 10ms}", rate="errorRate: 30%,")
    assert expect(plan_of(text)).visits[0] == pytest.approx([1.0, 1.417])
    assert least(plan_of(text)).visits[0].tolist() == [1.0, 1.0]
    # nobody knows how often a breaker leaves the callee out; without a fallback the request would fail
    breaker = ", circuitBreaker: {}"
    assert least(plan_of(shop(breaker))).visits[0].tolist() == [1.0, 1.0]
    assert least(plan_of(shop(breaker + ", fallback: {steps: []}"))).visits[0].tolist() == [1.0, 0.0]


def test_least_is_no_more_than_expected_where_nothing_fails(plan_of):
    for policy in ("", ", timeout: 100ms, fallback: {steps: [{cpu: 1ms}]}", ", hedge: {after: 50ms}"):
        plan = plan_of(shop(policy, "{sleep: {dist: exponential, mean: 80ms}}"))
        assert (least(plan).held <= expect(plan).held + 1e-12).all()
        assert (least(plan).demand <= expect(plan).demand + 1e-12).all()
