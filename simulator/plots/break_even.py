"""Which of two deployments is cheaper, over two things that may be otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from .bands import colours, interval_note, partial_note
from .doubts import doubts_note
from .style import (
    INK,
    OTHERS,
    QUIET,
    SMALL,
    figure_of,
    headline,
    new_axes,
    points_across,
    readable,
    shorten,
    styled,
    text_width,
    tidy,
)

if TYPE_CHECKING:
    from ..experiments.curves.breaking import BreakEven

LEAST: Final = 0.05
"""Saving at which the colours are full, at least: what is small should not look large."""
LEAST_SHOWN: Final = 0.001
"""Saving that has a number of its own."""
PALE: Final = "#f7f7f7"


def break_even(curve: BreakEven, *, ax: Axes | None = None) -> Axes:
    """A map of which deployment is cheaper at equal objectives, and by how much.

    Cells have the colour of the deployment that wins, as in the other figures; the number is what is saved of the
    other's price. Hatched cells show no difference. Where one cannot meet the objectives, the cell says which one can;
    where it is not shown to miss them either, which one is shown to meet them.

    Parameters
    ----------
    curve
        What `break_even` of the package returns.
    ax
        Where to draw; a new figure if not given.
    """
    (first, across), (second, upwards) = curve.axes.items()
    below, above = colours(list(curve.deployments)).values()
    shades = LinearSegmentedColormap.from_list("break even", [below, PALE, above])
    savings = [_signed(cell, curve.deployments) for cell in curve.cells.to_dict(orient="records")]
    reach = max([LEAST, *(abs(saving) for saving in savings if math.isfinite(saving))])
    norm = Normalize(-reach, reach)
    with styled():
        ax = new_axes() if ax is None else ax
        tidy(ax, "")
        ax.set_xlim(-0.5, len(across) - 0.5)
        ax.set_ylim(-0.5, len(upwards) - 0.5)
        ax.set_xticks(range(len(across)), [_words(value) for value in across])
        ax.set_yticks(range(len(upwards)), [_words(value) for value in upwards])
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)
        ax.set_xlabel(first)
        ax.set_ylabel(second)
        bar = figure_of(ax).colorbar(ScalarMappable(norm, shades), ax=ax, pad=0.02, fraction=0.05)
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: readable(abs(100.0 * value))))
        low, high = (shorten(name, 150.0, SMALL) for name in curve.deployments)
        bar.set_label(f"← {low}   saving (%)   {high} →", fontsize=SMALL)
        headline(ax, curve.headline, _note(curve))
        for cell, saving in zip(curve.cells.to_dict(orient="records"), savings, strict=True):
            at = (_place(across, cell[first]), _place(upwards, cell[second]))
            _cell(ax, curve, cell, at, shades(norm(saving)) if math.isfinite(saving) else None)
    return ax


def _note(curve: BreakEven) -> str:
    hatched = "hatched: no difference shown; " if (curve.cells["kind"] == "same").any() else ""
    if not all(_is_shown(cell) for cell in curve.cells.to_dict(orient="records")):
        hatched += "not shown: neither to meet the objectives nor to miss them; "
    return (
        doubts_note(curve.warnings)
        + partial_note(interrupted=curve.interrupted)
        + (
            f"both sized to {' and '.join(curve.objectives)} in every cell; {hatched}"
            + interval_note(curve.confidence, curve.replications, "judged by")
        )
    )


def _is_shown(cell: dict[Any, Any]) -> bool:
    """Whether what does not meet the objectives is shown to miss them."""
    return bool(cell.get("shown", True))


def _place(values: Sequence[object], value: object) -> int:
    # A number may have become another kind of number in the table.
    return next(place for place, one in enumerate(values) if one == value or str(one) == str(value))


def _signed(cell: dict[Any, Any], deployments: tuple[str, str]) -> float:
    """What is saved: below zero by the first deployment, above by the second; NaN where no difference is shown."""
    if cell["kind"] != "cheaper" or math.isnan(float(cell["saving_ratio"])):
        return math.nan
    return float(cell["saving_ratio"]) * (-1.0 if cell["winner"] == deployments[0] else 1.0)


def _cell(ax: Axes, curve: BreakEven, cell: dict[Any, Any], at: tuple[int, int], colour: Any) -> None:
    fill, hatch, ink = colour, "", INK
    if cell["kind"] == "same":
        fill, hatch = PALE, "///"
    elif cell["kind"] == "none":
        fill, hatch = (OTHERS, "xx") if _is_shown(cell) else (PALE, "..")
    elif cell["kind"] == "only":
        fill = colours(list(curve.deployments))[str(cell["winner"])]
    if fill is None:
        fill = PALE
    if cell["kind"] in ("only", "cheaper") and _is_dark(fill):
        ink = "white"
    ax.add_patch(
        Rectangle(
            (at[0] - 0.5, at[1] - 0.5), 1.0, 1.0, facecolor=fill,
            edgecolor={"same": OTHERS, "none": QUIET}.get(cell["kind"], "white"),
            linewidth=1.5, hatch=hatch,
        )
    )  # fmt: skip
    width = points_across(ax)[0] / len(next(iter(curve.axes.values()))) - 6.0
    lines = [line if text_width(line, SMALL) <= width else shorten(line, width, SMALL) for line in _lines(cell)]
    box = {"facecolor": PALE, "edgecolor": "none", "pad": 1.5} if hatch else None
    ax.text(at[0], at[1], "\n".join(lines), ha="center", va="center", fontsize=SMALL, color=ink, bbox=box)


def _lines(cell: dict[Any, Any]) -> list[str]:
    """What stands in a cell."""
    if cell["kind"] == "none":
        return ["neither meets", "the objectives"] if _is_shown(cell) else ["neither shown", "to meet them"]
    if cell["kind"] == "only":
        return ["only", str(cell["winner"]), *([] if _is_shown(cell) else ["shown"])]
    if cell["kind"] == "same":
        return ["no difference", "shown"]
    saving = float(cell["saving_ratio"])
    if math.isnan(saving):
        return [str(cell["winner"])]
    return [str(cell["winner"]), f"{100.0 * saving:.1f} % less" if saving >= LEAST_SHOWN else "under 0.1 % less"]


def _luminance(colour: Any) -> float:
    """Of sRGB, by WCAG 2.2."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def _is_dark(colour: Any) -> bool:
    """Whether white can be read on it better than ink."""
    light = _luminance(colour) + 0.05
    return 1.05 / light > light / (_luminance(INK) + 0.05)


def _words(value: object) -> str:
    """A value as it was written, without the noise of a mapping."""
    if isinstance(value, float):
        return readable(value)
    text = str(value)
    return text if len(text) <= 24 else text[:23] + "…"
