"""Why no configuration meets the objectives (rule 13.7)."""

from __future__ import annotations

import math
from typing import Any

from ... import words
from ...plan.layout import UNLIMITED, Outcome
from ...plan.plan import Plan
from ...results import Results
from ...results.objectives import ERRORS, detail_needed
from .judging import Judge, objective_label, shown_miss, unserved, without_waiting, worst_objective
from .lattice import Lattice
from .own import Own, compile_alone, own_of

COMPONENTS = {
    "network_s": "the network to",
    "waiting_s": "waiting at",
    "service_s": "service at",
    "timeout_s": "timeouts and backoff at",
}
UNHINDERED = "even if nobody ever waits for a core or a slot"


def why_not(judge: Judge) -> tuple[str, bool]:
    """Why the objectives cannot be met, or cannot be shown to be; and whether every size is shown to miss one."""
    lattice = judge.lattice
    if starved := _starved(lattice):
        return f"The objectives cannot be met, because {starved}.", True
    free, best = judge.unhindered
    if row := shown_miss(best):
        why = f"{_opening(judge)}, because {_even_without_waiting(judge, free, best, row)}."
        return why + _assumed(judge), _all_miss(judge)
    judge(lattice.top)
    plan = lattice.compile(lattice.top)
    result = judge.simulate(plan, detail_needed(plan))
    row = shown_miss(result)
    if row is not None and not _in_doubt(judge):
        why = f"{_opening(judge)}, because {_in_the_largest(judge, plan, result, row)}."
        return why + (_assumed(judge) or " This takes it that more never hurts."), _all_miss(judge)
    ratio, worst = worst_objective(best)
    if ratio > 1.0:
        return _not_shown(worst, UNHINDERED), False
    return _not_shown(worst_objective(result)[1], "in the largest configuration"), False


def _all_miss(judge: Judge) -> bool:
    """Whether what the best of conditions show is shown of every size: where more may hurt, only by a run of each."""
    return not judge.lattice.doubts or (judge.all_tried and all(trial.misses for trial in judge.trials.values()))


def _opening(judge: Judge) -> str:
    """What is claimed: no more than was shown by what was tried, where more may hurt."""
    return "The objectives cannot be met" if _all_miss(judge) else "No size was found that meets the objectives"


def _assumed(judge: Judge) -> str:
    """What the claim rests on, where one may doubt it."""
    if judge.all_tried:
        return " Every size was simulated."
    if judge.lattice.doubts:
        return f" Not every size was simulated, and fewer may be better: {judge.lattice.doubts[0].why}."
    return ""


def _in_doubt(judge: Judge) -> bool:
    """Whether the nearest configuration meets its worst objective by its value."""
    nearest = judge.nearest
    return nearest is not None and nearest.value <= nearest.limit < nearest.high


def _not_shown(row: dict[str, Any], where: str) -> str:
    """What is said where the interval does not tell (rule 13.7)."""
    low, high, limit = (told(row, row[name]) for name in ("low", "high", "limit"))
    known = f"between {low} and {high}" if math.isfinite(row["high"]) else f"above {low}"
    return (
        f"The objectives cannot be shown to be met with runs this short: {objective_label(row)} {where} is"
        f" {told(row, row['value'])}, {known}, and the limit is {limit}."
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
    return words.told("errorRate" if row["quantity"] == "errorRate" else "latency_s", value)


def _even_without_waiting(judge: Judge, free: Plan, result: Results, row: dict[str, Any]) -> str:
    label = objective_label(row)
    if math.isnan(row["high"]):
        return nothing_seen(row)
    seen = f"{told(row, row['value'])} (up to {told(row, row['high'])})"
    if unserved(row):
        few = f"{label} is only of the {_served(row)} that are served, {UNHINDERED}"
        return f"{few}: {_causes(judge, free, result, own_of(free, row))[0]}"
    head = f"{label} is {seen} {UNHINDERED}, and the limit is {told(row, row['limit'])}"
    if row["quantity"] == "errorRate":
        return f"{head}: {_causes(judge, free, result, own_of(free, row))[0]}"
    return f"{head}: {_longest(judge, result, own_of(free, row))}"


def _served(row: dict[str, Any]) -> str:
    return words.percent(float(row["served_ratio"]))


def subset(row: dict[str, Any]) -> str:
    """Of which share an objective's value is, and what makes it unsure; nothing, if it is of all."""
    if row["quantity"] == ERRORS:
        return f"; {row['reason']}" if row["reason"] else ""
    if not row["served_ratio"] < 1.0:
        return ""
    many = "; without an errorRate that is promised that is not met" if unserved(row) else ""
    return f", of the {_served(row)} that were served{many}"


def nothing_seen(row: dict[str, Any]) -> str:
    """That an objective has no value, or no interval."""
    label = objective_label(row)
    if math.isnan(row["value"]):
        return f"{label} has nothing to go by: no call of it has ended so in the span"
    return f"{label} has no interval: calls of it have ended so in one replication only"


def _longest(judge: Judge, result: Results, own: Own) -> str:
    """Where most of the mean latency of its requests is; of calls inside no more than how long they take."""
    if own.inner:
        return f"its calls take {words.duration(own.calls(result)[2])} in the mean"
    whose = "a request's mean latency"
    if not own.everything:
        lattice = judge.lattice
        plan = compile_alone(lattice.topology, lattice.deployment, own.slo, lattice.sizes(lattice.top))
        result = judge.simulate(without_waiting(plan), "summary")
        whose = "the mean latency of its requests, nobody else asking,"
    table = result.breakdown
    cells = table.to_numpy()
    row, column = divmod(int(cells.argmax()), cells.shape[1])
    component, service = str(table.columns[column]), str(table.index[row])
    limit = _rate_limit(own.plan, service) if component == "waiting_s" else ""
    most, total = float(cells[row, column]), float(cells.sum())
    unit = words.unit_of("latency_s", (total,))
    of_all = f"({words.write(most, unit)} of {unit.after(words.write(total, unit))})"
    return f"{_part(most, total)} of {whose} is {COMPONENTS[component]} {service} {of_all}{limit}"


def _causes(judge: Judge, plan: Plan, result: Results, own: Own) -> tuple[str, str]:
    """In words, and the most frequent cause of failures of its requests; of calls inside only how many fail."""
    if own.inner:
        calls, failed, _ = own.calls(result)
        return f"{words.number(failed)} of its {words.count(calls, 'call')} failed", ""
    counts, number = own.failures(judge.simulate(plan, own.detail))
    if counts.empty:
        return "none of its requests failed in the span", ""
    most, total = int(counts.iloc[0]), int(counts.sum())
    share = words.percent(most / number)
    whose = "the requests" if own.everything else "its requests"
    cause = str(counts.index[0])
    limit = _rate_limit(plan, _rejecting(cause))
    return f"{_part(most, total)} of the failures are {cause} ({share} of {whose}){limit}", cause


def _rejecting(cause: str) -> str:
    """The service that rejects, if this is the cause."""
    outcome, _, service = cause.partition("@")
    return service if outcome == Outcome.REJECTED.word else ""


def _rate_limit(plan: Plan, service: str) -> str:
    """How much the rate limit of a service lets through, if it has one."""
    limits = plan.limiters
    rows = [row for row, one in enumerate(limits.service.tolist()) if plan.services.name[one] == service]
    if not rows:
        return ""
    most = float(limits.limit[rows[0]] / limits.period_s[rows[0]])
    return f"; the rate limit of {service} lets {words.number(most)}/s through, whatever its size"


def _part(most: float, total: float) -> str:
    return "most" if most > total / 2.0 else "the largest part"


def _in_the_largest(judge: Judge, plan: Plan, result: Results, row: dict[str, Any]) -> str:
    """What holds up its requests in the largest configuration, or makes them fail."""
    if math.isnan(row["high"]):
        return nothing_seen(row)
    own = own_of(plan, row)
    if unserved(row):
        few = f"{objective_label(row)} is of the {_served(row)} that are served, also in the largest configuration"
        return f"{few}: {_causes(judge, plan, result, own)[0]}"
    seen = f"{told(row, row['value'])} (up to {told(row, row['high'])}, limit {told(row, row['limit'])})"
    text = f"{objective_label(row)} is {seen} also in the largest configuration"
    waits = own.waits(result)
    unit = str(waits.idxmax()) if waits.max() > 0.0 else ""
    if row["quantity"] != "errorRate":
        return f"{text}: requests wait for {_what(judge.lattice, plan, result, unit)}" if unit else text
    causes, first = _causes(judge, plan, result, own)
    text = f"{text}: {causes}"
    outcome, _, service = first.partition("@")
    if outcome == Outcome.REJECTED.word:
        full = int(plan.services.unit[plan.services.name.index(service)])
        if plan.units.queue_capacity[full] != UNLIMITED:
            text += f"; the queue is that of {_what(judge.lattice, plan, result, plan.units.name[full])}"
    elif unit and outcome in (Outcome.TIMEOUT.word, Outcome.UNFINISHED.word):
        text += f"; requests wait for {_what(judge.lattice, plan, result, unit)}"
    return text


def _what(lattice: Lattice, plan: Plan, result: Results, name: str) -> str:
    """A unit that requests wait for, and why it has no more replicas."""
    units: Any = result.units
    place = plan.units.name.index(name)
    size = f"{plan.units.replicas[place]} of {words.count(float(plan.units.cpu[place]), 'core')}"
    if plan.units.concurrency[place] != UNLIMITED:
        size += f" and {plan.units.concurrency[place]} slots"
    fixed = "is not sized" if name not in lattice.sized else f"has max_replicas = {lattice.max_replicas}"
    used, waiting = units["utilisation_ratio"][name], units["queue_length"][name]
    busy = f"cores busy {words.percent(used)}, {words.number(waiting)} waiting"
    return f"{name}, which {fixed} ({size}, {busy})"
