"""What a row is made of: means with intervals, verdicts, the span, the timeline (rules 15.11 to 15.14)."""

import math
from dataclasses import replace

import numpy as np
import pytest

import simulator as sim
from simulator.engines.reference import ReferenceEngine
from simulator.experiments.drills.faulting import make_scene
from simulator.experiments.drills.incidents import Incident
from simulator.experiments.drills.measuring import (
    AT_ONCE,
    entry_names,
    measure_pair,
    row_of,
    run_pair,
    span_of,
    timeline_of,
    typical_latency,
    verdict_of,
)

FILE = """\
simulation: {warmup: 1s, replications: 5, drain: 5s}
services: {web: {endpoints: {a: {steps: [{cpu: 2ms}]}, b: {steps: [{cpu: {dist: exponential, mean: 4ms}}]}}}}
workload:
  many: {calls: [{call: web.a}, {call: web.b}], rate: 20/s}
  few: {call: web.a, users: 2, thinkTime: 200ms}
"""
NO_LIMITS = np.full(3, np.inf)
SETTINGS = dict.fromkeys(("seed", "replications", "duration", "warmup", "confidence"))


@pytest.fixture(scope="module")
def scene():
    options = {"at": "4s", "for": "3s"}
    return make_scene(sim.loads(FILE), "web", "kill", options, {**SETTINGS, "duration": "20s"})


@pytest.fixture(scope="module")
def plans(scene):
    return sim.compile(scene.calm), sim.compile(scene.faulty)


@pytest.fixture(scope="module")
def made(scene, plans):
    replications = run_pair(scene, *plans, engine=ReferenceEngine())
    return measure_pair(scene, plans[0], replications, typical_latency(plans[0], replications, 1.0))


def test_every_replication_is_there_whatever_is_kept_at_a_time(scene, plans, made):
    assert len(made.replications) == 5 > AT_ONCE
    few = run_pair(scene, *plans, engine=ReferenceEngine(), replications=range(2), services=False)
    for mine, theirs in zip(few, made.replications, strict=False):
        assert np.array_equal(mine.faulty.outcome, theirs.faulty.outcome)
        assert mine.services_calm is None
    arrivals = {one.calm.arrival_s.tobytes() for one in made.replications}
    assert len(arrivals) == 5


def test_a_row_is_means_with_students_half_widths(scene, made):
    row = row_of(scene, made, NO_LIMITS, 0.95)
    lost = [one.lost for one in made.counts]
    assert row["lost"] == np.mean(lost) > 20
    assert row["lost_half_width"] == pytest.approx(2.776445 * np.std(lost, ddof=1) / math.sqrt(5), rel=1e-6)
    assert row["recovered"] == row["replications"] == 5


def test_entries_add_up(scene, made):
    assert entry_names(made.plan) == [("few", "web.a"), ("many", "web.a"), ("many", "web.b")]
    assert sum(one.lost for one in made.counts) > 0


def test_recovery_is_never_where_one_does_not_recover(scene, made):
    incidents = (*made.incidents[:-1], Incident(1.0, math.inf, False))
    row = row_of(scene, replace(made, incidents=incidents), NO_LIMITS, 0.95)
    assert (row["time_to_recover_s"], row["recovered"], row["verdict"]) == (math.inf, 4, "metastable")


WELL, SEEN = Incident(math.nan, 0.0, False), Incident(2.0, 5.0, False)
LASTING, FULL = Incident(2.0, math.inf, False), Incident(2.0, math.inf, True)


@pytest.mark.parametrize(
    ("incidents", "verdict"),
    [
        ([WELL, WELL], "unharmed"), ([WELL, SEEN], "comes back"), ([SEEN, LASTING, SEEN], "metastable"),
        ([FULL, FULL, SEEN], "overloaded"), ([FULL, SEEN], "metastable"), ([FULL], "overloaded"),
    ],
)  # fmt: skip
def test_verdicts(incidents, verdict):
    assert verdict_of(incidents) == verdict


def test_the_span_is_that_of_the_fault_and_ten_seconds_at_least(scene):
    assert span_of(scene) == (4.0, 14.0)
    assert span_of(replace(scene, until_s=17.0)) == (4.0, 17.0)
    assert span_of(replace(scene, horizon_s=12.0)) == (4.0, 12.0)


def test_the_timeline_counts_every_request_once(scene, made):
    lines = timeline_of(scene, made)
    assert 4.0 in lines["time_s"].tolist()
    for column, which in (("offered_per_s", lambda one: one.outcome >= 0), ("goodput_per_s", lambda one: one.good)):
        number = sum(int(which(one.faulty).sum()) for one in made.replications)
        assert (lines[column] * lines["width_s"]).sum() * 5 == pytest.approx(number)
    down = lines[(lines["time_s"] >= 4) & (lines["time_s"] < 7)]
    assert (down["goodput_per_s"] == 0).all()
    assert (down["calm_in_time_per_s"] > 0).all()


def test_nothing_served_has_no_typical_latency(scene, plans, made):
    assert (typical_latency(plans[0], made.replications, 1e9) == math.inf).all()
