"""SIGTERM, which `kill`, Kubernetes and a job queue send, is a Ctrl-C with an exit code of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TERMINATED = 143
"""The exit code of what SIGTERM has ended, also if something could be shown: 128 and the number of the signal."""


class Ending:
    """Whether a SIGTERM has come."""

    terminated = False

    def hear(self, _number: int, _frame: Any) -> None:
        """End the work at the first one: another one, to the whole group perhaps, is not to end what is shown of it."""
        if not self.terminated:
            self.terminated = True
            raise KeyboardInterrupt

    def code(self, code: int, interrupted: int) -> int:
        """The exit code, which says who has interrupted."""
        return TERMINATED if self.terminated and code == interrupted else code


@contextmanager
def heard_as_interrupts() -> Iterator[Ending]:
    """Hear SIGTERM as a Ctrl-C; as process 1 too, to which the system hands only what is asked for."""
    ending = Ending()
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    before = signal.signal(signal.SIGTERM, ending.hear)
    if hasattr(signal, "pthread_sigmask"):  # who has started this held it until somebody hears
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        yield ending
    finally:
        signal.signal(signal.SIGTERM, before)
