import math

import pytest
from scipy import integrate, stats

from simulator import theory


def waits(offered, servers):
    """Erlang C by a Poisson number."""
    poisson = stats.poisson(offered)
    full = poisson.pmf(servers) * servers / (servers - offered)
    return full / (poisson.cdf(servers - 1) + full)


def smallest(offered, good):
    servers = math.floor(offered) + 1
    while not good(servers):
        servers += 1
    return servers


LOADS = [0.4, 3.0, 19.5, 240.0]


@pytest.mark.parametrize("offered", LOADS)
@pytest.mark.parametrize("longest", [1e-4, 0.05, 2.0])
def test_servers_for_a_mean_waiting_time(offered, longest):
    expected = smallest(offered, lambda c: waits(offered, c) * 0.1 / (c - offered) <= longest)
    assert theory.servers_for_mean_waiting_time(offered * 10.0, 0.1, longest) == expected


@pytest.mark.parametrize("offered", LOADS)
@pytest.mark.parametrize(("services", "probability"), [(0.0, 0.2), (0.1, 0.01), (3.0, 1e-6)])
def test_servers_for_a_share_that_waits(offered, services, probability):
    expected = smallest(offered, lambda c: waits(offered, c) * math.exp(-(c - offered) * services) <= probability)
    size = theory.servers_for_waiting_time(offered * 10.0, 0.1, services * 0.1, probability)
    assert size == expected


@pytest.mark.parametrize("offered", LOADS)
@pytest.mark.parametrize(("services", "probability"), [(4.7, 0.01), (6.0, 0.01), (1.0, 0.5)])
def test_servers_for_a_share_that_takes_too_long(offered, services, probability):
    def slow(servers):
        def part(own):
            return math.exp(-own - (servers - offered) * (services - own))

        late = integrate.quad(part, 0.0, services, epsabs=1e-12)[0]
        return math.exp(-services) + waits(offered, servers) * late

    expected = smallest(offered, lambda c: slow(c) <= probability)
    size = theory.servers_for_response_time(offered * 10.0, 0.1, services * 0.1, probability)
    assert size == expected


@pytest.mark.parametrize(("offered", "expected"), [(4.4, 10), (4.5, 11), (84.0, 100), (84.1, 101)])
def test_servers_for_blocking_by_the_printed_table(offered, expected):
    # ten lines carry 4.461 erlangs at one per cent, a hundred 84.06
    assert theory.servers_for_blocking(offered, 0.01) == expected


def test_a_large_site():
    # square-root staffing: half of the requests wait with c = a + 0.506 sqrt(a) (Halfin and Whitt, 1981)
    size = theory.servers_for_waiting_time(10_000.0, 1.0, 0.0, 0.5)
    assert size == pytest.approx(10_000 + 0.506 * 100, abs=1.5)


def test_no_arrivals_need_one_server():
    assert theory.servers_for_mean_waiting_time(0.0, 1.0, 0.1) == 1
    assert theory.servers_for_waiting_time(0.0, 1.0, 0.0, 0.01) == 1
    assert theory.servers_for_response_time(0.0, 1.0, 5.0, 0.01) == 1
    assert theory.servers_for_blocking(0.0, 0.01) == 1


def test_a_load_of_whole_servers_needs_one_more():
    assert theory.servers_for_mean_waiting_time(3.0, 1.0, 1e9) == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.servers_for_mean_waiting_time(1.0, 1.0, 0.0), "^longest must"),
        (lambda: theory.servers_for_mean_waiting_time(-1.0, 1.0, 1.0), "^arrival_rate must"),
        (lambda: theory.servers_for_mean_waiting_time(1.0, 0.0, 1.0), "^service_time must"),
        (lambda: theory.servers_for_waiting_time(1.0, 1.0, -1.0, 0.5), "^time must"),
        (lambda: theory.servers_for_waiting_time(1.0, 1.0, 1.0, 0.0), "^probability must"),
        (lambda: theory.servers_for_waiting_time(1.0, 1.0, 1.0, 1.0), "^probability must"),
        (lambda: theory.servers_for_response_time(1.0, 1.0, 0.0, 0.5), "^time must"),
        (lambda: theory.servers_for_response_time(1.0, 1.0, 4.6, 0.01), "no number of servers"),
        (lambda: theory.servers_for_blocking(-1.0, 0.5), "^offered_load must"),
        (lambda: theory.servers_for_blocking(1.0, 0.0), "^probability must"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
