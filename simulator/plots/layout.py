"""Where the boxes of a topology go: in columns by distance from the edge, in few crossings.

Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): columns by
the longest way from the edge, then sweeps in which each box moves towards the middle of its neighbours. Boxes of one
group (services of one unit) stay within a band of rows that no stranger enters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .style import spread

SWEEPS: Final = 12
MARGIN: Final = 0.55
"""Rows between the outer boxes of a band and its edge."""


@dataclass(frozen=True)
class Place:
    """Where a box is: column from the left, row from the middle, downwards."""

    column: int
    row: float


@dataclass(frozen=True)
class Band:
    """The rows that belong to a group, and the columns that it spans."""

    low: float
    high: float
    first: int
    last: int


def columns(names: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many arrows the longest way to each box has; arrows that close a cycle do not count."""
    inward: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        inward[target].append(source)
    found: dict[str, int] = {}
    open_: set[str] = set()

    def depth(name: str) -> int:
        if name not in found:
            open_.add(name)
            found[name] = max((depth(source) + 1 for source in inward[name] if source not in open_), default=0)
            open_.discard(name)
        return found[name]

    return {name: depth(name) for name in names}


def arrange(
    names: Sequence[str], edges: Sequence[tuple[str, str]], groups: Mapping[str, str]
) -> tuple[dict[str, Place], dict[str, Band]]:
    """A place for each box, and a band for each group.

    Parameters
    ----------
    names
        All boxes.
    edges
        Arrows, from caller to target.
    groups
        The group of each box that is in one.
    """
    column = columns(names, edges)
    layers: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for name in names:
        layers[column[name]].append(name)
    bands = _bands(column, layers, groups)
    near = _neighbours(edges)
    rows = _start(layers, bands, groups)
    best, fewest = dict(rows), crossings(column, rows, edges)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for layer in layers if forward else layers[::-1]:
            rows |= _settle(layer, rows, _wishes(layer, column, rows, near, forward), bands, groups, column)
        now = crossings(column, rows, edges)
        if now <= fewest:
            best, fewest = dict(rows), now
    return {name: Place(column[name], best[name]) for name in names}, bands


def crossings(
    column: Mapping[str, int], rows: Mapping[str, float], edges: Sequence[tuple[str, str]]
) -> tuple[int, float]:
    """How many pairs of arrows between the same columns cross, then how far all arrows go up or down."""
    number = 0
    for at, (a, b) in enumerate(edges):
        for c, d in edges[at + 1 :]:
            same = column[a] == column[c] and column[b] == column[d]
            number += same and (rows[a] - rows[c]) * (rows[b] - rows[d]) < 0
    return number, round(sum(abs(rows[a] - rows[b]) for a, b in edges), 6)


def _neighbours(edges: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    near: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        near[source].append(target)
        near[target].append(source)
    return near


def _bands(column: Mapping[str, int], layers: Sequence[Sequence[str]], groups: Mapping[str, str]) -> dict[str, Band]:
    """Groups that share a column lie below each other; the first is in the middle."""
    bands: dict[str, Band] = {}
    for group in dict.fromkeys(groups.values()):
        members = [name for name in column if groups.get(name) == group]
        first, last = min(column[name] for name in members), max(column[name] for name in members)
        height = max(sum(groups.get(name) == group for name in layer) for layer in layers)
        beside = [band for band in bands.values() if band.first <= last and band.last >= first]
        reach = height + 2.0 * (MARGIN - 0.5)
        low = max((band.high + 0.35 for band in beside), default=-reach / 2.0)
        bands[group] = Band(low, low + reach, first, last)
    return bands


def _start(layers: Sequence[Sequence[str]], bands: Mapping[str, Band], groups: Mapping[str, str]) -> dict[str, float]:
    rows: dict[str, float] = {}
    for at, layer in enumerate(layers):
        middle = {name: number - (len(layer) - 1) / 2.0 for number, name in enumerate(layer)}
        rows |= _settle(layer, middle, middle, bands, groups, dict.fromkeys(layer, at))
    return rows


def _wishes(
    layer: Sequence[str],
    column: Mapping[str, int],
    rows: Mapping[str, float],
    near: Mapping[str, Sequence[str]],
    forward: bool,
) -> dict[str, float]:
    """The middle of the neighbours on the side from which the sweep comes, else of all, else where it is."""
    wishes = {}
    for name in layer:
        around = near.get(name, ())
        side = [other for other in around if (column[other] < column[name]) == forward] or list(around)
        wishes[name] = sum(rows[other] for other in side) / len(side) if side else rows[name]
    return wishes


def _settle(
    layer: Sequence[str],
    rows: Mapping[str, float],
    wishes: Mapping[str, float],
    bands: Mapping[str, Band],
    groups: Mapping[str, str],
    column: Mapping[str, int],
) -> dict[str, float]:
    """Rows for one column: members within their band, the others above or below all bands that cross it."""
    settled: dict[str, float] = {}
    order = sorted(layer, key=lambda name: (wishes[name], rows[name]))
    crossing = [band for band in bands.values() if layer and band.first <= column[layer[0]] <= band.last]

    def put(members: list[str], low: float, high: float) -> None:
        places = spread([wishes[name] for name in members], [1.0] * len(members), low, high)
        settled.update(zip(members, places, strict=True))

    for group, band in bands.items():
        inside = MARGIN - 0.5
        put([name for name in order if groups.get(name) == group], band.low + inside, band.high - inside)
    free = [name for name in order if name not in groups]
    if not crossing:
        put(free, float("-inf"), float("inf"))
        return settled
    top, bottom = min(band.low for band in crossing), max(band.high for band in crossing)
    over = _above(free, wishes, (top + bottom) / 2.0)
    put(over, float("-inf"), top)
    put([name for name in free if name not in over], bottom, float("inf"))
    return settled


def _above(free: Sequence[str], wishes: Mapping[str, float], middle: float) -> list[str]:
    """Who goes above the bands: who wishes to, and of those who do not mind as many as even it out."""
    over = [name for name in free if wishes[name] < middle - 1e-6]
    unsure = [name for name in free if abs(wishes[name] - middle) <= 1e-6]
    under = len(free) - len(over) - len(unsure)
    return over + unsure[: max(0, (len(unsure) + under - len(over) + 1) // 2)]
