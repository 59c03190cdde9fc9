"""A deployment as a picture: who calls whom, who shares a process, and how busy everyone is."""

from __future__ import annotations

from collections import Counter
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex

from ..errors import ResultError
from ..plan.layout import Kind
from ..plan.plan import Plan
from ..results import Results
from .doubts import doubts_note
from .graph import Arrow, Way, arrows, size_text, workload_text
from .layout import Layout, arrange
from .shapes import STORES, Box, draw_arrow, draw_box, draw_frame, text_size
from .style import INK, SIZE, headline, ink_on, readable, sized, styled

HEAT: Final = LinearSegmentedColormap.from_list(
    "busy",
    [(0.0, "#ffffff"), (0.3, "#d9eaf6"), (0.57, "#9fd0f0"), (0.61, "#0f74b5"), (0.8, "#005a92"), (1.0, "#00304d")],
)
"""From idle to full: darker in grey too, so that it needs no colour vision. It hurries through the middle, on which
neither black nor white can be read well, where a station begins to have queues."""
MANY: Final = 16
"""Arrows above which only boxes have numbers."""


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
    layout = arrange([*plan.workloads.name, *plan.services.name], _edges(found), _groups(plan))
    with styled():
        ax = _new(layout) if ax is None else ax
        _limits(ax, layout)
        for group, band in layout.bands.items():
            draw_frame(ax, f"{group}: {size_text(plan, plan.units.name.index(group))}", band)
        size = text_size(ax)
        for arrow, text in zip(found, _rates(found), strict=True):
            lanes = layout.lanes[arrow.source, arrow.target]
            way = [layout.boxes[arrow.source], *lanes, layout.boxes[arrow.target]]
            draw_arrow(ax, way, arrow.way.value, f"{arrow.source} → {arrow.target}", text, size)
        for name, box in _boxes(plan, result).items():
            draw_box(ax, box, layout.boxes[name], size)
        first = doubts_note(plan.warnings if result is None else result.warnings)
        headline(ax, f"{plan.topology} as {plan.deployment}", first + _legend(plan, found, result))
    return ax


def _rates(found: list[Arrow]) -> list[str]:
    """Calls a second where several arrows meet; elsewhere the box says it."""
    into = Counter(arrow.target for arrow in found)
    told = len(found) <= MANY
    return [
        f"{readable(arrow.per_s)}/s" if told and into[arrow.target] > 1 and not np.isnan(arrow.per_s) else ""
        for arrow in found
    ]


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
        percent = f"{100.0 * busy:.0f}" if busy >= 0.0095 or not busy > 0.0 else "<1"
        boxes[name] = Box((name, f"{percent} %, {readable(rate)}/s"), kind, fill, ink_on(fill))
    return boxes


def _rows(layout: Layout) -> tuple[float, float]:
    """The outermost rows that anything takes."""
    lanes = [lane.row for passed in layout.lanes.values() for lane in passed]
    boxes = [place.row for place in layout.boxes.values()]
    low = min([min(boxes) - 0.5, *(row - 0.2 for row in lanes), *(band.low - 0.1 for band in layout.bands.values())])
    high = max([max(boxes) + 0.5, *(row + 0.2 for row in lanes), *(band.high + 0.1 for band in layout.bands.values())])
    return low, high


def _new(layout: Layout) -> Axes:
    """A figure that grows with what is in it, up to a poster."""
    across = max(place.column for place in layout.boxes.values()) + 1
    low, high = _rows(layout)
    width = min(max(SIZE[0] * 1.2, 1.75 * across), 24.0)
    height = min(max(SIZE[1] * 1.2, 0.6 * (high - low) + 1.2), 18.0)
    width, height = sized((width, height))
    figure = plt.figure(figsize=(width, height), layout="none")
    return figure.add_axes((0.012, 0.015, 0.976, 1.0 - 0.9 / height))


def _limits(ax: Axes, layout: Layout) -> None:
    """Room for every box and frame; a picture of few rows is not blown up."""
    low, high = _rows(layout)
    last = max(place.column for place in layout.boxes.values())
    spare = max(0.0, 4.0 - (high - low)) / 2.0
    ax.set_axis_off()
    ax.set_xlim(-0.36, last + 0.45)
    ax.set_ylim(high + spare, low - spare)


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
    if kinds & set(STORES):
        parts.append("drum: database or cache")
    if Kind.EXTERNAL in kinds:
        parts.append("dashed box: external")
    parts.append("replicas × cores" if result is None else "fill and %: utilisation; /s: arrival rate")
    return "; ".join(parts)
