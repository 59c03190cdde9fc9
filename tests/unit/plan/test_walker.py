"""The walk through handlers: a reader that writes down what it meets, and how often steps are run."""

import pytest

from simulator.plan.layout import Op
from simulator.plan.walker import Walker, call_owners, endpoint_of_rows, find_sends, read_handlers, runs

FILE = """
services:
  a: {steps: [%s]}
  b: {steps: [{sleep: 2s}]}
workload: {call: a, rate: 1/s}
"""
NESTED = """{parallel: [{cpu: 1s, times: 3}, {steps: []}]}, {choose: [{weight: 1, steps: [{send: b}]},
            {weight: 3, steps: []}]}, {call: b, probability: 0.25, fallback: {steps: [{cpu: 1s}]}}"""


class Words(Walker[str]):
    """What steps are, in a line."""

    def in_turn(self, nodes, values):
        return " ".join(values)

    def work(self, law, service):
        return f"{self.plan.services.name[service]} works {self.plan.distributions.mean[law]:g}"

    def pause(self, law):
        return f"{self.plan.distributions.mean[law]:g} pass"

    def send(self, call, service):
        return "tell"

    def call(self, node, call, service):
        fallback = "".join(f" or ({self.steps(body, service)})" for body in node.bodies)
        return f"ask ({self.found[self.plan.calls.target[call]]}){fallback}"

    def fail(self):
        return "fail"

    def together(self, node, values):
        return f"({' | '.join(values)})"

    def again(self, node, value, times):
        return f"{times} x ({value})"

    def choice(self, values, shares):
        return f"({', '.join(f'{share:g}: {value}' for value, share in zip(values, shares, strict=True))})"


@pytest.fixture
def handlers_of(plan_of):
    return lambda steps: read_handlers(plan_of(FILE % steps))


def test_each_step_is_met_with_what_is_inside_it(handlers_of):
    words = Words(handlers_of(NESTED))
    words.walk()
    assert words.found == {
        0: "(3 x (a works 1) | ) (0.25: tell, 0.75: ) (0.25: ask (2 pass) or (a works 1), 0.75: )",
        1: "2 pass",
    }


def test_nobody_is_walked_before_whom_it_calls(handlers_of):
    handlers = handlers_of(NESTED)
    assert handlers.order == [1, 0]
    assert handlers.services == [0, 1]


def test_how_often_steps_are_run(handlers_of):
    (tree, _) = handlers_of("{cpu: 1s, times: 4}, {sleep: 1s}, {cpu: 1s, times: 0}, {send: b}").trees
    succeeding = {Op.SLEEP: 0.5}
    found = runs(tree, lambda node, number: node.shares[number], lambda node: succeeding.get(node.op, 1.0))
    assert [(node.op, number) for node, number in found] == [
        (Op.REPEAT, 1.0), (Op.CPU, 4.0), (Op.SLEEP, 1.0), (Op.REPEAT, 0.5), (Op.SEND, 0.5),
    ]  # fmt: skip


def test_nothing_is_run_after_what_always_fails(handlers_of):
    (tree, _) = handlers_of("{cpu: 1s}, {sleep: 1s}, {call: b}").trees
    found = runs(tree, lambda node, number: 1.0, lambda node: float(node.op != Op.SLEEP))
    assert [node.op for node, _ in found] == [Op.CPU, Op.SLEEP]


def test_who_makes_a_call(handlers_of):
    plan = handlers_of(NESTED).plan
    assert call_owners(plan) == {1: 0, 2: 0}
    assert find_sends(plan) == {1}
    assert endpoint_of_rows(plan)[plan.programs.op == Op.SLEEP].tolist() == [1]


def test_a_fail_is_a_step(handlers_of):
    words = Words(handlers_of("{choose: [{steps: [{fail: x}]}, {weight: 3, steps: [{cpu: 1s}]}]}"))
    words.walk()
    assert "(0.25: fail, 0.75: " in " ".join(words.found.values())


def test_steps_may_be_as_deep_as_a_file(handlers_of):
    steps = "{parallel: [" * 46 + "{cpu: 1s, times: 2, probability: 0.5}" + "]}" * 46
    words = Words(handlers_of(steps))
    assert words.handler(0).strip("()").startswith("0.5: 2 x (a works 1)")
