"""Two calls at once, each to its own M/M/1: the request waits for the later answer."""

import pytest

from simulator import theory

RATE = 50.0
SERVICE_TIME = 0.01


@pytest.fixture(scope="module")
def run(simulate):
    text = f"""
    services:
      front: {{steps: [{{parallel: [{{call: a}}, {{call: b}}]}}]}}
      a: {{steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}
      b: {{steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=210, warmup=5)


@pytest.fixture(scope="module")
def without_queues(simulate):
    text = """
    services:
      front: {steps: [{parallel: [{call: a}, {call: b}, {call: c}]}]}
      a: {steps: [{sleep: {dist: exponential, mean: 10ms}}]}
      b: {steps: [{sleep: {dist: exponential, mean: 20ms}}]}
      c: {steps: [{sleep: {dist: exponential, mean: 40ms}}]}
    workload: {call: front, rate: 100/s}
    """
    return simulate(text, duration=21, warmup=1)


def test_mean_response_time_of_two_calls(run, judge):
    law = theory.fork_join_mean_response_time
    judge(run.whole("latency_mean_s"), law, arrival_rate=RATE, service_time=SERVICE_TIME)


@pytest.mark.parametrize("service", ["a", "b"])
def test_each_call_is_served_as_if_alone(run, judge, service):
    law = theory.mm1_mean_response_time
    judge(run.service(service, "response_time_s"), law, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_the_longest_of_three_sleeps(without_queues, judge):
    judge(
        without_queues.whole("latency_mean_s"),
        lambda unit: theory.mean_maximum_exponential([unit, 2.0 * unit, 4.0 * unit]),
        unit=0.01,
    )
