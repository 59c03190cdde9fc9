"""The table of a sweep: one row a point and deployment, in the order of the design."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...results.display import HEADLINES
from .axes import DEPLOYMENT, as_numbers, cell
from .designs import Point
from .runs import Failure, Outcome, Run

OK, FAILED = "ok", "failed"
GLUE = "; "


@dataclass(frozen=True)
class Row:
    """A point of a sweep as one of its deployments."""

    number: int
    point: Point
    deployment: str
    topology: str = ""
    """Its name, where a table has rows of several."""


@dataclass(frozen=True)
class Filled:
    """A row and what came of it."""

    row: Row
    outcome: Outcome
    advice: tuple[str, ...] = ()
    """What the compiler warns of."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """All of them, those of the compiler first."""
        return (*self.advice, *self.outcome.warnings) if isinstance(self.outcome, Run) else ()


def point_table(paths: Sequence[str], filled: Sequence[Filled]) -> pd.DataFrame:
    """One row a point and deployment: axes, deployment, each quantity and its half width, and how it went."""
    columns = _leading(paths, [one.row for one in filled])
    names = _quantities(filled)
    means, half_widths, lows, highs = np.full((4, len(filled), len(names)), np.nan)
    for place, one in enumerate(filled):
        if isinstance(one.outcome, Run):
            among = [names.index(name) for name in one.outcome.quantities]
            means[place, among], half_widths[place, among] = np.array(one.outcome.intervals, dtype=np.float64).T
            if one.outcome.ends:
                lows[place, among], highs[place, among] = np.array(one.outcome.ends, dtype=np.float64).T
    for column, name in enumerate(names):
        columns[name] = means[:, column]
        columns[f"{name}_half_width"] = half_widths[:, column]
        columns[f"{name}_low"], columns[f"{name}_high"] = lows[:, column], highs[:, column]
    columns |= _objectives(filled)
    runs = [one.outcome if isinstance(one.outcome, Run) else None for one in filled]
    columns["met"] = pd.Series([run is not None and run.met for run in runs], dtype="bool")
    columns["sure"] = pd.Series([run is not None and run.sure for run in runs], dtype="bool")
    columns |= _journeys(runs)
    columns["replications"] = pd.Series([0 if run is None else len(run.values) for run in runs], dtype="int64")
    return pd.DataFrame(columns | _endings(filled))


def run_table(paths: Sequence[str], filled: Sequence[Filled]) -> pd.DataFrame:
    """One row a point, deployment and replication; one of replication -1 where there is none."""
    names = _quantities(filled)
    each = [
        (one, replication)
        for one in filled
        for replication in (range(len(one.outcome.values)) if isinstance(one.outcome, Run) else (-1,))
    ]
    columns = _leading(paths, [one.row for one, _ in each])
    columns["replication"] = pd.Series([replication for _, replication in each], dtype="int64")
    values = np.full((len(each), len(names)), np.nan)
    for place, (one, replication) in enumerate(each):
        if isinstance(one.outcome, Run):
            among = [names.index(name) for name in one.outcome.quantities]
            values[place, among] = one.outcome.values[replication]
    columns |= {name: values[:, column] for column, name in enumerate(names)}
    return pd.DataFrame(columns | _endings([one for one, _ in each]))


def _leading(paths: Sequence[str], rows: Sequence[Row]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if len({row.topology for row in rows}) > 1:
        columns["topology"] = _texts([row.topology for row in rows])
    columns |= {path: _column(path, [row.point.get(path) for row in rows]) for path in paths}
    columns.setdefault(DEPLOYMENT, None)
    columns[DEPLOYMENT] = _texts([row.deployment for row in rows])
    return columns


def _endings(filled: Sequence[Filled]) -> dict[str, Any]:
    reasons = [one.outcome.reason if isinstance(one.outcome, Failure) else "" for one in filled]
    states = [FAILED if isinstance(one.outcome, Failure) else OK for one in filled]
    warnings = [GLUE.join(one.warnings) for one in filled]
    return {"warnings": _texts(warnings), "status": _texts(states), "reason": _texts(reasons)}


def _quantities(filled: Sequence[Filled]) -> list[str]:
    """The same columns whatever has failed."""
    return list(dict.fromkeys([*HEADLINES, *(name for one in filled if isinstance(one.outcome, Run)
                                             for name in one.outcome.quantities)]))  # fmt: skip


def written(paths: Sequence[str], filled: Sequence[Filled]) -> dict[str, dict[float, str]]:
    """By path how numbers of its column were written, with their unit."""
    found: dict[str, dict[float, str]] = {}
    for path in paths:
        cells = [cell(one.row.point.get(path)) for one in filled]
        pairs = zip(as_numbers(path, cells), cells, strict=True)
        if texts := {number: text for number, text in pairs if isinstance(text, str) and isinstance(number, float)}:
            found[path] = texts
    return found


def _objectives(filled: Sequence[Filled]) -> dict[str, Any]:
    """What was seen of each slo, by its path in the file, and its interval: seconds, or a fraction."""
    each = [_seen(one.outcome) if isinstance(one.outcome, Run) else {} for one in filled]
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in each for name in one):
        rows = np.array([one.get(name, (np.nan,) * 4) for one in each], dtype=np.float64)
        columns |= {f"{name}{end}": rows[:, place] for place, end in enumerate(("", "_half_width", "_low", "_high"))}
    return columns


def _seen(run: Run) -> dict[str, tuple[float, float, float, float]]:
    ends = run.objective_ends or ((np.nan, np.nan),) * len(run.objectives)
    return {name: (value, wide, low, high)
            for (name, value, wide), (low, high) in zip(run.objectives, ends, strict=True)}  # fmt: skip


def _journeys(runs: Sequence[Run | None]) -> dict[str, Any]:
    """The share of each journey, where a run has several."""
    each = [{} if run is None else dict(run.journeys) for run in runs]
    names = dict.fromkeys(name for one in each for name in one)
    return {f"journeys.{name}.share_ratio": np.array([one.get(name, np.nan) for one in each]) for name in names}


def _column(path: str, values: Sequence[object]) -> pd.Series[Any]:
    """Numbers as numbers and names as texts; a mixture and what is neither as texts, so that every file can hold it."""
    cells = as_numbers(path, [cell(value) for value in values])
    kinds = {type(value) for value in cells}
    if kinds == {bool}:
        return pd.Series(cells, dtype="bool")
    if kinds == {int} and all(abs(one) < 2**63 for one in cells):  # type: ignore[arg-type]
        return pd.Series(cells, dtype="int64")
    if (float in kinds and kinds <= {int, float, type(None)}) or kinds == {int, type(None)}:
        return pd.Series(np.array(cells, dtype=np.float64))  # None is NaN
    texts = [one if one is None or isinstance(one, str) else json.dumps(one, default=str) for one in cells]
    return _texts(texts)


def _texts(texts: Sequence[str | None]) -> pd.Series[Any]:
    return pd.Series(list(texts), dtype="str")
