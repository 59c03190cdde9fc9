"""Policies: blocks, what they inherit, and what they refuse. Bad files are in `tests/spec/broken/policy-*.yaml`."""

from __future__ import annotations

import pytest

import simulator as sim
from simulator.spec.inheritance import resolve_policy
from simulator.spec.policies import Bulkhead, CircuitBreaker, Retries, overridden

TEXT = """
policies:
  first: {timeout: 1s, retries: {attempts: 5, backoff: 1s, jitter: none}, bulkhead: {maxConcurrentCalls: 2}}
  second: {inherits: first, retries: {attempts: 4, retryOn: [error]}, circuitBreaker: {}}
  third: {inherits: second, timeout: 3s}
services:
  a: {steps: [{call: b, policy: third, retries: {jitter: full}}]}
  b: {steps: []}
workload: {call: a, rate: 1/s, policy: first}
"""


@pytest.fixture(scope="module")
def topology():
    return sim.loads(TEXT)


def test_a_call_overrides_what_its_policy_inherits(topology):
    (step,) = topology.services["a"].endpoints[""].steps
    whole = resolve_policy(topology.policies, step.policy, step)
    assert whole.timeout == 3.0
    assert whole.retries == Retries(attempts=4, retry_on=("error",), backoff=1.0, jitter="full")
    assert whole.bulkhead == Bulkhead(max_concurrent_calls=2)
    assert whole.circuit_breaker == CircuitBreaker()
    assert whole.retry_budget is None


def test_without_a_policy_there_is_nothing():
    assert resolve_policy({}, None).retries is None


def test_a_block_overrides_by_key():
    assert overridden(None, None) is None
    assert overridden(Bulkhead(), None) == overridden(None, Bulkhead()) == Bulkhead()
    one, other = Bulkhead(max_concurrent_calls=1, max_wait_duration=2.0), Bulkhead(max_concurrent_calls=3)
    assert overridden(one, other) == Bulkhead(max_concurrent_calls=3, max_wait_duration=2.0)


def test_what_is_not_written_stays_so(topology):
    """Defaults are put in when it is compiled: a dump that is read again overrides no more than the file did."""
    again = sim.Topology.model_validate(topology.to_dict())
    assert again == topology
    assert sim.compile(again).digest() == sim.compile(topology).digest()
    assert topology.to_dict()["policies"]["second"]["circuitBreaker"] == {}


def test_paths_lead_into_policies(topology):
    changed = topology.replace({"policies.first.retries.attempts": 1, "policies.second.retries.backoff": "2s"})
    (step,) = changed.services["a"].endpoints[""].steps
    assert resolve_policy(changed.policies, step.policy, step).retries.backoff == 2.0
    assert changed.policies["first"].retries.attempts == 1
    with pytest.raises(sim.TopologyError, match="unknown policy `fourth`; expected `first`, `second`"):
        topology.replace({"workload.policy": "fourth"})


def test_a_topology_of_python_has_numbers_in_seconds():
    block = CircuitBreaker(wait_duration_in_open_state=2.5, failure_rate_threshold=30)
    assert block.wait_duration_in_open_state == 2.5
    assert block.failure_rate_threshold == 30.0
