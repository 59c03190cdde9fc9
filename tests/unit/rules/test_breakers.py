"""Rules 12.10 and 12.11: the states of a circuit breaker, as resilience4j documents them. Times are nanoseconds."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.plan.layout import Outcome, Window
from simulator.rules.breakers import (
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
from simulator.rules.nanoseconds import NEVER, SECOND

GOOD, BAD = Outcome.OK, Outcome.ERROR


class Breaker:
    """A breaker with a short memory: opens at 50 % of 4 results, for 10 s, then tries 2 calls."""

    def __init__(self, **keys):
        given = {
            "window": Window.COUNT_BASED, "size": 4, "minimum": 4, "failure_rate": 50.0, "slow_rate": 100.0,
            "slow_duration_s": 1.0, "wait_s": 10.0, "permitted": 2, "max_wait_s": 0.0,
        }  # fmt: skip
        self.board = make_breaker(**(given | keys))
        self.floats = self.board.view(np.float64)

    @property
    def state(self):
        return int(self.board[STATE])

    def ask(self, now):
        return lets_pass(self.board, self.floats, 0, now)

    def tell(self, now, outcome, took=0):
        tell(self.board, self.floats, 0, now, outcome, now - took)
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
    assert [breaker.tell(n * SECOND, outcome) for n, outcome in enumerate(outcomes)] == states


def test_12_10_the_minimum_is_no_more_than_the_window_holds():
    """resilience4j, `CircuitBreakerMetrics`: min(minimumNumberOfCalls, slidingWindowSize)."""
    breaker = Breaker(minimum=100)
    assert [breaker.tell(0, BAD) for _ in range(4)] == [CLOSED, CLOSED, CLOSED, OPEN]


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
    breaker.tell(0, outcome)
    assert breaker.results() == counts


@pytest.mark.parametrize(
    ("took", "states"),
    [
        ([SECOND] * 4, [CLOSED] * 4),
        ([SECOND + 1] * 4, [CLOSED] * 3 + [OPEN]),
        ([SECOND + 1, SECOND + 1, SECOND + 1, SECOND], [CLOSED] * 4),
    ],
)
def test_12_11_slow_calls(took, states):
    """Slow is longer than the threshold, not as long; at a rate of 100 % all have to be."""
    breaker = Breaker()
    assert [breaker.tell(10 * SECOND, GOOD, one) for one in took] == states


def test_12_11_a_slow_failure_is_both():
    breaker = Breaker()
    breaker.tell(5 * SECOND, BAD, 5 * SECOND)
    assert breaker.results() == (1, 1, 1)


def opened(**keys):
    breaker = Breaker(**keys)
    for _ in range(4):
        breaker.tell(100 * SECOND, BAD)
    return breaker


def test_12_10_open_refuses_until_its_wait_has_passed():
    breaker = opened()
    assert [breaker.ask(now) for now in (100 * SECOND, 105 * SECOND, 110 * SECOND - 1)] == [False, False, False]
    assert breaker.state == OPEN
    assert breaker.ask(110 * SECOND)
    assert breaker.state == HALF_OPEN


def test_12_10_nothing_happens_by_itself():
    """`automaticTransitionFromOpenToHalfOpenEnabled` is false: a call has to come."""
    breaker = opened()
    breaker.tell(200 * SECOND, BAD)
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
    assert [breaker.ask(110 * SECOND) for _ in range(3)] == [True, True, False]
    assert [breaker.tell(111 * SECOND, outcome) for outcome in outcomes] == states
    assert breaker.ask(111 * SECOND) is (states[-1] == CLOSED)


def test_12_10_half_open_needs_no_more_results_than_the_minimum():
    """resilience4j, `CircuitBreakerMetrics.forHalfOpen`: min(minimumNumberOfCalls, permitted)."""
    breaker = Breaker(minimum=1, permitted=5)
    breaker.tell(0, BAD)
    assert breaker.state == OPEN
    assert breaker.ask(10 * SECOND)
    assert breaker.tell(10 * SECOND, GOOD) == CLOSED


def test_12_10_after_it_has_opened_again_it_waits_again():
    breaker = opened()
    breaker.ask(110 * SECOND)
    breaker.ask(110 * SECOND)
    breaker.tell(112 * SECOND, BAD)
    breaker.tell(113 * SECOND, BAD)
    assert [breaker.ask(now) for now in (123 * SECOND - 1, 123 * SECOND)] == [False, True]


def test_12_10_when_it_closes_its_window_is_empty():
    breaker = opened()
    breaker.ask(110 * SECOND)
    breaker.ask(110 * SECOND)
    breaker.tell(111 * SECOND, GOOD)
    breaker.tell(111 * SECOND, GOOD)
    assert breaker.results() == (0, 0, 0)
    assert [breaker.tell(112 * SECOND, BAD) for _ in range(4)] == [CLOSED] * 3 + [OPEN]


def test_12_11_a_result_goes_to_the_state_that_there_is():
    breaker = opened()
    breaker.tell(101 * SECOND, GOOD)  # of a call that began before it opened
    assert breaker.results() == (0, 0, 0)
    assert breaker.ask(110 * SECOND)
    breaker.tell(110_500_000_000, GOOD)  # of another one
    assert breaker.results() == (1, 0, 0)
    assert breaker.tell(111 * SECOND, GOOD) == CLOSED


def test_12_10_half_open_may_last_for_ever():
    breaker = opened()
    assert [breaker.ask(now) for now in (110 * SECOND, 110 * SECOND, NEVER - 1)] == [True, True, False]
    assert breaker.state == HALF_OPEN


def test_12_10_or_not_longer_than_its_maximum():
    """It opens at 110 + 5, whoever looks later, and then waits 10 s."""
    breaker = opened(max_wait_s=5.0)
    assert [breaker.ask(now) for now in (110 * SECOND, 110 * SECOND, 115 * SECOND - 1)] == [True, True, False]
    assert breaker.state == HALF_OPEN
    assert not breaker.ask(115 * SECOND)
    assert breaker.state == OPEN
    assert [breaker.ask(now) for now in (125 * SECOND - 1, 125 * SECOND)] == [False, True]
    late = opened(max_wait_s=5.0)
    late.ask(110 * SECOND)
    assert late.ask(200 * SECOND)
    assert late.state == HALF_OPEN


TIMED = {"window": Window.TIME_BASED, "size": 3, "minimum": 4}


@pytest.mark.parametrize(
    ("milliseconds", "states"),
    [
        # three seconds: those of 0.x, 1.x and 2.x are together; at 3.0 the first is forgotten
        ([100, 900, 1000, 2900], [CLOSED] * 3 + [OPEN]),
        ([100, 900, 1000, 3000], [CLOSED] * 4),
        ([100, 1200, 2000, 3000, 3500], [CLOSED] * 4 + [OPEN]),
        ([100, 200, 300, 3500, 4000, 5000, 5900], [CLOSED] * 6 + [OPEN]),
        ([100, 200, 300, 1_000_000, 1_001_000, 1_002_000, 1_002_500], [CLOSED] * 6 + [OPEN]),
    ],
)
def test_12_10_a_window_of_seconds(milliseconds, states):
    breaker = Breaker(**TIMED)
    assert [breaker.tell(now * 1_000_000, BAD) for now in milliseconds] == states


@pytest.mark.parametrize(("last", "state"), [(3 * SECOND - 1, OPEN), (3 * SECOND, CLOSED)])
def test_12_10_a_second_ends_with_its_last_nanosecond(last, state):
    breaker = Breaker(**TIMED)
    assert [breaker.tell(now, BAD) for now in (SECOND - 1, SECOND, SECOND, last)] == [CLOSED] * 3 + [state]


def test_12_10_a_window_of_seconds_counts_what_is_in_it():
    breaker = Breaker(**TIMED, failure_rate=100.0)
    found = []
    for tenths, outcome, took in [
        (0, BAD, 0),
        (5, GOOD, 2),
        (15, GOOD, 0),
        (31, BAD, 2),
        (40, GOOD, 0),
        (90, GOOD, 0),
    ]:
        breaker.tell(tenths * SECOND // 10, outcome, took * SECOND)
        found.append(breaker.results())
    assert found == [(1, 1, 0), (2, 1, 1), (3, 1, 1), (2, 1, 1), (2, 1, 1), (1, 0, 0)]


def test_12_10_a_window_of_seconds_begins_anew_when_it_closes():
    breaker = Breaker(**TIMED, permitted=1)
    for _ in range(4):
        breaker.tell(2_500_000_000, BAD)
    assert breaker.ask(12_900_000_000)
    assert breaker.tell(13_500_000_000, GOOD) == CLOSED
    found = [breaker.tell(tenths * SECOND // 10, BAD) for tenths in (136, 140, 150, 151)]
    assert found == [CLOSED] * 3 + [OPEN]


# -- how long it has been open, and tries without a result


def fresh(**changes):
    """A breaker that counts in single nanoseconds."""
    given = {"window": 0, "size": 1, "minimum": 1, "failure_rate": 50.0, "slow_rate": 100.0, "slow_duration_s": 60e-9,
             "wait_s": 10e-9, "permitted": 2, "max_wait_s": 0.0}  # fmt: skip
    board = make_breaker(**(given | changes))
    return board, board.view(np.float64), 0


def shut(breaker):
    """Since which second it is shut for good, and the results that it waits for."""
    board, _, at = breaker
    return shut_for_good(board, at)


def test_open_time_adds_up_what_was_open():
    """OPEN from 3 until a try comes at 20, and from 21 on, when that has failed."""
    breaker = fresh()
    assert open_time(*breaker, 3) == 0
    tell(*breaker, 3, int(Outcome.ERROR), 0)
    assert [open_time(*breaker, now) for now in (3, 8, 19)] == [0, 5, 16]
    assert lets_pass(*breaker, 20)
    assert open_time(*breaker, 20) == 17
    tell(*breaker, 21, int(Outcome.ERROR), 0)
    assert open_time(*breaker, 22) == 18


def test_11_12_who_waits_for_all_that_it_permitted_lets_nobody_pass():
    """HALF_OPEN from 20, without a permit from 21 until one is given back at 25, and from 26 until a result at 30."""
    breaker = fresh(minimum=2)
    tell(*breaker, 3, int(Outcome.ERROR), 0)
    assert [lets_pass(*breaker, now) for now in (20, 21, 22)] == [True, True, False]
    assert [open_time(*breaker, now) - 17 for now in (21, 23, 25)] == [0, 2, 4]
    assert shut(breaker) == (21e-9, 2)
    release(*breaker, 25)
    assert open_time(*breaker, 26) == 17 + 4
    assert np.isnan(shut(breaker)[0])
    assert lets_pass(*breaker, 26)
    tell(*breaker, 28, int(Outcome.OK), 20)
    assert shut(breaker) == (26e-9, 1)
    tell(*breaker, 30, int(Outcome.OK), 26)
    assert open_time(*breaker, 40) == 17 + 4 + 4
    assert np.isnan(shut(breaker)[0])


def test_who_has_an_end_of_half_open_is_not_stuck():
    breaker = fresh(permitted=1, max_wait_s=4e-9)
    tell(*breaker, 0, int(Outcome.ERROR), 0)
    assert lets_pass(*breaker, 10)
    assert open_time(*breaker, 12) == 12
    assert np.isnan(shut(breaker)[0])
    assert open_time(*breaker, 20) == 20


def test_open_time_knows_of_a_half_open_state_that_lasted_too_long():
    """HALF_OPEN from 10 until 14: whoever looks when, and whoever asks afterwards."""
    for look in ((), (12, 15)):
        breaker = fresh(max_wait_s=4e-9)
        tell(*breaker, 0, int(Outcome.ERROR), 0)
        lets_pass(*breaker, 10)
        for now in look:
            open_time(*breaker, now)
        assert open_time(*breaker, 16) == 12
        assert not lets_pass(*breaker, 16)
        assert open_time(*breaker, 18) == 14


def test_a_try_without_a_result_gives_its_permit_back():
    """As resilience4j's `releasePermission`; there are never more than were there."""
    breaker = fresh()
    tell(*breaker, 0, int(Outcome.ERROR), 0)
    assert [lets_pass(*breaker, 10) for _ in range(3)] == [True, True, False]
    release(*breaker, 10)
    assert [lets_pass(*breaker, 10) for _ in range(2)] == [True, False]
    for _ in range(5):
        release(*breaker, 10)
    assert [lets_pass(*breaker, 10) for _ in range(3)] == [True, True, False]
    closed = fresh()
    release(*closed, 0)
    assert lets_pass(*closed, 0)
