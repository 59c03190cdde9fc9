"""Boxes, drums, frames and arrows, in columns and rows."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, FancyBboxPatch, PathPatch
from matplotlib.path import Path
from matplotlib.transforms import ScaledTranslation

from ..plan.layout import Kind
from .layout import Band, Place
from .style import INK, QUIET, figure_of, points_across, shorten, text_width

WIDTH, HEIGHT = 0.62, 0.66
"""Of a box, in columns and rows."""
SMALLEST, LARGEST = 4.5, 11.0
"""Points of text."""
HEAD: Final = 5.5
"""Points of an arrow's head."""
STORES: Final = (Kind.DATABASE, Kind.CACHE)


@dataclass(frozen=True)
class Box:
    """What is drawn for a workload (which has no kind) or a service."""

    lines: tuple[str, ...]
    kind: Kind | None
    fill: str
    ink: str


def scale(ax: Axes) -> tuple[float, float]:
    """Points a column and a row."""
    width, height = points_across(ax)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    return width / abs(right - left), height / abs(top - bottom)


def text_size(ax: Axes) -> float:
    """So that two lines fit into a box."""
    return float(np.clip(scale(ax)[1] * HEIGHT / 3.2, SMALLEST, LARGEST))


def draw_frame(ax: Axes, text: str, band: Band) -> None:
    """A unit that hosts several services."""
    left, right = band.first - 0.42, band.last + 0.42
    style: dict[str, Any] = {"facecolor": "#f4f4f1", "edgecolor": QUIET, "linewidth": 1.0, "zorder": 0.5}
    corners = "round,pad=0,rounding_size=0.06"
    ax.add_patch(
        FancyBboxPatch((left, band.low), right - left, band.high - band.low, boxstyle=corners, label=text, **style)
    )
    size = float(np.clip(text_size(ax), SMALLEST, 10.0))
    short = shorten(text, (right - left - 0.06) * scale(ax)[0], size)
    ax.text(left + 0.03, band.low + 0.07, short, fontsize=size, color=QUIET, va="top", zorder=3)


def draw_box(ax: Axes, box: Box, place: Place, size: float) -> None:
    """The shape says the kind; names that are too long lose their middle."""
    left, top = place.column - WIDTH / 2.0, place.row - HEIGHT / 2.0
    style: dict[str, Any] = {"facecolor": box.fill, "edgecolor": INK, "linewidth": 0.9, "zorder": 2.5}
    if box.kind in STORES:
        _drum(ax, left, top, {**style, "label": box.lines[0]})
    elif box.kind is not None:
        style |= {"linestyle": (0, (4, 2)) if box.kind == Kind.EXTERNAL else "-", "label": box.lines[0]}
        ax.add_patch(FancyBboxPatch((left, top), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.05", **style))
    _lines(ax, box, place, size)


def _lines(ax: Axes, box: Box, place: Place, size: float) -> None:
    """The name, in several lines if it is long, and what there is to say below it."""
    across, down = scale(ax)
    room, bold = WIDTH * across - 6.0, box.kind is None
    name, *more = box.lines
    free = HEIGHT * down - size * (1.3 * len(more) + (0.5 if box.kind in STORES else 0.0))
    lines = [*_name_lines(name, room, free, size, bold=bold), *(_fitted(line, room, size * 0.92) for line in more)]
    heights = [1.35 * fitted for _, fitted in lines]
    at = -sum(heights) / 2.0 + (size * 0.35 if box.kind in STORES else 0.0)
    for number, ((line, fitted), height) in enumerate(zip(lines, heights, strict=True)):
        weight = "bold" if bold and number < len(lines) - len(more) else "normal"
        style: dict[str, Any] = {"ha": "center", "va": "center", "color": box.ink, "zorder": 3, "fontweight": weight}
        ax.text(place.column, place.row + (at + height / 2.0) / down, line, fontsize=fitted, **style)
        at += height


def _fitted(line: str, room: float, size: float) -> tuple[str, float]:
    """Numbers are never cut: they get smaller."""
    return line, size * min(1.0, room / max(text_width(line, size), 1.0))


def _name_lines(name: str, room: float, free: float, size: float, *, bold: bool) -> list[tuple[str, float]]:
    """A name as it is, or a little smaller, or in up to three small lines; at last its middle is left out."""
    wide = text_width(name, size, bold=bold)
    if wide * 0.8 <= room:
        return [(name, size * min(1.0, room / wide))]
    small = max(size * 0.72, SMALLEST)
    number = int(np.clip(free / (1.35 * small), 1, 3))
    characters = max(int(room / (text_width(name, small, bold=bold) / len(name))) - 1, 4)
    lines = textwrap.wrap(name, characters)
    if len(lines) > number:
        kept = characters * number - 1
        whole = len(name) <= kept
        text = name if whole else f"{name[: (kept + 1) // 2]}…{name[len(name) - kept // 2 :]}"
        lines = [text[at : at + characters] for at in range(0, len(text), characters)]
    return [_fitted(line, room, small) for line in lines]


def _drum(ax: Axes, left: float, top: float, style: Mapping[str, Any]) -> None:
    """A database, or a cache."""
    bow = HEIGHT * 0.11
    right, bottom = left + WIDTH, top + HEIGHT
    low, high = bottom + bow * 0.3, top - bow * 0.3
    points = [(left, top + bow), (left, bottom - bow), (left, low), (right, low), (right, bottom - bow)]
    points += [(right, top + bow), (right, high), (left, high), (left, top + bow)]
    codes = [Path.MOVETO, Path.LINETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
    ax.add_patch(PathPatch(Path(points, codes), **style))
    lid = {name: value for name, value in style.items() if name != "label"}
    ax.add_patch(Ellipse((left + WIDTH / 2.0, top + bow), WIDTH, bow * 2.0, **lid))


def draw_arrow(ax: Axes, way: Sequence[Place], line: str, label: str, text: str, size: float) -> None:
    """From the right side of the first box, along its lanes, to the left side of the last one; with a text or none."""
    half = WIDTH / 2.0
    stops = [(way[0].column + half, way[0].row)]
    for lane in way[1:-1]:
        stops += [(lane.column - half, lane.row), (lane.column + half, lane.row)]
    stops.append((way[-1].column - half, way[-1].row))
    points, codes = [stops[0]], [Path.MOVETO]
    for at in range(0, len(stops), 2):
        start, end = stops[at], stops[at + 1]
        bend = max(0.5 * (end[0] - start[0]), 0.12)
        points += [(start[0] + bend, start[1]), (end[0] - bend, end[1]), end]
        codes += [Path.CURVE4] * 3
        if at + 2 < len(stops):
            points.append(stops[at + 2])
            codes.append(Path.LINETO)
    style: dict[str, Any] = {"edgecolor": QUIET, "linestyle": line, "linewidth": 1.1, "zorder": 2.0}
    ax.add_patch(PathPatch(Path(points, codes), fill=False, label=label, **style))
    back = ScaledTranslation(-HEAD / 144.0, 0.0, figure_of(ax).dpi_scale_trans)
    head: dict[str, Any] = {"marker": ">", "markersize": HEAD, "color": QUIET, "markeredgewidth": 0, "zorder": 2.1}
    ax.plot([stops[-1][0]], [stops[-1][1]], transform=ax.transData + back, **head)
    if text:
        (x0, y0), (x1, y1) = stops[-2], stops[-1]
        white: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
        where: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 2.2, "bbox": white}
        ax.text((x0 + x1) / 2.0, (y0 + y1) / 2.0, text, fontsize=size * 0.8, color=QUIET, **where)
