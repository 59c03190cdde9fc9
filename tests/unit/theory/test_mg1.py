import math
import random

import pytest

from simulator import theory


def erlang_two_number(balance, arrival_rate, service_time, most=400):
    """Mean number of an M/E2/1 queue: each service is two exponential phases, so cv is the root of 1/2."""
    phase = 2.0 / service_time

    def moves(state):
        number, second = state
        if number < most:
            yield (number + 1, second), arrival_rate
        if number:
            yield ((number - 1, 0) if second else (number, 1)), phase

    return sum(number * p for (number, _), p in balance((0, 0), moves).items())


@pytest.mark.parametrize("arrival_rate", [2.0, 8.0, 9.0])
def test_pollaczek_khinchine_against_the_balance_equations_of_two_phases(balance, arrival_rate):
    number = erlang_two_number(balance, arrival_rate, 0.1)
    cv = math.sqrt(0.5)
    assert theory.mg1_mean_number(arrival_rate, 0.1, cv) == pytest.approx(number, rel=1e-9)
    assert theory.mg1_mean_response_time(arrival_rate, 0.1, cv) == pytest.approx(number / arrival_rate)
    assert theory.mg1_mean_waiting_time(arrival_rate, 0.1, cv) == pytest.approx(number / arrival_rate - 0.1)


def test_the_cases_everybody_knows():
    # utilisation 0.8: M/M/1 waits 4 service times, M/D/1 two, and cv = 3 five times M/M/1
    assert theory.mg1_mean_waiting_time(0.8, 1.0, 1.0) == pytest.approx(4.0)
    assert theory.mg1_mean_waiting_time(0.8, 1.0, 0.0) == pytest.approx(2.0)
    assert theory.mg1_mean_waiting_time(0.8, 1.0, 3.0) == pytest.approx(20.0)


def test_last_in_first_out_against_a_simulation():
    # 300,000 requests with two-phase service, served last in first out without preemption
    draw = random.Random(20)
    clock, free, waiting, total, count = 0.0, 0.0, [], 0.0, 300_000
    for _ in range(count):
        clock += draw.expovariate(0.7)
        while waiting and free <= clock:
            total += free - waiting.pop()
            free += draw.gammavariate(2.0, 0.5)
        if free <= clock:
            free = clock + draw.gammavariate(2.0, 0.5)
        else:
            waiting.append(clock)
    expected = theory.mg1_lifo_mean_waiting_time(0.7, 1.0, math.sqrt(0.5))
    assert total / count == pytest.approx(expected, rel=0.02)


def test_processor_sharing():
    assert theory.mg1_ps_mean_response_time(8.0, 0.1) == pytest.approx(0.5)
    assert theory.mg1_ps_conditional_response_time(8.0, 0.1, 0.02) == pytest.approx(0.1)
    assert theory.mg1_ps_conditional_response_time(8.0, 0.1, 0.0) == 0.0


def test_no_arrivals():
    assert theory.mg1_mean_waiting_time(0.0, 2.0, 5.0) == 0.0
    assert theory.mg1_mean_response_time(0.0, 2.0, 5.0) == 2.0
    assert theory.mg1_ps_mean_response_time(0.0, 2.0) == 2.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.mg1_mean_waiting_time(1.0, 1.0, 1.0), "unstable"),
        (lambda: theory.mg1_lifo_mean_waiting_time(2.0, 1.0, 1.0), "unstable"),
        (lambda: theory.mg1_ps_mean_response_time(1.0, 1.0), "unstable"),
        (lambda: theory.mg1_mean_waiting_time(0.5, 1.0, -0.1), "^cv must"),
        (lambda: theory.mg1_mean_waiting_time(0.5, 1.0, math.nan), "^cv must"),
        (lambda: theory.mg1_ps_conditional_response_time(0.5, 1.0, -1.0), "^own_service_time must"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
