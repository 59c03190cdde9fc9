"""Section 12: breakers, bulkheads, fallbacks. What a breaker does is told in `tests/unit/rules/test_breakers.py`."""

from __future__ import annotations

import pytest


def a(policy: str, *, then: str = "", keys: str = "") -> str:
    return f"a: {{{keys}steps: [{{call: b, {policy}}}{then}]}}\n"


SERIAL = "b: {steps: [{sleep: 10t}]}"
BROKEN = "b: {errorRate: 100%, steps: [{sleep: 2t}]}"
BREAKER = (
    "circuitBreaker: {slidingWindowSize: 2, waitDurationInOpenState: 20t, permittedNumberOfCallsInHalfOpenState: 1}"
)


def outcomes(seen, target="b"):
    return [span[2] for span in seen.spans(target)]


# -- breakers


def test_12_10_an_open_breaker_ends_tries_at_once(run):
    """Results at 2 and 12 open it until 32; the try of then fails at 34, and it is open again until 54."""
    seen = run(a(BREAKER) + BROKEN, at=[0, 10, 13, 31, 32, 33, 40, 54])
    assert seen.spans("b") == [
        (0, 2, "error"), (10, 12, "error"), (13, 13, "circuit_open"), (31, 31, "circuit_open"), (32, 34, "error"),
        (33, 33, "circuit_open"), (40, 40, "circuit_open"), (54, 56, "error"),
    ]  # fmt: skip
    assert seen.causes[2] == "circuit_open@b"
    assert seen.replicas("b") == [0, 0, -1, -1, 0, -1, -1, 0]
    assert seen.number("b", "arrival_rate_per_s") * 2 == 4


def test_12_7_what_an_open_breaker_refused_is_not_tried_again(run):
    policy = f"retries: {{attempts: 3, backoff: 1t, jitter: none}}, {BREAKER}"
    seen = run(a(policy) + BROKEN)
    assert seen.spans("b") == [(0, 2, "error"), (3, 5, "error"), (7, 7, "circuit_open")]
    assert seen.causes == ["circuit_open@b"]


@pytest.mark.parametrize(
    ("b", "extra", "outcome"),
    [
        ("b: {errorRate: 100%, steps: []}", "", "error"),
        ("b: {steps: []}", "network: {links: [{from: a, to: b, loss: 100%}]}", "timeout"),
        ("b: {replicas: 0, steps: []}", "", "unreachable"),
        ("b: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 800t}]}", "", "rejected"),
    ],
)
def test_12_11_every_failure_counts(run, b, extra, outcome):
    timeout = "timeout: 3t, " if outcome == "timeout" else ""
    seen = run(a(timeout + BREAKER) + b, at=[0, 10, 20, 25], extra=extra)
    first = ["ok", outcome] if outcome == "rejected" else [outcome]
    assert outcomes(seen) == [*first, outcome, "circuit_open", "circuit_open"][:4]


def test_12_11_slow_calls_count_from_the_sending_of_the_message(run):
    """Slow at more than 9: the second of a bulkhead of one waits 10 first, which is not the target's fault."""
    slow = "circuitBreaker: {slidingWindowSize: 1, slowCallDurationThreshold: 10t, slowCallRateThreshold: 1}"
    bulkhead = ", bulkhead: {maxConcurrentCalls: 1, maxWaitDuration: 50t}"
    assert outcomes(run(a(slow + bulkhead) + SERIAL, at=[0, 0, 30])) == ["ok", "ok", "ok"]
    assert outcomes(run(a(slow.replace("10t", "9t")) + SERIAL, at=[0, 30])) == ["ok", "circuit_open"]


# -- whose they are


def test_12_13_a_breaker_is_of_one_caller_replica(run):
    keys = "replicas: 2, loadBalancer: ROUND_ROBIN, "
    once = "circuitBreaker: {slidingWindowSize: 1}"
    seen = run(a(once, keys=keys) + BROKEN, at=[0, 10, 20, 30])
    assert outcomes(seen) == ["error", "error", "circuit_open", "circuit_open"]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("policy: x", "policy: x", True),
        ("policy: x", "policy: x, retries: {attempts: 0}", True),  # another block
        ("policy: x", "policy: x, circuitBreaker: {slidingWindowSize: 1}", True),  # the same value
        ("policy: x", "policy: x, circuitBreaker: {slidingWindowSize: 2}", False),
        ("policy: x", "policy: y", False),
        ("circuitBreaker: {slidingWindowSize: 1}", "circuitBreaker: {slidingWindowSize: 1}", True),
    ],
)
def test_12_13_calls_share_a_block_of_one_name_and_the_same_values(run, first, second, shared):
    services = (
        f"a: {{endpoints: {{x: {{steps: [{{call: b, {first}}}]}}, y: {{steps: [{{call: b, {second}}}]}}}}}}\n" + BROKEN
    )
    extra = "policies: {x: {circuitBreaker: {slidingWindowSize: 1}}, y: {inherits: x}}"
    workload = "{one: {call: a.x, replay: arrivals.csv}, two: {call: a.y, replay: later.csv}}"
    seen = run(services, workload=workload, files={"later.csv": [10]}, extra=extra)
    assert outcomes(seen) == ["error", "circuit_open" if shared else "error"]


def test_12_13_services_of_one_process_share_it(run):
    services = (
        "a: {steps: [{call: c}]}\nc: {steps: [{call: b, policy: x}]}\nd: {steps: [{call: b, policy: x}]}\n" + BROKEN
    )
    extra = """
    policies: {x: {circuitBreaker: {slidingWindowSize: 1}}}
    deployments: {merged: {units: {all: {services: [a, c, d]}}}}
    """
    workload = "{one: {call: a, replay: arrivals.csv}, two: {call: d, replay: later.csv}}"
    for deployment, last in (("merged", "circuit_open"), ("microservices", "error")):
        seen = run(services, workload=workload, files={"later.csv": [10]}, extra=extra, deployment=deployment)
        assert outcomes(seen) == ["error", last]


def test_12_13_targets_and_workloads_have_their_own(run):
    services = (
        f"a: {{steps: [{{parallel: [{{call: b, policy: x}}, {{call: c, policy: x}}]}}]}}\n{BROKEN}\nc: {{steps: []}}"
    )
    seen = run(services, at=[0, 10], extra="policies: {x: {circuitBreaker: {slidingWindowSize: 1}}}")
    assert outcomes(seen) == ["error", "circuit_open"]
    assert outcomes(seen, "c") == ["ok", "ok"]
    workload = "{one: {call: b, replay: arrivals.csv, policy: x}, two: {call: b, replay: later.csv, policy: x}}"
    seen = run(BROKEN, workload=workload, files={"arrivals.csv": [0, 10], "later.csv": [20]},
               extra="policies: {x: {circuitBreaker: {slidingWindowSize: 1}}}")  # fmt: skip
    assert outcomes(seen) == ["error", "circuit_open", "error"]


# -- bulkheads


def test_12_12_one_more_is_rejected_at_once(run):
    seen = run(a("bulkhead: {maxConcurrentCalls: 2}") + SERIAL, at=[0, 1, 2, 10, 11])
    assert seen.spans("b") == [(0, 10, "ok"), (1, 11, "ok"), (2, 2, "rejected"), (10, 20, "ok"), (11, 21, "ok")]
    assert seen.causes[2] == "rejected@b"
    assert seen.number("b", "arrival_rate_per_s") * 2 == 4


def test_12_12_or_waits_first_come_first_served(run):
    """Places come at 10 and 20; who came at 3 waits until 13 at most."""
    seen = run(a("bulkhead: {maxConcurrentCalls: 1, maxWaitDuration: 18t}") + SERIAL, at=[0, 2, 3, 4])
    assert seen.spans("b") == [(0, 10, "ok"), (2, 20, "ok"), (3, 30, "ok"), (4, 22, "rejected")]
    seen = run(a("bulkhead: {maxConcurrentCalls: 1, maxWaitDuration: 9t}") + SERIAL, at=[0, 2, 3, 4, 11])
    assert seen.spans("b") == [(0, 10, "ok"), (2, 20, "ok"), (3, 12, "rejected"), (4, 13, "rejected"), (11, 30, "ok")]


@pytest.mark.parametrize(
    ("wait", "last"), [("9t", (2, 11, "rejected")), ("10t", (2, 22, "ok")), ("11t", (2, 22, "ok"))]
)
def test_12_12_a_place_at_the_end_of_the_wait_is_in_time(run, wait, last):
    """It is freed by an answer, which comes before timers (3.1)."""
    seen = run(
        a(f"bulkhead: {{maxConcurrentCalls: 1, maxWaitDuration: {wait}}}") + "b: {steps: [{sleep: 12t}]}", at=[0, 2]
    )
    assert seen.spans("b")[1] == ((2, 24, "ok") if last[2] == "ok" else last)


def test_12_12_waiting_is_in_the_breakdown(run):
    seen = run(a("bulkhead: {maxConcurrentCalls: 1, maxWaitDuration: 50t}") + SERIAL, at=[0, 4])
    assert seen.latencies == [10, 16]
    assert seen.breakdown("b") == {"service": 10, "waiting": 3}
    assert seen.number("b", "waiting_time_s") == 0, "it is not the target's"


def test_12_12_the_timeout_of_the_call_goes_on_while_it_waits(run):
    policy = "timeout: 6t, bulkhead: {maxConcurrentCalls: 1, maxWaitDuration: 50t}"
    seen = run(a(policy) + SERIAL, at=[0, 4])
    # the first one's place is free when it has timed out, at 6, though b works on until 10
    assert seen.spans("b") == [(0, 6, "timeout"), (4, 10, "timeout")]
    seen = run(a(policy) + SERIAL, at=[0, 0])
    assert seen.spans("b") == [(0, 6, "timeout"), (0, 6, "timeout")]
    assert seen.number("b", "arrival_rate_per_s") * 2 == 1


def test_12_12_what_the_bulkhead_rejected_may_be_tried_again(run):
    policy = "bulkhead: {maxConcurrentCalls: 1}, retries: {attempts: 2, backoff: 4t, jitter: none}"
    seen = run(a(policy) + SERIAL, at=[0, 1])
    assert seen.spans("b") == [(0, 10, "ok"), (1, 1, "rejected"), (5, 5, "rejected"), (13, 23, "ok")]


# -- fallbacks


def test_12_14_a_fallback_is_run_by_the_caller(run):
    seen = run(
        a("fallback: {steps: [{cpu: 3t}, {call: c}]}", then=", {cpu: 1t}") + BROKEN + "\nc: {steps: [{sleep: 5t}]}"
    )
    assert seen.outcomes == ["degraded"]
    assert seen.causes == [""]
    assert seen.latencies == [11]
    assert seen.spans("c") == [(5, 10, "ok")]
    assert seen.busy("a", 1024) == 4
    assert outcomes(seen) == ["error"]
    assert outcomes(seen, "a") == ["degraded"]
    assert seen.result.summary["goodput_per_s"] == seen.result.summary["throughput_per_s"]
    assert seen.result.summary["availability_ratio"] == 1.0
    assert seen.number("a", "errors") == 0


@pytest.mark.parametrize(
    ("policy", "b"),
    [
        ("timeout: 1t", BROKEN), ("retries: {backoff: 1t}", BROKEN), ("bulkhead: {maxConcurrentCalls: 1}", BROKEN),
        ("circuitBreaker: {slidingWindowSize: 1}", BROKEN), ("probability: 1", "b: {replicas: 0, steps: []}"),
        ("timeout: 5t", "b: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 300t}]}"),
    ],
)  # fmt: skip
def test_12_14_after_any_failure(run, policy, b):
    seen = run(a(f"{policy}, fallback: {{steps: []}}") + b, at=[0, 0, 20])
    assert seen.outcomes == ["degraded"] * 3


def test_12_14_a_success_needs_none(run):
    seen = run(a("fallback: {steps: [{cpu: 9t}]}", then=", {cpu: 1t}") + SERIAL)
    assert seen.outcomes == ["ok"]
    assert seen.latencies == [11]


def test_12_14_one_that_fails_fails_the_handler(run):
    seen = run(a("fallback: {steps: [{call: c}, {cpu: 9t}]}") + BROKEN + "\nc: {replicas: 0, steps: []}")
    assert seen.outcomes == ["error"]
    assert seen.causes == ["unreachable@c"]
    assert seen.latencies == [2]


def test_12_14_in_a_repetition_and_in_branches(run):
    """Each of the calls fails after 2, and each fallback takes 1 of one core."""
    services = "a: {steps: [{call: b, times: 2, fallback: {steps: [{cpu: 1t}]}}, {parallel: [%s, %s]}]}\n" % (
        ("{call: b, fallback: {steps: [{cpu: 1t}]}}",) * 2
    )
    seen = run(services + BROKEN)
    assert seen.latencies == [2 * 3 + 2 + 2]
    assert seen.outcomes == ["degraded"]


def test_12_14_a_call_in_it_has_a_policy_of_its_own(run):
    fallback = "{steps: [{call: c, retries: {attempts: 1, backoff: 3t, jitter: none}}]}"
    seen = run(a(f"fallback: {fallback}") + BROKEN + "\nc: {errorRate: 100%, steps: []}")
    assert seen.spans("c") == [(2, 2, "error"), (5, 5, "error")]
    assert seen.causes == ["error@c"]


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_12_15_degraded_travels_to_the_edge(run, deployment):
    services = """
    a: {steps: [{call: b}, {cpu: 1t}]}
    b: {steps: [{parallel: [{call: c}, {cpu: 1t}]}]}
    c: {steps: [{call: d, fallback: {steps: []}}]}
    d: {kind: external, errorRate: 100%, steps: []}
    """
    seen = run(services, deployment=deployment)
    assert seen.outcomes == ["degraded"]
    assert [outcomes(seen, name) for name in "abcd"] == [["degraded"]] * 3 + [["error"]]


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_12_15_unless_it_fails_or_nobody_waits(run, deployment):
    services = """
    a: {steps: [{send: b}, {call: e, timeout: 2t, fallback: {steps: []}}, {call: e}]}
    b: {steps: [{call: d, fallback: {steps: []}}]}
    d: {kind: external, errorRate: 100%, steps: []}
    e: {kind: external, steps: [{sleep: 1t}]}
    """
    seen = run(services, deployment=deployment)
    assert seen.outcomes == ["ok"]
    assert outcomes(seen, "b") == ["degraded"]
    broken = run(
        services.replace("[{call: d, fallback", "[{call: d}, {call: d, fallback").replace("send: b", "call: b")
    )
    assert broken.outcomes == ["error"]


def test_12_15_nor_what_came_too_late(run):
    """The first try at b finds c busy, and its fallback ends at 7; by then a has tried again, which c serves."""
    services = """
    a: {steps: [{call: b, retries: {attempts: 1, perTryTimeout: 4t, backoff: 0s}}]}
    b: {steps: [{call: c, fallback: {steps: [{sleep: 6t}]}}]}
    c: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 2t}]}
    """
    workload = "{w: {call: a, replay: arrivals.csv}, v: {call: c, replay: others.csv}}"
    seen = run(services, workload=workload, at=[1], files={"others.csv": [0]})
    assert seen.spans("b") == [(1, 5, "timeout"), (5, 7, "ok")]
    assert outcomes(seen, "c") == ["ok", "rejected", "ok"]
    assert seen.outcomes == ["ok", "ok"]


def test_12_15_a_degraded_answer_is_a_success_to_a_breaker(run):
    services = (
        a("circuitBreaker: {slidingWindowSize: 1}")
        + "b: {steps: [{call: c, fallback: {steps: []}}]}\nc: {replicas: 0, steps: []}"
    )
    assert run(services, at=[0, 10]).outcomes == ["degraded", "degraded"]
