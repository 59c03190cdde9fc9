"""What all tests need of the process that they run in; and which of the many run today."""

import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="all tests that take turns, not only a share")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of tests marked `one_in(n)` leave one in n, another for each commit; those that are named one by one stay."""
    if config.getoption("--all") or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if (mark := item.get_closest_marker("one_in")) and not _has_its_turn(item, mark)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _has_its_turn(item: pytest.Item, mark: pytest.Mark) -> bool:
    name = item.path.name if mark.kwargs.get("together") else item.nodeid
    return (zlib.crc32(name.encode()) + _turn()) % int(mark.args[0]) == 0


@cache
def _turn() -> int:
    """A number that is the same in all processes of a run, and another one for the next commit."""
    command = ["git", "-c", f"safe.directory={ROOT}", "rev-parse", "--short=7", "HEAD"]
    try:
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):  # no checkout, or nobody to ask about it
        return 0
    return int(said, 16)


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
