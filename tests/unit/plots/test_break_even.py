from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from simulator import plots
from simulator.experiments.curves.breaking import BreakEven
from simulator.plots.break_even import PALE, _is_dark
from simulator.plots.style import INK, OTHERS, VERMILLION

NAMES = ("microservices", "monolith")
NAN = float("nan")


def curve(**more: Any) -> BreakEven:
    """A cell of each kind, and one more."""
    kinds = [("cheaper", "microservices", 0.25), ("cheaper", "monolith", 0.04), ("same", "", 0.01),
             ("only", "monolith", NAN), ("none", "", NAN), ("cheaper", "monolith", 0.5)]  # fmt: skip
    cells = [
        {"services.web.resources.memory": memory, "workload.rate": rate, "kind": kind, "winner": winner,
         "saving_ratio": saving}
        for (memory, rate), (kind, winner, saving) in zip(
            [(memory, rate) for rate in (20.0, 80.0) for memory in ("1Gi", "2Gi", "8Gi")], kinds, strict=True
        )
    ]  # fmt: skip
    given: dict[str, Any] = {
        "topology": "shop", "cells": pd.DataFrame(cells), "table": pd.DataFrame(),
        "axes": {"services.web.resources.memory": ("1Gi", "2Gi", "8Gi"), "workload.rate": (20.0, 80.0)},
        "deployments": NAMES, "price": "cost_per_hour", "objectives": ("web p99 250 ms",), "confidence": 0.95,
        "replications": 5,
    }  # fmt: skip
    return BreakEven(**(given | more))


def cells(ax) -> dict[tuple[float, float], object]:
    """Rectangles by their middle."""
    return {(patch.get_x() + 0.5, patch.get_y() + 0.5): patch for patch in ax.patches}


def said(ax) -> dict[tuple[float, float], str]:
    return {text.get_position(): text.get_text() for text in ax.texts if "sized to" not in text.get_text()}


def test_axes_are_the_paths_with_their_values():
    ax = plots.break_even(curve())
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["services.web.resources.memory", "workload.rate"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1Gi", "2Gi", "8Gi"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["20", "80"]
    assert ax.get_title(loc="left").replace("\n", " ").startswith("shop: monolith is cheaper in 2 of 6 cells, micro")


def test_every_cell_says_what_it_is():
    assert said(plots.break_even(curve())) == {
        (0, 0): "microservices\n25.0 % less", (1, 0): "monolith\n4.0 % less", (2, 0): "no difference\nshown",
        (0, 1): "only\nmonolith", (1, 1): "neither meets\nthe objectives", (2, 1): "monolith\n50.0 % less",
    }  # fmt: skip


def test_a_cell_says_what_is_not_shown():
    ax = plots.break_even(curve(cells=curve().cells.assign(shown=False)))
    assert [said(ax)[place] for place in ((0, 1), (1, 1))] == ["only\nmonolith\nshown", "neither shown\nto meet them"]
    assert cells(ax)[1, 1].get_hatch() == ".."


def test_colours_go_from_one_deployment_to_the_other():
    drawn = cells(plots.break_even(curve()))
    assert drawn[2, 1].get_facecolor()[:3] == pytest.approx(to_rgb(VERMILLION), abs=0.01)  # the largest saving
    assert drawn[0, 1].get_facecolor()[:3] == pytest.approx(to_rgb(VERMILLION))
    assert drawn[1, 1].get_facecolor()[:3] == pytest.approx(to_rgb(OTHERS))
    blue, pale = drawn[0, 0].get_facecolor(), drawn[1, 0].get_facecolor()
    assert blue[2] > blue[0]  # half way to blue
    assert pale[0] > pale[2] > 0.8  # little to save is pale
    other = curve(deployments=NAMES[::-1])  # the colours are the deployments', in any order
    assert cells(plots.break_even(other))[2, 1].get_facecolor()[:3] == pytest.approx(to_rgb(VERMILLION), abs=0.01)


def test_the_bar_points_to_the_two_and_has_no_sign():
    bar = plots.break_even(curve()).figure.axes[1]
    assert bar.get_ylabel() == "← microservices   saving (%)   monolith →"
    bar.figure.canvas.draw()
    assert [label.get_text() for label in bar.get_yticklabels()] == ["60", "40", "20", "0", "20", "40", "60"]
    few = curve().cells.assign(saving_ratio=0.1)
    bar = plots.break_even(curve(cells=few)).figure.axes[1]
    bar.figure.canvas.draw()
    ticks = [(label.get_text(), place) for label, place in zip(bar.get_yticklabels(), bar.get_yticks(), strict=True)]
    assert len(ticks) > 3
    assert all(float(text) == pytest.approx(abs(100.0 * place)) for text, place in ticks)


@pytest.mark.parametrize(("fill", "ink"), [("#D55E00", "white"), ("#0072B2", "white"), ("#db7a30", INK), (PALE, INK)])
def test_words_have_the_ink_of_more_contrast(fill, ink):
    """By hand: vermillion has luminance 0.22, so white 3.9 to 1 and ink 3.6 to 1; the paler one 0.29: 3.1 and 4.6."""
    assert ("white" if _is_dark(fill) else INK) == ink


def test_a_small_saving_is_not_nothing():
    small = curve().cells.assign(saving_ratio=0.0004)
    assert said(plots.break_even(curve(cells=small)))[0, 0] == "microservices\nunder 0.1 % less"


def test_what_differs_by_cell_has_no_number():
    def note(**more):
        return " ".join(" ".join(text.get_text() for text in plots.break_even(curve(**more)).texts).split())

    assert "judged by: 95 % intervals over 5 replications" in note()
    assert "hatched: no difference" in note()
    assert "hatched" not in note(cells=curve().cells.query("kind != 'same'"))
    assert "95 % intervals over replications (replications by cell)" in note(replications=None)
    assert "judged by: intervals over 5 replications (confidence by cell)" in note(confidence=None)


def test_only_what_shows_no_difference_or_meets_nothing_is_hatched():
    drawn = cells(plots.break_even(curve()))
    assert {place for place, patch in drawn.items() if patch.get_hatch()} == {(2, 0), (1, 1)}


def test_unfinished_cells_are_left_open_and_axes_can_be_given():
    _, ax = plt.subplots()
    made = curve()
    assert plots.break_even(curve(cells=made.cells.iloc[:4]), ax=ax) is ax
    assert set(cells(ax)) == {(0, 0), (1, 0), (2, 0), (0, 1)}


def test_whole_and_fractional_numbers_may_stand_on_one_axis():
    made = curve(axes={"x": (0.5, 1, 2), "workload.rate": (0, 1.5)})
    frame = made.cells.drop(columns="services.web.resources.memory").assign(
        x=[0.5, 1, 2] * 2, **{"workload.rate": [0, 0, 0, 1.5, 1.5, 1.5]}
    )
    ax = plots.break_even(curve(axes=made.axes, cells=frame))
    assert said(ax)[1, 0] == "monolith\n4.0 % less"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "1", "2"]
