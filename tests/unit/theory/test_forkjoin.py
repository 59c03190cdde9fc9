import math

import numpy as np
import pytest
from scipy import integrate

from simulator import theory


def fork_join_response(load, calls, most, rounds):
    """Mean response time in service times: requests not yet complete are the longest queue; then Little.

    The joint chain of the queues, cut off at `most`, by repeated steps of the uniformised chain.
    """
    rate = load + calls
    states = np.zeros((most + 1,) * calls)
    states[(0,) * calls] = 1.0
    longest = np.max(np.indices(states.shape), axis=0)
    inner, shifted = (slice(0, most),) * calls, (slice(1, most + 1),) * calls
    for _ in range(rounds):
        after = np.zeros_like(states)
        after[shifted] += load * states[inner]
        blocked = states.copy()
        blocked[inner] = 0.0
        after += load * blocked
        for axis in range(calls):
            moved = np.moveaxis(states, axis, 0)
            target = np.moveaxis(after, axis, 0)
            target[:-1] += moved[1:]
            target[0] += moved[0]
        states = after / rate
    return float((longest * states).sum()) / load


@pytest.mark.parametrize(("load", "most"), [(0.1, 20), (0.5, 50), (0.7, 90)])
def test_two_calls_against_the_joint_chain(load, most):
    expected = fork_join_response(load, 2, most, 6_000)
    assert theory.fork_join_mean_response_time(load * 10.0, 0.1) == pytest.approx(0.1 * expected, rel=1e-6)


@pytest.mark.parametrize(("load", "most"), [(0.1, 12), (0.5, 28)])
def test_three_calls_against_the_joint_chain(load, most):
    expected = fork_join_response(load, 3, most, 800)
    approximation = theory.fork_join_mean_response_time_nelson_tantawi(load, 1.0, 3)
    assert approximation == pytest.approx(expected, rel=0.015)
    assert approximation != pytest.approx(expected, rel=1e-5)


def test_the_approximation_at_its_ends():
    law = theory.fork_join_mean_response_time_nelson_tantawi
    assert law(0.5, 1.0, 2) == pytest.approx(theory.fork_join_mean_response_time(0.5, 1.0))
    assert law(0.5, 1.0, 1) == pytest.approx(2.0)
    # nobody else there: the maximum of eight exponential times
    assert law(0.0, 1.0, 8) == pytest.approx(theory.mean_maximum_exponential([1.0] * 8))


def test_the_equation_of_nelson_and_tantawi_worked_by_hand():
    # ten calls at utilisation 0.8: H10 / H2 = 1.952646, so 1.952646 - 0.952646 * 3.2 / 11 times R2 = 7
    law = theory.fork_join_mean_response_time_nelson_tantawi
    assert law(0.8, 1.0, 10) == pytest.approx(11.7286, abs=1e-4)


def test_the_harmonic_numbers():
    assert theory.harmonic_number(0) == 0.0
    assert theory.harmonic_number(4) == pytest.approx(25 / 12)
    assert theory.harmonic_number(10_000) == pytest.approx(math.log(10_000.5) + 0.5772156649, rel=1e-9)


@pytest.mark.parametrize("means", [[2.0], [0.1, 0.3], [1.0, 1.0, 1.0], [0.5, 1.0, 4.0, 4.0], [0.3] * 40])
def test_the_largest_of_exponential_times_against_integration(means):
    def survival(time):
        return -math.expm1(sum(math.log1p(-math.exp(-time / mean)) for mean in means)) if time else 1.0

    expected = integrate.quad(survival, 0.0, 60.0 * max(means), limit=400, epsabs=1e-12)[0]
    assert theory.mean_maximum_exponential(means) == pytest.approx(expected, rel=1e-8)


def test_sixteen_different_means_keep_their_digits():
    # close to equal, so close to the harmonic number
    means = [1.0 + 1e-9 * k for k in range(16)]
    assert theory.mean_maximum_exponential(means) == pytest.approx(theory.harmonic_number(16), rel=1e-7)


@pytest.mark.parametrize("count", [1, 2, 100])
@pytest.mark.parametrize("probability", [0.01, 0.5, 0.999])
def test_the_quantile_of_the_largest_inverts_its_distribution(count, probability):
    time = theory.maximum_exponential_quantile(3.0, count, probability)
    assert (1.0 - math.exp(-time / 3.0)) ** count == pytest.approx(probability, rel=1e-9)


def test_nothing_to_wait_for():
    assert theory.mean_maximum_exponential([]) == 0.0
    assert theory.maximum_exponential_quantile(3.0, 5, 0.0) == 0.0
    assert theory.fork_join_mean_response_time(0.0, 1.0) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.fork_join_mean_response_time(1.0, 1.0), "unstable"),
        (lambda: theory.fork_join_mean_response_time_nelson_tantawi(1.0, 1.0, 3), "unstable"),
        (lambda: theory.fork_join_mean_response_time_nelson_tantawi(0.5, 1.0, 0), "^calls must"),
        (lambda: theory.fork_join_mean_response_time_nelson_tantawi(0.5, 1.0, 33), "^calls must"),
        (lambda: theory.harmonic_number(-1), "^count must"),
        (lambda: theory.mean_maximum_exponential([1.0, 0.0]), "^means must"),
        (lambda: theory.mean_maximum_exponential([float(k) for k in range(1, 18)]), "^means must"),
        (lambda: theory.maximum_exponential_quantile(0.0, 1, 0.5), "^mean must"),
        (lambda: theory.maximum_exponential_quantile(1.0, 0, 0.5), "^count must"),
        (lambda: theory.maximum_exponential_quantile(1.0, 1, 1.0), "^probability must"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
