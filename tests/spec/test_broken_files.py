"""Every file in `broken/` is refused with exactly the text beside it."""

from pathlib import Path

import pytest

from simulator.errors import TopologyError
from simulator.spec import load, loads

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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("shop/chekout.yaml", "shop/checkout.yaml"),
        ("shop/checkout", "shop/checkout.yaml"),
        ("shp/chekout.yaml", "shop/checkout.yaml"),
        ("Shop.yml", "shop.yaml"),
        ("shop/other.yaml", None),
        ("nowhere/at/all.yaml", None),
    ],
)
def test_a_file_of_nearly_that_name_is_named(name, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "checkout.yaml").touch()
    (tmp_path / "shop.yaml").touch()
    with pytest.raises(TopologyError) as caught:
        load(name)
    hint = f"; did you mean `{meant}`?" if meant else ""
    assert str(caught.value) == f"cannot read `{name}`: No such file or directory{hint}"


def test_a_trace_of_nearly_that_name_is_named(tmp_path):
    (tmp_path / "arrivals.csv").write_text("arrival_s\n1\n")
    (tmp_path / "a.yaml").write_text("services: {a: {steps: []}}\nworkload: {call: a, replay: arrival.csv}\n")
    with pytest.raises(TopologyError, match=r"No such file or directory; did you mean `arrivals\.csv`\?"):
        load(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cpu: 1 sec", "1s"), ("cpu: 5 ms", "5ms"), ("cpu: 3msecs", "3ms"), ("cpu: 2 Minutes", "2m"),
        ("sleep: 1.5 hours", "1.5h"), ("sleep: 10 microseconds", "10us"), ("cpu: 2 fortnights", ""), ("cpu: soon", ""),
    ],
)  # fmt: skip
def test_our_unit_is_named_where_another_is_written(written, meant):
    with pytest.raises(TopologyError) as caught:
        loads(f"services: {{a: {{steps: [{{{written}}}]}}}}\nworkload: {{call: a, rate: 1/s}}\n")
    told = caught.value.problems[0].message
    assert told.endswith(f"; did you mean `{meant}`?") if meant else "did you mean" not in told


@pytest.mark.parametrize(
    ("written", "meant"),
    [("10 per second", "10/s"), ("10rps", "10/s"), ("600 req/min", "600/m"), ("10 /s", "10/s"), ("9/day", "")],
)
def test_our_rate_is_named_where_another_is_written(written, meant):
    with pytest.raises(TopologyError) as caught:
        loads(f"services: {{a: {{steps: []}}}}\nworkload: {{call: a, rate: {written}}}\n")
    told = caught.value.problems[0].message
    assert told.endswith(f"; did you mean `{meant}`?") if meant else "did you mean" not in told


@pytest.mark.parametrize(
    ("written", "meant"), [("memory: 512MB", "512M"), ("memory: 2 GiB", "2Gi"), ("cpu: 2 cores", "2"), ("cpu: 1 x", "")]
)
def test_our_size_is_named_where_another_is_written(written, meant):
    with pytest.raises(TopologyError) as caught:
        loads(f"services: {{a: {{resources: {{{written}}}, steps: []}}}}\nworkload: {{call: a, rate: 1/s}}\n")
    told = caught.value.problems[0].message
    assert told.endswith(f"; did you mean `{meant}`?") if meant else "did you mean" not in told
