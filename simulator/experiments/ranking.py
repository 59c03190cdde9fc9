"""More than two deployments in one table: those that meet every objective first, the cheapest of them above."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from ..answers import Section, Table
from ..results import Results
from ..results.pairs import one_currency
from ..words import column, headed, titled

SHOWN: Final = {
    "cost_per_hour": "cost per hour", "cores": "cores", "latency_p99_s": "p99", "availability_ratio": "served",
    "goodput_per_s": "goodput",
}  # fmt: skip
"""What is shown of each, and its words."""


def rank(results: Mapping[str, Results], cores: Mapping[str, float]) -> pd.DataFrame:
    """One row a deployment, the best first: whether it meets every objective, then its cost, its cores, its p99.

    Those that meet them and cost the same have one `rank`; those that miss one come last, by p99. Cores decide where
    nothing has a price, something has none, or prices are in unlike currencies (rule 11.25).
    """
    by_cost = is_priced(results)
    rows: list[dict[str, Any]] = []
    for name, result in results.items():
        summary = result.summary
        rows.append(
            {"deployment": name, "met": result.met, "cores": cores[name]}
            | {quantity: float(summary[quantity]) for quantity in SHOWN if quantity != "cores"}
        )
    rows.sort(key=lambda row: _order(row, by_cost))
    places = [_price(row, by_cost) for row in rows]
    ranks = [places.index(place) + 1 for place in places]
    table = pd.DataFrame({"rank": ranks, **{key: [row[key] for row in rows] for key in rows[0]}})
    return table.set_index("deployment")[["rank", "met", *SHOWN]]


def is_priced(results: Mapping[str, Results]) -> bool:
    """Whether costs can be compared: all have some, in one currency."""
    costs = [float(result.summary["cost_per_hour"]) for result in results.values()]
    return one_currency(list(results.values())) and all(cost >= 0.0 for cost in costs) and max(costs) > 0.0


def _price(row: Mapping[str, Any], by_cost: bool) -> tuple[bool, float]:
    """What decides the rank: cost, or cores where costs cannot be compared."""
    return not row["met"], float(f"{row['cost_per_hour' if by_cost else 'cores']:.9g}")


def _order(row: Mapping[str, Any], by_cost: bool) -> tuple[Any, ...]:
    p99 = row["latency_p99_s"]
    return (*_price(row, by_cost), math.inf if math.isnan(p99) else p99)


def ranking_section(table: pd.DataFrame, currency: str | None, *, judged: bool, priced: bool) -> Section:
    """By what it is ordered, and the table."""
    columns = [
        ["deployment", *map(str, table.index)], ["rank", *column(table["rank"].tolist())],
        ["objectives", *("-" if not judged else "met" if met else "MISSED" for met in table["met"])],
    ]  # fmt: skip
    for name, words in SHOWN.items():
        if name != "cost_per_hour":
            columns.append(headed(words, name, table[name].tolist()))
        elif priced:
            columns.append([titled(words, currency), *column(table[name].tolist())])
    first = "those that meet every objective first, then by" if judged else "by"
    return f"all of them, {first} {'cost' if priced else 'cores'}:", Table.of_columns(*columns)
