"""Every command of docs/experiments.md runs as it stands there, and its text keeps its word."""

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.results import student_interval
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


CHECKOUT = sim.load(ROOT / "topologies" / "checkout.yaml")
THREE = CHECKOUT.replace({"services.payment.replicas": 3})


def test_the_third_replica_of_payment_gains_what_the_page_says():
    """The pair, and the same with other numbers before and after."""
    settings = {"duration": "2m", "replications": 10, "detail": "summary"}
    before = sim.simulate(CHECKOUT, seed=1, **settings)
    paired = sim.simulate(THREE, seed=1, **settings).difference_from(before)
    other = sim.simulate(THREE, seed=2, **settings)

    def apart(quantity: str) -> float:
        variances = pd.DataFrame({0: before.replications[quantity], 1: other.replications[quantity]}).var(ddof=1)
        return float(1e3 * student_factor(18, 0.95) * (variances.sum() / 10) ** 0.5)

    quantities = ("latency_mean_s", "latency_p99_s")
    mean, p99 = (f"{-1e3 * paired.difference[q]:.1f} ± {1e3 * paired.half_width[q]:.1f} ms" for q in quantities)
    text = PAGE.replace("\n", " ")
    assert f"{mean} off the mean latency, and {p99} off p99" in text
    assert f"it would have been ± {apart(quantities[0]):.1f} and ± {apart(quantities[1]):.0f} ms" in text


@pytest.mark.one_in(6)
def test_common_random_numbers_save_the_work_that_the_page_says():
    """Variances of differences with and without them: their ratio, its interval by the jackknife over replications."""
    settings = {"duration": "2m", "replications": 60, "detail": "summary", "seed": 3}
    before, more, whole = (
        sim.simulate(topology, deployment, **settings).replications
        for topology, deployment in ((CHECKOUT, "microservices"), (THREE, "microservices"), (CHECKOUT, "monolith"))
    )
    text = PAGE.replace("\n", " ")
    assert "it would take four times the work for the same mean, and eight times for p99" in text
    assert "it is 1.7 times for the mean, and six times for p99" in text
    said = {("mean", 0): 4.0, ("p99", 0): 8.0, ("mean", 1): 1.7, ("p99", 1): 6.0}
    for (quantity, number), factor in said.items():
        column = f"latency_{quantity}_s"
        values = pd.DataFrame({"before": before[column], "after": (more, whole)[number][column]})
        low, high = work_saved(values)
        assert low < factor < high < 3.0 * low


def work_saved(values: pd.DataFrame) -> tuple[float, float]:
    """The 95 % interval of how many times as many replications two separate experiments need, in logarithms."""

    def logarithm(some: pd.DataFrame) -> float:
        return float(np.log(some.var(ddof=1).sum() / (some["after"] - some["before"]).var(ddof=1)))

    count, whole = len(values), logarithm(values)
    pieces = pd.Series([count * whole - (count - 1) * logarithm(values.drop(row)) for row in values.index])
    mean, half_width = student_interval(pieces, 0.95)
    return float(np.exp(mean - half_width)), float(np.exp(mean + half_width))


@pytest.mark.one_in(3)
def test_a_paired_difference_of_a_sweep_is_that_of_its_results(monkeypatch, capsys):
    """The Python of the page, as it stands there; `difference_from` weighs means by the requests that were served."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(ROOT)
    found: dict[str, Any] = {}
    exec(block, found)
    settings = {"duration": "30s", "replications": 5, "detail": "summary"}
    before, after = (sim.simulate(topology, **settings) for topology in (CHECKOUT, THREE))
    wanted = after.difference_from(before).loc["latency_mean_s"]
    served = [result.replications.eval("requests - errors - unfinished") for result in (before, after)]
    pooled = [np.average(found["latency"][n], weights=weights) for n, weights in zip((2, 3), served, strict=True)]
    assert wanted["difference"] == pytest.approx(pooled[1] - pooled[0], rel=1e-9)
    told = capsys.readouterr().out.strip()
    assert f"It says {told}, " in PAGE
    assert f"{1e3 * wanted['difference']:.1f} ± {1e3 * wanted['half_width']:.1f}" in PAGE
    for result in (before, after):
        own = result.intervals.loc["latency_mean_s"]
        assert f"{1e3 * own['mean']:.1f} ± {1e3 * own['half_width']:.1f}" in PAGE
