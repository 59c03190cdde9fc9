import pytest

from simulator.plan.layout import Op
from simulator.plan.structure import Node, handler


@pytest.fixture
def tree(plan_of):
    def of(steps: str) -> tuple[Node, ...]:
        plan = plan_of(f"{{services: {{a: {{steps: {steps}}}}}, workload: {{call: a, rate: 1/s}}}}")
        return handler(plan.programs, 0)

    return of


def test_steps_in_a_row(tree):
    assert tree("[{cpu: 1s}, {sleep: 1s}]") == (Node(0, Op.CPU), Node(1, Op.SLEEP))
    assert tree("[]") == ()


def test_what_may_happen_several_times(tree):
    assert tree("[{cpu: 1s, probability: 0.2, times: 3}, {sleep: 1s}]") == (
        Node(0, Op.MAYBE, ((Node(1, Op.REPEAT, ((Node(2, Op.CPU),),), (3.0,)),),), (0.2,)),
        Node(4, Op.SLEEP),
    )


def test_branches(tree):
    assert tree("[{parallel: [{cpu: 1s}, {steps: []}, {sleep: 1s, times: 0}]}, {sleep: 1s}]") == (
        Node(
            0,
            Op.PARALLEL,
            ((Node(1, Op.CPU),), (), (Node(4, Op.REPEAT, ((Node(5, Op.SLEEP),),), (0.0,)),)),
            (1.0, 1.0, 1.0),
        ),
        Node(8, Op.SLEEP),
    )


def test_options_at_the_end_of_a_repetition_and_of_a_maybe(tree):
    choose = "{choose: [{weight: 1, steps: []}, {weight: 3, steps: [{cpu: 1s}]}]"
    options = (((), (Node(4, Op.CPU),)), (0.25, 0.75))
    assert tree(f"[{choose}, times: 2, probability: 0.5}}, {{sleep: 1s}}]") == (
        Node(0, Op.MAYBE, ((Node(1, Op.REPEAT, ((Node(2, Op.CHOOSE, *options),),), (2.0,)),),), (0.5,)),
        Node(7, Op.SLEEP),
    )


def test_options_within_options(tree):
    (outer,) = tree("[{choose: [{steps: [{choose: [{steps: [{cpu: 1s}]}]}, {sleep: 1s}]}]}]")
    assert outer == Node(
        0, Op.CHOOSE, ((Node(1, Op.CHOOSE, ((Node(2, Op.CPU),),), (1.0,)), Node(4, Op.SLEEP)),), (1.0,)
    )
