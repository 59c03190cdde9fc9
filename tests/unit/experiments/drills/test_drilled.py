"""The value that a drill is: for people, notebooks and machines."""

import json

import pytest

import simulator as sim

FILE = """\
name: <shop>
simulation: {warmup: 1s, replications: 2, drain: 5s}
services: {web: {steps: [{call: pay}]}, pay: {steps: [{cpu: 5ms}]}}
workload: {call: web, rate: 40/s}
"""


@pytest.fixture(scope="module")
def found():
    return sim.drill(sim.loads(FILE), "pay", at="3s", for_="3s", duration="12s", engine="compiled")


def test_json_has_all_of_it(found):
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert content["fault"] == "kill of pay at 3s for 3s"
    assert (content["met"], content["interrupted"], content["targets"]) == (True, False, ["pay"])
    assert len(content["table"]) == 8
    assert {row["service"] for row in content["blast"]} == {"web"}
    assert len(content["timeline"]) == len(found.timeline)
    assert content["verdict"] == found.verdict


def test_a_notebook_shows_it_escaped(found):
    html = found._repr_html_()
    assert "&lt;shop&gt;: kill of pay" in html
    assert "<shop>" not in html
    assert repr(found) == "<Drill of <shop>: kill of pay at 3s for 3s>"


def test_rows_by_name(found):
    assert found.row("monolith", "full")["same_as"] == "none"
    assert found.row("microservices", "none")["verdict"] == "comes back"


def test_it_is_frozen(found):
    with pytest.raises(AttributeError):
        found.what = "something else"
