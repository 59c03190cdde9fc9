"""The guide: its commands run as they stand there, in short, and what it says of the bookshop is so."""

import re
import shlex
from pathlib import Path

import pytest

import simulator as sim
from simulator import cli

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
BOOKSHOP = ROOT / "docs" / "examples" / "bookshop.yaml"
SHORT = ("--duration", "20s", "--warmup", "5s", "--replications", "2")
RUNNING = ("simulate", "compare", "capacity", "sweep", "drill")


def commands():
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            _, *words = shlex.split(line.partition(" > ")[0], comments=True)
            yield words


@pytest.mark.one_in(2)
@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_runs(words, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    short = SHORT[-2:] if words[0] == "drill" else SHORT if words[0] in RUNNING else ()  # a drill outlasts its fault
    assert cli.main([*words, *short]) in (0, 1)
    assert capsys.readouterr().out


def test_theory_says_what_the_guide_says():
    napkin = sim.check(sim.load(BOOKSHOP), ["microservices"]).napkins["microservices"]
    assert napkin.bottleneck == "reviews"
    assert "61 % of its core at 60/s, saturated at 98/s" in PAGE.replace("\n", " ")
    assert 98 <= napkin.saturation_rate < 99
    assert round(100 * 60 / napkin.saturation_rate) == 61


def test_one_replica_of_reviews_breaks_the_promise_and_two_do_not():
    assert "At 90/s one replica of `reviews` breaks the promise of 200 ms, two do not" in PAGE.replace("\n ", "")
    busy = sim.load(BOOKSHOP).replace({"workload.rate": "90/s"})
    settings = {"duration": "60s", "warmup": "20s", "replications": 4, "detail": "summary"}
    one, two = (sim.simulate(busy.replace({"services.reviews.replicas": n}), **settings) for n in (1, 2))
    assert one.summary["latency_p99_s"] > 1.2 * 0.2
    assert two.summary["latency_p99_s"] < 0.5 * 0.2


def test_nobody_loses_the_page_when_reviews_is_dead():
    assert "Here nobody loses the page" in PAGE
    dead = {"faults": [{"at": "5s", "for": "20s", "target": "reviews", "kill": {}}]}
    result = sim.simulate(sim.load(BOOKSHOP).replace(dead), duration="30s", warmup="0s", replications=2)
    assert result.summary["errors"] == 0
    assert result.summary["degraded"] > 0.5 * 2 * 20 * 60
