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
    def __init__(self, name, mark=None, path=Path("test_laws.py")):
        self.nodeid, self.path, self._mark = f"{path}::{name}", path, mark

    def get_closest_marker(self, name):
        return self._mark if name == "one_in" else None


class Config:
    def __init__(self, *args, everything=False, workers=1):
        self.args, self.hook, self.dropped = args, self, []
        self.workerinput = {"workercount": workers}
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
    assert [len(share) for share in shares] == [21, 21, 21]
    assert set().union(*shares) == set(items)


def test_of_few_cases_one_is_there_always_and_a_single_test_in_its_turn(turns, monkeypatch):
    few = [Item(f"law[{number}]", pytest.mark.one_in(10).mark) for number in range(4)]
    single = Item("notebook", pytest.mark.one_in(10).mark)
    shares = [kept(turns, monkeypatch, [*few, single], turn) for turn in range(20)]
    assert all(len(share) == 1 + (single in share) for share in shares)
    assert set().union(*shares[:4]) >= set(few)
    assert sum(single in share for share in shares) == 2


def test_who_asks_for_a_test_or_for_all_gets_it(turns, monkeypatch):
    items = [Item(f"law[{number}]", pytest.mark.one_in(100).mark) for number in range(5)]
    assert kept(turns, monkeypatch, items, 1, "tests/theory/test_laws.py::law") == items
    assert kept(turns, monkeypatch, items, 1, everything=True) == items


def test_each_worker_gets_half_of_them_the_quick_first_and_whole_files(turns, monkeypatch):
    files = {"theory/test_a.py": 3, "spec/test_b.py": 4, "unit/test_c.py": 1, "unit/test_d.py": 2}
    items = [
        Item(f"law[{number}]", path=ROOT / "tests" / name) for name, count in files.items() for number in range(count)
    ]
    dealt = kept(turns, monkeypatch, items, 1, workers=2)
    hands = [list(dict.fromkeys(item.path.name for item in hand)) for hand in (dealt[:4], dealt[4:])]
    assert hands == [["test_b.py"], ["test_c.py", "test_d.py", "test_a.py"]]
