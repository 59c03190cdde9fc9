"""Retry budgets: their table, and what is said of them before a run."""

from __future__ import annotations

from ..plan.plan import Plan
from ..plan.policies import Budgets
from .guards import Guard


def _own(plan: Plan, row: int, target: str) -> str:
    return f"has a retry budget of its own towards {target}"


BUDGET = Guard("budget", "retry_budget", Budgets, {"percent": "percent", "least": "min_retry_concurrency"}, _own)
