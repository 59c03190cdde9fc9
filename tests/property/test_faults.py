"""What holds whatever goes wrong: counts and levels; and what a fault cannot change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.plan.layout import GOOD, Outcome
from simulator.plan.measures import Count, Level

FEW = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
BOTH = pytest.mark.parametrize("deployment", ["microservices", "monolith"])


def compiled(topology: sim.Topology, deployment: str) -> sim.Plan:
    """The plan; a tree that has no meaning in this deployment is passed over."""
    try:
        return sim.compile(topology, deployment)
    except sim.PlanError:
        assume(False)
        raise


@BOTH
@given(data=st.data())
@FEW
def test_every_request_and_every_attempt_has_one_outcome(deployment, topologies, load, run, data):
    plan = compiled(load(data.draw(topologies(laws="all", faults=True, agree=True))), deployment)
    trace = run(plan)
    log, tries = trace.requests, trace.attempts
    np.testing.assert_array_equal(trace.outcomes.sum(axis=(0, 2)), trace.arrived[-1])
    counted = np.bincount(log.outcome, minlength=len(Outcome))
    np.testing.assert_array_equal(trace.outcomes.sum(axis=(0, 1)), counted)
    np.testing.assert_array_equal(np.isnan(log.end_s), log.outcome == Outcome.UNFINISHED)
    np.testing.assert_array_equal(np.isnan(tries.end_s), tries.outcome == Outcome.UNFINISHED)
    assert (tries.end_s[~np.isnan(tries.end_s)] >= tries.start_s[~np.isnan(tries.end_s)]).all()
    np.testing.assert_array_equal(log.attempts, np.bincount(tries.row, minlength=log.request.size))
    assert trace.latency_s.size == (log.outcome <= GOOD).sum()
    edge = tries.parent == -1
    last = dict(zip(tries.row[edge].tolist(), tries.outcome[edge].tolist(), strict=True))  # the last try of each
    for row, outcome in enumerate(log.outcome.tolist()):
        assert last[row] == outcome
    # where the time of those that were served went adds up to their latency
    np.testing.assert_allclose(trace.breakdown.sum(), trace.latency_s.sum(), atol=1e-9)


@BOTH
@given(data=st.data())
@FEW
def test_levels_stay_within_what_there_is(deployment, topologies, load, run, data):
    plan = compiled(load(data.draw(topologies(laws="all", faults=True, agree=True))), deployment)
    trace = run(plan)
    grown, span = np.diff(trace.levels, axis=0), np.diff(trace.edges)
    assert grown.min(initial=0.0) > -1e-9
    ready = np.diff(trace.ready, axis=0)
    assert ready.min(initial=0.0) > -1e-12
    for unit in range(len(plan.units.name)):
        assert (ready[:, unit] <= plan.units.replicas[unit] * span * (1 + 1e-9)).all()
        busy = grown[:, plan.services.unit == unit, Level.BUSY].sum(axis=1)
        # who is not ready does no work
        assert (busy <= ready[:, unit] * plan.units.cores[unit] * (1 + 1e-9) + 1e-9).all()
    assert np.diff(trace.counts, axis=0).min(initial=0) >= 0
    assert (trace.counts[:, :, Count.BEGUN] >= trace.counts[:, :, Count.ENDED]).all()
    assert (trace.counts[:, :, Count.ENDED] >= trace.counts[:, :, Count.FAILED]).all()


@pytest.mark.one_in(2)
@BOTH
@given(data=st.data())
@FEW
def test_a_fault_after_the_run_changes_nothing(deployment, topologies, load, run, assert_same, data):
    tree = data.draw(topologies(laws="all", faults=True, agree=True))
    target = data.draw(st.sampled_from([fault["target"] for fault in tree["faults"]] or ["s0"]))
    late = [
        {"at": "3s", "for": "1s", "target": target} | kind
        for kind in ({"kill": {}}, {"pause": {}}, {"slow": {"factor": 2}}, {"abort": {}}, {"partition": {}})
    ]
    without = run(compiled(load(tree), deployment))
    assert_same(without, run(compiled(load(tree | {"faults": [*tree["faults"], *late]}), deployment)))


@given(data=st.data())
@FEW
def test_a_fault_of_a_service_that_nobody_calls_changes_nothing(topologies, load, data):
    tree = data.draw(topologies(laws="all", faults=True, agree=True))
    fault = {"at": "100ms", "for": "1s", "target": "zzz", "kill": {}}
    stranger = {"failures": {"mtbf": "1s", "mttr": "1s"}, "steps": []}
    more = tree | {"services": tree["services"] | {"zzz": stranger}, "faults": [fault, *tree["faults"]]}
    for deployment in ("microservices", "monolith"):
        plan = compiled(load(tree), deployment)
        assert compiled(load(more), deployment).digest() == plan.digest()


@pytest.mark.one_in(2)
@BOTH
@given(data=st.data())
@FEW
def test_nothing_is_otherwise_before_a_fault_begins(deployment, topologies, load, run, data):
    tree = data.draw(topologies(laws="all", faults=True, agree=True))
    fault = data.draw(
        st.sampled_from([{"kill": {}}, {"pause": {}}, {"slow": {"factor": 2}}, {"abort": {}}, {"partition": {}}])
    )
    more = tree["faults"] + [{"at": "500ms", "for": "200ms", "target": "s0"} | fault]
    one, other = (run(compiled(load(tree | {"faults": faults}), deployment)) for faults in (tree["faults"], more))
    before = int(np.searchsorted(one.edges, 0.5))
    for name in ("levels", "counts", "ready", "arrived", "ended"):
        np.testing.assert_array_equal(getattr(one, name)[: before + 1], getattr(other, name)[: before + 1])
    for log in ("requests", "attempts"):
        ends, others = getattr(one, log).end_s, getattr(other, log).end_s
        same = min(ends.size, others.size)
        early = ends[:same] < 0.5
        np.testing.assert_array_equal(early, others[:same] < 0.5)
        np.testing.assert_array_equal(ends[:same][early], others[:same][early])
