"""What all tests need of the process that they run in."""

import signal
import sys
from collections.abc import Iterator

import pytest


def pytest_configure() -> None:
    # Started in the background by a script, a process ignores Ctrl-C, and so would every command that it starts.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    """A command leaves its figures to the end of the process; many commands in one would leave too many."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
