"""Section 12: wasted work, deadlines, timeouts that are drawn. Hedges and limits are in `test_12_hedges.py`."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.nanoseconds import nanoseconds
from simulator.rules.randomness import child, mix
from simulator.rules.variates import sample

TICK = 10**9 // 512


def a(policy: str, *, to: str = "b") -> str:
    return f"a: {{steps: [{{call: {to}, {policy}}}]}}\n"


def wasted(seen, service: str) -> tuple[Any, Any]:
    """Core-ticks, and ticks of cpu and sleep, for nobody, in the whole run of 1024 ticks."""
    cores = seen.busy(service, 1024) * seen.number(service, "wasted_ratio")
    visits = seen.number(service, "throughput_per_s") * 2
    return tuple(pytest.approx(time, rel=1e-12) for time in (cores, seen.number(service, "wasted_time_s") * visits))


# -- wasted work


def test_12_16_work_counts_from_when_its_caller_gives_up(run):
    """A cpu step of 10 that was given up at 4; a sleep of 6 after it, none of which anybody waits for."""
    seen = run(a("timeout: 4t") + "b: {steps: [{cpu: 10t}, {sleep: 6t}]}")
    assert wasted(seen, "b") == (6, 12)
    assert seen.number("b", "wasted_ratio") == pytest.approx(0.6, rel=1e-12)
    assert seen.number("a", "wasted_time_s") == 0
    assert seen.result.units.loc["b", "wasted_ratio"] == pytest.approx(0.6, rel=1e-12)


def test_12_16_an_answer_in_time_wastes_nothing(run):
    seen = run(a("timeout: 10t") + "b: {steps: [{cpu: 10t}]}")
    assert wasted(seen, "b") == (0, 0)


def test_12_16_who_works_for_nobody_wastes_its_callees_work(run):
    """The user is gone at 5; a goes on at 8, and calls c, which nobody needs."""
    services = "a: {steps: [{cpu: 8t}, {call: c}]}\nc: {steps: [{cpu: 3t}]}"
    seen = run(services, workload="{call: a, replay: arrivals.csv, policy: p}", extra="policies: {p: {timeout: 5t}}")
    assert wasted(seen, "a") == (3, 3)
    assert wasted(seen, "c") == (3, 3)


def test_12_16_a_caller_that_has_ended_is_remembered(run):
    """At 5 the user goes; at 6 a has ended, having given up on b at 2; b works on until 20."""
    services = a("timeout: 2t, fallback: {steps: [{sleep: 4t}]}") + "b: {steps: [{sleep: 20t}]}"
    seen = run(services, workload="{call: a, replay: arrivals.csv, policy: p}", extra="policies: {p: {timeout: 5t}}")
    assert wasted(seen, "b")[1] == 18
    assert wasted(seen, "a")[1] == 1


def test_12_16_what_is_sent_is_no_waste(run):
    services = "a: {steps: [{cpu: 8t}, {send: c}]}\nc: {steps: [{cpu: 3t}]}"
    for deployment in ("microservices", "monolith"):
        seen = run(services, workload="{call: a, replay: arrivals.csv, policy: p}", deployment=deployment,
                   extra="policies: {p: {timeout: 5t}}")  # fmt: skip
        assert wasted(seen, "a") == (3, 3)
        assert wasted(seen, "c") == (0, 0)


def test_12_16_inside_a_process_the_visit_is_that_of_its_handler(run):
    services = "a: {steps: [{cpu: 8t}, {call: c}]}\nc: {steps: [{cpu: 3t}]}"
    seen = run(services, workload="{call: a, replay: arrivals.csv, policy: p}", deployment="monolith",
               extra="policies: {p: {timeout: 5t}}")  # fmt: skip
    assert (wasted(seen, "a"), wasted(seen, "c")) == ((3, 3), (3, 3))
    assert seen.result.units["wasted_ratio"].tolist() == pytest.approx([6 / 11], rel=1e-12)


def test_12_16_shared_cores_by_the_time_in_the_station(run):
    """Two jobs of 8 on one core end at 16; given up at 4: three quarters of each."""
    seen = run(a("timeout: 4t") + "b: {scheduling: PS, steps: [{cpu: 8t}]}", at=[0, 0])
    assert wasted(seen, "b") == (12, 12)


def test_12_16_it_counts_when_it_is_done(run):
    """Bins are 1024/200 ticks; from a warmup of 512 on, what was done before does not count."""
    services = a("timeout: 4t") + "b: {steps: [{cpu: 100t}]}"
    seen = run(services, at=[462], warmup="512t", duration="1024t")
    assert seen.number("b", "utilisation_ratio") == 50 / 512
    assert seen.number("b", "wasted_ratio") == pytest.approx(1.0, rel=1e-12)
    seen = run(services, at=[508], warmup="512t", duration="1024t")
    assert seen.number("b", "wasted_ratio") == pytest.approx(1.0, rel=1e-12)
    seen = run(services, at=[510], warmup="512t", duration="1024t")
    assert seen.number("b", "wasted_ratio") == pytest.approx(96 / 98)


# -- deadlines


def test_12_17_without_it_the_callee_works_on(run):
    seen = run(a("timeout: 4t, deadline: ignore") + "b: {steps: [{sleep: 3t}, {sleep: 3t}, {sleep: 3t}]}")
    assert seen.busy("b", 1024) == 0
    assert seen.number("b", "service_time_s") == 9


def test_12_19_a_handler_ends_before_its_next_step(run):
    """At 4 the caller is gone; the step that is going on ends at 6, and no other begins."""
    seen = run(a("timeout: 4t, deadline: propagate") + "b: {steps: [{sleep: 3t}, {sleep: 3t}, {sleep: 3t}, {cpu: 1t}]}")
    assert seen.spans("b") == [(0, 4, "timeout")]
    assert wasted(seen, "b")[1] == 2
    assert seen.number("b", "errors") == 1
    assert seen.number("b", "service_time_s") != seen.number("b", "service_time_s"), "a dropped visit has no times"


@pytest.mark.parametrize(("timeout", "second"), [("5t", True), ("4t", False), ("3t", False)])
def test_12_18_at_its_very_instant_nothing_more_begins(run, timeout, second):
    seen = run(a(f"timeout: {timeout}, deadline: propagate") + "b: {steps: [{cpu: 4t}, {cpu: 4t}]}")
    assert seen.busy("b", 1024) == (8 if second else 4)


def test_12_18_an_answer_at_that_instant_is_in_time(run):
    seen = run(a("timeout: 4t, deadline: propagate") + "b: {steps: [{cpu: 4t}]}")
    assert seen.outcomes == ["ok"]


def test_12_18_checked_when_the_message_arrives(run):
    """The slot is taken until 9 by another one; a message that comes too late does not even wait for it."""
    services = a("timeout: 4t, deadline: propagate") + "b: {concurrency: 1, steps: [{cpu: 9t}]}"
    workload = "{w: {call: a, replay: arrivals.csv}, other: {call: b, replay: arrivals.csv}}"
    for latency, waited in (("4t", 0), ("3t", 6)):
        seen = run(services, workload=workload, extra=f"network: {{latency: {latency}}}")
        assert seen.outcomes == ["ok", "error"]
        assert seen.busy("b", 1024) == 9
        assert seen.number("b", "errors") == 1
        assert seen.number("b", "arrival_rate_per_s") * 2 == 2
        assert seen.number("b", "queue_length") * 1024 == waited


def test_12_18_checked_when_a_slot_is_granted(run):
    """Slots are free at 10; who has waited since 1 and 2 is gone by then, and who came at 8 has the slot at once."""
    services = a("timeout: 8t, deadline: propagate") + "b: {concurrency: 1, steps: [{sleep: 10t}]}"
    seen = run(services, at=[0, 1, 2, 8])
    assert seen.spans("b") == [(0, 8, "timeout"), (1, 9, "timeout"), (2, 10, "timeout"), (8, 16, "timeout")]
    assert wasted(seen, "b")[1] == 2 + 4
    assert seen.number("b", "queue_length") * 1024 == 9 + 8 + 2
    assert seen.number("b", "errors") == 2


def test_12_18_checked_when_a_core_is_granted(run):
    """Second steps queue behind the first ones of others: the core does 0-4, 4-8, 8-12 and 12-16, all of them first."""
    services = a("timeout: 8t, deadline: propagate") + "b: {steps: [{cpu: 4t}, {cpu: 6t}]}"
    seen = run(services, at=[0, 1, 2, 6])
    assert seen.spans("b")[1:3] == [(1, 9, "timeout"), (2, 10, "timeout")]
    assert seen.busy("b", 1024) == 16
    assert seen.number("b", "errors") == 4


def test_12_19_who_gets_a_core_too_late_gives_it_on_at_once(run):
    services = a("timeout: 6t, deadline: propagate") + "b: {steps: [{cpu: 10t}]}"
    seen = run(services, at=[0, 1, 2, 5])
    assert seen.busy("b", 1024) == 20
    assert seen.number("b", "queue_length") * 1024 == 9 + 8 + 5
    assert [span[2] for span in seen.spans("b")] == ["timeout"] * 4
    assert wasted(seen, "b")[0] == 4 + 9


def test_12_19_branches_amid_a_step_end_it(run):
    services = a("timeout: 4t, deadline: propagate") + (
        "b: {concurrency: 1, steps: [{parallel: [{steps: [{sleep: 3t}, {sleep: 9t}]}, {steps: [{sleep: 5t}, "
        "{sleep: 9t}]}]}, {sleep: 1t}]}"
    )
    seen = run(services, at=[0, 20])
    # the longest step that had begun ends at 12: then the slot is free, and nothing else begins
    assert wasted(seen, "b")[1] == 2 * (8 + 1)


def test_12_17_calls_inherit_it(run):
    """A waits for b until 10; b calls c at 3, without a timeout of its own, and c works until its step ends."""
    services = a("timeout: 10t, deadline: propagate") + (
        "b: {steps: [{sleep: 3t}, {call: c}]}\nc: {steps: [{sleep: 4t}, {sleep: 4t}, {sleep: 4t}]}"
    )
    seen = run(services)
    assert seen.spans("b") == [(0, 10, "timeout")]
    assert seen.spans("c") == [(3, 10, "timeout")]
    assert wasted(seen, "c")[1] == 1
    assert seen.number("b", "errors") == 1


def test_12_17_the_sooner_one_counts(run):
    for inner, end in (("4t", 7), ("40t", 10)):
        services = a("timeout: 10t, deadline: propagate") + (
            f"b: {{steps: [{{sleep: 3t}}, {{call: c, timeout: {inner}, deadline: propagate}}]}}\n"
            "c: {steps: [{sleep: 4t}, {sleep: 4t}, {sleep: 4t}]}"
        )
        assert run(services).spans("c") == [(3, end, "timeout")]


def test_12_17_what_ignores_its_own_passes_on_what_it_inherits(run):
    services = a("timeout: 10t, deadline: propagate") + (
        "b: {steps: [{sleep: 3t}, {call: c, timeout: 5t, deadline: ignore}]}\n"
        "c: {steps: [{sleep: 6t}, {sleep: 6t}, {sleep: 6t}]}"
    )
    seen = run(services)
    assert seen.spans("c") == [(3, 8, "timeout")]
    assert wasted(seen, "c")[1] == 1 + 6  # given up at 8; at 9 the deadline that it knows, 10, is still to come
    assert seen.number("c", "errors") == 1


def test_12_17_of_a_try_it_is_the_end_of_its_patience(run):
    policy = "timeout: 30t, retries: {attempts: 1, perTryTimeout: 4t, backoff: 0s}, deadline: propagate"
    seen = run(a(policy) + "b: {replicas: 2, loadBalancer: ROUND_ROBIN, steps: [{sleep: 5t}, {sleep: 5t}]}")
    assert seen.spans("b") == [(0, 4, "timeout"), (4, 8, "timeout")]
    assert wasted(seen, "b")[1] == 2


def test_12_17_a_send_hands_on_none(run):
    services = a("timeout: 4t, deadline: propagate") + (
        "b: {steps: [{send: c}, {sleep: 9t}, {send: c}]}\nc: {steps: [{sleep: 9t}, {sleep: 9t}]}"
    )
    seen = run(services)
    assert seen.spans("c") == [(0, 18, "ok")], "the second one would be sent after the deadline"


def test_12_17_inside_a_process_it_is_the_visits(run):
    services = "a: {steps: [{sleep: 3t}, {call: c}, {sleep: 3t}]}\nc: {steps: [{sleep: 3t}, {sleep: 3t}]}"
    seen = run(services, workload="{call: a, replay: arrivals.csv, policy: p}", deployment="monolith",
               extra="policies: {p: {timeout: 4t, deadline: propagate}}")  # fmt: skip
    assert seen.outcomes == ["timeout"]
    assert seen.spans("c") == [(3, 6, "error")]
    assert wasted(seen, "c")[1] == 2
    assert seen.number("a", "errors") == seen.number("c", "errors") == 1


def test_12_20_a_call_that_is_packed_too_late_is_not_made(run):
    services = a("timeout: 4t, deadline: propagate") + "b: {steps: [{call: c}]}\nc: {steps: []}"
    seen = run(services, extra="network: {serialization: 2t}")
    # a has packed at 2 and waits until 6; b has unpacked at 4, and packed at 6
    assert seen.spans("c") == [(6, 6, "timeout")]
    assert seen.number("c", "arrival_rate_per_s") == 0
    assert seen.number("b", "errors") == 1


def test_12_19_a_late_fallback_is_not_run(run):
    services = a("timeout: 6t, deadline: propagate") + (
        "b: {steps: [{call: c, fallback: {steps: [{sleep: 5t}]}}]}\nc: {steps: [{sleep: 9t}]}"
    )
    seen = run(services)
    assert seen.number("b", "errors") == 1
    assert wasted(seen, "b")[1] == 0


# -- a timeout that is drawn


def test_12_3_a_timeout_is_drawn_once_a_call(run, stream):
    n = 30
    policy = "timeout: {dist: exponential, mean: 12t}, retries: {attempts: 5, backoff: 0s}"
    seen = run(a(policy) + "b: {errorRate: 100%, steps: [{sleep: 3t}]}", at=range(0, 30 * n, 30))
    key = mix(1, 0)
    expected = []
    for number in range(n):
        visit = child(child(number, stream("request workload"), 0), stream("entry workload -> a"), 0)
        address = child(visit, stream("call a/0"), 0)
        expected.append(nanoseconds(sample(1, 12 / 512, 0.0, 0.0, key, address, stream("timeout a->b"), 0)))
    ends = seen.whole(seen.result.attempts.query("target == 'a'")["end_s"])
    assert ends == [30 * k * TICK + min(wait, 18 * TICK) for k, wait in enumerate(expected)]
    assert 0 < sum(wait < 18 * TICK for wait in expected) < n
