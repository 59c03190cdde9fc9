"""Where machine code is kept between processes: a private folder, and files that say whether they are whole.

What is read from there is run: a folder that others may write to is refused, and a file that is not as it was written
is passed over, whatever has become of it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import platformdirs

PLACE = "SIMULATOR_CACHE_DIR"
"""Environment variable with a folder to keep machine code in, instead of one in the user's cache."""
NAME = "microservice-topology-simulator"
TEMPORARY = "simulator-cache-"
ENDING = ".nbc"
OBJECT = ".o"
"""Of what numba keeps, and of objects that need no numba."""
KEPT_S = 30 * 24 * 3600.0
"""For how long code that nobody uses is kept: that of older sources, mostly."""
KEPT_FOLDERS = 8
OLD = re.compile("[0-9a-f]{16}")
SEAL = hashlib.sha256().digest_size
OTHERS = stat.S_IWGRP | stat.S_IWOTH


def find_folder(name: str) -> Path:
    """A folder of this name for machine code: in the place that a variable says, or in the user's cache.

    Where there is none that is private, or could be made, it is a temporary one, which is gone when this process ends;
    its workers find it by the variable.
    """
    place = Path(os.environ.get(PLACE) or platformdirs.user_cache_dir(NAME))
    folder = place / name
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        if not folder.is_dir():
            return _temporary(name)
    if reason := next(filter(None, map(why_not_private, (place, folder))), ""):
        _tell(f"machine code is not kept in {folder}: {reason}; make it private (chmod -R go-w {place}), or name "
              f"another folder by {PLACE}")  # fmt: skip
        return _temporary(name)
    # A folder that cannot be written, in an image, has what was compiled ahead: or nothing, and is of no use.
    if not _can_write(folder):
        return folder if any(_code_in(folder)) else _temporary(name)
    with suppress(OSError):
        os.utime(folder)  # in use
        sweep(place, folder)
    return folder


def is_temporary(folder: Path) -> bool:
    """Whether a folder is gone when this process ends."""
    return folder.parent.name.startswith(TEMPORARY)


def why_not_private(folder: Path) -> str:
    """What lets somebody else put code into a folder; empty if nothing does."""
    if not hasattr(os, "geteuid"):
        return ""
    try:
        found = folder.stat()
    except OSError as error:
        return f"{folder}: {error.strerror}"
    if found.st_uid not in (os.geteuid(), 0):
        return f"{folder} belongs to another user"
    return f"others may write to {folder}" if found.st_mode & OTHERS else ""


def sweep(place: Path, current: Path) -> None:
    """Remove what was compiled from older sources: all but a few that were used last, and these after a month."""
    others = [one for one in place.iterdir() if OLD.fullmatch(one.name) and one.is_dir() and one != current]
    others.sort(key=lambda one: one.stat().st_mtime, reverse=True)
    for number, one in enumerate(others):
        if number >= KEPT_FOLDERS - 1 or one.stat().st_mtime < time.time() - KEPT_S:
            shutil.rmtree(one, ignore_errors=True)


def read(file: Path) -> bytes | None:
    """The content of a file that is whole; None if it is not, or not there."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    seal, content = content[:SEAL], content[SEAL:]
    return content if hashlib.sha256(content).digest() == seal else None


def _code_in(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if file.suffix in (ENDING, OBJECT))


def drop_damaged(folder: Path) -> bool:
    """Remove files that are not whole, so that what they had is made again; whether there were any."""
    damaged = [file for file in _code_in(folder) if read(file) is None]
    for file in damaged:
        with suppress(OSError):
            file.unlink()
    return bool(damaged)


def write(file: Path, content: bytes) -> None:
    """Put a whole file there, or none."""
    new = file.with_name(f".{uuid.uuid4().hex}.new")
    try:
        new.write_bytes(hashlib.sha256(content).digest() + content)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _can_write(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _temporary(name: str) -> Path:
    """A folder for this process and its workers; what others have left behind, who were killed, is removed."""
    with suppress(OSError):
        for one in _left_behind():
            shutil.rmtree(one, ignore_errors=True)
    place = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-"))
    atexit.register(_remove, place, os.getpid())
    os.environ[PLACE] = str(place)
    folder = place / name
    folder.mkdir(mode=0o700)
    return folder


def _left_behind() -> Iterator[Path]:
    for one in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"):
        owner = one.name.removeprefix(TEMPORARY).partition("-")[0]
        if owner.isdecimal() and not why_not_private(one) and not _lives(int(owner)):
            yield one


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(place: Path, process: int) -> None:
    if os.getpid() == process:  # and not one that was forked from it
        shutil.rmtree(place, ignore_errors=True)


def _tell(text: str) -> None:
    if sys.stderr is not None:
        print(text, file=sys.stderr)  # noqa: T201
