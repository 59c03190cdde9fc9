from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from simulator import plots
from simulator.errors import ResultError, SimulatorError


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
        for bar, end in zip(bars, [end for end in ends if end[0] == end[0]], strict=True):
            assert bar == pytest.approx(scale * end)
    labels = [ax.get_xlabel() for ax in axes]
    assert labels == ["throughput (/s)", "latency p99 (ms)", "availability (%)", "cost per hour (USD)"]


def test_the_verdict_is_the_title_and_differences_are_in_words(both):
    axes = plots.comparison(both)
    assert axes[0].figure.get_suptitle().replace("\n", " ") == both.verdict
    for ax, quantity in zip(axes, ("throughput_per_s", "latency_p50_s"), strict=False):
        said = texts(ax)
        assert "baseline" in said
        shown = both.differences.loc[("monolith", quantity), "shown"]
        assert ("no difference shown" in said) == (not shown)


def test_one_replication_has_no_bars(both, once):
    alone = type(both)({"microservices": once, "again": once}, both.differences.rename({"monolith": "again"}))
    alone.differences[["half_width", "low", "high"]] = float("nan")
    axes = plots.comparison(alone)
    assert not any(ax.collections for ax in axes)
    assert any("no interval" in text for ax in axes for text in texts(ax))


def test_nothing_served(both, unserved, split):
    told = type(both)({"microservices": split[1], "broken": unserved[1]}, pd.DataFrame(both.differences.iloc[:0]))
    assert any("no request was served" in texts(ax) for ax in plots.comparison(told))


def test_wrong_quantities_and_axes(both):
    with pytest.raises(ResultError, match="no quantity 'latency'"):
        plots.comparison(both, quantities=["latency"])
    _, axes = plt.subplots(1, 2)
    with pytest.raises(SimulatorError, match="comparison needs 1 axes, found 2"):
        plots.comparison(both, quantities=["latency_p50_s"], ax=axes)
    assert plots.comparison(both, quantities=["latency_p50_s"], ax=axes[1]) == (axes[1],)
