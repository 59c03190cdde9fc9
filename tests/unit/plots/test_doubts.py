"""What figures say themselves of faults that never happen, and of latencies that are of several journeys."""

from __future__ import annotations

import pytest

from simulator import plots
from simulator.compiler import compile_topology
from simulator.engines.reference import ReferenceEngine
from simulator.plots.doubts import doubts_note, is_mixed
from simulator.results import Results, summarise
from simulator.spec import loads

from .conftest import compared

LATE = "faults[0] (kill of pay): it begins at 2m, after the last arrival (1m)"
FILE = """
name: shop
simulation: {duration: 6s, warmup: 1s}
network: {latency: 1ms}
services:
  pay: {replicas: 2, startup: 1s, endpoints: {look: {steps: [{sleep: 10ms}]}, buy: {steps: [{sleep: 200ms}]}}}
workload: {lookers: {call: pay.look, rate: 90/s}, buyers: {call: pay.buy, rate: 10/s}}
faults: [{at: 2m, for: 20s, target: pay, kill: {replicas: 1}}]
"""
SAID = "faults[0] (kill of pay): it begins at 2m, after the last arrival (6s)"


def run(text: str = FILE, deployment: str = "microservices") -> Results:
    plan = compile_topology(loads(text), deployment)
    return summarise(plan, [ReferenceEngine().run(plan, seed=1, replication=at, detail="requests") for at in (0, 1)])


@pytest.fixture(scope="module")
def late() -> Results:
    return run()


def test_each_fault_is_said_once_with_whom_it_is_left_out_of():
    assert doubts_note([LATE]) == f"NOTE: {LATE}; "
    assert doubts_note([f"monolith: {LATE}", f"split: {LATE}"]) == f"NOTE: monolith and split: {LATE}; "
    idle = "faults[1] (partition of pay): no call to it crosses the network in this deployment: it does nothing"
    assert doubts_note([LATE, f"monolith: {idle}"]) == f"NOTE: {LATE}; monolith: {idle}; "


def test_settings_that_never_act_are_counted():
    never = "a -> b: its hedge never acts: each try ends before that"
    assert doubts_note([never]) == "NOTE: 1 setting never acts: see the warnings; "
    startup = "pay: its startup does not act, since nothing kills its replicas"
    assert doubts_note([never, startup]) == "NOTE: 2 settings never act: see the warnings; "


def test_what_acts_or_is_no_setting_is_not_said():
    merged = "a -> b: its timeout does not act inside monolith, where it is a function call"
    soon = "faults[0] (kill of pay): it begins at 1s, within the warmup (5s)"
    assert doubts_note([merged, soon, "latency p99 is known to 14 % only (half width by value)"]) == ""


def said(ax) -> str:
    """All words of a figure, in one line."""
    figure = ax.figure
    texts = [
        text.get_text() for one in figure.axes for text in [*one.texts, one.title, one.xaxis.label, one.yaxis.label]
    ]
    titles = [one.get_title(loc=side) for one in figure.axes for side in ("left", "center")]
    return " ".join(" ".join([*texts, *titles, figure.get_supxlabel(), figure.get_suptitle()]).split())


DRAWN = {
    "latency": lambda late: plots.latency(late),
    "tails": lambda late: plots.latency([late, late]),
    "timeline": lambda late: plots.timeline(late, quantities=("latency", "utilisation"))[0],
    "breakdown": lambda late: plots.breakdown(late),
    "comparison": lambda late: plots.comparison(compared(late, run(FILE, "monolith")))[0],
    "utilisation": lambda late: plots.utilisation(late),
}


@pytest.mark.parametrize("figure", DRAWN)
def test_a_figure_of_a_run_says_that_its_fault_never_happened(figure, late):
    assert SAID in said(DRAWN[figure](late))


@pytest.mark.parametrize("figure", [name for name in DRAWN if name != "utilisation"])
def test_a_figure_of_latency_says_that_it_is_of_all_journeys(figure, late):
    assert is_mixed(late)
    assert "all journeys" in said(DRAWN[figure](late))


def test_one_journey_is_no_mixture(late):
    alone = run(FILE.replace(", buyers: {call: pay.buy, rate: 10/s}", ""))
    assert not is_mixed(alone)
    assert not is_mixed(late, "buyers")
    for draw in DRAWN.values():
        if draw is not DRAWN["comparison"]:
            assert "all journeys" not in said(draw(alone))
    assert "all journeys" not in said(plots.latency(late, workload="buyers"))
