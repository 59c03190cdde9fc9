"""M/G/1 by Pollaczek and Khinchine: of the service time, mean and cv are all that the mean waiting time needs."""

from functools import partial

import pytest

from simulator import theory

RATE = 70.0
SERVICE_TIME = 0.01
# service time: its cv, and seconds to simulate
LAWS = {
    "{dist: uniform, min: 1ms, max: 19ms}": (0.9 / 3**0.5, 270.0),
    "{dist: lognormal, mean: 10ms, cv: 0.8}": (0.8, 380.0),
    "{dist: hyperexponential, mean: 10ms, cv: 1.5}": (1.5, 740.0),
}


@pytest.fixture(scope="module", params=LAWS, ids=lambda text: text.split()[1].strip(","))
def law(request):
    return request.param


@pytest.fixture(scope="module")
def run(simulate_controlled, law):
    text = f"""
    services: {{a: {{steps: [{{cpu: {law}}}]}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate_controlled(text, RATE * SERVICE_TIME, 20, duration=LAWS[law][1], warmup=10)


def test_mean_waiting_time(run, judge, law):
    formula = partial(theory.mg1_mean_waiting_time, cv=LAWS[law][0])
    judge(run.service("waiting_time_s"), formula, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_mean_queue_length(run, judge, law):
    def formula(arrival_rate, service_time):
        waiting = theory.mg1_mean_waiting_time(arrival_rate, service_time, LAWS[law][0])
        return theory.little_number(arrival_rate, waiting)

    judge(run.service("queue_length"), formula, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_utilisation(run, judge):
    judge(
        run.utilisation(),
        theory.utilisation,
        throughput=RATE,
        service_time=SERVICE_TIME,
    )
