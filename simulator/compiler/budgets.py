"""Retry budgets: their table, and what is said of them before a run."""

from __future__ import annotations

from ..plan.plan import Budgets, Plan
from .guards import Guard, Shared, floats, integers


def _table(shared: Shared) -> Budgets:
    return Budgets(
        callers=shared.callers,
        percent=floats(shared.column("percent")),
        least=integers(shared.column("min_retry_concurrency")),
    )


def _own(plan: Plan, row: int, target: str) -> str:
    return f"has a retry budget of its own towards {target}"


BUDGET = Guard("budget", "retry_budget", _table, _own)
