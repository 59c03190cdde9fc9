import math

import pytest
from scipy import integrate

from simulator import theory

SYSTEMS = [(0.7, 1.0, 1), (12.0, 0.25, 4), (30.0, 0.1, 8), (300.0, 0.1, 40)]  # 12 * 0.25 = 4 - 1: equal rates


def numbers(balance, arrival_rate, service_time, servers, most=400):
    def moves(number):
        if number < most:
            yield number + 1, arrival_rate
        yield number - 1 if number else 0, min(number, servers) / service_time

    return balance(0, moves)


def test_the_eye_clinic_of_gross_and_harris():
    # 6 patients an hour, 20 minutes each, 3 doctors: 8/9 wait, 13/27 hours in all
    assert theory.mmc_mean_queue_length(6 / 3600, 1200.0, 3) == pytest.approx(8 / 9)
    assert theory.mmc_mean_response_time(6 / 3600, 1200.0, 3) == pytest.approx(13 / 27 * 3600)


@pytest.mark.parametrize(("arrival_rate", "service_time", "servers"), SYSTEMS)
def test_means_against_the_balance_equations(balance, arrival_rate, service_time, servers):
    states = numbers(balance, arrival_rate, service_time, servers)
    present = sum(n * p for n, p in states.items())
    waiting = sum(max(0, n - servers) * p for n, p in states.items())
    system = (arrival_rate, service_time, servers)
    assert theory.mmc_mean_number(*system) == pytest.approx(present, rel=1e-9)
    assert theory.mmc_mean_queue_length(*system) == pytest.approx(waiting, rel=1e-9)
    assert theory.mmc_mean_waiting_time(*system) == pytest.approx(waiting / arrival_rate, rel=1e-9)
    assert theory.mmc_mean_response_time(*system) == pytest.approx(present / arrival_rate, rel=1e-9)


def test_one_server_against_the_balance_equations(balance):
    states = numbers(balance, 7.0, 0.1, 1)
    present = sum(n * p for n, p in states.items())
    assert theory.mm1_mean_number(7.0, 0.1) == pytest.approx(present, rel=1e-9)
    assert theory.mm1_mean_response_time(7.0, 0.1) == pytest.approx(present / 7.0, rel=1e-9)
    assert theory.mm1_mean_waiting_time(7.0, 0.1) == pytest.approx(present / 7.0 - 0.1, rel=1e-9)
    for number in (0, 1, 5):
        assert theory.mm1_number_probability(7.0, 0.1, number) == pytest.approx(states[number], rel=1e-9)


@pytest.mark.parametrize(("arrival_rate", "service_time", "servers"), SYSTEMS)
def test_waiting_time_survival_against_departures_counted_by_state(balance, arrival_rate, service_time, servers):
    # a request that finds n >= c waits for n - c + 1 departures, a Poisson stream of rate c / service_time
    states = numbers(balance, arrival_rate, service_time, servers)
    for time in (0.0, 0.3 * service_time, 2.0 * service_time):
        departures = servers * time / service_time
        expected, term, few = 0.0, math.exp(-departures), 0.0
        for ahead in range(300):
            few += term
            expected += states[servers + ahead] * few
            term *= departures / (ahead + 1)
        survival = theory.mmc_waiting_time_survival(arrival_rate, service_time, servers, time)
        assert survival == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("arrival_rate", "service_time", "servers"), SYSTEMS)
@pytest.mark.parametrize("services", [0.0, 0.1, 1.0, 7.0])
def test_response_time_survival_is_waiting_plus_an_exponential_service(arrival_rate, service_time, servers, services):
    time = services * service_time

    def part(own):
        waits = theory.mmc_waiting_time_survival(arrival_rate, service_time, servers, time - own)
        return math.exp(-own / service_time) / service_time * waits

    expected = math.exp(-services) + integrate.quad(part, 0.0, time, epsabs=1e-13)[0]
    survival = theory.mmc_response_time_survival(arrival_rate, service_time, servers, time)
    assert survival == pytest.approx(expected, rel=1e-9)


def test_response_time_survival_is_smooth_where_the_two_rates_meet():
    near, at, far = (theory.mmc_response_time_survival(rate, 1.0, 4, 2.0) for rate in (3.0 - 1e-9, 3.0, 3.0 + 1e-9))
    assert near < at < far
    assert far - near < 1e-8


def test_response_time_survival_at_a_very_long_time_is_zero_and_not_an_overflow():
    assert theory.mmc_response_time_survival(0.99, 1.0, 1, 1e6) == 0.0
    assert theory.mmc_response_time_survival(0.99, 1.0, 2, 1e6) == 0.0


@pytest.mark.parametrize("time", [0.0, 0.2, 3.0])
def test_one_server_is_the_case_c_equal_one(time):
    one = theory.mm1_response_time_survival(8.0, 0.1, time)
    assert theory.mmc_response_time_survival(8.0, 0.1, 1, time) == pytest.approx(one, rel=1e-12)
    assert theory.mmc_mean_waiting_time(8.0, 0.1, 1) == pytest.approx(theory.mm1_mean_waiting_time(8.0, 0.1))


@pytest.mark.parametrize(("arrival_rate", "service_time", "servers"), SYSTEMS)
@pytest.mark.parametrize("probability", [0.5, 0.95, 0.999])
def test_quantiles_invert_the_survival(arrival_rate, service_time, servers, probability):
    system = (arrival_rate, service_time, servers)
    response = theory.mmc_response_time_quantile(*system, probability)
    assert theory.mmc_response_time_survival(*system, response) == pytest.approx(1 - probability, rel=1e-9)
    waiting = theory.mmc_waiting_time_quantile(*system, probability)
    if waiting > 0.0:
        survival = theory.mmc_waiting_time_survival(*system, waiting)
        assert survival == pytest.approx(1 - probability, rel=1e-9)
    else:
        assert theory.mmc_waiting_time_survival(*system, 0.0) <= 1 - probability


def test_the_median_and_the_p99_of_one_server():
    # mean response 0.5 s, exponential
    assert theory.mm1_response_time_quantile(8.0, 0.1, 0.5) == pytest.approx(0.5 * math.log(2.0))
    assert theory.mm1_response_time_quantile(8.0, 0.1, 0.99) == pytest.approx(2.302585, rel=1e-6)
    assert theory.mmc_response_time_quantile(8.0, 0.1, 1, 0.99) == pytest.approx(2.302585, rel=1e-6)


def test_the_means_are_the_integrals_of_the_survivals():
    waiting = integrate.quad(lambda t: theory.mmc_waiting_time_survival(18.0, 0.1, 2, t), 0.0, 30.0)[0]
    response = integrate.quad(lambda t: theory.mmc_response_time_survival(18.0, 0.1, 2, t), 0.0, 30.0)[0]
    assert theory.mmc_mean_waiting_time(18.0, 0.1, 2) == pytest.approx(waiting, rel=1e-6)
    assert theory.mmc_mean_response_time(18.0, 0.1, 2) == pytest.approx(response, rel=1e-6)


def test_ten_thousand_servers():
    # square-root staffing (S. Halfin, W. Whitt, "Heavy-traffic limits for queues with many exponential
    # servers", 1981): with c = a + sqrt(a), P(wait) tends to 1 / (1 + sqrt(2 pi) Phi(1) exp(1/2)) = 0.2234
    assert theory.mmc_waiting_time_survival(9_900.5, 1.0, 10_000, 0.0) == pytest.approx(0.2234, abs=0.002)


def test_no_arrivals():
    assert theory.mm1_mean_waiting_time(0.0, 2.0) == 0.0
    assert theory.mm1_mean_response_time(0.0, 2.0) == 2.0
    assert theory.mmc_mean_waiting_time(0.0, 2.0, 3) == 0.0
    assert theory.mmc_mean_response_time(0.0, 2.0, 3) == 2.0
    assert theory.mmc_waiting_time_quantile(0.0, 2.0, 3, 0.999) == 0.0
    assert theory.mmc_response_time_survival(0.0, 2.0, 1, 2.0) == pytest.approx(math.exp(-1.0))
    assert theory.mmc_response_time_quantile(0.0, 2.0, 3, 0.0) == 0.0


@pytest.mark.parametrize("load", [1.0, 1.5])
def test_an_unstable_queue_is_refused(load):
    for law in (theory.mm1_mean_waiting_time, theory.mm1_mean_response_time, theory.mm1_mean_number):
        with pytest.raises(ValueError, match="unstable"):
            law(load, 1.0)
    for law in (theory.mmc_mean_waiting_time, theory.mmc_mean_number, theory.mmc_mean_queue_length):
        with pytest.raises(ValueError, match="unstable"):
            law(3 * load, 1.0, 3)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: theory.mm1_mean_number(-1.0, 1.0), "arrival_rate"),
        (lambda: theory.mm1_mean_number(math.nan, 1.0), "arrival_rate"),
        (lambda: theory.mm1_mean_number(1.0, 0.0), "service_time"),
        (lambda: theory.mm1_number_probability(0.5, 1.0, -1), "number"),
        (lambda: theory.mm1_response_time_survival(0.5, 1.0, -1.0), "time"),
        (lambda: theory.mm1_response_time_quantile(0.5, 1.0, 1.0), "probability"),
        (lambda: theory.mmc_mean_waiting_time(0.5, 1.0, 0), "servers"),
        (lambda: theory.mmc_waiting_time_survival(0.5, 1.0, 1, math.nan), "time"),
        (lambda: theory.mmc_waiting_time_quantile(0.5, 1.0, 1, -0.1), "probability"),
        (lambda: theory.mmc_response_time_quantile(0.5, 1.0, 1, 1.0), "probability"),
    ],
)
def test_bad_parameters_are_named(call, name):
    with pytest.raises(ValueError, match=f"^{name} must"):
        call()
