"""What more cores buy: throughput against size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .bands import DASHES, DOTS, colours, interval_note, lengths, partial_note
from .doubts import doubts_note
from .style import (
    QUIET,
    SMALL,
    darker,
    headline,
    leader,
    new_axes,
    points_across,
    shorten,
    spread,
    styled,
    text_width,
    tidy,
)

if TYPE_CHECKING:
    from ..experiments.curves.cores import CoreCurve
    from ..experiments.curves.fits import ScalabilityFit

STEPS = 120
"""Points of a fitted law."""
ASIDE: Final = 10.0
"""Points between the end of a line and its name."""


def core_curve(curve: CoreCurve, *, ax: Axes | None = None) -> Axes:
    """Goodput (/s) under overload against the cores of all services, one line a way to grow.

    Points with their intervals are measured; thick lines are the Universal Scalability Law, over the sizes that it is
    fitted to; thin ones join the points; dashed lines are perfect scaling from the smallest size.

    Parameters
    ----------
    curve
        What `core_curve` of the package returns.
    ax
        Where to draw; a new figure if not given.
    """
    parts = {str(way): rows for way, rows in curve.table.groupby("way", sort=False)}
    palette = colours(list(parts))
    with styled():
        ax = new_axes() if ax is None else ax
        tidy(ax)
        for way, rows in parts.items():
            _draw(ax, rows, curve.fits.get(way), palette[way])
        ax.set_xlim(0.0, float(curve.table["cores"].max()) * 1.03)
        ax.set_ylim(0.0, max(float(curve.table["goodput_per_s"].max()) * 1.22, 1e-9))
        ax.set_xlabel("cores of all services")
        ax.set_ylabel(f"goodput (/s) at {curve.overload:g} times the saturation rate")
        headline(ax, curve.headline, _note(curve))
        ends = [
            (float(rows["cores"].iloc[-1]), float(rows["goodput_per_s"].iloc[-1]), _label(way, rows), palette[way])
            for way, rows in parts.items()
        ]
        _name_ends(ax, ends)
        for way, rows in parts.items():
            _mark_bottlenecks(ax, rows, palette[way])
    return ax


def _note(curve: CoreCurve) -> str:
    # What is not shown is in the finding.
    laws = [f"{way} {words}" for way, words in curve.laws.items() if "±" in words]
    shown = f": {', '.join(laws)}" if laws else ""
    law = f"thick: Universal Scalability Law, as far as the same unit limits{shown}; " if curve.laws else ""
    bars = interval_note(curve.confidence, curve.replications, "bars")
    first = doubts_note(curve.warnings) + partial_note(interrupted=curve.interrupted)
    return f"{first}{law}dashed: perfect scaling from the smallest size; {bars}"


def _name_ends(ax: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Each line's name beside its last point; one that has to move has a leader that cannot be taken for data."""
    width, height = points_across(ax)
    low, high = ax.get_ylim()
    texts = [shorten(text, width * 0.38, SMALL) for _, _, text, _ in ends]
    reach = [
        x / (1.0 - (text_width(text, SMALL) + 2.0 * ASIDE) / width) for (x, *_), text in zip(ends, texts, strict=True)
    ]
    ax.set_xlim(0.0, max([ax.get_xlim()[1], *reach]))
    wanted = [height * (y - low) / (high - low) for _, y, _, _ in ends]
    places = spread(wanted, [SMALL * 1.3] * len(ends), 0.0, height)
    for (x, y, _, colour), text, own, place in zip(ends, texts, wanted, places, strict=True):
        moved = abs(place - own) > SMALL / 2.0
        look = leader(QUIET, tip=(0.0, 0.5)) | {"linestyle": DOTS}
        ax.annotate(
            text, (x, y), (ASIDE, place - own), textcoords="offset points", va="center", fontsize=SMALL,
            color=darker(colour), arrowprops=look if moved else None,
        )  # fmt: skip


def _label(way: str, rows: pd.DataFrame) -> str:
    """A service grows alone, a deployment as a whole."""
    return f"all of {way}" if way == rows["deployment"].iloc[0] else f"{way} alone"


def _draw(ax: Axes, rows: pd.DataFrame, fit: ScalabilityFit | None, colour: str) -> None:
    cores, goodput = rows["cores"].to_numpy(np.float64), rows["goodput_per_s"].to_numpy(np.float64)
    ax.plot(cores, rows["perfect_per_s"], color=colour, linewidth=1.0, linestyle=DASHES)
    bars = np.nan_to_num(lengths(rows, "goodput_per_s"))
    ax.errorbar(cores, goodput, yerr=bars, fmt="o", color=colour, markersize=6, linewidth=1.6, capsize=3)
    first = 0 if fit is None else int(rows["fitted"].sum()) - 1
    ax.plot(cores[first:], goodput[first:], color=colour, linewidth=1.0)
    if fit is None:
        return
    sizes = rows["size"].to_numpy(np.float64) / float(rows["size"].iloc[0])
    places = np.linspace(sizes[0], sizes[first], STEPS)
    ax.plot(np.interp(places, sizes, cores), [fit.throughput(place) for place in places], color=colour, linewidth=2.0)


def _mark_bottlenecks(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Say below the point where another unit takes over as the bottleneck."""
    names = rows["bottleneck"].tolist()
    for before, name, cores, goodput in zip(
        names[:-1], names[1:], rows["cores"].iloc[1:], rows["goodput_per_s"].iloc[1:], strict=True
    ):
        if name and name != before:
            ax.annotate(
                f"{name} limits", (float(cores), float(goodput)), (ASIDE, -14.0), textcoords="offset points",
                fontsize=SMALL, color=darker(colour),
            )  # fmt: skip
