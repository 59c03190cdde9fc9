"""Timeouts: those who wait too long give up, and the work goes on all the same, so that the queue does not change."""

import pytest

from simulator import theory

RATE = 60.0
SERVICE_TIME = 0.01
TIMEOUT = 0.03


@pytest.fixture(scope="module")
def run(simulate):
    text = f"""
    services:
      front: {{steps: [{{call: a, timeout: 30ms}}]}}
      a: {{steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=270, warmup=5)


def test_share_of_timeouts(run, judge):
    def law(arrival_rate, service_time):
        return theory.mm1_response_time_survival(arrival_rate, service_time, TIMEOUT)

    judge(run.failed(), law, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_mean_latency_of_those_in_time(run, judge):
    # an exponential variable, given that it is below the timeout
    def law(arrival_rate, service_time):
        mean = theory.mm1_mean_response_time(arrival_rate, service_time)
        late = theory.mm1_response_time_survival(arrival_rate, service_time, TIMEOUT)
        return mean - TIMEOUT * late / (1.0 - late)

    judge(run.whole("latency_mean_s"), law, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_the_queue_is_that_of_a_call_without_timeout(run, judge):
    law = theory.mm1_mean_response_time
    judge(run.service("a", "response_time_s"), law, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_the_work_is_done_in_vain(run, judge):
    judge(run.service("a", "utilisation_ratio"), theory.utilisation, throughput=RATE, service_time=SERVICE_TIME)


def test_share_of_the_work_that_is_wasted(run, judge):
    """E[min(S, max(0, W + S - timeout))] / E[S]: in M/M/1 as much as the share that comes too late.

    The integral over u from the timeout on of P(W <= u < W + S) = P(W + S > u) - P(W > u) is
    (1 - rho) e^(-(mu - lambda) timeout) / (mu - lambda) = e^(-(mu - lambda) timeout) / mu.
    """

    def law(arrival_rate, service_time):
        return theory.mm1_response_time_survival(arrival_rate, service_time, TIMEOUT)

    judge(run.service("a", "wasted_ratio"), law, arrival_rate=RATE, service_time=SERVICE_TIME)
