"""What is served in time, before, during and after a fault, with each policy set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .bands import DASHES, DOTS, colours, partial_note, title_all
from .given import DrillLike
from .panels import given_axes
from .style import FAINT, QUIET, SIZE, SMALL, darker, end_labels, headline, readable, say, styled, tidy

NAMES: Final = {
    "none": "no policies",
    "timeouts": "timeouts alone",
    "retries": "timeouts and retries",
    "full": "all policies of the file",
}
RATES: Final = ("offered_per_s", "in_time_per_s")
BEFORE: Final = 0.2
"""What is shown before the fault, as a share of what is shown from there on."""
AFTER: Final = 2.0
"""What is shown after the fault, at least, in lengths of the fault."""
LEAST_S: Final = 10.0
"""Of which a shorter one is taken for one of this."""


def drill(found: DrillLike, *, ax: Axes | Sequence[Axes] | NDArray[Any] | None = None) -> tuple[Axes, ...]:
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
        title_all(axes[0], found.headline, _note(found))
        palette = colours(list(dict.fromkeys(str(name) for name in found.table["deployment"])))
        for panel, name in zip(axes, names, strict=True):
            _panel(panel, found, name, palette)
        if not given:
            for panel in axes:
                panel.label_outer()
    return tuple(axes)


def _new(number: int) -> list[Axes]:
    across = number if number < 4 else math.ceil(number / 2)
    down = math.ceil(number / across)
    size = (SIZE[0] * 1.28, SIZE[1] * 1.28)
    _, grid = plt.subplots(down, across, figsize=size, sharex=True, sharey=True, layout="constrained", squeeze=False)
    for spare in grid.ravel()[number:]:
        spare.set_axis_off()
    return list(grid.ravel()[:number])


def _note(found: DrillLike) -> str:
    many = "" if found.replications == 1 else "s"
    return (
        f"{partial_note(interrupted=found.interrupted)}shaded: the fault; dashed: what arrives; dotted: again as "
        f"promised; by the requests' arrival, mean of {found.replications} replication{many}"
    )


def _panel(panel: Axes, found: DrillLike, name: str, palette: dict[str, str]) -> None:
    tidy(panel, "y")
    rows = found.table[found.table["policies"] == name].to_dict(orient="records")
    lines = [_timeline(found, row) for row in rows]
    start, end = _shown(found)
    highest = float(found.timeline.loc[found.timeline["time_s"] >= start, list(RATES)].to_numpy().max())
    panel.set_xlim(start, end)
    panel.set_ylim(0.0, max(highest * 1.05, 1e-9))
    panel.set_xlabel("time (s)")
    panel.set_ylabel("served in time (/s)")
    headline(panel, NAMES.get(name, f"every call: {name}"), _losses(rows))
    if not lines:
        say(panel, "not finished")
        return
    panel.axvspan(found.at_s, found.until_s, color=FAINT, zorder=0.5, linewidth=0)
    panel.plot(
        *_points(lines[0], "offered_per_s", (start, end)), color=QUIET, linewidth=0.9, linestyle=DASHES, zorder=1.0
    )
    ends = []
    for number, (row, line) in enumerate(zip(rows, lines, strict=True)):
        times, served = _points(line, "in_time_per_s", (start, end))
        colour = palette[row["deployment"]]
        panel.plot(times, served, color=colour, linewidth=1.8, zorder=3.0 - number / 10.0)
        ends.append((float(times[-1]), float(served[-1]), str(row["deployment"]), colour))
        _mark_return(panel, found, row, colour, number)
    end_labels(panel, ends)
    panel.set_xticks([tick for tick in panel.get_xticks() if start <= tick <= end])


def _timeline(found: DrillLike, row: dict[Any, Any]) -> pd.DataFrame:
    table, name = found.timeline, row["same_as"] or row["policies"]
    return pd.DataFrame(table[(table["deployment"] == row["deployment"]) & (table["policies"] == name)])


def _shown(found: DrillLike) -> tuple[float, float]:
    """From a little before the fault to where all have been back for a while, or to the end."""
    back = max(found.table["time_to_recover_s"].tolist(), default=math.inf)
    lasted = max(found.until_s - found.at_s, LEAST_S)
    end = min(found.horizon_s, found.until_s + max(AFTER * lasted, 2.0 * back))
    return max(0.0, found.at_s - BEFORE * (end - found.at_s)), end


def _points(line: pd.DataFrame, column: str, span: tuple[float, float]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Middles of the bins that are shown, and the rates there."""
    shown = line[(line["time_s"] >= span[0]) & (line["time_s"] + line["width_s"] <= span[1])]
    return (shown["time_s"] + shown["width_s"] / 2.0).to_numpy(), shown[column].to_numpy()


def _losses(rows: list[dict[Any, Any]]) -> str:
    """What each deployment loses or serves late in this panel."""
    parts = [f"{readable(row['lost'] + row['late'])} in {row['deployment']}" for row in rows]
    return f"lost or late: {', '.join(parts)}" if parts else ""


def _mark_return(panel: Axes, found: DrillLike, row: dict[Any, Any], colour: str, number: int) -> None:
    """Where all is as promised again, or that it never is."""
    after = float(row["time_to_recover_s"])
    if row["verdict"] == "unharmed":
        return
    back = row["verdict"] == "comes back"
    if back:
        panel.axvline(found.until_s + after, color=colour, linewidth=1.2, linestyle=DOTS, zorder=1.5)
    word = f"back after {after:.1f} s" if back else str(row["verdict"])
    panel.annotate(
        word, (found.until_s + (after if back else 0.0), 0.0), (5.0, 6.0 + 13.0 * number),
        textcoords="offset points", fontsize=SMALL, color=darker(colour), zorder=4.0,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
    )  # fmt: skip
