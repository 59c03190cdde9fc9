"""Requests that are settled when all that they sent off is done: queues one after the other, and side by side."""

import pytest

from simulator import theory

# In units of 10 ms: 0.8 a unit; service rates 1, 1.3 and 2.
RATE = 80.0
TIMES = (0.01, 0.01 / 1.3, 0.005)
FORK_RATE = 50.0
FORK_TIME = 0.01


@pytest.fixture(scope="module")
def chain(simulate):
    text = f"""
    services:
      a: {{steps: [{{cpu: {{dist: exponential, mean: {TIMES[0]}s}}}}, {{send: b}}]}}
      b: {{steps: [{{cpu: {{dist: exponential, mean: {TIMES[1]}s}}}}, {{send: c}}]}}
      c: {{steps: [{{cpu: {{dist: exponential, mean: {TIMES[2]}s}}}}]}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate(text, duration=900, warmup=20)


@pytest.fixture(scope="module")
def fork(simulate):
    text = f"""
    services:
      front: {{steps: [{{send: a}}, {{send: b}}]}}
      a: {{steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}
      b: {{steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}
    workload: {{call: front, rate: {FORK_RATE}/s}}
    """
    return simulate(text, duration=210, warmup=5)


def test_a_chain_of_sends_settles_as_a_tandem(chain, judge):
    def law(arrival_rate, pace):
        return theory.tandem_network(arrival_rate, [time / pace for time in TIMES]).response_time

    assert law(RATE, 1.0) == pytest.approx(0.07833, abs=5e-6)  # 1/0.2 + 1/0.5 + 1/1.2 units
    judge(chain.whole("completion_mean_s"), law, arrival_rate=RATE, pace=1.0)


def test_it_is_answered_by_its_first_service_alone(chain, judge):
    judge(
        chain.whole("latency_mean_s"), theory.mm1_mean_response_time, arrival_rate=RATE, service_time=TIMES[0]
    )  # fmt: skip


def test_two_sends_side_by_side_settle_as_fork_and_join(fork, judge):
    law = theory.fork_join_mean_response_time
    assert law(FORK_RATE, FORK_TIME) == pytest.approx(0.02875)
    judge(fork.whole("completion_mean_s"), law, arrival_rate=FORK_RATE, service_time=FORK_TIME)
