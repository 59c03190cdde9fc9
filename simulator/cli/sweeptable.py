"""The table of a sweep as text, within the width of the window."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..words import column, count, number, unit_of
from .common import WIDTH

if TYPE_CHECKING:
    import pandas as pd

Written = Mapping[str, Mapping[float, str]]
"""By axis how its numbers were written."""

WIDEST = 200
"""Columns of a window that are used."""
MOST_ROWS = 60
"""Rows that are shown; files have them all."""
LONGEST = (30, 24, 18, 12, 8)
"""Letters of a cell of text: fewer, if there are many axes."""
GAP = 2
"""Blanks between two columns."""
ROOM = 0.3
"""Share of the width that is left to numbers at least."""
QUANTITIES = {
    "goodput_per_s": "goodput", "latency_p99_s": "p99", "availability_ratio": "served", "latency_mean_s": "mean",
    "cost_per_hour": "cost/h",
}  # fmt: skip
"""What is shown after the objectives, and its head."""
OBJECTIVE = re.compile(r"slos\.(?P<slo>.+)\.(?P<quantity>mean|p[0-9.]+|errorRate)")
"""The column of an objective."""
OVERLOAD = re.compile("is unstable: |is saturated: |: offered load ")
"""What a warning of a point says that is asked for more than it can do."""
FEW = re.compile(r"(?:; )?fewer than [0-9]+ of [0-9,]+ requests? lie beyond ([^:;]*): \S+ needs [0-9,]+ requests?")
"""What nearly every short run is warned of."""
LONG_QUANTITY = re.compile(r"([0-9]+\.[0-9]{3,})([A-Za-zµμ%/]*)")


def window() -> int:
    """Columns to print in: those of the window (COLUMNS), and a hundred where there is none."""
    return max(60, min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST))


def render(table: pd.DataFrame, written: Written, width: int) -> str:
    """The table, and what is to be said of it: what is everywhere the same above it, once."""
    shown = table.head(MOST_ROWS)
    leading = list(table.columns[: list(table.columns).index("requests")])
    fixed = [name for name in leading if len(table) > 1 and len({*map(str, table[name])}) == 1]
    varied = [name for name in leading if name not in fixed]
    heads = short_names(varied)
    texts = [[heads[name], *_cells(name, shown[name], written)] for name in varied]
    tried = ([[_short(text, longest) for text in cells] for cells in texts] for longest in LONGEST)
    rows = next((one for one in tried if _width(one) <= width * (1.0 - ROOM)), None)
    columns = [*_states(table, shown), *_quantities(table, shown)]
    if rows is None:  # so many axes that rows are told by their numbers, and what each is stands before
        columns = [*([_short(text, LONGEST[0]) for text in cells] for cells in texts), *columns]
        rows = [["row", *map(str, range(1, len(shown) + 1))]]
    lines = _tables(rows, columns, width)
    if len(table) > len(shown):
        more = count(len(table) - len(shown), "more row")
        lines.append(f"... and {more}: --csv or --parquet have all of them")
    return "\n".join([*_above(table, fixed, heads, written, width), *lines, *remarks(table, width)])


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Paths as heads of columns: the last two words of them, and as many before these as tell them apart."""
    names = {}
    for path in paths:
        parts = path.split(".")
        ends = [".".join(parts[-number:]) for number in range(2, len(parts))]
        others = [f".{other}" for other in paths if other != path]
        names[path] = next((end for end in ends if not any(one.endswith(f".{end}") for one in others)), path)
    return names


def remarks(table: pd.DataFrame, width: int = WIDTH) -> list[str]:
    """Why rows have failed, each reason once, and how many rows warn of what; the commonest warning in one line."""
    found: list[str] = []

    def say(text: str) -> None:
        found.extend(textwrap.wrap(text, width, subsequent_indent="  "))

    failed = table.loc[table["status"] == "failed", "reason"]
    for reason, rows in failed.value_counts(sort=False).items():
        say(f"failed ({count(rows, 'row')}): {' '.join(str(reason).split())}")
    every = count(len(table), "row")
    if rows := int(_overloaded(table).sum()):
        say(f"{number(rows)} of {every} are overloaded: their latencies depend on how long the run is")
    warned = [text for text in (FEW.sub("", text).removeprefix("; ") for text in table["warnings"]) if text]
    if warned:
        first = warned[0].partition("; ")[0]
        say(f"{number(len(warned))} of {every} have warnings (column `warnings`), the first: {first}")
    few = [match[1] for text in table["warnings"] if (match := FEW.search(text))]
    if few:
        say(f"{max(few, key=len)}: few requests lie beyond in {number(len(few))} of {every}; a longer run has more")
    return ["", *found] if found else []


def _above(
    table: pd.DataFrame, fixed: Sequence[str], heads: Mapping[str, str], written: Written, width: int
) -> list[str]:
    """What all rows have, and the paths that are shortened by more than their first word."""
    lines = []
    if fixed:
        same = ", ".join(f"{name} {_cells(name, table[name].head(1), written)[0]}" for name in fixed)
        lines += textwrap.wrap(f"all rows: {same}", width, subsequent_indent="  ")
    for path, head in heads.items():
        if head not in (path, path.partition(".")[2]):
            lines += textwrap.wrap(f"{head}: {path}", width, subsequent_indent="  ")
    return [*lines, ""] if lines else []


def _states(table: pd.DataFrame, shown: pd.DataFrame) -> list[list[str]]:
    """Which rows failed, which miss an objective, and which are asked for too much: where some are."""
    columns = []
    if (table["status"] == "failed").any():
        columns.append(["status", *shown["status"]])
    if "met" in table and not table["met"].all():
        states = zip(shown["met"], shown["status"], strict=True)
        columns.append(["met", *("-" if state == "failed" else "yes" if met else "no" for met, state in states)])
    if (overloaded := _overloaded(table)).any():
        columns.append(["overload", *("yes" if one else "" for one in overloaded[: len(shown)])])
    return columns


def _quantities(table: pd.DataFrame, shown: pd.DataFrame) -> list[list[str]]:
    """Columns, each in one unit and to one digit: those of objectives first."""
    found = [(str(name), match) for name in table if (match := OBJECTIVE.fullmatch(str(name)))]
    names = {name: f"{match['slo']} {match['quantity']}" for name, match in found}
    columns = []
    for name, head in (names | QUANTITIES).items():
        if not table[name].notna().any():
            continue
        values, wide = shown[name].tolist(), f"{name}_half_width"
        kind = name
        if name in names:
            kind = "errorRate" if name.endswith(".errorRate") else "latency_s"
        unit = unit_of(kind, values)
        cells = column(values, unit, shown[wide].tolist() if wide in shown else None)
        columns.append([f"{head}{unit.name}" if unit.name[:1] in ("", "/") else f"{head} ({unit.name})", *cells])
    return columns


def _tables(rows: list[list[str]], columns: list[list[str]], width: int) -> list[str]:
    """One table, and below it others of the same rows for the columns that it has no room for."""
    tables: list[list[list[str]]] = [[]]
    for cells in columns:
        narrow = _narrowed(cells, width - _width(rows) - GAP)
        if tables[-1] and _width([*rows, *tables[-1], narrow]) > width:
            tables.append([])
        tables[-1].append(narrow)
    lines = []
    for table in tables:
        lines += ["", *(line[:width].rstrip() for line in _lines([*rows, *table], len(rows)))]
    return lines[1:]


def _narrowed(cells: list[str], room: int) -> list[str]:
    """A column that no table would have room for: the end of its head, and cells without half widths."""
    head, *rest = cells
    if max(map(len, rest), default=0) > room:
        rest = [cell.partition(" ± ")[0] for cell in rest]
    return [_short(head, room), *rest]


def _cells(name: str, values: pd.Series[Any], written: Written) -> list[str]:
    """Values of an axis as they were written."""
    return [_cell(written.get(name, {}).get(value, value)) for value in values]


def _cell(value: Any) -> str:
    if isinstance(value, str) and (match := LONG_QUANTITY.fullmatch(value)):  # one that a design has chosen
        return f"{float(match[1]):.6g}{match[2]}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _overloaded(table: pd.DataFrame) -> pd.Series[bool]:
    return table["warnings"].str.contains(OVERLOAD)


def _short(text: str, longest: int) -> str:
    """The end of a path tells more than its beginning."""
    return text if len(text) <= longest else f"…{text[1 - longest :]}"


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, cells)) for cells in columns) + GAP * (len(columns) - 1)


def _lines(columns: Sequence[Sequence[str]], texts: int) -> list[str]:
    widths = [max(map(len, cells)) for cells in columns]
    aligned = [
        [cell.ljust(width) if place < texts else cell.rjust(width) for cell in cells]
        for place, (cells, width) in enumerate(zip(columns, widths, strict=True))
    ]
    return [(" " * GAP).join(row) for row in zip(*aligned, strict=True)]
