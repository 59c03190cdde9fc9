"""What is promised of settled requests is not drawn over, or judged by, the times of their answers."""

import numpy as np
import pytest

import simulator as sim
from simulator.experiments.curves.load import entry_limits
from simulator.experiments.curves.words import limits_in_words
from simulator.experiments.curves.worst import WORST, judged_column
from simulator.experiments.drills.incidents import find_promise
from simulator.experiments.sizes.gains import quantity_of
from simulator.plots.overview import objectives_of

TEXT = """
simulation: {duration: 20s, warmup: 0s, replications: 2}
services: {a: {steps: [{cpu: 1ms}, {send: b}]}, b: {steps: [{sleep: 40ms}]}}
workload: {call: a, rate: 20/s}
slos: {done: {call: a, until: settled, p99: 90ms, errorRate: 1%}}
"""


@pytest.fixture(scope="module")
def topology():
    return sim.loads(TEXT)


@pytest.fixture(scope="module")
def plan(topology):
    return sim.compile(topology)


def test_it_is_said_what_it_is_of(plan):
    assert "  done: p99 of a until settled at most 90ms" in plan.explain().splitlines()
    assert "  done: errorRate of a until settled at most 1%" in plan.explain().splitlines()
    assert limits_in_words([plan.objectives]) == ("done p99 until settled 90 ms", "done errorRate until settled 1 %")


def test_a_plan_without_it_has_the_digest_of_before(topology, plan):
    answered = sim.compile(topology.replace({"slos.done.until": "answered"}))
    without = sim.compile(sim.loads(TEXT.replace(" until: settled,", "")))
    assert answered.digest() == without.digest() != plan.digest()


def test_curves_draw_no_limit_of_it_over_answers(plan):
    assert entry_limits(plan) == {}
    assert judged_column(plan) == WORST
    assert quantity_of(plan.objectives[0]) == "completion_p99_s"


def test_that_all_settle_is_seen_and_not_known(topology):
    row = sim.simulate(topology).objectives.set_index("quantity").loc["errorRate"]
    assert (row["value"], row["low"], bool(row["met"])) == (0.0, 0.0, True)
    assert 0.0 < row["high"] < 0.02
    answered = sim.simulate(topology.replace({"slos.done.until": "answered"})).objectives.set_index("quantity")
    assert answered.loc["errorRate", "high"] == 0.0  # nothing can fail


def test_figures_draw_no_limit_of_it_over_answers(topology):
    assert objectives_of(sim.simulate(topology)) == []
    answered = sim.simulate(topology.replace({"slos.done.until": "answered"}))
    assert objectives_of(answered) == [("p99", 90.0)]


def test_a_drill_asks_of_answers_what_is_promised_of_answers(plan):
    assert find_promise(plan, np.array([0.5])).limits_s.tolist() == [0.5]
    assert not find_promise(plan, np.array([0.5])).told.any()
