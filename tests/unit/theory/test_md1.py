import math
from fractions import Fraction

import numpy as np
import pytest

from simulator import theory


def alternating_series(load, services, digits=60):
    """P(W > t) of M/D/1 by Erlang's series in exact fractions, with e^x by its own exact series."""

    def power_of_e(exponent):
        total, term, k = Fraction(0), Fraction(1), 0
        while abs(term) > Fraction(1, 10**digits) or k < abs(exponent):
            total += term
            k += 1
            term = term * exponent / k
        return total

    load, services = Fraction(load), Fraction(services)
    total = Fraction(0)
    for k in range(math.floor(services) + 1):
        exponent = load * (services - k)
        total += (-exponent) ** k / math.factorial(k) * power_of_e(exponent)
    return float(1 - (1 - load) * total)


@pytest.mark.parametrize("load", [0.125, 0.5, 0.75, 0.90625])
@pytest.mark.parametrize("services", [0.0, 0.25, 1.0, 2.5, 7.75, 20.0, 33.5])
def test_survival_against_the_alternating_series_in_exact_arithmetic(load, services):
    expected = alternating_series(load, services)
    assert theory.md1_waiting_time_survival(load, 1.0, services) == pytest.approx(expected, abs=2e-12)
    # the unit of time does not matter
    assert theory.md1_waiting_time_survival(load * 8, 0.125, services / 8) == pytest.approx(expected, abs=2e-12)


@pytest.mark.parametrize("load", [0.3, 0.8, 0.95])
def test_the_mean_is_the_integral_of_the_survival(load):
    step, longest = 1 / 16, 120
    values = [theory.md1_waiting_time_survival(load, 1.0, k * step) for k in range(longest * 16)]
    integral = step * (math.fsum(values) - 0.5 * values[0])
    assert theory.md1_mean_waiting_time(load, 1.0) == pytest.approx(integral, rel=1e-3)
    assert theory.md1_mean_response_time(load, 1.0) == pytest.approx(integral + 1.0, rel=1e-3)


def test_the_mean_is_half_of_the_exponential_one():
    assert theory.md1_mean_waiting_time(80.0, 0.01) == pytest.approx(0.02)


@pytest.mark.parametrize("load", [0.2, 0.8, 0.99])
@pytest.mark.parametrize("probability", [0.5, 0.9, 0.99, 0.99999])
def test_the_quantile_inverts_the_survival(load, probability):
    time = theory.md1_waiting_time_quantile(load * 20.0, 0.05, probability)
    survival = theory.md1_waiting_time_survival(load * 20.0, 0.05, time)
    if time == 0.0:
        assert load <= 1.0 - probability
    else:
        assert survival == pytest.approx(1.0 - probability, rel=1e-6)


def test_nobody_waits_at_the_share_that_finds_the_server_free():
    assert theory.md1_waiting_time_survival(0.3, 1.0, 0.0) == pytest.approx(0.3)
    assert theory.md1_waiting_time_quantile(0.3, 1.0, 0.6) == 0.0
    assert theory.md1_waiting_time_quantile(0.3, 1.0, 0.75) > 0.0


def test_far_out_and_close_to_saturation_it_falls_like_its_asymptote():
    # P(W > t) tends to a constant times e^(-s t), with s > 0 solving 0.99 (e^s - 1) = s
    low, high = 1e-3, 1.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if 0.99 * math.expm1(middle) < middle else (low, middle)
    near = theory.md1_waiting_time_survival(0.99, 1.0, 300.0)
    far = theory.md1_waiting_time_survival(0.99, 1.0, 700.0)
    assert math.log(near / far) / 400.0 == pytest.approx(low, rel=1e-6)


def embedded_chain_waiting(load, servers, most):
    """Mean waiting time of M/D/c in service times, by the numbers present one service time apart."""
    poisson = np.zeros(most + 1)
    poisson[0] = math.exp(-load)
    for k in range(most):
        poisson[k + 1] = poisson[k] * load / (k + 1)
    chain = np.zeros((most + 1, most + 1))
    for number in range(most + 1):
        left = max(0, number - servers)
        chain[number, left:] = poisson[: most + 1 - left]
        chain[number, most] += 1.0 - chain[number].sum()
    equations = chain.T - np.eye(most + 1)
    equations[-1] = 1.0
    states = np.linalg.solve(equations, np.eye(most + 1)[-1])
    waiting = np.maximum(np.arange(most + 1) - servers, 0) @ states
    return waiting / load


@pytest.mark.parametrize(("servers", "utilisation"), [(2, 0.3), (2, 0.8), (2, 0.9), (5, 0.7), (10, 0.9), (40, 0.95)])
def test_many_servers_against_the_embedded_chain(servers, utilisation):
    expected = embedded_chain_waiting(servers * utilisation, servers, 400 + 2 * servers)
    waiting = theory.mdc_mean_waiting_time(servers * utilisation * 100.0, 0.01, servers)
    assert waiting * 100.0 == pytest.approx(expected, rel=1e-8)


def test_one_server_among_many():
    assert theory.mdc_mean_waiting_time(0.8, 1.0, 1) == pytest.approx(2.0)


def test_no_arrivals():
    assert theory.md1_mean_waiting_time(0.0, 1.0) == 0.0
    assert theory.md1_waiting_time_survival(0.0, 1.0, 0.0) == 0.0
    assert theory.md1_waiting_time_survival(0.0, 1.0, 5.5) == 0.0
    assert theory.md1_waiting_time_quantile(0.0, 1.0, 0.99) == 0.0
    assert theory.mdc_mean_waiting_time(0.0, 1.0, 4) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.md1_mean_waiting_time(1.0, 1.0), "unstable"),
        (lambda: theory.md1_waiting_time_survival(1.0, 1.0, 1.0), "unstable"),
        (lambda: theory.mdc_mean_waiting_time(3.0, 1.0, 3), "unstable"),
        (lambda: theory.md1_waiting_time_survival(0.5, 1.0, -1.0), "^time must"),
        (lambda: theory.md1_waiting_time_survival(0.5, 1.0, 100_001.0), "service times"),
        (lambda: theory.md1_waiting_time_quantile(0.5, 1.0, 1.0), "^probability must"),
        (lambda: theory.md1_waiting_time_quantile(0.5, 1.0, 1.0 - 1e-12), "^probability must"),
        (lambda: theory.mdc_mean_waiting_time(1.99, 1.0, 2), "series"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
