"""Outlier detection: replicas that fail again and again get no calls for a while (rules 12.29 to 12.32).

The consecutive-5xx detector of Envoy (documentation, "Outlier detection"; `DetectorImpl` for what that leaves open), of
which Istio's `outlierDetection` is made.

All that a detector knows is on its board, some words from a place `at` on; times are in nanoseconds, and a share is
read through `f`, the same words as floats. `balancer` is where the board of the unit's balancer is, in the same array.
Nothing happens by itself: sweeps that time has brought are made up for when somebody asks, with the same result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..machine_code.jit import rule
from ..plan.layout import GOOD
from .balancers import EJECTED, exclude, include
from .nanoseconds import nanoseconds

LAST_GOOD = int(GOOD)

ERRORS, INTERVAL, BASE, LONGEST, PERCENT, SWEPT, OUT, REPLICAS, STATES = range(9)
"""Words of a board: failures that eject, the interval of sweeps, the base and the longest time out, replicas
in percent that may be out (float), the last sweep, how many replicas are out, how many there are. Then the words of
each replica."""
FAILED, IS_OUT, TIMES, SINCE, BACK, STATE = range(6)
"""Words of a replica: failures one after the other, whether it is out, how many times the base it would be out, when it
was ejected last and when it came back last."""

LONGEST_S = 300.0
"""Envoy, `max_ejection_time`: the longest time out, or the base if that is longer."""

BOARD = "int64[::1], float64[::1], int64, int64"
POINTERS = "CPointer(int64), CPointer(float64), int64, int64"


@rule(f"void({BOARD}, int64)", f"void({POINTERS}, int64)")
def sweep_once(m, f, at, balancer, now):
    """One sweep: who has been out for long enough comes back; who has been back for an interval is better trusted."""
    for replica in range(m[at + REPLICAS]):
        state = at + STATES + replica * STATE
        if m[state + IS_OUT] == 1:
            if min(m[at + BASE] * m[state + TIMES], m[at + LONGEST]) <= now - m[state + SINCE]:
                m[state + IS_OUT] = 0
                m[state + FAILED] = 0
                m[state + BACK] = now
                m[at + OUT] -= 1
                include(m, balancer, replica, EJECTED)
        elif m[state + TIMES] > 0 and now - m[state + BACK] >= m[at + INTERVAL]:
            m[state + TIMES] -= 1


@rule(f"void({BOARD}, int64)", f"void({POINTERS}, int64)")
def sweep(m, f, at, balancer, now):
    """Make up for all sweeps until now, one at each multiple of the interval."""
    last = now // m[at + INTERVAL]
    while m[at + SWEPT] < last:
        pending = False
        for replica in range(m[at + REPLICAS]):
            if m[at + STATES + replica * STATE + TIMES] > 0:
                pending = True
        if not pending:
            m[at + SWEPT] = last
            return
        m[at + SWEPT] += 1
        sweep_once(m, f, at, balancer, m[at + SWEPT] * m[at + INTERVAL])


@rule(f"void({BOARD}, int64, int64, int64)", f"void({POINTERS}, int64, int64, int64)")
def judge(m, f, at, balancer, now, replica, outcome):
    """A try at a replica has ended now, for its caller."""
    sweep(m, f, at, balancer, now)
    state = at + STATES + replica * STATE
    if outcome <= LAST_GOOD:
        m[state + FAILED] = 0
        return
    m[state + FAILED] += 1
    if m[state + FAILED] != m[at + ERRORS] or m[state + IS_OUT] == 1:
        return
    m[state + FAILED] = 0
    if 100.0 * (m[at + OUT] + 1) / m[at + REPLICAS] <= f[at + PERCENT]:
        m[at + OUT] += 1
        m[state + IS_OUT] = 1
        m[state + SINCE] = now
        if m[state + TIMES] * m[at + BASE] < m[at + LONGEST] + m[at + BASE]:
            m[state + TIMES] += 1
        exclude(m, balancer, replica, EJECTED)


def make_detector(*, errors: int, interval_s: float, base_s: float, percent: float, replicas: int) -> NDArray[np.int64]:
    """The board of a detector that has seen nothing."""
    board = np.zeros(STATES + replicas * STATE, np.int64)
    board[[ERRORS, REPLICAS]] = errors, replicas
    board[[INTERVAL, BASE]] = nanoseconds(interval_s), nanoseconds(base_s)
    board[LONGEST] = nanoseconds(max(LONGEST_S, base_s))
    board.view(np.float64)[PERCENT] = percent
    return board
