"""How long requests take: one distribution, or several tails on top of each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ..errors import ResultError
from ..results import Results
from .bands import DASHES
from .doubts import doubts_note, is_mixed, warnings_of
from .given import Given, named, title_of
from .overview import objectives_of
from .style import (
    BLUE,
    INK,
    ORANGE,
    PALETTE,
    SMALL,
    VERMILLION,
    count,
    darker,
    end_labels,
    headline,
    log_ticks,
    new_axes,
    points_across,
    readable,
    say,
    shorten,
    styled,
    text_width,
    thousands,
    tidy,
)

BARS: Final = 60
FARTHEST: Final = 4.0
"""An objective is drawn if it is at most so many times the slowest request."""
MARKS: Final = ((50, INK), (90, ORANGE), (99, VERMILLION))
LEAST_MS: Final = 1e-3
"""A logarithmic axis has no zero: what takes less is drawn here."""
TOGETHER: Final = "all journeys together, none of which has these percentiles"
MOST_LEADERS: Final = 3
"""Curves whose names stand at their ends; those of more are a list."""
FEWEST: Final = 10
"""A tail is drawn down to so many requests: beyond, it is anecdotes."""


def latency(result: Given, *, ax: Axes | None = None, workload: str | None = None) -> Axes:
    """Latency in ms of the requests that ended ok or degraded, all replications together.

    Of one result the distribution, as the share of requests a bar, with p50, p90 and p99 as far as there are
    requests enough for them. Of several, the share of requests slower than a latency, down to ten requests.
    Objectives that speak of all these requests are dashed; a curve that crosses one misses it.

    Parameters
    ----------
    result
        A result, several, or a comparison.
    ax
        Where to draw; a new figure if not given.
    workload
        Only its requests.

    Raises
    ------
    ResultError
        If there is no such workload, or no result.
    """
    results = named(result)
    times = {name: _milliseconds(one, workload) for name, one in results.items()}
    title, first = title_of(results), doubts_note(warnings_of(results))
    with styled():
        ax = new_axes() if ax is None else ax
        if not any(values.size for values in times.values()):
            headline(ax, f"{title}: latency")
            say(ax, "no request was served")
        elif len(results) == 1:
            one = next(iter(results.values()))
            _distribution(ax, next(iter(times.values())), objectives_of(one, workload))
            served = count(next(iter(times.values())).size, "served request")
            headline(ax, f"{title}: latency of {served}", first + _note(one, workload))
        else:
            _tails(ax, times, objectives_of(next(iter(results.values())), workload))
            mixed = is_together(results, workload)
            headline(ax, f"{title}: how many requests take longer", first + _who(times, workload, mixed=mixed))
    return ax


def _milliseconds(result: Results, workload: str | None) -> NDArray[np.float64]:
    table = result.latencies
    if workload is not None:
        names = [str(name) for name in table["workload"].cat.categories]
        if workload not in names:
            raise ResultError(f"there is no workload {workload!r}; there is {', '.join(names)}")
        table = table[table["workload"] == workload]
    return np.asarray(table["latency_s"].to_numpy(dtype=np.float64) * 1000.0)


def _note(result: Results, workload: str | None) -> str:
    """Whose requests, of how many replications, and how many are not in the picture."""
    outcomes = result.outcomes if workload is None else result.outcomes.loc[[workload]]
    total = int(outcomes.to_numpy().sum())
    missing = total - int(outcomes[["ok", "degraded"]].to_numpy().sum())
    parts = [] if workload is None else [f"workload {workload}"]
    parts += [TOGETHER] if is_together({"": result}, workload) else []
    parts.append(count(result.provenance["replications"], "replication"))
    if missing:
        parts.append(f"{readable(100.0 * missing / total)} % of the requests failed or did not finish: not shown")
    return "; ".join(parts)


def is_together(results: Mapping[str, Results], workload: str | None) -> bool:
    """Whether the requests that are drawn come for several things."""
    return any(is_mixed(one, workload) for one in results.values())


def _who(times: dict[str, NDArray[np.float64]], workload: str | None, *, mixed: bool) -> str:
    who = "served requests" if workload is None else f"served requests of workload {workload}"
    who += f", {TOGETHER}" if mixed else ""
    numbers = (f"{name} {thousands(values.size)}" for name, values in times.items())
    return f"{who}: {', '.join(numbers)}"


def _distribution(ax: Axes, times: NDArray[np.float64], objectives: list[tuple[str, float]]) -> None:
    times = np.maximum(times, LEAST_MS)
    known = [(q, colour, float(np.quantile(times, q / 100.0))) for q, colour in MARKS if times.size >= 100 / (100 - q)]
    low, high = float(times.min()), float(times.max())
    if high < low * 1.05:
        low, high = low / 1.05, high * 1.05
    shares, edges = np.histogram(times, bins=np.geomspace(low / 1.0001, high * 1.0001, BARS + 1))
    shares = 100.0 * shares / times.size
    tidy(ax, "y")
    ax.set_xscale("log")
    ax.bar(edges[:-1], shares, np.diff(edges), align="edge", color=BLUE, alpha=0.55, linewidth=0)
    room = (high / low) ** 0.04
    right = max(high * room, known[-1][2] * (high / low) ** 0.3) if known else high * room
    objectives = [one for one in objectives if low <= one[1] <= FARTHEST * high]
    right = max([right, *(limit * (high / low) ** 0.3 for _, limit in objectives)])
    ax.set_xlim(low / room, right)
    ax.set_ylim(0.0, float(shares.max()) / 0.72)
    for level, (q, colour, value) in zip((0.99, 0.90, 0.81), known, strict=False):
        ax.vlines(value, 0.0, level, transform=ax.get_xaxis_transform(), color=colour, linewidth=1.4)
        ax.annotate(
            f"p{q}  {readable(value)} ms",
            (value, level),
            (5.0, 0.0),
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            va="top",
            color=darker(colour),
        )
    for number, (percentile, limit) in enumerate(objectives):
        level = 0.68 - 0.09 * number
        ax.vlines(limit, 0.0, level, transform=ax.get_xaxis_transform(), color=INK, linewidth=1.4, linestyle=DASHES)
        ax.annotate(
            f"promised: {percentile} {readable(limit)} ms", (limit, level), (5.0, 0.0), va="top",
            xycoords=ax.get_xaxis_transform(), textcoords="offset points", color=INK,
        )  # fmt: skip
    log_ticks(ax, "x")
    ax.set_xlabel("latency (ms)")
    ax.set_ylabel("share of requests in a bar (%)")


def _tails(ax: Axes, times: dict[str, NDArray[np.float64]], objectives: list[tuple[str, float]]) -> None:
    """One curve a name: the share of its requests that are slower."""
    ends = []
    tidy(ax)
    ax.set_xscale("log")
    ax.set_yscale("log")
    lowest, slowest, quickest = 100.0, LEAST_MS, math.inf
    for number, (name, values) in enumerate(times.items()):
        if not values.size:
            continue
        shares = np.geomspace(1.0, min(FEWEST, math.ceil(values.size / FEWEST)) / values.size, 400)
        slower = np.maximum(np.quantile(values, 1.0 - shares), LEAST_MS)
        colour = PALETTE[number % len(PALETTE)]
        style = "-" if number < len(PALETTE) else "--"
        ax.plot(slower, 100.0 * shares, style, color=colour, linewidth=2.0, label=name)
        tail = f", p99 {readable(float(np.quantile(values, 0.99)))} ms" if values.size >= 100 else ""
        ends.append((float(slower[-1]), 100.0 * float(shares[-1]), f"{name}{tail}", colour))
        lowest = min(lowest, 100.0 * float(shares[-1]))
        slowest, quickest = max(slowest, float(slower[-1])), min(quickest, float(slower[0]))
    objectives = [one for one in objectives if quickest <= one[1] <= FARTHEST * slowest]
    reach = max([slowest, *(limit for _, limit in objectives)])
    ax.set_xlim(quickest / 1.1, max(reach, quickest * 1.2))
    ax.set_ylim(min(lowest * 0.7, 50.0), 115.0)
    if len(ends) <= MOST_LEADERS:
        end_labels(ax, ends)
    else:
        _list(ax, ends)
    for percentile, limit in objectives:
        _mark(ax, percentile, limit)
    for name in (name for name, values in times.items() if not values.size):
        ax.text(0.02, 0.03, f"{name}: no request was served", transform=ax.transAxes, fontsize=SMALL, color=INK)
    log_ticks(ax, "x")
    log_ticks(ax, "y")
    ax.set_xlabel("latency (ms)")
    ax.set_ylabel("share of requests slower than this (%)")


def _list(ax: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Names of many curves above the ends of them all, where nothing is: the slowest first."""
    width, height = points_across(ax)
    room = width * 0.4
    for row, (_, _, text, colour) in enumerate(sorted(ends, reverse=True)):
        ax.text(
            1.0, 1.0 - (row + 0.6) * SMALL * 1.35 / height, shorten(text, room, SMALL), transform=ax.transAxes,
            ha="right", va="center", fontsize=SMALL, color=darker(colour), zorder=4.0,
        )  # fmt: skip
    reach = max(x for x, _, _, _ in ends)
    low = ax.get_xlim()[0]
    share = (min(max(text_width(text, SMALL) for _, _, text, _ in ends), room) + 14.0) / width
    ax.set_xlim(low, low * (reach / low) ** (1.0 / (1.0 - share)))


def _mark(ax: Axes, percentile: str, limit: float) -> None:
    """An objective as a corner that curves have to pass at its lower left."""
    share = 100.0 - float(percentile[1:])
    low, high = ax.get_ylim()
    if share >= low:
        left = ax.get_xlim()[0]
        ax.plot([left, limit, limit], [share, share, high], color=INK, linewidth=1.2, linestyle=DASHES, zorder=1.8)
        ax.annotate(
            f"promised: {percentile} {readable(limit)} ms", (limit, share), (4.0, 3.0), textcoords="offset points",
            fontsize=SMALL, color=INK, va="bottom", zorder=4.0,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
        )  # fmt: skip
