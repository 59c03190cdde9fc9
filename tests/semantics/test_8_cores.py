"""Section 8: cores."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("settings", "latency"),
    [
        ("speed: 2", 4),
        ("speed: 0.5", 16),
        ("resources: {cpu: 500m}", 16),
        ("resources: {cpu: 250m}, speed: 4", 8),
        ("resources: {cpu: 2}", 8),
    ],
)
@pytest.mark.parametrize("scheduling", ["FIFO", "PS"])
def test_8_1_a_step_takes_its_time_over_the_pace(run, settings, latency, scheduling):
    seen = run(f"a: {{{settings}, scheduling: {scheduling}, steps: [{{cpu: 8t}}, {{sleep: 3t}}]}}")
    assert seen.ends == [latency + 3]
    assert seen.number("a", "service_time_s") == latency + 3
    assert seen.busy("a", 1024) == latency


def test_8_1_a_fraction_of_a_core_is_one_core(run):
    seen = run("a: {resources: {cpu: 500m}, steps: [{cpu: 4t}]}", at=[0, 0])
    assert seen.ends == [8, 16]


def test_8_2_who_joined_first_is_served_first(run):
    seen = run("a: {resources: {cpu: 2}, steps: [{cpu: 4t}]}", at=[0, 0, 0, 1, 8])
    assert seen.ends == [4, 4, 8, 8, 12]
    assert seen.number("a", "waiting_time_s") == (4 + 3) / 5
    assert seen.number("a", "utilisation_ratio") == 20 / 2048
    assert seen.number("a", "queue_length") == 7 / 1024


def test_8_2_replicas_have_cores_of_their_own(run):
    seen = run("a: {replicas: 2, loadBalancer: ROUND_ROBIN, steps: [{cpu: 4t}]}", at=[0, 0, 0])
    assert seen.ends == [4, 4, 8]


def test_8_2_cores_go_by_who_joins_not_by_who_was_admitted(run):
    """The first sleeps 2, so the second is at the core before it."""
    services = "a: {endpoints: {x: {steps: [{sleep: 2t}, {cpu: 4t}]}, y: {steps: [{cpu: 4t}]}}}"
    workload = "{x: {call: a.x, replay: arrivals.csv}, y: {call: a.y, replay: later.csv}}"
    seen = run(services, workload=workload, files={"later.csv": [1]})
    assert seen.ends == [9, 5]


def test_8_3_m_m_c_k(run):
    """One core, two in the system: the third is rejected, and the fourth after the first has gone is not."""
    seen = run("a: {concurrency: 2, queue: {capacity: 0}, steps: [{cpu: 4t}]}", at=[0, 1, 2, 4])
    assert seen.outcomes == ["ok", "ok", "rejected", "ok"]
    assert seen.ends == [4, 8, 2, 12]


PS = "a: {scheduling: PS, steps: [{cpu: 8t}]}"


def test_8_4_two_jobs_on_one_core(run):
    """0-4 the first alone; from 4 on each at half speed: the first ends at 12, when the second has 4 left."""
    seen = run(PS, at=[0, 4])
    assert seen.ends == [12, 16]


def test_8_5_waiting_is_what_is_beyond_the_work(run):
    seen = run(PS, at=[0, 4])
    assert seen.number("a", "service_time_s") == 8
    assert seen.number("a", "waiting_time_s") == 4
    assert seen.number("a", "response_time_s") == 12
    assert seen.busy("a", 1024) == 16
    assert seen.number("a", "queue_length") == 8 / 1024  # one more than the core from 4 to 12
    assert seen.breakdown("a") == {"waiting": 4, "service": 8}


def test_8_4_two_jobs_on_two_cores_do_not_meet(run):
    seen = run("a: {resources: {cpu: 2}, scheduling: PS, steps: [{cpu: 8t}]}", at=[0, 4])
    assert seen.ends == [8, 12]
    assert seen.number("a", "waiting_time_s") == 0


def test_8_4_four_jobs_on_two_cores(run):
    """At half speed until the first two end at 10, with 4 done of 8 by those of 2: they go on at full speed."""
    seen = run("a: {resources: {cpu: 2}, scheduling: PS, steps: [{cpu: 8t}]}", at=[0, 0, 4, 4])
    # 0-4 two jobs, 4 done; from 4 four jobs at 1/2: 4 more take 8, until 12; then two jobs with 4 left
    assert seen.ends == [12, 12, 16, 16]
    assert seen.busy("a", 1024) == 32
    assert seen.number("a", "waiting_time_s") == 4


def test_8_4_three_jobs_on_two_cores(run):
    """Each has 2/3 of a core: 8 ticks of work take 12. One more at 6 makes it 1/2."""
    services = "a: {resources: {cpu: 2}, scheduling: PS, steps: [{cpu: 8t}]}"
    assert run(services, at=[0, 0, 0]).ends == [12, 12, 12]
    # at 6: 4 done each; four jobs at 1/2 until 14; the fourth has 4 left and a core
    assert run(services, at=[0, 0, 0, 6]).ends == [14, 14, 14, 18]


def test_8_4_different_works_end_in_order(run):
    """On two cores: all four at 1/2 until 4, three at 2/3 until 7, and the last alone."""
    services = """
    a: {resources: {cpu: 2}, scheduling: PS, steps: [{parallel: [
      {steps: [{cpu: 8t}, {call: eight}]}, {steps: [{cpu: 4t}, {call: four}]},
      {steps: [{cpu: 2t}, {call: two}]}, {steps: [{cpu: 4t}, {call: four}]}]}]}
    eight: {steps: []}
    four: {steps: []}
    two: {steps: []}
    """
    seen = run(services)
    assert [start for start, _, _ in seen.spans("two")] == [4]
    assert [start for start, _, _ in seen.spans("four")] == [7, 7]
    assert [start for start, _, _ in seen.spans("eight")] == [11]


def test_8_4_who_arrives_as_another_leaves_shares_with_nobody(run):
    seen = run(PS, at=[0, 8, 16])
    assert seen.ends == [8, 16, 24]
    assert seen.number("a", "waiting_time_s") == 0
    assert seen.number("a", "queue_length") == 0


def test_8_4_jobs_that_come_and_go_at_one_instant(run):
    """Two from 0 to 16; as they leave two others come."""
    assert run(PS, at=[0, 0, 16, 16]).ends == [16, 16, 32, 32]


def test_8_4_jobs_without_work_pass(run):
    services = "a: {scheduling: PS, endpoints: {x: {steps: [{cpu: 8t}]}, y: {steps: [{cpu: 0s}]}}}"
    workload = "{x: {call: a.x, replay: arrivals.csv}, y: {call: a.y, replay: later.csv}}"
    seen = run(services, workload=workload, files={"later.csv": [2, 2]})
    assert seen.ends == [8, 2, 2]


def test_8_4_sharing_is_by_replica(run):
    a = "a: {replicas: 2, loadBalancer: ROUND_ROBIN, scheduling: PS, steps: [{cpu: 8t}]}"
    assert run(a, at=[0, 0, 4]).ends == [12, 8, 16]


def nanoseconds(seen, target: str = "a") -> list[int]:
    """The ends of the attempts at a service."""
    return seen.whole(seen.result.attempts.query("target == @target")["end_s"])


@pytest.mark.parametrize(
    ("cores", "jobs", "work", "end"),
    [
        (1, 49, "1ms", 49_000_000), (1, 3, "1ns", 3), (2, 3, "1ns", 2), (2, 3, "10ns", 15), (2, 3, "3ns", 5),
        (3, 7, "1ms", 2_333_333), (3, 7, "2ms", 4_666_667), (2, 2, "1ms", 1_000_000), (4, 5, "3ns", 4),
    ],
)  # fmt: skip
def test_8_4_an_end_is_rounded_half_up_and_takes_the_others_along(run, cores, jobs, work, end):
    """Who are due with the first, but for a fraction of a nanosecond, end at its instant."""
    seen = run(f"a: {{resources: {{cpu: {cores}}}, scheduling: PS, steps: [{{cpu: {work}}}]}}", at=[0] * jobs)
    assert nanoseconds(seen) == [end] * jobs


def test_8_4_the_rounding_of_one_end_does_not_move_the_others(run):
    """Five on two cores end at 2.5, 4.5, 6, 7 and 8: would virtual time be set to what is due, at 3, 5, 7, 8 and 9."""
    branches = ", ".join(f"{{steps: [{{cpu: {work}ns}}, {{call: b}}]}}" for work in (1, 2, 3, 4, 5))
    seen = run(f"a: {{resources: {{cpu: 2}}, scheduling: PS, steps: [{{parallel: [{branches}]}}]}}\nb: {{steps: []}}")
    assert nanoseconds(seen, "b") == [3, 5, 6, 7, 8]


def test_8_4_virtual_time_begins_anew_when_nobody_is_there(run):
    """After a job of 108 days, of which a float tells only every second nanosecond, three of 3 ns end after 5."""
    services = """
    a: {resources: {cpu: 2}, scheduling: PS, endpoints: {long: {steps: [{cpu: 2600h}]}, short: {steps: [{cpu: 3ns}]}}}
    """
    workload = "{x: {call: a.long, replay: arrivals.csv}, y: {call: a.short, replay: later.csv}}"
    later = [2700 * 3600 * 512] * 3
    seen = run(services, workload=workload, files={"later.csv": later}, duration="3000h")
    assert seen.outcomes == ["ok"] * 4
    assert seen.number("a", "waiting_time_s") * 4 * 10**9 / 512 == pytest.approx(3 * 2, rel=1e-12)


def test_8_4_slots_limit_who_shares(run):
    a = "a: {concurrency: 2, scheduling: PS, steps: [{cpu: 8t}]}"
    seen = run(a, at=[0, 0, 0])
    assert seen.ends == [16, 16, 24]
    assert seen.number("a", "waiting_time_s") == pytest.approx((8 + 8 + 16) / 3)
    assert seen.number("a", "queue_length") == (16 + 16) / 1024  # for a slot and for half a core


def test_8_4_services_of_a_unit_share_its_cores(run):
    """One core: a's step and b's, 8 each, at once."""
    services = (
        "a: {scheduling: PS, steps: [{parallel: [{cpu: 8t}, {call: b}]}]}\nb: {scheduling: PS, steps: [{cpu: 4t}]}"
    )
    extra = "deployments: {monolith: {units: {all: {services: [a, b], resources: {cpu: 1}}}}}"
    seen = run(services, deployment="monolith", extra=extra)
    assert seen.ends == [12]
    assert seen.spans("b") == [(0, 8, "ok")]
    assert (seen.busy("a", 1024), seen.busy("b", 1024)) == (8, 4)
    assert (seen.number("a", "queue_length") * 1024, seen.number("b", "queue_length") * 1024) == (4, 4)
