"""M/G/infinity: with cores for everyone the mean number busy depends on the mean service time only.

And while the rate climbs, the number busy follows the rate of a while ago.
"""

import math

import numpy as np
import pytest

from simulator import theory

CORES = 64
RATE = 200.0
SERVICES = {
    "constant": "50ms",
    "weibull": "{dist: weibull, mean: 50ms, cv: 2}",
}


@pytest.fixture(scope="module", params=SERVICES)
def steady(simulate, request):
    text = f"""
    services: {{a: {{resources: {{cpu: {CORES}}}, steps: [{{cpu: {SERVICES[request.param]}}}]}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate(text, duration=27, warmup=2)


def test_mean_number_busy(steady, judge):
    measured = steady.service("a", "utilisation_ratio") * CORES
    judge(measured, theory.mginf_mean_number, arrival_rate=RATE, service_time=0.05)
    assert steady.result.services.loc["a", "waiting_time_s"] == 0.0


def test_number_busy_while_the_rate_climbs(simulate, judge, measured):
    # From 0 to 200/s in 10 s, exponential service of mean 1 s. The timeline averages over bins of 100 ms.
    text = f"""
    services: {{a: {{resources: {{cpu: {8 * CORES}}}, steps: [{{cpu: {{dist: exponential, mean: 1s}}}}]}}}}
    workload: {{call: a, startRate: 0/s, stages: [{{target: 200/s, duration: 10s}}]}}
    """
    runs = [simulate(text, duration=10, warmup=0, replications=1, seed=seed) for seed in range(1, 31)]
    timelines = [run.result.timeline.set_index("time_s")["utilisation_ratio"] for run in runs]
    for start in (4.0, 9.0):
        busy = [timeline.loc[start : start + 0.95].mean() * 8 * CORES for timeline in timelines]

        def law(slope, service_time, start=start):
            # S. G. Eick, W. A. Massey, W. Whitt, "M_t/G/infinity queues with sinusoidal arrival rates", 1993, section
            # 2: the mean is the integral of the rate, back in time, times the survival of the service time.
            times = np.linspace(start, start + 1.0, 1001)
            return np.trapezoid(
                slope * service_time * (times - service_time * (1.0 - np.exp(-times / service_time))), times
            )

        judge(measured.of(f"busy from {start:g} s", busy), law, slope=20.0, service_time=1.0)


def test_a_number_busy_is_a_poisson_variable(simulate, judge):
    # B of 10 slots and no queue: what finds them taken is lost with the probability of a truncated Poisson variable
    text = """
    services: {a: {concurrency: 10, queue: {capacity: 0}, steps: [{sleep: {dist: gamma, mean: 50ms, cv: 0.5}}]}}
    workload: {call: a, rate: 200/s}
    """

    def law(arrival_rate, service_time):
        chances = [theory.mginf_number_probability(arrival_rate, service_time, number) for number in range(11)]
        return chances[10] / math.fsum(chances)

    judge(simulate(text, duration=27, warmup=2).failed(), law, arrival_rate=200.0, service_time=0.05)
