"""Faster and slower cores: work of t seconds at pace p is work of t / p seconds (rule 8.1)."""

import pytest

from simulator import theory

RATE = 50.0
KINDS = {"faster": ("speed: 2", "20ms"), "half a core": ("resources: {cpu: 500m}", "5ms")}


@pytest.fixture(scope="module", params=KINDS)
def run(simulate, request):
    how, mean = KINDS[request.param]
    text = f"""
    services: {{a: {{{how}, steps: [{{cpu: {{dist: exponential, mean: {mean}}}}}]}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate(text, duration=185, warmup=5)


def test_mean_response_time(run, judge):
    law = theory.mm1_mean_response_time
    judge(run.service("a", "response_time_s"), law, arrival_rate=RATE, service_time=0.01)


def test_mean_number(run, judge):
    judge(run.number("a", 1), theory.mm1_mean_number, arrival_rate=RATE, service_time=0.01)


def test_service_time_and_utilisation(run, judge):
    judge(run.service("a", "service_time_s"), lambda service_time: service_time, service_time=0.01)
    judge(run.service("a", "utilisation_ratio"), theory.utilisation, throughput=RATE, service_time=0.01)
