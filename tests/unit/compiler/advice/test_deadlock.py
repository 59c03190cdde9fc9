"""Bounded units that may wait for each other for ever."""

import pytest

TWO = """
network: {{latency: 1ms}}
services:
  a:
    concurrency: 4
    endpoints: {{foo: {{steps: [{{cpu: 1ms}}, {{call: b.foo{there}}}]}}, bar: {{steps: [{{cpu: 1ms}}]}}}}
  b:
    {limit}
    endpoints: {{foo: {{steps: [{{cpu: 1ms}}]}}, bar: {{steps: [{{cpu: 1ms}}, {{{verb}: a.bar{back}}}]}}}}
workload:
  x: {{call: a.foo, {x}}}
  y: {{call: b.bar, {y}{policy}}}
"""


def told(plan_of, text):
    return [warning for warning in plan_of(text).warnings if "for ever" in warning]


def two(**changes):
    keys = {"there": "", "back": "", "limit": "concurrency: 4", "verb": "call", "x": "rate: 2/s", "y": "rate: 2/s",
            "policy": ""}  # fmt: skip
    return TWO.format(**keys | changes)


def test_two_units_that_call_each_other(plan_of):
    (said,) = told(plan_of, two())
    assert said.startswith("a -> b -> a: slots are held while waiting, without a timeout")
    assert "(a.foo/1 -> b.foo, b.bar/1 -> a.bar)" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"there": ", timeout: 1s"},
        {"back": ", retries: {perTryTimeout: 1s}"},
        {"limit": "speed: 1.0"},  # no limit of slots
        {"limit": "{concurrency: 4, queue: {capacity: 0},"},
        {"verb": "send"},
        {"x": "users: 2, thinkTime: 1s", "y": "users: 2, thinkTime: 1s"},  # never more than there are slots
    ],
)
def test_what_breaks_the_circle(plan_of, changes):
    text = two(**changes)
    if "{concurrency" in text:
        text = text.replace("{concurrency: 4, queue: {capacity: 0},", "concurrency: 4\n    queue: {capacity: 0}")
    assert told(plan_of, text) == []


def test_a_unit_that_calls_itself_through_another(plan_of):
    text = """
    services:
      a: {concurrency: 4, endpoints: {foo: {steps: [{call: b}]}, bar: {steps: [{cpu: 1ms}]}}}
      b: {steps: [{call: a.bar}]}
    workload: {call: a.foo, rate: 2/s}
    """
    (said,) = told(plan_of, text)
    assert said.startswith("a -> a: ")
    assert told(plan_of, text.replace("call: a.bar", "call: a.bar, timeout: 1s")) == []


def test_a_deadline_that_is_inherited_ends_the_wait(plan_of):
    text = """
    policies: {patient: {timeout: 5s, deadline: propagate}}
    services:
      a: {concurrency: 4, endpoints: {foo: {steps: [{call: b}]}, bar: {steps: [{cpu: 1ms}]}}}
      b: {steps: [{call: a.bar}]}
    workload: {call: a.foo, rate: 2/s, policy: patient}
    """
    assert told(plan_of, text) == []


def test_a_chain_is_no_circle(plan_of):
    text = "services: {a: {concurrency: 1, steps: [{call: b}]}, b: {concurrency: 1, steps: [{cpu: 1ms}]}}"
    assert told(plan_of, f"{text}\nworkload: {{call: a, rate: 1/s}}") == []
