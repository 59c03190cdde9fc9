"""A Poisson stream over r replicas: split at random it stays Poisson; dealt out in turn it becomes Erlang-r.

And G/M/1, for arrivals that are not Poisson: those, and arrivals at even distances.
"""

import math

import pytest
from scipy.optimize import brentq

from simulator import theory

SERVICE_TIME = 0.01


@pytest.fixture(scope="module")
def at_random(simulate):
    text = """
    services: {a: {replicas: 2, loadBalancer: RANDOM, steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
    workload: {call: a, rate: 120/s}
    """
    return simulate(text, duration=140, warmup=5)


@pytest.fixture(scope="module")
def in_turn(simulate):
    text = """
    services: {a: {replicas: 3, loadBalancer: ROUND_ROBIN, steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
    workload: {call: a, rate: 180/s}
    """
    return simulate(text, duration=80, warmup=5)


@pytest.fixture(scope="module")
def even(simulate):
    text = """
    services: {a: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
    workload: {call: a, rate: 70/s, arrivals: even}
    """
    return simulate(text, duration=215, warmup=5)


def gm1_mean_response_time(transform, service_time):
    """G/M/1, where `transform` is the Laplace-Stieltjes transform of the time between arrivals.

    The number found is geometric with the root s of s = transform((1 - s) / service_time), 0 < s < 1, and the
    response time is exponential with mean service_time / (1 - s).

    Source: L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 6.4.
    """
    root = brentq(lambda s: transform((1.0 - s) / service_time) - s, 0.0, 1.0 - 1e-6)
    return service_time / (1.0 - root)


def test_g_m_1_is_m_m_1_for_poisson_arrivals():
    seen = gm1_mean_response_time(lambda z: 70.0 / (70.0 + z), SERVICE_TIME)
    assert seen == pytest.approx(theory.mm1_mean_response_time(70.0, SERVICE_TIME))


def test_replicas_behind_a_random_balancer_are_queues_of_their_own(at_random, judge):
    measured = at_random.service("a", "response_time_s")
    judge(measured, theory.mm1_mean_response_time, arrival_rate=60.0, service_time=SERVICE_TIME)


def test_in_turn_each_replica_has_erlang_arrivals(in_turn, judge):
    def law(arrival_rate, service_time):
        total = 3.0 * arrival_rate
        return gm1_mean_response_time(lambda z: (total / (total + z)) ** 3, service_time)

    judge(in_turn.service("a", "response_time_s"), law, arrival_rate=60.0, service_time=SERVICE_TIME)


def test_even_arrivals(even, judge):
    def law(arrival_rate, service_time):
        return gm1_mean_response_time(lambda z: math.exp(-z / arrival_rate), service_time)

    judge(even.service("a", "response_time_s"), law, arrival_rate=70.0, service_time=SERVICE_TIME)


def test_even_arrivals_have_an_exponential_response_time(even, judge):
    def law(arrival_rate, service_time):
        return math.log(10.0) * gm1_mean_response_time(lambda z: math.exp(-z / arrival_rate), service_time)

    judge(even.whole("latency_p90_s"), law, arrival_rate=70.0, service_time=SERVICE_TIME)
