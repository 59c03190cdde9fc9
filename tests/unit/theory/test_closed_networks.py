import pytest

from simulator import theory
from simulator.theory import Station


def by_balance(balance, population, stations, think_time):
    """Throughput of cycles, and mean numbers, of a ring of thinkers and stations, from its whole chain.

    Each station is visited once a cycle, in order; the last state entry counts the thinkers.
    """
    times = [station.service_time for station in stations] + [think_time]
    limits = [station.servers or population for station in stations] + [population]

    def moves(state):
        for here, (time, limit) in enumerate(zip(times, limits, strict=True)):
            if state[here]:
                after = list(state)
                after[here] -= 1
                after[(here + 1) % len(state)] += 1
                yield tuple(after), min(state[here], limit) / time

    start = (0,) * len(stations) + (population,)
    states = balance(start, moves)
    numbers = [sum(state[i] * p for state, p in states.items()) for i in range(len(times))]
    return numbers[-1] / think_time, numbers[:-1]


STATIONS = [Station(0.5, 2), Station(0.3), Station(0.4, None), Station(1.2, 5)]


@pytest.mark.parametrize("population", [1, 2, 4, 9])
def test_many_servers_and_delays_against_the_whole_chain(balance, population):
    throughput, numbers = by_balance(balance, population, STATIONS, 1.5)
    network = theory.closed_network(population, STATIONS, 1.5)
    assert network.throughput == pytest.approx(throughput, rel=1e-9)
    assert network.numbers == pytest.approx(numbers, rel=1e-9)
    times = [number / throughput for number in numbers]
    assert network.response_times == pytest.approx(times, rel=1e-9)
    assert network.response_time == pytest.approx(sum(times), rel=1e-9)
    waits = [time - station.service_time for time, station in zip(times, STATIONS, strict=True)]
    assert network.waiting_times == pytest.approx(waits, abs=1e-9)
    busy = [throughput * 0.5 / 2, throughput * 0.3, 0.0, throughput * 1.2 / 5]
    assert network.utilisations == pytest.approx(busy, rel=1e-9)


def test_visits_multiply_the_demand():
    split = theory.closed_network(7, [Station(0.05, 2, visits=4.0), Station(0.3)], 2.0)
    whole = theory.closed_network(7, [Station(0.2, 2), Station(0.3)], 2.0)
    assert split.throughput == pytest.approx(whole.throughput)
    assert split.numbers == pytest.approx(whole.numbers)
    assert split.response_times[0] * 4.0 == pytest.approx(whole.response_times[0])


def test_the_worked_example_of_quantitative_system_performance():
    # E. D. Lazowska and others, 1984, chapter 6: three users, 15 s of thinking, a processor and two disks
    stations = [Station(0.605), Station(2.1), Station(1.35)]
    assert theory.closed_network(1, stations, 15.0).throughput == pytest.approx(0.0525, abs=5e-5)
    assert theory.closed_network(3, stations, 15.0).throughput == pytest.approx(0.152, abs=5e-4)


def mean_value_analysis(population, demands, think_time):
    """The textbook recursion for single servers."""
    numbers = [0.0] * len(demands)
    throughput = 0.0
    for users in range(1, population + 1):
        times = [demand * (1.0 + number) for demand, number in zip(demands, numbers, strict=True)]
        throughput = users / (think_time + sum(times))
        numbers = [throughput * time for time in times]
    return throughput, numbers


@pytest.mark.parametrize("population", [1, 10, 60, 400, 3_000])
def test_single_servers_against_the_recursion_of_the_means(population):
    demands = [0.010, 0.030, 0.012, 0.0299]
    throughput, numbers = mean_value_analysis(population, demands, 6.0)
    network = theory.closed_network(population, [Station(demand) for demand in demands], 6.0)
    assert network.throughput == pytest.approx(throughput, rel=1e-10)
    assert network.numbers == pytest.approx(numbers, rel=1e-7)


def test_the_machine_repair_model(balance):
    # population 12, three repairers: a birth and death chain
    def moves(broken):
        if broken < 12:
            yield broken + 1, (12 - broken) / 8.0
        if broken:
            yield broken - 1, min(broken, 3) / 2.0

    states = balance(0, moves)
    network = theory.closed_network(12, [Station(2.0, 3)], 8.0)
    assert network.numbers[0] == pytest.approx(sum(n * p for n, p in states.items()), rel=1e-10)
    assert network.utilisations[0] == pytest.approx(sum(min(n, 3) * p for n, p in states.items()) / 3, rel=1e-10)


@pytest.mark.parametrize("population", [10, 500, 5_000])
def test_little_holds_for_the_whole_cycle_with_large_populations(population):
    stations = [Station(0.01, 4), Station(0.02, 16, visits=2.0), Station(0.003), Station(0.05, None)]
    network = theory.closed_network(population, stations, 6.0)
    cycle = population / network.throughput - 6.0
    assert network.response_time == pytest.approx(cycle, rel=1e-7)
    assert sum(network.numbers) + 6.0 * network.throughput == pytest.approx(population, rel=1e-10)


def test_far_beyond_saturation_the_bottleneck_is_always_busy():
    # the recursion of the means loses its digits here; 64 servers and 2,000 users
    network = theory.closed_network(2_000, [Station(0.5, 64), Station(0.004)], 1.0)
    assert network.throughput == pytest.approx(128.0, rel=1e-12)
    assert network.utilisations[0] == pytest.approx(1.0, rel=1e-12)
    assert network.response_time == pytest.approx(2_000 / 128.0 - 1.0, rel=1e-9)


def test_nobody():
    network = theory.closed_network(0, STATIONS, 1.5)
    assert network.throughput == 0.0
    assert network.numbers == (0.0,) * 4
    assert network.response_times == (0.5, 0.3, 0.4, 1.2)
    assert network.response_time == pytest.approx(2.4)


def test_corner_networks():
    only_thinking = theory.closed_network(5, [], 2.0)
    assert only_thinking.throughput == pytest.approx(2.5)
    assert only_thinking.response_time == 0.0
    one_station = theory.closed_network(5, [Station(0.25, 2)])
    assert one_station.throughput == pytest.approx(8.0)
    assert one_station.numbers == pytest.approx((5.0,))
    unused = theory.closed_network(5, [Station(0.25), Station(9.0, visits=0.0)], 1.0)
    assert unused.throughput == pytest.approx(theory.closed_network(5, [Station(0.25)], 1.0).throughput)
    assert unused.numbers[1] == 0.0
    assert unused.response_times[1] == 9.0


SINGLE = [Station(0.010), Station(0.030), Station(0.012), Station(0.2, None)]


@pytest.mark.parametrize("population", [1, 5, 40, 200])
@pytest.mark.parametrize("think_time", [0.0, 1.0])
def test_the_bounds_hold_and_the_balanced_ones_are_tighter(population, think_time):
    exact = theory.closed_network(population, SINGLE, think_time)
    wide = theory.asymptotic_bounds(population, SINGLE, think_time)
    tight = theory.balanced_job_bounds(population, SINGLE, think_time)
    slack = 1.0 + 1e-9
    low, high = tight.throughput_low, tight.throughput_high
    assert wide.throughput_low <= low * slack
    assert low <= exact.throughput * slack
    assert exact.throughput <= high * slack
    assert high <= wide.throughput_high * slack
    fast, slow = tight.response_time_low, tight.response_time_high
    assert wide.response_time_low <= fast * slack
    assert fast <= exact.response_time * slack
    assert exact.response_time <= slow * slack
    assert slow <= wide.response_time_high * slack
    if population > 1:
        assert slow - fast < 0.9 * (wide.response_time_high - wide.response_time_low)


def test_the_asymptotic_bounds_in_figures():
    # demands 10, 30, 12 ms, delay 200 ms, thinking 1 s: 1.252 s without queues, 33.3 per second at most
    few = theory.asymptotic_bounds(10, SINGLE, 1.0)
    assert few.throughput_high == pytest.approx(10 / 1.252)
    assert few.throughput_low == pytest.approx(10 / (10 * 0.052 + 1.2))
    assert few.response_time_low == pytest.approx(0.252)
    assert few.response_time_high == pytest.approx(0.72)
    many = theory.asymptotic_bounds(100, SINGLE, 1.0)
    assert many.throughput_high == pytest.approx(1 / 0.030)
    assert many.response_time_low == pytest.approx(2.0)


def test_more_servers_move_the_asymptote():
    stations = [Station(0.010), Station(0.030, 4), Station(0.012)]
    bounds = theory.asymptotic_bounds(100, stations, 1.0)
    exact = theory.closed_network(100, stations, 1.0)
    assert bounds.throughput_high == pytest.approx(1 / 0.012)
    assert bounds.throughput_low < exact.throughput < bounds.throughput_high


def test_the_balanced_bounds_meet_on_a_balanced_network():
    stations = [Station(0.02)] * 3
    bounds = theory.balanced_job_bounds(8, stations)
    # N users on K equal stations: throughput N / (D (N + K - 1))
    assert bounds.throughput_low == pytest.approx(8 / (0.02 * 10))
    assert bounds.throughput_high == pytest.approx(8 / (0.02 * 10))
    assert theory.closed_network(8, stations).throughput == pytest.approx(8 / (0.02 * 10))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Station(-1.0), "^service_time must"),
        (lambda: Station(1.0, 0), "^servers must"),
        (lambda: Station(1.0, 1, -1.0), "^visits must"),
        (lambda: theory.closed_network(-1, STATIONS), "^population must"),
        (lambda: theory.closed_network(1, STATIONS, -1.0), "^think_time must"),
        (lambda: theory.closed_network(1, []), "demand"),
        (lambda: theory.closed_network(1, [Station(0.0)]), "demand"),
        (lambda: theory.asymptotic_bounds(0, STATIONS), "^population must"),
        (lambda: theory.asymptotic_bounds(1, [Station(1.0, None)]), "^demands must"),
        (lambda: theory.balanced_job_bounds(0, SINGLE), "^population must"),
        (lambda: theory.balanced_job_bounds(3, STATIONS), "one server"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
