"""`simulator init`, `examples` and `warm`: what there is before the first run."""

import json
from pathlib import Path

import pytest

import simulator as sim
from simulator import cli
from simulator.cli import common

TOPOLOGIES = Path(__file__).parents[3] / "topologies"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_sample_is_listed_with_its_question(capsys):
    assert cli.main(["examples"]) == common.FINE
    lines = capsys.readouterr().out.splitlines()
    for file in TOPOLOGIES.glob("*.yaml"):
        question = file.read_text().splitlines()[0].lstrip("# ")
        assert question.endswith("?")
        assert [line.split(maxsplit=1)[1] for line in lines if line.startswith(f"{file.stem} ")] == [question]
    assert cli.main(["examples", "--json"]) == common.FINE
    assert json.loads(capsys.readouterr().out) == sim.examples()


def test_init_writes_the_checkout_and_leaves_what_is_there(folder, capsys):
    assert cli.main(["init"]) == common.FINE
    assert "simulator compare checkout.yaml" in capsys.readouterr().out
    assert (folder / "checkout.yaml").read_bytes() == (TOPOLOGIES / "checkout.yaml").read_bytes()
    (folder / "checkout.yaml").write_text("mine")
    assert cli.main(["init"]) == common.WRONG
    assert "checkout.yaml is there already, and is left as it is" in capsys.readouterr().err
    assert (folder / "checkout.yaml").read_text() == "mine"
    assert [one.name for one in folder.iterdir()] == ["checkout.yaml"]


@pytest.mark.parametrize("name", ["retry-storm", "retry-storm.yaml"])
def test_init_writes_any_of_them_anywhere(folder, name, capsys):
    assert cli.main(["init", name, "-o", "mine.yaml", "--json"]) == common.FINE
    assert json.loads(capsys.readouterr().out) == {"file": "mine.yaml"}
    assert Path("mine.yaml").read_bytes() == (TOPOLOGIES / "retry-storm.yaml").read_bytes()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("init retrystorm", "there is no example `retrystorm`; did you mean `retry-storm`?"),
        ("init ../../etc/passwd", "there is no example `../../etc/passwd`; expected `checkout`"),
        ("init -o nowhere/x.yaml", "cannot write nowhere/x.yaml: there is no folder nowhere"),
    ],
)
def test_what_cannot_be_written_is_said(folder, command, said, capsys):
    assert cli.main(command.split()) == common.WRONG
    assert said in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_warm_says_where_the_machine_code_is(folder, capsys, monkeypatch):
    monkeypatch.setattr(sim, "warm", lambda progress: folder / "cache", raising=False)
    assert cli.main(["warm"]) == common.FINE
    assert str(folder / "cache") in capsys.readouterr().out
    assert cli.main(["warm", "--json"]) == common.FINE
    assert json.loads(capsys.readouterr().out) == {"folder": str(folder / "cache")}
