"""How busy units are."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..results import Results
from .doubts import doubts_note
from .given import named, title_of
from .style import (
    BLUE,
    QUIET,
    SIZE,
    SKY,
    SMALL,
    VERMILLION,
    count,
    headline,
    new_axes,
    points_across,
    readable,
    say,
    shorten,
    styled,
    text_width,
    tidy,
)

MOST: Final = 30
"""Bars in one figure."""
FULL: Final = 0.999
"""Utilisation from which no core is ever free."""


def utilisation(result: Results, *, ax: Axes | None = None) -> Axes:
    """Utilisation (%) of each unit, the busiest on top, with the number of requests that wait on average.

    The bar of a unit that hosts several services is made of theirs. At most the thirty busiest units are shown.

    Parameters
    ----------
    result
        One result.
    ax
        Where to draw; a new figure if not given.
    """
    title = f"{title_of(named(result))}: utilisation"
    order = ["utilisation_ratio", "queue_length"]
    every = result.units.sort_values(order, ascending=False, kind="stable")
    units = every.head(MOST)
    with styled():
        ax = new_axes((SIZE[0], max(SIZE[1], 1.4 + 0.28 * len(units)))) if ax is None else ax
        if not np.nan_to_num(every["arrival_rate_per_s"].to_numpy(dtype=np.float64)).any():
            headline(ax, title)
            say(ax, "no request arrived")
            return ax
        left_out = len(every) - len(units)
        more = f"; {count(left_out, 'less busy unit')} not shown" if left_out else ""
        note = f"busy cores by cores, mean queue length; {_sizes(result)}{more}"
        headline(ax, title, doubts_note(result.warnings) + note)
        tidy(ax, "x")
        _bars(ax, result.services, units)
        ax.set_xlabel("utilisation (%)")
    return ax


def _sizes(result: Results) -> str:
    made = result.provenance
    return f"{made['warmup_s']:g} s to {made['duration_s']:g} s, {count(made['replications'], 'replication')}"


def _bars(ax: Axes, services: pd.DataFrame, units: pd.DataFrame) -> None:
    """One bar a unit, in parts if it hosts several services."""
    size = min(SMALL, max(5.5, 0.7 * points_across(ax)[1] / len(units)))
    ax.set_xlim(0.0, 100.0)
    wide = points_across(ax)[0]
    for row, (unit, record) in enumerate(units.iterrows()):
        total = 100.0 * float(record["utilisation_ratio"])
        hosted = services[services["unit"] == unit].sort_values("utilisation_ratio", ascending=False, kind="stable")
        colours = (VERMILLION,) if total >= 100.0 * FULL else (BLUE, SKY) if len(hosted) > 1 else (BLUE,)
        start = 0.0
        for number, (name, ratio) in enumerate(hosted["utilisation_ratio"].items()):
            share = 100.0 * float(ratio)
            colour = colours[number % len(colours)]
            ax.barh(row, share, 0.72, left=start, color=colour, linewidth=0.6, edgecolor="white", label=str(name))
            if len(hosted) > 1 and text_width(str(name), size) < share / 100.0 * wide * 0.8:
                ax.text(
                    start + share / 2.0,
                    row,
                    str(name),
                    ha="center",
                    va="center",
                    fontsize=size,
                    color="white" if colour != SKY else "black",
                )
            start += share
        names = [str(name) for name in hosted.index] if len(hosted) > 1 else []
        _name(ax, row, total, f"{_few(float(record['queue_length']))} waiting", names, size)
    labels = [shorten(str(unit), 150.0, size + 1.0) for unit in units.index]
    ax.set_yticks(range(len(units)), labels, fontsize=size + 1.0)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(units) - 0.4, -0.6)


def _few(value: float) -> str:
    """A number to a hundredth; what is not 0 does not look like it."""
    return readable(round(value, 2)) if value == 0.0 or value >= 0.005 else "<0.01"


def _name(ax: Axes, row: int, total: float, queue: str, names: list[str], size: float) -> None:
    """The value at the end of the bar, within it where there is no room beyond; then who shares the unit."""
    full = ", saturated" if total >= 100.0 * FULL else ""
    text = f"{_few(total)} %{full}, {queue}"
    inside = total > 68.0
    room = (0.98 - total / 100.0) * points_across(ax)[0] - text_width(text, size) - 20.0
    if names and not inside and room > 40.0:
        text += shorten(f" (hosts {', '.join(names)})", room, size)
    ax.annotate(
        text,
        (min(total, 100.0), row),
        (-5.0 if inside else 5.0, 0.0),
        textcoords="offset points",
        va="center",
        ha="right" if inside else "left",
        fontsize=size,
        color="white" if inside else QUIET,
    )
