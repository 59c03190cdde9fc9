"""M/M/c: several cores of one replica with one queue."""

from functools import partial

import pytest

from simulator import theory

CORES = 3
SERVICE_TIME = 0.03
# utilisation: seconds to simulate and to discard, how narrow
RUNS = {0.5: (600.0, 5.0, 0.02), 0.8: (760.0, 10.0, 0.02), 0.95: (1500.0, 70.0, 0.05)}


@pytest.fixture(scope="module", params=RUNS)
def load(request):
    return request.param


@pytest.fixture(scope="module")
def run(simulate, load):
    duration, warmup, _ = RUNS[load]
    text = f"""
    services: {{a: {{resources: {{cpu: {CORES}}}, steps: [{{cpu: {{dist: exponential, mean: 30ms}}}}]}}}}
    workload: {{call: a, rate: {load * CORES / SERVICE_TIME}/s}}
    """
    return simulate(text, duration=duration, warmup=warmup)


@pytest.fixture
def check(judge, load):
    return partial(
        judge,
        arrival_rate=load * CORES / SERVICE_TIME,
        service_time=SERVICE_TIME,
        servers=CORES,
        narrow=RUNS[load][2],
    )


def test_mean_waiting_time(run, check):
    check(run.service("a", "waiting_time_s"), theory.mmc_mean_waiting_time)


def test_mean_queue_length(run, check):
    check(run.service("a", "queue_length"), theory.mmc_mean_queue_length)


def test_mean_number(run, check):
    check(run.number("a", CORES), theory.mmc_mean_number)


def test_utilisation(run, judge, load):
    judge(
        run.service("a", "utilisation_ratio"),
        theory.utilisation,
        throughput=load * CORES / SERVICE_TIME,
        service_time=SERVICE_TIME,
        servers=CORES,
    )


def test_p90_of_the_response_time(run, check):
    check(run.whole("latency_p90_s"), partial(theory.mmc_response_time_quantile, probability=0.9))


def test_p99_of_the_response_time(run, check):
    check(run.whole("latency_p99_s"), partial(theory.mmc_response_time_quantile, probability=0.99))


def test_share_of_slow_responses(run, judge, load):
    # the time that one in ten exceeds
    rate = load * CORES / SERVICE_TIME
    time = theory.mmc_response_time_quantile(rate, SERVICE_TIME, CORES, 0.9)
    judge(
        run.slower_than(time),
        partial(theory.mmc_response_time_survival, time=time),
        arrival_rate=rate,
        service_time=SERVICE_TIME,
        servers=CORES,
        narrow=0.05,
    )
