"""Of several objectives the worst, by its limit: what one panel and one column can show of all."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from ...plan.plan import Plan
from ...results import Results
from ...results.objectives import ERRORS
from ...words import join
from ..sizes.judging import objective_label, worst_objective

WORST: Final = "worst_by_limit_ratio"
P99: Final = "latency_p99_s"


def judged_column(plan: Plan) -> str:
    """What is shown beside the price: the p99 of all requests where that is of what is promised, else what is worst."""
    entries = set(plan.calls.target[plan.workloads.entry_call].tolist())
    promised = [one for one in plan.objectives if one.quantity != ERRORS]
    answered = all(one.endpoint in entries and not one.settled for one in promised)
    return P99 if len(entries) == 1 and answered else WORST


def worst_columns(result: Results) -> dict[str, Any]:
    """The objective whose upper end is highest by its limit: its value by its limit, and the interval of that."""
    row: Any = worst_objective(result)[1]
    value, low, high = (_by_limit(float(row[name]), float(row["limit"])) for name in ("value", "low", "high"))
    half = (high - low) / 2.0 if math.isfinite(high) else math.nan
    return {
        "worst_objective": objective_label(row), WORST: value,
        f"{WORST}_half_width": half, f"{WORST}_low": low, f"{WORST}_high": high,
    }  # fmt: skip


def _by_limit(value: float, limit: float) -> float:
    """NaN where something is no share of nothing."""
    if limit > 0.0:
        return value / limit
    return math.nan if value > 0.0 else value


def worst_in_words(table: pd.DataFrame) -> str:
    """What the column says, and of which objectives, in the order of the table."""
    which = join(list(dict.fromkeys(table["worst_objective"].astype(str))))
    return f"Worst by limit is the value, by its limit, of the objective that is nearest to it or beyond: {which}."
