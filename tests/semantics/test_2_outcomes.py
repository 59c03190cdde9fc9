"""Section 2: outcomes and causes."""

from __future__ import annotations

import pytest

CHAIN = """
a: {steps: [{call: b}]}
b: {steps: [{call: c, timeout: 8t}]}
"""
C = "c: {steps: [{sleep: 2t}]}"


@pytest.mark.parametrize(
    ("c", "extra", "seen_by_b", "end"),
    [
        ("c: {steps: [{sleep: 2t}], errorRate: 100%}", "", "error", 2),
        (C, "network: {links: [{from: b, to: c, errorRate: 100%}]}", "error", 0),
        ("c: {steps: [{sleep: 20t}]}", "", "timeout", 8),
        (C, "network: {links: [{from: b, to: c, loss: 100%}]}", "timeout", 8),
        ("c: {replicas: 0, steps: []}", "", "unreachable", 0),
    ],
)
def test_2_2_and_2_3_a_failure_is_seen_by_its_own_caller_and_the_cause_is_the_innermost(run, c, extra, seen_by_b, end):
    seen = run(CHAIN + c, extra=extra)
    assert [outcome for _, _, outcome in seen.spans("c")] == [seen_by_b]
    assert [outcome for _, _, outcome in seen.spans("b")] == ["error"]
    assert seen.outcomes == ["error"]
    assert seen.causes == [f"{seen_by_b}@c"]
    assert seen.ends == [end]


def test_2_2_a_rejection_is_an_error_of_the_caller(run):
    seen = run("a: {steps: [{call: b}]}\nb: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 9t}]}", at=[0, 1])
    assert seen.spans("b") == [(0, 9, "ok"), (1, 1, "rejected")]
    assert seen.outcomes == ["ok", "error"]
    assert seen.causes == ["", "rejected@b"]


@pytest.mark.parametrize(
    ("a", "extra", "outcome"),
    [
        ("a: {replicas: 0, steps: []}", "", "unreachable"),
        ("a: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 9t}]}", "", "rejected"),
        ("a: {errorRate: 100%, steps: []}", "", "error"),
    ],
)
def test_2_2_a_request_ends_as_its_call_at_the_edge(run, a, extra, outcome):
    seen = run(a, at=[0, 0], extra=extra)
    assert seen.outcomes[1] == outcome
    assert seen.causes[1] == f"{outcome}@a"
    assert seen.ends[1] == 0


def test_2_3_the_service_of_a_handler_that_fails_by_itself(run):
    """B is well, a fails after it: the cause is a's."""
    seen = run("a: {errorRate: 100%, steps: [{call: b}]}\nb: {steps: []}")
    assert seen.causes == ["error@a"]


def test_2_4_what_has_not_ended_has_a_place_in_every_count_and_no_latency(run):
    lost = "network: {links: [{from: a, to: b, loss: 100%}]}"
    seen = run("a: {steps: [{cpu: 2t}, {call: b}]}\nb: {steps: []}", at=[0, 10], extra=lost)
    assert seen.outcomes == ["unfinished"] * 2
    assert seen.latencies == [None, None]
    assert seen.result.outcomes.loc["workload"].to_dict() == dict.fromkeys(
        ["ok", "degraded", "error", "timeout", "rejected", "circuit_open", "unreachable"], 0
    ) | {"unfinished": 2}
    summary = seen.result.summary
    assert summary["requests"] == 2
    assert summary["unfinished"] == 2
    assert summary["availability_ratio"] == 0
    assert summary["throughput_per_s"] == 0
    assert summary["errors"] == 0
    assert seen.spans("b") == [(2, None, "unfinished"), (12, None, "unfinished")]


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_2_1_outcomes_add_up(run, deployment):
    services = """
    a: {concurrency: 2, queue: {capacity: 1}, steps: [{call: b, timeout: 6t}, {call: c, probability: 50%}]}
    b: {concurrency: 4, queue: {capacity: 0}, errorRate: 20%, steps: [{sleep: {dist: exponential, mean: 12t}}]}
    c: {kind: external, replicas: 0, steps: []}
    """
    lost = "network: {links: [{from: workload, to: a, loss: 10%}]}"
    seen = run(services, at=range(0, 1000, 2), extra=lost, deployment=deployment)
    counts = seen.result.outcomes.loc["workload"]
    assert counts.sum() == 500 == seen.result.summary["requests"]
    assert counts.to_dict() == {word: seen.outcomes.count(word) for word in counts.index}
    assert min(counts[["ok", "error", "rejected", "unfinished"]]) > 0
    assert counts[["degraded", "timeout", "circuit_open", "unreachable"]].sum() == 0
