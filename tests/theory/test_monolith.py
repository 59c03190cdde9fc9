"""Services that share a process share its cores: one queue for all, M/M/c or M/G/1 of the mixture."""

import math
from functools import partial

import pytest

from simulator import theory

# the short service of the mixture and its arrival rate, on which little depends
SHORT, MANY = 0.004, 60.0
TWINS = """
services:
  a: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}
  b: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}
workload: {calls: [{call: a, weight: 3}, {call: b, weight: 2}], rate: 120/s}
"""
MIXTURE = """
services:
  a: {steps: [{cpu: {dist: exponential, mean: 4ms}}]}
  b: {steps: [{cpu: 24ms}]}
workload:
  many: {call: a, rate: 60/s}
  some: {call: b, rate: 15/s}
deployments:
  together: {units: {both: {services: [a, b], replicas: 1, resources: {cpu: 1}}}}
"""
DATABASES = """
services:
  web: {resources: {cpu: 64}, steps: [{choose: [{weight: 3, steps: [{call: x}]}, {weight: 2, steps: [{call: y}]}]}]}
  x: {kind: database, steps: [{cpu: {dist: exponential, mean: 10ms}}]}
  y: {kind: database, steps: [{cpu: {dist: exponential, mean: 10ms}}]}
workload: {call: web, rate: 80/s}
deployments: {shared: {units: {tables: {services: [x, y], replicas: 1, resources: {cpu: 1}}}}}
"""
CHAIN = """
services:
  a: {steps: [{cpu: {dist: exponential, mean: 10ms}}, {call: b}]}
  b: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}
workload: {call: a, rate: 30/s}
deployments:
  together: {units: {both: {services: [a, b], replicas: 1, resources: {cpu: 1}}}}
"""


@pytest.fixture(scope="module")
def twins(simulate):
    return simulate(TWINS, "monolith", duration=110, warmup=5)


@pytest.fixture(scope="module")
def mixture(simulate):
    return simulate(MIXTURE, "together", duration=400, warmup=5)


@pytest.fixture(scope="module")
def chain(simulate):
    return simulate(CHAIN, "together", duration=420, warmup=5)


def test_two_services_of_one_core_each_make_m_m_2(twins, judge):
    unit = twins.result.units.index[0]
    law = partial(theory.mmc_mean_response_time, servers=2)
    judge(twins.unit(unit, "response_time_s"), law, arrival_rate=120.0, service_time=0.01)


def test_two_databases_of_one_server_make_m_m_1(simulate, judge):
    """Which of them is asked makes no difference to who waits: what is shared is the queue."""
    result = simulate(DATABASES, "shared", duration=1500, warmup=10)
    judge(result.unit("tables", "response_time_s"), theory.mm1_mean_response_time, arrival_rate=80.0, service_time=0.01)


@pytest.mark.parametrize("service", ["a", "b"])
def test_each_of_them_is_served_as_soon(twins, judge, service):
    law = partial(theory.mmc_mean_response_time, servers=2)
    judge(twins.service(service, "response_time_s"), law, arrival_rate=120.0, service_time=0.01)


def test_the_entries_of_a_workload_are_drawn_by_weight(twins, judge):
    judge(twins.service("a", "throughput_per_s"), lambda rate, share: rate * share, rate=120.0, share=0.6)


def mixed_waiting_time(short, long, many, some):
    rate = many + some
    mean = (many * short + some * long) / rate
    second = (many * 2.0 * short**2 + some * long**2) / rate
    return theory.mg1_mean_waiting_time(rate, mean, math.sqrt(second - mean**2) / mean)


def test_different_services_on_one_core_make_m_g_1(mixture, judge):
    def law(long, some):
        return mixed_waiting_time(SHORT, long, MANY, some) + (MANY * SHORT + some * long) / (MANY + some)

    judge(mixture.unit("both", "response_time_s"), law, long=0.024, some=15.0)


def test_the_queue_of_the_unit_is_that_of_its_services_together(mixture, judge):
    def law(long, some):
        waiting = mixed_waiting_time(SHORT, long, MANY, some)
        return (MANY + some) * waiting + MANY * SHORT + some * long

    measured = mixture.unit("both", "queue_length") + mixture.unit("both", "utilisation_ratio")
    judge(measured, law, long=0.024, some=15.0)


def test_a_chain_in_one_process_visits_its_core_twice(chain, judge):
    # with equal exponential times a station of product form
    def law(arrival_rate, service_time):
        return theory.visits_network(arrival_rate, [2.0], [service_time]).response_time

    judge(chain.whole("latency_mean_s"), law, arrival_rate=30.0, service_time=0.01)
