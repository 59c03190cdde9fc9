"""What users come for: the entries of all workloads, each with its share of the requests and its own latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..answers import Section, Table
from ..words import PERCENT, column, headed, percent

if TYPE_CHECKING:
    import pandas as pd

    from .results import Results

SHOWN: Final = {
    "calls_per_s": "arrivals", "error_ratio": "errors", "latency_mean_s": "mean", "latency_p50_s": "p50",
    "latency_p90_s": "p90", "latency_p99_s": "p99",
}  # fmt: skip
"""What is shown of a journey, and its words."""
MOST: Final = 4
"""Journeys that a sentence names."""


def journeys(results: Results) -> pd.DataFrame:
    """The rows of `endpoints` that are entries, by workload and entry, with their `share` of all requests."""
    table: Any = results.endpoints
    entry, endpoint = (table.index.get_level_values(name) for name in ("entry", "endpoint"))
    table = table[entry == endpoint].droplevel("endpoint")
    total = table["calls"].sum()
    return table.assign(share=table["calls"] / total if total else float("nan"))  # type: ignore[no-any-return]


def names(table: pd.DataFrame) -> list[str]:
    """Of journeys: the entry, and the workload too where one does not tell them apart."""
    entries = [str(entry) for _, entry in table.index]
    if len(set(entries)) == len(entries):
        return entries
    return [f"{workload} {entry}" for workload, entry in table.index]


def mixture(table: pd.DataFrame) -> str:
    """Of which journeys latencies are, the most frequent first; empty if there is one only."""
    if len(table) < 2 or not table["calls"].sum():
        return ""
    pairs = sorted(zip(table["share"], names(table), strict=True), key=lambda pair: -pair[0])
    told = [f"{name} {percent(round(share, 3))}" for share, name in pairs[:MOST]]
    more = [f"{len(pairs) - MOST} more"] if len(pairs) > MOST else []
    return f"latency is of all journeys together: {', '.join([*told, *more])}"


def journey_section(results: Results) -> Section:
    """Of which journeys latencies are, and one row a journey; nothing if there is one only."""
    table = journeys(results)
    if not (text := mixture(table)):
        return ()
    share = ["share (%)", *column(table["share"].tolist(), PERCENT)]
    columns = [headed(words, name, table[name].tolist()) for name, words in SHOWN.items()]
    return text, Table.of_columns(["journey", *names(table)], share, *columns)
