"""Rules 9.1 to 9.5: how a position is drawn, and the ring."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from simulator.plan.layout import Balancer
from simulator.rules.balancing import (
    ALL,
    POINTS_PER_REPLICA,
    choose,
    consistent_hash,
    least_request,
    make_ring,
    pick,
    round_robin,
)
from simulator.rules.randomness import child, mix, uniform

STREAM = 77


@pytest.mark.parametrize("ready", [1, 2, 3, 7, 1000])
def test_pick_cuts_the_unit_interval_in_equal_parts(ready):
    assert pick(2.0**-53, ready) == 0
    assert pick(1.0 - 2.0**-53, ready) == ready - 1
    for position in range(min(ready, 20)):
        assert pick((position + 0.5) / ready, ready) == position


def least(ready, unanswered, choices, address=0):
    return int(least_request(np.array(ready), np.array(unanswered), choices, mix(1, 0), address, STREAM))


@pytest.mark.parametrize("choices", [2, 3, 5, 9])
def test_9_2_distinct_ones_drawn_at_random_the_fewest_ties_to_the_first(choices):
    """Against drawing without replacement from a Python list, with the very same numbers."""
    key = mix(1, 0)
    generator = np.random.default_rng(1)
    for address in range(500):
        ready = sorted(generator.choice(9, size=generator.integers(2, 9), replace=False).tolist())
        unanswered = generator.integers(0, 3, size=9).tolist()
        left = list(ready)
        drawn = [left.pop(int(uniform(key, address, STREAM, k) * len(left))) for k in range(min(choices, len(ready)))]
        assert least(ready, unanswered, choices, address) == min(drawn, key=lambda replica: unanswered[replica])


@pytest.mark.parametrize("ready", [2, 3, 5])
def test_9_2_each_of_equals_is_as_likely(ready):
    for choices in (2, 3, ALL):
        seen = np.bincount([least(range(ready), [4] * ready, choices, a) for a in range(20_000)], minlength=ready)
        assert stats.chisquare(seen).pvalue > 1e-4


def test_9_2_of_all_those_with_the_fewest():
    assert {least([0, 2, 3, 5], [1, 0, 3, 1, 0, 1], ALL, a) for a in range(200)} == {0, 3, 5}
    assert {least([0, 2, 3, 5], [1, 0, 3, 2, 0, 4], ALL, a) for a in range(200)} == {0}
    assert least([4], [9, 9, 9, 9, 9], ALL) == 4


def test_9_3_round_robin_goes_on_behind_the_last_one_whoever_is_ready():
    assert [int(round_robin(np.arange(3), last)) for last in (-1, 0, 1, 2)] == [0, 1, 2, 0]
    assert [int(round_robin(np.array([1, 4, 6]), last)) for last in (-1, 1, 2, 4, 5, 6)] == [1, 4, 4, 6, 6, 1]


def test_choose_is_each_of_them():
    key, ring = mix(1, 0), make_ring(STREAM, 4)
    ready, unanswered = np.arange(4), np.array([3, 0, 2, 1])
    for address in range(50):
        draw = (key, address, STREAM)
        chosen = [choose(kind, ready, unanswered, 2, 2, *ring, address << 56, *draw) for kind in Balancer]
        assert chosen == [
            least_request(ready, unanswered, 2, *draw),
            3,
            int(uniform(*draw, 0) * 4),
            consistent_hash(ready, *ring, address << 56),
        ]


def test_9_5_the_ring_has_160_places_of_each_replica_ascending():
    places, owners = make_ring(STREAM, 5)
    assert POINTS_PER_REPLICA == 160
    assert np.bincount(owners).tolist() == [160] * 5
    assert (np.diff(places.astype(object)) > 0).all()
    assert places[0] == min(child(r, STREAM, p) for r in range(5) for p in range(160))


def owner_of(ring, place):
    places, owners = ring
    return int(consistent_hash(np.unique(owners), places, owners, place))


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
