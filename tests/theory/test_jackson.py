"""Open Jackson networks: each station is as if alone, whatever the way requests take through them."""

import pytest

from simulator import theory

RATE = 50.0
TANDEM = (0.008, 0.010, 0.009)
# a: once, and again one time in five; b: two times in five; c: two times in three. Two cores each at b.
VISITS = (1.2, 0.4, 0.8)
TIMES = (0.008, 0.045, 0.0125)
CORES = (1, 2, 1)


@pytest.fixture(scope="module")
def tandem(simulate):
    # each service holds no core while it waits for the next one: a, then b, then c
    text = f"""
    services:
      a: {{steps: [{{cpu: {{dist: exponential, mean: 8ms}}}}, {{call: b}}]}}
      b: {{steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}, {{call: c}}]}}
      c: {{steps: [{{cpu: {{dist: exponential, mean: 9ms}}}}]}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate(text, duration=250, warmup=5)


@pytest.fixture(scope="module")
def branching(simulate):
    text = f"""
    services:
      front:
        steps:
          - {{call: a}}
          - {{probability: 0.4, call: b}}
          - choose:
              - {{weight: 4, steps: [{{call: c}}]}}
              - {{weight: 1, steps: [{{call: a}}]}}
      a: {{steps: [{{cpu: {{dist: exponential, mean: 8ms}}}}]}}
      b: {{resources: {{cpu: 2}}, steps: [{{cpu: {{dist: exponential, mean: 45ms}}}}]}}
      c: {{steps: [{{cpu: {{dist: exponential, mean: 12.5ms}}}}]}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=230, warmup=5)


@pytest.mark.parametrize("station", [0, 1, 2], ids=["a", "b", "c"])
def test_stations_of_a_tandem_are_independent_queues(tandem, judge, station):
    def law(arrival_rate, service_time):
        times = [*TANDEM[:station], service_time, *TANDEM[station + 1 :]]
        return theory.tandem_network(arrival_rate, times).numbers[station]

    judge(tandem.number("abc"[station], 1), law, arrival_rate=RATE, service_time=TANDEM[station])


def test_response_time_of_a_tandem(tandem, judge):
    def law(arrival_rate, pace):
        return theory.tandem_network(arrival_rate, [time / pace for time in TANDEM]).response_time

    judge(tandem.whole("latency_mean_s"), law, arrival_rate=RATE, pace=1.0)


@pytest.mark.parametrize("station", [0, 1, 2], ids=["a", "b", "c"])
def test_visits_of_a_branching_network(branching, judge, station):
    def law(arrival_rate, visits):
        return theory.forced_flow(arrival_rate, visits)

    judge(
        branching.service("abc"[station], "throughput_per_s"),
        law,
        arrival_rate=RATE,
        visits=VISITS[station],
    )


@pytest.mark.parametrize("station", [0, 1, 2], ids=["a", "b", "c"])
def test_numbers_of_a_branching_network(branching, judge, station):
    def law(arrival_rate, visits, service_time):
        given = [[*of[:station], own, *of[station + 1 :]] for of, own in ((VISITS, visits), (TIMES, service_time))]
        return theory.visits_network(arrival_rate, *given, CORES).numbers[station]

    judge(
        branching.number("abc"[station], CORES[station]),
        law,
        arrival_rate=RATE,
        visits=VISITS[station],
        service_time=TIMES[station],
    )


def test_response_time_of_a_branching_network(branching, judge):
    def law(arrival_rate, pace):
        return theory.visits_network(arrival_rate, VISITS, [time / pace for time in TIMES], CORES).response_time

    judge(branching.whole("latency_mean_s"), law, arrival_rate=RATE, pace=1.0)


def test_visits_are_those_of_the_traffic_equations():
    # front -> a -> (b or not) -> (c or a again): a again is a station of its own, with the same cores
    routing = [[0.0, 0.4, 0.48, 0.12], [0.0, 0.0, 0.8, 0.2], [0.0] * 4, [0.0] * 4]
    rates = theory.traffic_rates([RATE, 0.0, 0.0, 0.0], routing)
    assert [rates[0] + rates[3], rates[1], rates[2]] == pytest.approx([RATE * share for share in VISITS])
