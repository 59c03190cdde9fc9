import math

import pytest
from scipy import stats

from simulator import theory


def two_kinds_shared(balance, arrival_rate, servers, kinds, most):
    """Mean number of each kind when all share the servers; `kinds` are (share of arrivals, mean service time)."""

    def moves(state):
        present = sum(state)
        speed = min(1.0, servers / present) if present else 0.0
        for kind, (share, service_time) in enumerate(kinds):
            more, fewer = list(state), list(state)
            more[kind] += 1
            fewer[kind] -= 1
            if present < most:
                yield tuple(more), arrival_rate * share
            if state[kind]:
                yield tuple(fewer), state[kind] * speed / service_time

    states = balance((0,) * len(kinds), moves)
    return [sum(state[kind] * p for state, p in states.items()) for kind in range(len(kinds))]


@pytest.mark.parametrize(("servers", "arrival_rate"), [(1, 0.6), (3, 2.1)])
def test_sharing_is_insensitive_and_fair(balance, servers, arrival_rate):
    # hyperexponential with mean 1: one request in ten takes 5.5 s, the others 0.5 s
    kinds = [(0.9, 0.5), (0.1, 5.5)]
    numbers = two_kinds_shared(balance, arrival_rate, servers, kinds, 70)
    response = sum(numbers) / arrival_rate
    assert theory.mgc_ps_mean_response_time(arrival_rate, 1.0, servers) == pytest.approx(response, rel=1e-7)
    for (share, own), number in zip(kinds, numbers, strict=True):
        expected = number / (arrival_rate * share)
        conditional = theory.mgc_ps_conditional_response_time(arrival_rate, 1.0, servers, own)
        assert conditional == pytest.approx(expected, rel=1e-7)
        if servers == 1:
            alone = theory.mg1_ps_conditional_response_time(arrival_rate, 1.0, own)
            assert alone == pytest.approx(expected, rel=1e-7)
            assert theory.mg1_ps_mean_response_time(arrival_rate, 1.0) == pytest.approx(response, rel=1e-7)


def test_unlimited_servers_hold_a_poisson_number(balance):
    kinds = [(0.9, 0.5), (0.1, 5.5)]
    numbers = two_kinds_shared(balance, 3.0, 1_000, kinds, 40)
    assert theory.mginf_mean_number(3.0, 1.0) == pytest.approx(sum(numbers), rel=1e-9)
    for number in (0, 1, 3, 9):
        expected = stats.poisson(3.0).pmf(number)
        assert theory.mginf_number_probability(3.0, 1.0, number) == pytest.approx(expected, rel=1e-12)
    assert theory.mginf_number_probability(5_000.0, 2.0, 10_000) == pytest.approx(
        stats.poisson(10_000).pmf(10_000), rel=1e-8
    )


def two_phase_waiting(balance, arrival_rate, service_time, servers, most=250):
    """Mean waiting time of M/E2/c: cv^2 is 1/2."""
    phase = 2.0 / service_time

    def moves(state):
        number, second = state  # requests present, servers in their second phase
        first = min(number, servers) - second
        if number < most:
            yield (number + 1, second), arrival_rate
        yield (number, second + 1), first * phase
        if second:
            yield (number - 1, second - 1), second * phase

    states = balance((0, 0), moves)
    return sum(max(0, number - servers) * p for (number, _), p in states.items()) / arrival_rate


@pytest.mark.parametrize(("servers", "utilisation"), [(2, 0.5), (2, 0.9), (4, 0.7), (8, 0.9)])
def test_the_approximations_against_two_phase_services(balance, servers, utilisation):
    system = (servers * utilisation, 1.0, servers)
    expected = two_phase_waiting(balance, *system)
    cv = math.sqrt(0.5)
    assert theory.mgc_mean_waiting_time_kimura(*system, cv) == pytest.approx(expected, rel=0.01)
    assert theory.mgc_mean_waiting_time_allen_cunneen(*system, cv) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize(("servers", "utilisation"), [(2, 0.5), (2, 0.9), (5, 0.5), (5, 0.9), (25, 0.9)])
def test_the_approximations_against_constant_services(servers, utilisation):
    system = (servers * utilisation, 1.0, servers)
    expected = theory.mdc_mean_waiting_time(*system)
    assert theory.mgc_mean_waiting_time_kimura(*system, 0.0) == pytest.approx(expected, rel=0.01)
    assert theory.mgc_mean_waiting_time_allen_cunneen(*system, 0.0) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(
    "approximation", [theory.mgc_mean_waiting_time_allen_cunneen, theory.mgc_mean_waiting_time_kimura]
)
def test_where_the_approximations_are_exact(approximation):
    for cv in (0.0, 0.5, 3.0):
        exact = theory.mg1_mean_waiting_time(0.8, 1.0, cv)
        assert approximation(0.8, 1.0, 1, cv) == pytest.approx(exact, rel=1e-12)
    assert approximation(32.0, 0.1, 4, 1.0) == pytest.approx(theory.mmc_mean_waiting_time(32.0, 0.1, 4), rel=1e-12)
    assert approximation(0.0, 1.0, 3, 0.5) == 0.0
    assert approximation(1e-9, 1.0, 3, 0.5) < 1e-9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.mgc_ps_mean_response_time(2.0, 1.0, 2), "unstable"),
        (lambda: theory.mgc_ps_conditional_response_time(1.0, 1.0, 2, -1.0), "^own_service_time must"),
        (lambda: theory.mgc_mean_waiting_time_allen_cunneen(2.0, 1.0, 2, 1.0), "unstable"),
        (lambda: theory.mgc_mean_waiting_time_allen_cunneen(1.0, 1.0, 2, -1.0), "^cv must"),
        (lambda: theory.mgc_mean_waiting_time_kimura(2.0, 1.0, 2, 1.0), "unstable"),
        (lambda: theory.mgc_mean_waiting_time_kimura(1.0, 1.0, 2, -1.0), "^cv must"),
        (lambda: theory.mginf_mean_number(-1.0, 1.0), "^arrival_rate must"),
        (lambda: theory.mginf_number_probability(1.0, 1.0, -1), "^number must"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
