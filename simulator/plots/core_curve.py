"""What more cores buy: throughput against size."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .bands import DASHES, colours, interval_note
from .given import CoreCurveLike, FitLike
from .style import SMALL, darker, end_labels, headline, new_axes, styled, tidy

STEPS = 120
"""Points of a fitted law."""


def core_curve(curve: CoreCurveLike, *, ax: Axes | None = None) -> Axes:
    """Goodput (/s) under overload against the cores of all services, one line a way to grow.

    Points with their intervals are measured, lines are the Universal Scalability Law fitted to them, dashed lines are
    perfect scaling from the smallest size.

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
        end_labels(ax, ends)
        for way, rows in parts.items():
            _mark_bottlenecks(ax, rows, palette[way])
    return ax


def _note(curve: CoreCurveLike) -> str:
    laws = [
        f"{way} σ\u00a0{_signed(fit.contention)}, κ\u00a0{_signed(fit.coherency)}"
        for way, fit in curve.fits.items()
        if fit is not None
    ]
    law = f"lines: Universal Scalability Law ({'; '.join(laws)}); " if laws else ""
    bars = interval_note(curve.confidence, curve.replications, "bars")
    return f"{law}dashed: perfect scaling from the smallest size; {bars}"


def _signed(value: float) -> str:
    return f"{value:.2g}".replace("-", "\u2212")


def _label(way: str, rows: pd.DataFrame) -> str:
    """A service grows alone, a deployment as a whole."""
    return f"all of {way}" if way == rows["deployment"].iloc[0] else f"{way} alone"


def _draw(ax: Axes, rows: pd.DataFrame, fit: FitLike | None, colour: str) -> None:
    cores, goodput = rows["cores"].to_numpy(np.float64), rows["goodput_per_s"].to_numpy(np.float64)
    half = rows["goodput_per_s_half_width"].to_numpy(np.float64)
    ax.plot(cores, rows["perfect_per_s"], color=colour, linewidth=1.0, linestyle=DASHES)
    bars = np.where(np.isfinite(half), half, 0.0)
    ax.errorbar(cores, goodput, yerr=bars, fmt="o", color=colour, markersize=6, linewidth=1.6, capsize=3)
    if fit is None:
        ax.plot(cores, goodput, color=colour, linewidth=1.6)
        return
    sizes = rows["size"].to_numpy(np.float64) / float(rows["size"].iloc[0])
    places = np.linspace(sizes[0], sizes[-1], STEPS)
    ax.plot(np.interp(places, sizes, cores), [fit.throughput(place) for place in places], color=colour, linewidth=2.0)


def _mark_bottlenecks(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Say below the point where another unit takes over as the bottleneck."""
    names = rows["bottleneck"].tolist()
    for before, name, cores, goodput in zip(
        names[:-1], names[1:], rows["cores"].iloc[1:], rows["goodput_per_s"].iloc[1:], strict=True
    ):
        if name and name != before:
            ax.annotate(
                f"{name} limits", (float(cores), float(goodput)), (6.0, -14.0), textcoords="offset points",
                fontsize=SMALL, color=darker(colour),
            )  # fmt: skip
