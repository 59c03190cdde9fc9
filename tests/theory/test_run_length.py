"""How long a run has to be for an interval of a given width: the spread of replications is the law's."""

import numpy as np
import pytest
from scipy.stats import chi2, norm

import simulator as sim
from simulator.engines.compiled import CompiledEngine
from simulator.plan.measures import Level
from simulator.theory import mm1_run_length

UTILISATION, SERVICES, REPLICATIONS = 0.5, 1000, 1200
"""The run is long beside the four mean service times that the queue remembers."""


@pytest.fixture(scope="module")
def spread():
    """Relative variance over replications of the mean number present in runs of so many service times."""
    topology = sim.loads(
        "simulation: {duration: 1100s, warmup: 100s, drain: 0s}\n"
        "services: {web: {steps: [{cpu: {dist: exponential, mean: 1s}}]}}\n"
        f"workload: {{call: web, rate: {UTILISATION}/s}}\n"
    )
    plan, engine = sim.compile(topology), CompiledEngine()
    means = []
    for replication in range(REPLICATIONS):
        trace = engine.run(plan, seed=1, replication=replication, detail="summary")
        first = int(np.flatnonzero(trace.edges == 100.0)[0])
        present = trace.levels[:, 0, [Level.BUSY, Level.WAITING]].sum(axis=1)
        means.append((present[-1] - present[first]) / SERVICES)
    law = UTILISATION / (1.0 - UTILISATION)
    assert abs(np.mean(means) - law) < 4.5 * np.std(means) / REPLICATIONS**0.5
    return np.var(means, ddof=1) / law**2


def covers(spread, predicted):
    """Whether the law's variance lies in an interval of 4.5 normal standard errors' confidence around the one seen."""
    degrees, tail = REPLICATIONS - 1, norm.sf(4.5)
    return degrees * spread / chi2.isf(tail, degrees) < predicted < degrees * spread / chi2.ppf(tail, degrees)


def test_replications_spread_as_the_law_says(spread):
    # A run of exactly that length has this relative half width, so its variance is (half width / factor)^2.
    half_width = 0.1
    length = mm1_run_length(UTILISATION, half_width)
    predicted = (half_width / norm.isf(0.025)) ** 2 * length / SERVICES
    assert covers(spread, predicted)
    for off in (0.75, 1.3):  # the length of a run for a half width 14 % off
        assert not covers(spread, off * predicted)
