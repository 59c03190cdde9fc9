"""A deployment as a picture: who calls whom, who shares a process, and how busy everyone is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, PathPatch
from matplotlib.path import Path

from ..errors import ResultError
from ..plan.layout import Kind
from ..plan.plan import Plan
from ..results import Results
from .graph import Arrow, Way, arrows, size_text, workload_text
from .layout import Band, Place, arrange
from .style import INK, QUIET, SIZE, STYLE, headline, points_across, readable, shorten, text_width

WIDTH, HEIGHT = 0.62, 0.66
"""Of a box, in columns and rows."""
HEAT: Final = LinearSegmentedColormap.from_list("busy", ["#ffffff", "#d3e6f3", "#56b4e9", "#0072b2", "#003a5d"])
"""From idle to full: darker in grey too, so that it needs no colour vision."""
MANY: Final = 14
"""Arrows above which only boxes have numbers."""


@dataclass(frozen=True)
class Box:
    """What is drawn for a workload or a service."""

    lines: tuple[str, ...]
    kind: Kind | None
    fill: str
    ink: str


def topology(plan: Plan, result: Results | None = None, *, ax: Axes | None = None) -> Axes:
    """Workloads, services and calls, from left to right.

    Solid arrows go over the network, dotted ones stay in a process, dashed ones are sent and not waited for. A frame
    is a unit that hosts several services. Databases and caches are drums, externals are dashed.

    Parameters
    ----------
    plan
        The deployment.
    result
        Its results: boxes then show utilisation and arrival rate, else replicas and cores.
    ax
        Where to draw; a new figure if not given.

    Raises
    ------
    ResultError
        If the result is not one of this plan's services.
    """
    if result is not None and list(result.services.index) != list(plan.services.name):
        raise ResultError(f"the result has other services than the plan of {plan.topology} as {plan.deployment}")
    found = arrows(plan, result)
    names = [*plan.workloads.name, *plan.services.name]
    places, bands = arrange(names, _edges(found), _groups(plan))
    with plt.rc_context(STYLE):
        ax = _new(places) if ax is None else ax
        _limits(ax, places, bands)
        for group, band in bands.items():
            _frame(ax, f"{group}: {size_text(plan, plan.units.name.index(group))}", band)
        size = _text_size(ax)
        for arrow in found:
            _arrow(ax, arrow, places, size if len(found) <= MANY else 0.0)
        for name, box in _boxes(plan, result).items():
            _box(ax, box, places[name], size)
        headline(ax, f"{plan.topology} as {plan.deployment}", _legend(plan, found, result))
    return ax


def _edges(found: list[Arrow]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((arrow.source, arrow.target) for arrow in found))


def _groups(plan: Plan) -> dict[str, str]:
    """The unit of each service that shares one."""
    unit = plan.services.unit.tolist()
    shared = {row for row in unit if unit.count(row) > 1}
    return {name: plan.units.name[row] for name, row in zip(plan.services.name, unit, strict=True) if row in shared}


def _boxes(plan: Plan, result: Results | None) -> dict[str, Box]:
    boxes = {
        name: Box((name, workload_text(plan, row, result)), None, "none", INK)
        for row, name in enumerate(plan.workloads.name)
    }
    groups = _groups(plan)
    for row, name in enumerate(plan.services.name):
        kind, unit = Kind(int(plan.services.kind[row])), int(plan.services.unit[row])
        if result is None:
            lines = (name,) if name in groups else (name, size_text(plan, unit))
            boxes[name] = Box(lines, kind, "white", INK)
            continue
        seen = result.services[["utilisation_ratio", "arrival_rate_per_s"]].to_numpy(dtype=np.float64)
        busy, rate = (float(value) for value in seen[row])
        fill = to_hex(HEAT(min(max(0.0 if np.isnan(busy) else busy, 0.0), 1.0)))
        percent = f"{100.0 * busy:.0f}" if busy >= 0.0995 else f"{100.0 * busy:.1f}".removesuffix(".0")
        boxes[name] = Box((name, f"{percent} %, {readable(rate)}/s"), kind, fill, "white" if busy > 0.62 else INK)
    return boxes


def _new(places: Mapping[str, Place]) -> Axes:
    """A figure that grows with what is in it, up to a poster."""
    across = max(place.column for place in places.values()) + 1
    rows = [place.row for place in places.values()]
    width = min(max(SIZE[0] * 1.2, 1.75 * across), 24.0)
    height = min(max(SIZE[1] * 1.2, 0.62 * (max(rows) - min(rows) + 1.0) + 1.2), 18.0)
    figure = plt.figure(figsize=(width, height))
    return figure.add_axes((0.012, 0.015, 0.976, 1.0 - 0.9 / height))


def _limits(ax: Axes, places: Mapping[str, Place], bands: Mapping[str, Band]) -> None:
    """Room for every box and frame; a picture of few rows is not blown up."""
    rows = [place.row for place in places.values()]
    low = min([min(rows) - 0.5, *(band.low - 0.3 for band in bands.values())])
    high = max([max(rows) + 0.5, *(band.high for band in bands.values())])
    last = max(place.column for place in places.values())
    spare = max(0.0, 4.0 - (high - low)) / 2.0
    ax.set_axis_off()
    ax.set_xlim(-0.5 + 0.15, last + 0.5 - 0.15)
    ax.set_ylim(high + spare, low - spare)


def _scale(ax: Axes) -> tuple[float, float]:
    """Points a column and a row."""
    width, height = points_across(ax)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    return width / abs(right - left), height / abs(top - bottom)


def _text_size(ax: Axes) -> float:
    """So that two lines fit into a box."""
    return float(np.clip(_scale(ax)[1] * HEIGHT / 3.2, 4.5, 11.0))


def _frame(ax: Axes, text: str, band: Band) -> None:
    """A unit that hosts several services."""
    left, right = band.first - 0.42, band.last + 0.42
    ax.add_patch(
        FancyBboxPatch(
            (left, band.low - 0.24),
            right - left,
            band.high - band.low + 0.2,
            facecolor="#f6f6f3",
            boxstyle="round,pad=0,rounding_size=0.06",
            edgecolor=QUIET,
            linewidth=1.0,
            zorder=0.5,
        )
    )
    size = min(_text_size(ax), 10.0)
    short = shorten(text, (right - left - 0.06) * _scale(ax)[0], size)
    ax.text(left + 0.03, band.low - 0.21, short, fontsize=size, color=QUIET, va="top", zorder=3)


def _box(ax: Axes, box: Box, place: Place, size: float) -> None:
    """The shape says the kind; names that are too long lose their middle."""
    left, top = place.column - WIDTH / 2.0, place.row - HEIGHT / 2.0
    style: dict[str, Any] = {"facecolor": box.fill, "edgecolor": INK, "linewidth": 0.9, "zorder": 2.5}
    if box.kind in (Kind.DATABASE, Kind.CACHE):
        _drum(ax, left, top, style)
    elif box.kind is not None:
        dashes = (0, (4, 2)) if box.kind == Kind.EXTERNAL else "-"
        ax.add_patch(
            FancyBboxPatch(
                (left, top), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.05", linestyle=dashes, **style
            )
        )
    room = WIDTH * _scale(ax)[0] - 5.0
    name, *more = box.lines
    fitted = max(size * 0.72, 4.5) if text_width(name, size) > room else size
    texts = [shorten(name, room, fitted), *(shorten(line, room, size * 0.9) for line in more)]
    for number, text in enumerate(texts):
        shift = (number - (len(texts) - 1) / 2.0) * HEIGHT * 0.42 + (
            0.06 if box.kind in (Kind.DATABASE, Kind.CACHE) else 0.0
        )
        ax.text(
            place.column,
            place.row + shift,
            text,
            ha="center",
            va="center",
            color=box.ink,
            zorder=3,
            fontsize=size * 0.9 if number else fitted,
            fontweight="bold" if box.kind is None and not number else "normal",
        )


def _drum(ax: Axes, left: float, top: float, style: Mapping[str, Any]) -> None:
    """A database, or a cache."""
    bow = HEIGHT * 0.11
    right, bottom = left + WIDTH, top + HEIGHT
    points = [
        (left, top + bow),
        (left, bottom - bow),
        (left, bottom + bow * 0.3),
        (right, bottom + bow * 0.3),
        (right, bottom - bow),
        (right, top + bow),
        (right, top - bow * 0.3),
        (left, top - bow * 0.3),
        (left, top + bow),
    ]
    codes = [Path.MOVETO, Path.LINETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
    ax.add_patch(PathPatch(Path(points, codes), **style))
    ax.add_patch(Ellipse((left + WIDTH / 2.0, top + bow), WIDTH, bow * 2.0, **style))


def _arrow(ax: Axes, arrow: Arrow, places: Mapping[str, Place], size: float) -> None:
    """From the right side of the caller to the left side of the target; round the boxes if it goes back."""
    source, target = places[arrow.source], places[arrow.target]
    start, end = (source.column + WIDTH / 2.0, source.row), (target.column - WIDTH / 2.0, target.row)
    bend = max(0.5 * (end[0] - start[0]), 0.12)
    path = Path(
        [start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    ax.add_patch(
        FancyArrowPatch(
            path=path,
            arrowstyle="-|>,head_length=4.5,head_width=2.2",
            color=QUIET,
            linewidth=1.1,
            linestyle=arrow.way.value,
            zorder=2.0,
            shrinkA=0,
            shrinkB=0,
            label=f"{arrow.source} → {arrow.target}",
        )
    )
    if size and not np.isnan(arrow.per_s):
        middle = (start[0] + end[0]) / 2.0, (start[1] + end[1]) / 2.0
        ax.text(
            *middle,
            f"{readable(arrow.per_s)}/s",
            fontsize=size * 0.78,
            color=QUIET,
            ha="center",
            va="center",
            zorder=2.2,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )


def _legend(plan: Plan, found: list[Arrow], result: Results | None) -> str:
    """What the picture means, as far as it is in it."""
    ways = {arrow.way for arrow in found}
    words = {
        Way.NETWORK: "solid: over the network",
        Way.IN_PROCESS: "dotted: in process",
        Way.SEND: "dashed: sent, not waited for",
    }
    parts = [text for way, text in words.items() if way in ways and len(ways) > 1]
    kinds = {Kind(int(kind)) for kind in plan.services.kind}
    if kinds & {Kind.DATABASE, Kind.CACHE}:
        parts.append("drum: database or cache")
    if Kind.EXTERNAL in kinds:
        parts.append("dashed box: external")
    parts.append("replicas × cores" if result is None else "fill and %: utilisation; /s: arrival rate")
    return "; ".join(parts)
