"""What all curves have: the same text, JSON and HTML around what is their own."""

import json
from dataclasses import dataclass

import pandas as pd
import pytest

from simulator.answers import Table
from simulator.experiments.curves.curve import Curve


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Tiny(Curve):
    headline = "tiny: a < b"
    finding = "It is so that a < b, " + "and so on " * 20 + "to the end."
    compared = ("a", "b")

    def answer(self):
        return self._answer("the title", (Table(["x", "y"], [["1", "2"]]),), nothing=float("nan"), pair=(1, 2))


def tiny(**more):
    return Tiny(topology="shop", table=pd.DataFrame({"x": [1.0, float("inf")]}), **more)


def test_the_text_is_the_title_the_table_and_the_finding():
    lines = str(tiny()).splitlines()
    assert lines[:5] == ["shop: the title", "", "x  y", "1  2", ""]
    assert " ".join(lines[5:]) == " ".join(Tiny.finding.split())
    assert max(map(len, lines)) <= 100
    assert str(tiny(interrupted=True)) == f"{tiny()}\n\ninterrupted: only what was finished by then is here"


def test_json_has_no_nan_and_html_is_escaped():
    content = json.loads(json.dumps(tiny(interrupted=True).to_dict(), allow_nan=False))
    assert content == {
        "topology": "shop", "finding": Tiny.finding, "nothing": None, "pair": [1, 2], "interrupted": True,
            "warnings": [],
        "table": [{"x": 1.0}, {"x": None}],
    }  # fmt: skip
    assert repr(tiny()) == "<Tiny of shop: a and b>"
    html = tiny()._repr_html_()
    assert html.startswith("<p><strong>It is so that a &lt; b, ")
    assert "<p>shop: the title</p>" in html


def test_a_curve_has_to_say_what_it_found():
    with pytest.raises(TypeError, match="abstract"):
        Curve(topology="shop", table=pd.DataFrame())
