from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from simulator import plots, theory
from simulator.experiments.curves.cores import CoreCurve
from simulator.experiments.curves.fits import ScalabilityFit
from simulator.plots.style import GREEN, QUIET, VERMILLION

NAN = float("nan")


def curve(**more: Any) -> CoreCurve:
    """Web grows alone until store limits; the monolith grows perfectly."""
    rows = [
        {"way": "web", "deployment": "microservices", "size": size, "replicas": 2 + size, "cores": 2.0 + size,
         "goodput_per_s": goodput, "goodput_per_s_half_width": 5.0, "perfect_per_s": 100.0 * size,
         "bottleneck": "web" if size < 4 else "store", "saturation_per_s": goodput, "fitted": size < 4}
        for size, goodput in ((1, 100.0), (2, 180.0), (4, 190.0))
    ]  # fmt: skip
    rows += [
        {"way": "monolith", "deployment": "monolith", "size": size, "replicas": size, "cores": 4.0 * size,
         "goodput_per_s": 150.0 * size, "goodput_per_s_half_width": NAN, "perfect_per_s": 150.0 * size,
         "bottleneck": "monolith", "saturation_per_s": 150.0 * size, "fitted": True}
        for size in (1, 2)
    ]  # fmt: skip
    fit = ScalabilityFit(100.0, 0.1, 0.05, 1.0, 0.01, 0.01, 0.95, 3)
    given: dict[str, Any] = {
        "topology": "shop", "table": pd.DataFrame(rows), "fits": {"web": fit, "monolith": None}, "overload": 1.1,
        "confidence": 0.95, "replications": 5,
    }  # fmt: skip
    return CoreCurve(**(given | more))


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_points_are_measured_and_dashes_are_perfect():
    ax = plots.core_curve(curve())
    assert ax.get_xlabel() == "cores of all services"
    assert ax.get_ylabel() == "goodput (/s) at 1.1 times the saturation rate"
    points = [line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "o"]
    assert points == [[[3.0, 100.0], [4.0, 180.0], [6.0, 190.0]], [[4.0, 150.0], [8.0, 300.0]]]
    dashes = [line.get_xydata().tolist() for line in ax.lines if line.get_linestyle() == "--"]
    assert dashes == [[[3.0, 100.0], [4.0, 200.0], [6.0, 400.0]], [[4.0, 150.0], [8.0, 300.0]]]


def test_the_law_is_drawn_over_the_cores():
    ax = plots.core_curve(curve())
    (law,) = [line for line in ax.lines if len(line.get_xdata()) > 50]
    cores, goodput = law.get_data()
    assert [cores[0], cores[-1]] == [3.0, 4.0]  # not beyond what it is fitted to
    sizes = np.interp(cores, [3.0, 4.0, 6.0], [1.0, 2.0, 4.0])
    assert list(goodput) == pytest.approx([100.0 * theory.usl_capacity(size, 0.1, 0.05) for size in sizes])


def test_what_is_said():
    ax = plots.core_curve(curve())
    said = texts(ax)
    assert "store limits" in said
    assert "web alone" in said
    assert "all of monolith" in said
    title = ax.get_title(loc="left").replace("\n", " ")
    assert title == "shop: of perfect scaling, web alone reaches 48 % and all of monolith reaches 100 %"
    note = " ".join(said).replace("\u00a0", " ").replace("\n", " ")
    assert "Universal Scalability Law, as far as the same unit limits" in note
    assert "limits: web contention 0.1000 ± 0.0100 and coherency 0.05000 ± 0.01000 up to 4 cores; dashed" in note
    assert "bars: 95 % intervals over 5 replications" in note


def test_without_a_law_and_given_axes():
    _, ax = plt.subplots()
    assert plots.core_curve(curve(fits={"web": None, "monolith": None}), ax=ax) is ax
    assert not any("Universal" in text for text in texts(ax))


def test_colours_are_those_of_the_other_figures():
    ax = plots.core_curve(curve())
    colours = [line.get_color() for line in ax.lines if line.get_marker() == "o"]
    assert colours == [GREEN, VERMILLION]


def test_names_stand_beside_the_last_points_without_leaders():
    ax = plots.core_curve(curve())
    names = {text.get_text(): text for text in ax.texts if text.get_text() in ("web alone", "all of monolith")}
    assert [text.xy for text in names.values()] == [(6.0, 190.0), (8.0, 300.0)]
    assert all(text.arrow_patch is None for text in names.values())


def test_names_that_would_overlap_move_apart_with_quiet_leaders():
    table = curve().table
    table.loc[table.index[-1], ["goodput_per_s"]] = 190.0
    ax = plots.core_curve(curve(table=table))
    moved = [text for text in ax.texts if text.get_text() in ("web alone", "all of monolith")]
    heights = sorted(text.get_position()[1] for text in moved)
    assert heights[1] - heights[0] >= 9.5
    assert {text.arrow_patch.get_edgecolor()[:3] for text in moved} == {to_rgb(QUIET)}


def test_a_part_is_said_to_be_one():
    said = " ".join(texts(plots.core_curve(curve(interrupted=True))))
    assert "PARTIAL: interrupted" in said
