"""A comparison at a glance: percentiles of latency as lines, and beside them what is one number a deployment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from ..results import Results
from ..results.journeypairs import entry_shares, have_one_mix
from ..results.pairs import is_same, one_currency
from ..words import PERCENT, write
from .bands import colours
from .style import (
    INK,
    QUIET,
    SIZE,
    SMALL,
    TEXT,
    darker,
    end_labels,
    figure_of,
    leader,
    log_ticks,
    points_across,
    readable,
    say,
    shorten,
    sized,
    text_width,
    tidy,
)

if TYPE_CHECKING:
    from ..experiments.comparison import Comparison

PERCENTILES: Final = ("p50", "p90", "p95", "p99", "p99.9")
BARS: Final = ("availability_ratio", "cost_per_hour", "cores")
"""What is one number a deployment, as far as it is known."""
NARROW: Final = 9.0
"""Inches below which panels stand below each other."""
HIGH: Final = 3.2
"""Inches of the panel of latency there."""
WIDE: Final = 12.0
"""The slowest percentile over the quickest from which the axis is logarithmic."""
HOLLOW: Final[dict[str, Any]] = {
    "linestyle": "", "marker": "o", "markersize": 6.0, "markerfacecolor": "white", "zorder": 3.2,
}  # fmt: skip
"""A percentile whose interval the data cannot give."""
HALF: Final = 0.3
"""Half of the length of an objective's mark, in percentiles."""
FARTHEST: Final = 1.7
"""An objective is drawn if it is at most so many times the highest value: else it would be all there is to see."""


def panels_of(results: Mapping[str, Results]) -> list[str]:
    """What is known of any of them; no costs in unlike currencies, the bars of which cannot be compared."""
    known = [name for name in BARS if any(math.isfinite(value_of(one, name)[0]) for one in results.values())]
    return [name for name in known if name != "cost_per_hour" or one_currency(list(results.values()))]


def new_overview(number: int, deployments: int) -> list[Axes]:
    """A wide panel at the left and a column of small ones, or in a narrow figure all of them in one column."""
    small = 0.5 + 0.3 * deployments
    width, height = sized((SIZE[0] * 1.28, min(max(SIZE[1] * 0.88, 1.7 + number * small), 14.0)))
    names = [f"{row}" for row in range(number)]
    rows: Any
    ratios: dict[str, Any] = {}
    if width < NARROW:
        height = 1.5 + HIGH + number * small
        rows = [["latency"], *([name] for name in names)]
        ratios = {"height_ratios": [HIGH, *[small] * number]}
    else:
        rows = [["latency", name] for name in names] or [["latency"]]
        ratios = {"width_ratios": [1.5, 1.0]} if number else {}
    _, found = plt.subplot_mosaic(rows, figsize=(width, height), layout="constrained", **ratios)
    return [found["latency"], *(found[name] for name in names)]


def draw_percentiles(panel: Axes, comparison: Comparison) -> None:
    """One line a deployment: its percentiles with their intervals, and its name with the highest of them."""
    results = dict(comparison.results)
    known = [name for name in PERCENTILES if all(_is_known(one, name) for one in results.values())]
    panel.set_title(f"latency of served requests{_of_journeys(results)} (ms)", fontsize=TEXT, fontweight="normal")
    tidy(panel, "y")
    if not known:
        say(panel, "no request was served")
        return
    palette, ends, seen = colours(list(results)), [], []
    width = min(0.16, 0.6 / len(results))
    for number, (name, result) in enumerate(results.items()):
        bounds = [_milliseconds(result, percentile) for percentile in known]
        at = np.arange(len(known)) + (number - (len(results) - 1) / 2.0) * width
        values = [value for value, _, _ in bounds]
        panel.plot(at, values, "-o", color=palette[name], linewidth=1.6, markersize=6.0, label=name, zorder=3.0)
        if result.provenance["replications"] > 1:
            unsure = [(x, value) for x, (value, low, high) in zip(at, bounds, strict=True) if not low <= high]
            panel.plot(*(zip(*unsure, strict=True) if unsure else ([], [])), **HOLLOW, color=palette[name])
        sure = [(x, low, high) for x, (_, low, high) in zip(at, bounds, strict=True) if high > low]
        if sure:
            panel.vlines(*zip(*sure, strict=True), color=palette[name], linewidth=3.2, alpha=0.45, zorder=2.5)
        seen += [bound for each in bounds for bound in each if math.isfinite(bound)]
        ends.append((float(at[-1]), values[-1], f"{name}  {readable(values[-1])} ms", palette[name]))
    _scale(panel, seen)
    panel.set_xlim(-0.45, len(known) - 0.7)
    promised = _mark_objectives(panel, results, known, max(seen))
    end_labels(panel, ends)
    if promised:
        figure_of(panel).draw_without_rendering()  # the layout: how large the panel is
    for place, limit_ms in promised:
        _name_objective(panel, place, limit_ms)
    low, high = panel.get_xlim()
    panel.set_xticks(range(len(known)), _thin(panel, _ticks(comparison, known), len(known) / (high - low)))


def _of_journeys(results: Mapping[str, Results]) -> str:
    """Of which ones (rule 11.25), where there are several."""
    shares = [entry_shares(one) for one in results.values()]
    if not have_one_mix(shares):
        return ", of unlike mixes of journeys"
    return ", all journeys together" if len(shares[0]) > 1 else ""


def _is_known(result: Results, percentile: str) -> bool:
    """Whether there is such a value; the last of them only with an interval, where replications could give one."""
    value, low, high = _milliseconds(result, percentile)
    needs = percentile == PERCENTILES[-1] and result.provenance["replications"] > 1
    return math.isfinite(value) and (not needs or (math.isfinite(low) and math.isfinite(high)))


def has_hollow(result: Results) -> bool:
    """Whether a percentile is drawn whose interval is not known."""
    bounds = [_milliseconds(result, percentile) for percentile in PERCENTILES if _is_known(result, percentile)]
    return result.provenance["replications"] > 1 and any(not low <= high for _, low, high in bounds)


def _milliseconds(result: Results, percentile: str) -> tuple[float, float, float]:
    """A percentile and its interval, which does not go below zero."""
    value, low, high = value_of(result, f"latency_{percentile.replace('.', '')}_s")
    return 1000.0 * value, 1000.0 * max(low, 0.0), 1000.0 * high


def value_of(result: Results, quantity: str) -> tuple[float, float, float]:
    """A value and the ends of its interval, NaN where there are none."""
    if quantity == "cores":
        return _cores(result), math.nan, math.nan
    if quantity not in result.intervals.index:
        return math.nan, math.nan, math.nan
    bounds = result.intervals.loc[quantity, ["mean", "low", "high"]].to_numpy(dtype=np.float64)
    value, low, high = (float(bound) for bound in bounds)
    return (value, low, high) if math.isfinite(low) and math.isfinite(high) else (value, math.nan, math.nan)


def _cores(result: Results) -> float:
    """Of the units that run services: databases, caches and externals are the same in all deployments."""
    units = result.units.loc[result.services.loc[result.services["kind"] == "service", "unit"].unique()]
    return float((units["replicas"] * units["cores"]).sum())


def _scale(panel: Axes, seen: list[float]) -> None:
    lowest, highest = min(value for value in seen if value > 0.0 or max(seen) <= 0.0), max(seen)
    if lowest > 0.0 and highest > WIDE * lowest:
        panel.set_yscale("log")
        panel.set_ylim(lowest / 1.4, highest * 1.25)
        log_ticks(panel, "y")
    else:
        panel.set_ylim(0.0, max(highest * 1.08, 1e-9))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: readable(value)))


def _ticks(comparison: Comparison, known: list[str]) -> list[str]:
    """The percentiles; of two deployments of one mix of journeys with the paired difference below."""
    others = [name for name in comparison.results if name != comparison.baseline]
    if len(others) != 1 or not have_one_mix([entry_shares(one) for one in comparison.results.values()]):
        return known
    words = []
    for percentile in known:
        quantity = f"latency_{percentile.replace('.', '')}_s"
        row = _difference(comparison, others[0], quantity)
        words.append(f"{percentile}\n{_paired(quantity, row, 1000.0)}" if row else percentile)
    return words


def _thin(panel: Axes, words: list[str], share: float) -> list[str]:
    """Names of ticks that do not touch: without what stands below them, where there is no room."""
    room = points_across(panel)[0] * share / len(words) - 6.0
    return words if max(text_width(word, TEXT) for word in words) <= room else [word.split("\n")[0] for word in words]


def _difference(comparison: Comparison, name: str, quantity: str) -> dict[Any, Any]:
    table = comparison.differences
    if (name, quantity) not in table.index:
        return {}
    found: dict[Any, Any] = table.loc[[(name, quantity)]].to_dict(orient="records")[0]
    return found


def _paired(quantity: str, row: dict[Any, Any], factor: float, unit: str = " ms") -> str:
    """A paired difference in words."""
    value = factor * row["difference"]
    if is_same(quantity, row):
        return "the same"
    if not row["shown"] and not math.isnan(row["half_width"]):
        return "no difference\nshown" if unit == " ms" else "no difference shown"
    return f"{'+' if value > 0.0 else ''}{readable(value)}{unit}"


def _mark_objectives(
    panel: Axes, results: Mapping[str, Results], known: list[str], highest: float
) -> list[tuple[int, float]]:
    """What was promised of the percentiles of all requests, where all enter at one endpoint: places and limits."""
    marked = []
    for percentile, limit_ms in objectives_of(next(iter(results.values()))):
        if percentile not in known or limit_ms > FARTHEST * highest:
            continue
        at = known.index(percentile)
        if limit_ms > panel.get_ylim()[1] / 1.06:
            panel.set_ylim(top=limit_ms * 1.12)
        panel.hlines(limit_ms, at - HALF, at + HALF, color=INK, linewidth=1.4, linestyle=(0, (4, 2)), zorder=2.0)
        marked.append((at, limit_ms))
    return marked


def _name_objective(panel: Axes, at: int, limit_ms: float) -> None:
    """The limit in words beside its mark, or as near to it as they touch no curve and no other words, with a leader."""
    text, scale = f"promised {readable(limit_ms)} ms", 72.0 / figure_of(panel).dpi
    half = np.array([text_width(text, SMALL) / 2.0 + 2.0, SMALL * 0.65])
    left, right = (scale * panel.transData.transform((at + side * HALF, limit_ms)) for side in (-1.0, 1.0))
    middle, long = (left + right) / 2.0, (right[0] - left[0]) / 2.0
    beside, aligned, up = long + half[0] + 4.0, abs(long - half[0]), half[1] + 3.0
    near = [(0.0, up), (0.0, -up), (-beside, 0.0), (aligned, -up), (-aligned, up)]
    low, high = scale * panel.transAxes.transform([(0.0, 0.0), (1.0, 1.0)])
    steps = [np.arange(low[axis] + half[axis], high[axis] - half[axis], 6.0) - middle[axis] for axis in (0, 1)]
    far = sorted(((float(x), float(y)) for x in steps[0] for y in steps[1]), key=lambda move: math.hypot(*move))
    taken = _taken(panel, scale)
    free = (move for move in [*near, *far] if _is_free(middle + move, half, low, high, taken))
    move = next(free, near[0])
    line = leader(INK, tip=(0.5, 0.0 if move[1] > 0.0 else 1.0)) if move not in near else None
    panel.annotate(
        text, (at, limit_ms), move, textcoords="offset points", ha="center", va="center", fontsize=SMALL, color=INK,
        zorder=3.5, arrowprops=line, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def _is_free(place: NDArray[Any], half: NDArray[Any], low: NDArray[Any], high: NDArray[Any], taken: Any) -> bool:
    """Whether words about a place lie within the panel and hold none of the points that are taken."""
    within = (low + half <= place).all() and (place + half <= high).all()
    return bool(within and not (np.abs(taken - place) <= half + 1.5).all(axis=1).any())


def _taken(panel: Axes, scale: float) -> NDArray[np.float64]:
    """Points on all lines, marks and words of a panel."""
    drawn = [np.asarray(line.get_xydata(), np.float64) for line in panel.lines]
    found = [panel.transData.transform(_finely(points)) for points in drawn if len(points) > 1]
    for marks in panel.collections:
        found += [panel.transData.transform(_finely(path.vertices)) for path in marks.get_paths() if len(path) > 1]
    for words in panel.texts:
        box = Text.get_window_extent(words)
        across, up = np.linspace(box.x0, box.x1, 40), np.linspace(box.y0, box.y1, 5)
        found.append(np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2))
    return scale * np.concatenate(found)


def _finely(points: Any) -> NDArray[np.float64]:
    """Points along a line, near enough to each other that no text fits between them."""
    points = np.asarray(points, np.float64)
    share = np.linspace(0.0, 1.0, 100)[:, None]
    return np.concatenate([one + share * (other - one) for one, other in pairwise(points)])


def objectives_of(result: Results, workload: str | None = None) -> list[tuple[str, float]]:
    """Percentiles, as p99.9, and their limits (ms), that speak of all the requests that are drawn.

    An objective of one entry says nothing of requests that enter at several.
    """
    calls = result.endpoints.reset_index()[["workload", "entry"]].drop_duplicates()
    entries = set(calls["entry"] if workload is None else calls.loc[calls["workload"] == workload, "entry"])
    table = result.objectives
    if len(entries) != 1 or not len(table):
        return []
    names = table["quantity"].astype(str)
    of_answers = (table["until"] == "answered") & names.str.match(r"p[0-9]")
    rows = table[table["endpoint"].isin(entries) & of_answers]
    limits = {
        _written(str(name)): 1000.0 * float(limit) for name, limit in zip(rows["quantity"], rows["limit"], strict=True)
    }
    return sorted(limits.items())


def _written(percentile: str) -> str:
    """p999 is p99.9."""
    digits = percentile[1:]
    return f"p{digits[:2]}.{digits[2:]}" if len(digits) > 2 and "." not in digits and digits != "100" else percentile


def draw_numbers(panel: Axes, comparison: Comparison, quantity: str) -> None:
    """One row a deployment: a bar from zero, or of a share of requests a point with its interval; and what it says."""
    results = dict(comparison.results)
    currency = next((known for one in results.values() if (known := one.provenance["currency"])), None)
    share = quantity == "availability_ratio"
    factor, unit, title = {
        "availability_ratio": (100.0, " %", "availability (%)"),
        "cost_per_hour": (1.0, f" {currency}" if currency else "", "cost per hour"),
        "cores": (1.0, "", "cores of services"),
    }[quantity]
    panel.set_title(title, fontsize=TEXT, fontweight="normal")
    tidy(panel, "")
    panel.tick_params(length=0)
    panel.spines["bottom"].set_visible(False)
    panel.set_xticks([])
    palette = colours(list(results))
    bounds = {name: [factor * bound for bound in value_of(one, quantity)] for name, one in results.items()}
    texts = {name: _told(comparison, name, quantity, bounds[name][0], factor, unit) for name in results}
    _room(panel, bounds, list(texts.values()), from_zero=not share)
    for row, (name, (value, low, high)) in enumerate(bounds.items()):
        left = panel.get_xlim()[0]
        if math.isfinite(value) and share:
            if high > low:
                panel.hlines(row, low, min(high, 100.0), color=palette[name], linewidth=3.2, alpha=0.45)
            panel.plot([value], [row], "o", color=palette[name], markersize=7.0, label=name)
        elif math.isfinite(value):
            panel.barh(row, value, 0.5, color=palette[name], label=name)
        end = max(
            (bound for bound in (value, min(high, 100.0) if share else value) if math.isfinite(bound)), default=left
        )
        panel.annotate(texts[name], (end, row), (7.0, 0.0), textcoords="offset points", va="center", fontsize=SMALL)
    panel.set_yticks(range(len(results)), [shorten(name, 120.0, SMALL) for name in results], fontsize=SMALL)
    for label, name in zip(panel.get_yticklabels(), results, strict=True):
        label.set_color(darker(palette[name]))
    panel.set_ylim(len(results) - 0.4, -0.6)
    panel.spines["left"].set_visible(not share)
    panel.spines["left"].set_color(QUIET)


def _told(comparison: Comparison, name: str, quantity: str, value: float, factor: float, unit: str) -> str:
    """The value, and below it how it differs from the baseline."""
    if not math.isfinite(value):
        return "unknown"
    share = quantity == "availability_ratio"
    shown = write(value / 100.0, PERCENT) if share else readable(value)
    row = {} if name == comparison.baseline else _difference(comparison, name, quantity)
    if quantity == "cores" and name != comparison.baseline:
        first = value_of(comparison.results[comparison.baseline], quantity)[0]
        row = {"baseline": first, "other": value, "difference": value - first, "half_width": 0.0, "shown": True}
    points = " points" if share else unit
    known = row and math.isfinite(row["difference"])
    return f"{shown}{unit}" + (f"  ({_paired(quantity, row, factor, points)})" if known else "")


def _room(panel: Axes, bounds: Mapping[str, list[float]], texts: list[str], *, from_zero: bool) -> None:
    """Data at the left, and to the right of them room for the longest text."""
    seen = [bound for each in bounds.values() for bound in each if math.isfinite(bound)]
    low, high = (min(seen), max(seen)) if seen else (0.0, 1.0)
    if from_zero:
        low = min(0.0, low)
    else:
        high = min(high, 100.0)
        low -= 0.12 * (high - low)
    span = (high - low) or abs(high) or 1.0
    width = points_across(panel)[0] - 110.0
    share = min((max(text_width(text, SMALL) for text in texts) + 14.0) / max(width, 1.0), 0.75)
    panel.set_xlim(low if high > low else low - 0.3 * span, low + span / (1.0 - share))
