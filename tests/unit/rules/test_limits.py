"""Rate limits: what resilience4j's AtomicRateLimiter does, by its documentation and by brute force."""

from __future__ import annotations

import random

import numpy as np
import pytest

from simulator.rules.limits import REFUSED, acquire, make_limiter
from simulator.rules.nanoseconds import NEVER, SECOND

MS = SECOND // 1000


def ask(board: np.ndarray, now: int, longest: int) -> int:
    return int(acquire(board, 0, now, longest))


def test_ten_calls_a_millisecond_with_a_wait_of_25_ms():
    """The example of the documentation ("RateLimiter"): limitForPeriod 10, limitRefreshPeriod 1 ms, timeout 25 ms."""
    board = make_limiter(10, 0.001, 0.025)
    assert [ask(board, 0, 25 * MS) for _ in range(10)] == [0] * 10
    assert [ask(board, 0, 25 * MS) for _ in range(250)] == [k * MS for k in range(1, 26) for _ in range(10)]
    assert ask(board, 0, 25 * MS) == REFUSED
    assert ask(board, 0, 26 * MS - 1) == REFUSED
    assert ask(board, 0, 26 * MS) == 26 * MS, "who was refused has reserved nothing"


@pytest.mark.parametrize(
    ("permits", "expected"),
    # AtomicRateLimiter.nanosToWaitForPermission: the next cycle, and one more for each limit reserved beyond it
    [(5, 250), (1, 250), (0, 1000), (-1, 1000), (-4, 1000), (-5, 2000), (-9, 2000), (-10, 3000)],
)
def test_when_a_permit_comes(permits, expected):
    board = make_limiter(5, 1.0, 9.0)
    board[1] = permits
    assert ask(board, 250 * MS, 9 * SECOND) == expected * MS
    assert board[1] == permits - 1


def test_what_is_left_of_a_cycle_is_gone():
    board = make_limiter(3, 1.0, 0.0)
    times = [now * MS for now in (7500, 7500, 7500, 7500, 8000, 100_000, 100_000, 100_000, 100_000)]
    assert [ask(board, now, 0) for now in times] == [*times[:3], REFUSED, *times[4:8], REFUSED]


@pytest.mark.parametrize(("longest", "expected"), [(750 * MS, SECOND), (750 * MS - 1, REFUSED)])
def test_a_wait_of_just_the_timeout_is_in_time(longest, expected):
    board = make_limiter(1, 1.0, 9.0)
    ask(board, 0, longest)
    assert ask(board, 250 * MS, longest) == expected


@pytest.mark.parametrize(("seconds", "period"), [(0.1, 10**8), (1 / 3, 333_333_333), (500e-9, 500), (7.0, 7 * 10**9)])
def test_a_cycle_begins_at_its_multiple_of_the_period(seconds, period):
    for k in [*range(1, 1000), 10**6 + 1, 123_456_789]:
        board = make_limiter(1, seconds, 0.0)
        asked = (k * period - 1, k * period - 1, k * period, (k + 1) * period - 1, (k + 1) * period)
        assert [ask(board, now, 0) for now in asked] == [
            k * period - 1, REFUSED, k * period, REFUSED, (k + 1) * period,
        ]  # fmt: skip


def test_a_period_that_never_ends():
    board = make_limiter(2, 1e300, 1e300)
    assert [ask(board, now, NEVER) for now in (0, 5)] == [0, 5]
    assert ask(board, 7, NEVER - 8) == REFUSED
    assert ask(board, 7, NEVER) == NEVER


@pytest.mark.parametrize("seed", range(5))
def test_no_cycle_gives_more_than_its_permits(seed):
    """By brute force: every permit is of the first cycle, from now on, that had one left."""
    draw = random.Random(seed)
    limit, longest, now = draw.randint(1, 4), draw.choice([0, 500, 2000, 10_000]) * MS, 0
    board, taken = make_limiter(limit, 1.0, longest / SECOND), {}
    for _ in range(500):
        now += draw.choice([0, 250, 500, 3000]) * MS
        cycle = now // SECOND
        while taken.get(cycle, 0) == limit:
            cycle += 1
        when = max(now, cycle * SECOND)
        expected = when if when - now <= longest else REFUSED
        assert ask(board, now, longest) == expected
        if expected != REFUSED:
            taken[cycle] = taken.get(cycle, 0) + 1
