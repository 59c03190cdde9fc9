"""Section 12: hedges, rate limits, outlier detection. The rules' own tables are in `tests/unit/rules`."""

from __future__ import annotations

import pytest

HEDGE = "hedge: {after: 4t}"
TWO = "replicas: 2, loadBalancer: ROUND_ROBIN"


def a(policy: str, *, keys: str = "") -> str:
    return f"a: {{{keys}steps: [{{call: b, {policy}}}]}}\n"


# -- hedges


def test_12_21_a_second_try_while_the_first_is_unanswered(run):
    """Each replica has one slot, and its hands full with a request of the other workload."""
    services = a(HEDGE) + f"b: {{{TWO}, concurrency: 1, steps: [{{sleep: 20t}}]}}"
    workload = "{other: {call: b, replay: arrivals.csv}, w: {call: a, replay: later.csv}}"
    seen = run(services, workload=workload, files={"arrivals.csv": [0, 1], "later.csv": [8]})
    # replica 0 is free at 20, replica 1 at 21: the first try waits at 0, the second one, sent at 12, at 1
    assert seen.spans("b") == [(0, 20, "ok"), (1, 21, "ok"), (8, 40, "ok"), (12, 40, "timeout")]
    assert seen.replicas("b") == [0, 1, 0, 1]
    assert seen.result.attempts.query("target == 'b'")["attempt"].tolist() == [0, 0, 0, 1]
    assert seen.result.attempts.query("target == 'b'")["span"].tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize(("sleep", "tries"), [(3, 1), (4, 1), (5, 2)])
def test_12_21_an_answer_at_that_instant_is_in_time(run, sleep, tries):
    seen = run(a(HEDGE) + f"b: {{{TWO}, steps: [{{sleep: {sleep}t}}]}}")
    assert len(seen.spans("b")) == tries
    assert seen.outcomes == ["ok"]
    assert seen.ends == [sleep]


def test_12_23_the_second_one_wins(run):
    """The first replica has one slow core: two requests of 8 before it; the second replica is free."""
    services = a(HEDGE) + f"b: {{{TWO}, steps: [{{cpu: 8t}}]}}"
    workload = "{other: {call: b, replay: arrivals.csv}, w: {call: a, replay: later.csv}}"
    seen = run(services, workload=workload, files={"arrivals.csv": [0, 0, 0], "later.csv": [1]})
    # other: replicas 0, 1, 0, which end at 8, 8, 16; w at 1: replica 1 (8-16), the hedge at 5: replica 0 (16-24)
    assert seen.spans("b")[3:] == [(1, 16, "ok"), (5, 16, "timeout")]
    services = a("hedge: {after: 1t}") + "b: {replicas: 2, loadBalancer: {choiceCount: all}, steps: [{cpu: 8t}]}"
    seen = run(services, at=[0, 0, 0])
    assert seen.outcomes == ["ok"] * 3


def test_12_23_the_winner_decides_when_and_where_time_went(run):
    """Replica 0 is busy until 40: the try there is answered at 42, the other, sent at 14, at 16 (rule 12.25)."""
    services = (
        a("hedge: {after: 4t}")
        + f"b: {{{TWO}, endpoints: {{long: {{steps: [{{cpu: 40t}}]}}, short: {{steps: [{{cpu: 2t}}]}}}}}}"
    )
    services = services.replace("call: b,", "call: b.short,")
    workload = (
        "{other: {call: b.long, replay: arrivals.csv}, w: {call: a, replay: later.csv}, "
        "x: {call: b.short, replay: x.csv}}"
    )
    seen = run(services, workload=workload, files={"arrivals.csv": [0], "x.csv": [1], "later.csv": [10]})
    assert seen.replicas("b") == [0, 1, 0, 1]
    assert seen.spans("b")[2:] == [(10, 16, "timeout"), (14, 16, "ok")]
    assert seen.ends[-1] == 16
    busy = seen.busy("b", 1024)
    assert busy == 40 + 2 + 2 + 2, "the loser is not cancelled"
    assert busy * seen.number("b", "wasted_ratio") == 2
    assert seen.result.breakdown.loc["b", "timeout_s"] * 512 * 3 == 4


FAILS = f"b: {{{TWO}, errorRate: 100%, steps: [{{sleep: 6t}}]}}"


def test_12_23_a_failed_try_waits_for_the_other(run):
    seen = run(a(HEDGE) + FAILS)
    assert seen.spans("b") == [(0, 6, "error"), (4, 10, "error")]
    assert seen.ends == [10]
    assert seen.causes == ["error@b"]


def test_12_23_only_when_both_have_failed_there_is_a_retry(run):
    seen = run(a(HEDGE + ", retries: {attempts: 1, backoff: 5t, jitter: none}") + FAILS)
    assert seen.spans("b") == [(0, 6, "error"), (4, 10, "error"), (15, 21, "error")]
    assert seen.result.attempts.query("target == 'b'")["attempt"].tolist() == [0, 1, 2]


def test_12_21_a_retry_may_be_hedged_if_the_first_try_was_not(run):
    services = a("hedge: {after: 4t}, retries: {attempts: 1, backoff: 1t, jitter: none}") + (
        "b: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 9t}]}"
    )
    workload = "{other: {call: b, replay: arrivals.csv}, w: {call: a, replay: later.csv}}"
    seen = run(services, workload=workload, files={"arrivals.csv": [0], "later.csv": [8]})
    assert seen.spans("b")[1:] == [(8, 8, "rejected"), (9, 18, "ok"), (13, 13, "rejected")]


def test_12_21_not_at_the_end_of_the_call(run):
    slow = f"b: {{{TWO}, steps: [{{sleep: 20t}}]}}"
    assert run(a("timeout: 5t, hedge: {after: 4t}") + slow).spans("b") == [(0, 5, "timeout"), (4, 5, "timeout")]
    policy = "timeout: 6t, hedge: {after: 4t}, retries: {attempts: 2, perTryTimeout: 5t, backoff: 0s}"
    seen = run(a(policy) + slow)
    assert seen.spans("b") == [(0, 5, "timeout"), (4, 6, "timeout")]
    assert seen.ends == [6]


def test_12_22_each_has_its_own_patience(run):
    policy = "hedge: {after: 4t}, retries: {attempts: 0, perTryTimeout: 7t}"
    seen = run(a(policy) + f"b: {{{TWO}, steps: [{{sleep: 20t}}]}}")
    assert seen.spans("b") == [(0, 7, "timeout"), (4, 11, "timeout")]


def test_12_22_it_waits_for_no_place(run):
    policy = "hedge: {after: 4t}, bulkhead: {maxConcurrentCalls: 1, maxWaitDuration: 50t}"
    seen = run(a(policy) + f"b: {{{TWO}, steps: [{{sleep: 9t}}]}}")
    assert seen.spans("b") == [(0, 9, "ok"), (4, 4, "rejected")]
    assert seen.outcomes == ["ok"]


def test_12_22_it_waits_for_no_permit(run):
    services = a(HEDGE) + (
        f"b: {{{TWO}, rateLimit: {{limitForPeriod: 1, limitRefreshPeriod: 6t}}, steps: [{{sleep: 9t}}]}}"
    )
    assert run(services).spans("b") == [(0, 9, "ok"), (4, 4, "rejected")]
    assert run(services.replace("6t}", "4t}")).spans("b") == [(0, 9, "ok"), (4, 9, "timeout")]


def test_12_22_the_budget_is_asked(run):
    for least, tries in ((0, 1), (1, 2)):
        policy = f"hedge: {{after: 4t}}, retryBudget: {{percent: 0, minRetryConcurrency: {least}}}"
        assert len(run(a(policy) + f"b: {{{TWO}, steps: [{{sleep: 9t}}]}}").spans("b")) == tries


def test_12_22_it_counts_in_the_budget_while_it_lasts(run):
    """One at a time: the hedge of the first call is out until 9, so that the second call has none at 5."""
    policy = "hedge: {after: 4t}, retryBudget: {percent: 0, minRetryConcurrency: 1}"
    seen = run(a(policy) + f"b: {{{TWO}, steps: [{{sleep: 9t}}]}}", at=[0, 1, 9])
    assert [span[0] for span in seen.spans("b")] == [0, 1, 4, 9, 13]


def test_12_24_the_loser_is_no_result_for_the_breaker(run):
    """A window of two: one good answer, and no failure; with it the breaker would have opened."""
    policy = "hedge: {after: 4t}, circuitBreaker: {slidingWindowSize: 2, failureRateThreshold: 50}"
    seen = run(a(policy) + f"b: {{{TWO}, steps: [{{sleep: 9t}}]}}", at=[0, 20, 40])
    assert [span[2] for span in seen.spans("b")] == ["ok", "timeout"] * 3


def test_12_24_its_place_in_the_bulkhead_is_free(run):
    policy = "hedge: {after: 4t}, bulkhead: {maxConcurrentCalls: 2}"
    seen = run(a(policy) + f"b: {{{TWO}, steps: [{{sleep: 9t}}]}}", at=[0, 5, 9])
    assert seen.spans("b") == [(0, 9, "ok"), (4, 9, "timeout"), (5, 5, "rejected"), (9, 18, "ok"), (13, 18, "timeout")]


def test_12_24_a_deadline_ends_the_losers_work(run):
    policy = "timeout: 12t, deadline: propagate, hedge: {after: 4t}"
    seen = run(a(policy) + f"b: {{{TWO}, steps: [{{sleep: 5t}}, {{sleep: 5t}}, {{sleep: 5t, probability: 0}}]}}")
    assert seen.spans("b") == [(0, 10, "ok"), (4, 10, "timeout")]
    assert seen.number("b", "wasted_time_s") * 2 == 4


# -- rate limits

LIMITED = "b: {{rateLimit: {{{}}}, steps: [{{sleep: 2t}}]}}\n"


def limited(limit: str) -> str:
    return "a: {steps: [{call: b}]}\n" + LIMITED.format(limit)


def test_12_26_so_many_in_each_period(run):
    """Two in each ten: those of 0 and 1 at once; 2 and 3 wait for 10, 4 for 20; 12 too; 13 for 30."""
    seen = run(limited("limitForPeriod: 2, limitRefreshPeriod: 10t"), at=[0, 1, 2, 3, 4, 12, 13])
    ends = [2, 3, 12, 12, 22, 22, 32]
    assert seen.ends == ends
    assert seen.outcomes == ["ok"] * 7
    assert seen.breakdown("b")["waiting"] * 7 == pytest.approx(8 + 7 + 16 + 8 + 17)


@pytest.mark.parametrize(("wait", "end", "outcome"), [("0s", 2, "error"), ("7t", 9, "error"), ("8t", 12, "ok")])
def test_12_26_or_it_is_rejected(run, wait, end, outcome):
    seen = run(limited(f"limitForPeriod: 1, limitRefreshPeriod: 10t, timeoutDuration: {wait}"), at=[0, 2])
    assert (seen.ends[1], seen.outcomes[1]) == (end, outcome)
    assert seen.causes[1] == ("" if outcome == "ok" else "rejected@b")


def test_12_27_the_timeout_of_the_call_goes_on_and_the_permit_is_lost(run):
    services = "a: {steps: [{call: b, timeout: 5t}]}\n" + LIMITED.format("limitForPeriod: 1, limitRefreshPeriod: 10t")
    seen = run(services, at=[0, 2, 6])
    assert seen.spans("b") == [(0, 2, "ok"), (2, 7, "timeout"), (6, 11, "timeout")]
    seen = run(services, at=[0, 2, 11])
    assert seen.spans("b")[2] == (11, 16, "timeout"), "the permit of 10 was the second one's"


def test_12_28_all_callers_share_it_and_the_edge_is_one(run):
    services = "a: {steps: [{call: b}]}\n" + LIMITED.format(
        "limitForPeriod: 1, limitRefreshPeriod: 10t, timeoutDuration: 0s"
    )
    workload = "{one: {call: a, replay: arrivals.csv}, two: {call: b, replay: later.csv}}"
    seen = run(services, workload=workload, files={"arrivals.csv": [0], "later.csv": [1, 10]})
    assert seen.outcomes == ["ok", "rejected", "ok"]


def test_12_28_a_send_waits_for_nothing(run):
    services = "a: {steps: [{send: b}, {send: b}]}\n" + LIMITED.format("limitForPeriod: 1, limitRefreshPeriod: 10t")
    seen = run(services)
    assert seen.spans("b") == [(0, 2, "ok"), (0, 0, "rejected")]
    assert seen.outcomes == ["ok"]


def test_12_28_inside_a_process_it_does_not_act(run, compiled):
    services = limited("limitForPeriod: 1, limitRefreshPeriod: 10t, timeoutDuration: 0s")
    assert run(services, at=[0, 0], deployment="monolith").outcomes == ["ok", "ok"]
    assert "b: its rateLimit does not act" in compiled(services).explain()


def test_12_26_the_default_hardly_limits_and_that_is_said(compiled):
    plan = compiled(limited(""), "microservices")
    limits = plan.limiters
    assert (limits.limit[0], limits.period_s[0], limits.timeout_s[0]) == (50, 500e-9, 5.0)
    assert any("hardly limits" in warning for warning in plan.warnings)


def test_12_5_a_refused_try_takes_no_permit(run):
    """The breaker opens at 2 until 12; what it refuses leaves the permit of 10 alone."""
    services = "a: {steps: [{call: b, circuitBreaker: {slidingWindowSize: 1, waitDurationInOpenState: 10t}}]}\n" + (
        "b: {rateLimit: {limitForPeriod: 1, limitRefreshPeriod: 10t}, errorRate: 100%, steps: [{sleep: 2t}]}"
    )
    seen = run(services, at=[0, 11, 12])
    assert seen.spans("b") == [(0, 2, "error"), (11, 11, "circuit_open"), (12, 14, "error")]


# -- outlier detection

DETECT = "outlierDetection: {consecutive5xxErrors: 2, interval: 10t, baseEjectionTime: 15t, maxEjectionPercent: 50}"


def detected(keys: str = DETECT, errors: str = "errorRate: 100%") -> str:
    return f"a: {{steps: [{{call: b}}]}}\nb: {{{TWO}, {keys}, {errors}, steps: [{{sleep: 1t}}]}}"


def test_12_30_who_fails_again_and_again_gets_no_calls(run):
    """Replica 0 fails at 1 and 5: out from 5 on. It comes back at the look of 20, which is 15 later."""
    seen = run(detected(), at=[0, 2, 4, 6, 8, 10, 19, 20, 22])
    assert seen.replicas("b") == [0, 1, 0, 1, 1, 1, 1, 0, 1]


def test_12_30_no_more_than_so_many_percent(run):
    seen = run(detected(), at=range(0, 20, 2))
    assert seen.replicas("b") == [0, 1, 0] + [1] * 7
    none = DETECT.replace("50}", "49}")
    assert run(detected(none), at=range(0, 20, 2)).replicas("b") == [0, 1] * 5


def test_12_32_with_nobody_left_it_is_unreachable(run):
    all_out = DETECT.replace("50}", "100}")
    seen = run(detected(all_out), at=[0, 2, 4, 6, 8, 18, 20, 30, 32])
    assert [span[2] for span in seen.spans("b")] == ["error"] * 4 + ["unreachable"] * 2 + ["error"] + ["error"] * 2
    assert seen.replicas("b") == [0, 1, 0, 1, -1, -1, 0, 1, 0]


def test_12_31_out_for_longer_each_time_and_forgiven_in_time(run):
    """Out from 3 until the look of 20, from 23 for 30 until that of 60; two quiet looks later for 15 again."""
    alone = DETECT.replace("50}", "100}")
    seen = run(detected(alone).replace("replicas: 2", "replicas: 1"),
               at=[0, 2, 4, 19, 20, 22, 24, 50, 59, 60, 80, 82, 99, 100])  # fmt: skip
    assert seen.replicas("b") == [0, 0, -1, -1, 0, 0, -1, -1, -1, 0, 0, -1, -1, 0]


def test_12_29_a_success_begins_the_count_anew(run):
    services = (
        "a: {steps: [{call: b.bad}]}\n"
        f"b: {{{TWO.replace('2', '1')}, {DETECT.replace('50}', '100}')}, "
        "endpoints: {bad: {errorRate: 100%, steps: []}, good: {steps: []}}}"
    )
    workload = "{one: {call: a, replay: arrivals.csv}, two: {call: b.good, replay: later.csv}}"
    seen = run(services, workload=workload, files={"arrivals.csv": [0, 2, 3, 4], "later.csv": [1]})
    assert [span[2] for span in seen.spans("b")] == ["error", "ok", "error", "error", "unreachable"]


@pytest.mark.parametrize("keys", ["timeout: 1t", "retries: {attempts: 0, perTryTimeout: 1t}"])
def test_12_29_timeouts_count_with_and_without_a_policy(run, keys):
    services = f"a: {{steps: [{{call: b, {keys}}}]}}\nb: {{{TWO}, {DETECT}, steps: [{{sleep: 9t}}]}}"
    assert run(services, at=[0, 2, 4, 6, 8]).replicas("b") == [0, 1, 0, 1, 1]


def test_12_32_a_merged_unit_has_its_services_detection(compiled):
    plan = compiled(f"a: {{steps: [{{call: b}}]}}\nb: {{{DETECT}, steps: []}}")
    assert plan.detectors.unit.tolist() == [0]
    assert plan.detectors.errors.tolist() == [2]


# -- what is measured


def test_11_11_attempts_per_request(run):
    services = "a: {steps: [{call: b, retries: {attempts: 2, backoff: 1t, jitter: none}}]}\n" + (
        "b: {errorRate: 100%, steps: [{sleep: 2t}]}"
    )
    seen = run(services, at=[0, 100])
    assert seen.result.services["attempts_per_request"].tolist() == [1.0, 3.0]
    assert seen.result.requests["attempts"].tolist() == [4, 4]


def test_11_12_how_long_breakers_were_open(run):
    """OPEN from 2 until 34, when a try makes it HALF_OPEN, and from 36 on; between, if that was the only permit."""
    breaker = "circuitBreaker: {slidingWindowSize: 1, waitDurationInOpenState: 20t}"
    services = (
        a(breaker, keys="replicas: 2, loadBalancer: ROUND_ROBIN, ") + "b: {errorRate: 100%, steps: [{sleep: 2t}]}"
    )
    seen = run(services, at=[0], duration="1024t")
    assert seen.number("b", "breaker_open_ratio") == 1022 / 1024 / 2
    assert seen.number("a", "breaker_open_ratio") != seen.number("a", "breaker_open_ratio"), "there is none"
    services = services.replace("replicas: 2, loadBalancer: ROUND_ROBIN, ", "")
    for permitted, shut in ((1, 1022), (2, 1022 - 2)):
        half = f"minimumNumberOfCalls: 1, permittedNumberOfCallsInHalfOpenState: {permitted}"
        seen = run(services.replace("slidingWindowSize: 1", f"slidingWindowSize: 1, {half}"), at=[0, 34])
        assert seen.number("b", "breaker_open_ratio") == shut / 1024
