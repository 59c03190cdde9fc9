"""M/G/1 with slots handed to the last in the queue: the mean waiting time is that of FIFO, its spread is not."""

import pytest

from simulator import theory

RATE = 60.0
SERVICE_TIME = 0.01


@pytest.fixture(scope="module")
def run(simulate):
    text = f"""
    services:
      a:
        concurrency: 1
        queue: {{discipline: LIFO}}
        steps: [{{cpu: {{dist: gamma, mean: 10ms, cv: 0.8}}}}]
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate(text, duration=200, warmup=5)


def test_mean_waiting_time(run, judge):
    judge(
        run.service("a", "waiting_time_s"),
        lambda arrival_rate, service_time: theory.mg1_lifo_mean_waiting_time(arrival_rate, service_time, 0.8),
        arrival_rate=RATE,
        service_time=SERVICE_TIME,
    )


def test_second_moment_of_the_waiting_time_is_that_of_fifo_over_one_minus_the_load(run, judge, measured):
    # L. Takacs, "Delay distributions for one line with Poisson input, general holding times, and various orders of
    # service", 1963: E[W^2 LIFO] = E[W^2 FIFO] / (1 - load), where E[W^2 FIFO] = 2 E[W]^2 + rate E[S^3] / 3 (1 - load).
    # The response time is waiting plus an independent service time.
    table = run.result.latencies
    seen = (table["latency_s"] ** 2).groupby(table["replication"]).mean()

    def law(arrival_rate, service_time):
        shape = 0.8**-2
        second = service_time**2 * (1.0 + 1.0 / shape)
        third = service_time**3 * (1.0 + 1.0 / shape) * (1.0 + 2.0 / shape)
        free = 1.0 - arrival_rate * service_time
        waiting = theory.mg1_lifo_mean_waiting_time(arrival_rate, service_time, 0.8)
        squared = (2.0 * waiting**2 + arrival_rate * third / (3.0 * free)) / free
        return squared + 2.0 * waiting * service_time + second

    judge(
        measured.of("square of the response time", seen), law, narrow=0.05, arrival_rate=RATE, service_time=SERVICE_TIME
    )
