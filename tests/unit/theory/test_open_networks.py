import numpy as np
import pytest

from simulator import theory

ROUTING = [[0.0, 0.7, 0.1], [0.3, 0.0, 0.4], [0.0, 0.25, 0.0]]


def test_traffic_rates_against_a_linear_solver():
    external = [5.0, 1.0, 2.0]
    expected = np.linalg.solve(np.eye(3) - np.array(ROUTING).T, external)
    assert theory.traffic_rates(external, ROUTING) == pytest.approx(expected, rel=1e-12)


def test_traffic_rates_that_need_a_change_of_rows():
    # station 0 passes all to 1 and back: what enters is what leaves
    rates = theory.traffic_rates([0.0, 3.0], [[0.0, 1.0], [0.6, 0.0]])
    assert rates == pytest.approx([4.5, 7.5])


def test_a_loop_that_nobody_reaches_does_no_harm():
    routing = [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    assert theory.traffic_rates([2.0, 0.0, 0.0], routing) == (2.0, 0.0, 0.0)


def test_a_loop_without_exit_is_refused():
    routing = [[0.0, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    with pytest.raises(ValueError, match="reach station 1 never leave"):
        theory.traffic_rates([2.0, 0.0, 0.0], routing)


def test_a_jackson_network_against_its_balance_equations(balance):
    # two stations with feedback, the second with two servers: the whole chain, no product form assumed
    external, routing = (1.0, 0.5), ((0.0, 0.8), (0.3, 0.1))
    service_times, servers, most = (0.3, 0.6), (1, 2), 55

    def moves(state):
        for here in (0, 1):
            more = list(state)
            more[here] += 1
            if more[here] <= most:
                yield tuple(more), external[here]
            if not state[here]:
                continue
            rate = min(state[here], servers[here]) / service_times[here]
            fewer = list(state)
            fewer[here] -= 1
            yield tuple(fewer), rate * (1.0 - sum(routing[here]))
            for there in (0, 1):
                moved = list(fewer)
                moved[there] += 1
                if moved[there] <= most:
                    yield tuple(moved), rate * routing[here][there]

    states = balance((0, 0), moves)
    numbers = [sum(state[i] * p for state, p in states.items()) for i in (0, 1)]
    busy = [sum(min(state[i], servers[i]) * p for state, p in states.items()) / servers[i] for i in (0, 1)]
    network = theory.jackson_network(external, routing, service_times, servers)
    assert network.numbers == pytest.approx(numbers, rel=1e-6)
    assert network.utilisations == pytest.approx(busy, rel=1e-6)
    assert network.response_time == pytest.approx(sum(numbers) / 1.5, rel=1e-6)
    per_visit = [n / r for n, r in zip(numbers, network.arrival_rates, strict=True)]
    assert network.response_times == pytest.approx(per_visit, rel=1e-6)
    assert network.waiting_times == pytest.approx(np.subtract(per_visit, service_times), rel=1e-6)


def test_visits_say_the_same_as_routing():
    by_routing = theory.jackson_network([5.0, 1.0, 2.0], ROUTING, [0.02, 0.05, 0.01], [1, 2, None])
    by_visits = theory.visits_network(8.0, by_routing.visits, [0.02, 0.05, 0.01], [1, 2, None])
    assert by_visits.numbers == pytest.approx(by_routing.numbers)
    assert by_visits.response_time == pytest.approx(by_routing.response_time)


def test_a_tandem_is_a_sum_of_single_queues():
    network = theory.tandem_network(8.0, [0.1, 0.05, 0.2], [1, 1, None])
    # 0.1 / (1 - 0.8), 0.05 / (1 - 0.4) and a pure delay
    assert network.response_times == pytest.approx([0.5, 0.05 / 0.6, 0.2])
    assert network.response_time == pytest.approx(0.5 + 0.05 / 0.6 + 0.2)
    assert network.waiting_times == pytest.approx([0.4, 0.05 / 0.6 - 0.05, 0.0])
    assert network.utilisations == pytest.approx([0.8, 0.4, 0.0])
    assert network.numbers == pytest.approx([4.0, 2 / 3, 1.6])


def test_no_arrivals():
    network = theory.jackson_network([0.0, 0.0, 0.0], ROUTING, [0.1, 0.2, 0.3])
    assert network.arrival_rates == (0.0, 0.0, 0.0)
    assert network.response_time == 0.0
    assert network.response_times == (0.1, 0.2, 0.3)
    assert theory.tandem_network(0.0, [0.1]).numbers == (0.0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.tandem_network(8.0, [0.1, 0.125]), "^station 1: unstable"),
        (lambda: theory.tandem_network(-8.0, [0.1]), "^arrival_rate must"),
        (lambda: theory.tandem_network(8.0, [0.1, 0.0]), "^service_times must"),
        (lambda: theory.tandem_network(8.0, [0.1], [0]), "^servers must"),
        (lambda: theory.tandem_network(8.0, [0.1], [1, 1]), "^servers must have 1"),
        (lambda: theory.visits_network(8.0, [1.0, -1.0], [0.1, 0.1]), "^visits must"),
        (lambda: theory.visits_network(8.0, [1.0], [0.1, 0.1]), "^service_times must have 1"),
        (lambda: theory.traffic_rates([-1.0], [[0.0]]), "^external_rates must"),
        (lambda: theory.traffic_rates([1.0], [[-0.5]]), "^routing must"),
        (lambda: theory.traffic_rates([1.0, 1.0], [[0.6, 0.6], [0.0, 0.0]]), "at most 1"),
        (lambda: theory.traffic_rates([1.0, 1.0], [[0.0, 0.0]]), "^routing must have 2"),
        (lambda: theory.traffic_rates([1.0, 1.0], [[0.0], [0.0, 0.0]]), "^each row of routing must have 2"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
