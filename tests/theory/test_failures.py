"""Replicas that fail by chance: availability, how many are up at once, and what is lost with them."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

import simulator as sim

RATE = 200.0
FORTY = {"replications": 40}
"""The more there are, the less is allowed for an error that is estimated: 5.2 of it, where it is 6.1 of 20."""
UP, REPAIR, STARTUP = 0.08, 0.03, 0.03
TIMES = {
    "exponential": "mtbf: 80ms, mttr: 30ms",
    "narrow": "mtbf: {dist: uniform, min: 40ms, max: 120ms}, mttr: {dist: gamma, mean: 30ms, cv: 0.5}",
    "wide": "mtbf: {dist: lognormal, mean: 80ms, cv: 1.5}, mttr: {dist: constant, value: 30ms}",
}


def availability(up, repair, startup):
    """Share of the time that one is ready: an alternating renewal process, of any laws with these means.

    Source: R. E. Barlow, F. Proschan, "Mathematical Theory of Reliability", 1965, chapter 3.
    """
    return up / (up + repair + startup)


@pytest.fixture(scope="module", params=TIMES)
def run(simulate, request):
    text = f"""
    services:
      a: {{replicas: 3, startup: 30ms, failures: {{{TIMES[request.param]}}}, steps: []}}
    workload: {{call: a, rate: {RATE}/s}}
    """
    return simulate(text, duration=520, warmup=20, **FORTY)  # a repair 5 % shorter is seen by 1.5 wide half widths


def test_mean_number_of_those_that_are_ready(run, judge):
    def law(up, repair, startup):
        return 3 * availability(up, repair, startup)

    judge(run.unit("a", "ready_replicas"), law, up=UP, repair=REPAIR, startup=STARTUP)


def test_share_of_the_time_that_none_of_three_is_ready(run, judge):
    """Poisson arrivals see time averages, and replicas fail independently: (1 - A)^3."""

    def law(up, repair, startup):
        return (1.0 - availability(up, repair, startup)) ** 3

    judge(run.failed(), law, narrow=0.04, up=UP, repair=REPAIR, startup=STARTUP)
    assert run.result.outcomes.sum()["unreachable"] == run.result.summary["errors"]


def test_two_of_three_have_to_be_ready(simulate, judge):
    """The binomial law of k out of n: two calls at once, each at a replica of its own, if there are two.

    The slot of a replica is taken as long as the other call looks for one; both have to find one.
    """
    text = f"""
    services:
      both: {{steps: [{{parallel: [{{call: a}}, {{call: a}}]}}]}}
      a:
        replicas: 3
        concurrency: 1
        queue: {{capacity: 0}}
        loadBalancer: {{choiceCount: all}}
        failures: {{mtbf: 80ms, mttr: 40ms}}
        steps: [{{sleep: 1us}}]
    workload: {{call: both, rate: {RATE}/s}}
    """
    run = simulate(text, duration=395, warmup=20)  # 5 % are seen by 2 wide half widths

    def law(up, repair):
        a = availability(up, repair, 0.0)
        return 1.0 - a**3 - 3.0 * a**2 * (1.0 - a)

    judge(run.failed(), law, narrow=0.04, up=UP, repair=0.04)


def test_what_is_in_progress_is_lost(simulate, judge):
    """Of what a replica takes, the share is lost that takes longer than it lives on: mu against theta, exponentials."""
    text = """
    services: {a: {failures: {mtbf: 400ms, mttr: {dist: constant, value: 100us}},
                   steps: [{sleep: {dist: exponential, mean: 100ms}}]}}
    workload: {call: a, rate: 400/s}
    """
    run = simulate(text, duration=310, warmup=10, **FORTY)  # 5 % are seen by 1.5 wide half widths

    def law(service_time, up):
        return service_time / (service_time + up)

    # of 400.1 ms it is down for 0.1: one in 4001 finds nobody
    judge(run.failed(), lambda **inputs: 1.0 - (1.0 - law(**inputs)) * 4000 / 4001, service_time=0.1, up=0.4)


def test_a_constant_time_is_survived_with_an_exponential_chance(simulate, judge):
    text = """
    services: {a: {failures: {mtbf: 400ms, mttr: {dist: constant, value: 0s}}, steps: [{sleep: 100ms}]}}
    workload: {call: a, rate: 400/s}
    """
    run = simulate(text, duration=310, warmup=10, **FORTY)  # 5 % are seen by 1.4 wide half widths
    judge(run.failed(), lambda time, up: -math.expm1(-time / up), time=0.1, up=0.4)


# -- M/M/1 with catastrophes and repairs

ARRIVALS, SERVICE, LIFE, DOWN = 60.0, 0.02, 0.25, 0.25


def root(arrival_rate, service_time, up):
    """Ratio of neighbouring state probabilities: the smaller root of mu r^2 - (lambda + mu + theta) r + lambda.

    A death empties the queue. The balance of state n > 0 is (lambda + mu + theta) p(n) = lambda p(n-1) + mu p(n+1),
    so that p(n) = A (1 - r) r^n with A the availability; that of state 0 and of the repair hold with it too.
    Source: A. Di Crescenzo, V. Giorno, A. G. Nobile, L. M. Ricciardi, "On the M/M/1 queue with catastrophes and its
    continuous approximation", Queueing Systems 43, 2003.
    """
    mu, all_ = 1.0 / service_time, arrival_rate + 1.0 / service_time + 1.0 / up
    return (all_ - math.sqrt(all_ * all_ - 4.0 * arrival_rate * mu)) / (2.0 * mu)


def busy(arrival_rate, service_time, up, repair):
    return availability(up, repair, 0.0) * root(arrival_rate, service_time, up)


def number(arrival_rate, service_time, up, repair):
    r = root(arrival_rate, service_time, up)
    return availability(up, repair, 0.0) * r / (1.0 - r)


@pytest.fixture(scope="module", params=["FIFO", "PS"])
def catastrophes(simulate, request):
    text = f"""
    services:
      a: {{scheduling: {request.param}, failures: {{mtbf: 250ms, mttr: 250ms}},
           steps: [{{cpu: {{dist: exponential, mean: 20ms}}}}]}}
    workload: {{call: a, rate: {ARRIVALS}/s}}
    """
    return simulate(text, duration=2410, warmup=10, **FORTY)  # a service 5 % shorter is seen by 1.4 wide half widths


INPUTS = {"arrival_rate": ARRIVALS, "service_time": SERVICE, "up": LIFE, "repair": DOWN}


def test_utilisation_with_catastrophes(catastrophes, judge):
    judge(catastrophes.service("a", "utilisation_ratio"), busy, **INPUTS)


def test_mean_number_with_catastrophes(catastrophes, judge):
    """More arrives than could be served for ever; deaths keep the queue short."""
    law = partial(number, repair=DOWN)  # on which the utilisation is judged
    judge(catastrophes.number("a", 1), law, arrival_rate=ARRIVALS, service_time=SERVICE, up=LIFE)


def test_goodput_with_catastrophes(catastrophes, judge):
    def law(arrival_rate, service_time, up, repair):
        return busy(arrival_rate, service_time, up, repair) / service_time

    judge(catastrophes.whole("goodput_per_s"), law, **INPUTS)


def test_mean_number_of_a_loss_system_that_fails(simulate, judge):
    """M/M/1/1 with deaths: lambda p(0) = (mu + theta) p(1), p(0) + p(1) = A."""
    text = f"""
    services:
      a: {{concurrency: 1, queue: {{capacity: 0}}, failures: {{mtbf: 250ms, mttr: 250ms}},
           steps: [{{cpu: {{dist: exponential, mean: 20ms}}}}]}}
    workload: {{call: a, rate: {ARRIVALS}/s}}
    """
    run = simulate(text, duration=1210, warmup=10, **FORTY)  # 5 % are seen by 1.6 wide half widths

    def law(arrival_rate, service_time, up, repair):
        gone = arrival_rate + 1.0 / service_time + 1.0 / up
        return availability(up, repair, 0.0) * arrival_rate / gone

    judge(run.service("a", "utilisation_ratio"), law, **INPUTS)


# -- M/M/1 whose core stands still, and resumes what it did

PAUSED = {"arrival_rate": 200.0, "service_time": 0.002, "up": 0.05, "repair": 0.02}
LENGTH, WARMUP, RUNS = 200.0, 5.0, 32


def paused(scheduling, seed):
    """Pauses of exponential lengths, exponential times after each other; and the share of the time that they take."""
    random, now, faults, still = np.random.default_rng(seed), 0.0, [], 0.0
    while now < LENGTH:
        at = now + random.exponential(PAUSED["up"])
        length = random.exponential(PAUSED["repair"])
        faults.append({"at": at, "for": length, "target": "a", "pause": {}})
        now = at + length
        still += max(0.0, min(now, LENGTH) - max(at, WARMUP))
    tree = {
        "simulation": {"duration": LENGTH, "warmup": WARMUP, "replications": 1, "seed": seed},
        "services": {
            "a": {
                "scheduling": scheduling,
                "steps": [{"cpu": {"dist": "exponential", "mean": PAUSED["service_time"]}}],
            }
        },
        "workload": {"call": "a", "rate": PAUSED["arrival_rate"]},
        "faults": faults,
    }
    result = sim.simulate(sim.Topology.model_validate(tree), detail="summary", engine="compiled")
    return result.services.loc["a"], still / (LENGTH - WARMUP)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("scheduling", ["FIFO", "PS"])
def test_mean_number_where_work_stands_still(measured, judge, scheduling):
    """Breakdowns that come whether it is busy or idle, and after which work goes on where it was.

    Source: H. White, L. S. Christie, "Queuing with preemptive priorities or with breakdown", Operations Research 6,
    1958; B. Avi-Itzhak, P. Naor, "Some queuing problems with the service station subject to breakdown", 1963.
    """
    tables, stills = zip(*(paused(scheduling, seed) for seed in range(1, RUNS + 1)), strict=True)
    values = [table["queue_length"] + table["utilisation_ratio"] for table in tables]

    def law(arrival_rate, service_time, up, repair):
        broken, mended, served = 1.0 / up, 1.0 / repair, 1.0 / service_time
        both = broken + mended
        return arrival_rate * (both**2 + broken * served) / (both * (served * mended - arrival_rate * both))

    # The share of the pauses explains half of the spread; so 5 % of the time between them are 1.3 wide half widths.
    share = PAUSED["repair"] / (PAUSED["up"] + PAUSED["repair"])
    judge(measured.controlled("number", values, stills, share), law, **PAUSED)
    busy_ratio = measured.of("busy", [table["utilisation_ratio"] for table in tables])
    work = {name: PAUSED[name] for name in ("arrival_rate", "service_time")}
    judge(busy_ratio, lambda arrival_rate, service_time: arrival_rate * service_time, **work)
