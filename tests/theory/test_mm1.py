"""M/M/1: waiting, queue length, utilisation and percentiles of the response time.

The waiting time is averaged over visits and the queue length integrated over time, so that Little's law is tested on
the way. How long to run: W. Whitt, "Planning queueing simulations", 1989.
"""

from functools import partial

import pytest

from simulator import theory

SERVICE_TIME = 0.01
# utilisation: seconds to simulate and to discard, how narrow
RUNS = {0.5: (300.0, 5.0, 0.02), 0.8: (760.0, 10.0, 0.02), 0.95: (1500.0, 70.0, 0.05)}


@pytest.fixture(scope="module", params=RUNS)
def load(request):
    return request.param


@pytest.fixture(scope="module")
def run(simulate, load):
    duration, warmup, _ = RUNS[load]
    text = f"""
    services: {{a: {{steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}}}
    workload: {{call: a, rate: {load / SERVICE_TIME}/s}}
    """
    return simulate(text, duration=duration, warmup=warmup)


@pytest.fixture
def check(judge, load):
    return partial(judge, arrival_rate=load / SERVICE_TIME, service_time=SERVICE_TIME, narrow=RUNS[load][2])


def test_mean_waiting_time(run, check):
    check(run.service("a", "waiting_time_s"), theory.mm1_mean_waiting_time)


def test_mean_queue_length(run, check):
    check(run.service("a", "queue_length"), partial(theory.mmc_mean_queue_length, servers=1))


def test_mean_number(run, check):
    check(run.number("a", 1), theory.mm1_mean_number)


def test_mean_latency(run, check):
    check(run.whole("latency_mean_s"), theory.mm1_mean_response_time)


def test_utilisation(run, judge, load):
    judge(
        run.service("a", "utilisation_ratio"),
        theory.utilisation,
        throughput=load / SERVICE_TIME,
        service_time=SERVICE_TIME,
    )


def test_p90_of_the_response_time(run, check):
    check(run.whole("latency_p90_s"), partial(theory.mm1_response_time_quantile, probability=0.9))


def test_p99_of_the_response_time(run, check):
    check(run.whole("latency_p99_s"), partial(theory.mm1_response_time_quantile, probability=0.99))
