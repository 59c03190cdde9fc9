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
    return simulate(text, duration=60, warmup=2)


def test_mean_number_busy(steady, judge):
    measured = steady.service("a", "utilisation_ratio") * CORES
    judge(measured, theory.mginf_mean_number, arrival_rate=RATE, service_time=0.05)
    assert steady.result.services.loc["a", "waiting_time_s"] == 0.0


def test_number_busy_while_the_rate_climbs(simulate, judge, measured):
    # from 0 to 2000/s in 5 s, exponential service of mean 1 s; what is seen is the mean over the last second
    cores, start, horizon = 2048, 4.0, 5.0
    text = f"""
    services: {{a: {{resources: {{cpu: {cores}}}, steps: [{{cpu: {{dist: exponential, mean: 1s}}}}]}}}}
    workload: {{call: a, startRate: 0/s, stages: [{{target: 2000/s, duration: 5s}}]}}
    """
    busy = []
    for seed in range(1, 31):
        timeline = simulate(text, duration=horizon, warmup=0, replications=1, seed=seed).result.timeline
        late = timeline["time_s"] > start - 1e-9
        busy.append(timeline["utilisation_ratio"][late].mean() * cores)

    def law(slope, service_time):
        # S. G. Eick, W. A. Massey, W. Whitt, "The physics of the M_t/G/infinity queue", 1993: the mean is the integral,
        # back in time, of the rate times the survival of the service time
        times = np.linspace(start, horizon, 1001)
        numbers = slope * service_time * (times - service_time * (1.0 - np.exp(-times / service_time)))
        return float(np.trapezoid(numbers, times)) / (horizon - start)

    judge(measured.of("busy in the last second", busy), law, slope=400.0, service_time=1.0)


def test_a_number_busy_is_a_poisson_variable(simulate, judge):
    # B of 10 slots and no queue: what finds them taken is lost with the probability of a truncated Poisson variable
    text = """
    services: {a: {concurrency: 10, queue: {capacity: 0}, steps: [{sleep: {dist: gamma, mean: 50ms, cv: 0.5}}]}}
    workload: {call: a, rate: 200/s}
    """

    def law(arrival_rate, service_time):
        chances = [theory.mginf_number_probability(arrival_rate, service_time, number) for number in range(11)]
        return chances[10] / math.fsum(chances)

    judge(simulate(text, duration=60, warmup=2).failed(), law, arrival_rate=200.0, service_time=0.05)
