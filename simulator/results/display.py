"""Results as text for a terminal and as HTML for a notebook, with units that people read."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

from ..words import NOTHING, Unit, column, count, ends, percent, span, unit_of, write
from .journeys import journey_table, mixture
from .quantities import COUNTS

if TYPE_CHECKING:
    from .results import Results

WIDTH: Final = 100
FEWEST: Final = 5
GAP: Final = "  "
MOST_CAUSES: Final = 8

HEADLINES: Final = (
    "requests", "throughput_per_s", "goodput_per_s", "availability_ratio", "latency_mean_s", "latency_p50_s",
    "latency_p90_s", "latency_p95_s", "latency_p99_s", "latency_p999_s", "degraded", "errors", "unfinished",
    "cost_per_hour", "cost_per_million_successful",
)  # fmt: skip
ALWAYS: Final = ("requests", "errors", "unfinished")
SERVICE_HEAD: Final = {
    "replicas": "replicas", "utilisation_ratio": "utilisation", "waiting_time_s": "waiting",
    "service_time_s": "service", "queue_length": "queue", "throughput_per_s": "throughput",
    "failed_calls": "failed",
}  # fmt: skip
OBJECTIVE_HEAD: Final = ("slo", "endpoint", "quantity", "limit", "value", "served", "verdict")
LOPSIDED: Final = 0.1
"""How far the middle of an interval may lie from its value, by its length, to be written as give or take."""
STYLE: Final = "text-align:right;padding:2px 10px;font-variant-numeric:tabular-nums"


def label(name: str, currency: str | None = None, unit: Unit | None = None) -> str:
    """A column as people read it, and the unit of its values: latency_p999_s is latency p99.9 (ms)."""
    words = in_full(name)
    if name.startswith("cost_"):
        return f"{words.replace('_', ' ')} ({currency})" if currency else words.replace("_", " ")
    for ending in ("_per_s", "_ratio", "_s"):
        if words.endswith(ending):
            return f"{words.removesuffix(ending).replace('_', ' ')} ({(unit or unit_of(name)).name})"
    return words.replace("_", " ")


def in_full(name: str) -> str:
    """Percentiles as people write them: p999 is p99.9, and p9999 is p99.99."""
    return name.replace("p999", "p99.9")


def shorten(name: str, width: int) -> str:
    """A name within a width."""
    return name if len(name) <= width else f"{name[: width - 1]}…"


def headline_rows(results: Results) -> list[tuple[str, str, str]]:
    """What, how much, and give or take how much."""
    summary, intervals, currency = results.summary, results.intervals, results.provenance["currency"]
    rows = []
    for name in HEADLINES:
        value = float(summary[name])
        if math.isnan(value) or (value == 0.0 and name in COUNTS and name not in ALWAYS):
            continue
        unit = unit_of(name, (value,))
        shown, sure = (write(value, unit), "") if name in COUNTS else give_or_take(name, intervals, unit)
        rows.append((label(name, currency, unit), shown, sure))
    return rows


def give_or_take(name: str, intervals: Any, unit: Unit) -> tuple[str, str]:
    """A value and how sure it is: ± its half width, or (both ends) of an interval that is longer on one side."""
    value, half_width, low, high = (float(intervals[column][name]) for column in ("mean", "half_width", "low", "high"))
    shown, _, known = write(value, unit, half_width).partition(" ± ")
    if known and abs(high + low - 2.0 * value) > LOPSIDED * (high - low):
        return write(value, unit), f"({ends(low, high, unit)})"
    return shown, f"± {known}" if known else ""


def service_table(results: Results) -> tuple[list[str], list[list[str]]]:
    """What heads its columns, with units that fit all services; and one row a service."""
    table = results.services
    head, columns = ["service"], [list(map(str, table.index))]
    for name, words in SERVICE_HEAD.items():
        values = table[name].to_numpy(dtype="float64").tolist()
        unit = unit_of(name, values)
        head.append(f"{words} ({unit.name})" if unit.name else words)
        columns.append(column(values, unit))
    return head, [list(row) for row in zip(*columns, strict=True)]


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
        rows.append([row["slo"], row["endpoint"], in_full(row["quantity"]), *seen, served, verdict + sure + why])
    return rows


def share_served(share: float) -> str:
    """The part of the requests that a latency is of; what lacks a little to all is not written as all."""
    return NOTHING if math.isnan(share) else percent(share)


def cause_line(results: Results) -> str:
    """Why requests that arrived in the span failed, the most frequent cause first; empty if none did, or unknown."""
    if results.provenance["detail"] == "summary":
        return ""
    requests = results.requests
    causes = requests.loc[requests["arrival_s"] >= results.provenance["warmup_s"], "cause"].astype(str)
    counts = causes[causes != ""].value_counts()
    return ", ".join(f"{cause} {number:,}" for cause, number in counts.head(MOST_CAUSES).items())


def title(results: Results) -> str:
    """What was run, and how."""
    made = results.provenance
    return f"{made['topology']} as {made['deployment']}: {count(made['replications'], 'replication')}"


def conditions(results: Results) -> str:
    """The span, the seed, the engine."""
    made = results.provenance
    return (
        f"requests arriving in {span(made['warmup_s'], made['duration_s'])}, seed {made['seed']}, "
        f"{made['engine']} engine, {percent(made['confidence'])} intervals"
    )


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> list[str]:
    """Lines of columns, the first `texts` of them names: to the left, and shortened to what is left of the line."""
    cells = [head, *rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    room = WIDTH - sum(widths[texts:]) - len(GAP) * (len(head) - 1)
    for left, at in enumerate(sorted(range(texts), key=widths.__getitem__)):  # short ones leave more to long ones
        widths[at] = min(widths[at], max(room // (texts - left), FEWEST))
        room -= widths[at]
    return [
        GAP.join(
            shorten(cell, width).ljust(width) if at < texts else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def to_text(results: Results) -> str:
    """At most 100 columns."""
    lines = [shorten(title(results), WIDTH), shorten(conditions(results), WIDTH), ""]
    lines += text_table(("", "", ""), headline_rows(results))[1:]
    if text := mixture(results):
        lines += ["", *textwrap.wrap(text, WIDTH, subsequent_indent="  "), *text_table(*journey_table(results))]
    lines += ["", *text_table(*service_table(results))]
    if causes := cause_line(results):
        lines += ["", *textwrap.wrap(f"failures by cause: {causes}", WIDTH, subsequent_indent="  ")]
    if len(results.objectives):
        lines += ["", *text_table(OBJECTIVE_HEAD, objective_rows(results), 2)]
    if results.warnings:
        lines += [""]
        for warning in results.warnings:
            lines += textwrap.wrap(f"warning: {warning}", WIDTH, subsequent_indent="  ")
    return "\n".join(lines)


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, every text of it escaped."""
    top = "".join(f'<th style="{STYLE}">{escape(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{STYLE}">{escape(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    return f'<table style="border-collapse:collapse"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def to_html(results: Results) -> str:
    """Self-contained: no script, no style sheet, no picture from elsewhere."""
    parts = [
        f"<p><strong>{escape(title(results))}</strong><br>{escape(conditions(results))}</p>",
        html_table(("quantity", "value", "interval"), headline_rows(results)),
        *([f"<p>{escape(text)}</p>", html_table(*journey_table(results))] if (text := mixture(results)) else []),
        html_table(*service_table(results)),
    ]
    if len(results.objectives):
        parts.append(html_table(OBJECTIVE_HEAD, objective_rows(results)))
    if results.warnings:
        parts.append("<ul>" + "".join(f"<li>{escape(text)}</li>" for text in results.warnings) + "</ul>")
    return f"<div>{''.join(parts)}</div>"
