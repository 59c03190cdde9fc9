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


def test_what_is_shortened_has_an_ellipsis():
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    assert shorten_before("a.path.replicas", 9) == "…replicas"


DRILL = Table(
    ["policies", "lost", "degraded", "late", "tries x", "seen in", "detect s", "recover s", "verdict"],
    [
        ["microservices"], *(
            [f"  {name}", "1,811 ± 28", "1,811 ± 28", "-0.1000 ± 0.4400", "0.994", "10 of 10", "1", "0", "comes back"]
            for name in ("none", "timeouts", "retries", "full")
        ),
    ],
)  # fmt: skip
OBJECTIVES = Table(
    ["deployment", "slo", "endpoint", "quantity", "limit", "value", "served", "verdict"],
    [
        ["microservices", "booking", "gateway.book", "p99", "900 ms", "662.2 ms", "99.31 %", "met"],
        ["microservices", "browsing", "gateway.browse", "p99", "150 ms", "67.06 ms", "100 %", "met, not sure"],
        ["monolith", "browsing", "gateway.browse", "p99", "150 ms", "62.81 ms", "88.16 %",
         "MISSED: 11.8 % were not served"],
    ], 3,
)  # fmt: skip
QUANTITIES = Table(
    ["", "microservices", "monolith", "difference"],
    [
        ["latency p99 (ms)", "388.2 (385.1 to 392.5)", "384.9 ± 4.0", "-4.672 to -1.924"],
        ["latency p99.9 (ms)", "772.6 ± 79.6", "784.9 (687 to 846)", "no difference shown"],
        ["cost per million successful (EUR)", "1.146 ± 0.009", "1.221 ± 0.010", "0.07417 to 0.07553"],
    ],
)


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("table", [DRILL, OBJECTIVES, QUANTITIES], ids=["drill", "objectives", "quantities"])
def test_every_word_of_names_and_heads_is_whole_at_any_width(table, width):
    told = lines(table, width)
    words = {word for line in told for word in line.split()}
    assert max(map(len, told)) <= width
    assert {word for row in [table.head, *table.rows] for cell in row for word in cell.split()} <= words


UNITS = Table(["unit", "cores each", "waiting (ms)"], [["front", "2", "1.5"], ["back", "4", "12.5"]])


def test_heads_go_on_in_a_second_line_where_that_saves_a_table():
    plain = ["unit   cores each  waiting (ms)", "front           2           1.5", "back            4          12.5"]
    assert lines(UNITS, 31) == plain
    assert lines(UNITS, 30) == [
        "       cores", "unit    each  waiting (ms)", "front      2           1.5", "back       4          12.5",
    ]  # fmt: skip


def test_columns_without_room_stand_below_beside_the_same_names():
    assert lines(UNITS, 15) == [
        "       cores", "unit    each", "front      2", "back       4", "",
        "       waiting", "unit      (ms)", "front      1.5", "back      12.5",
    ]  # fmt: skip


def test_a_table_may_ask_for_heads_and_names_in_one_line():
    table = Table(["unit", "replicas", "cost per hour"], [["front", "2", "1.5"]], whole=True)
    assert lines(table, 22) == [
        "unit   replicas",
        "front         2",
        "",
        "unit   cost per hour",
        "front            1.5",
    ]


def test_a_long_cell_goes_on_in_the_next_line_and_leaves_the_names_whole():
    table = Table(
        ["slo", "limit", "verdict"], [["web", "9 ms", "MISSED: 11.8 % were not served"], ["api", "5 %", "met"]]
    )
    assert lines(table, 36) == [
        "slo  limit                  verdict",
        "web   9 ms  MISSED: 11.8 % were not",
        "                             served",
        "api    5 %                      met",
    ]


def test_a_name_takes_two_lines_where_that_saves_a_table():
    table = Table(["", "value"], [["cost per million successful (EUR)", "1.146 ± 0.009"], ["goodput (/s)", "175"]])
    assert lines(table, 36) == [
        "                               value",
        "cost per million       1.146 ± 0.009",
        "  successful (EUR)",
        "goodput (/s)                     175",
    ]


def test_the_words_of_a_path_are_told_apart_in_two_lines():
    table = Table(["services.cart.replicas", "services.order.replicas", "p99"], [["1", "2", "10 ± 1"]], 2)
    assert lines(table, 39) == [
        "services.cart.  services.order.", "replicas        replicas            p99",
        "1               2                10 ± 1",
    ]  # fmt: skip


def test_a_value_goes_without_its_half_width_into_the_next_line_only_where_there_is_no_room_for_both():
    table = Table(["unit", "value"], [["one", "1,234,567 ± 89,012"], ["two", "1 ± 1"]])
    assert lines(table, 24) == ["unit               value", "one   1,234,567 ± 89,012", "two                1 ± 1"]
    assert lines(table, 23) == ["unit      value", "one   1,234,567", "       ± 89,012", "two       1 ± 1"]


def test_a_long_name_has_all_its_letters():
    told = lines(Table(("name", "value"), [("n" * 300, "1")]))
    assert sum(line.count("n") for line in told[1:]) == 300
    assert max(map(len, told)) == 100


def test_tables_take_all_of_a_wide_window_and_sentences_do_not():
    answer = Answer(headline=LONG, sections=[(OBJECTIVES, Answer(sections=[(OBJECTIVES,)]))])
    told = to_text(answer, 60, 160).splitlines()
    assert max(len(line) for line in told if line.startswith("and")) <= 60
    assert [line.split() for line in told].count(list(OBJECTIVES.head)) == 2


def test_a_row_of_one_cell_heads_those_below_it():
    table = Table(["unit", "cores"], [["a deployment of many words"], ["  front", "2"]])
    assert lines(table) == ["unit     cores", "a deployment of many words", "  front      2"]


def test_a_table_of_columns():
    assert Table.of_columns(["x", "a"], ["y", "1"]) == Table(("x", "y"), [("a", "1")])
    assert lines(Table(["", ""], [["requests", "12"]])) == ["requests  12"]
