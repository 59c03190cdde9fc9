"""Deployments side by side, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ..errors import ResultError
from ..results import Results
from ..results.pairs import is_same
from .bands import title_all
from .doubts import doubts_note, is_mixed, warnings_of
from .overview import draw_numbers, draw_percentiles, has_hollow, new_overview, panels_of, value_of
from .panels import given_axes
from .style import (
    HEADLINE,
    PALETTE,
    QUIET,
    SIZE,
    SMALL,
    count,
    darker,
    figure_of,
    readable,
    shorten,
    sized,
    styled,
    tidy,
    wrap,
)

if TYPE_CHECKING:
    from ..experiments.comparison import Comparison


MOST_LINES: Final = 4
"""Of a title; of several deployments a longer one is left to the text."""


def comparison(
    comparison: Comparison,
    *,
    quantities: Sequence[str] | None = None,
    ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
) -> tuple[Axes, ...]:
    """Percentiles of latency, availability, cost and cores of deployments; the title is the verdict.

    One line a deployment joins its percentiles, bars are their intervals; of two deployments the paired difference from
    the baseline stands below each percentile. With `quantities`, one panel a quantity and one row a deployment instead:
    the value of all replications, its interval, and the paired difference in words.

    Parameters
    ----------
    comparison
        What `compare` returns.
    quantities
        Rows of `intervals` to show, each in a panel; if not given, the picture of them all.
    ax
        As many axes as panels, that of latency first; a new figure if not given.

    Raises
    ------
    ResultError
        If there is no such quantity.
    SimulatorError
        If the number of axes is another one.
    """
    results = dict(comparison.results)
    whole = quantities is None
    shown = panels_of(results) if quantities is None else _quantities(results, quantities)
    with styled():
        number = len(shown) + whole
        new = new_overview if whole else _new
        axes = given_axes(ax, number, "comparison") or new(len(shown), len(results))
        title_all(axes[0], _title(axes[0], comparison), _note(results))
        if whole:
            draw_percentiles(axes[0], comparison)
        for at, (panel, quantity) in enumerate(zip(axes[whole:], shown, strict=True)):
            if whole:
                draw_numbers(panel, comparison, quantity)
                continue
            _panel(panel, comparison, quantity)
            _deployments(panel, results, comparison.baseline, named=at == 0)
    return tuple(axes)


def _title(ax: Axes, comparison: Comparison) -> str:
    """The verdict, as long as it leaves room for the picture."""
    width = figure_of(ax).get_figwidth() * 72.0 * 0.96
    if len(comparison.results) == 2 or wrap(comparison.verdict, width, HEADLINE, bold=True).count("\n") < MOST_LINES:
        return comparison.verdict
    topology = next(iter(comparison.results.values())).provenance["topology"]
    same = "not the same requests" if comparison.other_traffic else "the same requests"
    return f"{topology}: {len(comparison.results)} deployments, {same}"


def _note(results: dict[str, Results]) -> str:
    made = next(iter(results.values())).provenance
    paired = f"; differences are paired, from {next(iter(results))}"
    first = doubts_note(warnings_of(results))
    if any(map(is_mixed, results.values())):
        first += "latencies are of all journeys together, and nobody's; "
    if made["replications"] == 1:
        return f"{first}one replication: no intervals{paired}"
    hollow = "; hollow: no interval, too few requests" if any(map(has_hollow, results.values())) else ""
    bars = f"bars: {100.0 * made['confidence']:g} % intervals over {made['replications']} replications{hollow}"
    return f"{first}{bars}{paired}"


def _quantities(results: dict[str, Results], asked: Sequence[str]) -> list[str]:
    known = list(next(iter(results.values())).intervals.index)
    for name in asked:
        if name not in known:
            raise ResultError(f"there is no quantity {name!r}; there is {', '.join(known)}")
    return list(asked)


def _new(panels: int, deployments: int) -> list[Axes]:
    """Panels in a row."""
    height = min(max(1.8 + 1.25 * deployments, SIZE[1] * 0.75), 12.0)
    width = max(SIZE[0] * 1.28, 2.3 * panels) if panels > 1 else SIZE[0]
    _, grid = plt.subplots(1, panels, figsize=sized((width, height)), layout="constrained", squeeze=False)
    return list(grid[0])


def scale_of(quantity: str, currency: str | None) -> tuple[float, str, str]:
    """Factor to what people read, its unit, and the label of an axis."""
    words = quantity.replace("p999", "p99.9")
    if quantity.startswith("cost_"):
        return 1.0, currency or "", words.replace("_", " ") + (f" ({currency})" if currency else "")
    for ending, factor, unit in (("_per_s", 1.0, "/s"), ("_ratio", 100.0, "%"), ("_s", 1000.0, "ms")):
        if words.endswith(ending):
            return factor, unit, f"{words.removesuffix(ending).replace('_', ' ')} ({unit})"
    return 1.0, "", words.replace("_", " ")


def _panel(panel: Axes, comparison: Comparison, quantity: str) -> None:
    """Points, intervals, and what they say in words."""
    currencies = {result.provenance["currency"] for result in comparison.results.values()} - {None}
    factor, unit, label = scale_of(quantity, currencies.pop() if len(currencies) == 1 else None)
    tidy(panel, "x")
    panel.set_xlabel(label)
    seen: list[float] = []
    for row, (name, result) in enumerate(comparison.results.items()):
        colour = PALETTE[row % len(PALETTE)]
        value, low, high = (factor * bound for bound in value_of(result, quantity))
        half_width = (high - low) / 2.0
        if np.isnan(value):
            _write(panel, row, -0.2, "no request was served" if quantity.startswith("latency") else "unknown", QUIET)
            continue
        if not np.isnan(half_width):
            panel.hlines(row, low, high, color=colour, linewidth=2.4)
            seen += [low, high]
        panel.plot([value], [row], "o", color=colour, markersize=8, label=name)
        seen.append(value)
        even = abs(high + low - 2.0 * value) <= 0.02 * (high - low)
        sure = f" ± {readable(half_width)}" if even else f" ({readable(low)} to {readable(high)})"
        sure = sure if half_width > 0.0 else ""
        own = result.provenance["currency"] if quantity.startswith("cost_") else unit
        _write(panel, row, -0.2, f"{_precise(value, half_width)}{_spaced(own or '')}{sure}", darker(colour))
        _write(panel, row, 0.22, _difference(comparison, name, quantity, lambda x: _signed(factor * x)), QUIET)
        if name == comparison.baseline:
            panel.axvline(value, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.9)
    if not seen:
        return
    least, most = min(seen), max(seen)
    margin = 0.14 * (most - least) or 0.05 * abs(most) or 0.05
    panel.set_xlim(least - margin, most + margin)
    if unit == "%" and most + margin > 100.0:
        panel.set_xlim(right=100.0 + 0.08 * (100.0 - least + margin))
    panel.locator_params(axis="x", nbins=3)


def _precise(value: float, half_width: float) -> str:
    """A value to the digits that its interval lets one see, at least three."""
    if not half_width > 0.0:
        return readable(value)
    digits = min(max(0, 1 - int(np.floor(np.log10(half_width)))), 4)
    exact = f"{value:,.{digits}f}".replace(",", "\u00a0")
    return exact if len(exact) >= len(readable(value)) else readable(value)


def _difference(comparison: Comparison, name: str, quantity: str, signed: Callable[[float], str]) -> str:
    """What the comparison says of a deployment and a quantity, in the axis' unit."""
    if name == comparison.baseline:
        return "baseline"
    table = comparison.differences
    if (name, quantity) not in table.index:
        return ""
    row: dict[Any, Any] = table.loc[[(name, quantity)]].to_dict(orient="records")[0]
    if is_same(quantity, row):
        return "the same"
    if np.isnan(row["difference"]):
        return "no difference known"
    if np.isnan(row["half_width"]):
        return f"{signed(row['difference'])}, no interval"
    if not row["shown"]:
        return "no difference shown"
    if row["half_width"] == 0.0:
        return signed(row["difference"])
    return f"{signed(row['difference'])} ({signed(row['low'])} to {signed(row['high'])})"


def _signed(value: float) -> str:
    return ("+" if value > 0.0 else "") + readable(value)


def _spaced(unit: str) -> str:
    return unit if unit in ("", "/s") else f" {unit}"


def _write(panel: Axes, row: int, offset: float, text: str, colour: str) -> None:
    panel.text(
        0.02,
        row + offset,
        text,
        transform=panel.get_yaxis_transform(),
        va="center",
        ha="left",
        fontsize=SMALL,
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
    )


def _deployments(panel: Axes, results: dict[str, Results], baseline: str, *, named: bool) -> None:
    """The rows, the first on top."""
    labels = []
    for name, result in results.items():
        width = 130.0
        replications = count(result.provenance["replications"], "replication")
        labels.append(f"{shorten(name, width, SMALL + 1.5)}\n{replications}" if named else "")
    panel.set_yticks(range(len(results)), labels)
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(len(results) - 0.5, -0.5)
    panel.spines["left"].set_visible(False)
