"""Rules 9.1 to 9.5: how a position is drawn, and the ring."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from simulator.rules.balancing import POINTS_PER_REPLICA, make_ring, pick, ring_start, skip_chosen, skip_first
from simulator.rules.randomness import child, mix, uniform

STREAM = 77


@pytest.mark.parametrize("ready", [1, 2, 3, 7, 1000])
def test_pick_cuts_the_unit_interval_in_equal_parts(ready):
    assert pick(2.0**-53, ready) == 0
    assert pick(1.0 - 2.0**-53, ready) == ready - 1
    for position in range(min(ready, 20)):
        assert pick((position + 0.5) / ready, ready) == position


@pytest.mark.parametrize("ready", [2, 3, 5])
def test_two_distinct_ones_each_pair_as_likely(ready):
    key, n = mix(1, 0), 20_000
    seen: dict[tuple[int, int], int] = {}
    for address in range(n):
        first = pick(uniform(key, address, STREAM, 0), ready)
        second = skip_first(pick(uniform(key, address, STREAM, 1), ready - 1), first)
        seen[first, second] = seen.get((first, second), 0) + 1
    assert set(seen) == set(itertools.permutations(range(ready), 2))
    assert stats.chisquare(list(seen.values())).pvalue > 1e-4


def test_skip_chosen_numbers_those_that_are_left():
    for size in range(1, 6):
        for chosen in itertools.combinations(range(6), size):
            left = [n for n in range(6) if n not in chosen]
            array = np.array((*chosen, 99), np.int64)
            assert [skip_chosen(p, array, size) for p in range(len(left))] == left


def test_skip_first_is_skip_chosen_of_one():
    for first, position in itertools.product(range(6), range(5)):
        assert skip_first(position, first) == skip_chosen(position, np.array([first], np.int64), 1)


def test_9_5_the_ring_has_160_places_of_each_replica_ascending():
    places, owners = make_ring(STREAM, 5)
    assert POINTS_PER_REPLICA == 160
    assert np.bincount(owners).tolist() == [160] * 5
    assert (np.diff(places.astype(object)) > 0).all()
    assert places[0] == min(child(r, STREAM, p) for r in range(5) for p in range(160))


def owner_of(ring, place):
    places, owners = ring
    return int(owners[ring_start(places, place)])


def test_9_5_the_first_place_at_or_after_the_key():
    places, owners = ring = make_ring(STREAM, 3)
    for row in (0, 1, 200, len(places) - 1):
        place = int(places[row])
        assert owner_of(ring, place) == owners[row]
        assert owner_of(ring, place + 1) == owners[(row + 1) % len(places)]
    assert owner_of(ring, 0) == owners[0]
    assert owner_of(ring, 2**64 - 1) == owners[0]


def test_the_ring_is_balanced():
    """A replica's share of the ring is Beta(160, 160 (n - 1)): of mean 1/n and cv below 8 %."""
    replicas = 10
    places, owners = make_ring(STREAM, replicas)
    edges = [0, *(int(place) for place in places)]
    widths = np.array([(b - a) / 2**64 for a, b in itertools.pairwise(edges)])
    widths[0] += (2**64 - int(places[-1])) / 2**64
    shares = np.bincount(owners, weights=widths, minlength=replicas)
    assert abs(shares.sum() - 1.0) < 1e-9
    law = stats.beta(160, 160 * (replicas - 1))
    assert law.ppf(1e-6) < shares.min()
    assert shares.max() < law.ppf(1 - 1e-6)
    keys = [child(number, 5, 0) for number in range(20_000)]
    counts = np.bincount([owner_of((places, owners), key) for key in keys], minlength=replicas)
    assert stats.chisquare(counts, shares * len(keys)).pvalue > 1e-4


@pytest.mark.parametrize("replicas", [2, 3, 8])
def test_one_replica_less_moves_its_keys_only(replicas):
    more, less = make_ring(STREAM, replicas), make_ring(STREAM, replicas - 1)
    gone = replicas - 1
    moved = 0
    for number in range(4_000):
        key = child(number, 5, 0)
        before, after = owner_of(more, key), owner_of(less, key)
        if before == gone:
            moved += 1
        else:
            assert after == before
    assert moved > 0


def test_rings_of_two_units_differ():
    assert make_ring(1, 2)[0].tolist() != make_ring(2, 2)[0].tolist()
