"""A rate limit: so many tries in each period (rule 12.26).

The `AtomicRateLimiter` of resilience4j 2 (documentation, "RateLimiter"): time is cut into cycles of one period, each of
which brings its permits; who finds none reserves one of a later cycle, if that comes soon enough.

All that a limiter knows is on its board, some words from a place `at` on. Times are in nanoseconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..machine_code.jit import rule
from .nanoseconds import nanoseconds

CYCLE, PERMITS, LIMIT, PERIOD, TIMEOUT, WORDS = range(6)
"""Words of a board: the last cycle that is known of, its permits that are left (fewer than 0: so many of later ones
are reserved), the permits of one cycle, its length and the longest wait."""

REFUSED = -1


@rule("int64(int64[::1], int64, int64, int64)", "int64(CPointer(int64), int64, int64, int64)")
def acquire(m, at, now, longest):
    """When a try that asks now has its permit, which it reserves; REFUSED if that is later than after `longest`."""
    limit, period = m[at + LIMIT], m[at + PERIOD]
    cycle = now // period
    permits = min(m[at + PERMITS] + (cycle - m[at + CYCLE]) * limit, limit)
    m[at + CYCLE] = cycle
    m[at + PERMITS] = permits
    when = now
    if permits <= 0:
        when = (cycle + 1 + -permits // limit) * period
        if when - now > longest:
            return REFUSED
    m[at + PERMITS] -= 1
    return when


def make_limiter(limit: int, period_s: float, timeout_s: float) -> NDArray[np.int64]:
    """The board of a limiter before its first try."""
    board = np.zeros(WORDS, np.int64)
    board[[PERMITS, LIMIT]] = limit
    board[[PERIOD, TIMEOUT]] = nanoseconds(period_s), nanoseconds(timeout_s)
    return board
