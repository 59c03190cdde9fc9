"""What a run says, with units that people read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from ..answers import Answer, Later, Section, Table
from ..words import NOTHING, Unit, count, ends, headed, in_full, is_lopsided, label, percent, span, unit_of, write
from .journeys import journey_section
from .quantities import COUNTS

if TYPE_CHECKING:
    from .results import Results

MOST_CAUSES: Final = 8

HEADLINES: Final = (
    "requests", "throughput_per_s", "goodput_per_s", "availability_ratio", "latency_mean_s", "latency_p50_s",
    "latency_p90_s", "latency_p95_s", "latency_p99_s", "latency_p999_s", "completion_mean_s", "completion_p50_s",
    "completion_p99_s", "unsettled_ratio", "degraded", "errors", "unfinished",
    "cost_per_hour", "cost_per_million_successful",
)  # fmt: skip
ALWAYS: Final = ("requests", "errors", "unfinished")
LATER: Final = ("completion_", "unsettled_")
"""What says nothing new where requests have settled when they are answered."""
SERVICE_HEAD: Final = {
    "replicas": "replicas", "utilisation_ratio": "utilisation", "waiting_time_s": "waiting",
    "service_time_s": "service", "queue_length": "queue", "throughput_per_s": "throughput",
    "failed_calls": "failed",
}  # fmt: skip
OBJECTIVE_HEAD: Final = ("slo", "endpoint", "quantity", "limit", "value", "served", "verdict")


def headline_rows(results: Results) -> list[tuple[str, str, str]]:
    """What, how much, and give or take how much."""
    summary, intervals, currency = results.summary, results.intervals, results.provenance["currency"]
    rows = []
    for name in HEADLINES:
        value = float(summary[name])
        if math.isnan(value) or (value == 0.0 and name in COUNTS and name not in ALWAYS):
            continue
        if name.startswith(LATER) and not lingers(summary):
            continue
        unit = unit_of(name, (value,))
        shown, sure = (write(value, unit), "") if name in COUNTS else give_or_take(name, intervals, unit)
        rows.append((label(name, currency, unit), shown, sure))
    return rows


def lingers(summary: Any) -> bool:
    """Whether requests had set off more than they waited for."""
    same = all(summary[f"completion_{name}"] == summary[f"latency_{name}"] for name in ("mean_s", "p99_s"))
    return not same or summary["unsettled_ratio"] * summary["requests"] > summary["unfinished"] + 0.5


def give_or_take(name: str, intervals: Any, unit: Unit) -> tuple[str, str]:
    """A value and how sure it is: ± its half width, or (both ends) of an interval that is longer on one side."""
    value, half_width, low, high = (float(intervals[column][name]) for column in ("mean", "half_width", "low", "high"))
    shown, _, known = write(value, unit, half_width).partition(" ± ")
    if known and is_lopsided(value, low, high):
        return write(value, unit), f"({ends(low, high, unit)})"
    return shown, f"± {known}" if known else ""


def service_table(results: Results) -> Table:
    """One row a service, each column in a unit that fits all of them."""
    table = results.services
    columns = [headed(words, name, table[name].astype("float64").tolist()) for name, words in SERVICE_HEAD.items()]
    return Table.of_columns(["service", *map(str, table.index)], *columns)


def objective_rows(results: Results) -> list[list[str]]:
    """One row an objective."""
    rows = []
    for row in results.objectives.to_dict(orient="records"):
        kind = "errorRate" if row["quantity"] == "errorRate" else "latency_s"
        unit = unit_of(kind, (row["limit"], row["value"]))
        seen = [unit.after(write(value, unit)) for value in (row["limit"], row["value"])]
        verdict = "met" if row["met"] else "MISSED"
        sure = ", not sure" if row["straddles"] else ""
        why = f": {row['reason']}" if row["reason"] and kind != "errorRate" else ""
        served = NOTHING if kind == "errorRate" else share_served(row["served_ratio"])
        quantity = in_full(row["quantity"]) + (", settled" if row["until"] == "settled" else "")
        rows.append([row["slo"], row["endpoint"], quantity, *seen, served, verdict + sure + why])
    return rows


def share_served(share: float) -> str:
    """The part of the requests that a latency is of; what lacks a little to all is not written as all."""
    return NOTHING if math.isnan(share) else percent(share)


def cause_line(results: Results) -> str:
    """Why requests that arrived in the span failed, the most frequent cause first; empty if none did, or unknown."""
    if results.provenance["detail"] == "summary":
        return ""
    requests = results.requests
    causes = requests["cause"][requests["arrival_s"] >= results.provenance["warmup_s"]]
    counts = causes[causes != ""].astype(str).value_counts()
    return ", ".join(f"{cause} {number:,}" for cause, number in counts.head(MOST_CAUSES).items())


def answer_of(results: Results) -> Answer:
    """What was run and how, what it gives, and whether the objectives are met."""
    return Answer(
        headline=title(results),
        conditions=(conditions(results),),
        sections=Later(lambda: sections(results)),
        warnings=results.warnings,
        content=content_of(results),
    )


def sections(results: Results) -> Iterator[Section]:
    """Of all requests, of each journey and service, why some failed, and what the objectives say."""
    yield (Table(("", "", ""), headline_rows(results)),)
    yield journey_section(results)
    yield (service_table(results),)
    if causes := cause_line(results):
        yield (f"failures by cause: {causes}",)
    yield (Table(OBJECTIVE_HEAD, objective_rows(results), 2),)


def content_of(results: Results) -> dict[str, Any]:
    """All but the logs and the timeline."""
    summary = results.summary
    return {
        "summary": {**summary, **{name: int(summary[name]) for name in COUNTS}},
        "intervals": results.intervals,
        "services": results.services,
        "units": results.units,
        "endpoints": results.endpoints.reset_index(),
        "breakdown": results.breakdown,
        "outcomes": results.outcomes,
        "objectives": results.objectives,
        "met": results.met,
        "warnings": results.warnings,
        "provenance": results.provenance,
    }


def title(results: Results) -> str:
    """What was run, and how."""
    made = results.provenance
    return f"{made['topology']} as {made['deployment']}: {count(made['replications'], 'replication')}"


def conditions(results: Results, *more: str) -> str:
    """The span, the seed, what else there is to say, the engine."""
    made = results.provenance
    asked = f"requests arriving in {span(made['warmup_s'], made['duration_s'])}", f"seed {made['seed']}"
    return ", ".join((*asked, *more, f"{made['engine']} engine", f"{percent(made['confidence'])} intervals"))
