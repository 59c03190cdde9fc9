"""Throughput and latency against the load, at fixed sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .bands import (
    ARRIVALS,
    DASHES,
    DOTS,
    colours,
    draw_band,
    interval_note,
    name_of_load,
    new_panels,
    partial_note,
    title_all,
)
from .doubts import doubts_note
from .panels import given_axes
from .style import (
    INK,
    QUIET,
    SMALL,
    darker,
    end_labels,
    label_y,
    leader,
    log_ticks,
    points_across,
    readable,
    say,
    spread,
    styled,
    text_width,
    tidy,
)

if TYPE_CHECKING:
    from ..experiments.curves.load import LoadCurve

ASIDE: Final = 10.0
"""Points between a mark and its words."""
STYLES: Final[tuple[Any, ...]] = ("-", DASHES, DOTS, (0, (6, 2, 1, 2)))
"""Of the lines of several promises."""
Ends = list[tuple[float, float, str, str]]
"""What `end_labels` takes."""
BEHIND: Final = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
"""So that no dotted line runs through a label."""


def load_curve(curve: LoadCurve, *, ax: Axes | Sequence[Axes] | NDArray[Any] | None = None) -> tuple[Axes, ...]:
    """Goodput (/s) and p99 latency (ms, p50 as a thin line) against the load, one line a deployment.

    Where requests enter at several endpoints, each promise has a p99 of its own instead, which its limit is drawn with.
    Rings mark the knees, dotted lines the rates at which theory expects saturation.

    Parameters
    ----------
    curve
        What `load_curve` of the package returns.
    ax
        Two axes; a new figure if not given.

    Raises
    ------
    SimulatorError
        If the number of axes is another one.
    """
    with styled():
        axes = given_axes(ax, 2, "load_curve") or new_panels(2)
        note = interval_note(curve.confidence, curve.replications, "bands")
        together = " of all journeys together" if curve.mixed else ""
        marks = f"ring: the knee, where goodput by p99{together} is greatest; dotted: saturation by theory"
        if curve.own:
            marks = f"latency: p99 of each promise's own requests, and its limit in the same kind of line; {marks}"
        partial = doubts_note(curve.warnings) + partial_note(interrupted=curve.interrupted)
        long = "above saturation, latency depends on the length of the run"
        title_all(axes[0], curve.headline, f"{partial}{marks}; {long}; {note}")
        _goodput(axes[0], curve)
        _latency(axes[1], curve)
    return tuple(axes)


def _is_all(curve: LoadCurve) -> bool:
    """Whether a load is all that arrives, so that no more can be served."""
    return curve.axis != "users" and curve.load_name == ARRIVALS


def _parts(curve: LoadCurve) -> dict[str, pd.DataFrame]:
    return {str(name): rows for name, rows in curve.table.groupby("deployment", sort=False)}


def _goodput(ax: Axes, curve: LoadCurve) -> None:
    tidy(ax)
    parts = _parts(curve)
    palette = colours(list(parts))
    reach = float(curve.table[curve.axis].max())
    if _is_all(curve):
        ax.plot([0.0, reach], [0.0, reach], color=QUIET, linewidth=0.9, linestyle=DASHES, zorder=1.0)
    ends = []
    for name, rows in parts.items():
        draw_band(ax, rows, curve.axis, "goodput_per_s", palette[name])
        _mark_knee(ax, curve, name, rows, "goodput_per_s", 1.0, palette[name])
        ends.append((*_end(rows, curve.axis, "goodput_per_s"), name, palette[name]))
    highest = float(curve.table["goodput_per_s"].max())
    ax.set_ylim(0.0, max(highest * 1.08, 1e-9))
    ax.set_xlim(0.0, reach)
    _mark_saturation(ax, curve, palette, reach)
    end_labels(ax, ends)
    _name_points(ax, curve, palette, reach)
    ax.set_xlabel(name_of_load(curve.axis, curve.load_name))
    ax.set_ylabel("goodput (/s)")


def _latency(ax: Axes, curve: LoadCurve) -> None:
    tidy(ax)
    parts = {name: rows[rows["latency_p99_s"].notna()] for name, rows in _parts(curve).items()}
    palette = colours(list(parts))
    ax.set_xlabel(name_of_load(curve.axis, curve.load_name))
    label = "latency of all journeys together (ms)" if curve.mixed else "latency (ms)"
    label_y(ax, "latency p99 (ms)" if curve.own else label)
    if all(rows.empty for rows in parts.values()):
        say(ax, "no request was served")
        return
    ax.set_yscale("log")
    ends = []
    for name, rows in parts.items():
        if rows.empty:
            continue
        ends += (_own if curve.own else _of_all)(ax, curve, name, rows, palette[name])
    reach = float(curve.table[curve.axis].max())
    low, high = ax.get_ylim()
    compared = curve.limits if curve.own or not curve.mixed else {}  # of all journeys together nothing is promised
    limits = {name: 1e3 * limit for name, limit in compared.items() if 1e3 * limit < 20.0 * high}
    for name, limit in limits.items():
        style = _style(curve, name) if curve.own else "-"
        ax.plot([0.0, reach], [limit, limit], color=INK, linewidth=0.9, linestyle=style, zorder=1.0)
        ends.append((reach, limit, f"slo {name}: {readable(limit)} ms", INK))
    ax.set_xlim(0.0, reach)
    ax.set_ylim(min([low, *limits.values()]) / 1.1, max([high, *limits.values()]) * 1.1)
    _mark_saturation(ax, curve, palette, reach)
    end_labels(ax, ends)
    log_ticks(ax, "y")


def _of_all(ax: Axes, curve: LoadCurve, name: str, rows: pd.DataFrame, colour: str) -> Ends:
    """The p99 and p50 of all requests, and their ends."""
    draw_band(ax, rows, curve.axis, "latency_p99_s", colour, factor=1e3)
    draw_band(
        ax, rows, curve.axis, "latency_p50_s", colour, factor=1e3, linewidth=1.0, marker="", linestyle=DASHES
    )  # fmt: skip
    _mark_knee(ax, curve, name, rows, "latency_p99_s", 1e3, colour)
    ends = []
    for quantity, word in (("latency_p99_s", "p99"), ("latency_p50_s", "p50")):
        x, y = _end(rows, curve.axis, quantity)
        ends.append((x, 1e3 * y, f"{name} {word}", colour))
    return ends


def _own(ax: Axes, curve: LoadCurve, name: str, rows: pd.DataFrame, colour: str) -> Ends:
    """The p99 of each promise, of the requests that it is made to, and their ends."""
    ends = []
    for slo in curve.own:
        quantity = f"slos.{slo}.p99"
        seen = rows[rows[quantity].notna()]
        if not seen.empty:
            draw_band(ax, seen, curve.axis, quantity, colour, factor=1e3, linestyle=_style(curve, slo))
            x, y = _end(seen, curve.axis, quantity)
            ends.append((x, 1e3 * y, f"{slo}, {name}", colour))
    return ends


def _style(curve: LoadCurve, slo: str) -> Any:
    """The line of a promise, and of what it is of."""
    return STYLES[curve.own.index(slo) % len(STYLES)]


def _end(rows: pd.DataFrame, x: str, quantity: str) -> tuple[float, float]:
    last = rows.iloc[-1]
    return float(last[x]), float(last[quantity])


def _knee_of(curve: LoadCurve, name: str, rows: pd.DataFrame, quantity: str) -> tuple[float, float] | None:
    """Load and value of a knee that lies within the loads."""
    knee = curve.shown_knees.get(name)
    if knee is None:
        return None
    return knee.load, float(rows.loc[rows[curve.axis] == knee.load, quantity].iloc[0])


def _mark_knee(
    ax: Axes, curve: LoadCurve, name: str, rows: pd.DataFrame, quantity: str, factor: float, colour: str
) -> None:
    """A ring around the knee."""
    if (knee := _knee_of(curve, name, rows, quantity)) is not None:
        ax.plot(
            [knee[0]], [factor * knee[1]], "o", markersize=12, markerfacecolor="none", markeredgecolor=colour,
            markeredgewidth=2,
        )  # fmt: skip


def _name_points(ax: Axes, curve: LoadCurve, palette: dict[str, str], reach: float) -> None:
    """The knees, and the line of everything served, in words to the left, where no more than arrives can be served."""
    unit = "" if curve.axis == "users" else "/s"
    named = []
    for name, rows in _parts(curve).items():
        if (knee := _knee_of(curve, name, rows, "goodput_per_s")) is not None:
            named.append((*knee, f"knee {readable(knee[0])}{unit}", darker(palette[name])))
    if _is_all(curve):
        top = 0.93 * min(reach, ax.get_ylim()[1])
        named.append((top, top, "everything served", QUIET))
    if not named:
        return
    (left, right), (low, high), (width, height) = ax.get_xlim(), ax.get_ylim(), points_across(ax)
    across, up = width / (right - left), height / (high - low)
    # Where the left edge is too near, the words move along the line of everything served.
    moved = [max(0.0, text_width(text, SMALL) + ASIDE - across * (x - left)) for x, _, text, _ in named]
    wanted = [up * (y - low) + ASIDE + up / across * by for (_, y, _, _), by in zip(named, moved, strict=True)]
    places = spread(wanted, [SMALL * 1.3] * len(named), 0.0, height)
    for (x, y, text, colour), by, place in zip(named, moved, places, strict=True):
        ax.annotate(
            text, (x, y), (by - ASIDE, place - up * (y - low)), textcoords="offset points", ha="right", va="center",
            fontsize=SMALL, color=colour, bbox=BEHIND, arrowprops=leader(colour, tip=(1.0, 0.5)) if by else None,
        )  # fmt: skip


def _mark_saturation(ax: Axes, curve: LoadCurve, palette: dict[str, str], reach: float) -> None:
    for name, rate in curve.saturation.items():
        if math.isfinite(rate) and rate <= reach and name in palette:
            ax.axvline(rate, color=palette[name], linewidth=1.2, linestyle=DOTS, zorder=1.0)
