"""A policy of a plan in words, for `explain`."""

from __future__ import annotations

import math

import numpy as np

from ..units import format_duration
from .layout import Jitter, Outcome, Window
from .plan import Plan


def describe_policy(plan: Plan, row: int) -> list[str]:
    """What a policy does, in pieces of a sentence."""
    p = plan.policies
    what = [f"policy {p.name[row]}"] if p.name[row] else []
    if p.attempts[row] > 0:
        words = ", ".join(outcome.word for outcome in Outcome if int(p.retry_on[row]) >> outcome & 1)
        plural = "re-try" if p.attempts[row] == 1 else "re-tries"
        what.append(f"{p.attempts[row]} {plural} on {words}")
        base, most = float(p.backoff_s[row]), float(p.max_backoff_s[row])
        what.append(f"backoff {_duration(base)} to {_duration(most)}, jitter {Jitter(int(p.jitter[row])).name.lower()}")
    if not math.isinf(p.per_try_s[row]):
        what.append(f"{_duration(float(p.per_try_s[row]))} a try")
    if not math.isinf(p.hedge_s[row]):
        what.append(f"a second try after {_duration(float(p.hedge_s[row]))}")
    if (budget := int(p.budget[row])) >= 0:
        least = plan.budgets.least[budget]
        what.append(f"re-tries within {plan.budgets.percent[budget]:g}% of the tries, or {least}")
    if (breaker := int(p.breaker[row])) >= 0:
        what.append(_breaker(plan, breaker))
    if (bulkhead := int(p.bulkhead[row])) >= 0:
        wait = float(plan.bulkheads.wait_s[bulkhead])
        waiting = f", waiting {_duration(wait)} at most" if wait > 0.0 else ""
        what.append(f"bulkhead of {plan.bulkheads.limit[bulkhead]}{waiting}")
    return what


def describe_limits(plan: Plan, service: int) -> list[str]:
    """The rate limit of a service, in pieces of a sentence."""
    limits, what = plan.limiters, []
    for row in np.flatnonzero(limits.service == service).tolist():
        wait = float(limits.timeout_s[row])
        waiting = f"waiting {_duration(wait)} at most" if wait > 0.0 else "else rejected"
        what.append(f"{limits.limit[row]} tries in {_duration(float(limits.period_s[row]))}, {waiting}")
    return what


def describe_detection(plan: Plan, unit: int) -> list[str]:
    """The outlier detection of a unit, in pieces of a sentence."""
    d = plan.detectors
    return [
        f"ejects a replica after {d.errors[row]} failures in a row for {_duration(float(d.base_s[row]))} times its"
        f" ejections, {d.percent[row]:g}% of them at most, looks every {_duration(float(d.interval_s[row]))}"
        for row in np.flatnonzero(d.unit == unit).tolist()
    ]


def _breaker(plan: Plan, row: int) -> str:
    b = plan.breakers
    unit = "s" if b.window[row] == Window.TIME_BASED else " calls"
    longest = float(b.max_wait_s[row])
    return (
        f"circuit breaker: opens at {b.failure_rate[row]:g}% failures or {b.slow_rate[row]:g}% slower than"
        f" {_duration(float(b.slow_duration_s[row]))}, of {b.size[row]}{unit}, from {b.minimum[row]} calls on, for"
        f" {_duration(float(b.wait_s[row]))}, then {b.permitted[row]} trial calls"
        + (f" within {_duration(longest)}" if longest > 0.0 else "")
    )


def _duration(seconds: float) -> str:
    return format_duration(float(f"{seconds:.4g}")) if seconds < 1000.0 else format_duration(seconds)
