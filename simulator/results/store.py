"""A result as a folder: result.json for what is not a table, and one Parquet (or CSV) file a table.

What is in it is sealed by digests: whoever edits a number by hand is told so, rather than believed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ResultError
from ..files import sync
from .tablefiles import CSV, PARQUET, read_table, write_table

FORMAT = "simulator-result"
VERSION = 2
HEAD = "result.json"
NAME = re.compile("[a-z_]+")
"""Of a table: never a path."""


def read_head(folder: Path) -> dict[str, Any] | None:
    """What result.json says, None if it is not one of ours."""
    try:
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return head if isinstance(head, dict) and head.get("format") == FORMAT else None


def write(folder: Path, tables: dict[str, pd.DataFrame], warnings: tuple[str, ...], provenance: dict[str, Any]) -> None:
    """Fill an empty folder."""
    described = {name: write_table(table, folder, name) for name, table in tables.items()}
    for one in described.values():
        one["sha256"] = hashlib.sha256((folder / one["file"]).read_bytes()).hexdigest()
    head = {
        "format": FORMAT,
        "version": VERSION,
        "warnings": list(warnings),
        "provenance": provenance,
        "tables": described,
    }
    text = json.dumps(head | {"sha256": _seal(head)}, indent=2, ensure_ascii=False) + "\n"
    (folder / HEAD).write_text(text, encoding="utf-8")
    for file in folder.iterdir():
        sync(file)


def _seal(head: dict[str, Any]) -> str:
    """A digest of all that result.json says."""
    content = json.dumps({name: value for name, value in head.items() if name != "sha256"}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


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
    shutil.rmtree(old, ignore_errors=True)


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
    if head.get("sha256") != _seal(head):
        raise ResultError(f"{source / HEAD} was changed after it was saved: run it again, and save it anew")
    try:
        tables = {name: _read(source, name, described) for name, described in head["tables"].items()}
        return tables, tuple(head["warnings"]), head["provenance"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:  # pyarrow's own are ValueErrors
        raise ResultError(f"{folder} is damaged ({error}): run it again and save it anew") from error


def _read(folder: Path, name: str, described: dict[str, Any]) -> pd.DataFrame:
    """A table of the folder; nothing outside of it is read."""
    file = str(described["file"])
    if not NAME.fullmatch(name) or file not in (f"{name}{PARQUET}", f"{name}{CSV}"):
        raise ResultError(f"{folder / HEAD} names a table `{name}` in `{file}`, which is none of a saved result")
    content = (folder / file).read_bytes()
    if hashlib.sha256(content).hexdigest() != described["sha256"]:
        raise ResultError(f"{folder / file} was changed after it was saved: run it again, and save it anew")
    return read_table(folder, described)
