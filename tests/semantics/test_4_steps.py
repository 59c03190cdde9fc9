"""Section 4: the steps of a handler."""

from __future__ import annotations

import math

import pytest

import simulator as sim

BOTH = pytest.mark.parametrize("deployment", ["microservices", "monolith"])


@BOTH
def test_4_1_steps_run_one_after_the_other(run, deployment):
    seen = run("a: {steps: [{cpu: 2t}, {sleep: 3t}, {call: b}, {cpu: 1t}]}\nb: {steps: [{cpu: 4t}]}",
               deployment=deployment)  # fmt: skip
    assert seen.ends == [10]
    assert seen.spans("b") == [(5, 9, "ok")]


@BOTH
def test_4_1_the_first_failure_ends_the_handler(run, deployment):
    services = """
    a: {steps: [{cpu: 2t}, {call: b}, {cpu: 16t}, {call: c}]}
    b: {errorRate: 100%, steps: [{cpu: 4t}]}
    c: {steps: []}
    """
    seen = run(services, deployment=deployment)
    assert seen.ends == [6]
    assert seen.causes == ["error@b"]
    assert seen.busy("a", 1024) == pytest.approx(2)
    assert seen.busy("b", 1024) == pytest.approx(4)
    assert seen.spans("c") == []


def test_4_2_sleep_needs_no_core(run):
    seen = run("a: {steps: [{sleep: 4t}]}", at=[0, 0, 0])
    assert seen.ends == [4, 4, 4]
    assert seen.number("a", "utilisation_ratio") == 0
    assert seen.number("a", "service_time_s") == 4


@BOTH
def test_4_3_times(run, deployment):
    services = """
    a: {steps: [{cpu: 2t, times: 3}, {sleep: 100t, times: 0}, {call: b, times: 2}]}
    b: {steps: [{sleep: 1t, times: 5}]}
    """
    seen = run(services, deployment=deployment)
    assert seen.ends == [16]
    assert seen.spans("b") == [(6, 11, "ok"), (11, 16, "ok")]


@BOTH
def test_4_3_times_stop_at_the_first_failure(run, deployment):
    services = "a: {steps: [{call: b, times: 4}]}\nb: {errorRate: 30%, steps: [{sleep: 1t}]}"
    seen = run(services, at=range(0, 1000, 8), deployment=deployment)
    tries = seen.result.attempts.query("target == 'b'").groupby("request")["outcome"].apply(list)
    lengths = set()
    for outcome, outcomes in zip(seen.outcomes, tries, strict=True):
        failed = outcome == "error"
        assert outcomes == ["ok"] * (len(outcomes) - failed) + ["error"] * failed
        assert failed or len(outcomes) == 4
        lengths.add((outcome, len(outcomes)))
    assert lengths == {("ok", 4), ("error", 1), ("error", 2), ("error", 3), ("error", 4)}


def test_4_3_probability_is_drawn_once_for_all_repetitions(run):
    seen = run("a: {steps: [{sleep: 1t, times: 4, probability: 50%}]}", at=range(0, 1000, 5))
    assert set(seen.latencies) == {0, 4}
    assert abs(seen.latencies.count(4) - 100) < 4.5 * math.sqrt(200 / 4)


@pytest.mark.parametrize(("probability", "latency"), [("0%", 0), ("100%", 4)])
def test_4_3_a_probability_at_an_end_is_certain(run, probability, latency):
    seen = run(f"a: {{steps: [{{sleep: 4t, probability: {probability}}}]}}", at=range(50))
    assert set(seen.latencies) == {latency}


@BOTH
def test_4_3_each_repetition_draws_its_own_times(run, deployment):
    services = "a: {steps: [{call: b, times: 3}]}\nb: {steps: [{sleep: {dist: exponential, mean: 4t}}]}"
    seen = run(services, deployment=deployment)
    assert len({end - start for start, end, _ in seen.spans("b")}) == 3


def test_4_3_each_repetition_of_a_block_draws_its_own_choice(run):
    seen = run("a: {steps: [{times: 4, choose: [{steps: []}, {steps: [{sleep: 1t}]}]}]}", at=range(0, 1000, 5))
    assert set(seen.latencies) == {0, 1, 2, 3, 4}


def test_4_3_repetitions_within_repetitions_have_addresses_of_their_own(run):
    services = """
    a: {steps: [{times: 3, parallel: [{call: b, times: 3}]}]}
    b: {steps: [{sleep: {dist: exponential, mean: 4t}}]}
    """
    seen = run(services)
    assert len({end - start for start, end, _ in seen.spans("b")}) == 9


@BOTH
def test_4_3_a_probability_is_the_same_in_every_deployment(run, deployment):
    """Written for one, it is the other that must agree: what is drawn does not know who shares a process."""
    services = "a: {steps: [{call: b, probability: 40%}]}\nb: {steps: [{sleep: 1t, probability: 40%}]}"
    seen = run(services, at=range(60), deployment=deployment)
    other = run(services, at=range(60), deployment="microservices")
    assert seen.latencies == other.latencies
    assert set(seen.latencies) == {0, 1}


def test_4_4_exactly_one_option_by_weight(run):
    services = """
    a: {steps: [{choose: [{weight: 0, steps: [{sleep: 8t}]}, {weight: 3, steps: [{sleep: 1t}]},
                          {weight: 1, steps: [{sleep: 1t}, {sleep: 1t}]}, {weight: 0, steps: []}]}]}
    """
    seen = run(services, at=range(0, 1000, 2))
    assert set(seen.latencies) == {1, 2}
    assert abs(seen.latencies.count(1) - 375) < 4.5 * math.sqrt(500 * 3 / 16)


@BOTH
def test_4_5_a_handler_fails_after_its_steps(run, deployment):
    services = "a: {steps: [{call: b}, {cpu: 1t}]}\nb: {errorRate: 100%, steps: [{cpu: 4t}]}"
    seen = run(services, deployment=deployment)
    assert seen.ends == [4]
    assert seen.causes == ["error@b"]
    assert seen.number("b", "errors") == 1
    assert seen.number("a", "errors") == 1


@pytest.mark.parametrize(
    ("service", "endpoint", "outcome"), [("100%", "0%", "ok"), ("0%", "100%", "error"), ("100%", None, "error")]
)
def test_4_5_an_endpoint_has_its_own_rate_or_its_services(run, service, endpoint, outcome):
    own = "" if endpoint is None else f"errorRate: {endpoint}, "
    seen = run(f"a: {{errorRate: {service}, endpoints: {{x: {{{own}steps: []}}}}}}", call="a.x")
    assert seen.outcomes == [outcome]


@BOTH
def test_4_5_the_rate_is_drawn_once_a_run(run, deployment):
    services = "a: {steps: [{call: b}]}\nb: {errorRate: 25%, steps: [{cpu: 1t, times: 3}]}"
    seen = run(services, at=range(0, 1000, 4), deployment=deployment)
    assert abs(seen.outcomes.count("error") - 62.5) < 4.5 * math.sqrt(250 * 3 / 16)
    assert seen.outcomes == run(services, at=range(0, 1000, 4)).outcomes


PARALLEL = """
a: {steps: [{parallel: [{call: b}, {call: c}, {sleep: 8t}]}, {cpu: 100t}]}
b: {errorRate: 100%, steps: [{sleep: 6t}]}
c: {errorRate: 100%, steps: [{sleep: 2t}]}
"""


@BOTH
def test_4_6_all_branches_are_waited_for_and_the_first_failure_in_time_counts(run, deployment):
    seen = run(PARALLEL, deployment=deployment)
    assert seen.ends == [8]
    assert seen.causes == ["error@c"]
    assert seen.spans("b") == [(0, 6, "error")]  # not cancelled by c's failure at 2
    assert seen.busy("a", 1024) == 0


@BOTH
def test_4_6_branches_run_at_once_and_share_the_cores(run, deployment):
    services = """
    a: {resources: {cpu: 2}, steps: [{parallel: [{cpu: 4t}, {cpu: 6t}, {steps: [{cpu: 3t}, {sleep: 5t}]}]}]}
    """
    # cores: 0-4 and 0-6, then the third from 4 to 7, and it sleeps until 12
    assert run(services, deployment=deployment).ends == [12]


@BOTH
def test_4_6_a_parallel_within_a_parallel(run, deployment):
    services = """
    a: {steps: [{parallel: [{parallel: [{sleep: 3t}, {call: b}]}, {steps: [{sleep: 4t}, {parallel: [{call: b}]}]}]},
                {sleep: 1t}]}
    b: {steps: [{parallel: [{sleep: 5t}, {sleep: 2t}]}]}
    """
    seen = run(services, deployment=deployment)
    assert seen.ends == [10]
    assert seen.spans("b") == [(0, 5, "ok"), (4, 9, "ok")]


def test_4_6_branches_that_take_no_time(run):
    assert run("a: {steps: [{parallel: [{call: b}, {steps: []}]}, {sleep: 1t}]}\nb: {steps: []}").ends == [1]


def test_4_7_nobody_waits_for_what_is_sent_and_its_failure_counts_at_the_target_only(run):
    services = "a: {steps: [{send: b}, {cpu: 2t}]}\nb: {errorRate: 100%, steps: [{cpu: 5t}]}"
    seen = run(services, extra="network: {latency: 3t}")
    assert seen.ends == [2]
    assert seen.outcomes == ["ok"]
    assert seen.causes == [""]
    assert seen.number("b", "errors") == 1
    assert seen.number("a", "errors") == 0
    assert seen.busy("b", 1024) == 5
    assert seen.result.requests["attempts"].tolist() == [2]
    assert seen.spans("b") == [(0, 8, "error")]  # when its handler has ended: nobody waits for an answer


def test_4_7_what_is_sent_is_packed_first(run):
    seen = run("a: {steps: [{send: b}, {sleep: 1t}]}\nb: {steps: [{sleep: 2t}]}", extra="network: {serialization: 4t}")
    assert seen.ends == [5]
    # unpacked 4-8, slept until 10, and packs an answer for nobody
    assert seen.spans("b")[0][:1] == (4,)
    assert seen.busy("a", 1024) == 4


@pytest.mark.parametrize(
    "b", ["{replicas: 0, steps: []}", "{concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 9t}]}"]
)
def test_4_7_what_cannot_be_delivered_is_no_failure_of_the_request(run, b):
    seen = run(f"a: {{steps: [{{send: b}}]}}\nb: {b}", at=[0, 1])
    assert seen.outcomes == ["ok", "ok"]
    assert seen.spans("b")[1] == (1, 1, "unreachable" if "replicas" in b else "rejected")


def test_4_7_a_link_error_of_what_is_sent_counts_when_the_message_would_have_come(run):
    extra = "network: {links: [{from: a, to: b, latency: 3t, errorRate: 100%}]}"
    seen = run("a: {steps: [{send: b}]}\nb: {steps: []}", extra=extra)
    assert seen.outcomes == ["ok"]
    assert seen.spans("b") == [(0, 3, "error")]


ALL = "{services: [a, b], resources: {cpu: 1}, concurrency: 1, queue: {capacity: 0}}"
ONE_CORE = f"deployments: {{monolith: {{units: {{all: {ALL}}}}}}}"


def test_4_7_inside_a_process_it_is_a_task_that_starts_at_once(run):
    """Its cpu step is the first in the queue of the core."""
    services = "a: {steps: [{send: b}, {cpu: 2t}]}\nb: {errorRate: 100%, steps: [{cpu: 4t}, {cpu: 3t}]}"
    seen = run(services, deployment="monolith", extra=ONE_CORE)
    assert seen.ends == [6]
    assert seen.outcomes == ["ok"]
    assert seen.spans("b") == [(0, 9, "error")]


def test_4_7_inside_a_process_it_holds_no_slot(run):
    seen = run("a: {steps: [{send: b}]}\nb: {steps: [{sleep: 9t}]}", at=[0, 4], deployment="monolith", extra=ONE_CORE)
    assert seen.outcomes == ["ok", "ok"]


@BOTH
def test_4_8_a_handler_without_steps_takes_no_time(run, deployment):
    seen = run("a: {steps: [{call: b}]}\nb: {steps: []}", at=[0, 7], deployment=deployment)
    assert seen.latencies == [0, 0]


@BOTH
def test_4_9_a_fail_ends_its_handler_and_says_why(run, deployment):
    """What comes before it takes its time, what comes after it none; the caller has the word as its cause."""
    services = "a: {steps: [{cpu: 1t}, {call: b}, {cpu: 9t}]}\nb: {steps: [{cpu: 2t}, {call: c}, {cpu: 9t}]}\n"
    services += "c: {steps: [{sleep: 3t}, {fail: declined}]}"
    seen = run(services, deployment=deployment)
    assert seen.ends == [6]
    assert (seen.outcomes, seen.causes) == (["error"], ["declined@c"])
    assert [seen.spans(name)[0][2] for name in "bc"] == ["error", "error"]
    assert [seen.number(name, "errors") for name in "abc"] == [1, 1, 1]


@BOTH
def test_4_9_by_chance_or_as_an_option(run, deployment):
    """Each word has its own cause; of `parallel` branches the first failure counts."""
    services = (
        "a: {steps: [{call: b}]}\n"
        "b: {steps: [{parallel: [{steps: [{cpu: 4t}, {fail: late}]}, {steps: [{sleep: 2t}, {fail: soon}]}]}]}"
    )
    seen = run(services, at=[0, 20], deployment=deployment)
    assert seen.causes == ["soon@b", "soon@b"]
    assert seen.latencies == [4, 4]
    never = (
        "{fail: one, probability: 0}, {fail: two, times: 0}, {choose: [{steps: []}, {weight: 0, steps: [{fail: x}]}]}"
    )
    assert run(f"a: {{steps: [{never}]}}", deployment=deployment).outcomes == ["ok"]


def test_4_9_in_a_repetition_and_beside_an_error_rate(run):
    """It ends the repetition; the chance of the handler to fail is not asked any more."""
    again = "{times: 3, choose: [{steps: [{cpu: 2t}, {fail: x}]}]}"
    seen = run(f"a: {{steps: [{{call: b}}]}}\nb: {{errorRate: 100%, steps: [{again}]}}")
    assert (seen.ends, seen.causes) == ([2], ["x@b"])


def test_4_9_re_tries_and_fallbacks_see_an_error(run):
    tried = "{call: b, retries: {attempts: 2, backoff: 0ms, retryOn: [error]}}"
    seen = run(f"a: {{steps: [{tried}]}}\nb: {{steps: [{{cpu: 1t}}, {{fail: x}}]}}")
    assert [outcome for _, _, outcome in seen.spans("b")] == ["error"] * 3
    assert (seen.ends, seen.causes) == ([3], ["x@b"])
    served = run("a: {steps: [{call: b, fallback: {steps: [{cpu: 2t}]}}]}\nb: {steps: [{cpu: 1t}, {fail: x}]}")
    assert (served.ends, served.outcomes) == ([3], ["degraded"])
    again = run("a: {steps: [{call: b, fallback: {steps: [{fail: both}]}}]}\nb: {steps: [{fail: x}]}")
    assert again.causes == ["both@a"]


def test_4_9_of_a_send_it_counts_at_the_target(run):
    seen = run("a: {steps: [{send: b}]}\nb: {steps: [{cpu: 1t}, {fail: x}]}")
    assert seen.outcomes == ["ok"]
    assert seen.spans("b") == [(0, 1, "error")]


def test_4_9_without_the_word_a_plan_is_what_it_was():
    """The table is part of a digest only where something is in it; the same word twice is one row."""
    text = "services: {a: {steps: [{cpu: 1ms}%s]}}\nworkload: {call: a, rate: 1/s}"
    plain, failing = (sim.compile(sim.loads(text % more)) for more in ("", ", {fail: x, probability: 50%}, {fail: x}"))
    assert plain.reasons.name == ()
    assert failing.reasons.name == ("x",)
    assert "fail x" in failing.explain()
