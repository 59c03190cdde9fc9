"""Whether and when a call is tried again (rules 12.7 to 12.9).

Sources: Envoy's `RetryPolicy` and `CircuitBreakers.Thresholds.RetryBudget` (API reference, v3); Brooker, "Exponential
Backoff And Jitter", AWS Architecture Blog, 2015, for the ways to draw a wait.
"""

from __future__ import annotations

from ..machine_code.jit import rule
from ..plan.layout import Jitter
from .nanoseconds import nearest

NONE, FULL, EQUAL = int(Jitter.NONE), int(Jitter.FULL), int(Jitter.EQUAL)

MOST_DOUBLINGS = 1000.0
"""2^1000 times any wait is beyond any limit, and still a number."""


@rule("boolean(int64, int64, int64, int64)")
def is_tried_again(outcome: int, retry_on: int, made: int, attempts: int) -> bool:
    """Whether a try that ended so is followed by another one, `made` re-tries having been made.

    `retry_on` has the bit of each outcome that is tried again.
    """
    return made < attempts and (retry_on >> outcome) & 1 == 1


@rule("int64(int64, int64, int64, int64, int64, float64)")
def backoff(jitter: int, base: int, most: int, k: int, previous: int, u: float) -> int:
    """The wait before re-try k = 1, 2 ..., in nanoseconds; `previous` is the one before, `base` at first."""
    if jitter > EQUAL:  # decorrelated
        return nearest(min(float(most), base + u * (3.0 * previous - base)))
    whole = min(float(most), base * 2.0 ** min(float(k - 1), MOST_DOUBLINGS))
    if jitter == FULL:
        return nearest(u * whole)
    if jitter == EQUAL:
        return nearest(whole / 2.0 + u * (whole / 2.0))
    return nearest(whole)


@rule("boolean(int64, int64, float64, int64)")
def has_budget(active: int, retries: int, percent: float, least: int) -> bool:
    """Whether one more re-try is within the budget, beside so many active tries and re-tries."""
    return retries < max(int(percent * active / 100.0), least)
