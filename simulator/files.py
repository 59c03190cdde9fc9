"""Files that are whole or not there: written beside their place, and put into it when they are complete."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replaced(target: str | os.PathLike[str]) -> Iterator[Path]:
    """A path to write to: what is there takes the place of the target at the end, and is removed if that is an error.

    So the target has its old content or all of the new one, whatever happens: a full disk, a signal, the end of the
    machine. A device, a pipe, or a file in a folder that cannot be written has no such place beside it, and is
    written as it is.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    file = Path(os.path.realpath(target))  # a link stays a link
    if not (file.is_file() or not file.exists()) or not os.access(file.parent, os.W_OK):
        yield file
        return
    new = file.with_name(f".{file.stem[:100]}.{uuid.uuid4().hex[:8]}{file.suffix}")
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        if file.exists():
            with suppress(OSError):
                new.chmod(file.stat().st_mode & 0o777)
        yield new
        sync(new)
        new.replace(file)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have a file, or what a folder says of its files, on the disk.

    Raises
    ------
    OSError
        If the disk is full, which some systems say no earlier.
    """
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
