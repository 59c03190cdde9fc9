"""Re-tries: how many attempts a call takes if each fails with a chance of its own, and what layers make of it."""

from __future__ import annotations

import numpy as np
import pytest

import simulator as sim
from simulator.plan.layout import Outcome

RATE = 400.0
P = 0.3


@pytest.fixture(scope="module")
def run(simulate):
    text = f"""
    services:
      front: {{steps: [{{call: a, retries: {{attempts: 2, backoff: 1ms}}}}]}}
      a: {{errorRate: {P}, steps: []}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=105, warmup=5)


def test_attempts_of_a_call(run, judge):
    """1 + p + p^2 tries: the second one if the first fails, the third if both do."""

    def law(arrival_rate, p):
        return arrival_rate * (1.0 + p + p * p)

    judge(run.service("a", "throughput_per_s"), law, arrival_rate=RATE, p=P)


def test_share_of_calls_that_fail(run, judge):
    """p^3: all three tries."""

    def law(p):
        return p**3

    judge(run.failed(), law, p=P)


def layers(depth: int, attempts: int) -> str:
    """Services one behind the other, each of which tries again; the last one is down."""
    services = "\n".join(
        f"      s{n}: {{steps: [{{call: s{n + 1}, retries: {{attempts: {attempts}, backoff: 0s}}}}]}}"
        for n in range(depth)
    )
    return f"""
    simulation: {{duration: 10s, warmup: 0s, replications: 1}}
    services:
{services}
      s{depth}: {{errorRate: 100%, steps: []}}
    workload: {{call: s0, rate: 1/s, arrivals: even}}
    """


@pytest.mark.parametrize(("depth", "attempts"), [(1, 3), (2, 2), (3, 1), (5, 3)])
def test_layers_multiply_at_full_failure(depth, attempts):
    """(attempts + 1)^depth tries reach the last layer: three re-tries over five layers are 4^5 = 1024.

    Source: B. Beyer et al., "Site Reliability Engineering", 2016, chapter 22, on retries at several layers.
    """
    result = sim.simulate(sim.loads(layers(depth, attempts)), detail="attempts", engine="compiled")
    tries = result.attempts
    assert (tries["outcome"] == Outcome.ERROR.word).all()
    for layer in range(depth + 1):
        counted = (tries["target"] == f"s{layer}").sum()
        assert counted == 10 * (attempts + 1) ** layer
    assert np.all(result.requests["attempts"] == sum((attempts + 1) ** layer for layer in range(depth + 1)))
