"""What work is spread over on this machine: its cores, and worker processes that leave a Ctrl-C to their parent."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ignore_interrupts() -> None:
    """A Ctrl-C reaches every process of the terminal: the parent alone decides what becomes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let a Ctrl-C wait until the workers are started: they inherit that, and never hear one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Processes are tracked by one more, whose start lets interrupts through: let that be over before.
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()
    with _interrupts_remembered():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _interrupts_remembered() -> Iterator[None]:
    """What one thread blocks reaches another one (of a linear algebra library, say), and ends the work all the same."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard:
            signal.raise_signal(signal.SIGINT)
