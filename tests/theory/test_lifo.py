"""M/M/1 with slots handed to the last in the queue: the mean waiting time is that of FIFO, its spread is not."""

import math

import pytest
from scipy.integrate import quad
from scipy.special import ive

from simulator import theory

RATE = 60.0
SERVICE_TIME = 0.01


@pytest.fixture(scope="module")
def run(simulate_controlled):
    text = f"""
    services:
      a:
        concurrency: 1
        queue: {{discipline: LIFO}}
        steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate_controlled(text, RATE * SERVICE_TIME, 20, duration=230, warmup=5)


def survival(arrival_rate, service_time, time):
    """Share of responses longer than `time`.

    Who finds the core busy waits for a busy period to end: its own service begins when all who came later are gone.
    The density of a busy period: L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 5.8.
    """
    rate = 1.0 / service_time
    load = arrival_rate / rate

    def busy_period(x):
        spread = 2.0 * math.sqrt(arrival_rate * rate)  # ive(1, z) is I1(z) exp(-z)
        return math.exp((spread - arrival_rate - rate) * x) * ive(1, spread * x) / (x * math.sqrt(load))

    in_time = quad(lambda x: busy_period(x) * (1.0 - math.exp(-rate * (time - x))), 0.0, time)[0]
    return (1.0 - load) * math.exp(-rate * time) + load * (1.0 - in_time)


def test_mean_response_time(run, judge):
    def law(arrival_rate, service_time):
        return theory.mg1_lifo_mean_waiting_time(arrival_rate, service_time, 1.0) + service_time

    judge(run.service("response_time_s"), law, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_mean_number(run, judge):
    judge(run.number(1), theory.mm1_mean_number, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_utilisation(run, judge):
    judge(run.utilisation(), theory.utilisation, throughput=RATE, service_time=SERVICE_TIME)


@pytest.mark.parametrize("time", [0.02, 0.05])
def test_spread_of_the_response_time(run, judge, time):
    measured = run.slower_than(time)
    judge(measured, lambda r, s: survival(r, s, time), r=RATE, s=SERVICE_TIME)
    # served in order of arrival it would be another one
    other = theory.mm1_response_time_survival(RATE, SERVICE_TIME, time)
    assert abs(measured.mean - other) > measured.wide_half_width
