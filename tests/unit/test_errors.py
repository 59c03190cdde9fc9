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


# -- what a file holds is quoted in short, and nothing of it acts on a terminal


def test_control_characters_are_written_out():
    assert str(EngineError("a \x1b[31mred\x07 \x9b one")) == "a \\x1b[31mred\\x07 \\x9b one"
    assert str(EngineError("right\u202eleft\u2028next")) == "right\\u202eleft\\u2028next"
    assert str(EngineError("two\nlines,\ta tab, a\u00a0space and ü")) == "two\nlines,\ta tab, a\u00a0space and ü"


@pytest.mark.parametrize("mark", "`'")
def test_a_quotation_has_200_letters_at_most(mark):
    text = str(EngineError(f"unknown {mark}{'x' * 5000}{mark}, and {mark}{'y' * 198}{mark}"))
    assert text == f"unknown {mark}{'x' * 198}…{mark}, and {mark}{'y' * 198}{mark}"


def test_a_problem_is_as_harmless():
    problem = Problem("a" * 1000, "found `\x1b[2J`", "\x1b.yaml", 1, 3, "\x1b[31m: x")
    head, line, caret = str(problem).split("\n")
    assert head.startswith("\\x1b.yaml:1:3: aaa")
    assert head.endswith("a: found `\\x1b[2J`")
    assert len(head) < 250
    assert line == "    1 | \\x1b[31m: x"
    assert caret.index("^") == line.index("31m")


@pytest.mark.parametrize("column", [1, 2, 100, 101, 2500, 4900, 5000])
def test_of_a_long_line_what_is_near_the_place_is_shown(column):
    source = "".join(chr(ord("a") + number % 26) for number in range(5000))
    _, line, caret = str(Problem("", "wrong", "x", 1, column, source)).split("\n")
    assert len(line) <= 8 + 200 + 2
    assert line[caret.index("^")] == source[column - 1]
    assert line[caret.index("^") : -1] in source
