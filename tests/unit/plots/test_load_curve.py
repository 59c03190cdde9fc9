from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.text import Text

from simulator import plots
from simulator.errors import SimulatorError
from simulator.experiments.curves.fits import Knee
from simulator.experiments.curves.load import LoadCurve
from simulator.plots.bands import colours
from simulator.plots.style import BLUE, GREEN, VERMILLION


def curve(*, axis: str = "arrival_rate_per_s", half: float = 0.1, **more: Any) -> LoadCurve:
    """Four loads; goodput stops at 200 and at 300, half widths are a share of the value."""
    rows = []
    for load in (50.0, 150.0, 250.0, 350.0):
        for name, most, base in (("microservices", 200.0, 0.1), ("monolith", 300.0, 0.08)):
            values = {
                "throughput_per_s": min(load, most), "goodput_per_s": min(load, most),
                "latency_p50_s": base * (1 + load / most), "latency_p99_s": 5 * base * (1 + load / most),
                "availability_ratio": min(1.0, most / load),
            }  # fmt: skip
            rows.append(
                {"factor": load / 100, "arrival_rate_per_s": 0.0 if axis == "users" else load, "users": int(load),
                 "deployment": name, "arrived_per_s": load, "cores": 8.0}
                | values | {f"{key}_half_width": half * value for key, value in values.items()}
            )  # fmt: skip
    given: dict[str, Any] = {
        "topology": "shop", "table": pd.DataFrame(rows),
        "knees": {
            "microservices": Knee(150.0, 150.0, 250.0, inside=True),
            "monolith": Knee(350.0, 250.0, 350.0, inside=False),
        },
        "saturation": {"microservices": 200.0, "monolith": 300.0},
        "bottlenecks": {"microservices": "web", "monolith": "monolith"}, "limits": {"web": 0.9},
        "confidence": 0.95, "replications": 5,
    }  # fmt: skip
    return LoadCurve(**(given | more))


def texts(ax) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


def lines(ax, style: str = "-") -> dict[str, list[float]]:
    """What is drawn in markers and lines of more than two points, by colour."""
    return {
        line.get_color(): list(line.get_ydata())
        for line in ax.lines
        if len(line.get_xdata()) > 2 and (line.get_linestyle() == style)
    }


def test_lines_are_the_table_in_the_units_of_the_axes():
    made = curve()
    left, right = plots.load_curve(made)
    assert [left.get_xlabel(), left.get_ylabel()] == ["arrival rate (/s)", "goodput (/s)"]
    assert [right.get_xlabel(), right.get_ylabel()] == ["arrival rate (/s)", "latency (ms)"]
    rows = dict(iter(made.table.groupby("deployment", sort=False)))
    drawn, tails = list(lines(left).values()), list(lines(right).values())
    for number, name in enumerate(("microservices", "monolith")):
        assert drawn[number] == pytest.approx(rows[name]["goodput_per_s"].tolist())
        assert tails[number] == pytest.approx((1e3 * rows[name]["latency_p99_s"]).tolist())
    assert any(line.get_linestyle() == "--" for line in right.lines)  # the medians


def test_bands_are_the_intervals():
    left, _ = plots.load_curve(curve())
    low, high = (band.get_paths()[0].vertices[:, 1] for band in left.collections[:2])
    assert [low.min(), low.max()] == pytest.approx([45.0, 220.0])
    assert [high.min(), high.max()] == pytest.approx([45.0, 330.0])
    without, _ = plots.load_curve(curve(half=float("nan"), replications=1))
    assert not without.collections
    assert without.figure.get_supxlabel().endswith("one replication: no intervals")


def test_bands_reach_as_far_as_the_ends_of_the_intervals():
    """An interval may be longer above."""
    made = curve()
    for name in ("goodput_per_s", "latency_p50_s", "latency_p99_s"):
        made.table[f"{name}_low"], made.table[f"{name}_high"] = 0.95 * made.table[name], 1.4 * made.table[name]
    left, _ = plots.load_curve(made)
    band = left.collections[0].get_paths()[0].vertices[:, 1]
    assert [band.min(), band.max()] == pytest.approx([47.5, 280.0])


def test_only_a_knee_inside_has_a_ring_and_its_load_in_words():
    left, right = plots.load_curve(curve())
    for ax in (left, right):
        rings = [line for line in ax.lines if line.get_markersize() == 12]
        assert [line.get_xdata()[0] for line in rings] == [150.0]
    assert "knee 150/s" in texts(left)
    assert not any("350" in text for text in texts(left))


def test_words_of_knees_are_apart_and_within_the_panel_and_hide_no_line():
    """Above the line of everything served there is nothing: there they stand, also two at the same load."""
    for load in (50.0, 150.0):
        knees = dict.fromkeys(("microservices", "monolith"), Knee(load, load, load, inside=True))
        left, _ = plots.load_curve(curve(half=0.0, knees=knees))
        left.figure.canvas.draw()
        named = [text for text in left.texts if text.get_text().startswith(("knee", "everything"))]
        boxes = [Text.get_window_extent(text) for text in named]  # without leaders
        assert len(boxes) == 3
        assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])
        for box in boxes:
            assert box.x0 >= left.bbox.x0
            assert box.y1 <= left.bbox.y1
            right, low = left.transData.inverted().transform((box.x1, box.y0))
            assert low >= right  # above the diagonal


def test_saturation_and_slos_are_marked():
    left, right = plots.load_curve(curve())
    for ax in (left, right):
        dotted = [line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1]]
        assert dotted == [200.0, 300.0]
    assert "slo web: 900 ms" in texts(right)
    bare, _ = plots.load_curve(curve(saturation={"microservices": float("inf"), "monolith": 1e9}))
    assert not [line for line in bare.lines if list(line.get_ydata()) == [0, 1]]


def test_the_title_is_the_finding():
    left, _ = plots.load_curve(curve())
    assert left.figure.get_suptitle() == "shop: more load pays up to the knee, microservices at 150/s"


def test_users():
    left, _ = plots.load_curve(curve(axis="users", knees={}, saturation={}, limits={}))
    assert left.get_xlabel() == "users"
    assert "everything served" not in texts(left)


def test_nothing_was_served():
    made = curve(limits={})
    table = made.table.assign(latency_p99_s=float("nan"), latency_p50_s=float("nan"), goodput_per_s=0.0)
    _, right = plots.load_curve(curve(table=table, knees={"microservices": None}))
    assert texts(right) == ["no request was served"]


def test_given_axes():
    _, axes = plt.subplots(1, 2)
    assert plots.load_curve(curve(), ax=axes) == tuple(axes)
    with pytest.raises(SimulatorError, match="load_curve needs 2 axes, found 1"):
        plots.load_curve(curve(), ax=axes[0])


def test_labels_hide_the_dotted_lines_behind_them_and_the_note_warns():
    axes = plots.load_curve(curve(interrupted=True))
    told = [text for text in axes[0].texts if text.get_text().startswith(("knee", "everything"))]
    assert told
    assert all(text.get_bbox_patch().get_facecolor()[:3] == (1.0, 1.0, 1.0) for text in told)
    note = " ".join(axes[0].figure.get_supxlabel().split())
    assert note.startswith("PARTIAL: interrupted")
    assert "above saturation, latency depends on the length of the run" in note


def test_names_of_no_known_deployment_take_the_palette_from_its_start():
    assert colours(["a", "b"]) == {"a": BLUE, "b": VERMILLION}
    assert colours(["monolith"]) == {"monolith": VERMILLION}
    assert colours(["search", "monolith"]) == {"search": GREEN, "monolith": VERMILLION}
    assert list(colours(["search", "monolith", "microservices"])) == ["search", "monolith", "microservices"]


@pytest.mark.parametrize("name", ["peak arrival rate", "arrival rate of the open workloads"])
def test_the_line_of_everything_served_is_drawn_only_where_all_that_arrives_is_the_load(name):
    left, right = plots.load_curve(curve(load_name=name))
    assert [ax.get_xlabel() for ax in (left, right)] == [f"{name} (/s)"] * 2
    assert "everything served" not in texts(left)
    plain, _ = plots.load_curve(curve())
    assert "everything served" in texts(plain)
    assert len(plain.lines) == len(left.lines) + 1


def journeys(**more: Any) -> LoadCurve:
    """Two promises: of looking, that is quick, and of buying, that is slow; all together are slow."""
    made = curve(limits={"looking": 0.3, "buying": 5.0}, mixed=True, **more)
    for slo, seconds in (("looking", 0.05), ("buying", 2.0)):
        values = seconds * (1.0 + made.table["arrival_rate_per_s"] / 1e4 + (made.table["deployment"] == "monolith"))
        ends = {"": values, "_half_width": 0.1 * values, "_low": 0.9 * values, "_high": 1.1 * values}
        for end, number in ends.items():
            made.table[f"slos.{slo}.p99{end}"] = number
    return made


def test_a_promise_is_drawn_with_the_p99_of_its_own_requests_in_one_kind_of_line():
    made = journeys()
    _, right = plots.load_curve(made)
    rows = made.table[made.table["deployment"] == "monolith"]
    drawn = {
        tuple(line.get_ydata()): line for line in right.lines if line.get_marker() == "o" and len(line.get_xdata()) > 1
    }
    assert len(drawn) == 4  # two promises, two deployments
    for slo, limit in made.limits.items():
        line = drawn[tuple(1e3 * rows[f"slos.{slo}.p99"])]
        mark = next(one for one in right.lines if list(one.get_ydata()) == [1e3 * limit] * 2)
        assert mark.get_linestyle() == line.get_linestyle()
        assert f"{slo}, monolith" in texts(right)
    assert tuple(1e3 * rows["latency_p99_s"]) not in drawn
    assert right.get_ylabel() == "latency p99 (ms)"


def test_of_all_journeys_together_nothing_is_promised():
    _, right = plots.load_curve(curve(mixed=True))
    assert right.get_ylabel() == "latency of all journeys together (ms)"
    assert not any("slo" in text for text in texts(right))


def test_a_narrow_figure_has_its_panels_below_each_other():
    with plots.styled(width=6.0):
        top, low = plots.load_curve(journeys())
    top.figure.draw_without_rendering()
    assert top.get_position().y0 > low.get_position().y1
