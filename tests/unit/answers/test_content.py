"""An answer as JSON, and what everything has that answers."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from simulator.answers import Answer, Answered, plain


@dataclass(frozen=True)
class Place:
    load: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Small(Answered):
    inner: object = None

    def answer(self):
        return Answer(headline="small", content={"value": float("nan"), "inner": self.inner})


def test_plain_values():
    given = {1: (np.float64("nan"), np.int64(3), np.bool_(True), float("-inf"), None, "a")}
    assert plain(given) == {"1": [None, 3, True, None, None, "a"]}
    assert type(plain(np.int64(3))) is int
    assert plain(Place(float("inf"), ("a",))) == {"load": None, "names": ["a"]}


def test_tables_are_lists_of_rows_or_by_name_where_rows_have_names():
    table = pd.DataFrame({"unit": ["a", "b"], "cores": [1, np.nan]})
    assert plain(table) == [{"unit": "a", "cores": 1.0}, {"unit": "b", "cores": None}]
    assert plain(table[1:]) == [{"unit": "b", "cores": None}]
    assert plain(table.set_index("unit")) == {"a": {"cores": 1.0}, "b": {"cores": None}}
    assert plain(table[:0]) == []


def test_who_answers_has_a_text_a_page_and_json():
    made = Small({"other": Small()})
    assert (str(made), made._repr_html_()) == ("small", "<p><strong>small</strong></p>")
    assert made.to_dict() == {"value": None, "inner": {"other": {"value": None, "inner": None}}}
    assert json.loads(json.dumps(made.to_dict(), allow_nan=False)) == made.to_dict()


def test_who_does_not_say_what_is_no_answer():
    with pytest.raises(TypeError, match="abstract"):
        Answered()
