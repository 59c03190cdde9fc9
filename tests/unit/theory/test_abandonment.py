import math

import pytest
from scipy.integrate import quad

from simulator import theory

SYSTEMS = [(1.0, 0.5, 1, 2.0), (120.0, 0.01, 1, 0.02), (50.0, 0.2, 4, 0.05), (30.0, 0.2, 8, 3.0), (100.0, 0.01, 3, 9.0)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_erlang_a_against_the_balance_equations(balance, system):
    arrival_rate, service_time, servers, patience = system
    most = 150

    def moves(number):
        if number < most:
            yield number + 1, arrival_rate
        if number:
            yield number - 1, min(number, servers) / service_time + max(0, number - servers) / patience

    states = balance(0, moves)
    queue = sum(max(0, n - servers) * p for n, p in states.items())
    found = theory.erlang_a_state_probabilities(*system)
    assert found[:20] == pytest.approx([states[n] for n in range(len(found))][:20])
    assert math.fsum(found) == pytest.approx(1.0)
    assert theory.erlang_a_abandonment(*system) == pytest.approx(queue / patience / arrival_rate)
    assert theory.erlang_a_mean_waiting_time(*system) == pytest.approx(queue / arrival_rate)
    # who does not leave is served
    served = 1.0 - theory.erlang_a_abandonment(*system)
    assert theory.erlang_a_utilisation(*system) == pytest.approx(arrival_rate * service_time * served / servers)


def test_without_end_of_patience_it_is_erlang_c():
    states = theory.erlang_a_state_probabilities(30.0, 0.1, 4, 1e9)
    assert 1.0 - sum(states[:4]) == pytest.approx(theory.erlang_c(3.0, 4), rel=1e-6)


def test_without_patience_it_is_erlang_b():
    assert theory.erlang_a_abandonment(30.0, 0.1, 4, 1e-9) == pytest.approx(theory.erlang_b(3.0, 4), rel=1e-6)
    assert theory.mm1_constant_patience_abandonment(30.0, 0.1, 1e-12) == pytest.approx(
        theory.erlang_b(3.0, 1), rel=1e-6
    )


def test_patience_as_long_as_service_is_an_endless_number_of_servers():
    """With equal rates each of n present leaves alike: Poisson with the mean of M/M/infinity."""
    states = theory.erlang_a_state_probabilities(30.0, 0.1, 2, 0.1)
    assert states[:8] == pytest.approx([math.exp(-3.0) * 3.0**n / math.factorial(n) for n in range(8)])


@pytest.mark.parametrize(("rate", "patience"), [(60.0, 0.03), (100.0, 0.03), (250.0, 0.01), (99.999999, 0.2)])
def test_constant_patience_against_the_integral_equation(rate, patience):
    """The density of the work ahead: f(x) = lambda P(0) e^(-mu x) + lambda times the integral of f e^(-mu (x - y)) over
    y up to x, or to the patience; here with f as it is claimed, at several x."""
    mu = 100.0
    left = theory.mm1_constant_patience_abandonment(rate, 1 / mu, patience)
    top = left * mu  # the density at the patience: beyond it f falls by mu
    empty = top / (rate * math.exp(-(mu - rate) * patience))

    def density(x):
        return rate * empty * math.exp(-(mu - rate) * min(x, patience) - mu * max(0.0, x - patience))

    for x in (0.2 * patience, patience, 1.7 * patience):
        below = quad(lambda y: density(y) * math.exp(-mu * (x - y)), 0.0, min(x, patience))[0]  # noqa: B023
        assert density(x) == pytest.approx(rate * empty * math.exp(-mu * x) + rate * below)
    whole = quad(density, 0.0, patience)[0] + quad(density, patience, math.inf)[0]
    assert empty + whole == pytest.approx(1.0)


def test_nobody_arrives():
    assert theory.erlang_a_abandonment(0.0, 0.1, 2, 1.0) == 0.0
    assert theory.erlang_a_utilisation(0.0, 0.1, 2, 1.0) == 0.0
    assert theory.mm1_constant_patience_abandonment(0.0, 0.1, 1.0) == 0.0


@pytest.mark.parametrize("bad", [(-1.0, 0.1, 1, 1.0), (1.0, 0.0, 1, 1.0), (1.0, 0.1, 0, 1.0), (1.0, 0.1, 1, 0.0)])
def test_parameters_out_of_range(bad):
    with pytest.raises(ValueError, match="must be"):
        theory.erlang_a_abandonment(*bad)
    if bad[2] == 1:
        with pytest.raises(ValueError, match="must be"):
            theory.mm1_constant_patience_abandonment(bad[0], bad[1], bad[3])
