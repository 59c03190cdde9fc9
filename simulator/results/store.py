"""A result as a folder: result.json for what is not a table, and one Parquet file a table."""

from __future__ import annotations

import json
import shutil
import uuid
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ResultError

FORMAT = "simulator-result"
VERSION = 1
HEAD = "result.json"


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


def read_head(folder: Path) -> dict[str, Any] | None:
    """What result.json says, None if it is not one of ours."""
    try:
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return head if isinstance(head, dict) and head.get("format") == FORMAT else None


def write(folder: Path, tables: dict[str, pd.DataFrame], warnings: tuple[str, ...], provenance: dict[str, Any]) -> None:
    """Fill an empty folder."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "warnings": list(warnings),
        "provenance": provenance,
        "tables": {name: column_kinds(table) for name, table in tables.items()},
    }
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", engine="pyarrow")
    text = json.dumps(head, indent=2, ensure_ascii=False) + "\n"
    (folder / HEAD).write_text(text, encoding="utf-8")


def replace(target: Path, new: Path) -> None:
    """Put a whole folder in the place of another."""
    if not target.exists():
        new.rename(target)
        return
    old = new.with_name(f"{new.name}.old")
    target.rename(old)
    try:
        new.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)


def save(
    folder: str | PathLike[str],
    tables: dict[str, pd.DataFrame],
    warnings: tuple[str, ...],
    provenance: dict[str, Any],
) -> None:
    """Write beside the folder and rename, so that it holds a whole result at any time."""
    target = Path(folder).absolute()
    if target.exists() and not target.is_dir():
        raise ResultError(f"{folder} is a file: name a folder to save the result in")
    if target.exists() and any(target.iterdir()) and read_head(target) is None:
        raise ResultError(f"{folder} holds something that is not a saved result: name another folder")
    new = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        new.mkdir(parents=True)
        write(new, tables, warnings, provenance)
        replace(target, new)
    except OSError as error:
        raise ResultError(f"the result cannot be saved in {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def load(folder: str | PathLike[str]) -> tuple[dict[str, pd.DataFrame], tuple[str, ...], dict[str, Any]]:
    """The tables, warnings and provenance of a saved result."""
    source = Path(folder)
    head = read_head(source)
    if head is None:
        raise ResultError(f"{folder} holds no saved result: name a folder that Results.save has written")
    if head.get("version") != VERSION:
        raise ResultError(
            f"{folder} is of format {head.get('version')}, and this version reads {VERSION}: run it again"
        )
    try:
        tables = {
            name: restore_kinds(pd.read_parquet(source / f"{name}.parquet", engine="pyarrow"), kinds)
            for name, kinds in head["tables"].items()
        }
        return tables, tuple(head["warnings"]), head["provenance"]
    except (OSError, ValueError, KeyError) as error:  # pyarrow's own errors are ValueErrors
        raise ResultError(f"{folder} is damaged ({error}): run it again and save it anew") from error
