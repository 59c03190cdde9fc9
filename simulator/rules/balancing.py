"""How a replica is chosen (rules 9.1 to 9.5): `choose`, and a function for each balancer.

`ready` holds the numbers of the replicas that are ready, ascending, at least one; `unanswered` the calls sent to each
replica and not yet answered, by number. Draws are at the attempt's address, in the stream of the target service.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..plan.layout import UNLIMITED, Balancer
from .jit import int64, rule, uint64
from .randomness import child, uniform

LEAST_REQUEST = int(Balancer.LEAST_REQUEST)
ROUND_ROBIN = int(Balancer.ROUND_ROBIN)
RANDOM = int(Balancer.RANDOM)
ALL = UNLIMITED

POINTS_PER_REPLICA = 160
"""Places of a replica on the ring, as in ketama (Jones, 2007): 40 MD5 digests of four places each."""


@rule("int64(float64, int64)")
def pick(u: float, count: int) -> int:
    """A position among `count`, each as likely."""
    return min(int64(u * count), count - 1)


@rule("int64(int64[::1], int64[::1], uint64, uint64, uint64)")
def least_of_all(ready, unanswered, key, address, stream):
    """One of those with the fewest unanswered, each as likely; no draw if there is only one."""
    fewest, ties = unanswered[ready[0]], 0
    for replica in ready:
        if unanswered[replica] < fewest:
            fewest, ties = unanswered[replica], 0
        if unanswered[replica] == fewest:
            ties += 1
    wanted = 0 if ties == 1 else pick(uniform(key, address, stream, uint64(0)), ties)
    for replica in ready:
        if unanswered[replica] == fewest:
            if wanted == 0:
                return replica
            wanted -= 1
    return ready[0]


@rule("int64(int64[::1], int64[::1], int64, uint64, uint64, uint64)")
def least_request(ready, unanswered, choices, key, address, stream):
    """Of `choices` distinct replicas drawn at random the one with the fewest unanswered, ties to the first drawn."""
    count = len(ready)
    if count == 1:
        return ready[0]
    if choices == ALL:
        return least_of_all(ready, unanswered, key, address, stream)
    first = pick(uniform(key, address, stream, uint64(0)), count)
    best = ready[first]
    if choices == 2 and count >= 2:
        # The usual case, without a list of what has been drawn.
        second = pick(uniform(key, address, stream, uint64(1)), count - 1)
        other = ready[second + 1 if second >= first else second]
        return other if unanswered[other] < unanswered[best] else best
    drawn = np.empty(min(choices, count), np.int64)
    drawn[0] = first
    for k in range(1, len(drawn)):
        position = pick(uniform(key, address, stream, uint64(k)), count - k)
        at = 0
        while at < k and position >= drawn[at]:
            position += 1
            at += 1
        drawn[at + 1 : k + 1] = drawn[at:k].copy()
        drawn[at] = position
        if unanswered[ready[position]] < unanswered[best]:
            best = ready[position]
    return best


@rule("int64(int64[::1], int64)")
def round_robin(ready, last):
    """The first ready replica after the last one chosen, by number; the lowest behind the highest."""
    position = np.searchsorted(ready, last + 1)
    return ready[position] if position < len(ready) else ready[0]


@rule("int64(int64[::1], uint64[::1], int64[::1], uint64)")
def consistent_hash(ready, places, owners, hash_key):
    """The first ready replica on the ring from the place of `hash_key` on."""
    start = np.searchsorted(places, hash_key)
    for step in range(len(places)):
        owner = owners[(start + step) % len(places)]
        position = np.searchsorted(ready, owner)
        if position < len(ready) and ready[position] == owner:
            return owner
    return ready[0]


@rule("int64(int64, int64[::1], int64[::1], int64, int64, uint64[::1], int64[::1], uint64, uint64, uint64, uint64)")
def choose(
    balancer: int,
    ready: NDArray[np.int64],
    unanswered: NDArray[np.int64],
    choices: int,
    last: int,
    places: NDArray[np.uint64],
    owners: NDArray[np.int64],
    hash_key: int,
    key: int,
    address: int,
    stream: int,
) -> int:
    """The number of the replica for one attempt.

    `last` is the replica that this unit's balancer chose before (-1: none), `places` and `owners` its ring.
    """
    if balancer == LEAST_REQUEST:
        return least_request(ready, unanswered, choices, key, address, stream)
    if balancer == ROUND_ROBIN:
        return round_robin(ready, last)
    if balancer == RANDOM:
        return ready[pick(uniform(key, address, stream, uint64(0)), len(ready))]
    return consistent_hash(ready, places, owners, hash_key)


@rule("Tuple((uint64[::1], int64[::1]))(uint64, int64)")
def make_ring(stream, replicas):
    """The ring of a unit: places ascending, and whose they are."""
    places = np.empty(replicas * POINTS_PER_REPLICA, np.uint64)
    for replica in range(replicas):
        for point in range(POINTS_PER_REPLICA):
            places[replica * POINTS_PER_REPLICA + point] = child(uint64(replica), stream, uint64(point))
    order = np.argsort(places, kind="mergesort")
    return places[order], order // POINTS_PER_REPLICA
