"""Rate limits: what resilience4j's AtomicRateLimiter does, by its documentation and by brute force."""

from __future__ import annotations

import random

import numpy as np
import pytest

from simulator.rules.limits import REFUSED, acquire, cycle_of, make_limiter


def ask(board: np.ndarray, now: float, longest: float) -> float:
    return float(acquire(board, board.view(np.float64), 0, now, longest))


def test_ten_calls_a_millisecond_with_a_wait_of_25_ms():
    """The example of the documentation ("RateLimiter"): limitForPeriod 10, limitRefreshPeriod 1 ms, timeout 25 ms."""
    board = make_limiter(10, 0.001, 0.025)
    assert [ask(board, 0.0, 0.025) for _ in range(10)] == [0.0] * 10
    assert [ask(board, 0.0, 0.025) for _ in range(250)] == [k * 0.001 for k in range(1, 26) for _ in range(10)]
    assert ask(board, 0.0, 0.025) == REFUSED
    assert ask(board, 0.0, 0.027) == 26 * 0.001, "who was refused has reserved nothing"


@pytest.mark.parametrize(
    ("permits", "expected"),
    # AtomicRateLimiter.nanosToWaitForPermission: the next cycle, and one more for each limit reserved beyond it
    [(5, 0.25), (1, 0.25), (0, 1.0), (-1, 1.0), (-4, 1.0), (-5, 2.0), (-9, 2.0), (-10, 3.0)],
)
def test_when_a_permit_comes(permits, expected):
    board = make_limiter(5, 1.0, 9.0)
    board[1] = permits
    assert ask(board, 0.25, 9.0) == expected
    assert board[1] == permits - 1


def test_what_is_left_of_a_cycle_is_gone():
    board = make_limiter(3, 1.0, 0.0)
    assert [ask(board, now, 0.0) for now in (7.5, 7.5, 7.5, 7.5, 8.0, 100.0, 100.0, 100.0, 100.0)] == [
        7.5, 7.5, 7.5, REFUSED, 8.0, 100.0, 100.0, 100.0, REFUSED,
    ]  # fmt: skip


def test_a_wait_of_just_the_timeout_is_in_time():
    for longest, expected in ((0.75, 1.0), (0.7499, REFUSED)):
        board = make_limiter(1, 1.0, 9.0)
        ask(board, 0.0, longest)
        assert ask(board, 0.25, longest) == expected


@pytest.mark.parametrize("period", [0.1, 1 / 3, 500e-9, 7.0])
def test_a_cycle_begins_at_its_multiple_of_the_period(period):
    for k in [*range(1000), 10**6 + 1, 123_456_789]:
        start = k * period
        assert cycle_of(start, period) == k
        assert cycle_of(float(np.nextafter(start, np.inf)), period) == k
        if k > 0:
            assert cycle_of(float(np.nextafter(start, 0.0)), period) == k - 1


@pytest.mark.parametrize("seed", range(5))
def test_no_cycle_gives_more_than_its_permits(seed):
    """By brute force: every permit is of the first cycle, from now on, that had one left."""
    draw = random.Random(seed)
    limit, longest, now = draw.randint(1, 4), draw.choice([0.0, 0.5, 2.0, 10.0]), 0.0
    board, taken = make_limiter(limit, 1.0, longest), {}
    for _ in range(500):
        now += draw.choice([0.0, 0.25, 0.5, 3.0])
        cycle = int(now)
        while taken.get(cycle, 0) == limit:
            cycle += 1
        when = max(now, float(cycle))
        expected = when if when - now <= longest else REFUSED
        assert ask(board, now, longest) == expected
        if expected != REFUSED:
            taken[cycle] = taken.get(cycle, 0) + 1
