"""What work is spread over on this machine: its cores, and worker processes that leave interrupts to their parent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ..machine import available_cores

__all__ = ["available_cores", "interrupts_held", "serve"]

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
PATROL_S = 1.0
"""How often a worker looks whether its parent lives."""


def serve(parent: int) -> None:
    """Make this process a worker of another one.

    A Ctrl-C reaches every process of a terminal, a SIGTERM often a whole group: the parent alone decides what becomes
    of it. When the parent is gone, however that came, so is the worker.
    """
    for interrupt in INTERRUPTS:
        signal.signal(interrupt, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PATROL_S)
    os._exit(1)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let interrupts wait until the workers are started: they inherit that, and never hear one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Processes are tracked by one more, whose start lets interrupts through: let that be over before.
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()
    with ExitStack() as remembered:
        for interrupt in INTERRUPTS:
            remembered.enter_context(_remembered(interrupt))
        before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _remembered(interrupt: signal.Signals) -> Iterator[None]:
    """What one thread blocks reaches another one (of a linear algebra library, say), and ends the work all the same."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = signal.signal(interrupt, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(interrupt, before)
        if heard:
            signal.raise_signal(interrupt)
