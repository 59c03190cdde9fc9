"""A second try after a while, with servers enough for all: the sooner one of two."""

import math

import pytest

MEAN = 0.01
AFTER = 0.012
RATE = 500.0


@pytest.fixture(scope="module")
def run(simulate):
    text = f"""
    services:
      front: {{steps: [{{call: a, hedge: {{after: {AFTER}s}}}}]}}
      a: {{kind: external, steps: [{{sleep: {{dist: exponential, mean: {MEAN}s}}}}]}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=245, warmup=5)


@pytest.mark.parametrize("time", [0.006, 0.015, 0.02])
def test_the_tail(run, judge, time):
    """P(latency > t) = P(S > t), and beyond the delay times P(S > t - delay): the second try has to be late too.

    Source: J. Dean, L. Barroso, "The tail at scale", Communications of the ACM, 2013, on hedged requests.
    """

    def law(mean, after):
        return math.exp(-time / mean) * (math.exp(-(time - after) / mean) if time > after else 1.0)

    if time > AFTER:
        judge(run.slower_than(time), law, mean=MEAN, after=AFTER)
    else:
        judge(run.slower_than(time), lambda mean: law(mean, AFTER), mean=MEAN)


def test_what_it_costs(run, judge):
    """A second try of each call that is not answered within the delay."""
    judge(run.service("a", "attempts_per_request"), lambda mean, after: 1.0 + math.exp(-after / mean), mean=MEAN,
          after=AFTER)  # fmt: skip


def test_what_is_wasted(run, judge):
    """From the winner's answer on the loser works for nobody, which takes an exponential time again, by memory of none.

    A call has a loser if its first try is late: a share of e^(-delay / mean).
    """

    def law(mean, after):
        late = math.exp(-after / mean)
        return late * mean / (1.0 + late)

    judge(run.service("a", "wasted_time_s"), law, mean=MEAN, after=AFTER)


def test_two_at_once_are_the_minimum_of_two(simulate, judge):
    text = f"""
    services:
      front: {{steps: [{{call: a, hedge: {{after: 0s}}}}]}}
      a: {{kind: external, steps: [{{sleep: {{dist: exponential, mean: {MEAN}s}}}}]}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    run = simulate(text, duration=45, warmup=5)
    judge(run.whole("latency_mean_s"), lambda mean: mean / 2.0, mean=MEAN)
