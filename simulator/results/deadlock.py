"""Slots that wait for each other when a run has ended (rule 11.19): found among those who wait for a slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..plan.columns import Integers
from ..plan.plan import Plan
from ..plan.trace import Trace


@dataclass(frozen=True)
class Deadlock:
    """One replication's: its replicas, numbered through all units, and since when each of their slots waits."""

    replicas: tuple[int, ...]
    since_s: float

    def units(self, plan: Plan) -> dict[int, int]:
        """How many replicas of which units."""
        unit_of = np.repeat(np.arange(len(plan.units.name)), plan.units.replicas)
        rows, counts = np.unique(unit_of[list(self.replicas)], return_counts=True)
        return dict(zip(rows.tolist(), counts.tolist(), strict=True))


def find_deadlock(plan: Plan, trace: Trace) -> Deadlock | None:
    """The replicas all of whose slots are held by visits that wait for slots of these same replicas."""
    waits = trace.waits
    if not waits.visit.size:
        return None
    slots = np.repeat(plan.units.concurrency, plan.units.replicas)
    stuck = _stuck(waits.visit, waits.holder, waits.queue, slots)
    inside = stuck[waits.holder] & stuck[waits.queue]
    edges = set(zip(waits.holder[inside].tolist(), waits.queue[inside].tolist(), strict=True))
    circle = [one for one in np.flatnonzero(stuck).tolist() if one in _reached(edges, one)]
    if not circle:
        return None
    rows = inside & np.isin(waits.holder, circle)
    first = np.full(waits.visit.max() + 1, np.inf)
    np.minimum.at(first, waits.visit[rows], waits.since_s[rows])
    return Deadlock(tuple(circle), float(first[np.isfinite(first)].max()))


def _stuck(visit: Integers, holder: Integers, queue: Integers, slots: Integers) -> NDArray[np.bool_]:
    """Replicas none of whose slots will ever be free, as long as those that they wait for will not be either."""
    stuck = np.ones(slots.size, dtype=np.bool_)
    while True:
        blocked = np.unique(np.stack([visit, holder])[:, stuck[queue]], axis=1)
        held = np.bincount(blocked[1], minlength=slots.size)
        now = stuck & (held > 0) & (held >= slots)
        if (now == stuck).all():
            return stuck
        stuck = now


def _reached(edges: set[tuple[int, int]], start: int) -> set[int]:
    """Where one comes to from a replica, along who waits for whom."""
    found: set[int] = set()
    here = {start}
    while here:
        here = {to for at, to in edges if at in here} - found
        found |= here
    return found
