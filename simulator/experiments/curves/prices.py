"""Which of several sizings is cheaper, and whether that is shown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from ...compiler import compile_topology
from ...plan.plan import Plan
from ...words import join
from ..sizes.dearer import shown_to_cost_more
from ..sizes.sized import Capacity
from ..sizes.sizing import tried_table
from .words import at_loads, spell

Kind = Literal["cheaper", "same", "only", "none"]

NOT_SHOWN: Final = "not shown"
SAME: Final = 1e-9
"""Relative difference that rounding alone can make."""


@dataclass(frozen=True)
class Size:
    """Sums over units, external ones left out."""

    replicas: int
    cores: float
    memory_bytes: float


@dataclass(frozen=True)
class Verdict:
    """Which deployment is cheaper at equal objectives.

    `cheaper` if one is, `only` if only one meets the objectives, `same` if no difference is shown between the two
    cheapest, `none` if no deployment meets them. `saving_ratio` is what the winner saves of the other's price; NaN
    unless two are compared. Of `only` and `none`, `shown` is whether all that do not meet them are shown to miss them.
    """

    kind: Kind
    winner: str
    saving_ratio: float
    shown: bool = True


def size_of(plan: Plan, names: Collection[str] | None = None) -> Size:
    """What is paid for, but for the price: of all units, or of those that are named."""
    units = plan.units
    paid = units.priced == 1
    if names is not None:
        paid = paid & np.isin(np.array(units.name), list(names))
    return Size(
        int(units.replicas[paid].sum()),
        float((units.replicas * units.cpu)[paid].sum()),
        float((units.replicas * units.memory)[paid].sum()),
    )


def size_columns(sized: Capacity, plan: Plan) -> dict[str, Any]:
    """What a table says of a sizing: replicas, cores and memory of the units that were sized, prices of everything.

    A database that is kept as it is would hide how much of the rest is needed; but it is paid for.
    """
    grown, whole = size_of(plan, sized.sized), size_of(plan)
    return {
        "replicas": grown.replicas,
        "cores": grown.cores,
        "memory_bytes": grown.memory_bytes,
        "all_cores": whole.cores,
        "cost_per_hour": sized.cost_per_hour,
        **price_range(sized, whole),
    }


def price_range(sized: Capacity, size: Size) -> dict[str, float]:
    """The least price and the fewest cores, of everything, that are not shown to be too little (rule 13.10).

    Of the configurations that were tried, and of what was not tried and is as cheap as another deployment; NaN where
    the objectives are not met.
    """
    if not sized.met:
        return {"cost_low_per_hour": math.nan, "all_cores_low": math.nan}
    good = sized.tried[~sized.tried["missed"]]
    may_cost, may_take = (sized.may_cost, math.inf) if sized.judge.lattice.priced else (math.inf, sized.may_cost)
    fixed = size.cores - math.fsum(sized.replicas[unit] * sized.cores[unit] for unit in sized.sized)
    return {
        "cost_low_per_hour": float(np.min([*good["cost_per_hour"], sized.cost_per_hour, may_cost])),
        "all_cores_low": min([*(fixed + good["cores"]), size.cores, may_take]),
    }


def tell_apart(made: Sequence[Capacity]) -> list[Capacity]:
    """The sizings of deployments for the same traffic, with what it takes to say which is cheapest.

    Of each that is dearer than the cheapest it is looked up, and simulated where needed, whether all that it could be
    for the price of that one is shown to miss an objective.
    """
    price = price_column(one.cost_per_hour for one in made)
    totals = [_total(one, price) for one in made]
    least = min((total for one, total in zip(made, totals, strict=True) if one.met), default=math.inf)
    return [
        _looked_into(one, total, least, price) if one.met and total > least * (1.0 + SAME) else one
        for one, total in zip(made, totals, strict=True)
    ]


def _total(sized: Capacity, price: str) -> float:
    """What everything costs, in money or cores."""
    if price == "cost_per_hour":
        return sized.cost_per_hour
    return size_of(compile_topology(sized.topology, sized.deployment)).cores


def _looked_into(sized: Capacity, total: float, least: float, price: str) -> Capacity:
    by_money = price == "cost_per_hour"
    shown = sized.judge.lattice.priced == by_money and shown_to_cost_more(sized.judge, total - least)
    return replace(sized, tried=tried_table(sized.judge), may_cost=math.inf if shown else least)


def judge(rows: Sequence[Mapping[Any, Any]], price: str) -> Verdict:
    """Who is cheaper, of one row a deployment.

    The winner's price has to be below every price for which the other is not shown to miss an objective: so that no
    difference is shown where the other is one lucky run away.
    """
    able = sorted((row for row in rows if row["met"]), key=lambda row: float(row[price]))
    shown = all(state_of(row) != NOT_SHOWN for row in rows)
    if not able:
        return Verdict("none", "", math.nan, shown)
    first = able[0]
    if len(able) == 1:
        return Verdict("only" if len(rows) > 1 else "cheaper", str(first["deployment"]), math.nan, shown)
    lows = [float(row[low_column(price)]) for row in able[1:]]
    nearest = min(low for low in lows)
    other = float(able[1][price])
    saving = 1.0 - float(first[price]) / other if other > 0.0 else 0.0
    if float(first[price]) < nearest * (1.0 - SAME):
        return Verdict("cheaper", str(first["deployment"]), saving)
    return Verdict("same", "", saving)


def state_of(row: Mapping[Any, Any]) -> str:
    """Of the objectives of a sizing: met, not met (shown to be missed), or not shown to be either."""
    if row["met"]:
        return "met"
    return "not met" if row.get("shown_missed", True) else NOT_SHOWN


def price_column(costs: Iterable[float]) -> str:
    """The column that says what is cheaper: the fewest cores where not all have a price, or none of them costs."""
    priced = list(costs)
    return "cost_per_hour" if all(cost >= 0.0 for cost in priced) and any(priced) else "all_cores"


def price_words(price: str) -> str:
    """What the winner is or does."""
    return "is cheaper" if price == "cost_per_hour" else "takes fewer cores"


def claim(kind: str, winner: str, price: str, *, shown: bool = True, many: bool = False) -> str:
    """What a verdict says; `many` of more than two deployments."""
    meets = "meets" if shown else "is shown to meet"
    return {
        "cheaper": f"{winner} {price_words(price)}",
        "only": f"only {winner} {meets} the objectives",
        "same": f"no difference in {'cost' if price == 'cost_per_hour' else 'cores'} is shown",
        "none": f"{'none of the deployments' if many else 'neither'} {meets} the objectives",
    }[kind]


def verdict_words(
    loads: Sequence[float], verdicts: Sequence[Verdict], price: str, unit: str, *, many: bool = False
) -> str:
    """What is said of each load: of ranges where neighbours are alike, the claim of the lowest load first.

    Parameters
    ----------
    price
        The column that is compared.
    many
        Whether there are more than two deployments.
    """
    alike: dict[tuple[Kind, str, bool], list[int]] = {}
    for place, verdict in enumerate(verdicts):
        alike.setdefault((verdict.kind, verdict.winner, verdict.shown), []).append(place)
    names = spell(loads)
    if len(alike) == 1 and names[0] != names[-1]:
        ((kind, winner, shown),) = alike
        number = len(set(names))
        every = {"cheaper": f"all {number}", "only": f"each of the {number}"}.get(kind, f"any of the {number}")
        where = f"{names[0]} to {names[-1]}{unit}"
        return f"{claim(kind, winner, price, shown=shown, many=many)} at {every} loads tried ({where})"
    return "; ".join(
        f"{claim(kind, winner, price, shown=shown, many=many)} {at_loads(loads, places, unit)}"
        for (kind, winner, shown), places in alike.items()
    )


def low_column(price: str) -> str:
    """The column of what a price would be by estimate."""
    return "cost_low_per_hour" if price == "cost_per_hour" else "all_cores_low"


def unsure_words(table: pd.DataFrame, price: str, at: str, places: str) -> tuple[str, ...]:
    """How often something cheaper than what is shown is not excluded, by deployment; nothing if it is everywhere.

    Parameters
    ----------
    at, places
        What a row of one deployment is of, such as `in` and `cells`.
    """
    low = table[low_column(price)]
    unsure = table[table["met"] & (low < table[price] * (1.0 - SAME))]
    if unsure.empty:
        return ()
    every, those = Counter(table["deployment"]), Counter(unsure["deployment"])
    said = [f"of {name} {at} {many} of {every[name]} {places}" for name, many in those.items()]
    what = "cheaper" if price == "cost_per_hour" else "smaller"
    return (
        f"Not sure: {join(said)}, sizes that are {what} than those shown are not shown to miss the objectives: "
        "longer runs, or more replications, would tell.",
    )
