"""Where the boxes of a topology go: in columns by distance from the edge, in few crossings.

Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): columns by
the longest way from the edge; a long arrow takes a lane in every column that it passes; then sweeps, in which each box
and lane moves towards the middle of its neighbours. Boxes of one group (services of one unit) stay within a band of
rows that no stranger enters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .style import spread

SWEEPS: Final = 12
LANE: Final = 0.34
"""Rows that an arrow takes where it passes a column; a box takes 1."""
HEADER: Final = 0.28
"""Rows for the name of a band."""
BETWEEN: Final = 0.25
"""Rows between two bands."""

Edge = tuple[str, str]
Near = Mapping[str, Sequence[str]]


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


@dataclass(frozen=True)
class Layout:
    """Places of boxes, the lanes that long arrows take from left to right, and the bands of groups."""

    boxes: dict[str, Place]
    lanes: dict[Edge, list[Place]]
    bands: dict[str, Band]


@dataclass(frozen=True)
class _Net:
    """Boxes and lanes alike, joined by links that go from one column to the next."""

    column: dict[str, int]
    layers: list[list[str]]
    links: list[Edge]
    lanes: dict[Edge, list[str]]
    groups: dict[str, str]
    bands: dict[str, Band]

    def size(self, names: Iterable[str]) -> list[float]:
        on_lane = {lane for lanes in self.lanes.values() for lane in lanes}
        return [LANE if name in on_lane else 1.0 for name in names]


def columns(names: Sequence[str], edges: Iterable[Edge]) -> dict[str, int]:
    """How many arrows the longest way to each box has; arrows that close a cycle do not count."""
    inward: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        inward[target].append(source)
    found: dict[str, int] = {}
    begun: set[str] = set()

    def depth(name: str) -> int:
        if name not in found:
            begun.add(name)
            found[name] = max((depth(source) + 1 for source in inward[name] if source not in begun), default=0)
            begun.discard(name)
        return found[name]

    return {name: depth(name) for name in names}


def arrange(names: Sequence[str], edges: Sequence[Edge], groups: Mapping[str, str]) -> Layout:
    """A place for each box, lanes for long arrows, and a band for each group.

    Parameters
    ----------
    names
        All boxes.
    edges
        Arrows, from caller to target.
    groups
        The group of each box that is in one.
    """
    net = _net(names, edges, groups)
    near = _neighbours(net.links)
    rows: dict[str, float] = {}
    for layer in net.layers:
        middle = {name: number - (len(layer) - 1) / 2.0 for number, name in enumerate(layer)}
        rows |= _settle(net, layer, middle, middle)
    best, fewest = dict(rows), crossings(net.column, rows, net.links)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for layer in net.layers if forward else net.layers[::-1]:
            rows |= _settle(net, layer, rows, _wishes(net, layer, rows, near, forward))
        now = crossings(net.column, rows, net.links)
        if now <= fewest:
            best, fewest = dict(rows), now
    place = {name: Place(net.column[name], best[name]) for name in net.column}
    lanes = {edge: [place[lane] for lane in passed] for edge, passed in net.lanes.items()}
    return Layout({name: place[name] for name in names}, lanes, net.bands)


def crossings(column: Mapping[str, int], rows: Mapping[str, float], links: Sequence[Edge]) -> tuple[int, float]:
    """How many pairs of links between the same columns cross, then how far all links go up or down."""
    number = 0
    for at, (a, b) in enumerate(links):
        for c, d in links[at + 1 :]:
            same = column[a] == column[c] and column[b] == column[d]
            number += same and (rows[a] - rows[c]) * (rows[b] - rows[d]) < 0
    return number, round(sum(abs(rows[a] - rows[b]) for a, b in links), 6)


def _net(names: Sequence[str], edges: Sequence[Edge], groups: Mapping[str, str]) -> _Net:
    """Lanes are added where arrows pass columns; those between two boxes of a group belong to the group."""
    column = columns(names, edges)
    group = dict(groups)
    links: list[Edge] = []
    lanes: dict[Edge, list[str]] = {}
    for source, target in edges:
        passed = [f"{source} > {target} > {at}" for at in range(column[source] + 1, column[target])]
        lanes[source, target] = passed
        for at, lane in enumerate(passed, column[source] + 1):
            column[lane] = at
            if source in groups and groups[source] == groups.get(target):
                group[lane] = groups[source]
        way = [source, *passed, target]
        links += pairwise(way)
    layers: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for name, at in column.items():
        layers[at].append(name)
    net = _Net(column, layers, links, lanes, group, {})
    net.bands.update(_bands(net))
    return net


def _bands(net: _Net) -> dict[str, Band]:
    """Groups that share a column lie below each other; the first is in the middle."""
    bands: dict[str, Band] = {}
    for group in dict.fromkeys(net.groups.values()):
        members = [name for name in net.column if net.groups.get(name) == group]
        first, last = min(net.column[name] for name in members), max(net.column[name] for name in members)
        inside = [[name for name in layer if net.groups.get(name) == group] for layer in net.layers]
        height = HEADER + max(sum(net.size(layer)) for layer in inside)
        beside = [band for band in bands.values() if band.first <= last and band.last >= first]
        low = max((band.high + BETWEEN for band in beside), default=-height / 2.0)
        bands[group] = Band(low, low + height, first, last)
    return bands


def _neighbours(links: Iterable[Edge]) -> Near:
    near: dict[str, list[str]] = defaultdict(list)
    for source, target in links:
        near[source].append(target)
        near[target].append(source)
    return near


def _wishes(net: _Net, layer: Sequence[str], rows: Mapping[str, float], near: Near, forward: bool) -> dict[str, float]:
    """The middle of the neighbours on the side from which the sweep comes, else of all, else where it is."""
    wishes = {}
    for name in layer:
        around = near.get(name, ())
        side = [other for other in around if (net.column[other] < net.column[name]) == forward] or list(around)
        wishes[name] = sum(rows[other] for other in side) / len(side) if side else rows[name]
    return wishes


def _settle(
    net: _Net, layer: Sequence[str], rows: Mapping[str, float], wishes: Mapping[str, float]
) -> dict[str, float]:
    """Rows for one column: members within their band, the others above or below all bands that cross it."""
    settled: dict[str, float] = {}
    order = sorted(layer, key=lambda name: (wishes[name], rows[name]))

    def put(members: list[str], low: float, high: float) -> None:
        places = spread([wishes[name] for name in members], net.size(members), low, high)
        settled.update(zip(members, places, strict=True))

    for group, band in net.bands.items():
        put([name for name in order if net.groups.get(name) == group], band.low + HEADER, band.high)
    free = [name for name in order if name not in net.groups]
    crossing = [band for band in net.bands.values() if layer and band.first <= net.column[layer[0]] <= band.last]
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
