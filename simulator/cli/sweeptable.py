"""The table of a sweep as text, within the width of the window."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..answers import NAMES, Answer, Part, Table, shorten_before, to_text, wide
from ..words import Unit, column, count, ends, is_lopsided, number, unit_of

if TYPE_CHECKING:
    import pandas as pd

Written = Mapping[str, Mapping[float, str]]
"""By axis how its numbers were written."""

MOST_ROWS = 60
"""Rows that are shown; files have them all."""
LONGEST = (30, 24, 18, 12, 8)
"""Letters of a value of an axis: fewer, if there are many axes, but no two values look alike."""
QUANTITIES = {
    "goodput_per_s": "goodput", "latency_p99_s": "p99", "availability_ratio": "served", "latency_mean_s": "mean",
    "cost_per_hour": "cost/h",
}  # fmt: skip
"""What is shown after the objectives, and its head."""
OBJECTIVE = re.compile(r"slos\.(?P<slo>.+)\.(?P<quantity>mean|p[0-9.]+|errorRate)")
"""The column of an objective."""
SHARE = re.compile(r"journeys\.(.+)\.share_ratio")
"""The column of a journey's share."""
OVERLOAD = re.compile("is unstable: |is saturated: |: offered load ")
"""What a warning of a point says that is asked for more than it can do."""
FEW = re.compile(r"(?:; )?fewer than [0-9]+ of [0-9,]+ requests? lie beyond ([^:;]*): \S+ needs [0-9,]+ requests?")
"""What nearly every short run is warned of."""
LONG_QUANTITY = re.compile(r"([0-9]+\.[0-9]{3,})([A-Za-zµμ%/]*)")


def render(table: pd.DataFrame, written: Written, width: int) -> str:
    """The table, and what is to be said of it: what is everywhere the same above it, once."""
    shown = table.head(MOST_ROWS)
    leading = list(table.columns[: list(table.columns).index("requests")])
    fixed = [name for name in leading if len(table) > 1 and len({*map(str, table[name])}) == 1]
    varied = [name for name in leading if name not in fixed]
    heads = short_names(varied)
    texts = [[heads[name], *_cells(name, shown[name], written)] for name in varied]
    tried = ([_shortened(cells, longest) for cells in texts] for longest in LONGEST)
    columns = [*_states(table, shown), *_quantities(table, shown)]
    tables = ((one, max((wide([*one, cells]) for cells in columns), default=wide(one))) for one in tried)
    rows = next((one for one, most in tables if wide(one) <= width * NAMES or most <= width), None)
    if rows is None:  # so many axes that rows are told by their numbers, and what each is stands before
        columns = [*(_shortened(cells, LONGEST[0]) for cells in texts), *columns]
        rows = [["row", *map(str, range(1, len(shown) + 1))]]
    body: list[Part] = [Table.of_columns(*rows, *columns, names=len(rows), whole=True)]
    if len(table) > len(shown):
        more = count(len(table) - len(shown), "more row")
        body.append(f"... and {more}: --csv or --parquet have all of them")
    return to_text(Answer(sections=(_above(table, fixed, heads, written), body, remarks(table))), width)


def _shortened(cells: Sequence[str], longest: int) -> list[str]:
    """A column of values, the ends of which are left where these tell them apart."""
    head, *values = cells
    short = [shorten_before(value, longest) for value in values]
    return [head, *(short if len({*short}) == len({*values}) else values)]


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Paths as heads of columns: the last two words of them, and as many before these as tell them apart."""
    names = {}
    for path in paths:
        parts = path.split(".")
        ends = [".".join(parts[-number:]) for number in range(2, len(parts))]
        others = [f".{other}" for other in paths if other != path]
        names[path] = next((end for end in ends if not any(one.endswith(f".{end}") for one in others)), path)
    return names


def remarks(table: pd.DataFrame) -> list[str]:
    """Why rows have failed, each reason once, and how many rows warn of what; the commonest warning in one line."""
    found: list[str] = []
    failed = table.loc[table["status"] == "failed", "reason"]
    for reason, rows in failed.value_counts(sort=False).items():
        found.append(f"failed ({count(rows, 'row')}): {' '.join(str(reason).split())}")
    every = count(len(table), "row")
    if rows := int(_overloaded(table).sum()):
        found.append(f"{number(rows)} of {every} are overloaded: their latencies depend on how long the run is")
    warned = [text for text in (FEW.sub("", text).removeprefix("; ") for text in table["warnings"]) if text]
    if warned:
        first = warned[0].partition("; ")[0]
        found.append(f"{number(len(warned))} of {every} have warnings (column `warnings`), the first: {first}")
    few = [match[1] for text in table["warnings"] if (match := FEW.search(text))]
    if few:
        most = max(few, key=len)
        found.append(f"{most}: few requests lie beyond in {number(len(few))} of {every}; a longer run has more")
    return found


def _above(table: pd.DataFrame, fixed: Sequence[str], heads: Mapping[str, str], written: Written) -> list[str]:
    """What all rows have, and the paths that are shortened by more than their first word."""
    same = [f"{name} {_cells(name, table[name].head(1), written)[0]}" for name in fixed]
    same += ["met yes"] if _is_met_everywhere(table) else []
    return [
        *([f"all rows: {', '.join(same)}"] if same else []),
        *_mixture(table),
        *(f"{head}: {path}" for path, head in heads.items() if head not in (path, path.partition(".")[2])),
    ]


def _states(table: pd.DataFrame, shown: pd.DataFrame) -> list[list[str]]:
    """Which rows failed, which miss an objective, and which are asked for too much: where some are."""
    columns = []
    if (table["status"] == "failed").any():
        columns.append(["status", *shown["status"]])
    states = _met(table)
    if states and not _is_met_everywhere(table):
        columns.append(["met", *states[: len(shown)]])
    if (overloaded := _overloaded(table)).any():
        columns.append(["overload", *("yes" if one else "" for one in overloaded[: len(shown)])])
    return columns


def _met(table: pd.DataFrame) -> list[str]:
    """Whether each row meets every objective, and whether that is sure; nothing where nothing is promised."""
    if "met" not in table or not any(OBJECTIVE.fullmatch(str(name)) for name in table):
        return []
    sure = table["sure"] if "sure" in table else [True] * len(table)
    rows = zip(table["met"], sure, table["status"], strict=True)
    return [
        "-" if state == "failed" else ("yes" if met else "no") + ("" if known else ", not sure")
        for met, known, state in rows
    ]


def _is_met_everywhere(table: pd.DataFrame) -> bool:
    return len(table) > 1 and {*_met(table)} == {"yes"}


def _mixture(table: pd.DataFrame) -> list[str]:
    """Of which journeys latencies are, and whether that changes from row to row (rule 11.25)."""
    from ..results.journeypairs import MIXED
    from ..results.journeys import MOST

    found = {match[1]: table[name].dropna() for name in table if (match := SHARE.fullmatch(str(name)))}
    if not found:
        return []
    spans = {name: (shares.min(), shares.max()) for name, shares in found.items()}
    rows = int((table["status"] == "ok").sum())
    changes = any(low < (1.0 - MIXED) * high for low, high in spans.values())
    changes |= any(len(shares) < rows for shares in found.values())
    told = [f"{name} {_share(*span)}" for name, span in sorted(spans.items(), key=lambda one: -one[1][1])[:MOST]]
    told += [f"{len(spans) - MOST} more"] if len(spans) > MOST else []
    if not changes:
        return [f"latency is of all journeys together: {', '.join(told)}"]
    return [
        f"latency is of all journeys together, and their mix changes from row to row: {', '.join(told)}; p99, mean and "
        "served differ by that too, not by load alone"
    ]


def _share(low: float, high: float) -> str:
    """A share, or from where to where it goes."""
    both = dict.fromkeys(number(round(100.0 * share, 1)) for share in (low, high))
    return f"{' to '.join(both)} %"


def _quantities(table: pd.DataFrame, shown: pd.DataFrame) -> list[list[str]]:
    """Columns, each in one unit and to one digit: those of objectives first."""
    found = [(str(name), match) for name in table if (match := OBJECTIVE.fullmatch(str(name)))]
    names = {name: f"{match['slo']} {match['quantity']}" for name, match in found}
    columns = []
    for name, head in (names | QUANTITIES).items():
        if not table[name].notna().any():
            continue
        kind = name
        if name in names:
            kind = "errorRate" if name.endswith(".errorRate") else "latency_s"
        unit = unit_of(kind, shown[name].tolist())
        cells = _sure_cells(shown, name, unit)
        columns.append([f"{head}{unit.name}" if unit.name[:1] in ("", "/") else f"{head} ({unit.name})", *cells])
    return columns


def _sure_cells(shown: pd.DataFrame, name: str, unit: Unit) -> list[str]:
    """Values, give or take their half width; both ends where the interval is longer on one side."""
    values, (wide, lows, highs) = shown[name].tolist(), (
        shown[f"{name}_{end}"].tolist() if f"{name}_{end}" in shown else [math.nan] * len(shown)
        for end in ("half_width", "low", "high")
    )  # fmt: skip
    longer = [is_lopsided(value, low, high) for value, low, high in zip(values, lows, highs, strict=True)]
    even = [math.nan if one else half for half, one in zip(wide, longer, strict=True)]
    cells = column(values, unit, even)
    rows = zip(cells, lows, highs, longer, strict=True)
    return [f"{cell} ({ends(low, high, unit)})" if one else cell for cell, low, high, one in rows]


def _cells(name: str, values: pd.Series[Any], written: Written) -> list[str]:
    """Values of an axis as they were written."""
    return [_cell(written.get(name, {}).get(value, value)) for value in values]


def _cell(value: Any) -> str:
    if isinstance(value, str) and (match := LONG_QUANTITY.fullmatch(value)):  # one that a design has chosen
        return f"{float(match[1]):.6g}{match[2]}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _overloaded(table: pd.DataFrame) -> pd.Series[bool]:
    return table["warnings"].str.contains(OVERLOAD)
