"""Results as plain dicts and lists, for machines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .quantities import COUNTS

if TYPE_CHECKING:
    from .results import Results


def plain(value: Any) -> Any:
    """What JSON can hold: no NaN, no infinity, no NumPy."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """One dict a row."""
    return [plain(row) for row in table.to_dict(orient="records")]


def by_index(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """One dict a row, by its name."""
    return dict(zip(map(str, table.index), records(table), strict=True))


def to_dict(results: Results) -> dict[str, Any]:
    """All but the logs and the timeline."""
    summary = plain(results.summary.to_dict())
    summary |= {name: int(summary[name]) for name in COUNTS}
    return {
        "summary": summary,
        "intervals": by_index(results.intervals),
        "services": by_index(results.services),
        "units": by_index(results.units),
        "endpoints": records(results.endpoints.reset_index()),
        "breakdown": by_index(results.breakdown),
        "outcomes": by_index(results.outcomes),
        "objectives": records(results.objectives),
        "met": results.met,
        "warnings": list(results.warnings),
        "provenance": plain(results.provenance),
    }
