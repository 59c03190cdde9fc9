"""`plot` of load curves, core curves, scaling and break-even: files, words, JSON, and what is refused before a run."""

import json
import os
import shlex
from pathlib import Path

import pytest

from simulator import cli
from simulator.cli import common
from simulator.cli.curves import CURVES
from simulator.engines.reference import ReferenceEngine

SHOP = """\
name: shop
simulation: {duration: 4s, warmup: 1s, seed: 3, replications: 2}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 5ms}}, {call: store}]}
  store: {steps: [{cpu: {dist: exponential, mean: 8ms}}]}
workload: {call: web, rate: 20/s}
slos: {web: {call: web, p99: 900ms}}
prices: {vcpuHour: 0.04}
"""
COMMANDS = {
    "scaling": "--load 1,40/s",
    "load-curve": "--load 0.5 --load 2 -d monolith",
    "core-curve": "--way web",
    "break-even": "--axis services.web.resources.memory=1Gi,2Gi --axis workload.rate=20/s",
}


@pytest.fixture(autouse=True)
def _shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP)


def run(capsys, command):
    code = cli.main(shlex.split(command))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_there_is_a_command_for_every_curve():
    assert set(COMMANDS) == set(CURVES)


@pytest.mark.parametrize("figure", COMMANDS)
def test_files_and_words(figure, capsys):
    code, out, err = run(capsys, f"plot {figure} shop.yaml {COMMANDS[figure]} -o one.png -o two.svg")
    assert code == common.FINE
    assert all(line.startswith(("warning: ", "  ")) for line in err.splitlines())
    assert out.endswith("\n\none.png\ntwo.svg\n")
    assert out.startswith("shop: ")
    assert max(map(len, out.splitlines())) <= 100
    assert Path("one.png").read_bytes()[:4] == b"\x89PNG"
    assert Path("two.svg").read_text().rstrip().endswith("</svg>")


@pytest.mark.one_in(2)
@pytest.mark.parametrize("figure", COMMANDS)
def test_long_names_keep_to_100_columns(figure, capsys):
    long = "a-name-that-is-longer-than-any-table-would-like-it-to-be-and-then-some-and-more"
    text = SHOP.replace("web", f"{long}-web").replace("store", f"{long}-store").replace("name: shop", f"name: {long}")
    text += f"deployments: {{{long}-both: {{units: {{all: {{services: [{long}-web, {long}-store]}}}}}}}}\n"
    Path("long.yaml").write_text(text)
    which = COMMANDS[figure].replace("web", f"{long}-web").replace("-d monolith", "")
    which += f" --way {long}-both" if figure == "core-curve" else f" -d microservices -d {long}-both"
    code, out, err = run(capsys, f"plot {figure} long.yaml {which} -o one.svg")
    assert code == common.FINE
    assert all(line.startswith(("warning: ", "  ")) for line in err.splitlines())
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("figure", COMMANDS)
def test_json_stands_alone_and_has_no_nan(figure, capsys):
    code, out, err = run(capsys, f"plot {figure} shop.yaml {COMMANDS[figure]} -o one.svg --json")
    assert code == common.FINE
    assert all(line.startswith(("warning: ", "  ")) for line in err.splitlines())

    def refuse(word):
        raise AssertionError(word)

    content = json.loads(out, parse_constant=refuse)
    assert content["files"] == [content["file"]] == ["one.svg"]
    assert content["curve"]["table"]
    assert content["curve"]["finding"]


def test_the_same_command_writes_the_same_bytes(capsys):
    for name in ("a.svg", "b.svg"):
        run(capsys, f"plot load-curve shop.yaml --load 1 -o {name}")
    assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("scaling shop.yaml --axis a=b -o x.png", "--axis does not act on scaling, but on break-even: leave it out"),
        ("latency shop.yaml --load 1 -o x.png", "--load does not act on latency, but on scaling and load-curve"),
        ("core-curve shop.yaml -d monolith -o x.png", "-d does not act on core-curve"),
        ("scaling shop.yaml --equal-cores -o x.png", "--equal-cores does not act on scaling, but on load-curve"),
        ("load-curve shop.yaml --load 5rps -o x.png", "loads: '5rps' is neither a factor"),
        ("core-curve shop.yaml --way nobody -o x.png", "ways: `nobody` is no deployment and no service"),
        ("break-even shop.yaml -o x.png", "a map has two axes, found 0"),
        ("break-even shop.yaml --axis workload.rate -o x.png", "--axis workload.rate: expected PATH=VALUES"),
        (
            "break-even shop.yaml --axis workload.rate=1/s --axis workload.rate=2/s -o x.png",
            "--axis workload.rate is given twice",
        ),
        (
            "break-even shop.yaml --axis workload.rate=1 --axis services.web.replicas=1 -o x.png",
            "workload.rate: a rate needs a unit",
        ),
        ("scaling shop.yaml --replications 1 -o x.png", "one replication has no interval"),
        ("scaling shop.yaml --set slos={} -o x.png", "the file has no slos"),
        ("scaling shop.yaml -o x.png -o y.gif", "cannot save a figure as y.gif"),
        ("load-curve shop.yaml --quick -o x.png", "--quick draws a topology without a run"),
    ],
)
@pytest.mark.usefixtures("nothing_compiled")
def test_what_cannot_end_well_is_refused_before_the_run(command, message, capsys, monkeypatch):
    def call(*_, **__):
        raise AssertionError(command)

    monkeypatch.setattr(ReferenceEngine, "run", call)
    code, out, err = run(capsys, f"plot {command}")
    assert (code, out) == (common.WRONG, "")
    assert err.startswith(message)
    assert os.listdir() == ["shop.yaml"]


@pytest.mark.usefixtures("nothing_compiled")
def test_a_ctrl_c_shows_and_draws_what_is_finished(capsys, monkeypatch):
    whole, calls = ReferenceEngine.run, []

    def interrupted(self, plan, **options):
        calls.append(plan)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return whole(self, plan, **options)

    monkeypatch.setattr(ReferenceEngine, "run", interrupted)
    code, out, _ = run(capsys, "plot load-curve shop.yaml --load 1,2 -d monolith -o x.png")
    assert code == common.INTERRUPTED
    assert "interrupted: only what was finished by then is here" in out
    assert Path("x.png").exists()


def test_a_figure_of_missed_objectives_is_drawn_and_says_so(capsys):
    """All work is constant, 13 ms of it: half of the requests and more meet nobody, and take just that."""
    steps = "--set services.web.steps='[{cpu: 5ms}, {call: store}]' --set services.store.steps='[{cpu: 8ms}]'"
    command = f"plot scaling shop.yaml --load 1 {steps} --set slos.web.p50=1ms -o x.svg"
    code, out, _ = run(capsys, command)
    assert code == common.FINE
    assert "neither meets the objectives at 20/s" in out
    code, out, _ = run(capsys, f"{command} --json")
    assert [row["met"] for row in json.loads(out)["curve"]["table"]] == [False, False]
    cli.main(["plot", "--help"])
    assert "Exit code 0 once it is drawn, also if objectives are missed" in " ".join(capsys.readouterr().out.split())


LATE = "faults: [{at: 2m, for: 20s, target: web, kill: {replicas: 1}}]\n"


@pytest.mark.parametrize("figure", [name for name in [*COMMANDS, *cli.FIGURES] if name != "drill"])
def test_a_fault_that_never_happens_is_said_on_the_standard_error(figure, capsys):
    """The run takes 4 s, the kill begins after 2 min; a drill alone lasts as long as its faults."""
    Path("late.yaml").write_text(SHOP + LATE)
    command = f"plot {figure} late.yaml {COMMANDS.get(figure, '')} -o x.svg"
    code, out, err = run(capsys, command)
    assert code == common.FINE
    assert "it begins at 2m, after the last arrival (4s)" in " ".join(err.split())
    assert "warning" not in out
    code, out, _ = run(capsys, f"{command} --json")
    assert any("after the last arrival" in text for text in json.loads(out)["warnings"])


def test_a_figure_of_the_plan_alone_warns_of_no_run(capsys):
    Path("late.yaml").write_text(SHOP + LATE)
    assert run(capsys, "plot topology late.yaml --quick -o x.svg") == (common.FINE, "x.svg\n", "")
