"""What JSON can hold; NumPy and pandas are known by what they can do, since who has no table does not load them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def plain(value: Any) -> Any:
    """Without NaN, infinity, NumPy, pandas and classes.

    A table becomes a list of its rows, and by their names where its index has a name; what has an answer becomes that.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "to_dict"):
        return _rows(value) if hasattr(value, "columns") else value.to_dict()
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rows(table: Any) -> Any:
    """Of a pandas table."""
    rows = [plain(row) for row in table.to_dict(orient="records")]
    return rows if table.index.name is None else dict(zip(map(str, table.index), rows, strict=True))
