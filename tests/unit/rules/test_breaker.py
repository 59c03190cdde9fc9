"""Rules 12.10 and 12.11: the states of a circuit breaker, as resilience4j documents them."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.plan.layout import Outcome, Window
from simulator.rules.breaker import (
    CALLS,
    CLOSED,
    FAILED,
    HALF_OPEN,
    OPEN,
    SLOW,
    STATE,
    lets_pass,
    make_breaker,
    open_time,
    release,
    shut_for_good,
    tell,
)

GOOD, BAD = Outcome.OK, Outcome.ERROR


class Breaker:
    """A breaker with a short memory: opens at 50 % of 4 results, for 10 s, then tries 2 calls."""

    def __init__(self, **keys):
        given = {
            "window": Window.COUNT_BASED, "size": 4, "minimum": 4, "failure_rate": 50.0, "slow_rate": 100.0,
            "slow_duration_s": 1.0, "wait_s": 10.0, "permitted": 2, "max_wait_s": 0.0,
        }  # fmt: skip
        self.board = make_breaker(**(given | keys))
        self.times = self.board.view(np.float64)

    @property
    def state(self):
        return int(self.board[STATE])

    def ask(self, now):
        return lets_pass(self.board, self.times, 0, now)

    def tell(self, now, outcome, took=0.0):
        tell(self.board, self.times, 0, now, outcome, now - took)
        return self.state

    def results(self):
        return tuple(self.board[[CALLS, FAILED, SLOW]].tolist())


@pytest.mark.parametrize(
    ("outcomes", "states"),
    [
        # fewer results than the minimum decide nothing, though all failed
        ([BAD, BAD, BAD], [CLOSED, CLOSED, CLOSED]),
        ([BAD, BAD, BAD, BAD], [CLOSED, CLOSED, CLOSED, OPEN]),
        # "equal or greater than the threshold"
        ([GOOD, BAD, GOOD, BAD], [CLOSED, CLOSED, CLOSED, OPEN]),
        ([GOOD, GOOD, GOOD, BAD], [CLOSED] * 4),
        # the fifth result takes the place of the first
        ([GOOD, GOOD, GOOD, BAD, BAD], [CLOSED] * 4 + [OPEN]),
        ([BAD, GOOD, GOOD, GOOD, BAD], [CLOSED] * 5),
        ([BAD, GOOD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD, BAD, BAD], [CLOSED] * 9 + [OPEN]),
    ],
)
def test_12_10_a_window_of_results(outcomes, states):
    breaker = Breaker()
    assert [breaker.tell(float(n), outcome) for n, outcome in enumerate(outcomes)] == states


def test_12_10_the_minimum_is_no_more_than_the_window_holds():
    """resilience4j, `CircuitBreakerMetrics`: min(minimumNumberOfCalls, slidingWindowSize)."""
    breaker = Breaker(minimum=100)
    assert [breaker.tell(0.0, BAD) for _ in range(4)] == [CLOSED, CLOSED, CLOSED, OPEN]


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (Outcome.OK, (1, 0, 0)), (Outcome.DEGRADED, (1, 0, 0)), (Outcome.ERROR, (1, 1, 0)),
        (Outcome.TIMEOUT, (1, 1, 0)), (Outcome.REJECTED, (1, 1, 0)), (Outcome.UNREACHABLE, (1, 1, 0)),
        (Outcome.CIRCUIT_OPEN, (0, 0, 0)),
    ],
)  # fmt: skip
def test_12_11_what_is_a_failure(outcome, counts):
    breaker = Breaker()
    breaker.tell(0.0, outcome)
    assert breaker.results() == counts


@pytest.mark.parametrize(
    ("took", "states"),
    [
        ([1.0, 1.0, 1.0, 1.0], [CLOSED] * 4),
        ([1.1, 1.1, 1.1, 1.1], [CLOSED] * 3 + [OPEN]),
        ([2.0, 2, 2, 1], [CLOSED] * 4),
    ],
)
def test_12_11_slow_calls(took, states):
    """Slow is longer than the threshold, not as long; at a rate of 100 % all have to be."""
    breaker = Breaker()
    assert [breaker.tell(0.0, GOOD, one) for one in took] == states


def test_12_11_a_slow_failure_is_both():
    breaker = Breaker()
    breaker.tell(0.0, BAD, 5.0)
    assert breaker.results() == (1, 1, 1)


def opened(**keys):
    breaker = Breaker(**keys)
    for _ in range(4):
        breaker.tell(100.0, BAD)
    return breaker


def test_12_10_open_refuses_until_its_wait_has_passed():
    breaker = opened()
    assert [breaker.ask(now) for now in (100.0, 105.0, 109.999)] == [False, False, False]
    assert breaker.state == OPEN
    assert breaker.ask(110.0)
    assert breaker.state == HALF_OPEN


def test_12_10_nothing_happens_by_itself():
    """`automaticTransitionFromOpenToHalfOpenEnabled` is false: a call has to come."""
    breaker = opened()
    breaker.tell(200.0, BAD)
    assert breaker.state == OPEN


@pytest.mark.parametrize(
    ("outcomes", "states"),
    [
        ([GOOD, GOOD], [HALF_OPEN, CLOSED]),
        ([BAD, BAD], [HALF_OPEN, OPEN]),
        ([GOOD, BAD], [HALF_OPEN, OPEN]),  # half of them: at the threshold
    ],
)
def test_12_10_half_open_decides_by_its_own_results(outcomes, states):
    breaker = opened()
    assert [breaker.ask(now) for now in (110.0, 110.0, 110.0)] == [True, True, False]
    assert [breaker.tell(111.0, outcome) for outcome in outcomes] == states
    assert breaker.ask(111.0) is (states[-1] == CLOSED)


def test_12_10_half_open_needs_no_more_results_than_the_minimum():
    """resilience4j, `CircuitBreakerMetrics.forHalfOpen`: min(minimumNumberOfCalls, permitted)."""
    breaker = Breaker(minimum=1, permitted=5)
    breaker.tell(0.0, BAD)
    assert breaker.state == OPEN
    assert breaker.ask(10.0)
    assert breaker.tell(10.0, GOOD) == CLOSED


def test_12_10_after_it_has_opened_again_it_waits_again():
    breaker = opened()
    breaker.ask(110.0)
    breaker.ask(110.0)
    breaker.tell(112.0, BAD)
    breaker.tell(113.0, BAD)
    assert [breaker.ask(now) for now in (122.9, 123.0)] == [False, True]


def test_12_10_when_it_closes_its_window_is_empty():
    breaker = opened()
    breaker.ask(110.0)
    breaker.ask(110.0)
    breaker.tell(111.0, GOOD)
    breaker.tell(111.0, GOOD)
    assert breaker.results() == (0, 0, 0)
    assert [breaker.tell(112.0, BAD) for _ in range(4)] == [CLOSED] * 3 + [OPEN]


def test_12_11_a_result_goes_to_the_state_that_there_is():
    breaker = opened()
    breaker.tell(101.0, GOOD)  # of a call that began before it opened
    assert breaker.results() == (0, 0, 0)
    assert breaker.ask(110.0)
    breaker.tell(110.5, GOOD)  # of another one
    assert breaker.results() == (1, 0, 0)
    assert breaker.tell(111.0, GOOD) == CLOSED


def test_12_10_half_open_may_last_for_ever():
    breaker = opened()
    assert [breaker.ask(now) for now in (110.0, 110.0, 1e9)] == [True, True, False]
    assert breaker.state == HALF_OPEN


def test_12_10_or_not_longer_than_its_maximum():
    """It opens at 110 + 5, whoever looks later, and then waits 10 s."""
    breaker = opened(max_wait_s=5.0)
    assert [breaker.ask(now) for now in (110.0, 110.0, 114.9)] == [True, True, False]
    assert not breaker.ask(115.0)
    assert breaker.state == OPEN
    assert [breaker.ask(now) for now in (124.9, 125.0)] == [False, True]
    late = opened(max_wait_s=5.0)
    late.ask(110.0)
    assert late.ask(200.0)
    assert late.state == HALF_OPEN


TIMED = {"window": Window.TIME_BASED, "size": 3, "minimum": 4}


@pytest.mark.parametrize(
    ("times", "states"),
    [
        # three seconds: those of 0.x, 1.x and 2.x are together; at 3.0 the first is forgotten
        ([0.1, 0.9, 1.0, 2.9], [CLOSED] * 3 + [OPEN]),
        ([0.1, 0.9, 1.0, 3.0], [CLOSED] * 4),
        ([0.1, 1.2, 2.0, 3.0, 3.5], [CLOSED] * 4 + [OPEN]),
        ([0.1, 0.2, 0.3, 3.5, 4.0, 5.0, 5.9], [CLOSED] * 6 + [OPEN]),
        ([0.1, 0.2, 0.3, 1000.0, 1001.0, 1002.0, 1002.5], [CLOSED] * 6 + [OPEN]),
    ],
)
def test_12_10_a_window_of_seconds(times, states):
    breaker = Breaker(**TIMED)
    assert [breaker.tell(now, BAD) for now in times] == states


def test_12_10_a_window_of_seconds_counts_what_is_in_it():
    breaker = Breaker(**TIMED, failure_rate=100.0)
    found = []
    for now, outcome, took in [
        (0.0, BAD, 0),
        (0.5, GOOD, 2),
        (1.5, GOOD, 0),
        (3.1, BAD, 2),
        (4.0, GOOD, 0),
        (9.0, GOOD, 0),
    ]:
        breaker.tell(now, outcome, float(took))
        found.append(breaker.results())
    assert found == [(1, 1, 0), (2, 1, 1), (3, 1, 1), (2, 1, 1), (2, 1, 1), (1, 0, 0)]


def test_12_10_a_window_of_seconds_begins_anew_when_it_closes():
    breaker = Breaker(**TIMED, permitted=1)
    for _ in range(4):
        breaker.tell(2.5, BAD)
    assert breaker.ask(12.9)
    assert breaker.tell(13.5, GOOD) == CLOSED
    assert [breaker.tell(now, BAD) for now in (13.6, 14.0, 15.0, 15.1)] == [CLOSED] * 3 + [OPEN]


# -- how long it has been open, and tries without a result


def fresh(**changes):
    given = {"window": 0, "size": 1, "minimum": 1, "failure_rate": 50.0, "slow_rate": 100.0, "slow_duration_s": 60.0,
             "wait_s": 10.0, "permitted": 2, "max_wait_s": 0.0}  # fmt: skip
    board = make_breaker(**(given | changes))
    return board, board.view(np.float64), 0


def test_open_time_adds_up_what_was_open():
    """OPEN from 3 until a try comes at 20, and from 21 on, when that has failed."""
    breaker = fresh()
    assert open_time(*breaker, 3.0) == 0.0
    tell(*breaker, 3.0, int(Outcome.ERROR), 0.0)
    assert [open_time(*breaker, now) for now in (3.0, 8.0, 19.0)] == [0.0, 5.0, 16.0]
    assert lets_pass(*breaker, 20.0)
    assert open_time(*breaker, 20.5) == 17.0
    tell(*breaker, 21.0, int(Outcome.ERROR), 0.0)
    assert open_time(*breaker, 22.0) == 18.0


def test_11_12_who_waits_for_all_that_it_permitted_lets_nobody_pass():
    """HALF_OPEN from 20, without a permit from 21 until one is given back at 25, and from 26 until a result at 30."""
    breaker = fresh(minimum=2)
    tell(*breaker, 3.0, int(Outcome.ERROR), 0.0)
    assert [lets_pass(*breaker, now) for now in (20.0, 21.0, 22.0)] == [True, True, False]
    assert [open_time(*breaker, now) - 17.0 for now in (21.0, 23.0, 25.0)] == [0.0, 2.0, 4.0]
    assert shut_for_good(*breaker) == (21.0, 2)
    release(*breaker, 25.0)
    assert open_time(*breaker, 26.0) == 17.0 + 4.0
    assert np.isnan(shut_for_good(*breaker)[0])
    assert lets_pass(*breaker, 26.0)
    tell(*breaker, 28.0, int(Outcome.OK), 20.0)
    assert shut_for_good(*breaker) == (26.0, 1)
    tell(*breaker, 30.0, int(Outcome.OK), 26.0)
    assert open_time(*breaker, 40.0) == 17.0 + 4.0 + 4.0
    assert np.isnan(shut_for_good(*breaker)[0])


def test_who_has_an_end_of_half_open_is_not_stuck():
    breaker = fresh(permitted=1, max_wait_s=4.0)
    tell(*breaker, 0.0, int(Outcome.ERROR), 0.0)
    assert lets_pass(*breaker, 10.0)
    assert open_time(*breaker, 12.0) == 12.0
    assert np.isnan(shut_for_good(*breaker)[0])
    assert open_time(*breaker, 20.0) == 20.0


def test_open_time_knows_of_a_half_open_state_that_lasted_too_long():
    """HALF_OPEN from 10 until 14: whoever looks when, and whoever asks afterwards."""
    for look in ((), (12.0, 15.0)):
        breaker = fresh(max_wait_s=4.0)
        tell(*breaker, 0.0, int(Outcome.ERROR), 0.0)
        lets_pass(*breaker, 10.0)
        for now in look:
            open_time(*breaker, now)
        assert open_time(*breaker, 16.0) == 12.0
        assert not lets_pass(*breaker, 16.0)
        assert open_time(*breaker, 18.0) == 14.0


def test_a_try_without_a_result_gives_its_permit_back():
    """As resilience4j's `releasePermission`; there are never more than were there."""
    breaker = fresh()
    tell(*breaker, 0.0, int(Outcome.ERROR), 0.0)
    assert [lets_pass(*breaker, 10.0) for _ in range(3)] == [True, True, False]
    release(*breaker, 10.0)
    assert [lets_pass(*breaker, 10.0) for _ in range(2)] == [True, False]
    for _ in range(5):
        release(*breaker, 10.0)
    assert [lets_pass(*breaker, 10.0) for _ in range(3)] == [True, True, False]
    closed = fresh()
    release(*closed, 0.0)
    assert lets_pass(*closed, 0.0)
