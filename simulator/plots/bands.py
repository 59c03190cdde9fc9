"""Lines with their intervals, and what stands above and below several panels."""

from __future__ import annotations

from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .style import BLUE, HEADLINE, PALETTE, QUIET, SIZE, SMALL, VERMILLION, figure_of, sized, titled, wrap

Floats = NDArray[np.float64]
NARROW, LOW = 8.0, 3.2
"""Inches below which panels stand below each other, and how high each is there."""
DASHES: Final = (0, (4, 3))
DOTS: Final = (0, (1, 2))
KNOWN: Final = {"microservices": BLUE, "monolith": VERMILLION}


def colours(names: list[str]) -> dict[str, str]:
    """A colour a name: microservices and monolith look the same everywhere, and nothing beside them looks like them."""
    own = {name: colour for name, colour in KNOWN.items() if name in names}
    free = [colour for colour in PALETTE if not own or colour not in KNOWN.values()]
    rest = [name for name in names if name not in own]
    given = own | {name: free[number % len(free)] for number, name in enumerate(rest)}
    return {name: given[name] for name in names}


ARRIVALS: Final = "arrival rate"
"""What a load is called that is all that arrives, at all times."""


def name_of_load(axis: str, name: str) -> str:
    """The label of an axis of loads."""
    return "users" if axis == "users" else f"{name} (/s)"


def lengths(rows: pd.DataFrame, quantity: str, factor: float = 1.0) -> tuple[Floats, Floats]:
    """How far the intervals of a quantity reach below and above its values; NaN where there are none."""
    value, half = (rows[name].to_numpy(np.float64) for name in (quantity, f"{quantity}_half_width"))
    if f"{quantity}_low" not in rows:
        return factor * half, factor * half
    low, high = (rows[f"{quantity}_{end}"].to_numpy(np.float64) for end in ("low", "high"))
    return factor * (value - low), factor * (high - value)


def draw_band(
    ax: Axes, rows: pd.DataFrame, x: str, quantity: str, colour: str, *, factor: float = 1.0, **line: Any
) -> None:
    """A quantity against a column: its values as a line, its intervals as a band."""
    values = factor * rows[quantity].to_numpy(dtype=np.float64)
    below, above = lengths(rows, quantity, factor)
    where = rows[x].to_numpy(dtype=np.float64)
    if np.isfinite(above).any():
        least = 0.0 if ax.get_yscale() == "linear" else values / 5.0
        ax.fill_between(where, np.maximum(values - below, least), values + above, color=colour, alpha=0.18, linewidth=0)
    look: dict[str, Any] = {"color": colour, "linewidth": 2.0, "marker": "o", "markersize": 4.5} | line
    ax.plot(where, values, **look)


def new_panels(number: int, *, width: float = 1.28) -> list[Axes]:
    """Panels in a row, in a figure of their own; in a narrow one below each other."""
    size = sized((SIZE[0] * width, SIZE[1]))
    rows, columns = (1, number) if size[0] >= NARROW else (number, 1)
    if rows > 1:
        size = size[0], 1.2 + LOW * rows
    _, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    return list(grid.ravel())


def title_all(ax: Axes, title: str, note: str) -> None:
    """A title above all panels of a figure that has none, and a quiet line below them."""
    figure = figure_of(ax)
    if figure.get_suptitle():
        return
    width = figure.get_figwidth() * 72.0 * 0.96
    above = wrap(titled(title), width, HEADLINE, bold=True)
    figure.suptitle(above, x=0.012, ha="left", fontsize=HEADLINE, fontweight="bold")
    figure.supxlabel(wrap(note, width, SMALL), x=0.012, ha="left", fontsize=SMALL, color=QUIET)


def partial_note(*, interrupted: bool) -> str:
    """What a figure that a Ctrl-C cut short says before anything else."""
    return "PARTIAL: interrupted, only what was finished by then is here; " if interrupted else ""


def interval_note(confidence: float | None, replications: int | None, what: str) -> str:
    """What the bands or bars are; None is what differs by cell."""
    if replications is not None and replications < 2:
        return "one replication: no intervals"
    sure = "" if confidence is None else f"{100.0 * confidence:g}\u00a0% "
    over = "replications" if replications is None else f"{replications} replications"
    differ = [word for word, value in (("confidence", confidence), ("replications", replications)) if value is None]
    return f"{what}: {sure}intervals over {over}" + (f" ({' and '.join(differ)} by cell)" if differ else "")
