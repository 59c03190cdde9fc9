"""Circuit breakers: their table, and what is said of them before a run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..plan.layout import Outcome, Shape, Window
from ..plan.plan import Plan
from ..plan.policies import Breakers
from ..plan.walker import Handlers
from .guards import Guard

if TYPE_CHECKING:
    from .expectations import Expectations

_SURE = 6.0
"""Standard deviations of a Poisson number: above so many more, it is never reached."""


def _own(plan: Plan, row: int, target: str) -> str:
    return f"has a circuit breaker of its own towards {target}"


def _empty_windows(handlers: Handlers, expected: Expectations) -> Iterator[str]:
    """Breakers that never see the calls that they want to see before they decide."""
    plan = handlers.plan
    p, b = plan.policies, plan.breakers
    if (plan.workloads.shape == Shape.USERS).any():
        return
    made = expected.rates @ expected.calls
    for row in range(len(b.target)):
        rows = np.flatnonzero(p.breaker == row)
        rate = float((made[p.call[rows]] * (1.0 + p.attempts[rows] + np.isfinite(p.hedge_s[rows]))).sum())
        timed = b.window[row] == Window.TIME_BASED
        seconds = float(b.size[row]) if timed else plan.settings.duration_s
        needed = int(b.minimum[row]) if timed else int(min(b.minimum[row], b.size[row]))
        number = rate / max(1, int(b.callers[row])) * seconds
        if rate <= 0.0 or number + _SURE * math.sqrt(number) + 1.0 >= needed:
            continue
        window = f"in its window of {b.size[row]} s" if timed else "in the whole run"
        names = ", ".join(plan.calls.name[call] for call in p.call[rows[:3]].tolist())
        yield (
            f"{names}: its circuit breaker never acts: a caller makes some {number:.3g} tries {window}, and"
            f" minimumNumberOfCalls is {needed}; give it less"
        )


BREAKER = Guard(
    "breaker",
    "circuit_breaker",
    Breakers,
    {
        "window": "sliding_window_type",
        "size": "sliding_window_size",
        "minimum": "minimum_number_of_calls",
        "failure_rate": "failure_rate_threshold",
        "slow_rate": "slow_call_rate_threshold",
        "slow_duration_s": "slow_call_duration_threshold",
        "wait_s": "wait_duration_in_open_state",
        "permitted": "permitted_number_of_calls_in_half_open_state",
        "max_wait_s": "max_wait_duration_in_half_open_state",
    },
    _own,
    refusal=Outcome.CIRCUIT_OPEN,
    keeps_short="its callers' circuit breakers may keep out the rest",
    never_acts=_empty_windows,
)
