"""What is served in time, before, during and after a fault, with each policy set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .bands import DASHES, DOTS, colours, partial_note, title_all
from .doubts import doubts_note
from .panels import given_axes
from .style import (
    FAINT,
    QUIET,
    SIZE,
    SMALL,
    darker,
    points_across,
    readable,
    say,
    shorten,
    sized,
    styled,
    text_width,
    tidy,
)

NAMES: Final = {
    "none": "no policies",
    "timeouts": "timeouts alone",
    "retries": "timeouts and retries",
    "full": "all policies of the file",
}

if TYPE_CHECKING:
    from ..experiments.drills.drilled import Drill

LINE: Final = SMALL * 1.4
"""Points from one line of small text to the next."""
ALWAYS: Final = ("lost", "late")
"""Told of each line, also if nothing is worse."""
WIDTH, WIDER = 1.8, 2.2
"""Points of a line, and by how much one that lies behind it is wider."""
NEAR, MOSTLY = 0.005, 0.9
"""Share of the height of a panel within which two lines are one, and of their points from which on it is said."""
RATES: Final = ("offered_per_s", "in_time_per_s")
BEFORE: Final = 0.2
"""What is shown before the fault, as a share of what is shown from there on."""
AFTER: Final = 2.0
"""What is shown after the fault, at least, in lengths of the fault."""
LEAST_S: Final = 10.0
"""Of which a shorter one is taken for one of this."""


def drill(found: Drill, *, ax: Axes | Sequence[Axes] | NDArray[Any] | None = None) -> tuple[Axes, ...]:
    """Requests served in time (/s), by their arrival: a panel a policy set, a line a deployment.

    The fault's span is shaded, what arrives dashed; a dotted line marks where all is again as promised.

    Parameters
    ----------
    found
        What `drill` of the package returns.
    ax
        As many axes as there are policy sets; a new figure if not given.

    Raises
    ------
    SimulatorError
        If the number of axes is another one.
    """
    names = list(dict.fromkeys(str(name) for name in found.table["policies"]))
    with styled():
        given = given_axes(ax, len(names), "drill")
        axes = given or _new(len(names))
        palette = colours(list(dict.fromkeys(str(name) for name in found.table["deployment"])))
        hidden = [_panel(panel, found, name, palette) for panel, name in zip(axes, names, strict=True)]
        title_all(axes[0], found.headline, _note(found, hidden=any(hidden)))
        if not given:
            for panel in axes:
                panel.label_outer()
    return tuple(axes)


def _new(number: int) -> list[Axes]:
    across = number if number < 4 else math.ceil(number / 2)
    down = math.ceil(number / across)
    size = sized((SIZE[0] * 1.28, SIZE[1] * 1.28))
    _, grid = plt.subplots(down, across, figsize=size, sharex=True, sharey=True, layout="constrained", squeeze=False)
    for spare in grid.ravel()[number:]:
        spare.set_axis_off()
    return list(grid.ravel()[:number])


def _note(found: Drill, *, hidden: bool) -> str:
    many = "" if found.replications == 1 else "s"
    warned = [f"{name}: {text}" for name, texts in found.warnings.items() for text in texts]
    wide = "wide: a line that another one lies on; " if hidden else ""
    return (
        f"{doubts_note(warned)}{partial_note(interrupted=found.interrupted)}shaded: the fault; dashed: what arrives; "
        f"dotted: again as promised; {wide}by the requests' arrival, mean of {found.replications} replication{many}"
    )


def _panel(panel: Axes, found: Drill, name: str, palette: dict[str, str]) -> bool:
    """One policy set; whether a line lies on another there."""
    tidy(panel, "y")
    rows = found.table[found.table["policies"] == name].to_dict(orient="records")
    span = _shown(found)
    shown = found.timeline[found.timeline["time_s"] >= span[0]]
    panel.set_xlim(*span)
    panel.set_ylim(0.0, max(float(shown[list(RATES)].to_numpy().max(initial=0.0)) * 1.05, 1e-9))
    panel.set_xlabel("time (s)")
    panel.set_ylabel("served in time (/s)")
    panel.set_title(NAMES.get(name, f"every call: {name}"), pad=8.0 + LINE * len(rows))
    if not rows:
        say(panel, "not finished")
        return False
    panel.axvspan(found.at_s, found.until_s, color=FAINT, zorder=0.5, linewidth=0)
    drawn: list[NDArray[Any]] = []
    on_another = False
    for number, row in enumerate(rows):
        line, colour = _timeline(found, row), palette[row["deployment"]]
        if number == 0:
            panel.plot(*_points(line, "offered_per_s", span), color=QUIET, linewidth=0.9, linestyle=DASHES, zorder=1.0)
        points = _points(line, "in_time_per_s", span)
        panel.plot(*points, color=colour, linewidth=WIDTH, zorder=3.0 - number / 10.0)
        hidden = any(_is_hidden(points[1], other, panel.get_ylim()[1]) for other in drawn)
        drawn.append(points[1])
        on_another |= hidden
        if hidden:  # seen beside the line that lies on it
            panel.plot(*points, color=colour, linewidth=WIDTH + WIDER * number, zorder=2.9 - number / 10.0)
        panel.annotate(
            _harm(row, points_across(panel)[0]),
            (0.0, 1.0), (0.0, 6.0 + LINE * (len(rows) - 1 - number)), xycoords="axes fraction",
            textcoords="offset points", fontsize=SMALL, color=darker(colour), va="bottom", annotation_clip=False,
        )  # fmt: skip
    _mark_returns(panel, found, rows, palette)
    return on_another


def _is_hidden(values: NDArray[Any], other: NDArray[Any], top: float) -> bool:
    """Whether a line lies on another nearly everywhere."""
    if values.size == 0 or values.shape != other.shape:
        return False
    return bool((abs(values - other) <= NEAR * top).mean() >= MOSTLY)


def _harm(row: dict[Any, Any], width: float) -> str:
    """The name of a line, with what is lost and what is late, and what else is worse, less what is better.

    Of what is too wide the name gives way, and no number.
    """
    words = {"lost": "lost", "degraded": "degraded", "late": "late", "not_asked": "not asked"}
    told = [_how_many(row, name, word) for name, word in words.items() if name in ALWAYS or _is_worse(row, name)]
    harm = f": {', '.join(told)}"
    return shorten(str(row["deployment"]), width - text_width(harm, SMALL), SMALL) + harm


def _how_many(row: dict[Any, Any], name: str, word: str) -> str:
    """What is worse, less what is better; chance is told as such, since it may be below 0."""
    if _is_worse(row, name):
        return f"{readable(row[f'{name}_net'])} {word}"
    return f"none {word} beyond chance" if row[name] > 0.0 else f"0 {word}"


def _is_worse(row: dict[Any, Any], name: str) -> bool:
    """Whether its interval lies above 0; one replication has none."""
    half_width = row[f"{name}_net_half_width"]
    return bool(row[f"{name}_net"] > (0.0 if math.isnan(half_width) else half_width))


def _timeline(found: Drill, row: dict[Any, Any]) -> pd.DataFrame:
    table, name = found.timeline, row["same_as"] or row["policies"]
    return pd.DataFrame(table[(table["deployment"] == row["deployment"]) & (table["policies"] == name)])


def _shown(found: Drill) -> tuple[float, float]:
    """From a little before the fault to where all have been back for a while, or to the end."""
    back = max(found.table["time_to_recover_s"].dropna().tolist(), default=0.0)
    lasted = max(found.until_s - found.at_s, LEAST_S)
    end = min(found.horizon_s, found.until_s + max(AFTER * lasted, 2.0 * back))
    return max(0.0, found.at_s - BEFORE * (end - found.at_s)), end


def _points(line: pd.DataFrame, column: str, span: tuple[float, float]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Middles of the bins that are shown, and the rates there."""
    shown = line[(line["time_s"] >= span[0]) & (line["time_s"] + line["width_s"] <= span[1])]
    return (shown["time_s"] + shown["width_s"] / 2.0).to_numpy(), shown[column].to_numpy()


def _mark_returns(panel: Axes, found: Drill, rows: list[dict[Any, Any]], palette: dict[str, str]) -> None:
    """Where all is as promised again, also after what is shown; or that it never is."""
    back = {number: row["verdict"] == "comes back" for number, row in enumerate(rows)}
    ends = [found.until_s + float(row["time_to_recover_s"]) if back[number] else found.until_s
            for number, row in enumerate(rows)]  # fmt: skip
    first, last = panel.get_xlim()
    place = max(end if end <= last else found.until_s for end in ends)
    side = 1.0 if place < first + 0.8 * (last - first) else -1.0
    told = 0
    for number, row in reversed(list(enumerate(rows))):
        if row["verdict"] in ("unharmed", "kept"):
            continue
        colour = palette[row["deployment"]]
        if back[number]:
            panel.axvline(ends[number], color=colour, linewidth=1.2, linestyle=DOTS, zorder=1.5)
        panel.annotate(
            _after(float(row["time_to_recover_s"])) if back[number] else str(row["verdict"]),
            (place, 0.0), (5.0 * side, 6.0 + LINE * told), ha="left" if side > 0.0 else "right",
            textcoords="offset points", fontsize=SMALL, color=darker(colour), zorder=4.0,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
        )  # fmt: skip
        told += 1


def _after(seconds: float) -> str:
    return f"back after {seconds:.1f} s" if seconds >= 0.05 else "back at once"
