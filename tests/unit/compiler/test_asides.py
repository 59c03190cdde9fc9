"""What the napkin leaves out is named."""

import pytest

from simulator.compiler.asides import behind_branches, rate_whatever_waits
from simulator.compiler.expectations import expect

FILE = """
services:
  g: {{steps: [{{cpu: 1ms}}, {{call: s, {policy}}}]}}
  s: {{replicas: 2, steps: [{{sleep: {{dist: exponential, mean: 20ms}}}}, {{cpu: {{dist: exponential, mean: 10ms}}}}]}}
workload: {{call: g, rate: 50/s}}
"""


@pytest.mark.parametrize(
    ("policy", "tries"),
    [
        ("hedge: {after: 15ms}", 2),
        ("timeout: 1s, retries: {attempts: 2, perTryTimeout: 20ms}", 3),
        ("timeout: 50ms, retries: {attempts: 5, perTryTimeout: 20ms}", 3),  # no time is left for more
        ("hedge: {after: 15ms}, retries: {attempts: 1, perTryTimeout: 40ms}", 3),
    ],
)
def test_two_cores_of_10_ms_keep_up_with_all_tries(plan_of, policy, tries):
    plan = plan_of(FILE.format(policy=policy))
    assert rate_whatever_waits(plan, expect(plan)) == pytest.approx(200.0 / tries)


@pytest.mark.parametrize("policy", ["timeout: 1s", "retries: {attempts: 2, perTryTimeout: 20ms, retryOn: [error]}"])
def test_where_waiting_sets_off_nothing_nothing_is_told(plan_of, policy):
    plan = plan_of(FILE.format(policy=policy))
    assert rate_whatever_waits(plan, expect(plan)) == float("inf")


@pytest.mark.parametrize(("second", "names"), [("sleep: 5ms", []), ("sleep: {dist: exponential, mean: 5ms}", ["g"])])
def test_slots_wait_for_the_slowest_branch(plan_of, second, names):
    plan = plan_of(
        f"services: {{g: {{concurrency: 2, steps: [{{parallel: [{{sleep: 5ms}}, {{{second}}}]}}]}}}}\n"
        "workload: {call: g, rate: 60/s}\n"
    )
    assert behind_branches(plan, expect(plan)) == names
