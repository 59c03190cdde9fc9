"""How figures look: sizes, colours that the colour-blind can tell apart, numbers, and labels that do not collide."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.rcsetup import cycler
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, ScalarFormatter

from .. import words
from ..errors import SimulatorError

SIZE: Final = (10.0, 5.625)
"""Inches: 16 to 9, so that a figure fills a slide."""
NARROWEST, WIDEST = 4.0, 40.0
"""Inches."""
TEXT: Final = 11.0
SMALL: Final = 9.5
HEADLINE: Final = 14.0

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
PALETTE: Final = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
"""Okabe and Ito (2008), Color Universal Design; their yellow is left out: it cannot be read on white."""
INK, QUIET, OTHERS, FAINT = "#2b2b2b", "#6b6b6b", "#c8c8c8", "#e9e9e9"

STYLE: Final[dict[Any, Any]] = {
    "font.size": TEXT,
    "text.color": INK,
    "text.parse_math": False,
    "axes.titlesize": HEADLINE,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.labelsize": TEXT,
    "axes.labelcolor": INK,
    "axes.facecolor": "white",
    "axes.edgecolor": QUIET,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=PALETTE),
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "figure.figsize": SIZE,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
}


@dataclass(frozen=True)
class Wish:
    """What whoever draws wants of a figure, instead of what it would choose itself."""

    title: str | None = None
    width: float | None = None


_WISH: ContextVar[Wish] = ContextVar("wish", default=Wish())  # noqa: B039 - it is frozen


@contextmanager
def styled(*, title: str | None = None, width: float | None = None) -> Iterator[None]:
    """Draw in the style of this package, and leave the process as it was; also for figures of one's own.

    The backend is loaded first: it may turn interactive drawing on, which leaving the style would turn off again, and
    a notebook would show no second figure.

    Parameters
    ----------
    title
        What figures of this package say above themselves, instead of their own title.
    width
        Inches that their figures are wide, if they make them themselves; the height goes along.

    Raises
    ------
    SimulatorError
        If the width is none that text can be read at.
    """
    if width is not None and not NARROWEST <= width <= WIDEST:
        raise SimulatorError(f"width: expected {NARROWEST:g} to {WIDEST:g} inches, found {width:g}")
    asked = _WISH.get()
    token = _WISH.set(Wish(asked.title if title is None else title, asked.width if width is None else width))
    plt.draw_if_interactive()  # type: ignore[no-untyped-call]
    try:
        with plt.rc_context(STYLE):
            yield
    finally:
        _WISH.reset(token)


def titled(own: str) -> str:
    """The title that was asked for, or else a figure's own."""
    asked = _WISH.get().title
    return own if asked is None else asked


def sized(size: tuple[float, float]) -> tuple[float, float]:
    """The size of a figure in inches, at the width that was asked for.

    The height follows by half: text keeps its size, so that what is narrower needs its rows all the same.
    """
    asked = _WISH.get().width
    return size if asked is None else (asked, size[1] * math.sqrt(asked / size[0]))


def new_axes(size: tuple[float, float] = SIZE) -> Axes:
    """Axes that fill a figure of their own."""
    return plt.subplots(figsize=sized(size), layout="constrained")[1]


def figure_of(ax: Axes) -> Figure:
    """The whole figure around axes, also if they are in a part of it."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("these axes are in no figure")
    return figure


def tidy(ax: Axes, grid: str = "both") -> None:
    """Thin spines, and a light grid behind the data; `grid` is x, y, both or empty."""
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_linewidth(0.6)
    ax.set_axisbelow(True)
    ax.grid(visible=False, which="both")
    if grid:
        ax.grid(visible=True, which="major", axis=grid, color=FAINT, linewidth=0.8)  # type: ignore[arg-type]
    ax.tick_params(which="both", length=3.0, width=0.6)
    for axis in (ax.xaxis, ax.yaxis):
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(_Thousands())


class _Thousands(ScalarFormatter):
    """Numbers of an axis in full, thousands apart."""

    def __init__(self) -> None:
        super().__init__(useOffset=False)
        self.set_scientific(False)

    def __call__(self, x: float, pos: int | None = None) -> str:
        whole, point, rest = super().__call__(x, pos).partition(".")
        return re.sub(r"\d{4,}", lambda digits: f"{int(digits[0]):,}", whole) + point + rest


def points_across(ax: Axes) -> tuple[float, float]:
    """Width and height of axes in points."""
    box = ax.get_window_extent()
    scale = 72.0 / figure_of(ax).dpi
    return max(box.width * scale, 1.0), max(box.height * scale, 1.0)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Points that the longest line of a text takes."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    return max(text_to_path.get_text_width_height_descent(line, font, False)[0] for line in f"{text}".split("\n"))


def shorten(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """A text within a width in points, its middle left out: names differ at both ends."""
    kept = len(text)
    short = text
    while kept > 3 and text_width(short, size, bold=bold) > width:
        kept -= 1
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
    return short


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """A text in lines within a width in points."""
    per_character = text_width(text, size, bold=bold) / max(len(text), 1)
    room = max(int(width / max(per_character, 1e-9)), 12)
    return "\n".join(textwrap.wrap(text, room)) if text else ""


def headline(ax: Axes, title: str, note: str = "") -> None:
    """A title at the left, and a quiet line below it."""
    width, _ = points_across(ax)
    below = wrap(note, width, SMALL)
    lines = below.count("\n") + 1 if below else 0
    ax.set_title(wrap(titled(title), width, HEADLINE, bold=True), pad=8.0 + lines * SMALL * 1.35)
    if below:
        ax.annotate(
            below,
            (0.0, 1.0),
            (0.0, 6.0),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=SMALL,
            color=QUIET,
            va="bottom",
            annotation_clip=False,
        )


def label_y(ax: Axes, text: str) -> None:
    """The label of the axis that goes upwards, in lines within its height: that of a neighbour begins there."""
    ax.set_ylabel(wrap(text, points_across(ax)[1] * 0.95, TEXT))


def say(ax: Axes, text: str) -> None:
    """Axes that have nothing to show, and why."""
    for side in ax.spines.values():
        side.set_visible(False)
    ax.grid(visible=False, which="both")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.text(
        0.5,
        0.5,
        wrap(text, points_across(ax)[0] * 0.9, HEADLINE),
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=HEADLINE,
        color=QUIET,
    )


def readable(value: float) -> str:
    """Three digits that matter, in full, thousands apart."""
    if math.isnan(value):
        return "unknown"
    return words.number(value, 3).replace("-", "\u2212")


def thousands(number: float) -> str:
    """16,059."""
    return words.fixed(number, 0)


def count(number: float, noun: str) -> str:
    """1 request, 16,059 requests."""
    return f"{thousands(number)}\u00a0{noun}" + ("" if number == 1 else "s")


def log_ticks(ax: Axes, which: str, unit: str = "") -> None:
    """A logarithmic axis with plain numbers."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = sorted(ax.get_xlim() if which == "x" else ax.get_ylim())
    decades = math.log10(high / low)
    subs: tuple[float, ...] = (1.0, 2.0, 5.0) if decades < 3.2 else (1.0,)
    if decades < 1.0:
        subs = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0)
    axis.set_major_locator(LogLocator(subs=subs, numticks=30))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{readable(value)}{unit}"))


def spread(wanted: Sequence[float], sizes: Sequence[float], low: float = -np.inf, high: float = np.inf) -> list[float]:
    """Centres as near as can be to the wanted ones, in their order, without overlap and within the limits.

    The sum of squared moves is least: a least squares fit of increasing numbers once the sizes are taken off.
    """
    if not wanted:
        return []
    from scipy.optimize import isotonic_regression  # half a second, for who draws nothing of the kind

    order = np.argsort(np.asarray(wanted), kind="stable")
    size = np.asarray(sizes, dtype=np.float64)[order]
    size = size * min(1.0, (high - low) / size.sum())
    before = np.concatenate([[0.0], np.cumsum(size[:-1] + size[1:]) / 2.0])
    free = isotonic_regression(np.asarray(wanted, dtype=np.float64)[order] - before).x
    placed = np.clip(free, low + size[0] / 2.0, max(high - size[-1] / 2.0 - before[-1], low + size[0] / 2.0)) + before
    centres = np.empty(len(wanted))
    centres[order] = placed
    return [float(centre) for centre in centres]


def leader(colour: str, *, tip: tuple[float, float]) -> dict[str, Any]:
    """A thin line from a point of a text (0 to 1 from its lower left) to what it names."""
    return {"arrowstyle": "-", "color": colour, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 1, "relpos": tip}


def end_labels(ax: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Name lines at the right, where there is room to be made: (x, y, text, colour) of each end.

    The limits of y have to be final; those of x are widened by what the texts need. What has no end has no name.
    """
    ends = [end for end in ends if math.isfinite(end[1])]
    if not ends:
        return
    width, height = points_across(ax)
    texts = [shorten(text, width * 0.38, SMALL) for _, _, text, _ in ends]
    reach = max(x for x, _, _, _ in ends)
    start = _make_room(ax, reach, (max(text_width(text, SMALL) for text in texts) + 24.0) / width)
    to_axes = ax.transData + ax.transAxes.inverted()
    wanted = [float(np.clip(to_axes.transform((x, y))[1], 0.0, 1.0)) for x, y, _, _ in ends]
    places = spread(wanted, [SMALL * 1.3 / height] * len(ends), 0.0, 1.04)
    for (x, y, _, colour), text, place in zip(ends, texts, places, strict=True):
        ax.annotate(
            text,
            (x, y),
            (start, place),
            textcoords=ax.get_xaxis_transform(),
            va="center",
            fontsize=SMALL,
            color=darker(colour),
            annotation_clip=False,
            arrowprops=leader(colour, tip=(0.0, 0.5)),
        )


def _make_room(ax: Axes, reach: float, share: float) -> float:
    """Widen x to the right of `reach` by a share of the whole; where texts start there."""
    low = ax.get_xlim()[0]
    share = min(share, 0.6)
    if ax.get_xscale() == "log":
        span = math.log(reach / low) / (1.0 - share)
        ax.set_xlim(low, low * math.exp(span))
        return low * math.exp(span * (1.0 - share * 0.88))
    span = (reach - low) / (1.0 - share)
    ax.set_xlim(low, low + span)
    # Below the texts there are no values.
    ax.set_xticks([tick for tick in ax.get_xticks() if low <= tick <= reach])
    ax.spines["bottom"].set_bounds(low, reach)
    return low + span * (1.0 - share * 0.88)


def ink_on(fill: str) -> str:
    """White on what is dark, else black.

    White is taken where its contrast is 3.3 (WCAG 2.2 asks for 3 of large text): that formula calls black the better
    one on saturated blues and greens, which eyes do not.
    """
    return "white" if 1.05 / (luminance(fill) + 0.05) >= 3.3 else "black"


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2): 0 is black, 1 white."""
    parts = [int(colour[at : at + 2], 16) / 255.0 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def darker(colour: str) -> str:
    """The colour as text that can be read on white."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    light = 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]
    scale = min(1.0, 110.0 / light) if light else 1.0
    return "#" + "".join(f"{round(part * scale):02x}" for part in parts)
