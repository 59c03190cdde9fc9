"""The sweep file, its texts, and what is wrong with it, line by line."""

from pathlib import Path

import pytest

from simulator.errors import TopologyError
from simulator.spec.sweepfile import Span, load_sweep, read_axis, read_axis_text
from simulator.spec.values import WrittenFloat, WrittenInt

WHOLE = """\
topology: shop.yaml
axes:
  workload.rate: {min: 50/s, max: 400/s, scale: log}
  services.web.replicas: [1, 2, 4]
  services.web.steps[0].cpu: 1ms:3ms:1ms
  simulation.drain: 5s
  deployment: [microservices, monolith]
design: latin
samples: 32
designSeed: 7
equalCores: true
simulation: {duration: 20s, replications: 3}
"""


def write(folder, text):
    (folder / "sweep.yaml").write_text(text)
    return folder / "sweep.yaml"


def test_a_whole_file(tmp_path):
    made, changes, topology = load_sweep(write(tmp_path, WHOLE))
    assert topology == tmp_path / "shop.yaml"
    assert list(made.axes) == [
        "workload.rate", "services.web.replicas", "services.web.steps[0].cpu", "simulation.drain", "deployment"
    ]  # fmt: skip
    assert made.axes["workload.rate"].ends("workload.rate") == (50.0, 400.0)
    assert made.axes["services.web.replicas"] == [1, 2, 4]
    assert made.axes["services.web.steps[0].cpu"] == ["1ms", "2ms", "3ms"]
    assert made.axes["simulation.drain"] == ["5s"]
    assert (made.design, made.samples, made.design_seed, made.equal_cores) == ("latin", 32, 7, True)
    assert changes == {"simulation.duration": "20s", "simulation.replications": 3}


def test_only_what_is_written_is_changed(tmp_path):
    made, changes, topology = load_sweep(write(tmp_path, "topology: /a/b.yaml\naxes: {a.b: [1]}\n"))
    assert (made.design, made.samples, made.design_seed, made.deployments, changes) == ("grid", None, None, None, {})
    assert topology == Path("/a/b.yaml")


BROKEN = """\
topolgy: shop.yaml
axes:
  workload.rate: {min: 500/s, max: 40/s}
  services.web.replicas: []
  a.b: {min: 1, max: 5, scal: log}
  a.c: 1ms:2s:1ms
design: latn
simulation: {duration: 20, warmp: 1s}
"""
TOLD = """\
sweep.yaml:1:1: topolgy: unknown key `topolgy`; did you mean `topology`?
    1 | topolgy: shop.yaml
        ^
sweep.yaml:3:18: axes.workload.rate: expected `min` below `max`, found `500/s` and `40/s`
    3 |   workload.rate: {min: 500/s, max: 40/s}
                         ^
sweep.yaml:4:26: axes.services.web.replicas: expected values, found nothing; without one, leave it out
    4 |   services.web.replicas: []
                                 ^
sweep.yaml:5:25: axes.a.b.scal: unknown key `scal`; did you mean `scale`?
    5 |   a.b: {min: 1, max: 5, scal: log}
                                ^
sweep.yaml:6:8: axes.a.c: expected start:stop:step in one unit, such as 50/s:400/s:50/s, found `1ms:2s:1ms`
    6 |   a.c: 1ms:2s:1ms
               ^
sweep.yaml:7:9: design: expected `grid`, `zip`, `random`, `latin`, `sobol` or `lhs`, found `latn`; did you mean `latin`?
    7 | design: latn
                ^
sweep.yaml:8:24: simulation.duration: a duration needs a unit, for example 250ms, found `20`
    8 | simulation: {duration: 20, warmp: 1s}
                               ^
sweep.yaml:8:28: simulation.warmp: unknown key `warmp`; did you mean `warmup`?
    8 | simulation: {duration: 20, warmp: 1s}
                                   ^
"""


def test_everything_that_is_wrong_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, BROKEN)
    with pytest.raises(TopologyError) as caught:
        load_sweep("sweep.yaml")
    assert f"{caught.value}\n" == TOLD


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("axes: {a.b: [1]}\n", "missing key `topology`"),
        ("topology: x.yaml\n", "missing key `axes`"),
        ("topology: x.yaml\naxes: {}\n", "axes: expected at least one path and its values"),
        ("topology: x.yaml\naxes: [1]\n", "axes: expected a mapping, found a list"),
        ("topology: x.yaml\naxes: {a.b: true}\n", "axes.a.b: expected values such as .*, found true"),
        ("topology: x.yaml\naxes: {a.b: [1], a.b: [2]}\n", "duplicate key `a.b`"),
        ("topology: x.yaml\naxes: {a.b: {min: 1, max: 2, integer: yes}}\n", "expected true or false, found `yes`"),
        (
            "topology: x.yaml\naxes: {a.b: {min: 5ms, max: 6/s}}\n",
            "axes.a.b: expected both ends of one kind, found `5ms`",
        ),
        ("topology: 5\naxes: {a.b: [1]}\n", "topology: expected text, found 5"),
        ("- a\n", "expected a mapping, found a list"),
        ("", "^sweep.yaml:1:1: the file is empty; expected a mapping with `topology` and `axes`"),
        ("# later\n", "the file is empty; expected a mapping with `topology` and `axes`"),
        ("topology: x.yaml\naxes: {a.b: [1]}\nsimulation: {duration: 10s, warmup: 10s}\n", "must be shorter than"),
    ],
)
def test_a_wrong_file(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, text)
    with pytest.raises(TopologyError, match=message):
        load_sweep("sweep.yaml")


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(TopologyError, match=r"cannot read .*nowhere\.yaml`: No such file"):
        load_sweep(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2,4", [1, 2, 4]),
        ("5", [5]),
        (" 1 , 2 ", [1, 2]),
        ("a,b", ["a", "b"]),
        ("true,false", [True, False]),
        ("50:400:50", [50, 100, 150, 200, 250, 300, 350, 400]),
        ("50/s:400/s:150/s", ["50/s", "200/s", "350/s"]),  # the stop only if a step leads there
        ("1ms:5ms:1ms", ["1ms", "2ms", "3ms", "4ms", "5ms"]),
        ("0.1:0.5:0.1", [0.1, 0.2, 0.3, 0.4, 0.5]),  # not 0.30000000000000004
        ("1%:2%:0.5%", ["1%", "1.5%", "2%"]),
        ("4:4:1", [4]),
        ("[1, 2ms]", [1, "2ms"]),
        ("{min: 1, max: 2}", {"min": 1, "max": 2}),
        ("1..8", {"min": 1, "max": 8, "scale": "linear", "integer": False}),
        ("50/s..400/s:log", {"min": "50/s", "max": "400/s", "scale": "log", "integer": False}),
        ("1..8:integer:log", {"min": 1, "max": 8, "scale": "log", "integer": True}),
    ],
)
def test_texts(text, values):
    assert read_axis_text(text) == values


def test_numbers_of_a_text_are_those_of_a_file():
    assert [type(value) for value in read_axis_text("1,0.5")] == [WrittenInt, WrittenFloat]
    assert [type(value) for value in read_axis_text("1:2:1")] == [WrittenInt, WrittenInt]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected values"),
        ("1,,2", "expected values"),
        ("5:1:1", "with a stop after the start"),
        ("1:5:0", "with a step above 0, found `1:5:0`"),
        ("50/s:100/s:0/s", "with a step above 0, found"),
        ("5:1:0", "with a step above 0"),
        ("1:5:-1", "with a step above 0"),
        ("1ms:5s:1ms", "in one unit"),
        ("1:2:x", "in one unit"),
        ("1h30m:2h30m:1h30m", "in one unit"),
        ("0:1:0.000001", "stands for 1000001 values"),
        ("50/s:400/s", "such as 50/s:400/s:50/s, found `50/s:400/s`: it has no step"),
        ("1:3", "it has no step"),
        ("1..", "expected a span"),
        ("..2", "expected a span"),
        ("1..2:lg", "expected a span"),
        ("[1, 2", "not valid YAML"),
        ("1.2.3:4:1", "expected start:stop:step"),
    ],
)
def test_texts_that_are_wrong(text, message):
    with pytest.raises(TopologyError, match=message):
        read_axis(text, "a.b")


def test_a_span_knows_its_ends():
    span = read_axis({"min": "1ms", "max": "50ms", "scale": "log"}, "network.latency")
    assert isinstance(span, Span)
    assert span.ends("network.latency") == (0.001, 0.05)
    assert not span.written
    assert read_axis("1..8:integer", "a").written
