"""One column of numbers from a CSV file: the arrivals of a replay, the sample of an empirical distribution."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import os
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .mistakes import near_file

_GZIP = b"\x1f\x8b"
_PACKED = {
    _GZIP: "a gzip file",
    b"PK\x03\x04": "a zip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"PAR1": "a Parquet file",
}
_LARGEST = 2**30
"""Bytes that a gzip file may hold: a small one can otherwise fill the memory."""


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
        hint = near_file(path, base) if isinstance(error, FileNotFoundError) else ""
        raise ValueError(f"cannot read `{path}`: {error.strerror or error}{hint}") from None


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
    text = _text(content, path)
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


def packed_as(content: bytes) -> str:
    """Return what kind of packed file these bytes begin, empty if none is known."""
    return next((kind for magic, kind in _PACKED.items() if content.startswith(magic)), "")


def _text(content: bytes, path: str) -> str:
    """Return the text of a file, unpacked if it is gzip."""
    if content.startswith(_GZIP):
        try:
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(_LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"`{path}` is a damaged gzip file: {error}") from None
        if len(content) > _LARGEST:
            raise ValueError(f"`{path}` holds more than 1 GiB unpacked: cut it into shorter files")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        packed = packed_as(content)
        told = f"is {packed}: unpack it first, or pack it with gzip" if packed else "is not UTF-8 text"
        raise ValueError(f"`{path}` {told}") from None


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
