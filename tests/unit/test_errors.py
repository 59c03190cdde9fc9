"""The tree of exceptions: what a caller catches, and what a problem says."""

import pickle

import pytest

from simulator import errors
from simulator.errors import EngineError, Problem, SimulatorError, TopologyError

TREE = {
    "TopologyError": SimulatorError,
    "PlanError": SimulatorError,
    "EngineError": SimulatorError,
    "UnsupportedFeature": EngineError,
    "CapacityExceeded": EngineError,
    "ResultError": SimulatorError,
}


def test_one_except_catches_all_of_them():
    found = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and name.endswith("Error")}
    assert set(found) - {"SimulatorError"} <= set(TREE)
    for name, parent in TREE.items():
        assert getattr(errors, name).__base__ is parent
        assert getattr(errors, name).__doc__
    assert SimulatorError.__base__ is Exception


def test_a_problem_of_a_text_says_where_it_stands():
    problem = Problem("services.a.replicas", "expected a whole number", "shop.yaml", 12, 5, "    replicas: x")
    assert str(problem).splitlines() == [
        "shop.yaml:12:5: services.a.replicas: expected a whole number",
        "   12 |     replicas: x",
        "            ^",
    ]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.b", "wrong"), "a.b: wrong"),
        (Problem("", "wrong"), "wrong"),
        (Problem("", "wrong", line=3, column=1), "<text>:3:1: wrong"),
        (Problem("", "cannot read", "shop.yaml"), "cannot read"),
    ],
)
def test_a_problem_without_a_text_has_no_line(problem, text):
    assert str(problem) == text


def test_a_topology_error_lists_its_problems_in_order():
    problems = [Problem("a", "first"), Problem("b", "second")]
    error = TopologyError(problems)
    assert error.problems == tuple(problems)
    assert str(error) == "a: first\nb: second"


def test_a_topology_error_may_be_one_sentence():
    error = TopologyError("--set x: expected PATH=VALUE")
    assert str(error) == "--set x: expected PATH=VALUE"
    assert error.problems == (Problem("", "--set x: expected PATH=VALUE"),)


@pytest.mark.parametrize("error", [TopologyError([Problem("a", "wrong", "f.yaml", 1, 2, "a: b")]), EngineError("x")])
def test_an_error_survives_the_way_back_from_another_process(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert getattr(copy, "problems", None) == getattr(error, "problems", None)
