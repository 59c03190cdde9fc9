"""Where the mean latency goes."""

from __future__ import annotations

import math
from typing import Final, Literal

import pandas as pd
from matplotlib.axes import Axes

from ..errors import ResultError
from ..results import Results
from .doubts import doubts_note, is_mixed, warnings_of
from .given import Given, named, title_of
from .style import (
    BLUE,
    HEADLINE,
    INK,
    ORANGE,
    OTHERS,
    PALETTE,
    SIZE,
    SKY,
    SMALL,
    VERMILLION,
    darker,
    headline,
    ink_on,
    leader,
    new_axes,
    points_across,
    readable,
    say,
    shorten,
    spread,
    styled,
    text_width,
    tidy,
)

COMPONENTS: Final = {"service": BLUE, "waiting": ORANGE, "network": SKY, "timeout": VERMILLION}
MOST: Final = len(PALETTE)
"""Services with a part of their own; the others are added up."""
LEAST: Final = 0.002
"""Share of the whole below which a part has no name."""
THICK: Final = 0.46

Part = tuple[str, float, str]
"""Name, milliseconds, colour."""


def breakdown(result: Given, *, by: Literal["component", "service"] = "component", ax: Axes | None = None) -> Axes:
    """The mean latency (ms) of served requests in its parts, along the critical path; one bar a result.

    Parameters
    ----------
    result
        A result, several, or a comparison.
    by
        `component`: service, waiting, network, timeout; `service`: the seven that take most, and the others.
    ax
        Where to draw; a new figure if not given.

    Raises
    ------
    ResultError
        If `by` is something else, or there is no result.
    """
    if by not in ("component", "service"):
        raise ResultError(f'a breakdown is by "component" or by "service", not by {by!r}')
    results = named(result)
    parts = _components(results) if by == "component" else _services(results)
    title = f"{title_of(results)}: where the mean latency goes"
    with styled():
        ax = new_axes((SIZE[0], min(max(2.6 + 1.1 * len(parts), SIZE[1] * 0.66), 12.0))) if ax is None else ax
        longest = max((math.fsum(value for _, value, _ in row) for row in parts.values()), default=0.0)
        if not longest > 0.0:
            headline(ax, title)
            say(ax, "no request was served" if _unserved(results) else "requests take no time")
            return ax
        together = " of all journeys together" if any(map(is_mixed, results.values())) else ""
        note = f"by {by}, along the critical path of served requests{together}"
        headline(ax, title, doubts_note(warnings_of(results)) + note)
        _bars(ax, parts, longest)
        ax.set_xlabel(f"mean latency{together} (ms)")
    return ax


def _unserved(results: dict[str, Results]) -> bool:
    return all(math.isnan(result.summary["latency_mean_s"]) for result in results.values())


def _components(results: dict[str, Results]) -> dict[str, list[Part]]:
    return {
        name: [
            (part, _milliseconds(result.breakdown[f"{part}_s"].sum()), colour) for part, colour in COMPONENTS.items()
        ]
        for name, result in results.items()
    }


def _services(results: dict[str, Results]) -> dict[str, list[Part]]:
    """The same services in the same colours in each bar."""
    tables = {name: result.breakdown.sum(axis=1) for name, result in results.items()}
    weight = pd.DataFrame(tables).fillna(0.0).sum(axis=1).sort_values(ascending=False, kind="stable")
    chosen = [str(name) for name in weight.index[:MOST]]
    rows: dict[str, list[Part]] = {}
    for name, column in tables.items():
        rows[name] = [
            (service, _milliseconds(column.get(service, 0.0)), PALETTE[number]) for number, service in enumerate(chosen)
        ]
        others = len(column.index.difference(chosen))
        if others:
            rest = _milliseconds(column.drop(chosen, errors="ignore").sum())
            rows[name].append((f"{others} other{'s' if others > 1 else ''}", rest, OTHERS))
    return rows


def _milliseconds(seconds: object) -> float:
    value = 1000.0 * float(str(seconds))
    return 0.0 if math.isnan(value) else value


def _bars(ax: Axes, parts: dict[str, list[Part]], longest: float) -> None:
    tidy(ax, "x")
    ax.set_xlim(0.0, longest * 1.12)
    ax.set_ylim(len(parts) - 0.5, -0.72)
    for row, segments in enumerate(parts.values()):
        start = 0.0
        outside: list[tuple[float, str, str]] = []
        for part, value, colour in segments:
            ax.barh(row, value, THICK, left=start, color=colour, edgecolor="white", linewidth=0.6, label=part)
            room = max(value / _per_point(ax), points_across(ax)[0] / len(segments)) - 9.0
            text = f"{shorten(part, room, SMALL)}\n{readable(value)} ms"
            if (text_width(text, SMALL) + 8.0) * _per_point(ax) < value:
                ax.text(start + value / 2.0, row, text, ha="center", va="center", fontsize=SMALL, color=ink_on(colour))
            elif value > LEAST * longest:
                outside.append((start + value / 2.0, text, colour))
            start += value
        _above(ax, row, outside)
        total = f"{readable(start)} ms" if start > 0.0 else "no request was served"
        ax.annotate(
            total,
            (start, row),
            (6.0, 0.0),
            textcoords="offset points",
            va="center",
            fontweight="bold",
            fontsize=HEADLINE - 2.0,
        )
    ax.set_yticks(range(len(parts)), [shorten(name, 170.0, 11.0) for name in parts])
    ax.tick_params(axis="y", length=0)


def _per_point(ax: Axes) -> float:
    """Milliseconds a point."""
    low, high = ax.get_xlim()
    return (high - low) / points_across(ax)[0]


def _above(ax: Axes, row: int, labels: list[tuple[float, str, str]]) -> None:
    """Parts too thin for their name have it above the bar, side by side."""
    sizes = [(text_width(text, SMALL) + 9.0) * _per_point(ax) for _, text, _ in labels]
    places = spread([middle for middle, _, _ in labels], sizes, *ax.get_xlim())
    for (middle, text, colour), place in zip(labels, places, strict=True):
        ax.annotate(
            text,
            (middle, row - THICK / 2.0),
            (place, row - THICK / 2.0 - 0.07),
            ha="center",
            va="bottom",
            fontsize=SMALL,
            color=darker(colour) if colour != OTHERS else INK,
            arrowprops=leader(colour, tip=(0.5, 0.0)),
        )
