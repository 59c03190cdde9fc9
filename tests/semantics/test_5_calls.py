"""Section 5: a call between two processes."""

from __future__ import annotations

import math

import pytest

CALL = "a: {steps: [{call: b}]}\n"


def test_5_1_the_whole_way_of_a_call(run):
    """Pack 0-1, travel 1-3, unpack 3-4, work 4-12, pack 12-13, travel 13-15, unpack 15-16, then a goes on."""
    extra = "network: {latency: 2t, serialization: 1t}"
    seen = run("a: {steps: [{call: b}, {cpu: 3t}]}\nb: {steps: [{sleep: 8t}]}", extra=extra)
    assert seen.ends == [19]
    assert seen.spans("b") == [(1, 15, "ok")]
    assert seen.breakdown("a") == {"service": 5}
    assert seen.breakdown("b") == {"network": 4, "service": 10}
    assert (seen.busy("a", 1024), seen.busy("b", 1024)) == (5, 2)


def test_5_2_without_a_replica_a_call_is_unreachable_at_once(run):
    """No message and no network, but it was packed before a replica was chosen."""
    extra = "network: {latency: 9t, serialization: 2t}"
    seen = run(CALL + "b: {replicas: 0, steps: []}", extra=extra)
    assert seen.spans("b") == [(2, 2, "unreachable")]
    assert seen.replicas("b") == [-1]
    assert seen.ends == [2]
    assert seen.number("b", "arrival_rate_per_s") == 0


def test_5_3_packing_queues_at_both_ends(run):
    """Of a: packs 0-2 and 2-4, unpacks 16-18 and 18-20. Of b: unpacks 2-4 and 4-6, packs 14-16 and 16-18."""
    seen = run(CALL + "b: {steps: [{sleep: 10t}]}", at=[0, 0], extra="network: {serialization: 2t}")
    assert seen.ends == [18, 20]
    assert seen.spans("b") == [(2, 16, "ok"), (4, 18, "ok")]
    assert seen.number("a", "waiting_time_s") == 1
    assert seen.number("a", "service_time_s") == 4


def test_5_3_packing_competes_with_steps(run):
    services = """
    a: {endpoints: {x: {steps: [{call: b}]}, y: {steps: [{cpu: 7t}]}}}
    b: {steps: [{sleep: 10t}]}
    """
    workload = "{one: {call: a.x, replay: arrivals.csv}, two: {call: a.y, replay: later.csv}}"
    seen = run(services, workload=workload, files={"later.csv": [10]}, extra="network: {serialization: 2t}")
    # packed 0-2, unpacked 2-4, done at 14, packed 14-16; a's core is taken 10-17; unpacked 17-19
    assert seen.ends == [19, 17]


def test_5_3_packing_runs_at_the_speed_of_who_does_it(run):
    services = "a: {speed: 0.5, steps: [{call: b}]}\nb: {resources: {cpu: 250m}, steps: []}"
    seen = run(services, extra="network: {serialization: 2t}")
    assert seen.spans("b") == [(4, 20, "ok")]
    assert seen.ends == [24]


@pytest.mark.parametrize(("timeout", "outcomes", "end"), [(12, ["ok"], 14), (11, ["error"], 12)])
def test_5_3_packing_at_the_caller_is_outside_the_timeout(run, timeout, outcomes, end):
    """Sent at 1, answered at 13, unpacked at 14; after a timeout there is nothing to unpack."""
    services = f"a: {{steps: [{{call: b, timeout: {timeout}t}}]}}\nb: {{steps: [{{sleep: 10t}}]}}"
    seen = run(services, extra="network: {serialization: 1t}")
    assert seen.outcomes == outcomes
    assert seen.ends == [end]
    assert seen.busy("a", 1024) == (2 if outcomes == ["ok"] else 1)


def test_5_3_there_is_none_at_the_edge(run):
    seen = run("a: {steps: [{cpu: 1t}]}", extra="network: {serialization: 4t, links: [{from: workload, to: a}]}")
    assert seen.ends == [1]


def test_5_3_there_is_none_for_a_rejection(run):
    seen = run(CALL + "b: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 20t}]}", at=[0, 10],
               extra="network: {serialization: 2t}")  # fmt: skip
    assert seen.spans("b") == [(2, 26, "ok"), (12, 12, "rejected")]
    assert seen.ends == [28, 12]
    assert (seen.busy("a", 1024), seen.busy("b", 1024)) == (6, 4)


def test_5_3_there_is_none_for_a_link_error_but_for_the_message_itself(run):
    extra = "network: {serialization: 2t, links: [{from: a, to: b, latency: 3t, errorRate: 100%}]}"
    seen = run(CALL + "b: {steps: [{cpu: 1t}]}", extra=extra)
    assert seen.spans("b") == [(2, 8, "error")]
    assert seen.ends == [8]
    assert (seen.busy("a", 1024), seen.busy("b", 1024)) == (2, 0)


def test_5_3_an_error_of_a_handler_is_packed_as_an_answer_is(run):
    seen = run(CALL + "b: {errorRate: 100%, steps: []}", extra="network: {serialization: 2t}")
    assert seen.ends == [8]
    assert (seen.busy("a", 1024), seen.busy("b", 1024)) == (4, 4)


def test_5_3_the_slots_are_held_meanwhile(run):
    """One slot each: the second request's a begins at 8, after the first one's answer is unpacked."""
    services = "a: {concurrency: 1, steps: [{call: b}]}\nb: {concurrency: 1, steps: []}"
    seen = run(services, at=[0, 0], extra="network: {serialization: 2t}")
    assert seen.ends == [8, 16]
    assert seen.spans("b") == [(2, 6, "ok"), (10, 14, "ok")]


def test_5_3_the_slot_of_the_callee_is_held_until_the_answer_is_packed(run):
    services = "a: {resources: {cpu: 2}, steps: [{call: b}]}\nb: {resources: {cpu: 2}, concurrency: 1, steps: []}"
    seen = run(services, at=[0, 0], extra="network: {serialization: 2t}")
    assert seen.spans("b") == [(2, 6, "ok"), (2, 10, "ok")]
    assert seen.number("b", "waiting_time_s") == 2


def test_5_4_a_link_is_of_one_caller_and_one_target(run):
    services = """
    a: {steps: [{call: b}, {call: c}]}
    b: {steps: [{call: c}]}
    c: {steps: []}
    """
    extra = """
    network:
      latency: 1t
      links: [{from: a, to: c, latency: 10t}, {from: c, to: b, latency: 100t}, {from: b, to: a, latency: 100t}]
    """
    seen = run(services, extra=extra)
    assert seen.spans("b") == [(0, 4, "ok")]
    assert seen.spans("c") == [(1, 3, "ok"), (4, 24, "ok")]


def test_5_4_a_link_without_latency_has_that_of_the_network(run):
    extra = "network: {latency: 5t, links: [{from: a, to: b, errorRate: 0%}]}"
    assert run(CALL + "b: {steps: []}", extra=extra).ends == [10]


def test_5_4_each_message_has_a_draw_of_its_own(run):
    """The message and its answer: twice one draw would have the double variance."""
    extra = "network: {latency: {dist: uniform, min: 0t, max: 8t}}"
    seen = run(CALL + "b: {steps: [{sleep: 100t}]}", at=range(400), extra=extra)
    latencies = [latency - 100 for latency in seen.latencies]
    mean = sum(latencies) / 400
    variance = sum((latency - mean) ** 2 for latency in latencies) / 400
    assert abs(mean - 8) < 4.5 * math.sqrt(2 * 64 / 12 / 400)
    assert abs(variance / (2 * 64 / 12) - 1) < 0.35


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_5_4_the_edge_has_no_network_unless_a_link_says_so(run, deployment):
    a = "a: {steps: [{cpu: 4t}]}"
    assert run(a, extra="network: {latency: 9t}", deployment=deployment).ends == [4]
    # what links c to a has no business at the edge; a link without a latency has none there
    link = "network: {latency: 9t, links: [{from: workload, to: a, errorRate: 0%}]}"
    assert run(a, extra=link, deployment=deployment).ends == [4]
    link = "network: {links: [{from: workload, to: a, latency: 3t}]}"
    seen = run(a, extra=link, deployment=deployment)
    assert seen.ends == [10]
    assert seen.breakdown("a") == {"network": 6, "service": 4}


def test_5_4_links_do_not_act_inside_a_process(run):
    extra = "network: {serialization: 7t, latency: 9t, links: [{from: a, to: b, latency: 3t, loss: 100%}]}"
    seen = run(CALL + "b: {steps: [{cpu: 2t}]}", extra=extra, deployment="monolith")
    assert seen.ends == [2]


LOST = "network: {links: [{from: a, to: b, latency: 1t, loss: 100%}]}"


def test_5_5_a_lost_message_is_never_heard_of(run):
    seen = run(CALL + "b: {steps: [{cpu: 1t}]}", extra=LOST)
    assert seen.outcomes == ["unfinished"]
    assert seen.number("b", "arrival_rate_per_s") == 0


def test_5_5_its_caller_waits_for_the_timeout(run):
    seen = run("a: {steps: [{call: b, timeout: 9t}]}\nb: {steps: [{cpu: 1t}]}", at=[3], extra=LOST)
    assert seen.spans("b") == [(3, 12, "timeout")]
    assert seen.causes == ["timeout@b"]


def test_5_5_loss_is_drawn_for_each_message(run):
    """Half of the messages arrive, and half of their answers."""
    extra = "network: {links: [{from: a, to: b, loss: 50%}]}"
    n = 400
    seen = run("a: {steps: [{call: b, timeout: 1t}]}\nb: {steps: []}", at=range(0, 2 * n, 2), extra=extra)
    arrived = seen.number("b", "arrival_rate_per_s") * 2
    answered = seen.outcomes.count("ok")
    assert abs(arrived - n / 2) < 4.5 * math.sqrt(n / 4)
    assert abs(answered - arrived / 2) < 4.5 * math.sqrt(arrived / 4)
    assert seen.number("b", "throughput_per_s") * 2 == arrived
    assert seen.number("b", "errors") == 0


def test_5_5_a_link_error_is_seen_after_both_latencies_and_the_callee_does_nothing(run):
    extra = "network: {links: [{from: a, to: b, latency: 3t, errorRate: 100%}]}"
    seen = run("a: {steps: [{cpu: 1t}, {call: b, timeout: 6t}]}\nb: {steps: [{cpu: 50t}]}", extra=extra)
    assert seen.spans("b") == [(1, 7, "error")]
    assert seen.causes == ["error@b"]
    assert seen.busy("b", 1024) == 0
    assert seen.number("b", "arrival_rate_per_s") == 0


def test_5_5_and_5_10_a_lost_message_has_no_error_and_an_error_can_be_lost_on_its_way_back(run):
    extra = "network: {links: [{from: a, to: b, latency: 1t, errorRate: 100%, loss: 50%}]}"
    n = 400
    seen = run("a: {steps: [{call: b, timeout: 3t}]}\nb: {steps: []}", at=range(0, 2 * n, 2), extra=extra)
    kinds = {(end - start, outcome) for start, end, outcome in seen.spans("b")}
    assert kinds == {(2, "error"), (3, "timeout")}
    errors = seen.causes.count("error@b")
    assert abs(errors - n / 4) < 4.5 * math.sqrt(n * 3 / 16)


def test_5_6_the_callee_knows_nothing_of_a_timeout_and_works_on(run):
    seen = run("a: {steps: [{call: b, timeout: 4t}]}\nb: {steps: [{cpu: 10t}, {call: c}]}\nc: {steps: [{cpu: 3t}]}")
    assert seen.ends == [4]
    assert seen.spans("b") == [(0, 4, "timeout")]
    assert seen.spans("c") == [(10, 13, "ok")]
    assert (seen.busy("b", 1024), seen.busy("c", 1024)) == (10, 3)
    assert seen.number("b", "errors") == 0
    assert seen.number("b", "service_time_s") == 10


def test_5_6_a_late_answer_meets_nobody(run):
    """The caller fails at 4; the answer at 10 must not be taken for that of another call."""
    services = """
    a: {steps: [{parallel: [{call: b, timeout: 4t}, {steps: [{sleep: 6t}, {call: b, timeout: 40t}]}]}]}
    b: {steps: [{sleep: 10t}]}
    """
    seen = run(services)
    assert seen.spans("b") == [(0, 4, "timeout"), (6, 16, "ok")]
    assert seen.ends == [16]
    assert seen.causes == ["timeout@b"]


def test_5_6_a_timeout_starts_when_the_message_is_sent_and_counts_the_network_and_the_queue(run):
    services = "a: {steps: [{sleep: 2t}, {call: b, timeout: 9t}]}\nb: {concurrency: 1, steps: [{sleep: 4t}]}"
    seen = run(services, at=[0, 0, 0], extra="network: {latency: 1t}")
    assert [end for _, end, _ in seen.spans("b")] == [8, 11, 11]
    assert seen.outcomes == ["ok", "error", "error"]


LEAST = "{replicas: 2, loadBalancer: {simple: LEAST_REQUEST, choiceCount: all}, steps: [{sleep: 10t}]}"


@pytest.mark.parametrize("seed", range(4))
def test_5_7_who_has_given_up_does_not_count(run, seed):
    """The first call gives up at 4, the second, elsewhere, is open until 6: at 5 the third goes where the first did."""
    services = f"a: {{steps: [{{call: b, timeout: 4t}}]}}\nb: {LEAST}"
    first, second, third = run(services, at=[0, 2, 5], seed=seed).replicas("b")
    assert second != first
    assert third == first


@pytest.mark.parametrize("seed", range(4))
def test_5_7_what_is_sent_counts_until_its_handler_has_ended(run, seed):
    first, second, third = run(f"a: {{steps: [{{send: b}}]}}\nb: {LEAST}", at=[0, 5, 12], seed=seed).replicas("b")
    assert second != first
    assert third == first


@pytest.mark.parametrize("seed", range(4))
def test_5_7_a_call_counts_on_its_way_back_too(run, seed):
    """Answered at 10, back at 13: at 12 the first replica still counts, at 14 no more."""
    extra = "network: {latency: 3t}"
    first, second, third = run(
        f"a: {{steps: [{{call: b}}]}}\nb: {LEAST}", at=[0, 15, 17], seed=seed, extra=extra
    ).replicas("b")
    assert second != first
    assert third == first


def test_5_8_who_finds_no_slot_waits_and_who_finds_no_place_is_rejected(run):
    seen = run("a: {concurrency: 2, queue: {capacity: 1}, steps: [{sleep: 10t}]}", at=[0, 1, 2, 3, 11, 12])
    assert seen.outcomes == ["ok", "ok", "ok", "rejected", "ok", "ok"]
    assert seen.ends == [10, 11, 20, 3, 21, 30]
    assert seen.causes[3] == "rejected@a"


def test_5_8_without_a_limit_nobody_waits_for_a_slot(run):
    assert run("a: {steps: [{sleep: 10t}]}", at=[0] * 50).ends == [10] * 50
    assert run("a: {concurrency: 1, steps: [{sleep: 10t}]}", at=[0] * 50).ends == [10 * i for i in range(1, 51)]


def test_5_8_every_replica_has_slots_and_a_queue_of_its_own(run):
    a = "a: {replicas: 2, loadBalancer: ROUND_ROBIN, concurrency: 1, queue: {capacity: 1}, steps: [{sleep: 10t}]}"
    seen = run(a, at=[0, 0, 0, 0, 0])
    assert seen.ends == [10, 10, 20, 20, 0]


def test_5_9_first_come_first_served_or_the_last_one_first(run):
    def ends(discipline):
        queue = f"queue: {{discipline: {discipline}}}"
        return run(f"a: {{concurrency: 1, {queue}, steps: [{{sleep: 10t}}]}}", at=[0, 1, 2, 3, 25]).ends

    assert ends("FIFO") == [10, 20, 30, 40, 50]
    # at 10 the one of 3, at 20 that of 2, at 30 that of 25, at 40 that of 1
    assert ends("LIFO") == [10, 50, 30, 20, 40]


def test_5_9_lifo_orders_the_slots_and_not_the_cores(run):
    a = "a: {concurrency: 2, queue: {discipline: LIFO}, steps: [{cpu: 10t}]}"
    # slots: 0 and 1 at once; the core 0-10 and 10-20; at 10 the slot is the third's, whose core is from 20
    assert run(a, at=[0, 1, 2]).ends == [10, 20, 30]
    assert run(a, at=[0, 1, 2, 3]).ends == [10, 20, 40, 30]


def test_5_9_a_slot_is_held_during_calls(run):
    services = "a: {concurrency: 1, steps: [{call: b}]}\nb: {steps: [{sleep: 10t}]}"
    seen = run(services, at=[0, 0], extra="network: {latency: 2t}")
    assert seen.ends == [14, 28]
    assert seen.spans("b") == [(0, 14, "ok"), (14, 28, "ok")]
    assert seen.number("a", "waiting_time_s") == 7
    assert seen.number("a", "utilisation_ratio") == 0


def test_5_10_a_rejection_pays_the_way_back(run):
    services = "a: {steps: [{call: b, timeout: 4t}]}\nb: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 20t}]}"
    seen = run(services, at=[0, 5], extra="network: {latency: 2t}")
    assert seen.spans("b") == [(0, 4, "timeout"), (5, 9, "rejected")]


def test_5_10_a_rejection_can_be_lost_on_the_way_back(run):
    services = """
    a: {steps: [{call: b, timeout: 5t}]}
    b: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 2000t}]}
    """
    workload = "{one: {call: a, replay: arrivals.csv}, block: {call: b, replay: block.csv}}"
    extra = "network: {links: [{from: a, to: b, latency: 1t, loss: 30%}]}"
    n = 300
    seen = run(services, at=range(1, 3 * n, 3), workload=workload, files={"block.csv": [0]}, extra=extra)
    calls = [(end - start, outcome) for start, end, outcome in seen.spans("b")[1:]]
    assert set(calls) == {(2, "rejected"), (5, "timeout")}
    rejected, turned_away = calls.count((2, "rejected")), seen.number("b", "errors")
    assert abs(turned_away - 0.7 * n) < 4.5 * math.sqrt(n * 0.21)
    assert abs(rejected - 0.49 * n) < 4.5 * math.sqrt(n * 0.25)
    assert rejected < turned_away
