"""Policies to columns: who shares what, and what is said."""

from __future__ import annotations

import numpy as np
import pytest

import simulator as sim
from simulator.compiler.expectations import expect
from simulator.compiler.policies import GUARDS, refusing
from simulator.plan.columns import empty
from simulator.plan.layout import Op, Outcome
from simulator.plan.policies import Policies
from simulator.spec.policies import Bulkhead, CircuitBreaker, OutlierDetection, RateLimit, RetryBudget
from simulator.spec.steps import PolicyKeys

TEXT = """
policies:
  guarded: {{timeout: 1s, retries: {{attempts: 2}}, retryBudget: {{}}, circuitBreaker: {{}}, bulkhead: {{}}}}
services:
  a: {{replicas: 3, steps: [{a}]}}
  b: {{steps: []}}
  c: {{kind: external, steps: []}}
workload: {{call: a, rate: 1/s{workload}}}
"""


def compiled(a: str, workload: str = "", deployment: str = "microservices") -> sim.Plan:
    return sim.compile(sim.loads(TEXT.format(a=a, workload=workload)), deployment)


@pytest.mark.parametrize("block", [CircuitBreaker, Bulkhead, RetryBudget, RateLimit, OutlierDetection])
def test_every_key_has_a_default(block):
    settled = block().settled()
    assert None not in settled.values()
    assert block(**settled).settled() == settled


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_has_its_key_its_column_and_its_table(guard):
    plan = compiled("{call: b, policy: guarded}")
    assert guard.rows(plan).tolist() == [0]
    assert getattr(plan, f"{guard.name}s").callers.tolist() == [3]
    assert guard.key in PolicyKeys.model_fields
    assert " b" in guard.own(plan, 0, "b")


def test_which_policies_may_turn_tries_away():
    plan = compiled("{call: b, bulkhead: {}}, {call: b, retryBudget: {}, retries: {}}, {call: b, circuitBreaker: {}}")
    assert refusing(plan).tolist() == [True, False, True]
    assert refusing(plan, Outcome.REJECTED).tolist() == [True, False, False]


def test_a_plan_without_policies_has_none():
    plan = compiled("{call: b, timeout: 1s}")
    assert plan.policies.call.size == plan.breakers.callers.size == 0
    assert plan.digest() == sim.compile(sim.loads(TEXT.format(a="{call: b, timeout: 1s}", workload=""))).digest()


def test_a_policy_is_part_of_the_digest():
    digests = {compiled(f"{{call: b, retries: {{attempts: {n}}}}}").digest() for n in (1, 2, 3)}
    assert len(digests) == 3


def test_states_are_one_a_caller_replica():
    plan = compiled("{call: b, policy: guarded}", ", policy: guarded")
    assert plan.calls.caller[plan.policies.call].tolist() == [-1, 0]
    for states in (plan.breakers, plan.bulkheads, plan.budgets):
        assert states.callers.tolist() == [1, 3]
    assert plan.policies.name == ("guarded", "guarded")


def test_calls_of_one_caller_target_and_name_share_their_states():
    plan = compiled("{call: b, policy: guarded}, {call: b, policy: guarded, bulkhead: {maxConcurrentCalls: 7}},"
                    " {call: c, policy: guarded}, {call: b, circuitBreaker: {}}")  # fmt: skip
    assert plan.policies.breaker.tolist() == [0, 0, 1, 2]
    assert plan.policies.bulkhead.tolist() == [0, 1, 2, -1]
    assert plan.bulkheads.limit.tolist() == [25, 7, 25]


def test_inside_a_process_there_is_no_policy():
    plan = compiled("{call: b, policy: guarded}, {call: c, policy: guarded}", deployment="monolith")
    assert plan.calls.name[plan.policies.call[0]] == "a/1 -> c"
    assert plan.policies.call.size == 1
    assert any("a -> b: its policy does not act inside monolith" in one for one in plan.warnings)


def test_a_fallback_is_two_rows_of_the_program():
    plan = compiled("{call: b, fallback: {steps: [{call: c}, {cpu: 1ms}]}}, {cpu: 2ms}")
    start = plan.endpoints.start[0]
    ops = plan.programs.op[start : start + 6].tolist()
    assert ops == [Op.CALL, Op.FALLBACK, Op.CALL, Op.CPU, Op.CPU, Op.END]
    assert plan.programs.c[start + 1] == start + 4
    assert plan.policies.call.size == 0
    demand = expect(plan).demand[0]
    assert demand.tolist() == [0.002, 0.0, 0.0], "as if nothing failed"


def test_cycles_through_a_fallback_are_refused():
    text = (
        "services: {a: {steps: [{call: b, fallback: {steps: [{call: c}]}}]}, b: {steps: []}, c: {steps: [{call: a}]}}"
    )
    with pytest.raises(sim.PlanError, match="a -> c -> a"):
        sim.compile(sim.loads(f"{text}\nworkload: {{call: a, rate: 1/s}}"))


def test_an_own_timeout_of_each_try_is_patience_too():
    """What is lost on a link is given up: there is no warning."""
    lossy = "network: {links: [{from: a, to: b, loss: 1%}]}"
    for policy, warned in (("retries: {}", True), ("retries: {perTryTimeout: 1s}", False), ("policy: guarded", False)):
        text = TEXT.format(a=f"{{call: b, {policy}}}", workload="")
        plan = sim.compile(sim.loads(text + lossy))
        assert any("waits for ever" in one for one in plan.warnings) is warned, policy


def test_explain_says_what_was_understood():
    policy = "policy: guarded, retries: {attempts: 1, perTryTimeout: 50ms}, bulkhead: {maxWaitDuration: 5ms}"
    said = " ".join(compiled(f"{{call: b, {policy}, fallback: {{steps: [{{cpu: 1ms}}]}}}}").explain().split())
    for words in (
        "policy guarded", "1 re-try on error, timeout, rejected, unreachable", "backoff 25ms to 250ms, jitter full",
        "50ms a try", "re-tries within 20% of the tries, or 3", "bulkhead of 25, waiting 5ms at most", "if it fails",
        "circuit breaker: opens at 50% failures or 100% slower than 1m, of 100 calls, from 100 calls on, for 1m,"
        " then 10 trial calls",
    ):  # fmt: skip
        assert words in said, words


def test_empty_tables_have_columns_of_their_kinds():
    table = empty(Policies)
    assert table.name == ()
    assert (table.call.dtype, table.backoff_s.dtype) == (np.int64, np.float64)
