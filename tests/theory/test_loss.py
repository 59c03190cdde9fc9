"""M/M/c/K: who finds all places taken is rejected. Places are slots (rule 8.3), or cores and a queue for slots."""

from functools import partial

import pytest

from simulator import theory

CORES = 2
PLACES = 5
RATE = 130.0
SERVICE_TIME = 0.02
SHAPES = {
    "slots": f"concurrency: {PLACES}, queue: {{capacity: 0}}",
    "queue": f"concurrency: {CORES}, queue: {{capacity: {PLACES - CORES}}}",
    "both": f"concurrency: {CORES + 1}, queue: {{capacity: {PLACES - CORES - 1}}}",
}


@pytest.fixture(scope="module", params=SHAPES)
def run(simulate, request):
    text = f"""
    services:
      a: {{resources: {{cpu: {CORES}}}, {SHAPES[request.param]}, steps: [{{cpu: {{dist: exponential, mean: 20ms}}}}]}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate(text, duration=62, warmup=2)


@pytest.fixture
def check(judge):
    return partial(judge, arrival_rate=RATE, service_time=SERVICE_TIME)


def with_places(law):
    return partial(law, servers=CORES, places=PLACES)


def test_share_rejected(run, check):
    check(run.failed(), with_places(theory.mmck_blocking_probability))
    counts = run.result.outcomes.sum()
    assert counts["rejected"] == run.result.summary["errors"]
    assert counts["rejected"] + counts["ok"] == run.result.summary["requests"]


def test_goodput(run, judge):
    # in overload the service time counts, and hardly the arrival rate
    law = partial(with_places(theory.mmck_throughput), RATE)
    judge(run.whole("goodput_per_s"), law, service_time=SERVICE_TIME)


def test_mean_number(run, check):
    check(run.number("a", CORES), with_places(theory.mmck_mean_number))


def test_mean_waiting_time_of_those_admitted(run, judge):
    law = partial(with_places(theory.mmck_mean_waiting_time), RATE)
    judge(run.service("a", "waiting_time_s"), law, service_time=SERVICE_TIME)


def test_utilisation(run, judge):
    law = partial(with_places(theory.mmck_utilisation), RATE)
    judge(run.service("a", "utilisation_ratio"), law, service_time=SERVICE_TIME)


@pytest.mark.parametrize("step", ["cpu: {dist: exponential, mean: 40ms}", "cpu: 40ms", "sleep: 40ms"])
def test_erlang_b_holds_for_any_service_time(simulate, judge, step):
    text = f"""
    services:
      a: {{resources: {{cpu: 3}}, concurrency: 3, queue: {{capacity: 0}}, steps: [{{{step}}}]}}
    workload: {{call: a, rate: 60/s}}
    """
    run = simulate(text, duration=70, warmup=2)

    def law(arrival_rate, service_time):
        return theory.erlang_b(arrival_rate * service_time, 3)

    judge(run.failed(), law, arrival_rate=60.0, service_time=0.04)
