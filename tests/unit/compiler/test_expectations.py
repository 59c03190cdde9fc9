import math
import time

import numpy as np
import pytest

from simulator.compiler.durations import Durations
from simulator.compiler.expectations import (
    Packing,
    entry_shares,
    expect,
    packings,
    peak_rate,
)
from simulator.plan.layout import Op
from simulator.plan.walker import read_handlers

MIXED = """
network: {latency: 1ms, serialization: 100us}
services:
  a:
    concurrency: 8
    steps:
      - cpu: 2ms
      - parallel: [{call: b, times: 2}, {call: c, probability: 0.5}]
      - choose: [{weight: 95, steps: []}, {weight: 5, steps: [{sleep: 80ms}]}]
      - send: m
  b: {speed: 2, replicas: 2, steps: [{cpu: {dist: exponential, mean: 4ms}}]}
  c: {resources: {cpu: 500m}, steps: [{cpu: 3ms}]}
  m: {steps: [{cpu: 1ms}]}
workload:
  shoppers: {call: a, rate: 100/s}
  viewers: {calls: [{call: a}, {call: b}], rate: 50/s}
"""


@pytest.fixture
def mixed(plan_of):
    plan = plan_of(MIXED)
    assert plan.services.name == ("a", "b", "c", "m")
    return plan, expect(plan)


def test_visits_follow_times_probabilities_sends_and_the_mix(mixed):
    _, expected = mixed
    assert expected.visits == pytest.approx(np.array([[1.0, 2.0, 0.5, 1.0], [0.5, 1.5, 0.25, 0.5]]))
    # entries, then b, c and m as a calls them
    assert expected.calls == pytest.approx(np.array([[1.0, 0.0, 0.0, 2.0, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 0.25, 0.5]]))


def test_instructions_are_counted_a_run_of_their_handler(mixed):
    plan, expected = mixed
    sleeps = np.flatnonzero(plan.programs.op == Op.SLEEP)
    assert expected.counts[sleeps].tolist() == [pytest.approx(0.05)]
    calls = np.flatnonzero(plan.programs.op == Op.CALL)
    assert expected.counts[calls].tolist() == [2.0, 0.5]


def test_demand_is_in_whole_cores_with_serialization_at_both_ends(mixed):
    _, expected = mixed
    # a: 2 + (2 x 2 + 0.5 x 2 + 1) x 0.1; b: 2 x (4 + 0.2) / 2; c: 0.5 x (3 + 0.2); m: 1 + 0.1 (milliseconds).
    # Viewers: half of them make half of that, and half of them call b at the edge, where nothing is packed.
    demand = np.array([[2.6, 4.2, 1.6, 1.1], [1.3, 3.1, 0.8, 0.55]]) / 1000.0
    assert expected.demand == pytest.approx(demand)
    assert expected.work == pytest.approx(demand)
    assert expected.capacity == pytest.approx([1.0, 2.0, 0.5, 1.0])


def test_latencies_add_up_without_waiting(mixed):
    _, expected = mixed
    # call b: 2 + 0.2 + 0.1 + 2 = 4.3, twice; call c: 2 + 0.2 + 0.4 + 6 = 8.6, half the time; so the branch of b
    # is the longer one: 2 + 8.6 + 0.05 x 80 + 0.1 = 14.7 milliseconds
    assert expected.endpoint_latency == pytest.approx(np.array([14.7, 2.0, 6.0, 1.0]) / 1000.0)
    assert expected.entry_latency == pytest.approx(np.array([14.7, 14.7, 2.0]) / 1000.0)


def test_slots_are_held_from_the_network_to_the_reply(mixed):
    _, expected = mixed
    held = np.array([[14.7, 4.2, 3.2, 1.1], [7.35, 3.1, 1.6, 0.55]]) / 1000.0
    assert expected.held == pytest.approx(held)
    assert expected.slots.tolist() == [8.0, math.inf, math.inf, math.inf]


def test_in_one_process_there_is_no_network_and_one_slot(plan_of):
    expected = expect(plan_of(MIXED, "monolith"))
    # cores: 1 + 1 + 0.5 + 1 = 3.5, so 4 a replica at full speed; 4.5 in microservices, so 2 replicas
    assert expected.capacity == pytest.approx([8.0])
    assert expected.demand == pytest.approx(np.array([[2 + 4 + 1.5 + 1], [1 + 3 + 0.75 + 0.5]]) / 1000.0)
    assert expected.endpoint_latency == pytest.approx(np.array([2 + 4 + 4, 2, 3, 1]) / 1000.0)
    assert expected.held == pytest.approx(np.array([[10.0], [0.5 * 10 + 0.5 * 2]]) / 1000.0)


def test_a_call_takes_no_longer_than_its_timeout(plan_of):
    plan = plan_of("""
    services: {a: {steps: [{call: b, timeout: 30ms, fallback: {steps: []}}, {cpu: 1ms}]}, b: {steps: [{sleep: 80ms}]}}
    workload: {call: a, rate: 1/s}
    """)
    assert expect(plan).entry_latency == pytest.approx([0.031])


def test_a_wait_is_added_to_every_visit(mixed):
    plan, _ = mixed
    waits = np.array([0.0, 1.0, 0.0, 0.0])  # at b
    calls = Durations(read_handlers(plan), waits).calls
    assert calls[3] == pytest.approx(1.0 + 0.0043)
    assert calls[2] == pytest.approx(1.0 + 0.002)


def test_a_send_has_no_answer_to_pack(mixed):
    plan, _ = mixed
    row = int(plan.calls.serialization[3])
    assert packings(plan) == [
        Packing(3, row, 0, 1, 2.0, 2.0),
        Packing(4, row, 0, 2, 2.0, 2.0),
        Packing(5, row, 0, 3, 1.0, 1.0),
    ]


def test_shares_of_entries(mixed):
    plan, _ = mixed
    rows, shares = entry_shares(plan, 1)
    assert (rows, shares.tolist()) == (slice(1, 3), [0.5, 0.5])


@pytest.mark.parametrize(
    ("workload", "peak"),
    [
        ("rate: 80/s", 80.0),
        ("startRate: 5/s, stages: [{target: 9/s, duration: 10s}, {target: 2/s, duration: 10s}]", 9.0),
        ("startRate: 20/s, stages: [{target: 9/s, duration: 10s}]", 20.0),
        ("stages: [{target: 100/s, duration: 200s}]", 50.0),  # the horizon comes half way up
        ("stages: [{target: 5/s, duration: 100s}, {target: 70/s, duration: 0s}, {target: 80/s, duration: 1s}]", 5.0),
        ("startRate: 7/s, stages: [{target: 70/s, duration: 0s}, {target: 8/s, duration: 1s}]", 70.0),
        ("users: 10", 0.0),
    ],
)
def test_the_peak_before_the_horizon(plan_of, workload, peak):
    plan = plan_of(f"""
    simulation: {{duration: 100s}}
    services: {{a: {{steps: [{{cpu: 1ms}}]}}}}
    workload: {{call: a, {workload}}}
    """)
    assert peak_rate(plan, 0) == pytest.approx(peak)


def test_the_peak_of_a_replay_is_its_busiest_tenth(plan_of, tmp_path):
    (tmp_path / "arrivals.csv").write_text("arrival_s\n" + "\n".join(["1"] * 3 + ["35"] * 20 + ["150"] * 99))
    plan = plan_of(f"""
    simulation: {{duration: 100s}}
    services: {{a: {{steps: [{{cpu: 1ms}}]}}}}
    workload: {{call: a, replay: {tmp_path / "arrivals.csv"}}}
    """)
    assert peak_rate(plan, 0) == pytest.approx(2.0)


def test_a_long_file_is_compiled_in_a_moment(plan_of):
    steps = "\n".join(f"      - {{call: b, timeout: {100 + number % 50}ms}}" for number in range(4000))
    began = time.process_time()
    plan_of(f"services:\n  b: {{steps: [{{cpu: 1us}}]}}\n  a:\n    steps:\n{steps}\nworkload: {{call: a, rate: 1/s}}")
    assert time.process_time() - began < 4.0  # it was some seconds a thousand before
