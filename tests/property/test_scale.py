"""Twice as slow: every duration doubled and every rate halved doubles every time, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.plan.trace import Tally, Visits

FEW = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)


def doubled(name: str, column: np.ndarray) -> np.ndarray:
    """What a column has to be in a run that is twice as slow."""
    times = ("levels", "replicas", "ready", "wasted", "open_breakers", "breakdown", "edges")
    if name in times or name.endswith("_s"):
        return 2 * column
    twice = {"visits": [Visits.WAITING, Visits.SERVICE], "tallies": [Tally.LATENCY]}
    column = column.copy()
    column[..., twice.get(name, [])] *= 2
    return column


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
@given(data=st.data())
@FEW
def test_laws_that_scale_exactly_give_the_same_run_twice_as_slow(deployment, topologies, load, run, arrays, data):
    tree = data.draw(topologies(laws="exact", agree=deployment == "monolith", faults=data.draw(st.booleans())))
    try:
        plans = [sim.compile(load(tree, slow), deployment) for slow in (1.0, 2.0)]
    except sim.PlanError:
        return  # services that do not agree, users who would never stop: at any speed
    fast, slow = (arrays(run(plan)) for plan in plans)
    for name, column in fast.items():
        np.testing.assert_array_equal(slow[name], doubled(name, column), err_msg=name)


@given(data=st.data())
@FEW
def test_a_lattice_scales_by_any_power_of_two(topologies, load, run, arrays, data):
    tree = data.draw(topologies(laws="lattice", faults=data.draw(st.booleans())))
    try:
        plans = [sim.compile(load(tree, slow)) for slow in (1.0, 1 / 4)]
    except sim.PlanError:
        return
    slow, fast = (arrays(run(plan)) for plan in plans)
    for name, column in fast.items():
        np.testing.assert_array_equal(slow[name], doubled(name, doubled(name, column)), err_msg=name)


@given(data=st.data())
@FEW
def test_other_laws_scale_but_for_the_last_digits(topologies, load, run, data):
    """Of the lognormal, mu gets log 2 added; of the Weibull, the scale is an exponential."""
    tree = data.draw(topologies(laws="all"))
    try:
        fast, slow = (run(sim.compile(load(tree, slow))).requests for slow in (1.0, 2.0))
    except sim.PlanError:
        return
    np.testing.assert_allclose(slow.arrival_s, 2 * fast.arrival_s, rtol=1e-9)
    np.testing.assert_allclose(slow.end_s, 2 * fast.end_s, rtol=1e-9)
    assert slow.outcome.tolist() == fast.outcome.tolist()
