"""Section 7: workloads."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.rules.nanoseconds import SECOND, nanoseconds, nearest
from simulator.rules.randomness import mix, uniform

A = "a: {steps: []}"


def arrivals(seen) -> list[int]:
    """In nanoseconds."""
    return seen.whole(seen.result.requests["arrival_s"])


def test_7_1_open_requests_come_whatever_became_of_the_earlier_ones(run):
    busy = "a: {concurrency: 1, steps: [{sleep: 50t}]}"
    workload = "{call: a, rate: 64/s}"
    assert run(busy, workload=workload).arrivals == run(A, workload=workload).arrivals


def test_7_1_several_calls_are_drawn_by_weight_once_a_request(run):
    services = "a: {steps: [{sleep: 1t}]}\nb: {steps: [{sleep: 2t}]}\nc: {steps: [{sleep: 3t}]}"
    workload = "{calls: [{call: a, weight: 3}, {call: b}, {call: c, weight: 0}], replay: arrivals.csv}"
    seen = run(services, at=range(400), workload=workload)
    assert set(seen.latencies) == {1, 2}
    assert abs(seen.latencies.count(1) - 300) < 4.5 * math.sqrt(400 * 3 / 16)


def test_7_2_poisson_is_the_sum_of_unit_gaps_over_the_rate(run, stream):
    seen = run(A, workload="{shoppers: {call: a, rate: 40/s}}", seed=9, replications=2)
    for replication in (0, 1):
        key = mix(9, replication)
        total, expected = 0.0, []
        for number in range(200):
            total += -math.log1p(-uniform(key, number, stream("arrivals shoppers"), 0))
            expected.append(nearest(total * 1e9 / 40))
        table = seen.result.requests.query("replication == @replication")
        assert seen.whole(table["arrival_s"]) == [time for time in expected if time < 2 * SECOND]


def test_7_2_half_the_rate_is_twice_as_late_and_a_longer_run_begins_with_the_shorter(run):
    fast = arrivals(run(A, workload="{call: a, rate: 64/s}"))
    slow = arrivals(run(A, workload="{call: a, rate: 32/s}", duration="2048t"))
    # each instant is rounded on its own: twice half a nanosecond is one
    assert {late - 2 * early for late, early in zip(slow, fast, strict=True)} == {-1, 0, 1}
    longer = arrivals(run(A, workload="{call: a, rate: 64/s}", duration="2048t"))
    assert longer[: len(fast)] == fast
    assert all(time >= 2 * SECOND for time in longer[len(fast) :])


@pytest.mark.parametrize("rate", [10, 7, 48])
def test_7_3_even_is_i_over_rate(run, rate):
    """To the nearest nanosecond, each by itself: errors do not add up."""
    seen = run(A, workload=f"{{call: a, rate: {rate}/s, arrivals: even}}")
    assert arrivals(seen) == [(2 * i * SECOND + rate) // (2 * rate) for i in range(2 * rate)]


@pytest.mark.parametrize("arrival", ["even", "poisson"])
def test_7_3_no_arrival_is_before_the_one_before_it(run, arrival):
    """Two a nanosecond: at 0, at half of one, at one; some come at one instant, and keep their order."""
    seen = run(A, workload=f"{{call: a, rate: 2000000000/s, arrivals: {arrival}}}", duration="100ns")
    times = arrivals(seen)
    assert times == sorted(times)
    assert seen.result.requests["request"].tolist() == list(range(len(times)))
    if arrival == "even":
        assert times == [(i + 1) // 2 for i in range(199)]


def test_7_2_a_rate_of_0_is_nobody(run):
    workload = "{none: {call: a, rate: 0/s}, some: {call: a, replay: arrivals.csv}}"
    assert run(A, workload=workload).result.outcomes["ok"].to_dict() == {"none": 0, "some": 1}


def test_7_4_stages_with_a_jump_and_an_end(run):
    """64/s for a second, then at once 256/s for half a second, then nobody."""
    stages = "[{target: 64/s, duration: 1s}, {target: 256/s, duration: 0s}, {target: 256/s, duration: 500ms}]"
    seen = run(A, workload=f"{{call: a, startRate: 64/s, stages: {stages}, arrivals: even}}")
    assert arrivals(seen) == [i * SECOND // 64 for i in range(64)] + [SECOND + i * SECOND // 256 for i in range(128)]


def test_7_4_a_jump_at_the_start(run):
    stages = "[{target: 64/s, duration: 0s}, {target: 64/s, duration: 1s}]"
    seen = run(A, workload=f"{{call: a, stages: {stages}, arrivals: even}}")
    assert arrivals(seen) == [i * SECOND // 64 for i in range(64)]


def test_7_4_nobody_for_a_while_and_then_some(run):
    stages = "[{target: 0/s, duration: 500ms}, {target: 64/s, duration: 0s}, {target: 64/s, duration: 1s}]"
    seen = run(A, workload=f"{{call: a, stages: {stages}, arrivals: even}}")
    assert arrivals(seen) == [SECOND // 2 + i * SECOND // 64 for i in range(64)]


def test_7_4_a_ramp_up_from_a_rate(run):
    """From 16/s to 48/s in a second: 16 t + 16 t^2 arrivals after t; the i-th is where that is i."""
    seen = run(A, workload="{call: a, startRate: 16/s, stages: [{target: 48/s, duration: 1s}], arrivals: even}")
    expected = [(-16 + math.sqrt(256 + 64 * i)) / 32 for i in range(32)]
    assert arrivals(seen) == [nanoseconds(time) for time in expected]


def test_7_4_a_ramp_down_to_nothing(run):
    """64 t - 32 t^2 arrivals after t."""
    seen = run(A, workload="{call: a, startRate: 64/s, stages: [{target: 0/s, duration: 1s}], arrivals: even}")
    expected = [(64 - math.sqrt(64 * 64 - 128 * i)) / 64 for i in range(32)]
    assert arrivals(seen) == [nanoseconds(time) for time in expected]


def test_7_4_an_even_ramp_from_0_begins_at_0(run):
    """32 t^2 arrivals after t."""
    seen = run(A, workload="{call: a, stages: [{target: 64/s, duration: 1s}], arrivals: even}")
    assert arrivals(seen) == [nanoseconds(math.sqrt(i / 32)) for i in range(32)]


def test_7_4_poisson_stages_have_the_expected_number(run):
    workload = "{call: a, stages: [{target: 600/s, duration: 1s}, {target: 0/s, duration: 1s}]}"
    times = np.array(arrivals(run(A, workload=workload)))
    assert abs(times.size - 600) < 4.5 * math.sqrt(600)
    # half of the expected ones are before the middle, a quarter of those in the first half of it
    assert abs((times < SECOND).sum() - 300) < 4.5 * math.sqrt(300)
    assert abs((times < SECOND // 2).sum() - 75) < 4.5 * math.sqrt(75)
    assert (np.diff(times) > 0).all()


def test_7_5_users_think_first_and_again_after_the_answer(run):
    """Think 3, ask 4: a request begins every 7 ticks from 3 on."""
    seen = run("a: {steps: [{cpu: 4t}]}", workload="{call: a, users: 1, thinkTime: 3t}", duration="24t")
    assert seen.arrivals == [3, 10, 17]
    assert seen.ends == [7, 14, 21]


def test_7_5_users_queue_for_one_core(run):
    """Both ask at 3; the second is served until 11 and asks again at 14, the first at 10."""
    seen = run("a: {steps: [{cpu: 4t}]}", workload="{call: a, users: 2, thinkTime: 3t}", duration="16t")
    assert seen.arrivals == [3, 3, 10, 14]
    assert seen.ends == [7, 11, 15, 19]
    assert seen.result.requests["request"].tolist() == [0, 1 << 32, 1, (1 << 32) + 1]


@pytest.mark.parametrize(
    "a",
    [
        "a: {errorRate: 100%, steps: [{sleep: 4t}]}",
        "a: {steps: [{sleep: 4t}, {call: b}]}\nb: {replicas: 0, steps: []}",
        "a: {steps: [{call: b, timeout: 4t}]}\nb: {steps: [{sleep: 400t}]}",
    ],
)
def test_7_5_a_user_thinks_after_any_outcome(run, a):
    seen = run(a, workload="{call: a, users: 1, thinkTime: 3t}", duration="24t")
    assert seen.arrivals == [3, 10, 17]
    assert seen.outcomes == ["error"] * 3


def test_7_5_a_user_whose_request_is_lost_waits_for_ever(run):
    extra = "network: {links: [{from: workload, to: a, loss: 100%}]}"
    seen = run(A, workload="{call: a, users: 2, thinkTime: 3t}", extra=extra)
    assert seen.outcomes == ["unfinished"] * 2


def test_7_5_no_request_begins_at_the_horizon(run):
    workload = "{call: a, users: 1, thinkTime: 8t}"
    assert run(A, workload=workload, duration="8t").arrivals == []
    assert run(A, workload=workload, duration="9t").arrivals == [8]
    assert run("a: {steps: [{sleep: 4t}]}", workload=workload, duration="20t").arrivals == [8]


def test_7_5_no_users_are_nobody(run):
    seen = run(A, workload="{call: a, users: 0, thinkTime: 3t}")
    assert seen.arrivals == []
    assert seen.result.summary["requests"] == 0


def test_7_5_what_a_user_thinks_depends_on_nobody_else(run):
    def times(users: int) -> list[float]:
        workload = f"{{call: a, users: {users}, thinkTime: {{dist: exponential, mean: 20t}}}}"
        table = run("a: {steps: [{sleep: 1t}]}", workload=workload).result.requests
        return table[table["request"] < 2**32]["arrival_s"].tolist()

    assert len(times(1)) > 20
    assert times(1) == times(7)


def test_7_5_users_without_think_time_ask_again_at_once(run):
    seen = run("a: {steps: [{cpu: 4t}]}", workload="{call: a, users: 2}", duration="20t")
    # they take turns: what has ended at 4 asks again behind the one that waits
    assert seen.arrivals == [0, 0, 4, 8, 12, 16]
    assert seen.ends == [4, 8, 12, 16, 20, 24]


def test_7_6_replayed_times_are_the_same_in_every_replication_and_equal_ones_keep_their_order(run):
    times = [0, 5, 5, 5, 9]
    seen = run("a: {steps: [{cpu: 4t}]}", at=times, replications=3)
    assert seen.arrivals == times * 3
    assert seen.ends == [4, 9, 13, 17, 21] * 3
    assert seen.result.requests["request"].tolist() == list(range(5)) * 3
