"""Reference against compiled, bit for bit: the fixtures; `twins.py` runs and compares, `generator.py` makes cases."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

# The modules here are shared with `soak.py`, which is run as a script and finds them beside itself.
sys.path.insert(0, str(Path(__file__).parent))

import twins


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of replays and of measured times are."""
    return tmp_path_factory.mktemp("columns")


@pytest.fixture(scope="session")
def assert_same(folder: Path) -> Callable[..., twins.Pair]:
    """Both engines do the same with a case; gives what they did."""
    return partial(twins.assert_same, folder=folder)
