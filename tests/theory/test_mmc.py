"""M/M/c: several cores of one replica with one queue."""

from functools import cache, partial

import pytest

from simulator import theory

CORES = 3
SERVICE_TIME = 0.03
# utilisation: replications, seconds of each, seconds of it to discard, how narrow
RUNS = {0.5: (20, 800.0, 5.0, 0.02), 0.8: (20, 1050.0, 10.0, 0.02), 0.95: (20, 1200.0, 70.0, 0.05)}


@pytest.fixture(scope="module")
def run_at(simulate_controlled):
    @cache
    def run_at(load):
        replications, duration, warmup, _ = RUNS[load]
        text = f"""
        services: {{a: {{resources: {{cpu: {CORES}}}, steps: [{{cpu: {{dist: exponential, mean: 30ms}}}}]}}}}
        workload: {{call: a, rate: {load * CORES / SERVICE_TIME}/s}}
        """
        return simulate_controlled(text, load, replications, duration=duration, warmup=warmup)

    return run_at


@pytest.fixture
def check(judge):
    def check(load, measured, law):
        rate, narrow = load * CORES / SERVICE_TIME, RUNS[load][3]
        judge(measured, partial(law, servers=CORES), arrival_rate=rate, service_time=SERVICE_TIME, narrow=narrow)

    return check


@pytest.mark.parametrize("load", RUNS)
def test_mean_waiting_time(run_at, check, load):
    check(load, run_at(load).service("waiting_time_s"), theory.mmc_mean_waiting_time)


@pytest.mark.parametrize("load", RUNS)
def test_mean_queue_length(run_at, check, load):
    check(load, run_at(load).service("queue_length"), theory.mmc_mean_queue_length)


@pytest.mark.parametrize("load", RUNS)
def test_mean_number(run_at, check, load):
    check(load, run_at(load).number(CORES), theory.mmc_mean_number)


@pytest.mark.parametrize("load", RUNS)
def test_mean_latency(run_at, check, load):
    check(load, run_at(load).whole("latency_mean_s"), theory.mmc_mean_response_time)


@pytest.mark.parametrize("load", RUNS)
def test_utilisation(run_at, judge, load):
    measured = run_at(load).utilisation()
    law = partial(theory.utilisation, servers=CORES)
    judge(measured, law, throughput=load * CORES / SERVICE_TIME, service_time=SERVICE_TIME)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_p90_of_the_response_time(run_at, check, load):
    law = partial(theory.mmc_response_time_quantile, probability=0.9)
    check(load, run_at(load).whole("latency_p90_s"), law)


def test_p99_of_the_response_time(run_at, judge):
    # long services make it, and hardly the queue
    rate = 0.5 * CORES / SERVICE_TIME
    law = partial(theory.mmc_response_time_quantile, rate, servers=CORES, probability=0.99)
    judge(run_at(0.5).whole("latency_p99_s"), law, service_time=SERVICE_TIME)


@pytest.mark.parametrize("load", [0.5])
def test_share_of_slow_responses(run_at, check, load):
    law = partial(theory.mmc_response_time_survival, time=0.09)
    check(load, run_at(load).slower_than(0.09), law)
