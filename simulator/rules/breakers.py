"""A circuit breaker: CLOSED, OPEN, HALF_OPEN (rules 12.10 and 12.11).

The machine of resilience4j 2 (documentation, "CircuitBreaker"; `CircuitBreakerMetrics` for what the documentation
leaves open: a window never needs more calls than it can hold).

All that a breaker knows is on its board, some words from a place `at` on; those that are rates are read through `f`,
the same words as floats. Times are in nanoseconds. Nothing happens by itself: what time has changed is found out when
somebody asks, with the same result.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..machine_code.jit import int64, rule
from ..plan.layout import GOOD, Outcome, Window
from .nanoseconds import NEVER, SECOND, nanoseconds

TIME_BASED = int(Window.TIME_BASED)
LAST_GOOD, CIRCUIT_OPEN = int(GOOD), int(Outcome.CIRCUIT_OPEN)

CLOSED, OPEN, HALF_OPEN = range(3)

(STATE, SINCE, PERMITS, CALLS, FAILED, SLOW, HEAD, WINDOW, SIZE, MINIMUM, FAILURE_RATE, SLOW_RATE, SLOW_DURATION, WAIT,
 PERMITTED, MAX_WAIT, OPEN_TIME, SHUT, RESULTS) = range(19)  # fmt: skip
"""Words of a board: the state, since when, tries that may still pass in HALF_OPEN; results in the window, and
how many of them failed and were slow; where the next result goes, or the last second that has a bucket. Then what
does not change: the kind and size of the window, the minimum of calls, the thresholds (floats: percent, percent; a
time), the wait in OPEN, the tries that pass in HALF_OPEN, how long it may last (NEVER: for ever). Then how long it has
let nobody pass until its present state or permits (rule 11.12), and since when HALF_OPEN has no permit left. Then the
results: of COUNT_BASED one word each (1: failed, 2: slow, 3: both), of TIME_BASED
three words a second."""

PER_SECOND = 3
"""Words of one second: results, failed ones, slow ones."""

BOARD = "int64[::1], float64[::1], int64"
POINTERS = "CPointer(int64), CPointer(float64), int64"


@rule(f"void({BOARD}, int64, int64)", f"void({POINTERS}, int64, int64)")
def enter(m, f, at, since, state):
    """Go to a state; its window is empty."""
    if m[at + STATE] == OPEN:
        m[at + OPEN_TIME] += since - m[at + SINCE]
    elif m[at + STATE] == HALF_OPEN and m[at + PERMITS] == 0:
        m[at + OPEN_TIME] += since - m[at + SHUT]
    m[at + STATE] = state
    m[at + SINCE] = since
    m[at + PERMITS] = m[at + PERMITTED]
    m[at + CALLS] = 0
    m[at + FAILED] = 0
    m[at + SLOW] = 0
    if state == CLOSED:
        words = PER_SECOND * m[at + SIZE] if m[at + WINDOW] == TIME_BASED else m[at + SIZE]
        for word in range(words):
            m[at + RESULTS + word] = 0
        m[at + HEAD] = since // SECOND if m[at + WINDOW] == TIME_BASED else 0


@rule(f"void({BOARD}, int64)", f"void({POINTERS}, int64)")
def notice(m, f, at, now):
    """HALF_OPEN may have lasted too long."""
    if m[at + STATE] == HALF_OPEN:
        end = m[at + SINCE] + m[at + MAX_WAIT]
        if now >= end:
            enter(m, f, at, end, OPEN)


@rule(f"int64({BOARD}, int64)", f"int64({POINTERS}, int64)")
def open_time(m, f, at, now):
    """How long it has let nobody pass until now: OPEN, or without a permit. Looking changes nothing."""
    if m[at + STATE] == OPEN:
        return m[at + OPEN_TIME] + (now - m[at + SINCE])
    if m[at + STATE] == HALF_OPEN and m[at + PERMITS] == 0:
        return m[at + OPEN_TIME] + (now - m[at + SHUT])
    if m[at + STATE] == HALF_OPEN:
        return m[at + OPEN_TIME] + max(0, now - (m[at + SINCE] + m[at + MAX_WAIT]))
    return m[at + OPEN_TIME]


@rule(f"void({BOARD}, int64)", f"void({POINTERS}, int64)")
def release(m, f, at, now):
    """A try has ended without a result: in HALF_OPEN its permit may be taken by another one."""
    notice(m, f, at, now)
    if m[at + STATE] == HALF_OPEN:
        if m[at + PERMITS] == 0:
            m[at + OPEN_TIME] += now - m[at + SHUT]
        m[at + PERMITS] = min(m[at + PERMITS] + 1, m[at + PERMITTED])


@rule(f"boolean({BOARD}, int64)", f"boolean({POINTERS}, int64)")
def lets_pass(m, f, at, now):
    """Whether a try may be made now; in HALF_OPEN it takes one of the permits."""
    notice(m, f, at, now)
    if m[at + STATE] == CLOSED:
        return True
    if m[at + STATE] == OPEN:
        if now < m[at + SINCE] + m[at + WAIT]:
            return False
        enter(m, f, at, now, HALF_OPEN)
    if m[at + PERMITS] == 0:
        return False
    m[at + PERMITS] -= 1
    if m[at + PERMITS] == 0:
        m[at + SHUT] = now
    return True


@rule(f"void({BOARD}, int64, int64)", f"void({POINTERS}, int64, int64)")
def keep_count_based(m, f, at, failed, slow):
    """A result takes the place of the oldest one."""
    place = at + RESULTS + m[at + HEAD]
    old = m[place]
    if m[at + CALLS] == m[at + SIZE]:
        m[at + FAILED] -= old & 1
        m[at + SLOW] -= old >> 1
    else:
        m[at + CALLS] += 1
    m[place] = failed + 2 * slow
    m[at + FAILED] += failed
    m[at + SLOW] += slow
    m[at + HEAD] = (m[at + HEAD] + 1) % m[at + SIZE]


@rule(f"void({BOARD}, int64, int64, int64)", f"void({POINTERS}, int64, int64, int64)")
def keep_time_based(m, f, at, now, failed, slow):
    """A result goes to the bucket of its second; the seconds that have left the window are forgotten."""
    second, size = now // SECOND, m[at + SIZE]
    first = max(m[at + HEAD] + 1, second - size + 1)
    for passed in range(first, second + 1):
        bucket = at + RESULTS + PER_SECOND * (passed % size)
        for word in range(PER_SECOND):
            m[at + CALLS + word] -= m[bucket + word]
            m[bucket + word] = 0
    m[at + HEAD] = second
    bucket = at + RESULTS + PER_SECOND * (second % size)
    m[bucket] += 1
    m[bucket + 1] += failed
    m[bucket + 2] += slow
    m[at + CALLS] += 1
    m[at + FAILED] += failed
    m[at + SLOW] += slow


@rule(f"void({BOARD}, int64, int64, int64)", f"void({POINTERS}, int64, int64, int64)")
def tell(m, f, at, now, outcome, began):
    """A try that was sent at `began` has ended now; `circuit_open` is no result."""
    notice(m, f, at, now)
    state = m[at + STATE]
    if outcome == CIRCUIT_OPEN or state == OPEN:
        return
    failed, slow = int64(outcome > LAST_GOOD), int64(now - began > m[at + SLOW_DURATION])
    needed = m[at + MINIMUM]
    if state == HALF_OPEN:
        m[at + CALLS] += 1
        m[at + FAILED] += failed
        m[at + SLOW] += slow
        needed = min(needed, m[at + PERMITTED])
    elif m[at + WINDOW] == TIME_BASED:
        keep_time_based(m, f, at, now, failed, slow)
    else:
        keep_count_based(m, f, at, failed, slow)
        needed = min(needed, m[at + SIZE])
    calls = m[at + CALLS]
    if calls < needed:
        return
    too_many_failed = 100.0 * m[at + FAILED] / calls >= f[at + FAILURE_RATE]
    if too_many_failed or 100.0 * m[at + SLOW] / calls >= f[at + SLOW_RATE]:
        enter(m, f, at, now, OPEN)
    elif state == HALF_OPEN:
        enter(m, f, at, now, CLOSED)


def shut_for_good(m: NDArray[np.int64], at: int) -> tuple[float, int]:
    """Since which second it waits in HALF_OPEN, without a permit or an end, and for how many results; else nan, 0."""
    if m[at + STATE] != HALF_OPEN or m[at + PERMITS] > 0 or m[at + MAX_WAIT] < NEVER:
        return math.nan, 0
    return float(m[at + SHUT]) / SECOND, int(m[at + PERMITTED] - m[at + CALLS])


def make_breaker(
    *,
    window: int,
    size: int,
    minimum: int,
    failure_rate: float,
    slow_rate: float,
    slow_duration_s: float,
    wait_s: float,
    permitted: int,
    max_wait_s: float,
) -> NDArray[np.int64]:
    """The board of a breaker that is CLOSED and knows nothing; a `max_wait_s` of 0 is no limit."""
    board = np.zeros(RESULTS + size * (PER_SECOND if window == TIME_BASED else 1), np.int64)
    board[[WINDOW, SIZE, MINIMUM, PERMITTED]] = window, size, minimum, permitted
    board[[SLOW_DURATION, WAIT]] = nanoseconds(slow_duration_s), nanoseconds(wait_s)
    board[MAX_WAIT] = nanoseconds(max_wait_s) if max_wait_s > 0.0 else NEVER
    board.view(np.float64)[[FAILURE_RATE, SLOW_RATE]] = failure_rate, slow_rate
    return board
