"""Processor sharing: the mean response time depends on the mean service time only, whatever its distribution."""

from functools import partial

import pytest

from simulator import theory

RATE = 60.0
SERVICE_TIME = 0.01
CORES = 2
SERVICES = {
    "exponential": "{dist: exponential, mean: %gms}",
    "constant": "%gms",
    "hyperexponential": "{dist: hyperexponential, mean: %gms, cv: 1.5}",
}
SECONDS = {"exponential": 160, "constant": 120, "hyperexponential": 230}


@pytest.fixture(scope="module", params=SERVICES)
def one_core(simulate_controlled, request):
    text = f"""
    services: {{a: {{scheduling: PS, steps: [{{cpu: {SERVICES[request.param] % 10}}}]}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate_controlled(text, RATE * SERVICE_TIME, 20, duration=SECONDS[request.param], warmup=5)


@pytest.fixture(scope="module", params=["constant", "hyperexponential"])
def many_cores(simulate_controlled, request):
    step = SERVICES[request.param] % 20
    text = f"""
    services: {{a: {{scheduling: PS, resources: {{cpu: {CORES}}}, steps: [{{cpu: {step}}}]}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate_controlled(text, RATE * SERVICE_TIME, 20, duration=SECONDS[request.param], warmup=5)


@pytest.fixture(scope="module")
def short_and_long(simulate):
    text = f"""
    services:
      a: {{scheduling: PS, endpoints: {{short: {{steps: [{{cpu: 5ms}}]}}, long: {{steps: [{{cpu: 20ms}}]}}}}}}
    workload:
      many: {{call: a.short, rate: {RATE * 2 / 3}/s}}
      some: {{call: a.long, rate: {RATE / 3}/s}}
    """
    return simulate(text, duration=220, warmup=5)


def test_mean_response_time(one_core, judge):
    measured = one_core.service("response_time_s")
    judge(measured, theory.mg1_ps_mean_response_time, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_mean_number(one_core, judge):
    # waiting under sharing is what is present beyond the busy cores (rule 8.5)
    judge(one_core.number(1), theory.mm1_mean_number, arrival_rate=RATE, service_time=SERVICE_TIME)


def test_utilisation(one_core, judge):
    judge(one_core.utilisation(), theory.utilisation, throughput=RATE, service_time=SERVICE_TIME)


def test_mean_response_time_of_many_cores(many_cores, judge):
    law = partial(theory.mgc_ps_mean_response_time, servers=CORES)
    measured = many_cores.service("response_time_s")
    judge(measured, law, arrival_rate=RATE, service_time=CORES * SERVICE_TIME)


def test_mean_number_of_many_cores(many_cores, judge):
    law = partial(theory.mmc_mean_number, servers=CORES)
    judge(many_cores.number(CORES), law, arrival_rate=RATE, service_time=CORES * SERVICE_TIME)


def test_utilisation_of_many_cores(many_cores, judge):
    law = partial(theory.utilisation, servers=CORES)
    judge(many_cores.utilisation(), law, throughput=RATE, service_time=CORES * SERVICE_TIME)


@pytest.mark.parametrize(("workload", "own"), [("many", 0.005), ("some", 0.02)])
def test_response_is_proportional_to_the_service_asked_for(short_and_long, judge, workload, own):
    judge(
        short_and_long.latency(workload),
        theory.mg1_ps_conditional_response_time,
        arrival_rate=RATE,
        service_time=SERVICE_TIME,
        own_service_time=own,
    )
