"""What work is spread over on this machine: its cores, and worker processes that leave a Ctrl-C to their parent."""

from __future__ import annotations

import os
import signal
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
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
