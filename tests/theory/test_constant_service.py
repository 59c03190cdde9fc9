"""M/D/1 and M/D/c: constant service times, where the waiting time is known beyond its mean."""

from functools import partial

import pytest

from simulator import theory

RATE = 70.0
SERVICE_TIME = 0.01
CORES = 2


@pytest.fixture(scope="module")
def one_core(simulate_controlled):
    text = f"""
    services: {{a: {{steps: [{{cpu: 10ms}}]}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate_controlled(text, RATE * SERVICE_TIME, 20, duration=260, warmup=5)


@pytest.fixture(scope="module")
def many_cores(simulate_controlled):
    text = f"""
    services: {{a: {{resources: {{cpu: {CORES}}}, steps: [{{cpu: 20ms}}]}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate_controlled(text, RATE * SERVICE_TIME, 20, duration=310, warmup=5)


def test_mean_waiting_time_of_one_core(one_core, judge):
    law = theory.md1_mean_waiting_time
    judge(one_core.service("waiting_time_s"), law, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_p90_of_the_response_time_of_one_core(one_core, judge):
    def law(arrival_rate, service_time):
        return theory.md1_waiting_time_quantile(arrival_rate, service_time, 0.9) + service_time

    judge(one_core.whole("latency_p90_s"), law, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_share_that_waits_longer_than_a_service(one_core, judge):
    # a latency above two services is a wait above one
    law = partial(theory.md1_waiting_time_survival, time=SERVICE_TIME)
    judge(one_core.slower_than(2.0 * SERVICE_TIME), law, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_mean_waiting_time_of_many_cores(many_cores, judge):
    law = partial(theory.mdc_mean_waiting_time, servers=CORES)
    judge(many_cores.service("waiting_time_s"), law, arrival_rate=RATE, service_time=CORES * SERVICE_TIME)


def test_mean_queue_length_of_many_cores(many_cores, judge):
    def law(arrival_rate, service_time):
        return arrival_rate * theory.mdc_mean_waiting_time(arrival_rate, service_time, CORES)

    judge(many_cores.service("queue_length"), law, arrival_rate=RATE, service_time=CORES * SERVICE_TIME)


def test_utilisation(one_core, many_cores, judge):
    judge(one_core.utilisation(), theory.utilisation, throughput=RATE, service_time=SERVICE_TIME)
    law = partial(theory.utilisation, servers=CORES)
    judge(many_cores.utilisation(), law, throughput=RATE, service_time=CORES * SERVICE_TIME)
