"""Services over time: how busy they are, and how long their queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ..errors import ResultError
from ..results import Results
from .given import named, title_of
from .panels import given_axes
from .style import (
    FAINT,
    OTHERS,
    PALETTE,
    QUIET,
    SIZE,
    SMALL,
    end_labels,
    headline,
    say,
    styled,
    tidy,
)

MOST: Final = 8
"""Services with a colour of their own."""
WORTH_A_NAME: Final = 0.06
"""Share of the longest queue below which a line in the queue panel has no name of its own."""
PANELS: Final = (("utilisation_ratio", 100.0, "utilisation (%)"), ("queue_length", 1.0, "queue length (requests)"))


def timeline(
    result: Results,
    *,
    services: Sequence[str] | None = None,
    ax: Sequence[Axes] | NDArray[Any] | None = None,
) -> tuple[Axes, Axes]:
    """Utilisation (%) and queue length (requests) of services over time, averaged over replications.

    Parameters
    ----------
    result
        One result.
    services
        Which to name; the eight busiest if not given. The others are grey.
    ax
        Two axes, for utilisation and for queue length; a new figure if not given.

    Raises
    ------
    ResultError
        If there is no such service.
    """
    title = f"{title_of(named(result))}: utilisation and queues over time"
    table = result.timeline
    chosen = _chosen(result, services)
    with styled():
        upper, lower = (
            given_axes(ax, 2, "timeline")
            or plt.subplots(2, 1, figsize=SIZE, sharex=True, layout="constrained", height_ratios=(1.1, 1.0))[1]
        )
        if not table["arrival_rate_per_s"].to_numpy().any():
            headline(upper, title)
            say(upper, "no request arrived")
            lower.set_axis_off()
            return upper, lower
        for panel, (column, scale, label) in zip((upper, lower), PANELS, strict=True):
            _draw(panel, _wide(table, column) * scale, chosen, label)
            _frame(panel, result)
        upper.tick_params(labelbottom=False)
        lower.set_xlabel("time (s)")
        upper.set_xlim(lower.set_xlim(min(upper.get_xlim()[0], 0.0), max(upper.get_xlim()[1], lower.get_xlim()[1])))
        headline(upper, title, _note(result, chosen))
    return upper, lower


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


def _draw(panel: Axes, table: pd.DataFrame, chosen: list[str], label: str) -> None:
    """Every line, and the names of the chosen."""
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
            ends.append((float(middle[-1]), float(values[-1]), name, colour))
    panel.set_ylabel(label)
    panel.set_ylim(0.0, 105.0 if label.startswith("util") else max(longest * 1.08, 1.0))
    panel.set_xlim(0.0, float(middle[-1]))
    end_labels(panel, ends)


def _frame(panel: Axes, result: Results) -> None:
    """The warmup in grey, and an axis that ends at the horizon."""
    made = result.provenance
    warmup, horizon = float(made["warmup_s"]), float(made["duration_s"])
    panel.spines["bottom"].set_bounds(0.0, horizon)
    panel.set_xticks([tick for tick in panel.get_xticks() if 0.0 <= tick <= horizon])
    if warmup > 0.0:
        panel.axvspan(0.0, warmup, color=FAINT, zorder=0.5, linewidth=0)
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
