"""What `check` says of limits and tries that act always, or never."""

import pytest

FILE = """
network: {{latency: 1ms}}
policies: {{p: {{{policy}}}}}
services:
  a: {{steps: [{{call: b, times: 2, policy: p}}]}}
  b: {{replicas: 10, {limit}steps: [{{cpu: 1ms}}]}}
workload: {{call: a, rate: 20/s}}
"""


def warnings(plan_of, policy="timeout: 1s", limit=""):
    return plan_of(FILE.format(policy=policy, limit=limit)).warnings


@pytest.mark.parametrize(("permits", "told"), [(40, False), (39, True)])
def test_a_rate_limit_below_what_is_asked(plan_of, permits, told):
    """Twenty requests a second, each of two calls."""
    found = warnings(plan_of, limit=f"rateLimit: {{limitForPeriod: {permits}, limitRefreshPeriod: 1s}}, ")
    text = f"b: its rateLimit lets {permits}/s through, of 40/s that are asked for: the others wait in vain"
    assert found == ((text,) if told else ())


@pytest.mark.parametrize(("per_try", "told"), [("99ms", False), ("100ms", True), ("2s", True)])
def test_a_try_that_ends_after_its_call(plan_of, per_try, told):
    found = warnings(plan_of, policy=f"timeout: 100ms, retries: {{perTryTimeout: {per_try}}}")
    text = "a/0 -> b: its perTryTimeout never acts: the timeout of the whole call ends before it"
    assert found == ((text,) if told else ())


def test_a_hedge_after_its_call(plan_of):
    (found,) = warnings(plan_of, policy="timeout: 100ms, hedge: {after: 100ms}")
    assert found.endswith("its hedge never acts: each try ends before that")


@pytest.mark.parametrize(("percent", "told"), [(9, True), (10, False)])
def test_a_detection_that_may_eject_nobody(plan_of, percent, told):
    found = warnings(plan_of, limit=f"outlierDetection: {{maxEjectionPercent: {percent}}}, ")
    assert any("ejects nobody: one of 10 replicas is more than" in text for text in found) == told
