"""What a replica gains is measured by: the objective that binds, or a quantity of all requests (rule 13.8)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import PlanError
from ...plan.plan import Objective, Plan
from ...results import Results, paired_difference, summarise
from ...results.objectives import ERRORS
from ...results.observed import observe
from ...results.pairs import paired_objective
from ...results.quantities import PERCENTILES
from ..simulation import Runs
from .judging import SMALLEST, objective_label, ratio_of, rows_of, unserved

MORE_IS_BETTER = ("throughput_per_s", "goodput_per_s", "availability_ratio")
DEFAULT = "latency_p99_s"
KNOWN = (*MORE_IS_BETTER, "latency_mean_s", *PERCENTILES, "errors", "unfinished")
"""What a replica may gain."""


@dataclass(frozen=True)
class Gains:
    """What one more replica of each unit changes, a difference a unit; `now` is without it."""

    now: Results
    quantity: str
    objective: str
    value: float
    pairs: list[Any]


def find_gains(plans: Sequence[Plan], runs: Runs, quantity: str | None, asked: Objective | None) -> Gains:
    """By a quantity of all requests, or by an objective; `plans` are the sizes now, then one more of each unit."""

    def result_of(row: int) -> Results:
        requested = plans[0].settings.replications
        return summarise(plans[row], runs.traces[row], engine_reason=runs.reason, requested=requested, cut=runs.cut)

    now = result_of(0)
    objective = None if quantity else binding_objective(plans[0], now, asked)
    chosen = quantity or quantity_of(objective)
    if objective is None:
        pairs = [paired_difference(now, result_of(row)).loc[chosen] for row in range(1, len(plans))]
        return Gains(now, chosen, "", float(now.intervals["mean"][chosen]), pairs)
    first, *others = (observe(plan, traces, runs.cut) for plan, traces in zip(plans, runs.traces, strict=True))
    confidence = plans[0].settings.confidence
    found = [paired_objective(first, other, objective, confidence) for other in others]
    if objective.quantity == ERRORS:
        found = [served_instead(pair) for pair in found]
    value = next((one["baseline"] for one in found if not math.isnan(one["baseline"])), math.nan)
    return Gains(now, chosen, objective_name(objective), value, list(found))


def objective_name(objective: Objective) -> str:
    """`checkout p99`."""
    return f"{objective.slo} {objective.quantity}"


def find_objective(plan: Plan, name: str) -> Objective:
    """The objective of this name.

    Raises
    ------
    PlanError
        With those that there are.
    """
    known = {objective_name(one): one for one in plan.objectives}
    if name not in known:
        raise PlanError(f"there is no objective {name!r} to rank by (there are {', '.join(known)})")
    return known[name]


def binding_objective(plan: Plan, result: Results, asked: Objective | None) -> Objective | None:
    """What to rank by: what was asked for, or what is furthest beyond its limit; its errors where they are the miss."""
    found = {objective_name(one): one for one in plan.objectives}
    rows = {objective_label(row): row for row in rows_of(result)}
    if not rows:
        return None
    name = max(rows, key=lambda one: reached(rows[one])) if asked is None else objective_name(asked)
    one = found[name]
    return replace(one, quantity=ERRORS, probability=math.nan) if unserved(rows[name]) else one


def reached(row: Mapping[Any, Any]) -> float:
    """How much of its limit an objective uses, by its upper end, or its value where too little was seen for one."""
    ratio = ratio_of(row)
    if math.isfinite(ratio) or math.isnan(float(row["value"])):
        return ratio
    return float(row["value"]) / max(float(row["limit"]), SMALLEST)


def quantity_of(objective: Objective | None) -> str:
    """The quantity that stands for an objective, latency_p999_s for p99.9; without one the default."""
    if objective is None:
        return DEFAULT
    if objective.quantity == ERRORS:
        return "availability_ratio"
    return f"{'completion' if objective.settled else 'latency'}_{objective.quantity.replace('.', '')}_s"


def served_instead(pair: Mapping[str, Any]) -> dict[str, Any]:
    """A difference of shares that failed, as one of those that were served."""
    difference, half_width = -pair["difference"] + 0.0, pair["half_width"]  # no minus zero
    return {
        **pair, "baseline": 1.0 - pair["baseline"], "other": 1.0 - pair["other"], "difference": difference,
        "low": difference - half_width, "high": difference + half_width,
    }  # fmt: skip


def check_quantity(quantity: str, known: Sequence[str]) -> None:
    """Refuse what no result has, and what a replica does not gain.

    Raises
    ------
    PlanError
        With the name that was perhaps meant.
    """
    if quantity not in known:
        close = difflib.get_close_matches(quantity, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise PlanError(f"there is no quantity {quantity!r} to gain{hint} (there are {', '.join(known)})")
