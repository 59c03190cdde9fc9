"""YAML 1.2: what a plain word of the file means."""

import math

import pytest

from simulator.errors import TopologyError
from simulator.spec.text import Text, decode


def read(text):
    return Text(text, "t.yaml").read()


@pytest.mark.parametrize(
    "word",
    [
        "on",
        "off",
        "yes",
        "no",
        "y",
        "n",
        "ON",
        "1:30",
        "1_000",
        "0b1",
        "2024-01-01",
        "=",
        "nUll",
        "+",
        ".",
        "5ms",
        "1/s",
        "0x",
        "0o8",
    ],
)
def test_words_that_are_text(word):
    assert read(f"a: {word}") == {"a": word}
    assert type(read(f"a: {word}")["a"]) is str


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e3", 1000.0),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("+5", 5),
        ("-0", 0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5E-2", -0.015),
    ],
)
def test_numbers(word, value):
    found = read(f"a: {word}")["a"]
    assert found == value
    assert isinstance(found, type(value))


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_null(word):
    assert read(f"a: {word}") == {"a": None}


@pytest.mark.parametrize(
    ("word", "value"), [("true", True), ("True", True), ("TRUE", True), ("false", False), ("FALSE", False)]
)
def test_booleans(word, value):
    assert read(f"a: {word}")["a"] is value


def test_infinity_and_nan():
    tree = read("[.inf, -.INF, .nan, 1e999]")
    assert tree[0] == tree[3] == math.inf
    assert tree[1] == -math.inf
    assert math.isnan(tree[2])


def test_quoted_numbers_are_text():
    assert read("a: '5'\nb: \"true\"\nc: |\n  5\n") == {"a": "5", "b": "true", "c": "5\n"}


def test_keys_are_text():
    assert read("1: a\ntrue: b\n") == {"1": "a", "true": "b"}


def test_aliases_are_copies():
    tree = read("a: &x {b: [1]}\nc: *x\n")
    assert tree == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert tree["a"] is not tree["c"]


def test_an_anchor_can_be_used_again():
    assert read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_aliases_cannot_fill_the_memory():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(TopologyError, match="aliases stand for more than"):
        read("\n".join(lines))


def test_merge_keys_bring_in_what_is_not_written():
    tree = read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: *a, x: 5}\nd: {z: 6, <<: [*a, *b]}\ne: {<<: {q: 7}}\n")
    assert tree["c"] == {"x": 5, "y": 2}
    assert tree["d"] == {"x": 1, "y": 2, "z": 6}
    assert tree["e"] == {"q": 7}


def test_what_is_merged_can_be_merged_again_and_a_quoted_key_is_a_key():
    assert read("a: &a {x: {p: 1}}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}\n")["c"] == {"x": {"p": 1}, "y": 2}
    assert read("a: {'<<': {x: 1}}") == {"a": {"<<": {"x": 1}}}


def test_what_is_merged_stands_where_it_is_written():
    text = Text("a: &a\n  x: [1, 2]\nb:\n  <<: [{y: 3}, *a]\n  z: 4\n", "t.yaml")
    assert text.read()["b"] == {"x": [1, 2], "y": 3, "z": 4}
    assert text.positions["b", "x", 1] == ((2, 10), (2, 10))
    assert text.positions["b", "y"] == ((4, 9), (4, 12))
    assert text.positions["b", "z"] == ((5, 3), (5, 6))


def test_merge_keys_count_as_aliases():
    lines = ["a0: &a0 {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}"]
    lines += [f"a{n}: &a{n} {{<<: *a{n - 1}, p{n}: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    with pytest.raises(TopologyError, match="aliases stand for more than"):
        read("\n".join(lines))


def test_positions_are_of_keys_and_values():
    text = Text("a:\n  b: [1,\n    2]\n", "t.yaml")
    text.read()
    assert text.positions["a",] == ((1, 1), (2, 3))
    assert text.positions["a", "b"] == ((2, 3), (2, 6))
    assert text.positions["a", "b", 1] == ((3, 5), (3, 5))


def test_a_byte_order_mark_and_windows_line_ends():
    assert read(decode(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "x")) == {"a": 1, "b": 2}


def test_depth_is_limited_without_a_crash():
    with pytest.raises(TopologyError):
        read("[" * 100_000)
    with pytest.raises(TopologyError):
        read("- " * 5_000 + "a")
