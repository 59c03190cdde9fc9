"""Section 14: replicas that die, and start again."""

from __future__ import annotations

import pytest

from simulator.rules.nanoseconds import nanoseconds
from simulator.rules.randomness import child, mix, uniform

TICK = 10**9 // 512

B = "b: {steps: [{sleep: 10t}]}"
OVER_NETWORK = "network: {links: [{from: workload, to: b, latency: 2t}]}\n"


def kills(*spans: tuple[int, int], target: str = "b", replicas: str = "all") -> str:
    """Kills from a tick on, for so many."""
    return "faults:\n" + "\n".join(
        f"  - {{at: {at}t, for: {length}t, target: {target}, kill: {{replicas: {replicas}}}}}" for at, length in spans
    )


def down(seen, unit: str = "b", span: int = 1024) -> float:
    """Replica-ticks that replicas of a unit were not ready."""
    row = seen.result.units.loc[unit]
    return (row["replicas"] - row["ready_replicas"]) * span


# -- up and down


def test_14_1_a_replica_is_down_while_a_kill_lasts(run):
    seen = run(B, at=[0, 4, 13, 14], call="b", extra=kills((4, 10)))
    assert seen.spans("b") == [(0, 4, "error"), (4, 4, "unreachable"), (13, 13, "unreachable"), (14, 24, "ok")]
    assert seen.causes == ["error@b", "unreachable@b", "unreachable@b", ""]
    assert seen.replicas("b") == [0, -1, -1, 0]
    assert down(seen) == 10


@pytest.mark.parametrize(
    ("startup", "spans", "ready"),
    [
        ("0s", [(4, 10)], 14),
        ("5t", [(4, 10)], 19),
        ("5t", [(4, 0)], 9),
        ("5t", [(4, 10), (10, 10)], 25),  # they overlap
        ("5t", [(4, 10), (14, 6)], 25),  # they touch: it does not start in between
        ("5t", [(4, 20), (6, 2)], 29),  # one within the other
        ("5t", [(4, 10), (4, 10)], 19),  # at one instant
        ("5t", [(4, 10), (17, 2)], 24),  # amid its start, which begins anew
        ("5t", [(4, 10), (18, 0)], 23),
        ("5t", [(4, 10), (19, 3)], 27),  # as it would be ready
        ("0s", [(4, 0)], 4),
    ],
)
def test_14_1_it_is_ready_a_startup_after_the_last_cause(run, startup, spans, ready):
    """At one instant faults begin before others end, and replicas are ready after both (rule 14.9)."""
    service = f"b: {{startup: {startup}, steps: []}}"
    probes = [*range(3, 40)]
    seen = run(service, at=probes, call="b", extra=kills(*spans))
    expected = ["ok" if now < 4 or now >= ready else "unreachable" for now in probes]
    assert seen.outcomes == expected
    assert down(seen) == ready - 4


def test_14_11_for_may_be_left_out(run):
    seen = run(B, at=[0, 5], call="b", extra="faults: [{at: 4t, target: b, kill: {}}]")
    assert seen.spans("b") == [(0, 4, "error"), (5, 15, "ok")]


@pytest.mark.parametrize("at", [0, 1024])
def test_14_1_a_kill_at_the_very_beginning_and_at_the_horizon(run, at):
    """Of the two requests one is there when it dies; nothing arrives at the horizon."""
    seen = run("b: {steps: [{sleep: 40t}]}", at=[0, 1000], call="b", extra=kills((at, 10)))
    assert seen.spans("b") == (
        [(0, 0, "unreachable"), (1000, 1040, "ok")] if at == 0 else [(0, 40, "ok"), (1000, 1024, "error")]
    )
    assert down(seen) == (10 if at == 0 else 0)  # levels are of the time before the horizon


def test_14_1_startups_are_drawn_at_the_replica_and_the_start(run, stream):
    service = "b: {replicas: 2, startup: {dist: uniform, min: 0s, max: 64t}, steps: []}"
    seen = run(service, call="b", extra=kills((100, 0), (300, 0)))
    key, here = mix(1, 0), stream("startup b")
    draws = [
        nanoseconds(64 / 512 * uniform(key, child(replica, here, start), here, 0))
        for replica in (0, 1) for start in (0, 1)
    ]  # fmt: skip
    assert len(set(draws)) == 4
    assert down(seen) * TICK == pytest.approx(sum(draws), rel=1e-12)


# -- failures by chance


CONSTANT = "failures: {mtbf: {dist: constant, value: 10t}, mttr: {dist: constant, value: 3t}}"


def test_14_2_up_and_repair_alternate_and_the_time_up_begins_after_the_startup(run):
    probes = [*range(60)]
    seen = run(f"b: {{startup: 2t, {CONSTANT}, steps: []}}", at=probes, call="b")
    assert seen.outcomes == ["ok" if now % 15 < 10 else "unreachable" for now in probes]


def test_14_2_failures_go_on_while_something_else_holds_the_replica_down(run):
    """It fails at 10, 25, 40, and is repaired 3 later; a kill holds it from 12 to 40 and one from 45 to 46."""
    probes = [*range(9, 70)]
    seen = run(f"b: {{startup: 2t, {CONSTANT}, steps: []}}", at=probes, call="b", extra=kills((12, 28), (45, 1)))
    up = {*range(10), *range(48, 55), *range(60, 70)}
    assert seen.outcomes == ["ok" if now in up else "unreachable" for now in probes]


def test_14_2_times_are_drawn_at_the_replica_and_the_cycle(run, stream):
    law = "{{dist: uniform, min: 0s, max: {}t}}"
    service = f"b: {{replicas: 2, failures: {{mtbf: {law.format(400)}, mttr: {law.format(40)}}}, steps: []}}"
    seen = run(service, call="b")
    key, end, expected = mix(1, 0), 1024 * TICK, 0
    for replica in (0, 1):
        now = 0
        for cycle in range(20):
            up, repair = (
                nanoseconds(most / 512 * uniform(key, child(replica, stream(name), cycle), stream(name), 0))
                for name, most in (("failure b", 400), ("repair b", 40))
            )
            expected += min(now + up + repair, end) - min(now + up, end)
            now += up + repair
    assert down(seen) * TICK == pytest.approx(expected, rel=1e-12)


def test_14_2_a_bare_duration_is_the_mean_of_an_exponential(compiled):
    plan = compiled("a: {failures: {mtbf: 12h, mttr: 2m}, steps: []}")
    assert "each replica fails: up exponential (mean 12h), repair exponential (mean 2m)" in plan.explain()


def test_14_2_replicas_fail_at_the_same_times_in_the_monolith(run):
    services = """
        a: {replicas: 2, steps: [{call: b}]}
        b: {replicas: 2, failures: {mtbf: 100t, mttr: 20t}, startup: {dist: exponential, mean: 9t}, steps: []}
    """
    split, merged = (run(services, deployment=name).result.units for name in ("microservices", "monolith"))
    assert 1.0 < split.loc["b", "ready_replicas"] < 2.0
    assert split.loc["a", "ready_replicas"] == 2.0
    assert merged.loc["monolith", "ready_replicas"] == split.loc["b", "ready_replicas"]


def test_14_2_in_a_merged_unit_every_service_fails_for_all(run):
    fails = "failures: {{mtbf: {{dist: constant, value: {}t}}, mttr: {{dist: constant, value: 5t}}}}"
    services = f"a: {{{fails.format(15)}, steps: [{{call: b}}]}}\nb: {{{fails.format(35)}, steps: []}}"
    probes = [*range(60)]
    seen = run(services, at=probes, deployment="monolith")
    out = {*range(15, 20), *range(35, 40), *range(55, 60)}  # a at 15, 35, 55; b at 35
    assert seen.outcomes == ["unreachable" if now in out else "ok" for now in probes]


def test_14_2_externals_fail_too(run):
    seen = run(f"b: {{kind: external, {CONSTANT}, steps: []}}", at=[9, 10, 12, 13], call="b")
    assert seen.outcomes == ["ok", "unreachable", "unreachable", "ok"]


# -- what a death does to those who wait


def test_14_3_who_is_queued_or_in_progress_is_answered_over_the_network(run):
    """Of latency 2 each way: one in progress, one in the queue, one on the way to it."""
    service = "b: {concurrency: 1, steps: [{sleep: 10t}]}"
    seen = run(service, at=[0, 1, 3], call="b", extra=OVER_NETWORK + kills((4, 10)))
    assert seen.spans("b") == [(0, 6, "error"), (1, 6, "error"), (3, 7, "unreachable")]
    assert seen.number("b", "errors") == 2  # what was refused is no visit
    assert seen.number("b", "arrival_rate_per_s") * 2 == 2
    assert seen.result.units.loc["b", "queue_length"] * 1024 == 1


def test_14_3_a_reset_can_be_lost(run):
    extra = "network: {links: [{from: workload, to: b, latency: 2t}]}\n" + kills((10, 10))
    extra += "\n  - {at: 8t, for: 4t, target: b, partition: {}}"
    seen = run("b: {steps: [{sleep: 20t}]}", call="b", extra=extra)
    assert seen.spans("b") == [(0, None, "unfinished")]


def test_14_3_a_reset_is_not_unpacked(run):
    services = "a: {steps: [{call: b, retries: {backoff: 0, jitter: none}}]}\nb: {steps: [{sleep: 20t}]}"
    seen = run(services, extra="network: {latency: 1t, serialization: 3t}\n" + kills((10, 0)))
    # packed 3, there 4, dead 10, known 11; again there 12, unpacked 15, slept 35, packed 38, back 39, unpacked 42
    assert seen.spans("b") == [(3, 11, "error"), (11, 39, "ok")]
    assert seen.latencies == [42]
    assert seen.breakdown("b")["timeout"] == 8
    assert sum(sum(seen.breakdown(name).values()) for name in "ab") == 42


def test_14_3_what_the_dead_owes_counts_as_unanswered_until_it_is_answered(run):
    """Replica 0 dies with a call whose reset takes 8; when it is back at 12, the new one goes to the other."""
    service = "b: {replicas: 2, loadBalancer: {choiceCount: all}, steps: [{sleep: 30t}]}"
    extra = "network: {links: [{from: workload, to: b, latency: 8t}]}\n" + kills((10, 1), replicas="1")
    seen = run(service, at=[0, 14, 19], call="b", extra=extra, seed=3)
    assert seen.spans("b")[0] in [(0, 18, "error"), (0, 46, "ok")]
    first, second, third = seen.replicas("b")
    assert second == 1 - first
    if first == 0:
        assert third == 0


def test_14_4_attempts_of_the_dead_end_and_their_callees_work_on(run):
    services = "a: {steps: [{call: b}]}\nb: {steps: [{sleep: 20t}]}"
    seen = run(services, at=[0, 30], extra=kills((5, 10), target="a"))
    assert seen.spans("a") == [(0, 5, "error"), (30, 50, "ok")]
    assert seen.spans("b") == [(0, 5, "error"), (30, 50, "ok")]
    assert seen.number("b", "throughput_per_s") * 2 == 2
    assert seen.number("b", "errors") == 0
    assert seen.causes == ["error@a", ""]
    # the call of the dead was heard by nobody: one call of b, and it was good
    endpoints = seen.result.endpoints
    assert endpoints.query("endpoint == 'b'")["calls"].sum() == 1


def test_14_4_a_visit_that_is_lost_has_no_times(run):
    seen = run("b: {steps: [{cpu: 10t}]}", at=[0, 1, 50], call="b", extra=kills((5, 10)))
    assert seen.spans("b") == [(0, 5, "error"), (1, 5, "error"), (50, 60, "ok")]
    assert (seen.number("b", "service_time_s"), seen.number("b", "waiting_time_s")) == (10, 0)
    assert seen.busy("b", 1024) == 15
    assert seen.number("b", "queue_length") * 1024 == 4


SCENES = {
    "parallel": ("parallel: [{call: b}, {cpu: 30t}, {sleep: 30t}, {steps: [{call: b, times: 3}]}]", 2),
    "times": ("call: b, times: 4", 1),
    "choose": ("choose: [{weight: 1, steps: [{call: b}]}]", 1),
    "timeout": ("call: b, timeout: 300t", 1),
    "per try": ("call: b, timeout: 300t, retries: {perTryTimeout: 200t}", 1),
    "sleep": ("sleep: 90t", 0),
    "cpu": ("cpu: 90t", 0),
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("scheduling", ["FIFO", "PS"])
def test_14_4_a_caller_dies_amid(run, scene, scheduling):
    """The request in it and its calls end at 5; nothing of it happens later; one of 200 is as if nothing had been."""
    step, calls = SCENES[scene]
    services = f"a: {{scheduling: {scheduling}, steps: [{{{step}}}]}}\nb: {{steps: [{{sleep: 20t}}]}}"
    seen = run(services, at=[0, 200], extra=kills((5, 10), target="a"))
    alone = run(services, at=[200])
    assert seen.spans("a")[0] == (0, 5, "error")
    assert seen.spans("a")[1:] == alone.spans("a")
    assert seen.spans("b") == [(0, 5, "error")] * calls + alone.spans("b")
    assert calls == 0 or seen.number("b", "errors") == 0
    assert seen.busy("a", 1024) == alone.busy("a", 1024) + (5 if "cpu" in step else 0)


def test_14_4_a_caller_dies_in_a_fallback(run):
    services = """
        a: {steps: [{call: b, fallback: {steps: [{call: c}]}}]}
        b: {replicas: 0, steps: []}
        c: {steps: [{sleep: 20t}]}
    """
    seen = run(services, at=[0, 30], extra=kills((5, 10), target="a"))
    assert seen.spans("a") == [(0, 5, "error"), (30, 50, "degraded")]
    assert seen.spans("c") == [(0, 5, "error"), (30, 50, "ok")]


def test_14_4_a_caller_dies_in_a_backoff_and_its_budget_is_fresh(run):
    policy = "retries: {attempts: 1, backoff: 20t, jitter: none}, retryBudget: {percent: 0, minRetryConcurrency: 1}"
    services = f"a: {{steps: [{{call: b, {policy}}}]}}\nb: {{errorRate: 100%, steps: []}}"
    seen = run(services, at=[0, 30], extra=kills((5, 10), target="a"))
    assert seen.spans("a") == [(0, 5, "error"), (30, 50, "error")]
    assert seen.spans("b") == [(0, 0, "error"), (30, 30, "error"), (50, 50, "error")]


def test_14_4_a_caller_dies_waiting_for_a_bulkhead_which_is_fresh(run):
    policy = "bulkhead: {maxConcurrentCalls: 1, maxWaitDuration: 500t}"
    services = f"a: {{steps: [{{call: b, {policy}}}]}}\nb: {{steps: [{{sleep: 100t}}]}}"
    seen = run(services, at=[0, 2, 30], extra=kills((5, 10), target="a"))
    assert seen.spans("b") == [(0, 5, "error"), (2, 5, "error"), (30, 130, "ok")]


def test_14_4_a_caller_dies_with_its_breaker_open_and_amid_a_probe(run):
    breaker = (
        "circuitBreaker: {slidingWindowSize: 1, waitDurationInOpenState: 20t, permittedNumberOfCallsInHalfOpenState: 1}"
    )
    services = f"a: {{steps: [{{call: b, {breaker}}}]}}\nb: {{errorRate: 100%, steps: [{{sleep: 8t}}]}}"
    # open from 8 to 28; dead at 10: fresh; open from 28; a probe at 50, amid which it dies; fresh again
    at = [0, 9, 20, 49, 50, 51, 60]
    seen = run(services, at=at, extra=kills((10, 1), (52, 1), target="a"))
    assert seen.spans("b") == [
        (0, 8, "error"), (9, 9, "circuit_open"), (20, 28, "error"), (49, 52, "error"), (50, 50, "circuit_open"),
        (51, 51, "circuit_open"), (60, 68, "error"),
    ]  # fmt: skip


def test_14_4_a_send_of_the_dead_goes_on(run):
    services = "a: {steps: [{send: b}, {sleep: 50t}]}\nb: {steps: [{sleep: 20t}]}"
    seen = run(services, extra=kills((5, 10), target="a"))
    assert seen.spans("b") == [(0, 20, "ok")]


def test_14_4_a_send_to_the_dead_fails_there(run):
    services = "a: {steps: [{send: b}]}\nb: {healthCheck: 100t, steps: [{sleep: 20t}]}"
    seen = run(services, at=[0, 7, 200], extra="network: {latency: 1t}\n" + kills((5, 300)))
    assert seen.spans("b") == [(0, 5, "error"), (7, 8, "unreachable"), (200, 200, "unreachable")]
    assert seen.outcomes == ["ok", "ok", "ok"]


def test_14_4_in_a_merged_unit_all_that_it_hosts_dies(run):
    services = "a: {steps: [{call: b}, {send: b}, {sleep: 30t}]}\nb: {steps: [{sleep: 20t}]}"
    seen = run(services, extra=kills((25, 10), target="b"), deployment="monolith")
    assert seen.spans("a") == [(0, 25, "error")]
    assert seen.spans("b") == [(0, 20, "ok"), (20, 25, "error")]
    assert (seen.number("a", "errors"), seen.number("b", "errors")) == (1, 1)


def test_14_4_a_retry_finds_another_replica(run):
    services = """
        a: {steps: [{call: b, retries: {backoff: 0, jitter: none}}]}
        b: {replicas: 2, loadBalancer: ROUND_ROBIN, steps: [{sleep: 20t}]}
    """
    seen = run(services, extra=kills((5, 100), replicas="1"))
    assert seen.spans("b") == [(0, 5, "error"), (5, 25, "ok")]
    assert seen.replicas("b") == [0, 1]
    assert seen.breakdown("b") == {"timeout": 5, "service": 20}


def test_14_4_two_die_at_one_instant_caller_and_callee(run):
    services = "a: {steps: [{call: b}]}\nb: {steps: [{sleep: 20t}]}"
    for order in ("ab", "ba"):
        faults = "\n".join(f"  - {{at: 5t, for: 5t, target: {name}, kill: {{}}}}" for name in order)
        seen = run(services, extra="network: {latency: 1t}\nfaults:\n" + faults)
        assert seen.spans("a") == [(0, 5, "error")]
        assert seen.spans("b") == [(0, 5, "error")]


# -- what a balancer knows


def test_14_6_a_death_is_known_after_the_health_check(run):
    """Until then replica 0 refuses what is sent to it (rule 14.5)."""
    seen = run("b: {healthCheck: 6t, steps: []}", at=[3, 5, 9, 10, 23, 24], call="b", extra=kills((4, 20)))
    assert seen.outcomes == ["ok", *["unreachable"] * 4, "ok"]
    assert seen.replicas("b") == [0, 0, 0, -1, -1, 0]


def test_14_6_one_that_is_ready_before_that_was_never_away(run):
    seen = run("b: {healthCheck: 6t, steps: []}", at=[5, 8, 12], call="b", extra=kills((4, 3)))
    assert seen.outcomes == ["unreachable", "ok", "ok"]
    assert seen.replicas("b") == [0, 0, 0]


def test_14_6_who_dies_again_amid_its_start_is_known_since_the_first_death(run):
    service = "b: {healthCheck: 12t, startup: 5t, steps: []}"
    seen = run(service, at=[15, 16, 40], call="b", extra=kills((4, 2), (9, 20)))
    assert seen.replicas("b") == [0, -1, 0]


def test_14_6_among_those_known_as_ready(run):
    """Replica 0 is away from 4 to 20, and known to be so from 8 on."""
    service = "b: {replicas: 3, loadBalancer: ROUND_ROBIN, healthCheck: 4t, steps: []}"
    at = [0, 1, 2, 5, 6, 7, 9, 10, 11, 25, 26, 27]
    seen = run(service, at=at, call="b", extra=kills((4, 16), replicas="1"))
    assert seen.replicas("b") == [0, 1, 2, 0, 1, 2, 1, 2, 1, 2, 0, 1]
    assert [now for now, outcome in zip(at, seen.outcomes, strict=True) if outcome != "ok"] == [5]


@pytest.mark.parametrize("balancer", ["LEAST_REQUEST", "RANDOM", "CONSISTENT_HASH", "{choiceCount: all}"])
def test_14_6_nobody_is_sent_to_one_known_as_dead(run, balancer):
    service = f"b: {{replicas: 4, loadBalancer: {balancer}, steps: [{{sleep: 3t}}]}}"
    seen = run(service, at=[*range(100)], call="b", extra=kills((0, 50), replicas="2"))
    assert set(seen.replicas("b")[:50]) == {2, 3}
    assert set(seen.replicas("b")[50:]) == {0, 1, 2, 3}
    assert set(seen.outcomes) == {"ok"}


def test_14_6_if_it_knows_none_there_is_no_network(run):
    seen = run(B, at=[5], call="b", extra=OVER_NETWORK + kills((4, 10)))
    assert seen.spans("b") == [(5, 5, "unreachable")]


# -- merged units


UNIT = "deployments: {{d: {{units: {{u: {{services: [a, b], {}}}}}}}}}\n"
TWO = """
a: {startup: 5t, healthCheck: 2t, steps: []}
b: {startup: 9t, healthCheck: 3t, steps: []}
"""


@pytest.mark.parametrize(("keys", "startup", "known"), [("", 9, 3), ("startup: 4t, healthCheck: 1t", 4, 1)])
def test_14_7_a_unit_takes_the_longest_or_its_own(run, keys, startup, known):
    workload = "{x: {call: a, replay: arrivals.csv}, y: {call: b, replay: late.csv}}"
    extra = UNIT.format(keys) + kills((10, 20), target="a")
    at = [9, 10, 11, 12, 13, *range(30, 45)]
    seen = run(TWO, at=at, files={"late.csv": [900]}, workload=workload, extra=extra, deployment="d")
    assert down(seen, "u") == 20 + startup
    assert seen.replicas("a")[:5] == [0, *(0 if now < 10 + known else -1 for now in (10, 11, 12, 13))]


def test_14_7_the_longest_is_of_what_is_drawn(run, stream):
    law = "startup: {dist: uniform, min: 0s, max: 64t}, steps: "
    services = f"a: {{{law} [{{call: b}}]}}\nb: {{{law} []}}"
    seen = run(services, extra=kills((100, 0), (300, 0), target="a"), deployment="monolith")
    key, names = mix(1, 0), ("startup a", "startup b")
    draws = [
        nanoseconds(64 / 512 * max(uniform(key, child(0, here, start), here, 0) for here in map(stream, names)))
        for start in (0, 1)
    ]
    assert down(seen, "monolith") * TICK == pytest.approx(sum(draws), rel=1e-12)


# -- what is counted


def test_14_18_who_is_down_is_paid_for(run):
    prices = "prices: {vcpuHour: 1}\n"
    service = "b: {replicas: 2, steps: [{cpu: 8t}]}"
    with_, without = (
        # an edge every four ticks
        run(service, at=[600], call="b", extra=prices + extra, duration="800t").result
        for extra in (kills((0, 400), replicas="1"), "")
    )
    assert with_.units.loc["b", "ready_replicas"] == 1.5
    assert without.units.loc["b", "ready_replicas"] == 2.0
    for column in ("replicas", "cost_per_hour", "utilisation_ratio"):
        assert with_.units.loc["b", column] == without.units.loc["b", column]
    timeline = with_.timeline.query("service == 'b'")["ready_replicas"].tolist()
    assert timeline == [1.0] * 50 + [2.0] * 50
