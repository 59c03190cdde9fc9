"""Twice as slow: every duration doubled and every rate halved doubles every instant, exactly.

What is drawn is rounded to a nanosecond, so that draws double only nearly: `tests/unit/rules/test_variates.py`.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.plan.measures import Tally, Visits

FEW = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)


def doubled(name: str, column: np.ndarray) -> np.ndarray:
    """What a column has to be in a run that is twice as slow."""
    times = ("levels", "replicas", "ready", "wasted", "open_breakers", "breakdown", "sending", "edges")
    if name in times or name.endswith("_s"):
        return 2 * column
    twice = {"visits": [Visits.WAITING, Visits.SERVICE], "tallies": [Tally.LATENCY]}
    column = column.copy()
    column[..., twice.get(name, [])] *= 2
    return column


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
@pytest.mark.parametrize("times", [2, 4])
@given(data=st.data())
@FEW
def test_a_lattice_is_the_same_run_twice_as_slow(times, deployment, topologies, load, run, arrays, data):
    shape = {"laws": "lattice", "workloads": ("even", "users", "replay"), "agree": deployment == "monolith"}
    tree = data.draw(topologies(**shape, faults=data.draw(st.booleans())))
    try:
        plans = [sim.compile(load(tree, slow), deployment) for slow in (1.0, float(times))]
    except sim.PlanError:
        return  # services that do not agree, users who would never stop: at any speed
    fast, slow = (arrays(run(plan)) for plan in plans)
    for name, column in fast.items():
        for _ in range(times // 2):
            column = doubled(name, column)
        np.testing.assert_array_equal(slow[name], column, err_msg=name)
