"""Every file in `broken/` is refused with exactly the text beside it."""

from pathlib import Path

import pytest

from simulator.errors import TopologyError
from simulator.spec import load

BROKEN = Path(__file__).parent / "broken"
FILES = sorted(path.name for path in BROKEN.glob("*.yaml"))


def test_there_are_many():
    assert len(FILES) > 100
    assert {path.stem for path in BROKEN.glob("*.txt")} == {Path(name).stem for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_explained(name, monkeypatch):
    monkeypatch.chdir(BROKEN)
    with pytest.raises(TopologyError) as caught:
        load(name)
    assert str(caught.value) + "\n" == (BROKEN / name).with_suffix(".txt").read_text(encoding="utf-8")
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places)
    assert all(line > 0 and column > 0 for line, column in places)


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_a_file_that_cannot_be_read(name, monkeypatch):
    monkeypatch.chdir(BROKEN)
    with pytest.raises(TopologyError, match=f"^cannot read `{name}`: "):
        load(name)
