"""What each deployment needs and costs as the load grows, at equal objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .bands import LOW as PANEL
from .bands import NARROW, colours, interval_note, lengths, name_of_load, partial_note, title_all
from .doubts import doubts_note
from .panels import given_axes
from .style import (
    FAINT,
    INK,
    OTHERS,
    QUIET,
    SIZE,
    SMALL,
    end_labels,
    figure_of,
    label_y,
    points_across,
    readable,
    sized,
    styled,
    text_width,
    tidy,
    wrap,
)

if TYPE_CHECKING:
    from ..experiments.curves.scaling import ScalingCurve

GIB: Final = 2.0**30
PANELS: Final = {
    "cost_per_hour": (1.0, "cost per hour"),
    "replicas": (1.0, "replicas"),
    "cores": (1.0, "cores"),
    "all_cores": (1.0, "cores of everything"),
    "memory_bytes": (1.0 / GIB, "memory (GiB)"),
    "latency_p99_s": (1e3, "latency p99 (ms)"),
    "worst_by_limit_ratio": (1e2, "worst objective by its limit (%)"),
}
"""Factor to what people read, and the label of the axis."""
EVERYTHING: Final = " of everything"
WHOLE: Final = ("replicas", "cores", "all_cores")
"""What is counted."""
MEASURED: Final = ("latency_p99_s", "worst_by_limit_ratio")
"""What has intervals."""
CROSS: Final[dict[str, Any]] = {"marker": "x", "linestyle": "", "markersize": 8.0, "markeredgewidth": 2.0}
DIAMOND: Final[dict[str, Any]] = {
    "marker": "D", "linestyle": "", "markersize": 6.5, "markeredgewidth": 1.5, "markerfacecolor": "white",
}  # fmt: skip
"""What stands where the objectives are missed, and where they are not shown to be met or missed."""
LOW: Final = {"cost_per_hour": "cost_low_per_hour", "all_cores": "all_cores_low"}
"""The least of it with which the objectives are not shown to be missed."""


def scaling(curve: ScalingCurve, *, ax: Axes | Sequence[Axes] | NDArray[Any] | None = None) -> tuple[Axes, ...]:
    """Cost per hour against the load, large; beside it replicas, cores and memory of what was sized, and p99 latency.

    Where requests enter at several endpoints, the worst objective by its limit is drawn instead of p99.
    One line a deployment, sized at every load, in steps, since sizes are whole; a cross where the objectives are not
    met, a diamond where they are not shown to be met, nor to be missed. Squares along the top say which one is
    cheaper, open ones which is the only one that meets the objectives, grey ones that no difference is shown, crosses
    and diamonds that nobody meets them, or is shown to. Grey bands hold the crossovers. A file without
    prices is compared by its cores.

    Parameters
    ----------
    curve
        What `scaling_curve` returns.
    ax
        Five axes, the large one first; a new figure if not given.

    Raises
    ------
    SimulatorError
        If the number of axes is another one.
    """
    quantities = [curve.price, "replicas", "cores", "memory_bytes", curve.judged]
    with styled():
        axes = given_axes(ax, 5, "scaling") or _new()
        title_all(axes[0], curve.headline, _note(curve))
        for number, (panel, quantity) in enumerate(zip(axes, quantities, strict=True)):
            _draw(panel, curve, quantity, large=number == 0)
    return tuple(axes)


def _note(curve: ScalingCurve) -> str:
    """What is counted, and the marks as far as they are there."""
    table, kinds = curve.table, {verdict.kind for verdict in curve.verdicts}
    estimated = (table[LOW[curve.price]] < table[curve.price]).any()
    low = ", the band below it: smaller sizes that are not shown to miss the objectives" if estimated else ""
    winner = "the cheaper one" if curve.price == "cost_per_hour" else "the one with fewer cores"
    sure = all(verdict.shown for verdict in curve.verdicts if verdict.kind == "only")
    squares = {"cheaper": winner,
               "only": f"open the only one that {'meets' if sure else 'is shown to meet'} the objectives",
               "same": "grey no difference shown"}  # fmt: skip
    drawn = [words for kind, words in squares.items() if kind in kinds]
    by_limit = curve.judged == "worst_by_limit_ratio"
    parts = [
        f"{PANELS[curve.price][1].removesuffix(EVERYTHING)}{EVERYTHING}{low}",
        "replicas, cores, memory of the sized units",
        f"squares: {', '.join(drawn)}" if drawn else "",
        "×: objectives not met" if (~table["met"] & ~_not_shown(table)).any() else "",
        "◇: not shown to be met, nor to be missed" if _not_shown(table).any() else "",
        f"worst objective: {' or '.join(dict.fromkeys(table['worst_objective']))}" if by_limit else "",
        interval_note(curve.confidence, curve.replications, "bars"),
    ]
    first = doubts_note(curve.warnings) + partial_note(interrupted=curve.interrupted)
    return first + "; ".join(part for part in parts if part)


def _not_shown(rows: pd.DataFrame) -> pd.Series[bool]:
    """Where the objectives are neither met nor shown to be missed."""
    return ~rows["met"] & ~rows["shown_missed"] if "shown_missed" in rows else rows["met"] & False


def _new() -> list[Axes]:
    """The large panel at the left of the others, in a narrow figure above them."""
    rows: list[Any] = [["main", "a", "b"], ["main", "c", "d"]]
    ratios: dict[str, Any] = {"width_ratios": [1.9, 1.0, 1.0]}
    size = sized((SIZE[0] * 1.36, SIZE[1] * 1.12))
    if size[0] < NARROW:
        rows, ratios = [["main", "main"], ["a", "b"], ["c", "d"]], {"height_ratios": [1.5, 1.0, 1.0]}
        size = size[0], 3.0 * PANEL
    _, found = plt.subplot_mosaic(rows, figsize=size, layout="constrained", **ratios)
    return [found[name] for name in ("main", "a", "b", "c", "d")]


def _draw(ax: Axes, curve: ScalingCurve, quantity: str, *, large: bool) -> None:
    tidy(ax)
    factor, label = PANELS[quantity]
    parts = {str(name): rows for name, rows in curve.table.groupby("deployment", sort=False)}
    palette = colours(list(parts))
    reach = float(curve.table[curve.axis].max())
    ends = []
    for name, rows in parts.items():
        _line(ax, curve, rows, quantity, factor, palette[name])
        ends.append((float(rows[curve.axis].iloc[-1]), factor * float(rows[quantity].iloc[-1]), name, palette[name]))
    limits = {"latency_p99_s": set(curve.limits.values()), "worst_by_limit_ratio": {1.0}}.get(quantity, set())
    for limit in limits:
        ax.axhline(factor * limit, color=INK, linewidth=0.9, zorder=1.0)
    ax.set_xlim(0.0, reach * 1.04)
    values = factor * curve.table[quantity].to_numpy(np.float64)
    top = np.max([1e-9, ax.get_ylim()[1], *values[np.isfinite(values)]])
    ax.set_ylim(0.0, float(top) * (1.1 if large else 1.05))
    ax.set_xlabel(name_of_load(curve.axis, curve.load_name))
    currency = f" ({curve.currency})" if quantity == "cost_per_hour" and curve.currency else ""
    (label_y if figure_of(ax).get_figwidth() < NARROW else Axes.set_ylabel)(ax, label + currency)
    if large:
        _mark_winners(ax, curve, palette)
        end_labels(ax, ends)
        _mark_crossovers(ax, curve)
    else:
        ax.locator_params(axis="x", nbins=5 if points_across(ax)[0] > 120.0 else 3)
        if limits:
            # Above the panel: within it, crosses may stand anywhere.
            told = " and ".join(readable(factor * limit) for limit in sorted(limits))
            line = f"line: slo {told} ms" if quantity == "latency_p99_s" else "line: the limit of each objective"
            ax.set_title(
                wrap(line, points_across(ax)[0], SMALL), loc="right", fontsize=SMALL, fontweight="normal", pad=3.0
            )
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=quantity in WHOLE))


def _line(ax: Axes, curve: ScalingCurve, rows: pd.DataFrame, quantity: str, factor: float, colour: str) -> None:
    met = rows["met"].to_numpy(bool)
    where = rows[curve.axis].to_numpy(np.float64)
    values = factor * rows[quantity].to_numpy(np.float64)
    known = np.where(met & np.isfinite(values), values, np.nan)
    if quantity in MEASURED:
        bars = np.maximum(np.nan_to_num(lengths(rows, quantity, factor), posinf=0.0), 0.0)  # no end, no bar
        ax.errorbar(where, known, yerr=bars, fmt="o-", color=colour, linewidth=1.2, markersize=4.5, capsize=2.5)
    else:
        ax.plot(where, known, color=colour, linewidth=2.0, marker="o", markersize=4.5, drawstyle="steps-mid")
    if quantity in LOW:
        low = np.where(met, rows[LOW[quantity]].to_numpy(np.float64), np.nan)
        ax.fill_between(where, low, known, color=colour, alpha=0.18, linewidth=0, step="mid")
    unsure = _not_shown(rows).to_numpy(bool)
    for chosen, mark in ((~met & ~unsure, CROSS), (unsure, DIAMOND)):
        ax.plot(where[chosen], values[chosen], color=colour, **mark)


def _mark_winners(ax: Axes, curve: ScalingCurve, palette: dict[str, str]) -> None:
    for load, verdict in zip(curve.loads, curve.verdicts, strict=True):
        colour = palette.get(verdict.winner, OTHERS)
        nobody = CROSS["marker"] if verdict.shown else DIAMOND["marker"]
        hollow = verdict.kind == "only" or not verdict.shown
        ax.plot(
            [load], [0.975], marker=nobody if verdict.kind == "none" else "s", color=colour, markersize=7,
            markerfacecolor="white" if hollow else colour, markeredgewidth=1.5,
            transform=ax.get_xaxis_transform(),
        )  # fmt: skip


def _mark_crossovers(ax: Axes, curve: ScalingCurve) -> None:
    """A band each; one whose words would run into those before it has them a step higher."""
    per_point = (ax.get_xlim()[1] - ax.get_xlim()[0]) / points_across(ax)[0]
    taken: list[float] = []
    for one in curve.crossovers:
        ax.axvspan(one.after, one.before, color=FAINT, zorder=0.5, linewidth=0)
        unit = " users" if curve.axis == "users" else "/s"
        text = f"crossover\n{readable(one.after)} to {readable(one.before)}{unit}"
        middle = (one.after + one.before) / 2.0
        half = (text_width(text, SMALL) / 2.0 + 3.0) * per_point
        step = next((number for number, end in enumerate(taken) if middle - half > end), len(taken))
        taken[step : step + 1] = [middle + half]
        ax.annotate(
            text, (middle, 0.03), (0.0, 2.8 * SMALL * step), xycoords=ax.get_xaxis_transform(),
            textcoords="offset points", ha="center", va="bottom", fontsize=SMALL, color=QUIET,
        )  # fmt: skip
