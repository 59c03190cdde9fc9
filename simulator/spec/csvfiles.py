"""One column of numbers from a CSV file: the arrivals of a replay, the sample of an empirical distribution."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Column:
    """The numbers of a column, in seconds, and the SHA-256 of the file's bytes."""

    values: tuple[float, ...]
    digest: str


def read_column(path: str, base: str, column: str, *, ascending: bool, confined: bool = False) -> Column:
    """Read non-negative seconds from a CSV file, whose path is relative to the folder `base`.

    `confined`: it has to be in that folder, wherever links lead: who wrote the topology is not who runs it.

    Raises
    ------
    ValueError
        If the file cannot be read or a value is wrong; the message names the line.
    """
    full = os.path.join(base, path)
    if confined and not is_inside(full, base):
        raise ValueError(
            f"`{path}` is outside of the folder of this file: put it there, or allow it with allow_outside="
        )
    try:
        stamp = os.stat(full)
        return _read(full, path, column, ascending, (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino))
    except OSError as error:
        raise ValueError(f"cannot read `{path}`: {error.strerror or error}") from None


def is_inside(path: str, folder: str) -> bool:
    """Whether a path leads to something in a folder or below it."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder or "."))
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=16)  # a sweep validates the same topology again and again
def _read(full: str, path: str, column: str, ascending: bool, stamp: tuple[int, int, int]) -> Column:
    with open(full, "rb") as file:
        content = file.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"`{path}` is not UTF-8 text") from None
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if column not in header:
            raise ValueError(f"`{path}` has no column `{column}` in its first line")
        index = header.index(column)
        values = tuple(_values(reader, index, path, column))
    except csv.Error as error:
        raise ValueError(f"`{path}` line {reader.line_num}: {error}") from None
    _check(values, path, column, ascending, text)
    return Column(values, hashlib.sha256(content).hexdigest())


def _values(reader: object, index: int, path: str, column: str) -> list[float]:
    values: list[float] = []
    append = values.append
    for row in reader:  # type: ignore[attr-defined]
        if not row:
            continue
        try:
            append(float(row[index]))
        except (ValueError, IndexError):
            found = f"`{row[index][:40]}`" if index < len(row) else "nothing"
            line = reader.line_num  # type: ignore[attr-defined]
            raise ValueError(f"`{path}` line {line}: expected seconds in `{column}`, found {found}") from None
    return values


def _check(values: tuple[float, ...], path: str, column: str, ascending: bool, text: str) -> None:
    if not values:
        raise ValueError(f"`{path}` has no rows")
    sound = all(map(math.isfinite, values)) and min(values) >= 0
    if sound and (not ascending or all(map(float.__le__, values, values[1:]))):
        return
    lines = csv.reader(io.StringIO(text, newline=""))
    next(lines)
    earlier = 0.0
    rows = (lines.line_num for row in lines if row)
    for line, value in zip(rows, values, strict=False):
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"`{path}` line {line}: `{column}` must be finite and not negative, found {value!r}")
        if ascending and value < earlier:
            raise ValueError(f"`{path}` line {line}: `{column}` must ascend, found {value!r} after {earlier!r}")
        earlier = value
