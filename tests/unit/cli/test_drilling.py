"""`drill`: words, JSON, CSV, figures, exit codes, and what is refused before a run."""

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest

from simulator import cli
from simulator.cli import common, drilling
from simulator.engines.reference import ReferenceEngine
from simulator.experiments.drills.faulting import KINDS
from simulator.experiments.drills.policysets import SETS

SHOP = """\
name: shop
simulation: {warmup: 1s, replications: 2, drain: 5s}
policies: {guarded: {timeout: 200ms, fallback: {steps: []}}}
services: {web: {steps: [{call: pay, policy: guarded}]}, pay: {steps: [{cpu: 5ms}]}}
workload: {call: web, rate: 40/s}
slos: {buying: {call: web, p99: 300ms}}
"""
SHORT = "--at 3s --for 3s --duration 12s"


@pytest.fixture(autouse=True)
def _shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP)


def run(capsys, command):
    code = cli.main(shlex.split(command))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_its_words_are_those_of_the_package():
    assert drilling.SETS == SETS
    assert drilling.FAULTS == KINDS


def test_words_figure_and_table(capsys):
    code, out, err = run(capsys, f"drill shop.yaml --target pay {SHORT} -o one.png -o two.svg --csv rows.csv")
    assert (code, err) == (common.FINE, "")
    assert out.startswith("shop: kill of pay at 3s for 3s\n")
    assert out.endswith("\n\none.png\ntwo.svg\nrows.csv\n")
    assert max(map(len, out.splitlines())) <= 100
    assert Path("one.png").read_bytes()[:4] == b"\x89PNG"
    table = pd.read_csv("rows.csv")
    assert len(table) == 8
    assert table.loc[table["policies"] == "full", "degraded"].iloc[0] > 100


def test_json_alone(capsys):
    code, out, _ = run(capsys, f"drill shop.yaml --target pay {SHORT} --policies none,full -d monolith --json")
    content = json.loads(out)
    assert code == common.FINE
    assert [(row["deployment"], row["policies"]) for row in content["table"]] == [
        ("monolith", "none"),
        ("monolith", "full"),
    ]
    assert content["files"] == []


def test_the_files_own_faults(capsys):
    Path("shop.yaml").write_text(SHOP + "faults: [{at: 3s, for: 2s, target: pay, pause: {}}]\n")
    code, out, _ = run(capsys, "drill shop.yaml --duration 12s --policies none")
    assert code == common.FINE
    assert out.startswith("shop: pause of pay at 3s for 2s\n")


def test_who_does_not_come_back_is_exit_code_1(capsys):
    Path("shop.yaml").write_text(SHOP.replace(", fallback: {steps: []}", "").replace("rate: 40/s", "rate: 300/s"))
    code, out, _ = run(capsys, "drill shop.yaml --target pay --fault pause --at 3s --for 9s --duration 14s")
    assert code == common.MISSED, out
    words = " ".join(out.split())  # wherever its lines are broken
    assert "does not come back" in words or "do not come back" in words


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("drill shop.yaml", "no fault to drill: name a target (give --target web), or write `faults` into the file"),
        ("drill shop.yaml --for 3s", "for: given without a target: name one (give --target web), or leave"),
        ("drill shop.yaml --target pay --at 3s --for 9s --duration 5s --warmup 1s", "after it; give --duration 24s"),
        ("drill shop.yaml --target pay --fault slow", "slow needs a factor: give --factor 5"),
        ("drill shop.yaml --target pya", "unknown service `pya`; expected `web` or `pay`"),
        ("drill shop.yaml --target pay --policies most", "there is no set 'most'"),
        ("drill shop.yaml --target pay --policies none,,full", "expected names such as none,full"),
        ("drill shop.yaml --target pay -d nowhere", "nowhere"),
        ("drill shop.yaml --target pay --replicas many", "expected a whole number or `all`"),
        ("drill shop.yaml --target pay -o one.gif", "has to end with .png, .svg or .pdf"),
        ("drill shop.yaml --target pay --csv no/rows.csv", "there is no folder no"),
        ("drill shop.yaml --target pay --csv .", "is a folder"),
        ("drill shop.yaml --target pay --warmup auto", "a drill needs a warmup that is a time"),
        ("drill none.yaml --target pay", "none.yaml"),
    ],
)
@pytest.mark.usefixtures("nothing_compiled")
def test_what_is_wrong_is_refused_before_a_run(command, message, capsys, monkeypatch):
    monkeypatch.setattr(ReferenceEngine, "run", lambda *_, **__: pytest.fail("it ran"))
    code, out, err = run(capsys, command)
    assert (code, out) == (common.WRONG, "")
    assert message in err


def test_an_interrupted_drill_shows_what_it_has(capsys, monkeypatch):
    from simulator.experiments import replicate

    ran, run_job = [], replicate.run_job

    def interrupted(*arguments):
        ran.append(arguments)
        if len(ran) > 5:
            raise KeyboardInterrupt
        return run_job(*arguments)

    monkeypatch.setattr(replicate, "run_job", interrupted)
    code, out, _ = run(capsys, f"drill shop.yaml --target pay {SHORT} -o one.svg")
    assert code == common.INTERRUPTED
    assert "interrupted: only what was finished by then is here" in out
    assert "PARTIAL" not in out
    assert Path("one.svg").exists()


def test_help_shows_examples(capsys):
    code, out, _ = run(capsys, "drill --help")
    assert code == common.FINE
    assert "simulator drill topologies/payment-down.yaml" in out


def test_find_load_is_told(capsys):
    even = SHOP.replace("rate: 40/s", "rate: 40/s, arrivals: even").replace(", fallback: {steps: []}", "")
    Path("shop.yaml").write_text(even)
    code, out, _ = run(
        capsys, f"drill shop.yaml --target pay {SHORT} --policies full -d microservices --find-load --replications 1"
    )
    assert code == common.FINE
    assert "times this load, and " in " ".join(out.split())
