"""A table as a file: Parquet where pyarrow is installed, else CSV, with the same table either way."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ResultError

PARQUET, CSV = ".parquet", ".csv"
INSTALL = "pip install 'microservice-topology-simulator[parquet]'"


def has_parquet() -> bool:
    """Whether Parquet files can be written and read here."""
    return find_spec("pyarrow") is not None


def column_kinds(table: pd.DataFrame) -> dict[str, Any]:
    """The dtype of each column by name, a list of words for a categorical one."""
    return {
        str(name): list(kind.categories) if isinstance(kind, pd.CategoricalDtype) else str(kind)
        for name, kind in table.dtypes.items()
    }


def restore_kinds(table: pd.DataFrame, kinds: dict[str, Any]) -> pd.DataFrame:
    """The table with the dtypes that it was saved with."""
    return table.astype(
        {
            name: pd.CategoricalDtype(pd.Index(kind, dtype="str")) if isinstance(kind, list) else kind
            for name, kind in kinds.items()
        }
    )


def write_table(table: pd.DataFrame, folder: Path, name: str) -> dict[str, Any]:
    """Write a table into a folder; what `read_table` needs to know of it."""
    described: dict[str, Any] = {"columns": column_kinds(table)}
    if has_parquet():
        described["file"] = f"{name}{PARQUET}"
        table.to_parquet(folder / described["file"], engine="pyarrow")
        return described
    described["file"] = f"{name}{CSV}"
    if not isinstance(table.index, pd.RangeIndex):
        described["names"] = list(table.index.names)
        flat = table.set_axis(table.index.set_names([f":{level}" for level in range(table.index.nlevels)]))
        flat = flat.reset_index()
        described["index"] = column_kinds(flat.iloc[:, : table.index.nlevels])
        table = flat
    # Every float is written so that it reads back to the same bits; what is missing is so by its kind.
    table.to_csv(folder / described["file"], index=False, na_rep="nan", lineterminator="\n")
    return described


def read_table(folder: Path, described: dict[str, Any]) -> pd.DataFrame:
    """The table that was written, to the last bit.

    Raises
    ------
    ResultError
        If it is a Parquet file, and pyarrow is not installed.
    """
    file = folder / described["file"]
    if file.suffix == PARQUET:
        if not has_parquet():
            raise ResultError(f"{folder} was saved as Parquet, which needs pyarrow to read: {INSTALL}")
        return restore_kinds(pd.read_parquet(file, engine="pyarrow"), described["columns"])
    index = described.get("index", {})
    words = pd.read_csv(file, dtype=str, keep_default_na=False, na_filter=False)
    kinds = index | described["columns"]
    table = pd.DataFrame({name: _column(words[name].tolist(), kind) for name, kind in kinds.items()})
    if index:
        table = table.set_index(list(index))
        table.index = table.index.set_names(described["names"])
    return table[list(described["columns"])]


def _column(words: list[str], kind: Any) -> Any:
    if isinstance(kind, list):
        return pd.Categorical(words, categories=pd.Index(kind, dtype="str"))
    if kind == "bool":
        return np.array([word == "True" for word in words], bool)
    if kind.startswith(("int", "uint")):
        return np.array(list(map(int, words)), kind)
    if kind.startswith("float"):
        return np.array([math.nan if word == "nan" else float(word) for word in words], kind)
    return pd.array(words, dtype=kind)
