"""Over time: how busy services are and how long their queues, and what becomes of requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ..errors import ResultError
from ..results import Results
from .doubts import doubts_note, is_mixed
from .given import named, title_of
from .over_time import PANELS as REQUESTS
from .over_time import draw_requests, requests_over_time
from .panels import given_axes
from .style import (
    FAINT,
    OTHERS,
    PALETTE,
    QUIET,
    SIZE,
    SMALL,
    VERMILLION,
    darker,
    end_labels,
    headline,
    label_y,
    points_across,
    say,
    shorten,
    sized,
    styled,
    text_width,
    tidy,
)

LINE: Final = SMALL * 1.4
"""Points from one line of small text to the next."""
MOST: Final = 8
"""Services with a colour of their own."""
WORTH_A_NAME: Final = 0.06
"""Share of the longest queue below which a line in the queue panel has no name of its own."""
PANELS: Final = {
    "utilisation": ("utilisation_ratio", 100.0, "utilisation (%)"),
    "queue": ("queue_length", 1.0, "queue length (requests)"),
}
"""Of services: the column of the timeline, its factor to what people read, and the label of the axis."""
WORDS: Final = {
    "arrivals": "arrivals", "latency": "latency", "errors": "errors", "utilisation": "utilisation", "queue": "queues",
}  # fmt: skip
"""What can be drawn, and what a title calls it."""


def timeline(
    result: Results,
    *,
    services: Sequence[str] | None = None,
    quantities: Sequence[str] = ("utilisation", "queue"),
    ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
) -> tuple[Axes, ...]:
    """What happens over time, one panel a quantity, averaged over replications; faults and the warmup are shaded.

    Parameters
    ----------
    result
        One result.
    services
        Which to name in panels of services; the eight busiest if not given. The others are grey.
    quantities
        `utilisation` (%) and `queue` (requests) of services; `arrivals` (/s), `latency` (ms) and `errors` (/s) of
        requests, by their arrival.
    ax
        As many axes as quantities; a new figure if not given.

    Raises
    ------
    ResultError
        If there is no such service or quantity, or requests were not recorded that a panel is of.
    """
    shown = _known(quantities)
    words = f": {' and '.join(WORDS[name] for name in shown)}" if len(shown) <= 2 else ""
    title = f"{title_of(named(result))}{words} over time"
    chosen = _chosen(result, services)
    requests = requests_over_time(result) if set(shown) & set(REQUESTS) else None
    horizon = float(result.provenance["duration_s"])
    with styled():
        axes = given_axes(ax, len(shown), "timeline") or _new(len(shown))
        if not result.timeline["arrival_rate_per_s"].to_numpy().any():
            headline(axes[0], title)
            say(axes[0], "no request arrived")
            for panel in axes[1:]:
                panel.set_axis_off()
            return tuple(axes)
        names = _fault_names(axes[0], result)
        lines = max((line + 1 for _, _, line in names), default=0)
        for number, (panel, name) in enumerate(zip(axes, shown, strict=True)):
            room = 0.0 if number else min(LINE * lines / points_across(panel)[1], 0.6)
            if name in PANELS:
                column, scale, label = PANELS[name]
                _draw(panel, _wide(result.timeline, column) * scale, chosen, label, room)
            elif requests is not None:
                draw_requests(panel, requests, name, horizon, room, mixed=is_mixed(result))
            _frame(panel, result, told=len(shown) <= 2 or number == 0)
        for panel in axes[:-1]:
            panel.tick_params(labelbottom=False)
        axes[-1].set_xlabel("time (s)")
        right = max(panel.get_xlim()[1] for panel in axes)
        for panel in axes:
            panel.set_xlim(0.0, right)
        _write_faults(axes[0], names)
        note = _note(result, chosen) if set(shown) & set(PANELS) else "requests by their arrival"
        headline(axes[0], title, (doubts_note(result.warnings) + note).removesuffix("; "))
    return tuple(axes)


def _known(quantities: Sequence[str]) -> list[str]:
    names = [quantities] if isinstance(quantities, str) else list(dict.fromkeys(quantities))
    for name in names or [""]:
        if name not in WORDS:
            raise ResultError(f"there is no {name!r} over time; there is {', '.join(WORDS)}")
    return names


def _new(number: int) -> list[Axes]:
    height = SIZE[1] if number <= 2 else 1.1 + 1.75 * number
    size = sized((SIZE[0], height))
    _, grid = plt.subplots(number, 1, figsize=size, sharex=True, layout="constrained", squeeze=False)
    return list(grid[:, 0])


def _faults(result: Results) -> list[tuple[str, float, float]]:
    """Name, beginning and end of each, within the run; results that were saved long ago do not say."""
    horizon = float(result.provenance["duration_s"])
    known = result.provenance.get("faults", ())
    rows = [(str(one["name"]), float(one["at_s"]), min(float(one["until_s"]), horizon)) for one in known]
    return sorted((row for row in rows if row[1] < horizon), key=lambda row: row[1])


def _fault_names(panel: Axes, result: Results) -> list[tuple[str, float, int]]:
    """Name, place and line of each, so that none touches another or what stands at the ends of lines."""
    horizon, width = float(result.provenance["duration_s"]), points_across(panel)[0] * 0.75
    ends: list[float] = []
    names = []
    for name, at, _ in _faults(result):
        text = shorten(name, width * 0.4, SMALL)
        size = (text_width(text, SMALL) + 10.0) * horizon / width
        left = max(min(at, horizon - size), 0.0)
        line = next((row for row, end in enumerate(ends) if end <= left), len(ends))
        ends[line : line + 1] = [left + size]
        names.append((text, left, line))
    return names


def _write_faults(panel: Axes, names: list[tuple[str, float, int]]) -> None:
    for text, left, line in names:
        panel.annotate(
            text, (left, 1.0), (3.0, -3.0 - LINE * line), va="top", xycoords=panel.get_xaxis_transform(),
            textcoords="offset points", fontsize=SMALL, color=darker(VERMILLION), zorder=4.5,
        )  # fmt: skip


def _chosen(result: Results, services: Sequence[str] | None) -> list[str]:
    names = [str(name) for name in result.services.index]
    if services is None:
        busy = result.services.sort_values(["utilisation_ratio", "queue_length"], ascending=False, kind="stable")
        return [str(name) for name in busy.index[:MOST]]
    for name in services:
        if name not in names:
            raise ResultError(f"there is no service {name!r}; there is {', '.join(names)}")
    return list(dict.fromkeys(services))


def _note(result: Results, chosen: list[str]) -> str:
    others = len(result.services) - len(chosen)
    if not others:
        return ""
    return f"{len(chosen)} services by name; {others} other{'s' if others > 1 else ''} in grey"


def _wide(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """One row a time, one column a service."""
    return table.set_index(["time_s", "service"])[column].unstack("service")  # noqa: PD010 - nothing to aggregate


def _draw(panel: Axes, table: pd.DataFrame, chosen: list[str], label: str, room: float) -> None:
    """Every line, and the names of the chosen; a share of the height is left free above."""
    tidy(panel, "y")
    middle = table.index.to_numpy() + (table.index[1] - table.index[0]) / 2.0
    for name in (str(name) for name in table.columns if name not in chosen):
        panel.plot(middle, table[name].to_numpy(), color=OTHERS, linewidth=0.9, label=name, zorder=1.5)
    longest = float(table.to_numpy().max())
    ends = []
    for number, name in enumerate(chosen):
        values = table[name].to_numpy()
        colour, style = PALETTE[number % len(PALETTE)], "-" if number < len(PALETTE) else "--"
        panel.plot(middle, values, style, color=colour, linewidth=1.6, label=name, zorder=3 - number / 100)
        if label.startswith("util") or values[-len(values) // 4 :].mean() >= WORTH_A_NAME * longest:
            known = np.flatnonzero(np.isfinite(values))  # a unit without a replica has no utilisation
            ends += [(float(middle[last]), float(values[last]), name, colour) for last in known[-1:]]
    label_y(panel, label)
    panel.set_ylim(0.0, (105.0 if label.startswith("util") else max(longest * 1.08, 1.0)) / (1.0 - room))
    panel.set_xlim(0.0, float(middle[-1]))
    end_labels(panel, ends)


def _frame(panel: Axes, result: Results, *, told: bool) -> None:
    """The warmup in grey, faults in orange, and an axis that ends at the horizon."""
    made = result.provenance
    warmup, horizon = float(made["warmup_s"]), float(made["duration_s"])
    for _, at, until in _faults(result):
        panel.axvspan(at, until, color=VERMILLION, alpha=0.13, zorder=0.6, linewidth=0)
        panel.axvline(at, color=VERMILLION, linewidth=0.8, zorder=0.7)
    panel.spines["bottom"].set_bounds(0.0, horizon)
    panel.set_xticks([tick for tick in panel.get_xticks() if 0.0 <= tick <= horizon])
    if warmup > 0.0:
        panel.axvspan(0.0, warmup, color=FAINT, zorder=0.5, linewidth=0)
    if warmup > 0.0 and told:
        panel.annotate(
            "warmup",
            (0.0, 1.0),
            (3.0, -3.0),
            xycoords="axes fraction",
            textcoords="offset points",
            va="top",
            fontsize=SMALL,
            color=QUIET,
            zorder=4,
        )
