"""Settings that can never act, and those near them that can (rule 16.7)."""

import pytest

FILE = """
network: {{latency: 10ms}}
services:
  a: {{{own}steps: [{{call: b{policy}}}]}}
  b: {{{rate}steps: [{steps}]}}
workload: {{call: a, {workload}}}
"""


def said(plan_of, policy="", steps="{sleep: 70ms}", workload="rate: 10/s", own="", rate=""):
    plan = plan_of(FILE.format(policy=policy, steps=steps, workload=workload, own=own, rate=rate))
    return " ".join(plan.warnings)


@pytest.mark.parametrize(("timeout", "told"), [("89ms", True), ("90ms", False)])
def test_a_timeout_below_the_least_time(plan_of, timeout, told):
    """The callee takes 70 ms, and each way 10."""
    found = said(plan_of, f", timeout: {timeout}")
    assert (f"a/0 -> b: its timeout of {timeout} is below the 90ms that b takes at least" in found) == told
    per_try = said(plan_of, f", timeout: 1s, retries: {{perTryTimeout: {timeout}}}")
    assert (f"its perTryTimeout of {timeout} is below the 90ms" in per_try) == told


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("{sleep: {dist: uniform, min: 70ms, max: 1s}}", True),
        ("{sleep: {dist: exponential, mean: 70s}}", False),
        ("{sleep: 70ms, probability: 0.99}", False),
        ("{sleep: 20ms, times: 4}", True),
        ("{choose: [{weight: 1, steps: [{sleep: 90ms}]}, {weight: 1, steps: [{sleep: 70ms}]}]}", True),
        ("{choose: [{weight: 1, steps: [{sleep: 90ms}]}, {weight: 1, steps: []}]}", False),
        ("{parallel: [{sleep: 1ms}, {sleep: 70ms}]}", True),
    ],
)
def test_the_least_time_of_steps(plan_of, steps, told):
    assert ("is below" in said(plan_of, ", timeout: 85ms", steps)) == told


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("timeout: 2s, retries: {retryOn: [timeout]}", "give each try a perTryTimeout"),
        ("timeout: 2s, retries: {retryOn: [timeout], perTryTimeout: 1s}", None),
        ("timeout: 2s, retries: {retryOn: [timeout, error]}", None),  # a fault may set them off
        ("retries: {retryOn: [rejected]}", "nothing rejects them"),
        ("retries: {retryOn: [rejected]}, bulkhead: {}", None),
        ("timeout: 2s, retries: {}", None),
    ],
)
def test_re_tries_that_nothing_sets_off(plan_of, policy, told):
    found = said(plan_of, f", {policy}")
    assert ("its re-tries never act" in found) == (told is not None)
    assert told is None or told in found


def test_inverted_timeouts(plan_of):
    text = """
    network: {{latency: 1ms}}
    services:
      a: {{steps: [{{call: b, timeout: {outer}}}{more}]}}
      b: {{steps: [{{call: c, timeout: 2s}}]}}
      c: {{steps: [{{cpu: 1ms}}]}}
    workload: {{call: a, rate: 1/s}}
    """
    told = "b/0 -> c: its timeout of 2s helps nobody: all that wait for b give up after 1s"
    assert told in " ".join(plan_of(text.format(outer="1s", more="")).warnings)
    assert told not in " ".join(plan_of(text.format(outer="2s", more="")).warnings)
    # somebody waits longer
    assert told not in " ".join(plan_of(text.format(outer="1s", more=", {call: b}")).warnings)
    assert told not in " ".join(plan_of(text.format(outer="1s", more=", {send: b}")).warnings)


@pytest.mark.parametrize(
    ("breaker", "told"),
    [
        # 10/s: 50 tries in 5 s, and six deviations more are 94
        ("slidingWindowType: TIME_BASED, slidingWindowSize: 5, minimumNumberOfCalls: 100", True),
        ("slidingWindowType: TIME_BASED, slidingWindowSize: 5, minimumNumberOfCalls: 90", False),
        ("minimumNumberOfCalls: 50, slidingWindowSize: 20", False),  # no more than the window holds
        ("minimumNumberOfCalls: 10000, slidingWindowSize: 10000", True),  # 6000 tries in ten minutes
    ],
)
def test_a_window_that_never_fills(plan_of, breaker, told):
    assert ("its circuit breaker never acts" in said(plan_of, f", circuitBreaker: {{{breaker}}}")) == told
    assert "never acts" not in said(plan_of, f", circuitBreaker: {{{breaker}}}", workload="users: 5")


@pytest.mark.parametrize(
    ("limit", "own", "told"),
    [(4, "concurrency: 4, ", True), (3, "concurrency: 4, ", False), (400, "", False)],
)
def test_a_bulkhead_above_the_slots_of_its_caller(plan_of, limit, own, told):
    found = said(plan_of, f", bulkhead: {{maxConcurrentCalls: {limit}}}", own=own)
    assert (f"its bulkhead of {limit} never acts: a replica of a has 4 slots, and so 4 tries out" in found) == told
    hedged = said(plan_of, f", bulkhead: {{maxConcurrentCalls: {limit}}}, hedge: {{after: 80ms}}", own=own)
    assert "its bulkhead" not in hedged
