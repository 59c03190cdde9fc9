"""M/M/1: waiting, queue length, utilisation and percentiles of the response time.

The waiting time is averaged over visits and the queue length integrated over time, so that Little's law is tested on
the way. How long to run: W. Whitt, "Planning queueing simulations", 1989.
"""

from functools import cache, partial

import pytest

from simulator import theory

SERVICE_TIME = 0.01
# utilisation: replications, seconds of each, seconds of it to discard, how narrow
RUNS = {0.5: (20, 960.0, 5.0, 0.02), 0.8: (20, 720.0, 10.0, 0.02), 0.95: (20, 1150.0, 70.0, 0.05)}


@pytest.fixture(scope="module")
def run_at(simulate_controlled):
    @cache
    def run_at(load):
        replications, duration, warmup, _ = RUNS[load]
        text = f"""
        services: {{a: {{steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}}}
        workload: {{call: a, rate: {load / SERVICE_TIME}/s}}
        """
        return simulate_controlled(text, load, replications, duration=duration, warmup=warmup)

    return run_at


@pytest.fixture
def check(judge):
    def check(load, measured, law):
        judge(measured, law, arrival_rate=load / SERVICE_TIME, service_time=SERVICE_TIME, narrow=RUNS[load][3])

    return check


@pytest.mark.parametrize("load", RUNS)
def test_mean_waiting_time(run_at, check, load):
    check(load, run_at(load).service("waiting_time_s"), theory.mm1_mean_waiting_time)


@pytest.mark.parametrize("load", RUNS)
def test_mean_queue_length(run_at, check, load):
    check(load, run_at(load).service("queue_length"), partial(theory.mmc_mean_queue_length, servers=1))


@pytest.mark.parametrize("load", RUNS)
def test_mean_number(run_at, check, load):
    check(load, run_at(load).number(1), theory.mm1_mean_number)


@pytest.mark.parametrize("load", RUNS)
def test_mean_latency(run_at, check, load):
    check(load, run_at(load).whole("latency_mean_s"), theory.mm1_mean_response_time)


@pytest.mark.parametrize("load", RUNS)
def test_utilisation(run_at, judge, load):
    measured = run_at(load).utilisation()
    judge(measured, theory.utilisation, throughput=load / SERVICE_TIME, service_time=SERVICE_TIME)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_p90_of_the_response_time(run_at, check, load):
    law = partial(theory.mm1_response_time_quantile, probability=0.9)
    check(load, run_at(load).whole("latency_p90_s"), law)


@pytest.mark.parametrize("load", [0.5])
def test_p99_of_the_response_time(run_at, check, load):
    law = partial(theory.mm1_response_time_quantile, probability=0.99)
    check(load, run_at(load).whole("latency_p99_s"), law)


@pytest.mark.parametrize("load", [0.5])
def test_share_of_slow_responses(run_at, check, load):
    law = partial(theory.mm1_response_time_survival, time=0.03)
    check(load, run_at(load).slower_than(0.03), law)
