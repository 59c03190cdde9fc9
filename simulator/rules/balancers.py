"""How a replica is chosen (rules 9.1 to 9.5): `choose`, and a function for each balancer.

All that a unit's balancer knows is on its board, some words of an array from a place `at` on: how many replicas are
eligible, which one was chosen last, the numbers of the eligible ones in ascending order, the calls sent to each
replica and not yet answered, what keeps a replica from being chosen; for LEAST_REQUEST of all a tournament of the
unanswered calls, of some distinct ones room for what was drawn, for CONSISTENT_HASH the ring. Draws are at the
attempt's address, in the stream of the target service.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..machine_code.jit import int64, rule, uint64
from ..plan.layout import UNLIMITED, Balancer
from .randomness import child, uniform

LEAST_REQUEST = int(Balancer.LEAST_REQUEST)
LEAST_OF_DISTINCT = int(Balancer.LEAST_OF_DISTINCT)
ROUND_ROBIN = int(Balancer.ROUND_ROBIN)
RANDOM = int(Balancer.RANDOM)
CONSISTENT_HASH = int(Balancer.CONSISTENT_HASH)
ALL = UNLIMITED

POINTS_PER_REPLICA = 160
"""Places of a replica on the ring, as in ketama (Jones, 2007): 40 MD5 digests of four places each."""

READY, LAST, REPLICAS, LEAVES, NUMBERS = range(5)
"""Words of a board: eligible replicas, the last one chosen (-1: none yet), all replicas, leaves of the tournament (0:
there is none); then the numbers of the eligible ones, the unanswered calls of each replica, its mask, and extras: the
tournament, or positions drawn, or the ring: its places in ascending order, and whose they are."""
NOBODY = 2**62
"""Unanswered calls of a leaf that stands for no eligible replica."""
NOT_READY, EJECTED = 1, 2
"""Bits of a mask: why a replica is not to be chosen. One whose mask is 0 is eligible."""


@rule("int64(float64, int64)")
def pick(u: float, count: int) -> int:
    """A position among `count`, each as likely."""
    return min(int64(u * count), count - 1)


@rule("int64(int64[::1], int64)", "int64(CPointer(int64), int64)", inline=True)
def unanswered_at(board, at):
    """Where the unanswered calls of replica 0 are."""
    return at + NUMBERS + board[at + REPLICAS]


@rule("int64(int64[::1], int64)", "int64(CPointer(int64), int64)")
def extras_at(board, at):
    """Where the extras are, behind the masks."""
    return at + NUMBERS + 3 * board[at + REPLICAS]


@rule("void(int64[::1], int64, int64)", "void(CPointer(int64), int64, int64)")
def play(board, tree, node):
    """Decide one match of the tournament: the fewest of both sides, and how many have so few."""
    left, right = tree + 4 * node, tree + 4 * node + 2
    fewest = min(board[left], board[right])
    ties = 0
    if board[left] == fewest:
        ties += board[left + 1]
    if board[right] == fewest:
        ties += board[right + 1]
    board[tree + 2 * node] = fewest
    board[tree + 2 * node + 1] = ties


@rule("void(int64[::1], int64, int64)", "void(CPointer(int64), int64, int64)")
def replay(board, at, replica):
    """Decide the matches of a replica again."""
    tree = extras_at(board, at)
    node = board[at + LEAVES] + replica
    if board[tree + 2 * node + 1] > 0:  # who is not eligible does not play
        board[tree + 2 * node] = board[unanswered_at(board, at) + replica]
    while node > 1:
        node >>= 1
        play(board, tree, node)


@rule("void(int64[::1], int64, int64, int64)", "void(CPointer(int64), int64, int64, int64)", inline=True)
def count_unanswered(board, at, replica, change):
    """One more call was sent to a replica, or one less is unanswered."""
    board[unanswered_at(board, at) + replica] += change
    if board[at + LEAVES] > 0:
        replay(board, at, replica)


@rule("void(int64[::1], int64, int64, int64)", "void(CPointer(int64), int64, int64, int64)")
def seat(board, at, replica, eligible):
    """Have a replica in the tournament, if there is one, or out of it."""
    leaves = board[at + LEAVES]
    if leaves > 0:
        tree = extras_at(board, at)
        node = leaves + replica
        board[tree + 2 * node] = board[unanswered_at(board, at) + replica] if eligible else NOBODY
        board[tree + 2 * node + 1] = eligible
        while node > 1:
            node >>= 1
            play(board, tree, node)


@rule("int64(int64[::1], int64, uint64, uint64, uint64)", "int64(CPointer(int64), int64, uint64, uint64, uint64)")
def least_of_all(board, at, key, address, stream):
    """One of those with the fewest unanswered, each as likely; no draw if there is only one. O(log replicas)."""
    leaves = board[at + LEAVES]
    tree = extras_at(board, at)
    fewest, ties = board[tree + 2], board[tree + 3]
    wanted = 0 if ties == 1 else pick(uniform(key, address, stream, uint64(0)), ties)
    node = 1
    while node < leaves:
        node *= 2
        if board[tree + 2 * node] == fewest:
            if wanted < board[tree + 2 * node + 1]:
                continue
            wanted -= board[tree + 2 * node + 1]
        node += 1
    return node - leaves


@rule(
    "int64(int64[::1], int64, int64, uint64, uint64, uint64)",
    "int64(CPointer(int64), int64, int64, uint64, uint64, uint64)",
)
def least_request(board, at, choices, key, address, stream):
    """Of `choices` draws, some maybe of the same replica, the one with the fewest unanswered, ties to the first drawn.

    More than one is eligible.
    """
    count, ready, unanswered = board[at + READY], at + NUMBERS, unanswered_at(board, at)
    if choices == ALL:
        return least_of_all(board, at, key, address, stream)
    best = board[ready + pick(uniform(key, address, stream, uint64(0)), count)]
    for k in range(1, choices):
        if board[unanswered + best] == 0:
            break  # nobody has fewer: what is not drawn moves no other draw
        drawn = board[ready + pick(uniform(key, address, stream, uint64(k)), count)]
        if board[unanswered + drawn] < board[unanswered + best]:
            best = drawn
    return best


@rule(
    "int64(int64[::1], int64, int64, uint64, uint64, uint64)",
    "int64(CPointer(int64), int64, int64, uint64, uint64, uint64)",
)
def least_of_distinct(board, at, choices, key, address, stream):
    """Of `choices` distinct replicas drawn at random the one with the fewest unanswered, ties to the first drawn.

    More than one is eligible.
    """
    count, ready, unanswered = board[at + READY], at + NUMBERS, unanswered_at(board, at)
    first = pick(uniform(key, address, stream, uint64(0)), count)
    best = board[ready + first]
    if choices == 1 or board[unanswered + best] == 0:
        return best
    if choices == 2:
        # The usual case, without a list of what has been drawn.
        second = pick(uniform(key, address, stream, uint64(1)), count - 1)
        other = board[ready + (second + 1 if second >= first else second)]
        return other if board[unanswered + other] < board[unanswered + best] else best
    drawn = extras_at(board, at)  # positions, ascending
    board[drawn] = first
    for k in range(1, min(choices, count)):
        position = pick(uniform(key, address, stream, uint64(k)), count - k)
        place = drawn
        while place < drawn + k and position >= board[place]:
            position += 1
            place += 1
        for later in range(drawn + k, place, -1):
            board[later] = board[later - 1]
        board[place] = position
        if board[unanswered + board[ready + position]] < board[unanswered + best]:
            best = board[ready + position]
    return best


@rule("int64(int64[::1], int64, int64)", "int64(CPointer(int64), int64, int64)")
def first_ready(board, at, replica):
    """Which of the eligible ones is the first from a number on; as many as there are if none is."""
    low, high = 0, board[at + READY]
    while low < high:
        middle = (low + high) // 2
        if board[at + NUMBERS + middle] < replica:
            low = middle + 1
        else:
            high = middle
    return low


@rule("void(int64[::1], int64, int64, int64)", "void(CPointer(int64), int64, int64, int64)")
def exclude(board, at, replica, reason):
    """From now on a replica is not to be chosen, for one of the reasons of a mask. O(replicas)."""
    mask = unanswered_at(board, at) + board[at + REPLICAS] + replica
    was = board[mask]
    board[mask] = was | reason
    if was == 0:
        last = board[at + READY] - 1
        for position in range(first_ready(board, at, replica), last):
            board[at + NUMBERS + position] = board[at + NUMBERS + position + 1]
        board[at + READY] = last
        seat(board, at, replica, 0)


@rule("void(int64[::1], int64, int64, int64)", "void(CPointer(int64), int64, int64, int64)")
def include(board, at, replica, reason):
    """One reason not to choose a replica is gone; it is eligible if that was the last one. O(replicas)."""
    mask = unanswered_at(board, at) + board[at + REPLICAS] + replica
    was = board[mask]
    board[mask] = was & ~reason
    if was != 0 and board[mask] == 0:
        ready = board[at + READY]
        first = first_ready(board, at, replica)
        for position in range(ready, first, -1):
            board[at + NUMBERS + position] = board[at + NUMBERS + position - 1]
        board[at + NUMBERS + first] = replica
        board[at + READY] = ready + 1
        seat(board, at, replica, 1)


@rule("int64(int64[::1], int64)", "int64(CPointer(int64), int64)")
def round_robin(board, at):
    """The first eligible replica after the last one chosen, by number; the lowest behind the highest."""
    position = first_ready(board, at, board[at + LAST] + 1)
    return board[at + NUMBERS + (position if position < board[at + READY] else 0)]


@rule("int64(int64[::1], int64, uint64)", "int64(CPointer(int64), int64, uint64)")
def consistent_hash(board, at, hash_key):
    """The first eligible replica on the ring from the place of `hash_key` on."""
    points = board[at + REPLICAS] * POINTS_PER_REPLICA
    places = extras_at(board, at)
    low, high = 0, points
    while low < high:
        middle = (low + high) // 2
        if uint64(board[places + middle]) < hash_key:
            low = middle + 1
        else:
            high = middle
    for step in range(points):
        owner = board[places + points + (low + step) % points]
        position = first_ready(board, at, owner)
        if position < board[at + READY] and board[at + NUMBERS + position] == owner:
            return owner
    return board[at + NUMBERS]


@rule(
    "int64(int64, int64, int64[::1], int64, uint64, uint64, uint64, uint64)",
    "int64(int64, int64, CPointer(int64), int64, uint64, uint64, uint64, uint64)",
    inline=True,
)
def choose(
    balancer: int, choices: int, board: NDArray[np.int64], at: int, hash_key: int, key: int, address: int, stream: int
) -> int:
    """The number of the replica for one attempt, noted on the board; -1 if none is eligible."""
    if board[at + READY] == 0:
        return -1
    if board[at + READY] == 1:
        chosen = board[at + NUMBERS]
    elif balancer == LEAST_REQUEST:
        chosen = least_request(board, at, choices, key, address, stream)
    elif balancer == LEAST_OF_DISTINCT:
        chosen = least_of_distinct(board, at, choices, key, address, stream)
    elif balancer == ROUND_ROBIN:
        chosen = round_robin(board, at)
    elif balancer == RANDOM:
        chosen = board[at + NUMBERS + pick(uniform(key, address, stream, uint64(0)), board[at + READY])]
    else:
        chosen = consistent_hash(board, at, hash_key)
    board[at + LAST] = chosen
    return chosen


@rule("Tuple((uint64[::1], int64[::1]))(uint64, int64)")
def make_ring(stream, replicas):
    """The ring of a unit: places ascending, and whose they are."""
    places = np.empty(replicas * POINTS_PER_REPLICA, np.uint64)
    for replica in range(replicas):
        for point in range(POINTS_PER_REPLICA):
            places[replica * POINTS_PER_REPLICA + point] = child(uint64(replica), stream, uint64(point))
    order = np.argsort(places, kind="mergesort")
    return places[order], order // POINTS_PER_REPLICA


def make_board(balancer: int, choices: int, replicas: int, ring_stream: int) -> NDArray[np.int64]:
    """The board of a unit's balancer at the start: all replicas are eligible, nothing was sent."""
    leaves = 0
    extra: list[NDArray[np.int64]] = []
    if balancer == LEAST_REQUEST and choices == ALL:
        leaves = 1 << max(0, replicas - 1).bit_length()
        extra = [_tournament(replicas, leaves)]
    elif balancer == LEAST_OF_DISTINCT and choices > 2:
        extra = [np.zeros(min(choices, replicas), np.int64)]
    elif balancer == CONSISTENT_HASH:
        places, owners = make_ring(ring_stream, replicas)
        extra = [places.view(np.int64), owners]
    head = np.array([replicas, -1, replicas, leaves], np.int64)
    return np.concatenate([head, np.arange(replicas), np.zeros(2 * replicas, np.int64), *extra])


def _tournament(replicas: int, leaves: int) -> NDArray[np.int64]:
    """Before anything was sent: for each node 0 unanswered, and how many have so few. The node of all is 1."""
    tree = np.full((2 * leaves, 2), (NOBODY, 0), np.int64)
    tree[leaves : leaves + replicas] = (0, 1)
    while leaves > 1:
        pairs = tree[leaves : 2 * leaves].reshape(-1, 2, 2)
        leaves //= 2
        tree[leaves : 2 * leaves] = np.stack([pairs[..., 0].min(axis=1), pairs[..., 1].sum(axis=1)], axis=1)
    return tree.ravel()
