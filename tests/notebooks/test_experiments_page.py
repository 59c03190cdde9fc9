"""Every command of docs/experiments.md runs as it stands there, and its text keeps its word."""

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

import simulator as sim
from simulator.results.statistics import student_factor
from simulator.theory import mm1_run_length

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")


def commands():
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            assert words[0] == "simulator"
            yield words[1:]


@pytest.mark.one_in(6)
@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_runs(words, tmp_path):
    for folder in ("topologies", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    process = subprocess.run(
        [sys.executable, "-m", "simulator.cli", *words],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert process.stdout
    assert all(len(line) <= 100 for line in process.stdout.splitlines())
    for option, file in pairwise(words):
        assert option not in ("-o", "--store") or (tmp_path / file).exists()


def test_the_table_of_run_lengths_is_the_law():
    rows = re.findall(r"^\| ([0-9]+) % \| ([0-9,]+) \| ([0-9,]+) \| ([0-9,]+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for percent, *cells in rows:
        utilisation = int(percent) / 100.0
        for half_width, cell in zip((0.1, 0.05, 0.02), cells, strict=True):
            requests = utilisation * mm1_run_length(utilisation, half_width)
            assert float(f"{requests:.2g}") == float(cell.replace(",", ""))


def test_the_table_of_factors_is_students():
    counts, factors = re.findall(r"^\| (?:replications|factor at 95 %) \| (.*) \|$", PAGE, re.MULTILINE)
    for count, factor in zip(counts.split(" | "), factors.split(" | "), strict=True):
        assert f"{student_factor(int(count) - 1, 0.95):.3g}" == factor


def test_common_random_numbers_are_worth_what_the_page_says():
    """The example of the page, all its figures: the pair, and the same with other numbers before and after."""
    topology = sim.load(ROOT / "topologies" / "checkout.yaml")
    settings = {"duration": "2m", "replications": 10, "detail": "summary"}
    before = sim.simulate(topology, seed=1, **settings)
    after = topology.replace({"services.payment.replicas": 3})
    paired = sim.simulate(after, seed=1, **settings).difference_from(before)
    other = sim.simulate(after, seed=2, **settings)
    monolith = sim.simulate(topology, "monolith", seed=1, **settings).difference_from(before)
    strange = sim.simulate(topology, "monolith", seed=2, **settings)

    def apart(quantity: str, one: sim.Results) -> float:
        variances = pd.DataFrame({0: before.replications[quantity], 1: one.replications[quantity]}).var(ddof=1)
        return float(student_factor(18, 0.95) * (variances.sum() / 10) ** 0.5)

    mean, p99 = "latency_mean_s", "latency_p99_s"
    shown = [f"{-1e3 * paired.difference[q]:.1f} ± {1e3 * paired.half_width[q]:.1f}" for q in (mean, p99)]
    assert shown == ["21.3 ± 0.6", "30.1 ± 6.9"]
    assert "21.3 ± 0.6 ms off the mean latency, and 30.1 ± 6.9 ms off p99" in PAGE.replace("\n", " ")
    assert [round(1e3 * apart(q, other), 1) for q in (mean, p99)] == [1.8, 15.6]
    work = [(apart(q, other) / paired.half_width[q]) ** 2 for q in (mean, p99)]
    assert [round(w) for w in work] == [8, 5]
    assert [round((apart(q, strange) / monolith.half_width[q]) ** 2) for q in (mean, p99)] == [2, 3]


@pytest.mark.one_in(3)
def test_a_paired_difference_of_a_sweep_is_that_of_its_results(monkeypatch, capsys):
    """The Python of the page, as it stands there, against what `difference_from` says."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(ROOT)
    found: dict[str, float] = {}
    exec(block, found)
    topology = sim.load("topologies/checkout.yaml")
    settings = {"duration": "30s", "replications": 5, "detail": "summary"}
    before, after = (sim.simulate(topology.replace({"services.payment.replicas": n}), **settings) for n in (2, 3))
    wanted = after.difference_from(before).loc["latency_mean_s"]
    assert abs(found["mean"] - wanted["difference"]) < 0.01 * wanted["half_width"]
    told = capsys.readouterr().out.strip()
    assert f"It says {told}, " in PAGE
    assert f"{1e3 * wanted['difference']:.1f} ± {1e3 * wanted['half_width']:.1f}" in PAGE
    for result in (before, after):
        own = result.intervals.loc["latency_mean_s"]
        assert f"{1e3 * own['mean']:.1f} ± {1e3 * own['half_width']:.1f}" in PAGE
