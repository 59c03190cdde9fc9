"""Why no configuration meets the objectives (rule 13.7)."""

from __future__ import annotations

import math
from typing import Any

from ...plan.layout import UNLIMITED
from ...plan.plan import Plan
from ...results import Results
from ...results.display import quantity
from ...results.objectives import detail_needed
from .judging import Judge, objective_label, shown_miss, worst_objective
from .lattice import Lattice

COMPONENTS = {
    "network_s": "the network to",
    "waiting_s": "waiting at",
    "service_s": "service at",
    "timeout_s": "timeouts of",
}


def why_not(judge: Judge) -> str:
    """A sentence or two that says why the objectives cannot be met, or cannot be shown to be."""
    lattice = judge.lattice
    if starved := _starved(lattice):
        return f"The objectives cannot be met, because {starved}."
    free, best = judge.unhindered
    if row := shown_miss(best):
        return f"The objectives cannot be met, because {_even_without_waiting(judge, free, best, row)}."
    top = judge(lattice.top)
    plan = lattice.compile(lattice.top)
    result = judge.simulate(plan, "requests" if top.objective.endswith(" errorRate") else detail_needed(plan))
    row = shown_miss(result)
    if row is not None and not _in_doubt(judge):
        return f"The objectives cannot be met, because {_waiting(lattice, plan, result, row)}."
    ratio, worst = worst_objective(best)
    if ratio > 1.0:
        return _not_shown(worst, "even if nobody ever waits")
    return _not_shown(worst_objective(result)[1], "in the largest configuration")


def _in_doubt(judge: Judge) -> bool:
    """Whether the nearest configuration meets its worst objective by its value."""
    nearest = judge.nearest
    return nearest is not None and nearest.value <= nearest.limit < nearest.high


def _not_shown(row: dict[str, Any], where: str) -> str:
    """What is said where the interval does not tell (rule 13.7)."""
    low, high, limit = (told(row, row[name]) for name in ("low", "high", "limit"))
    return (
        f"The objectives cannot be shown to be met with runs this short: {objective_label(row)} {where} is"
        f" {told(row, row['value'])}, between {low} and {high}, and the limit is {limit}."
        " Longer runs or more replications may show it, or that it cannot be."
    )


def _starved(lattice: Lattice) -> str:
    """A unit that can never be stable."""
    for unit, (name, needed) in enumerate(zip(lattice.sized, lattice.needed, strict=True)):
        if not lattice.options[unit]:
            least = f"{name} keeps up with what is offered to it from {min(needed.values())} replicas on"
            return f"{least}, and max_replicas is {lattice.max_replicas}"
    return ""


def told(row: dict[str, Any], value: float) -> str:
    """A value of an objective, with its unit."""
    if row["quantity"] == "errorRate":
        return f"{quantity('errorRate', value)} %"
    return f"{quantity('latency_s', value)} ms"


def _even_without_waiting(judge: Judge, free: Plan, result: Results, row: dict[str, Any]) -> str:
    label = objective_label(row)
    if math.isnan(row["high"]):
        return f"{label} has nothing to go by: no call of it has ended so in the span"
    seen = f"{told(row, row['value'])} (up to {told(row, row['high'])})"
    head = f"{label} is {seen} even if nobody ever waits, and the limit is {told(row, row['limit'])}"
    if row["quantity"] == "errorRate":
        return f"{head}: {_causes(judge.simulate(free, 'requests'))}"
    return f"{head}: {_longest(result)}"


def _longest(result: Results) -> str:
    """Where most of the mean latency is."""
    table = result.breakdown
    cells = table.to_numpy()
    row, column = divmod(int(cells.argmax()), cells.shape[1])
    where = f"{COMPONENTS[str(table.columns[column])]} {table.index[row]}"
    most, total = (quantity("latency_s", float(value)) for value in (cells[row, column], cells.sum()))
    return f"most of a request's mean latency is {where} ({most} of {total} ms)"


def _causes(result: Results) -> str:
    """The most frequent cause of failures."""
    requests = result.requests
    mine = requests.loc[requests["arrival_s"] >= result.provenance["warmup_s"], "cause"].astype(str)
    causes = mine[mine != ""].value_counts()
    if causes.empty:
        return "those failures are seen by no user"
    # Of equal counts the first in the alphabet.
    cause = min(causes[causes == causes.iloc[0]].index)
    return f"most of the failures are {cause} ({quantity('errorRate', causes[cause] / len(mine))} % of the requests)"


def _waiting(lattice: Lattice, plan: Plan, result: Results, row: dict[str, Any]) -> str:
    """For whom requests wait in the largest configuration."""
    units: Any = result.units
    name = str(units["queue_length"].idxmax())
    place = plan.units.name.index(name)
    size = f"{plan.units.replicas[place]} of {plan.units.cpu[place]:g} cores"
    if plan.units.concurrency[place] != UNLIMITED:
        size += f" and {plan.units.concurrency[place]} slots"
    fixed = "is not sized" if name not in lattice.sized else f"has max_replicas = {lattice.max_replicas}"
    seen = f"{told(row, row['value'])} (up to {told(row, row['high'])}, limit {told(row, row['limit'])})"
    busy = f"cores busy {units['utilisation_ratio'][name]:.1%}, {units['queue_length'][name]:.3g} waiting"
    text = (
        f"{objective_label(row)} is {seen} also in the largest configuration: requests wait for {name},"
        f" which {fixed} ({size}, {busy})"
    )
    return f"{text}; {_causes(result)}" if row["quantity"] == "errorRate" else text
