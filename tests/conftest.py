"""What all tests need of the process that they run in; and which of the many run today."""

import signal
import subprocess
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
QUICK_FIRST = ("spec", "architecture", "unit", "notebooks", "semantics", "property", "differential", "theory", "fuzz")
"""Folders of tests: what is soon red comes before what takes long, but for notebooks: one may take two minutes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="all tests that take turns, not only a share")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave those that have their turn, the quick before the slow; those that are named one by one stay as they are."""
    if any("::" in argument for argument in config.args):
        return
    if not config.getoption("--all"):
        left_out = _without_a_turn(items)
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
    items[:] = _dealt(items, getattr(config, "workerinput", {}).get("workercount", 1))


def _without_a_turn(items: list[pytest.Item]) -> list[pytest.Item]:
    """Of the cases of a test marked `one_in(n)` all but one in n, and one at the least: another one for each commit."""
    cases = defaultdict(list)
    for item in items:
        if item.get_closest_marker("one_in"):
            cases[item.nodeid.partition("[")[0]].append(item)
    left_out = []
    for test, group in cases.items():
        group.sort(key=lambda item: zlib.crc32(item.nodeid.encode()))
        often = int(group[0].get_closest_marker("one_in").args[0])
        every = min(often, len(group)) if len(group) > 1 else often
        shift = zlib.crc32(test.encode()) + _turn()
        left_out += [item for number, item in enumerate(group) if (number + shift) % every]
    return left_out


def _dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """File by file, the quick before the slow, and as many to each worker: each begins with a stretch of the list."""
    files = [list(file) for _, file in groupby(items, key=lambda item: item.path)]
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for file in sorted(files, key=lambda file: _place(file[0].path)):
        min(hands, key=len).extend(file)
    return [item for hand in hands for item in hand]


def _place(path: Path) -> int:
    """Where the folder of a test is among all."""
    return next((place for place, name in enumerate(QUICK_FIRST) if ROOT / "tests" / name in path.parents), -1)


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
