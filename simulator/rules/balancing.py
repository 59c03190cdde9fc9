"""How a replica is chosen (rules 9.1 to 9.6), among the ready ones of the target's unit.

Positions are in the list of ready replicas, in the order of their numbers.
"""

from __future__ import annotations

import numpy as np

from .jit import int64, rule, uint64
from .randomness import child

POINTS_PER_REPLICA = 160
"""Places of a replica on the ring, as in ketama (Jones, 2007): 40 MD5 digests of four places each."""


@rule("int64(float64, int64)")
def pick(u: float, ready: int) -> int:
    """A position, each as likely."""
    return min(int64(u * ready), ready - 1)


@rule("int64(int64, int64[::1], int64)")
def skip_chosen(position, chosen, count):
    """The `position`-th of those not among the first `count` entries of `chosen`, which ascend."""
    for i in range(count):
        if position >= chosen[i]:
            position += 1
    return position


@rule("int64(int64, int64)")
def skip_first(position: int, first: int) -> int:
    """`skip_chosen` for the usual case: one chosen already."""
    return position + 1 if position >= first else position


@rule("Tuple((uint64[::1], int64[::1]))(uint64, int64)")
def make_ring(stream, replicas):
    """The ring of a unit: places ascending, and whose they are."""
    places = np.empty(replicas * POINTS_PER_REPLICA, np.uint64)
    for replica in range(replicas):
        for point in range(POINTS_PER_REPLICA):
            places[replica * POINTS_PER_REPLICA + point] = child(uint64(replica), stream, uint64(point))
    order = np.argsort(places, kind="mergesort")
    return places[order], order // POINTS_PER_REPLICA


@rule("int64(uint64[::1], uint64)")
def ring_start(places, place):
    """The first row of the ring at or after a place, the first row of all behind the last."""
    row = np.searchsorted(places, place)
    return row if row < len(places) else 0
