"""A rate limit: so many tries in each period (rule 12.26).

The `AtomicRateLimiter` of resilience4j 2 (documentation, "RateLimiter"): time is cut into cycles of one period, each of
which brings its permits; who finds none reserves one of a later cycle, if that comes soon enough.

All that a limiter knows is on its board, some words from a place `at` on; those that are times are read through `f`,
the same words as floats.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .jit import int64, rule

CYCLE, PERMITS, LIMIT, PERIOD, TIMEOUT, WORDS = range(6)
"""Words of a board: the last cycle that is known of, its permits that are left (fewer than 0: so many of later ones
are reserved), the permits of one cycle, its length and the longest wait (floats)."""

BOARD = "int64[::1], float64[::1], int64"
POINTERS = "CPointer(int64), CPointer(float64), int64"
REFUSED = -1.0


@rule("int64(float64, float64)")
def cycle_of(now: float, period: float) -> int:
    """The number of the period that `now` is in; period k begins at the float k x period."""
    cycle = int64(math.floor(now / period))
    while (cycle + 1) * period <= now:
        cycle += 1
    while cycle * period > now:
        cycle -= 1
    return cycle


@rule(f"float64({BOARD}, float64, float64)", f"float64({POINTERS}, float64, float64)")
def acquire(m, f, at, now, longest):
    """When a try that asks now has its permit, which it reserves; REFUSED if that is later than after `longest`."""
    limit, period = m[at + LIMIT], f[at + PERIOD]
    cycle = cycle_of(now, period)
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
    board.view(np.float64)[[PERIOD, TIMEOUT]] = period_s, timeout_s
    return board
