"""A Poisson stream over r replicas: split at random it stays Poisson; dealt out in turn it becomes Erlang-r.

And G/M/1, for arrivals that are not Poisson: those, and arrivals at even distances. Two random choices over n replicas
are a Markov chain of their lengths, solved as it stands; of one replica that never answers they leave 1/n^2.
"""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve

from simulator import theory

SERVICE_TIME = 0.01


@pytest.fixture(scope="module")
def at_random(simulate):
    text = """
    services: {a: {replicas: 2, loadBalancer: RANDOM, steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
    workload: {call: a, rate: 120/s}
    """
    return simulate(text, duration=140, warmup=5)


@pytest.fixture(scope="module")
def in_turn(simulate):
    text = """
    services: {a: {replicas: 3, loadBalancer: ROUND_ROBIN, steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
    workload: {call: a, rate: 180/s}
    """
    return simulate(text, duration=80, warmup=5)


@pytest.fixture(scope="module")
def even(simulate):
    text = """
    services: {a: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
    workload: {call: a, rate: 70/s, arrivals: even}
    """
    return simulate(text, duration=215, warmup=5)


def gm1_mean_response_time(transform, service_time):
    """G/M/1, where `transform` is the Laplace-Stieltjes transform of the time between arrivals.

    The number found is geometric with the root s of s = transform((1 - s) / service_time), 0 < s < 1, and the
    response time is exponential with mean service_time / (1 - s).

    Source: L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 6.4.
    """
    root = brentq(lambda s: transform((1.0 - s) / service_time) - s, 0.0, 1.0 - 1e-6)
    return service_time / (1.0 - root)


def test_g_m_1_is_m_m_1_for_poisson_arrivals():
    seen = gm1_mean_response_time(lambda z: 70.0 / (70.0 + z), SERVICE_TIME)
    assert seen == pytest.approx(theory.mm1_mean_response_time(70.0, SERVICE_TIME))


def test_replicas_behind_a_random_balancer_are_queues_of_their_own(at_random, judge):
    measured = at_random.service("a", "response_time_s")
    judge(measured, theory.mm1_mean_response_time, arrival_rate=60.0, service_time=SERVICE_TIME)


def test_in_turn_each_replica_has_erlang_arrivals(in_turn, judge):
    def law(arrival_rate, service_time):
        total = 3.0 * arrival_rate
        return gm1_mean_response_time(lambda z: (total / (total + z)) ** 3, service_time)

    judge(in_turn.service("a", "response_time_s"), law, arrival_rate=60.0, service_time=SERVICE_TIME)


def test_even_arrivals(even, judge):
    def law(arrival_rate, service_time):
        return gm1_mean_response_time(lambda z: math.exp(-z / arrival_rate), service_time)

    judge(even.service("a", "response_time_s"), law, arrival_rate=70.0, service_time=SERVICE_TIME)


def test_even_arrivals_have_an_exponential_response_time(even, judge):
    def law(arrival_rate, service_time):
        return math.log(10.0) * gm1_mean_response_time(lambda z: math.exp(-z / arrival_rate), service_time)

    judge(even.whole("latency_p90_s"), law, arrival_rate=70.0, service_time=SERVICE_TIME)


# -- two random choices


def two_choices_mean_response_time(arrival_rate, service_time, replicas, *, distinct, longest):
    """Mean response time behind LEAST_REQUEST of replicas with one exponential core each.

    The state is the sorted numbers present, up to `longest` each (arrivals at a full one are lost: so few that they do
    not count). Of two draws the shorter of both positions is joined, one of equals as likely as another.

    Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE Transactions on Parallel and
    Distributed Systems 12(10), 2001, section 2: here for so many replicas, in place of its limit of infinitely many.
    """
    states = list(itertools.combinations_with_replacement(range(longest + 1), replicas))  # ascending
    number = {state: row for row, state in enumerate(states)}
    places = range(replicas)
    pairs = list(itertools.permutations(places, 2) if distinct else itertools.product(places, repeat=2))
    rates = {}

    def flow(row, state, place, step, rate):
        after = list(state)
        after[place] += step
        if 0 <= after[place] <= longest:
            key = (number[tuple(sorted(after))], row)
            rates[key] = rates.get(key, 0.0) + rate
            rates[row, row] = rates.get((row, row), 0.0) - rate

    for row, state in enumerate(states):
        for pair in pairs:
            flow(row, state, min(pair), 1, arrival_rate / len(pairs))
        for place in range(replicas):
            flow(row, state, place, -1, 1.0 / service_time)
    rows, columns = zip(*rates, strict=True)
    matrix = csc_matrix((list(rates.values()), (rows, columns)), shape=(len(states),) * 2).tolil()
    matrix[0, :] = 1.0
    chances = spsolve(matrix.tocsc(), np.eye(1, len(states))[0])
    assert chances[[row for row, state in enumerate(states) if state[-1] == longest]].sum() < 1e-6
    return float(chances @ np.array([sum(state) for state in states])) / arrival_rate


def test_one_draw_in_the_chain_is_m_m_1_and_all_of_one_replica_too():
    seen = two_choices_mean_response_time(70.0, SERVICE_TIME, 1, distinct=False, longest=80)
    assert seen == pytest.approx(theory.mm1_mean_response_time(70.0, SERVICE_TIME))


LAWS = [(2, "independent", 130, 40), (2, "distinct", 130, 40), (3, "independent", 195, 24), (3, "distinct", 195, 24)]


@pytest.mark.parametrize(("replicas", "choice", "rate", "longest"), LAWS)
def test_two_random_choices(simulate, judge, replicas, choice, rate, longest):
    text = f"""
    services:
      a:
        replicas: {replicas}
        loadBalancer: {{choice: {choice}}}
        steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]
    workload: {{call: a, rate: {rate}/s}}
    """
    measured = simulate(text, duration=105, warmup=5)

    def law(arrival_rate, service_time):
        return two_choices_mean_response_time(
            arrival_rate, service_time, replicas, distinct=choice == "distinct", longest=longest
        )

    judge(measured.service("a", "response_time_s"), law, arrival_rate=float(rate), service_time=SERVICE_TIME)


def with_one_that_hangs(simulate, replicas, choice, duration):
    """Whoever is not given to the first replica, which stands still, is served before the next one comes."""
    text = f"""
    services: {{a: {{replicas: {replicas}, loadBalancer: {{choice: {choice}}}, steps: [{{sleep: 20ms}}]}}}}
    policies: {{patient: {{timeout: 2s}}}}
    workload: {{call: a, rate: 40/s, arrivals: even, policy: patient}}
    faults: [{{at: 0s, for: 1h, target: a, pause: {{replicas: 1}}}}]
    """
    return simulate(text, duration=duration, warmup=5).failed()


@pytest.mark.parametrize(("replicas", "duration"), [(2, 65), (3, 125)])
def test_independent_draws_lose_one_nth_squared_to_a_replica_that_hangs(simulate, judge, replicas, duration):
    """Both draws have to be of it: it is never the one with fewer calls."""
    failed = with_one_that_hangs(simulate, replicas, "independent", duration)
    judge(failed, lambda replicas: replicas**-2.0, replicas=float(replicas))


@pytest.mark.parametrize("choice", ["distinct", "all"])
def test_distinct_draws_lose_one_call_at_a_time(simulate, choice):
    """Of two: it has one until that gives up, 80 calls later, and is then given one of the next with even chances."""
    failed = with_one_that_hangs(simulate, 2, choice, 165)
    one_call = 1 / (160 * 40)
    assert failed.mean == pytest.approx(1 / 82, abs=one_call)
    assert failed.mean != pytest.approx(1 / (0.95 * 80 + 2), abs=2 * one_call)
