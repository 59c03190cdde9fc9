"""Tests that take turns: in some commits' runs each of them is, and whoever asks for one gets it."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def turns(monkeypatch):
    """The hooks of all tests, with a turn that can be set."""
    spec = importlib.util.spec_from_file_location("all_tests", ROOT / "tests" / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Item:
    def __init__(self, name, mark=None, file="test_laws.py"):
        self.nodeid, self.path, self._mark = f"{file}::{name}", Path(file), mark

    def get_closest_marker(self, name):
        return self._mark if name == "one_in" else None


class Config:
    def __init__(self, *args, everything=False):
        self.args, self.hook, self.dropped = args, self, []
        self._everything = everything

    def getoption(self, name):
        return self._everything

    def pytest_deselected(self, items):
        self.dropped += items


def kept(turns, monkeypatch, items, turn, *args, **options):
    monkeypatch.setattr(turns, "_turn", lambda: turn)
    left = list(items)
    config = Config(*args, **options)
    turns.pytest_collection_modifyitems(config, left)
    assert sorted(map(id, left + config.dropped)) == sorted(map(id, items))
    return left


def test_each_has_its_turn_in_one_of_n_commits_and_the_others_always(turns, monkeypatch):
    plain = Item("plain")
    items = [plain, *(Item(f"law[{number}]", pytest.mark.one_in(3).mark) for number in range(60))]
    shares = [kept(turns, monkeypatch, items, turn) for turn in (5, 6, 7)]
    assert all(plain in share for share in shares)
    assert all(10 <= len(share) <= 35 for share in shares)
    assert sum(map(len, shares)) == len(items) + 2
    assert set().union(*shares) == set(items)


def test_a_file_can_take_its_turn_as_a_whole(turns, monkeypatch):
    together = pytest.mark.one_in(2, together=True).mark
    items = [Item(f"law[{number}]", together, file) for number in range(5) for file in ("test_a.py", "test_b.py")]
    for turn in (0, 1):
        files = [one.path for one in kept(turns, monkeypatch, items, turn)]
        assert all(files.count(file) == 5 for file in set(files))


def test_who_asks_for_a_test_or_for_all_gets_it(turns, monkeypatch):
    items = [Item(f"law[{number}]", pytest.mark.one_in(100).mark) for number in range(5)]
    assert kept(turns, monkeypatch, items, 1, "tests/theory/test_laws.py::law") == items
    assert kept(turns, monkeypatch, items, 1, everything=True) == items
