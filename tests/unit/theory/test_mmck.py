import math

import pytest

from simulator import theory

SYSTEMS = [(1.0, 6.0, 3, 7), (8.0, 0.1, 1, 5), (10.0, 0.1, 1, 9), (50.0, 0.2, 4, 4), (30.0, 0.2, 8, 60)]


def states_by_balance(balance, arrival_rate, service_time, servers, places):
    def moves(number):
        if number < places:
            yield number + 1, arrival_rate
        if number:
            yield number - 1, min(number, servers) / service_time

    return balance(0, moves)


def test_the_inspection_station_of_gross_and_harris():
    # one car a minute, 6 minutes each, 3 lanes, room for 7 cars
    system = (1 / 60, 360.0, 3, 7)
    assert theory.mmck_state_probabilities(*system)[0] == pytest.approx(0.00088, abs=5e-6)
    assert theory.mmck_mean_number(*system) == pytest.approx(6.06, abs=0.005)
    assert theory.mmck_mean_response_time(*system) == pytest.approx(12.3 * 60, rel=0.005)
    assert 60 * theory.mmck_blocking_probability(*system) == pytest.approx(30.3, abs=0.05)


@pytest.mark.parametrize("system", SYSTEMS)
def test_everything_against_the_balance_equations(balance, system):
    arrival_rate, service_time, servers, places = system
    states = states_by_balance(balance, *system)
    served = sum(min(n, servers) * p for n, p in states.items()) / service_time
    assert theory.mmck_state_probabilities(*system) == pytest.approx([states[n] for n in range(places + 1)])
    assert theory.mmck_blocking_probability(*system) == pytest.approx(states[places])
    assert theory.mmck_throughput(*system) == pytest.approx(served)
    assert theory.mmck_throughput(*system) == pytest.approx(arrival_rate * (1 - states[places]))
    assert theory.mmck_utilisation(*system) == pytest.approx(
        sum(min(n, servers) * p for n, p in states.items()) / servers
    )
    assert theory.mmck_mean_number(*system) == pytest.approx(sum(n * p for n, p in states.items()))
    waiting = sum(max(0, n - servers) * p for n, p in states.items()) / served
    assert theory.mmck_mean_waiting_time(*system) == pytest.approx(waiting, abs=1e-12)
    assert theory.mmck_mean_response_time(*system) == pytest.approx(waiting + service_time)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_mean_waiting_time_is_the_integral_of_the_survival(system):
    _, service_time, servers, places = system
    step = service_time / servers / 50.0
    count = int(service_time * (places + 40) / servers / step)
    values = [theory.mmck_waiting_time_survival(*system, step * k) for k in range(count)]
    integral = step * (math.fsum(values) - 0.5 * values[0])
    assert theory.mmck_mean_waiting_time(*system) == pytest.approx(integral, rel=1e-4, abs=1e-12)


def test_without_places_to_wait_it_is_erlang_b():
    assert theory.mmck_blocking_probability(84.06, 1.0, 100, 100) == pytest.approx(0.01, rel=2e-3)
    assert theory.mmck_waiting_time_survival(84.06, 1.0, 100, 100, 0.0) == 0.0


def test_with_very_many_places_it_is_the_queue_without_limit():
    assert theory.mmck_mean_waiting_time(18.0, 0.1, 2, 3_000) == pytest.approx(
        theory.mmc_mean_waiting_time(18.0, 0.1, 2), rel=1e-9
    )
    assert theory.mmck_waiting_time_survival(18.0, 0.1, 2, 3_000, 0.7) == pytest.approx(
        theory.mmc_waiting_time_survival(18.0, 0.1, 2, 0.7), rel=1e-9
    )


def test_deep_overload_of_many_places_keeps_its_digits():
    # offered a hundred times the capacity: full but for a geometric number of free places, 1/99 in the mean
    assert theory.mmck_throughput(1_000.0, 1.0, 10, 5_000) == pytest.approx(10.0, rel=1e-12)
    assert theory.mmck_blocking_probability(1_000.0, 1.0, 10, 5_000) == pytest.approx(0.99, rel=1e-12)
    waiting = (5_000 - 1 / 99 - 10) / 10.0
    assert theory.mmck_mean_waiting_time(1_000.0, 1.0, 10, 5_000) == pytest.approx(waiting, rel=1e-12)


def test_no_arrivals():
    assert theory.mmck_state_probabilities(0.0, 1.0, 2, 4) == (1.0, 0.0, 0.0, 0.0, 0.0)
    assert theory.mmck_mean_waiting_time(0.0, 1.0, 2, 4) == 0.0
    assert theory.mmck_throughput(0.0, 1.0, 2, 4) == 0.0


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ((-1.0, 1.0, 1, 1), "arrival_rate"),
        ((1.0, 0.0, 1, 1), "service_time"),
        ((1.0, 1.0, 0, 1), "servers"),
        ((1.0, 1.0, 3, 2), "places"),
    ],
)
def test_bad_parameters_are_named(system, name):
    with pytest.raises(ValueError, match=f"^{name} must"):
        theory.mmck_mean_number(*system)
