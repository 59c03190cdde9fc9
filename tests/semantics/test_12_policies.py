"""Section 12: timeouts and re-tries. Breakers, bulkheads and fallbacks are in `test_12_guards.py`."""

from __future__ import annotations

import pytest

import simulator as sim
from simulator.rules.randomness import child, mix, uniform
from simulator.rules.retries import backoff

TICK = 10**9 // 512

BROKEN = "b: {errorRate: 100%, steps: [{sleep: 4t}]}"
SILENT = "network: {links: [{from: a, to: b, loss: 100%}]}"


def a(policy: str, *, then: str = "") -> str:
    return f"a: {{steps: [{{call: b, {policy}}}{then}]}}\n"


def test_12_1_what_is_beside_a_policy_overrides_it_key_by_key(compiled):
    extra = """
    policies:
      base: {timeout: 9s, retries: {attempts: 4, backoff: 3s, jitter: none}, fallback: {steps: [{cpu: 1t}, {cpu: 1t}]}}
      own: {inherits: base, retries: {backoff: 2s, perTryTimeout: 1s}}
    """
    plan = compiled(
        a("policy: own, retries: {attempts: 1}, fallback: {steps: []}") + BROKEN, "microservices", extra=extra
    )
    p = plan.policies
    found = [column.tolist() for column in (p.attempts, p.per_try_s, p.backoff_s, p.max_backoff_s, p.jitter)]
    assert found == [[1], [1.0], [2.0], [20.0], [0]]
    assert plan.calls.timeout[plan.policies.call].tolist() == [9.0]
    assert not (plan.programs.op == 1).any(), "the steps of the other fallback"


def test_12_1_a_block_that_is_there_has_the_defaults_of_its_product(compiled):
    plan = compiled(a("retries: {}, retryBudget: {}, circuitBreaker: {}, bulkhead: {}") + BROKEN, "microservices")
    p, b = plan.policies, plan.breakers
    columns = (p.attempts, p.per_try_s, p.retry_on, p.backoff_s, p.max_backoff_s, p.jitter)
    assert [float(column[0]) for column in columns] == [1, float("inf"), 0b1011100, 0.025, 0.25, 1]
    columns = (b.window, b.size, b.minimum, b.failure_rate, b.slow_rate, b.slow_duration_s, b.wait_s, b.permitted,
               b.max_wait_s)  # fmt: skip
    assert [float(column[0]) for column in columns] == [0, 100, 100, 50, 100, 60, 60, 10, 0]
    assert (plan.bulkheads.limit[0], plan.bulkheads.wait_s[0]) == (25, 0.0)
    assert (plan.budgets.percent[0], plan.budgets.least[0]) == (20.0, 3)


def test_12_1_a_policy_of_a_workload_is_the_users_own(run):
    extra = "policies: {patient: {timeout: 9t, retries: {attempts: 1, perTryTimeout: 3t, backoff: 2t, jitter: none}}}"
    seen = run("a: {steps: [{sleep: 4t}]}", extra=extra, workload="{call: a, replay: arrivals.csv, policy: patient}")
    assert seen.spans("a") == [(0, 3, "timeout"), (5, 8, "timeout")]
    assert seen.outcomes == ["timeout"]
    assert seen.ends == [8]
    assert seen.number("a", "throughput_per_s") * 2 == 2, "it works on"


def test_12_2_inside_a_process_nothing_acts(run, compiled):
    policy = "timeout: 1t, retries: {}, circuitBreaker: {minimumNumberOfCalls: 1}, fallback: {steps: []}"
    seen = run(a(policy) + BROKEN, at=[0, 10, 20], deployment="monolith")
    assert seen.outcomes == ["error"] * 3
    assert seen.spans("b") == [(0, 4, "error"), (10, 14, "error"), (20, 24, "error")]
    plan = compiled(a(policy) + BROKEN)
    assert plan.policies.call.size == 0
    said = plan.explain()
    assert "a -> b: its policy does not act inside monolith" in said
    assert "fallback, which does not act in process" in said


RETRIES = "retries: {attempts: 2, backoff: 8t, jitter: none}"


@pytest.mark.parametrize(
    ("timeout", "spans", "end", "cause"),
    [
        # tries end at 4, 16 and 36; the waits are 4-12 and 16-32
        ("37t", [(0, 4, "error"), (12, 16, "error"), (32, 36, "error")], 36, "error@b"),
        ("36t", [(0, 4, "error"), (12, 16, "error"), (32, 36, "error")], 36, "error@b"),
        ("35t", [(0, 4, "error"), (12, 16, "error"), (32, 35, "timeout")], 35, "timeout@b"),
        ("32t", [(0, 4, "error"), (12, 16, "error")], 32, "timeout@b"),
        ("20t", [(0, 4, "error"), (12, 16, "error")], 20, "timeout@b"),
        ("16t", [(0, 4, "error"), (12, 16, "error")], 16, "error@b"),
        ("3t", [(0, 3, "timeout")], 3, "timeout@b"),
    ],
)
def test_12_3_the_timeout_of_the_call_ends_everything(run, timeout, spans, end, cause):
    seen = run(a(f"timeout: {timeout}, {RETRIES}") + BROKEN)
    assert seen.spans("b") == spans
    assert seen.ends == [end]
    assert seen.causes == [cause]
    assert seen.outcomes == ["error"]


def test_12_4_each_try_is_an_attempt(run, stream):
    """A replica, an address and a span of its own; the calls of each are counted."""
    services = (
        a("retries: {attempts: 3, backoff: 0s}")
        + "b: {replicas: 2, loadBalancer: ROUND_ROBIN, errorRate: 100%, steps: []}"
    )
    seen = run(services)
    attempts = seen.result.attempts.query("target == 'b'")
    assert seen.replicas("b") == [0, 1, 0, 1]
    assert attempts["attempt"].tolist() == [0, 1, 2, 3]
    assert attempts["span"].tolist() == [1, 2, 3, 4]
    assert attempts["parent"].tolist() == [0, 0, 0, 0]
    assert seen.result.requests["attempts"].tolist() == [5]


def test_12_4_the_draws_of_a_try_are_at_its_address(run, stream):
    """Whether b fails is drawn anew for each try, at child(address of a's visit, call site, try)."""
    n = 40
    seen = run(
        a("retries: {attempts: 4, backoff: 1t, jitter: none}") + "b: {errorRate: 50%, steps: []}", at=range(0, 2 * n, 2)
    )
    key, expected = mix(1, 0), []
    for number in range(n):
        visit = child(child(number, stream("request workload"), 0), stream("entry workload -> a"), 0)
        for k in range(5):
            address = child(visit, stream("call a/0"), k)
            expected.append("error" if uniform(key, address, stream("error b"), 0) < 0.5 else "ok")
            if expected[-1] == "ok":
                break
    by_request = seen.result.attempts.query("target == 'b'").sort_values(["request", "attempt"])
    assert by_request["outcome"].tolist() == expected
    assert expected.count("error") > 20


def test_12_4_the_message_is_packed_once_and_the_last_answer_unpacked(run):
    """Of a: packs 0-1, unpacks 1; of b: unpacks and packs each of the three."""
    seen = run(
        a("retries: {attempts: 2, backoff: 0s}") + "b: {errorRate: 100%, steps: []}",
        extra="network: {serialization: 1t}",
    )
    assert seen.spans("b") == [(1, 3, "error"), (3, 5, "error"), (5, 7, "error")]
    assert seen.ends == [8]
    assert (seen.busy("a", 1024), seen.busy("b", 1024)) == (2, 6)


def test_12_6_a_try_that_timed_out_is_given_up(run):
    """Its callee works on, and the late answer comes to nobody."""
    services = (
        a("retries: {attempts: 1, perTryTimeout: 6t, backoff: 1t, jitter: none}, timeout: 30t")
        + "b: {replicas: 2, loadBalancer: ROUND_ROBIN, steps: [{sleep: 10t}]}"
    )
    seen = run(services)
    assert seen.spans("b") == [(0, 6, "timeout"), (7, 13, "timeout")]
    assert seen.ends == [13]
    assert seen.number("b", "throughput_per_s") * 2 == 2


def test_12_6_an_answer_in_time_beats_the_end_of_patience(run):
    policy = "retries: {attempts: 1, perTryTimeout: 10t}"
    assert run(a(policy) + "b: {steps: [{sleep: 10t}]}").spans("b") == [(0, 10, "ok")]


def test_12_6_the_timeout_of_a_try_starts_when_its_message_is_sent(run):
    policy = "retries: {attempts: 1, perTryTimeout: 6t, backoff: 2t, jitter: none}"
    assert run(a(policy) + "b: {steps: []}", extra=SILENT).spans("b") == [(0, 6, "timeout"), (8, 14, "timeout")]


def test_12_6_both_at_once_are_the_end_of_the_call(run):
    policy = "retries: {attempts: 5, perTryTimeout: 6t, backoff: 0s}, timeout: 12t"
    seen = run(a(policy) + "b: {steps: []}", extra=SILENT)
    assert seen.spans("b") == [(0, 6, "timeout"), (6, 12, "timeout")]
    assert seen.ends == [12]


@pytest.mark.parametrize(
    ("b", "extra", "outcome"),
    [
        ("b: {errorRate: 100%, steps: []}", "", "error"),
        ("b: {steps: []}", SILENT, "timeout"),
        ("b: {replicas: 0, steps: []}", "", "unreachable"),
        ("b: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 900t}]}", "", "rejected"),
    ],
)
def test_12_7_what_is_tried_again_is_said(run, b, extra, outcome):
    words = ["error", "timeout", "unreachable", "rejected"]
    for retry_on in ([outcome], [word for word in words if word != outcome]):
        policy = f"retries: {{attempts: 2, perTryTimeout: 9t, backoff: 1t, jitter: none, retryOn: {retry_on}}}"
        at = [0, 300] if outcome == "rejected" else [0]
        policy = policy.replace("perTryTimeout: 9t, ", "") if outcome == "rejected" else policy
        seen = run(a(policy) + b, at=at, extra=extra)
        outcomes = [span[2] for span in seen.spans("b") if span[0] >= at[-1]]
        assert outcomes == [outcome] * (3 if outcome in retry_on else 1)


def test_12_7_a_success_is_not_tried_again(run):
    assert run(a(RETRIES) + "b: {steps: []}").spans("b") == [(0, 0, "ok")]


@pytest.mark.parametrize("jitter", ["none", "full", "equal", "decorrelated"])
def test_12_8_the_waits_are_those_of_the_rule(run, stream, jitter):
    """U is drawn at the address of the re-try, in the stream of the pair."""
    policy = f"retries: {{attempts: 4, backoff: 4t, maxBackoff: 16t, jitter: {jitter}}}"
    seen = run(a(policy) + "b: {errorRate: 100%, steps: []}")
    word = ["none", "full", "equal", "decorrelated"].index(jitter)
    visit = child(child(0, stream("request workload"), 0), stream("entry workload -> a"), 0)
    now, wait, expected = 0, 4 * TICK, [0]
    for k in range(1, 5):
        u = uniform(mix(1, 0), child(visit, stream("call a/0"), k), stream("backoff a->b"), 0)
        wait = backoff(word, 4 * TICK, 16 * TICK, k, wait, u)
        now += wait
        expected.append(now)
    assert seen.whole(seen.result.attempts.query("target == 'b'")["start_s"]) == expected
    if jitter == "none":
        assert expected == [time * TICK for time in (0, 4, 12, 28, 44)]


def test_12_8_waits_and_tries_are_in_the_breakdown(run):
    """Three tries of 6, of which 2 are network, waits of 8 and of 16, and a fallback of 5."""
    policy = "retries: {attempts: 2, backoff: 8t, jitter: none, perTryTimeout: 6t}, fallback: {steps: [{cpu: 5t}]}"
    services = a(policy) + "b: {errorRate: 100%, steps: [{sleep: 4t}]}"
    seen = run(services, extra="network: {latency: 1t}")
    assert seen.spans("b") == [(0, 6, "error"), (14, 20, "error"), (36, 42, "error")]
    assert seen.latencies == [47]
    assert seen.breakdown("b") == {"network": 6, "service": 12, "timeout": 24}
    assert seen.breakdown("a") == {"service": 5}
    silent = run(services, extra=SILENT)
    assert silent.breakdown("b") == {"timeout": 6 * 3 + 24}


def test_12_9_a_budget_bounds_the_active_re_tries(run):
    """At least one re-try may be active; the second call fails while the first one's is."""
    policy = "retries: {attempts: 1, backoff: 8t, jitter: none}, retryBudget: {percent: 0, minRetryConcurrency: 1}"
    seen = run(a(policy) + BROKEN, at=[0, 1, 12, 13])
    # 0 is tried again at 12, until 16, and 1 is not; of those that end at 16 and 17 only the first may be
    tries = [(0, 4), (1, 5), (12, 16), (12, 16), (13, 17), (24, 28)]
    assert seen.spans("b") == [(*times, "error") for times in tries]
    assert seen.result.requests["attempts"].tolist() == [3, 2, 3, 2]


def test_12_9_it_grows_with_the_active_tries(run):
    """Ten tries at once, of which half may be tried again: of the nine left when the first fails 4, and so on."""
    policy = "retries: {attempts: 1, backoff: 100t, jitter: none}, retryBudget: {percent: 50, minRetryConcurrency: 0}"
    seen = run(a(policy) + BROKEN, at=[0] * 10)
    # with n still active, floor(n / 2) re-tries may be: 9 -> 4, 8 -> 4, 7 -> 3, 6 -> 3: three re-tries, then none
    assert len(seen.spans("b")) == 13


def test_12_9_a_re_try_is_active_during_its_backoff_and_until_it_ends(run):
    policy = "retries: {attempts: 1, backoff: 20t, jitter: none}, retryBudget: {percent: 0, minRetryConcurrency: 1}"
    seen = run(a(policy) + BROKEN, at=[0, 10, 22, 30])
    tries = [number - 1 for number in seen.result.requests["attempts"]]
    assert tries == [2, 1, 1, 2]  # 4-24 waits, 24-28 is tried; 14 and 26 are too soon, 34 is not


def test_12_9_a_budget_is_given_back_when_the_call_ends_in_its_backoff(run):
    policy = "timeout: 10t, retries: {attempts: 1, backoff: 20t, jitter: none}, retryBudget: {percent: 0}"
    policy = policy.replace("percent: 0", "percent: 0, minRetryConcurrency: 1")
    seen = run(a(policy) + BROKEN, at=[0, 20])
    assert seen.ends == [10, 30]


def test_2_1_attempts_and_requests_have_one_outcome_each(run):
    policy = (
        "timeout: 60t, retries: {attempts: 2, perTryTimeout: 9t, backoff: 4t}, circuitBreaker: {slidingWindowSize: 4}"
    )
    services = a(policy) + "b: {concurrency: 2, queue: {capacity: 1}, errorRate: 30%, steps: [{cpu: 3t}]}"
    seen = run(services, at=range(0, 200, 2))
    attempts = seen.result.attempts
    assert attempts["outcome"].notna().all()
    assert sum(seen.result.outcomes.loc["workload"]) == 100
    assert set(attempts["outcome"]) >= {"ok", "error", "rejected", "circuit_open"}


def test_policies_that_nobody_names_are_said(compiled):
    extra = "policies: {idle: {timeout: 1s}, base: {timeout: 1s}, used: {inherits: base}}"
    plan = compiled(a("policy: used") + BROKEN, "microservices", extra=extra)
    assert "policy idle: no call has it" in plan.warnings
    assert not [one for one in plan.warnings if "base" in one or "used" in one]
    assert isinstance(plan, sim.Plan)
