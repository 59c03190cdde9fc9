from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from simulator import plots
from simulator.errors import ResultError, SimulatorError
from simulator.results import paired_difference
from simulator.spec import loads

from .conftest import compared, run


def texts(ax) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


def test_points_and_intervals_are_the_tables(both):
    quantities = ["throughput_per_s", "latency_p99_s", "availability_ratio", "cost_per_hour"]
    axes = plots.comparison(both, quantities=quantities)
    for ax, quantity, scale in zip(axes, quantities, (1.0, 1000.0, 100.0, 1.0), strict=True):
        points = {line.get_label(): line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"}
        assert points == pytest.approx(
            {name: scale * one.intervals.loc[quantity, "mean"] for name, one in both.results.items()}
        )
        bars = [path.vertices[:, 0] for lines in ax.collections for path in lines.get_paths()]
        ends = [one.intervals.loc[quantity, ["low", "high"]].to_numpy(dtype=float) for one in both.results.values()]
        known = [scale * end for end in ends if np.isfinite(end).all()]
        for bar, end in zip(bars, known, strict=True):
            assert bar == pytest.approx(end)
    labels = [ax.get_xlabel() for ax in axes]
    assert labels == ["throughput (/s)", "latency p99 (ms)", "availability (%)", "cost per hour (USD)"]


def test_the_verdict_is_the_title_and_differences_are_in_words(both):
    quantities = ("throughput_per_s", "latency_p50_s")
    axes = plots.comparison(both, quantities=quantities)
    assert axes[0].figure.get_suptitle().replace("\n", " ") == both.verdict
    for ax, quantity in zip(axes, quantities, strict=True):
        said = texts(ax)
        assert "baseline" in said
        shown = both.differences.loc[("monolith", quantity), "shown"]
        assert ("no difference shown" in said) == (not shown)


def test_what_is_known_and_equal_is_the_same_and_an_estimate_is_not(both, split):
    """A result and itself: cost and cores follow from the file; an equal availability or p99 is an estimate."""
    _, one = split
    differences = pd.concat({"twin": paired_difference(one, one)}, names=["deployment"])
    twins = replace(both, results={"microservices": one, "twin": one}, differences=differences)
    latency, availability, cost, cores = plots.comparison(twins)
    for panel in (cost, cores):
        assert [text.endswith("(the same)") for text in texts(panel)] == [False, True]
    assert texts(availability)[1].endswith("(no difference shown)")
    assert not any("same" in tick.get_text() for tick in latency.get_xticklabels())
    axes = plots.comparison(twins, quantities=["cost_per_hour", "latency_p50_s"])
    assert ["the same" in texts(ax) for ax in axes] == [True, False]
    assert ["no difference shown" in texts(ax) for ax in axes] == [False, True]


def test_one_replication_has_no_bars(both, once):
    alone = type(both)({"microservices": once, "again": once}, both.differences.rename({"monolith": "again"}))
    alone.differences[["half_width", "low", "high"]] = float("nan")
    axes = plots.comparison(alone, quantities=["latency_p50_s", "availability_ratio"])
    assert not any(ax.collections for ax in axes)
    assert any("no interval" in text for ax in axes for text in texts(ax))
    latency, *others = plots.comparison(alone)
    assert not any(ax.collections for ax in (latency, *others))
    assert len(latency.lines) == 2


def test_the_picture_is_percentiles_availability_cost_and_cores(both):
    latency, availability, cost, cores = plots.comparison(both)
    assert latency.figure.get_suptitle().replace("\n", " ") == both.verdict
    lines = {line.get_label(): line.get_ydata() for line in latency.lines if line.get_marker() == "o"}
    for name, one in both.results.items():
        rows = [f"latency_{percentile}_s" for percentile in ("p50", "p90", "p95", "p99", "p999")]
        wanted = 1000.0 * one.intervals.loc[rows, "mean"].to_numpy()
        assert lines[name] == pytest.approx(wanted[: len(lines[name])])
        (text,) = [text for text in texts(latency) if text.startswith(f"{name}  ")]
        assert text.endswith(" ms")
    assert {bar.get_label() for bar in cores.containers} == set(both.results)
    for panel, wanted in ((cost, "cost_per_hour"), (cores, None)):
        for container, one in zip(panel.containers, both.results.values(), strict=True):
            units = one.units.loc[one.services.loc[one.services["kind"] == "service", "unit"].unique()]
            value = one.intervals.loc[wanted, "mean"] if wanted else (units["replicas"] * units["cores"]).sum()
            assert container.patches[0].get_width() == pytest.approx(value)
    points = [line.get_xdata()[0] for line in availability.lines]
    assert points == pytest.approx(
        [100.0 * one.intervals.loc["availability_ratio", "mean"] for one in both.results.values()]
    )


def test_texts_of_the_picture_stay_in_it(both):
    axes = plots.comparison(both)
    figure = axes[0].figure
    figure.draw_without_rendering()
    whole = figure.bbox
    for ax in axes:
        for text in (text for text in (*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels()) if text.get_text()):
            box = text.get_window_extent()
            assert box.x0 >= whole.x0 - 1.0
            assert box.x1 <= whole.x1 + 1.0
    ticks = [label.get_window_extent() for label in axes[0].get_xticklabels()]
    assert not any(one.overlaps(other) for one, other in pairwise(ticks))


def test_many_deployments_have_a_short_title(both):
    results = {f"one-of-many-{number}": next(iter(both.results.values())) for number in range(5)}
    told = type(both)(results, pd.DataFrame(both.differences.iloc[:0]), verdict="it is what it is, " * 60)
    axes = plots.comparison(told)
    assert axes[0].figure.get_suptitle() == "shop: 5 deployments, the same requests"


def test_nothing_served(both, unserved, split):
    told = type(both)({"microservices": split[1], "broken": unserved[1]}, pd.DataFrame(both.differences.iloc[:0]))
    assert any("no request was served" in texts(ax) for ax in plots.comparison(told))
    assert any("no request was served" in texts(ax) for ax in plots.comparison(told, quantities=["latency_p50_s"]))


def test_wrong_quantities_and_axes(both):
    with pytest.raises(ResultError, match="no quantity 'latency'"):
        plots.comparison(both, quantities=["latency"])
    _, axes = plt.subplots(1, 2)
    with pytest.raises(SimulatorError, match="comparison needs 1 axes, found 2"):
        plots.comparison(both, quantities=["latency_p50_s"], ax=axes)
    assert plots.comparison(both, quantities=["latency_p50_s"], ax=axes[1]) == (axes[1],)


QUEUES = """
name: queues
simulation: {duration: 20s, warmup: 2s}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 20ms}}, {call: store}]}
  store: {steps: [{cpu: {dist: exponential, mean: 20ms}}]}
workload: {call: web, rate: 30/s}
slos: {web: {call: web, p99: LIMIT, p90: LIMIT}}
"""


@pytest.mark.parametrize("width", [None, 6.0, 4.0])
@pytest.mark.parametrize("limit", ["150ms", "250ms", "400ms"])
def test_no_curve_runs_through_the_words_of_a_promise(limit, width):
    topology = loads(QUEUES.replace("LIMIT", limit))
    told = compared(run(topology)[1], run(topology, "monolith")[1])
    with plots.styled(width=width):
        panel, *_ = plots.comparison(told)
    panel.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in panel.texts if "promised" in text.get_text()]
    assert boxes
    for line in panel.lines:
        points = panel.transData.transform(np.asarray(line.get_xydata(), float).reshape(-1, 2))
        for one, other in pairwise(points):
            along = one + np.linspace(0.0, 1.0, 300)[:, None] * (other - one)
            assert not any(box.count_contains(along) for box in boxes)
    names = [Text.get_window_extent(text) for text in panel.texts if "promised" not in text.get_text()]
    assert not any(box.overlaps(name) for box in boxes for name in names)
