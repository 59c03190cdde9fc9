from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from simulator import plots
from simulator.errors import SimulatorError
from simulator.experiments.curves.prices import Verdict
from simulator.experiments.curves.scaling import Crossover, ScalingCurve
from simulator.plots.style import BLUE, OTHERS, VERMILLION

NAMES = ("microservices", "monolith")
NAN = float("nan")


def curve(**more: Any) -> ScalingCurve:
    """Three loads; the monolith is cheaper at first, and does not meet the objectives in the end."""
    rows = []
    for number, (split, whole) in enumerate(((0.3, 0.2), (0.4, 0.4), (0.5, 0.9))):
        for name, cost in zip(NAMES, (split, whole), strict=True):
            rows.append({
                "factor": number + 1.0, "arrival_rate_per_s": 100.0 * (number + 1), "users": 10 * (number + 1),
                "deployment": name, "met": (name, number) != ("monolith", 2), "replicas": 3 + number,
                "cores": 4.0 + number, "memory_bytes": (2.0 + number) * 2**30, "cost_per_hour": cost,
                "cost_low_per_hour": 0.9 * cost, "all_cores": 9.0 + number, "all_cores_low": 9.0, "latency_p99_s": 0.2,
                "latency_p99_s_half_width": 0.02,
                "goodput_per_s": 100.0 * (number + 1), "goodput_per_s_half_width": 1.0, "sizes": "web 1",
                "reason": "full.",
            })  # fmt: skip
    given: dict[str, Any] = {
        "topology": "shop", "table": pd.DataFrame(rows),
        "verdicts": (
            Verdict("cheaper", "monolith", 0.33), Verdict("same", "", 0.0), Verdict("only", "microservices", NAN),
        ),
        "crossovers": (Crossover(100.0, 300.0, "monolith", "microservices"),), "price": "cost_per_hour",
        "currency": "EUR", "objectives": ("web p99 250 ms",), "limits": {"web": 0.25}, "confidence": 0.95,
        "replications": 5,
    }  # fmt: skip
    return ScalingCurve(**(given | more))


def texts(ax) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


def lines(ax) -> dict[str, list[float]]:
    """By colour, what is drawn over the three loads; the caps of bars left out."""
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 3 and line.get_marker() != "_"]
    return {line.get_color(): list(line.get_ydata()) for line in drawn}


def test_every_panel_has_its_unit_and_the_numbers_of_the_table():
    axes = plots.scaling(curve())
    assert [ax.get_ylabel() for ax in axes] == [
        "cost per hour (EUR)", "replicas", "cores", "memory (GiB)", "latency p99 (ms)",
    ]  # fmt: skip
    assert {ax.get_xlabel() for ax in axes} == {"arrival rate (/s)"}
    expected = ([0.3, 0.4, 0.5], [3, 4, 5], [4, 5, 6], [2, 3, 4], [200, 200, 200])
    for ax, values in zip(axes, expected, strict=True):
        assert lines(ax)[BLUE] == pytest.approx(values)


def test_a_cross_where_the_objectives_are_not_met():
    main = plots.scaling(curve())[0]
    assert np.isnan(lines(main)[VERMILLION][2])
    crosses = [line.get_xydata().tolist() for line in main.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert crosses == [[[300.0, 0.9]]]


def test_a_diamond_where_it_is_not_shown():
    table = curve().table.assign(shown_missed=False)
    verdict = (Verdict("none", "", NAN, shown=False),) * 2 + (Verdict("only", "microservices", NAN, shown=False),)
    main = plots.scaling(curve(table=table, verdicts=verdict))[0]
    marked = [line.get_xydata().tolist() for line in main.lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert marked == [[[300.0, 0.9]], [[100.0, 0.975]], [[200.0, 0.975]]]
    assert not [line for line in main.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert "◇: not shown to be met, nor to be missed" in note(main)
    assert "open the only one that is shown to meet" in note(main)
    assert "×" not in note(main)


def test_the_worst_objective_has_the_line_of_every_limit():
    table = curve().table.assign(
        worst_objective=["buy p99", "look p99"] * 3, worst_by_limit_ratio=[0.5, NAN] * 3,
        worst_by_limit_ratio_half_width=0.1, worst_by_limit_ratio_low=0.4, worst_by_limit_ratio_high=float("inf"),
    )  # fmt: skip
    axes = plots.scaling(curve(table=table, judged="worst_by_limit_ratio", limits={"buy": 0.25, "look": 0.1}))
    assert axes[4].get_ylabel() == "worst objective by its limit (%)"
    assert axes[4].get_title(loc="right") == "line: the limit of each objective"
    assert [line.get_ydata()[0] for line in axes[4].lines if len(set(line.get_ydata())) == 1][-1] == 100.0
    assert lines(axes[4])[BLUE] == pytest.approx([50.0] * 3)
    assert np.isfinite(axes[4].get_ylim()[1])
    assert "worst objective: buy p99 or look p99" in note(axes[0])


def test_squares_say_who_is_cheaper():
    main = plots.scaling(curve())[0]
    squares = [(line.get_xdata()[0], line.get_color()) for line in main.lines if line.get_marker() == "s"]
    assert squares == [(100.0, VERMILLION), (200.0, OTHERS), (300.0, BLUE)]
    fills = [line.get_markerfacecolor() for line in main.lines if line.get_marker() == "s"]
    assert fills == [VERMILLION, OTHERS, "white"]  # the last is cheaper than nobody


def test_the_crossover_is_a_band_in_words():
    axes = plots.scaling(curve())
    (span,) = axes[0].patches
    assert [span.get_x(), span.get_x() + span.get_width()] == [100.0, 300.0]
    assert "crossover\n100 to 300/s" in texts(axes[0])
    assert axes[4].get_title(loc="right") == "line: slo 250 ms"
    assert (
        axes[0].figure.get_suptitle().startswith("shop: monolith is cheaper at 100/s; no difference in cost is shown")
    )


def test_crossovers_that_are_near_have_their_words_apart():
    between = [Crossover(float(load), load + 5.0, *NAMES) for load in (200, 205, 210, 290)]
    main = plots.scaling(curve(crossovers=tuple(between)))[0]
    main.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in main.texts if text.get_text().startswith("crossover")]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])
    assert boxes[3].y0 == boxes[0].y0  # far enough to stand below again


def test_loads_end_where_the_names_begin():
    main = plots.scaling(curve())[0]
    assert main.spines["bottom"].get_bounds() == (0.0, 300.0)
    assert main.get_xticks().max() <= 300.0 < main.get_xlim()[1]


def test_without_prices_cores_come_first():
    axes = plots.scaling(curve(price="all_cores", currency=None))
    assert [ax.get_ylabel() for ax in axes] == [
        "cores of everything", "replicas", "cores", "memory (GiB)", "latency p99 (ms)",
    ]  # fmt: skip
    assert lines(axes[0])[BLUE] == [9, 10, 11]
    assert note(axes[0]).startswith("cores of everything, the band below it")


def test_nobody_meets_them():
    made = curve()
    table = made.table.assign(met=False, latency_p99_s=NAN, cost_low_per_hour=NAN)
    axes = plots.scaling(curve(table=table, verdicts=(Verdict("none", "", NAN),) * 3, crossovers=()))
    assert [line.get_marker() for line in axes[0].lines if line.get_color() == OTHERS] == ["x"] * 3


def test_given_axes():
    _, axes = plt.subplots(1, 5)
    assert plots.scaling(curve(), ax=axes) == tuple(axes)
    with pytest.raises(SimulatorError, match="scaling needs 5 axes, found 2"):
        plots.scaling(curve(), ax=axes[:2])


def note(ax) -> str:
    return " ".join(ax.figure.get_supxlabel().replace("\u00a0", " ").split())


def test_the_note_says_what_is_counted_and_what_is_missing():
    told = note(plots.scaling(curve())[0])
    assert told.startswith("cost per hour of everything, the band below it: ")
    assert "replicas, cores, memory of the sized units" in told
    assert "squares: the cheaper one, open the only one that meets the objectives, grey no difference shown" in told
    assert "×: objectives not met" in told
    table = curve().table.assign(met=True, cost_low_per_hour=curve().table["cost_per_hour"])
    plain = note(plots.scaling(curve(table=table, verdicts=(Verdict("cheaper", "monolith", 0.3),) * 3))[0])
    assert plain.startswith("cost per hour of everything; replicas, cores, memory of the sized units; ")
    assert "squares: the cheaper one; bars" in plain
    cores = note(plots.scaling(curve(price="all_cores", verdicts=(Verdict("cheaper", "monolith", 0.3),) * 3))[0])
    assert "squares: the one with fewer cores; " in cores
    assert "cheap" not in cores
    assert "PARTIAL" not in told
    assert note(plots.scaling(curve(interrupted=True))[0]).startswith("PARTIAL: interrupted")


def test_sizes_are_steps_and_latency_has_bars():
    axes = plots.scaling(curve())
    for ax in axes[:4]:
        styles = {line.get_drawstyle() for line in ax.lines if line.get_color() == BLUE and len(line.get_xdata()) == 3}
        assert styles == {"steps-mid"}
    bars = [segment for one in axes[4].collections for segment in one.get_segments() if segment.shape == (2, 2)]
    assert len(bars) == 5  # of six sizings one does not meet the objectives
    assert all(bar[:, 1].tolist() == pytest.approx([180.0, 220.0]) for bar in bars)


def test_the_axis_says_what_the_load_is():
    assert plots.scaling(curve(load_name="peak arrival rate"))[0].get_xlabel() == "peak arrival rate (/s)"
    assert plots.scaling(curve())[0].get_xlabel() == "arrival rate (/s)"


def test_a_narrow_figure_has_the_large_panel_above_and_no_labels_that_touch():
    with plots.styled(width=6.0):
        main, *small = plots.scaling(curve())
    main.figure.draw_without_rendering()
    assert all(ax.get_position().y1 < main.get_position().y0 for ax in small)
    for ax in (main, *small):
        shown = [
            tick for tick in ax.get_xticklabels() if ax.get_xlim()[0] <= tick.get_position()[0] <= ax.get_xlim()[1]
        ]
        boxes = [tick.get_window_extent() for tick in shown]
        assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
