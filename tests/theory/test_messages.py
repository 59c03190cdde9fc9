"""What messages cost: cpu to pack and to unpack at both ends, and the time on the network."""

import pytest

from simulator import theory

RATE = 100.0


@pytest.fixture(scope="module")
def packed(simulate):
    text = f"""
    network: {{serialization: 500us, latency: {{dist: uniform, min: 5ms, max: 15ms}}}}
    services:
      front: {{steps: [{{cpu: 2ms}}, {{call: a}}, {{call: b}}]}}
      a: {{steps: [{{cpu: 4ms}}]}}
      b: {{steps: [{{cpu: 1ms}}, {{call: c}}]}}
      c: {{speed: 0.5, steps: [{{cpu: 1ms}}]}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=17, warmup=1)


@pytest.fixture(scope="module")
def edge(simulate):
    text = f"""
    network: {{links: [{{from: users, to: a, latency: {{dist: lognormal, mean: 5ms, cv: 1}}}}]}}
    services: {{a: {{steps: [{{sleep: 10ms}}]}}}}
    workload: {{users: {{call: a, rate: {RATE}/s}}}}
    """
    return simulate(text, duration=41, warmup=1)


# messages that each service packs or unpacks for a request; its own work; its speed
@pytest.mark.parametrize(
    ("service", "messages", "work", "speed"),
    [("front", 4, 0.002, 1), ("a", 2, 0.004, 1), ("b", 4, 0.001, 1), ("c", 2, 0.001, 0.5)],
)
def test_utilisation_counts_every_message(packed, judge, service, messages, work, speed):
    def law(arrival_rate, serialization):
        return theory.utilisation(arrival_rate, (work + messages * serialization) / speed)

    measured = packed.service(service, "utilisation_ratio")
    judge(measured, lambda arrival_rate: law(arrival_rate, 0.0005), arrival_rate=RATE)
    # one message more or less, and the law does not hold
    for wrong in (messages - 1, messages + 1):
        other = theory.utilisation(RATE, (work + wrong * 0.0005) / speed)
        assert abs(measured.mean - other) > measured.wide_half_width


def test_latency_is_work_waiting_and_messages(packed, judge):
    # by the waiting that was seen: the rest is six messages, ten packings at speed 1 and two at speed 0.5
    waiting = sum(packed.result.services["waiting_time_s"])

    def law(latency):
        return waiting + 0.002 + 0.004 + 0.001 + 0.001 / 0.5 + 10 * 0.0005 + 2 * 0.0005 / 0.5 + 6 * latency

    judge(packed.whole("latency_mean_s"), law, latency=0.01)


def test_a_link_from_the_workload_is_passed_twice(edge, judge):
    judge(edge.whole("latency_mean_s"), lambda latency: 0.01 + 2.0 * latency, latency=0.005)
