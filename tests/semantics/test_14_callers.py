"""Section 14 with section 12: callers that die amid hedges and waits, and what is measured of that."""

from __future__ import annotations

import pytest

TWO = "replicas: 2, loadBalancer: ROUND_ROBIN"


def a(policy: str) -> str:
    return f"a: {{startup: 5t, steps: [{{call: b, {policy}}}]}}\n"


def kill(at: int, duration: str = "10t", target: str = "a") -> str:
    return f"faults: [{{at: {at}t, for: {duration}, target: {target}, kill: {{}}}}]"


def test_a_caller_that_dies_amid_a_hedge_ends_both(run):
    seen = run(a("hedge: {after: 4t}") + f"b: {{{TWO}, steps: [{{sleep: 20t}}]}}", extra=kill(7))
    assert seen.spans("b") == [(0, 7, "error"), (4, 7, "error")]
    assert seen.outcomes == ["error"]
    # nobody needs what they do from 7 on
    assert seen.number("b", "wasted_time_s") * 2 == pytest.approx(13 + 17, rel=1e-12)
    assert seen.number("b", "errors") == 0


def test_a_caller_that_dies_before_its_second_try_sends_none(run):
    seen = run(a("hedge: {after: 4t}") + f"b: {{{TWO}, steps: [{{sleep: 20t}}]}}", extra=kill(3))
    assert seen.spans("b") == [(0, 3, "error")]


def test_a_caller_that_dies_waiting_for_a_permit_makes_no_call(run):
    services = a("timeout: 90t") + "b: {rateLimit: {limitForPeriod: 1, limitRefreshPeriod: 20t}, steps: [{sleep: 2t}]}"
    seen = run(services, at=[0, 5, 30], extra=kill(10))
    assert seen.spans("b") == [(0, 2, "ok"), (5, 10, "error"), (30, 42, "ok")]
    assert seen.number("b", "arrival_rate_per_s") * 2 == 2


def test_a_target_that_dies_fails_one_try_and_the_other_goes_on(run):
    """Replica 0 dies at 6: its try is an error then, and the second one, at replica 1, is waited for."""
    faults = "faults: [{at: 6t, for: 10t, target: b, kill: {replicas: 1}}]"
    seen = run(a("hedge: {after: 4t}") + f"b: {{{TWO}, steps: [{{sleep: 20t}}]}}", extra=faults)
    assert seen.spans("b") == [(0, 6, "error"), (4, 24, "ok")]
    assert seen.outcomes == ["ok"]


def test_a_dead_replica_counts_for_outlier_detection(run):
    """A reset is a failure: with one of them replica 0 is out until the look of 40, though it is ready at 11."""
    detect = "outlierDetection: {consecutive5xxErrors: 1, interval: 10t, baseEjectionTime: 30t, maxEjectionPercent: 50}"
    services = f"a: {{steps: [{{call: b}}]}}\nb: {{{TWO}, {detect}, steps: [{{sleep: 5t}}]}}"
    seen = run(services, at=[0, 15, 20, 40], extra="faults: [{at: 1t, for: 10t, target: b, kill: {replicas: 1}}]")
    assert seen.replicas("b") == [0, 1, 1, 0]
    assert seen.spans("b")[0] == (0, 1, "error")


def test_what_a_breaker_was_open_counts_on_after_its_death(run):
    """OPEN from 2 until the death of its replica at 10; then a fresh one, OPEN from 52 on."""
    policy = "circuitBreaker: {slidingWindowSize: 1, waitDurationInOpenState: 500t}"
    seen = run(a(policy) + "b: {errorRate: 100%, steps: [{sleep: 2t}]}", at=[0, 50], extra=kill(10))
    assert [span[2] for span in seen.spans("b")] == ["error", "error"]
    assert seen.number("b", "breaker_open_ratio") * 1024 == 8 + 1024 - 52


def test_a_late_core_is_given_on_amid_pauses(run):
    """The core stands still from 2 until 12: the first is done at 14, the second is too late by then."""
    policy = "timeout: 9t, deadline: propagate"
    services = a(policy) + "b: {steps: [{cpu: 4t}]}"
    seen = run(services, at=[0, 1, 11], extra="faults: [{at: 2t, for: 10t, target: b, pause: {}}]")
    assert seen.spans("b") == [(0, 9, "timeout"), (1, 10, "timeout"), (11, 18, "ok")]
    assert seen.busy("b", 1024) == 8
    # 14 ticks from its start, of which 5 after its caller had gone, for 4 ticks of work
    assert abs(seen.busy("b", 1024) * seen.number("b", "wasted_ratio") - 4 * 5 / 14) < 1e-12


def test_a_slow_step_is_wasted_for_as_long_as_it_takes(run):
    seen = run(
        a("timeout: 4t") + "b: {steps: [{cpu: 4t}]}", extra="faults: [{at: 0s, for: 50t, target: b, slow: {factor: 3}}]"
    )
    assert seen.busy("b", 1024) == 12
    assert seen.busy("b", 1024) * seen.number("b", "wasted_ratio") == pytest.approx(8, rel=1e-12)
