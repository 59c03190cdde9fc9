"""An answer as text: the same order everywhere, and no line longer than there is room."""

import pytest

from simulator.answers import Answer, Later, Table, shorten, shorten_before, to_text

LONG = "and so it goes on " * 12


def lines(table, width=100):
    return to_text(Answer(sections=[(table,)]), width).splitlines()


def test_the_order_is_the_same_for_all():
    answer = Answer(
        headline="shop, as asked", conditions=["seed 1", "on paper"], warnings=["few requests"], finding="Split it.",
        sections=[("it is said:", Table(["x", "y"], [["a", "1"]])), (), ("and more",)], interrupted=True,
    )  # fmt: skip
    assert (
        to_text(answer)
        == """\
shop, as asked
seed 1
on paper

it is said:
x  y
a  1

and more

warning: few requests

Split it.

interrupted: only what was finished by then is here"""
    )


def test_sections_may_be_made_later_and_more_than_once():
    answer = Answer(sections=Later(lambda: iter([("a",), ("b",)])))
    assert [to_text(answer), to_text(answer)] == ["a\n\nb"] * 2


def test_what_is_empty_leaves_no_blank_line():
    assert to_text(Answer(headline="nothing", sections=[(), (Table(["x"], []),)])) == "nothing"
    assert to_text(Answer()) == ""


@pytest.mark.parametrize("width", [60, 72, 100])
def test_no_line_is_longer_than_the_width(width):
    columns = [f"column {place} of many" for place in range(9)]
    table = Table([LONG, *columns], [[LONG], [LONG, *(["1,234.56 ± 7.89"] * 9)], [LONG, *([LONG] * 9)]])
    answer = Answer(
        headline=LONG, conditions=[LONG], sections=[(LONG, table)], warnings=[LONG], finding=LONG,
    )  # fmt: skip
    longest = max(map(len, to_text(Answer(sections=[(answer,)], headline=LONG), width).splitlines()))
    assert longest <= width


def test_conditions_and_warnings_that_go_on_are_indented_but_not_sentences():
    text = to_text(Answer(headline=LONG, conditions=[LONG], warnings=[LONG], finding=LONG))
    told = [line for line in text.splitlines() if line.startswith("  ")]
    assert len(told) == 4
    assert not text.split("\n\n")[-1].count("\n  ")


def test_long_names_are_shortened():
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    assert shorten_before("a.path.replicas", 9) == "…replicas"
    assert [len(line) for line in lines(Table(("name", "value"), [("n" * 300, "1")]))] == [100, 100]


def test_a_short_name_leaves_its_room_to_a_long_one():
    told = lines(Table(("deployment", "policies", "value"), [("microservices", "none", "1" * 74)], 2))
    assert told[1].split()[:2] == ["microservices", "none"]


def test_columns_without_room_stand_below_beside_the_same_names():
    told = lines(Table(["unit", "replicas", "cost per hour"], [["front", "2", "1.5"]], whole=True), 22)
    assert told == ["unit   replicas", "front         2", "", "unit   cost per hour", "front            1.5"]


def test_half_widths_go_where_there_is_no_room_for_them_and_numbers_stay():
    told = lines(Table(["a-name", "value"], [["one", "1,234,567 ± 89,012"], ["two", "1 ± 1"]], whole=True), 20)
    assert told == ["a-name      value", "one     1,234,567", "two         1 ± 1"]


def test_a_row_of_one_cell_heads_those_below_it():
    table = Table(["unit", "cores"], [["a deployment of many words"], ["  front", "2"]])
    assert lines(table) == ["unit     cores", "a deployment of many words", "  front      2"]


def test_a_table_of_columns():
    assert Table.of_columns(["x", "a"], ["y", "1"]) == Table(("x", "y"), [("a", "1")])
    assert lines(Table(["", ""], [["requests", "12"]])) == ["requests  12"]
