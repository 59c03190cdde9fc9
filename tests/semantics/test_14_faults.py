"""Section 14: pauses, slow steps, and what goes wrong on the network."""

from __future__ import annotations

import pytest

import simulator as sim
from simulator.compiler.deployments import UnitSize
from simulator.rules.randomness import child, mix, uniform

CPU = "b: {{scheduling: {}, steps: [{{cpu: 10t}}]}}"
OVER_NETWORK = "network: {links: [{from: workload, to: b, latency: 2t}]}\n"


def faults(*some: str) -> str:
    """Faults as a list: ticks from, ticks long, and the rest of each."""
    return "faults:\n" + "\n".join(
        f"  - {{at: {one.split()[0]}t, for: {one.split()[1]}t, {' '.join(one.split()[2:])}}}" for one in some
    )


# -- 14.8 to 14.10: when, and whom


@pytest.mark.parametrize(
    "fault",
    ["slow: {factor: 9}", "pause: {}", "abort: {}", "delay: {fixedDelay: 99t}", "partition: {}"],
)
def test_14_8_what_lasts_for_no_time_does_nothing(run, fault):
    seen = run("b: {steps: [{cpu: 10t}, {sleep: 7t}]}", at=[10], call="b", extra=faults(f"10 0 target: b, {fault}"))
    assert seen.spans("b") == [(10, 27, "ok")]


@pytest.mark.parametrize("fault", ["slow: {factor: 2}", "abort: {}", "delay: {fixedDelay: 1t}", "partition: {}"])
def test_14_8_from_its_beginning_to_just_before_its_end(run, fault):
    """Of requests at 8, 10, 19, 20 the second and the third meet it."""
    extra = faults(f"10 10 target: b, {fault}")
    seen = run("b: {steps: [{sleep: 1t}]}", at=[8, 10, 19, 20], call="b", extra=extra)
    met = [span[1:] != (start + 1, "ok") for span, start in zip(seen.spans("b"), [8, 10, 19, 20], strict=True)]
    assert met == [False, True, True, False]


def test_14_10_more_replicas_than_there_are(compiled):
    extra = "faults: [{at: 1s, for: 1s, target: b, kill: {replicas: 4}}]"
    services = "a: {steps: [{call: b}]}\nb: {replicas: 3, steps: []}"
    text = "4, but b has 3 replicas in deployment microservices; write at most 3, or `all`"
    with pytest.raises(sim.PlanError, match=text):
        compiled(services, "microservices", extra=extra)
    plan = compiled(services, "monolith", extra=extra)
    assert plan.faults.replicas.tolist() == [2]
    assert "faults[0] (kill of b): monolith has 2 replicas in this deployment, not 4: it hits all" in plan.warnings


def test_14_10_a_unit_that_was_sized_may_have_fewer(compiled):
    services = "b: {replicas: 3, steps: []}"
    extra = "faults: [{at: 1s, for: 1s, target: b, kill: {replicas: 3}}]"
    plan = compiled(services, "microservices", call="b", extra=extra, sizes={"b": UnitSize(replicas=2)})
    assert plan.faults.replicas.tolist() == [2]


# -- 14.12: slow


def test_14_12_steps_that_begin_while_it_lasts(run):
    """Cpu 4 at 9 as ever; at 12 it begins, waits until 13 and takes 12; at 20, 25 as ever; sleeps too."""
    extra = faults("10 10 target: b, slow: {factor: 3}")
    seen = run("b: {steps: [{cpu: 4t}]}", at=[9, 12, 20], call="b", extra=extra)
    assert seen.spans("b") == [(9, 13, "ok"), (12, 25, "ok"), (20, 29, "ok")]
    seen = run("b: {steps: [{sleep: 4t}]}", at=[9, 12, 20], call="b", extra=extra)
    assert seen.spans("b") == [(9, 13, "ok"), (12, 24, "ok"), (20, 24, "ok")]
    assert seen.number("b", "service_time_s") * 3 == pytest.approx(20)


def test_14_12_a_cpu_step_begins_with_its_core(run):
    extra = faults("10 10 target: b, slow: {factor: 3}")
    before = run("b: {steps: [{cpu: 4t}]}", at=[8, 9], call="b", extra=extra)
    assert before.spans("b") == [(8, 12, "ok"), (9, 24, "ok")]
    after = run("b: {steps: [{cpu: 4t}]}", at=[12, 13, 14], call="b", extra=extra)
    assert after.spans("b") == [(12, 24, "ok"), (13, 28, "ok"), (14, 32, "ok")]
    assert after.number("b", "service_time_s") * 3 == pytest.approx(12 + 4 + 4)
    assert after.breakdown("b")["waiting"] == pytest.approx((11 + 14) / 3)


def test_14_12_on_shared_cores_it_begins_at_once(run):
    """From 12 on 12 of work, from 14 on another 12; they share from 14 on: 10 left and 12; 34, then 2 alone."""
    extra = faults("10 10 target: b, slow: {factor: 3}")
    seen = run("b: {scheduling: PS, steps: [{cpu: 4t}]}", at=[12, 14], call="b", extra=extra)
    assert seen.spans("b") == [(12, 34, "ok"), (14, 36, "ok")]


def test_14_12_overlapping_ones_multiply_and_speed_stays(run):
    extra = faults("10 10 target: b, slow: {factor: 3}", "15 200 target: b, slow: {factor: 0.5}")
    seen = run("b: {speed: 2, steps: [{cpu: 16t}]}", at=[16, 19, 200, 300], call="b", extra=extra)
    # 8 x 3 x 0.5; from 28 on 8 x 0.5; 8 x 0.5; 8
    assert seen.spans("b") == [(16, 28, "ok"), (19, 32, "ok"), (200, 204, "ok"), (300, 308, "ok")]


def test_14_12_packing_is_slow_too(run):
    services = "a: {steps: [{call: b}]}\nb: {steps: []}"
    extra = "network: {serialization: 2t}\n" + faults("0 100 target: b, slow: {factor: 5}")
    assert run(services, extra=extra).latencies == [2 + 10 + 10 + 2]


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_14_12_wherever_the_service_runs(run, deployment):
    services = "a: {steps: [{cpu: 3t}, {call: b}]}\nb: {steps: [{cpu: 5t}]}"
    seen = run(services, extra=faults("0 100 target: b, slow: {factor: 2}"), deployment=deployment)
    assert seen.latencies == [13]


def test_14_12_some_replicas(run):
    service = "b: {replicas: 2, loadBalancer: ROUND_ROBIN, steps: [{cpu: 4t}]}"
    seen = run(service, at=[0, 10], call="b", extra=faults("0 100 target: b, slow: {factor: 2, replicas: 1}"))
    assert seen.spans("b") == [(0, 8, "ok"), (10, 14, "ok")]


# -- 14.13: pause


def test_14_13_work_keeps_what_is_left_of_it(run):
    extra = faults("4 6 target: b, pause: {}")
    seen = run(CPU.format("FIFO"), at=[0, 3, 8], call="b", extra=extra)
    assert seen.spans("b") == [(0, 16, "ok"), (3, 26, "ok"), (8, 36, "ok")]
    assert seen.number("b", "waiting_time_s") * 3 == 6 + 13 + 18
    assert seen.number("b", "queue_length") * 1024 == 6 + 13 + 18
    assert seen.busy("b", 1024) == 30
    assert seen.breakdown("b")["waiting"] == pytest.approx(37 / 3)


def test_14_13_shared_cores(run):
    """From 3 on two share: at 4 there are 6.5 and 9.5 left, from 10 on both again; 23 and 26."""
    seen = run(CPU.format("PS"), at=[0, 3], call="b", extra=faults("4 6 target: b, pause: {}"))
    assert seen.spans("b") == [(0, 23, "ok"), (3, 26, "ok")]
    assert seen.busy("b", 1024) == 20
    assert seen.number("b", "queue_length") * 1024 == 23 + 23 - 20


@pytest.mark.parametrize("scheduling", ["FIFO", "PS"])
@pytest.mark.parametrize(
    ("spans", "end"),
    [
        (["4 6"], 16),
        (["10 6"], 16),  # as it would end
        (["0 6"], 16),  # as it comes
        (["4 6", "8 7"], 21),  # they overlap
        (["4 6", "10 5"], 21),  # they touch
        (["4 20", "6 2"], 30),  # one within the other
        (["4 6", "4 6"], 16),
        (["2 1", "4 1", "11 1"], 13),
        (["12 6"], 10),
    ],
)
def test_14_13_while_any_pause_lasts(run, scheduling, spans, end):
    extra = faults(*(f"{span} target: b, pause: {{}}" for span in spans))
    seen = run(CPU.format(scheduling), call="b", extra=extra)
    assert seen.spans("b") == [(0, end, "ok")]
    assert seen.busy("b", 1024) == 10
    assert seen.number("b", "waiting_time_s") == end - 10


def test_14_13_a_sleep_ends_with_the_pause_that_it_would_end_in(run):
    seen = run("b: {steps: [{sleep: 5t}, {cpu: 1t}]}", at=[0, 2, 5, 7], call="b",
               extra=faults("4 6 target: b, pause: {}"))  # fmt: skip
    # woken at 10, 10, 10 (as the pause ends) and 12
    assert seen.spans("b") == [(0, 11, "ok"), (2, 12, "ok"), (5, 13, "ok"), (7, 14, "ok")]
    assert seen.number("b", "service_time_s") * 4 == pytest.approx(24)
    assert seen.number("b", "waiting_time_s") * 4 == pytest.approx(5 + 3 + 1 + 2 + 1)
    assert seen.number("b", "queue_length") * 1024 == 5 + 3 + 1 + 2 + 1


def test_14_13_what_came_meanwhile_begins_in_its_order(run):
    service = "b: {resources: {cpu: 2}, steps: [{cpu: 10t}]}"
    seen = run(service, at=[0, 5, 6, 7], call="b", extra=faults("4 6 target: b, pause: {}"))
    assert seen.spans("b") == [(0, 16, "ok"), (5, 20, "ok"), (6, 26, "ok"), (7, 30, "ok")]


def test_14_13_messages_and_timers_go_on(run):
    service = "b: {concurrency: 1, queue: {capacity: 0}, steps: [{cpu: 10t}]}"
    services = "a: {steps: [{call: b, timeout: 7t}]}\n" + service
    seen = run(services, at=[5, 6], extra=faults("4 60 target: b, pause: {}"))
    assert seen.spans("b") == [(5, 12, "timeout"), (6, 6, "rejected")]


@pytest.mark.parametrize("scheduling", ["FIFO", "PS"])
def test_14_13_a_pause_ends_with_a_death(run, scheduling):
    """Dead at 10 and there again, not paused; the pause that goes on is that of a replica that is no more."""
    seen = run(
        f"b: {{scheduling: {scheduling}, steps: [{{cpu: 10t}}, {{sleep: 1t}}]}}",
        at=[0, 6, 12],
        call="b",
        extra=faults("4 26 target: b, pause: {}", "10 0 target: b, kill: {}", "25 4 target: b, pause: {}"),
    )
    assert seen.spans("b") == [(0, 10, "error"), (6, 10, "error"), (12, 23, "ok")]
    assert seen.busy("b", 1024) == 14
    assert seen.number("b", "queue_length") * 1024 == 6 + 4


def test_14_13_sleepers_die_in_a_pause(run):
    services = "b: {steps: [{sleep: 5t}]}"
    seen = run(services, at=[0, 20], call="b", extra=faults("4 26 target: b, pause: {}", "10 1 target: b, kill: {}"))
    assert seen.spans("b") == [(0, 10, "error"), (20, 25, "ok")]
    assert seen.number("b", "queue_length") * 1024 == 5


@pytest.mark.parametrize("startup", ["0s", "20t"])
def test_14_13_one_that_is_down_or_starting_has_nothing_to_pause(run, startup):
    service = f"b: {{startup: {startup}, steps: [{{cpu: 5t}}]}}"
    seen = run(service, at=[31], call="b", extra=faults("4 6 target: b, kill: {}", "8 90 target: b, pause: {}"))
    assert seen.spans("b") == [(31, 36, "ok")]


def test_14_13_some_replicas_of_a_merged_unit(run):
    service = "loadBalancer: ROUND_ROBIN, steps: [{cpu: 5t}]"
    services = f"a: {{replicas: 2, {service}}}\nb: {{{service}}}"
    unit = "deployments: {d: {units: {u: {services: [a, b], replicas: 2, resources: {cpu: 1}}}}}\n"
    workload = "{x: {call: a, replay: arrivals.csv}, y: {call: b, replay: late.csv}}"
    extra = unit + faults("1 10 target: b, pause: {replicas: 1}")
    seen = run(services, at=[0, 1], files={"late.csv": [900]}, workload=workload, extra=extra, deployment="d")
    assert seen.spans("a") == [(0, 15, "ok"), (1, 6, "ok")]


# -- 14.14 to 14.17: the network


def test_14_15_an_abort_comes_back_as_an_error_after_a_round_trip(run):
    extra = OVER_NETWORK + faults("10 10 target: b, abort: {}")
    seen = run("b: {steps: [{sleep: 5t}]}", at=[9, 12], call="b", extra=extra)
    assert seen.spans("b") == [(9, 18, "ok"), (12, 16, "error")]
    assert seen.causes == ["", "error@b"]
    assert seen.number("b", "throughput_per_s") * 2 == 1


def test_14_14_an_abort_is_drawn_at_the_attempt_for_each_fault(run, stream):
    extra = faults("0 512 target: b, abort: {percentage: 30}", "0 512 target: b, abort: {percentage: 50}")
    seen = run("b: {steps: []}", at=[*range(100)], call="b", extra=extra)
    key = mix(1, 0)
    requests = [child(number, stream("request workload"), 0) for number in range(100)]
    attempts = [child(address, stream("entry workload -> b"), 0) for address in requests]
    one, two = (stream(f"fault abort ->b{again}") for again in ("", " again 2"))
    expected = [uniform(key, a, one, 0) < 0.3 or uniform(key, a, two, 0) < 0.5 for a in attempts]
    assert [outcome == "error" for outcome in seen.outcomes] == expected
    assert 30 < sum(expected) < 95


@pytest.mark.parametrize("percentage", [0, 100])
def test_14_15_never_and_always(run, percentage):
    extra = faults(f"0 512 target: b, abort: {{percentage: {percentage}}}")
    seen = run("b: {steps: []}", at=[*range(50)], call="b", extra=extra)
    assert set(seen.outcomes) == {"error" if percentage else "ok"}


def test_14_15_at_some_replicas(run):
    service = "b: {replicas: 2, loadBalancer: ROUND_ROBIN, steps: []}"
    seen = run(service, at=[*range(4)], call="b", extra=faults("0 90 target: b, abort: {replicas: 1}"))
    assert seen.outcomes == ["error", "ok", "error", "ok"]


def test_14_15_a_send_that_is_aborted_ends_at_the_target(run):
    services = "a: {steps: [{send: b}]}\nb: {steps: [{sleep: 9t}]}"
    seen = run(services, extra="network: {latency: 3t}\n" + faults("0 9 target: b, abort: {}"))
    assert seen.spans("b") == [(0, 3, "error")]
    assert seen.outcomes == ["ok"]


def test_14_16_messages_there_are_late_and_delays_add_up(run):
    first, second = "10 10 target: b, delay: {fixedDelay: 7t}", "15 10 target: b, delay: {fixedDelay: 20t}"
    extra = OVER_NETWORK + faults(first, second)
    seen = run("b: {steps: [{sleep: 5t}]}", at=[9, 12, 16, 22], call="b", extra=extra)
    assert seen.spans("b") == [(9, 18, "ok"), (12, 28, "ok"), (16, 52, "ok"), (22, 51, "ok")]
    assert seen.breakdown("b")["network"] == pytest.approx(4 + (7 + 27 + 20) / 4)


def test_14_16_an_abort_that_is_late(run):
    extra = OVER_NETWORK + faults("0 10 target: b, delay: {fixedDelay: 7t}", "0 10 target: b, abort: {}")
    assert run("b: {steps: []}", call="b", extra=extra).spans("b") == [(0, 11, "error")]


@pytest.mark.parametrize(("timeout", "end", "outcome"), [("", None, "unfinished"), (", timeout: 30t", 42, "timeout")])
def test_14_17_messages_vanish(run, timeout, end, outcome):
    services = f"a: {{steps: [{{call: b{timeout}}}]}}\nb: {{steps: [{{sleep: 5t}}]}}"
    seen = run(services, at=[12], extra=faults("10 10 target: b, partition: {}"))
    assert seen.spans("b") == [(12, end, outcome)]
    assert seen.number("b", "arrival_rate_per_s") == 0


def test_14_17_only_if_they_are_sent_while_it_lasts_and_answers_too(run):
    """The first is answered at 13, amid it; the second is on the way before it, and answered at 21."""
    extra = OVER_NETWORK + faults("10 10 target: b, partition: {}")
    seen = run("b: {steps: [{sleep: 10t}]}", at=[1, 9, 20], call="b", extra=extra)
    assert seen.spans("b") == [(1, None, "unfinished"), (9, 23, "ok"), (20, 34, "ok")]
    assert seen.number("b", "throughput_per_s") * 2 == 3


def test_14_17_a_send_vanishes(run):
    services = "a: {steps: [{send: b}]}\nb: {steps: [{sleep: 5t}]}"
    seen = run(services, at=[12], extra=faults("10 10 target: b, partition: {}"))
    assert seen.spans("b") == [(12, None, "unfinished")]
    assert seen.outcomes == ["ok"]


def test_14_14_of_one_caller(run):
    services = "a: {steps: [{call: b}]}\nb: {steps: []}"
    workload = "{w: {call: a, replay: arrivals.csv}, x: {call: b, replay: arrivals.csv}}"
    for caller, outcomes in (("a", ["error", "ok"]), ("x", ["ok", "error"])):
        seen = run(services, workload=workload, extra=faults(f"0 9 from: {caller}, target: b, abort: {{}}"))
        assert seen.outcomes == outcomes


def test_14_17_between_two_whoever_calls(run):
    services = """
        a: {endpoints: {x: {steps: [{call: b.x, timeout: 5t}]}, y: {steps: []}}}
        b: {endpoints: {x: {steps: []}, y: {steps: [{call: a.y, timeout: 5t}]}}}
    """
    workload = "{w: {call: a.x, replay: arrivals.csv}, z: {call: b.y, replay: arrivals.csv}}"
    for pair in ("from: a, target: b", "from: b, target: a"):
        seen = run(services, workload=workload, extra=faults(f"0 9 {pair}, partition: {{}}"))
        assert seen.causes == ["timeout@b", "timeout@a"]
    seen = run(services, workload=workload, extra=faults("0 9 from: a, target: b, abort: {}"))
    assert seen.causes == ["error@b", ""]


@pytest.mark.parametrize("fault", ["abort: {}", "delay: {fixedDelay: 99t}", "partition: {}"])
def test_14_14_calls_inside_a_process_pass_by(run, compiled, fault):
    services = "a: {steps: [{call: b}]}\nb: {steps: [{cpu: 3t}]}"
    extra = faults(f"0 9 from: a, target: b, {fault}")
    assert run(services, extra=extra, deployment="monolith").latencies == [3]
    assert "no call crosses the network: it does nothing" in " ".join(compiled(services, extra=extra).explain().split())


def test_14_14_at_the_entry_of_a_merged_unit_they_act(run):
    services = "a: {steps: [{call: b}]}\nb: {steps: [{cpu: 3t}]}"
    seen = run(services, extra=faults("0 9 target: a, delay: {fixedDelay: 9t}"), deployment="monolith")
    assert seen.latencies == [12]
