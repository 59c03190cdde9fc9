"""Arrivals: Poisson counts and gaps, and counts that follow the rate of stages."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

NOTHING = "services: {a: {steps: []}}"


@pytest.fixture(scope="module")
def poisson(simulate):
    text = f"{{{NOTHING}, workload: {{call: a, rate: 100/s}}}}"
    return simulate(text, duration=60, warmup=0, detail="requests")


@pytest.fixture(scope="module")
def staged(simulate):
    text = f"""
    {NOTHING}
    workload:
      call: a
      startRate: 200/s
      stages:
        - {{target: 1000/s, duration: 40s}}
        - {{target: 100/s, duration: 0s}}
        - {{target: 100/s, duration: 20s}}
        - {{target: 2000/s, duration: 60s}}
    """
    return simulate(text, duration=120, warmup=0, detail="requests", replications=1)


def expected_until(time):
    """The integral of the rate of `staged`."""
    first, second, third = min(time, 40.0), min(max(time - 40.0, 0.0), 20.0), max(time - 60.0, 0.0)
    return 200.0 * first + 10.0 * first**2 + 100.0 * second + 100.0 * third + 1900.0 / 120.0 * third**2


def by_replication(run):
    return [times.to_numpy() for _, times in run.result.requests.groupby("replication")["arrival_s"]]


def test_rate(poisson, judge):
    judge(poisson.whole("throughput_per_s"), lambda rate: rate, rate=100.0)


def test_share_of_long_gaps(poisson, judge, measured):
    shares = [(np.diff(times) > 0.01).mean() for times in by_replication(poisson)]
    judge(measured.of("gaps above 10 ms", shares), lambda rate: math.exp(-0.01 * rate), rate=100.0)


def test_variance_of_counts_is_their_mean(poisson, judge, measured):
    dispersions = []
    for times in by_replication(poisson):
        counts = np.histogram(times, bins=6000, range=(0.0, 60.0))[0]
        dispersions.append(counts.var(ddof=1) / counts.mean())
    judge(measured.of("variance by mean of counts", dispersions), lambda dispersion: dispersion, dispersion=1.0)


def test_gaps_are_independent(poisson, measured):
    correlations = measured.of(
        "correlation", [np.corrcoef(np.diff(times)[:-1], np.diff(times)[1:])[0, 1] for times in by_replication(poisson)]
    )
    assert abs(correlations.mean) <= correlations.wide_half_width <= 0.05


def test_counts_follow_the_stages(staged):
    edges = np.linspace(0.0, 120.0, 61)
    counts = np.histogram(staged.result.requests["arrival_s"], bins=edges)[0]
    expected = np.diff([expected_until(time) for time in edges])

    def distance(rate):
        return float(((counts - rate * expected) ** 2 / (rate * expected)).sum())

    least, most = chi2.ppf([1e-5, 1.0 - 1e-5], len(counts))
    assert least < distance(1.0) < most
    assert distance(0.95) > most
    assert distance(1.05) > most


def test_even_arrivals_follow_the_stages_exactly(simulate):
    text = f"""
    {NOTHING}
    workload: {{call: a, arrivals: even, startRate: 20/s, stages: [{{target: 60/s, duration: 10s}}]}}
    """
    run = simulate(text, duration=10, warmup=0, detail="requests", replications=1)
    times = run.result.requests["arrival_s"].to_numpy()
    assert len(times) == 400
    assert np.allclose(20.0 * times + 2.0 * times**2, np.arange(400), atol=1e-9)
