"""Policy sets as edits of the file (rule 15.3): what each keeps and takes away, whose policies are left alone."""

import math
from pathlib import Path

import pytest

import simulator as sim
from simulator.experiments.drills.policysets import SETS, has_policies_of_targets, with_policies

FOLDER = Path(__file__).parents[4] / "topologies"
FILE = """\
policies:
  base: {timeout: 2s, circuitBreaker: {}}
  guarded:
    inherits: base
    retries: {attempts: 3, perTryTimeout: 100ms}
    retryBudget: {}
    bulkhead: {}
    fallback: {steps: [{cpu: 1ms}, {call: later}]}
services:
  web:
    steps:
      - {call: shop, policy: guarded, timeout: 1s, times: 2}
      - parallel: [{call: shop, bulkhead: {}}, {steps: [{choose: [{steps: [{call: shop, policy: base}]}]}]}]
  shop: {steps: [{cpu: 1ms}]}
  later: {steps: [{cpu: 1ms}]}
workload: {call: web, rate: 1/s}
"""


def calls_of(topology):
    plan = sim.compile(topology)
    remote = [row for row, name in enumerate(plan.calls.name) if plan.calls.caller[row] >= 0 and "shop" in name]
    return plan, remote


@pytest.mark.parametrize("name", ["none", "timeouts", "retries"])
def test_a_file_without_policies_stays_what_it_is(name):
    topology = sim.load(FOLDER / "minimal.yaml")
    assert with_policies(topology, name) is topology


def test_full_is_the_file():
    topology = sim.loads(FILE)
    assert with_policies(topology, "full") is topology


def test_none_has_no_policy_anywhere():
    plan, remote = calls_of(with_policies(sim.loads(FILE), "none"))
    assert len(remote) == 3
    assert plan.policies.call.size == 0
    assert (plan.calls.timeout[remote] == float("inf")).all()
    assert "later" not in plan.services.name


def test_timeouts_keep_the_timeouts_and_that_of_the_only_try():
    plan, remote = calls_of(with_policies(sim.loads(FILE), "timeouts"))
    assert plan.calls.timeout[remote].tolist() == [1.0, float("inf"), 2.0]
    assert plan.policies.call.tolist() == remote[:1]
    assert (plan.policies.attempts[0], plan.policies.per_try_s[0]) == (0, 0.1)
    assert {*plan.policies.breaker, *plan.policies.bulkhead, *plan.policies.budget} == {-1}
    assert "later" not in plan.services.name


def test_retries_keep_both_and_nothing_else():
    plan, remote = calls_of(with_policies(sim.loads(FILE), "retries"))
    assert plan.calls.timeout[remote].tolist() == [1.0, float("inf"), 2.0]
    assert plan.policies.attempts.tolist() == [3]
    assert {*plan.policies.breaker, *plan.policies.bulkhead, *plan.policies.budget} == {-1}
    assert "later" not in plan.services.name


def test_what_is_no_policy_of_a_call_stays():
    for name in SETS:
        web = with_policies(sim.loads(FILE), name).services["web"].endpoints[""].steps
        assert web[0].times == 2
        assert len(web[1].parallel) == 2


def test_a_policy_by_name_is_every_calls_and_nothing_beside_it():
    plan, remote = calls_of(with_policies(sim.loads(FILE), "base"))
    assert plan.calls.timeout[remote].tolist() == [2.0, 2.0, 2.0]
    assert plan.policies.name == ("base", "base", "base")
    assert plan.policies.attempts.tolist() == [0, 0, 0]


def test_an_unknown_set_is_refused():
    with pytest.raises(
        sim.PlanError, match=r"there is no set 'al': use none, timeouts, retries or full, or one of .*base"
    ):
        with_policies(sim.loads(FILE), "al")


@pytest.mark.parametrize("name", SETS)
def test_users_keep_their_own(name):
    """A policy that users and calls share: the calls' is edited, the users' is not."""
    text = FILE.replace("    fallback: {steps: [{cpu: 1ms}, {call: later}]}\n", "")
    topology = sim.loads(text.replace("rate: 1/s}", "rate: 1/s, policy: guarded}"))
    plan = sim.compile(with_policies(topology, name))
    entry = int(plan.workloads.entry_call[0])
    (row,) = [row for row, call in enumerate(plan.policies.call) if call == entry]
    assert plan.calls.timeout[entry] == 2.0
    assert plan.policies.attempts[row] == 3
    assert plan.policies.breaker[row] >= 0
    assert plan.policies.bulkhead[row] >= 0
    if name != "full":
        assert (plan.policies.breaker >= 0).sum() == 1


def test_files_that_are_read_are_still_found(tmp_path):
    (tmp_path / "times.csv").write_text("value_s\n0.001\n0.002\n")
    (tmp_path / "one.yaml").write_text(
        FILE.replace("shop: {steps: [{cpu: 1ms}]}", "shop: {steps: [{cpu: {dist: empirical, file: times.csv}}]}")
    )
    topology = sim.load(tmp_path / "one.yaml")
    assert with_policies(topology, "none").services["shop"] == topology.services["shop"]


EVERYTHING = """
policies: {guarded: {timeout: 1s, deadline: propagate, hedge: {after: 50ms}, retries: {attempts: 2}}}
services:
  a: {steps: [{call: b, policy: guarded}, {call: c, timeout: 2s, deadline: propagate, hedge: {after: 1s}}]}
  b:
    replicas: 2
    outlierDetection: {maxEjectionPercent: 50}
    rateLimit: {limitForPeriod: 10, limitRefreshPeriod: 1s}
    steps: [{cpu: 1ms}]
  c: {steps: [{cpu: 1ms}]}
deployments: {one: {units: {all: {services: [b, c], outlierDetection: {maxEjectionPercent: 50}}}}}
workload: {call: a, rate: 10/s}
"""


def test_what_callers_and_targets_do_beside_goes_too():
    file = sim.loads(EVERYTHING)
    assert has_policies_of_targets(file)
    assert with_policies(file, "full") is file
    for name in ("none", "timeouts", "retries"):
        edited = with_policies(file, name)
        assert not has_policies_of_targets(edited)
        content = edited.to_dict()  # with `none` no call has the named policy any more
        text = str({key: content[key] for key in content if key != "policies" or name != "none"})
        assert not [key for key in ("hedge", "deadline", "outlierDetection", "rateLimit") if key in text]
        for deployment in ("microservices", "one"):
            sim.compile(edited, deployment)
        calls = sim.compile(edited).calls
        timeouts = {calls.name[row]: calls.timeout[row] for row in range(len(calls.name))}
        assert timeouts["a/0 -> b"] == (math.inf if name == "none" else 1.0)
        assert timeouts["a/1 -> c"] == (math.inf if name == "none" else 2.0)


@pytest.mark.parametrize("key", ["outlierDetection: {maxEjectionPercent: 50}", "rateLimit: {limitForPeriod: 10}"])
def test_one_of_them_is_enough(key):
    plain = "services: {a: {replicas: 2, steps: [{cpu: 1ms}]}}\nworkload: {call: a, rate: 1/s}\n"
    assert not has_policies_of_targets(sim.loads(plain))
    assert has_policies_of_targets(sim.loads(plain.replace("replicas: 2", f"replicas: 2, {key}")))
