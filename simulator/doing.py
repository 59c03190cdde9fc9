"""What takes so long, said where it is known, to whoever watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Watcher = Callable[[str], None]
"""Called with what begins, and with nothing when it is over."""

_watchers: list[Watcher] = []


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say what begins, and that it is over; where nobody watches, the standard error says once what begins."""
    if not _watchers and sys.stderr is not None:
        sys.stderr.write(f"{what} ...\n")
        sys.stderr.flush()
    for watcher in _watchers:
        watcher(what)
    try:
        yield
    finally:
        for watcher in _watchers:
            watcher("")


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Have a watcher hear of all that begins in the meantime."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
