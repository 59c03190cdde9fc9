"""Section 3: the order of events at one instant."""

from __future__ import annotations

import pytest

SLOT = "a: {concurrency: 1, queue: {capacity: 0}, steps: [{cpu: 4t}]}"


def test_3_1_a_departure_frees_its_place_before_an_arrival_is_judged(run):
    assert run(SLOT, at=[0, 4, 8]).outcomes == ["ok"] * 3
    assert run(SLOT, at=[0, 3, 8]).outcomes == ["ok", "rejected", "ok"]


def test_3_1_also_of_a_queue(run):
    """The one who waits gets the slot at 4, and whoever arrives then its place in the queue."""
    services = "a: {concurrency: 1, queue: {capacity: 1}, steps: [{sleep: 4t}]}"
    assert run(services, at=[0, 1, 4]).ends == [4, 8, 12]
    assert run(services, at=[0, 1, 3]).outcomes == ["ok", "ok", "rejected"]


@pytest.mark.parametrize(("timeout", "outcome", "end"), [(5, "ok", 5), (4, "timeout", 4), (6, "ok", 5)])
@pytest.mark.parametrize("work", ["{cpu: 3t}", "{sleep: 3t}"])
def test_3_1_an_answer_beats_a_timeout(run, timeout, outcome, end, work):
    services = f"a: {{steps: [{{call: b, timeout: {timeout}t}}]}}\nb: {{steps: [{work}]}}"
    seen = run(services, extra="network: {latency: 1t}")
    assert seen.spans("b") == [(0, end, outcome)]


def test_3_1_an_answer_through_several_hands_at_one_instant_is_in_time(run):
    services = """
    a: {steps: [{call: b, timeout: 4t}]}
    b: {steps: [{call: c}, {cpu: 0s}]}
    c: {steps: [{sleep: 4t}]}
    """
    assert run(services).outcomes == ["ok"]


def test_3_1_but_not_if_a_call_has_to_be_delivered_first(run):
    """A timer comes before a delivery: patience ends before c is asked."""
    services = """
    a: {steps: [{call: b, timeout: 4t}]}
    b: {steps: [{sleep: 4t}, {call: c}]}
    c: {steps: []}
    """
    seen = run(services)
    assert seen.causes == ["timeout@b"]
    assert seen.spans("b") == [(0, 4, "timeout")]
    assert seen.spans("c") == [(4, 4, "ok")]


def test_3_1_a_delivery_is_before_an_arrival(run):
    """At 4, b is called for the first request, and at the edge for the second: one slot, no queue."""
    services = """
    a: {steps: [{sleep: 4t}, {call: b}]}
    b: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 1t}]}
    """
    workload = "{one: {call: a, replay: arrivals.csv}, another: {call: b, replay: later.csv}}"
    seen = run(services, workload=workload, files={"later.csv": [4]})
    # Arriving is an event, and so is the delivery of what has arrived: the handed-on call is there first.
    assert seen.result.requests.set_index("workload")["outcome"].to_dict() == {"one": "ok", "another": "rejected"}


@pytest.mark.parametrize(("names", "first"), [(("x", "y"), "x"), (("z", "b"), "b")])
def test_3_3_workloads_count_by_name(run, names, first):
    one, other = names
    workload = f"{{{one}: {{call: a, replay: arrivals.csv}}, {other}: {{call: a, replay: arrivals.csv}}}}"
    seen = run("a: {steps: [{cpu: 4t}]}", workload=workload)
    latencies = seen.result.requests.set_index("workload")["latency_s"] * 512
    assert latencies.to_dict() == {first: 4, next(name for name in names if name != first): 8}


def test_3_3_requests_count_by_their_number(run):
    assert run("a: {steps: [{cpu: 4t}]}", at=[2] * 5).ends == [6, 10, 14, 18, 22]


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_3_2_branches_start_in_the_order_in_which_they_are_written(run, deployment):
    services = """
    a: {steps: [{parallel: [{steps: [{cpu: 3t}, {call: b}]}, {steps: [{cpu: 5t}, {call: c}]}, {call: d}]}]}
    b: {steps: []}
    c: {steps: []}
    d: {steps: [{sleep: 1t}]}
    """
    extra = "deployments: {monolith: {units: {all: {services: [a, b, c, d], resources: {cpu: 1}}}}}"
    seen = run(services, deployment=deployment, extra=extra)
    assert seen.spans("b") == [(3, 3, "ok")]
    assert seen.spans("c") == [(8, 8, "ok")]
    assert seen.spans("d") == [(0, 1, "ok")]
    assert seen.ends == [8]


def test_3_2_the_handler_goes_on_within_the_end_of_its_last_branch(run):
    """At 4, the first request's branches end and it asks for the core before the second's step ends."""
    services = """
    a: {endpoints: {
      fork: {steps: [{parallel: [{sleep: 4t}, {sleep: 4t}]}, {cpu: 4t}]},
      line: {steps: [{sleep: 3t}, {cpu: 4t}]}}}
    """
    workload = "{one: {call: a.fork, replay: arrivals.csv}, two: {call: a.line, replay: later.csv}}"
    seen = run(services, workload=workload, files={"later.csv": [1]})
    assert seen.ends == [8, 12]


def test_3_4_who_waited_gets_the_core_before_the_finished_handler_goes_on(run):
    """First steps 0-4 and 4-8, second steps 8-12 and 12-16: they take turns.

    Who arrives at 4 is behind the first one's second step.
    """
    assert run("a: {steps: [{cpu: 4t}, {cpu: 4t}]}", at=[0, 0]).ends == [12, 16]
    assert run("a: {steps: [{cpu: 4t}, {cpu: 4t}]}", at=[0, 2, 4]).ends == [12, 20, 24]


def test_3_2_a_slot_that_is_handed_on_cannot_be_taken_by_who_arrives_then(run):
    seen = run("a: {concurrency: 1, queue: {capacity: 1}, steps: [{sleep: 4t}]}", at=[0, 1, 4, 4])
    assert seen.ends == [4, 8, 12, 4]
    assert seen.outcomes == ["ok", "ok", "ok", "rejected"]
