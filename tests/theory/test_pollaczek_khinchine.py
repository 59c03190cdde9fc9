"""M/G/1 by Pollaczek and Khinchine: of the service time, mean and cv are all that the mean waiting time needs."""

from functools import partial

import pytest

from simulator import theory

RATE = 70.0
SERVICE_TIME = 0.01
# service time: its cv, and seconds to simulate
LAWS = {
    "{dist: constant, value: 10ms}": (0.0, 200.0),
    "{dist: uniform, min: 1ms, max: 19ms}": (0.9 / 3**0.5, 260.0),
    "{dist: lognormal, mean: 10ms, cv: 1}": (1.0, 620.0),
    "{dist: hyperexponential, mean: 10ms, cv: 2}": (2.0, 1000.0),
}


@pytest.fixture(scope="module", params=LAWS, ids=lambda text: text.split()[1].strip(","))
def law(request):
    return request.param


@pytest.fixture(scope="module")
def run(simulate, law):
    text = f"""
    services: {{a: {{steps: [{{cpu: {law}}}]}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate(text, duration=LAWS[law][1], warmup=10)


def test_mean_waiting_time(run, judge, law):
    formula = partial(theory.mg1_mean_waiting_time, cv=LAWS[law][0])
    judge(run.service("a", "waiting_time_s"), formula, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_mean_queue_length(run, judge, law):
    def formula(arrival_rate, service_time):
        waiting = theory.mg1_mean_waiting_time(arrival_rate, service_time, LAWS[law][0])
        return theory.little_number(arrival_rate, waiting)

    judge(run.service("a", "queue_length"), formula, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_utilisation(run, judge):
    judge(
        run.service("a", "utilisation_ratio"),
        theory.utilisation,
        throughput=RATE,
        service_time=SERVICE_TIME,
    )
