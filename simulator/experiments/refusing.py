"""Work that would not end, or has no room, is refused before it begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import CapacityExceeded, EngineError
from ..machine import TIME_LIMIT, available_memory, time_limit
from ..plan.engine import Detail, Engine
from ..plan.layout import UNLIMITED
from ..plan.plan import Plan
from ..plan.size import RATHER, expected_requests
from ..plan.walker import may_fail
from ..units import rough_memory

PER_SECOND = {"compiled": 2e6, "reference": 20e3}
"""Requests that an engine makes at best, on one core."""
ROW_BYTES, LATENCY_BYTES = 72, 24
"""Of a request that is recorded, and of one that is served, at least."""
YEAR_S = 365.25 * 86400.0


def refuse_endless(engine: Engine, runs: Sequence[tuple[Plan, Detail]], workers: int) -> None:
    """Refuse runs that would take longer than anybody waits, or more memory than they may.

    Raises
    ------
    CapacityExceeded, EngineError
        How much they would take, and how to allow it.
    """
    requests = sum(expected_requests(plan) for plan, _ in runs)
    seconds = requests / PER_SECOND.get(engine.name, PER_SECOND["compiled"]) / max(1, min(workers, len(runs)))
    if seconds > time_limit():
        raise EngineError(
            f"some {requests:.2g} requests would take about {in_words(seconds)} here: ask for less (a lower rate, a "
            f"shorter duration=, fewer replications=), or allow it by --time-limit or the environment variable "
            f"{TIME_LIMIT}, for example {2.0 * seconds / 3600.0:.0f}h"
        )
    needed = [_least_memory(plan, detail) for plan, detail in runs]
    limit = getattr(engine, "memory_limit", None)
    if limit is not None and max(needed, default=0.0) > limit:
        raise _without_room("one run records", max(needed), limit)
    if sum(needed) > available_memory():
        raise _without_room(f"{len(runs)} runs record", sum(needed), available_memory())


def _without_room(who: str, needed: float, limit: int) -> CapacityExceeded:
    return CapacityExceeded(
        f"{who} so many requests that they take {rough_memory(needed)} of memory at least, and may take "
        f"{rough_memory(limit)}: ask for less (a lower rate, a shorter duration=, fewer replications=), record less "
        f'(detail="summary"), or {RATHER}'
    )


def _least_memory(plan: Plan, detail: Detail) -> float:
    """Bytes of what is surely recorded of the requests that arrive; what closed users ask for is not known."""
    of_users = float(plan.workloads.users.sum())
    arrivals = 0.0 if of_users else expected_requests(plan)
    if detail != "summary":
        return ROW_BYTES * arrivals
    return LATENCY_BYTES * arrivals if _keeps_all(plan) else 0.0


def _keeps_all(plan: Plan) -> bool:
    """Whether every request waits until it is served: nothing is rejected, gives up or fails."""
    parts = (plan.policies.name, plan.limiters.service, plan.failures.service, plan.faults.kind)
    unbounded = bool(np.all(plan.units.queue_capacity == UNLIMITED))
    lossless = not (plan.calls.loss.any() or plan.calls.error_rate.any() or may_fail(plan))
    return unbounded and lossless and not any(len(part) for part in parts) and not np.isfinite(plan.calls.timeout).any()


def in_words(seconds: float) -> str:
    """A long time: `30 hours`, `4 days`, `1,200 years`, `6e+12 years`."""
    for unit, size in (("years", YEAR_S), ("days", 86400.0)):
        if seconds >= 2.0 * size:
            value = seconds / size
            return f"{value:.1g} {unit}" if value >= 1e6 else f"{value:,.0f} {unit}"
    return f"{seconds / 3600.0:,.0f} hours" if seconds >= 7200.0 else f"{seconds:,.0f} s"
