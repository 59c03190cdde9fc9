"""Policies in the first memory: references, and a state for every caller replica."""

from __future__ import annotations

import simulator as sim
from simulator.engines.compiled.guards import add_policies
from simulator.engines.compiled.image import Image, load
from simulator.engines.compiled.layout import World
from simulator.rules.breakers import PERMITTED, RESULTS, SIZE

TEXT = """
policies: {p: {retries: {}, circuitBreaker: {slidingWindowSize: 5}, bulkhead: {maxConcurrentCalls: 7}, retryBudget: {}}}
services:
  a: {replicas: 3, steps: [{call: b, timeout: 1s}, {call: b, policy: p}, {call: b, retries: {attempts: 4}}]}
  b: {steps: []}
workload: {call: a, rate: 1/s}
"""


def calls_after(call, count):
    """So many calls that come after one."""
    for _ in range(count):
        call = call.following
        yield call


def test_a_call_refers_to_its_policy_and_that_to_the_states_of_its_caller():
    plan = sim.compile(sim.loads(TEXT))
    memory = load(plan, 1, 0, log_requests=False, log_attempts=False, memory_limit=2**30)
    entry = World(memory).workloads[0].entries[0].call
    none, plain, guarded, simple = entry.policy, *(call.policy for call in calls_after(entry, 3))
    assert not none
    assert not plain
    assert simple.attempts == 4
    assert (simple.breaker, bool(simple.bulkhead), bool(simple.budget)) == (0, False, False)
    assert guarded.backoff == 25_000_000
    board, words = guarded.breaker, guarded.breaker_words
    assert words == RESULTS + 5
    for replica in range(3):
        assert memory[board + replica * words + SIZE] == 5
        assert memory[board + replica * words + PERMITTED] == 10
        assert guarded.bulkhead[replica].limit == 7
        assert guarded.budget[replica].percent == 20.0


def test_a_plan_without_policies_takes_no_memory_for_them():
    plan = sim.compile(sim.loads(TEXT.replace(", policy: p", "").replace(", retries: {attempts: 4}", "")))
    image = Image(2**30)
    image.reserve(plan)
    before = image.top
    add_policies(image, plan)
    assert image.top == before
    assert image.at["policies"].tolist() == [0]
