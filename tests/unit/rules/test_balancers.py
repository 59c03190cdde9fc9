"""Rules 9.1 to 9.5: how a replica is chosen, against lists in plain Python; and the ring."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from random import Random

import numpy as np
import pytest
from scipy import stats

from simulator.plan.layout import Balancer
from simulator.rules.balancers import (
    ALL,
    EJECTED,
    LAST,
    NOT_READY,
    NUMBERS,
    POINTS_PER_REPLICA,
    choose,
    count_unanswered,
    exclude,
    include,
    least_of_distinct,
    least_request,
    make_board,
    make_ring,
    pick,
    round_robin,
)
from simulator.rules.randomness import ADDRESS_KEY, child, mix, uniform

KEY, STREAM = mix(1, 0), 77
# plain integers: an IntEnum takes the slow road into compiled code
LEAST_REQUEST, ROUND_ROBIN = int(Balancer.LEAST_REQUEST), int(Balancer.ROUND_ROBIN)
RANDOM, CONSISTENT_HASH = int(Balancer.RANDOM), int(Balancer.CONSISTENT_HASH)
LEAST_OF_DISTINCT = int(Balancer.LEAST_OF_DISTINCT)
OF_SOME = [LEAST_REQUEST, LEAST_OF_DISTINCT]
EACH = [(one, n) for one in Balancer for n in (2, 3, ALL) if (one, n) != (LEAST_OF_DISTINCT, ALL)]


class Unit:
    """A board, and beside it what should be on it: who is ready, and the unanswered calls of each."""

    def __init__(self, balancer, choices, replicas, *, without=(), at=0):
        self.balancer, self.choices, self.at = balancer, choices, at
        own = make_board(balancer, choices, replicas, STREAM)
        self.board = np.concatenate([np.full(at, -99), own, np.full(7, -99)])
        self.unanswered = [0] * replicas
        self.ready = [replica for replica in range(replicas) if replica not in without]
        for replica in without:
            exclude(self.board, at, replica, NOT_READY)

    def choose(self, address, hash_key=0):
        return choose(self.balancer, self.choices, self.board, self.at, hash_key, KEY, address, STREAM)

    def count(self, replica, change):
        count_unanswered(self.board, self.at, replica, change)
        self.unanswered[replica] += change

    def have(self, unanswered):
        """So many calls of each are unanswered."""
        for replica, count in enumerate(unanswered):
            for _ in range(count):
                self.count(replica, 1)
        return self

    def of_all(self, address):
        """One of those with the fewest, by number: u cuts them in equal parts."""
        fewest = min(self.unanswered[replica] for replica in self.ready)
        best = [replica for replica in self.ready if self.unanswered[replica] == fewest]
        return best[int(uniform(KEY, address, STREAM, 0) * len(best))]

    def of_some(self, address):
        """Drawing from a list, with the very same numbers, with or without replacement; ties to the first drawn."""
        left, drawn = list(self.ready), []
        for k in range(self.choices):
            if left:
                position = int(uniform(KEY, address, STREAM, k) * len(left))
                drawn.append(left[position] if self.balancer == LEAST_REQUEST else left.pop(position))
        return min(drawn, key=lambda replica: self.unanswered[replica])


@pytest.mark.parametrize("ready", [1, 2, 3, 7, 1000])
def test_pick_cuts_the_unit_interval_in_equal_parts(ready):
    assert pick(2.0**-53, ready) == 0
    assert pick(1.0 - 2.0**-53, ready) == ready - 1
    for position in range(min(ready, 20)):
        assert pick((position + 0.5) / ready, ready) == position


# -- all of them


@pytest.mark.parametrize(("balancer", "choices"), EACH)
def test_9_1_if_none_is_ready_nobody_is_chosen(balancer, choices):
    unit = Unit(int(balancer), choices, 3, without=range(3))
    before = unit.board.copy()
    assert unit.choose(5) == -1
    assert unit.board.tolist() == before.tolist()
    assert Unit(int(balancer), choices, 0).choose(5) == -1


@pytest.mark.parametrize(("balancer", "choices"), EACH)
def test_the_only_one_that_is_ready_is_chosen_however_many_calls_it_has(balancer, choices):
    unit = Unit(int(balancer), choices, 5, without=(0, 1, 2, 3))
    for address in range(20):
        assert unit.choose(address, hash_key=address << 58) == 4
        unit.count(4, 1)
    assert [Unit(int(balancer), choices, 1).choose(address) for address in range(5)] == [0] * 5


@pytest.mark.parametrize(("balancer", "choices"), EACH)
def test_a_board_may_be_anywhere_and_leaves_its_neighbours_alone(balancer, choices):
    here, there = Unit(int(balancer), choices, 6), Unit(int(balancer), choices, 6, at=1_000)
    for address in range(60):
        replica = here.choose(address, address << 57)
        assert there.choose(address, address << 57) == replica
        for unit in (here, there):
            unit.count(replica, 1)
            if address % 3 == 2:
                unit.count(max(range(6), key=lambda busy: unit.unanswered[busy]), -1)
    assert set(there.board[:1_000].tolist()) == set(there.board[-7:].tolist()) == {-99}
    assert there.board[1_000:].tolist() == here.board.tolist()


@pytest.mark.parametrize("balancer", Balancer)
def test_who_is_chosen_is_noted_as_the_last_one(balancer):
    unit = Unit(int(balancer), 2, 5)
    assert unit.board[LAST] == -1
    for address in range(20):
        assert unit.choose(address, address << 59) == unit.board[LAST]


def test_choose_is_each_of_them():
    units = [Unit(int(balancer), 2, 4).have([3, 0, 2, 1]) for balancer in Balancer]
    ring = Ring(range(4))
    for address in range(50):
        draw = (KEY, address, STREAM)
        assert [unit.choose(address, address << 56) for unit in units] == [
            least_request(units[0].board, 0, 2, *draw),
            address % 4,
            int(uniform(*draw, 0) * 4),
            ring.owner_of(address << 56),
            least_of_distinct(units[0].board, 0, 2, *draw),
        ]


# -- the fewest unanswered


@pytest.mark.parametrize("ready", [2, 3, 5])
@pytest.mark.parametrize(
    ("balancer", "choices"), [*((one, n) for one in OF_SOME for n in (2, 3)), (LEAST_REQUEST, ALL)]
)
def test_9_2_each_of_equals_is_as_likely(ready, balancer, choices):
    unit = Unit(balancer, choices, ready).have([4] * ready)
    seen = np.bincount([unit.choose(address) for address in range(20_000)], minlength=ready)
    assert stats.chisquare(seen).pvalue > 1e-4


@pytest.mark.parametrize(("choices", "replicas"), [(1, 3), (2, 2), (2, 3), (2, 5), (3, 2)])
def test_9_2_who_never_answers_is_chosen_if_nobody_else_is_drawn(choices, replicas):
    """By independent draws one of n gets n to the power of minus the draws; by distinct ones nothing, from two on."""
    unit = Unit(LEAST_REQUEST, choices, replicas).have([9] + [0] * (replicas - 1))
    seen = sum(unit.choose(address) == 0 for address in range(20_000))
    assert stats.binomtest(seen, 20_000, replicas**-choices).pvalue > 1e-4
    unit = Unit(LEAST_OF_DISTINCT, choices, replicas).have([9] + [0] * (replicas - 1))
    assert (0 in {unit.choose(address) for address in range(500)}) == (choices == 1)


@pytest.mark.parametrize("balancer", OF_SOME)
@pytest.mark.parametrize("choices", [1, 2, 3, 5, 9])
def test_9_2_of_those_drawn_at_random_the_fewest_ties_to_the_first(balancer, choices):
    generator = np.random.default_rng(1)
    for address in range(500):
        without = generator.choice(9, size=generator.integers(0, 8), replace=False).tolist()
        unit = Unit(balancer, choices, 9, without=without).have(generator.integers(0, 3, size=9).tolist())
        assert unit.choose(address) == unit.of_some(address)


def life_of(unit, generator, steps):
    """Calls are sent to whoever is chosen and answered in any order; gives each choice with its address."""
    waiting = []
    for address in range(steps):
        replica = unit.choose(address)
        yield address, replica
        unit.count(replica, 1)
        waiting.append(replica)
        while waiting and generator.random() < 0.47:
            unit.count(waiting.pop(generator.integers(len(waiting))), -1)


@pytest.mark.parametrize("replicas", [*range(1, 41), 64, 100])
def test_9_2_of_all_the_drawn_one_of_those_with_the_fewest_by_number(replicas):
    generator = np.random.default_rng(replicas)
    unit = Unit(LEAST_REQUEST, ALL, replicas)
    for address, replica in life_of(unit, generator, 250):
        assert replica == unit.of_all(address)


@pytest.mark.parametrize("replicas", [2, 3, 7, 8, 9, 31, 32, 33])
def test_9_2_of_all_that_are_ready(replicas):
    generator = np.random.default_rng(replicas)
    for count in {1, 2, replicas // 2, replicas - 1} & set(range(1, replicas)):
        without = generator.choice(replicas, size=replicas - count, replace=False).tolist()
        unit = Unit(LEAST_REQUEST, ALL, replicas, without=without)
        for address, replica in life_of(unit, generator, 100):
            assert replica == unit.of_all(address)


@pytest.mark.parametrize("replicas", [1, 2, 3, 4, 8, 13])
@pytest.mark.parametrize("choices", [2, 3, "n", "more"])
@pytest.mark.parametrize("balancer", OF_SOME)
def test_9_2_of_some_over_a_life_of_sends_and_answers(balancer, replicas, choices):
    number = {"n": replicas, "more": replicas + 3}.get(choices, choices)
    generator = np.random.default_rng(replicas)
    for without in ((), (0,), (replicas - 1,), (1, 2)):
        if len(without) < replicas:
            unit = Unit(balancer, number, replicas, without=without)
            for address, replica in life_of(unit, generator, 150):
                assert replica == unit.of_some(address)


def test_9_2_as_many_distinct_choices_as_replicas_are_those_with_the_fewest_too():
    unit = Unit(LEAST_OF_DISTINCT, 6, 6).have([1, 0, 3, 1, 0, 1])
    assert {unit.choose(address) for address in range(200)} == {1, 4}


def test_9_2_of_all_those_with_the_fewest():
    def seen(unanswered, without=(1, 4)):
        unit = Unit(LEAST_REQUEST, ALL, 6, without=without).have([0] * 6)
        for replica in unit.ready:
            for _ in range(unanswered[replica]):
                unit.count(replica, 1)
        return {unit.choose(address) for address in range(200)}

    assert seen([1, 0, 3, 1, 0, 1]) == {0, 3, 5}
    assert seen([1, 0, 3, 2, 0, 4]) == {0}
    assert seen([9, 9, 9, 9, 9, 9], without=(0, 1, 2, 3, 5)) == {4}


# -- in turn, and at random


def test_9_3_round_robin_goes_on_behind_the_last_one_whoever_is_ready():
    def following(unit, lasts):
        for last in lasts:
            unit.board[LAST] = last
            yield int(round_robin(unit.board, 0))

    assert list(following(Unit(ROUND_ROBIN, 0, 3), (-1, 0, 1, 2))) == [0, 1, 2, 0]
    some = Unit(ROUND_ROBIN, 0, 7, without=(0, 2, 3, 5))
    assert list(following(some, (-1, 1, 2, 4, 5, 6))) == [1, 4, 4, 6, 6, 1]


@pytest.mark.parametrize("replicas", [1, 2, 5, 16])
def test_9_3_round_robin_takes_each_in_turn_from_the_lowest_on(replicas):
    unit = Unit(ROUND_ROBIN, 0, replicas)
    assert [unit.choose(9) for _ in range(3 * replicas)] == 3 * list(range(replicas))
    some = Unit(ROUND_ROBIN, 0, replicas + 3, without=(0, replicas))
    assert [some.choose(9) for _ in range(3 * len(some.ready))] == 3 * some.ready


@pytest.mark.parametrize("without", [(), (0,), (2, 5), (0, 1, 2, 4, 6, 7)])
def test_9_4_random_is_any_of_the_ready_ones_by_number(without):
    unit = Unit(RANDOM, 0, 8, without=without).have([3, 0, 0, 9, 1, 0, 2, 5])
    for address in range(300):
        assert unit.choose(address) == unit.ready[int(uniform(KEY, address, STREAM, 0) * len(unit.ready))]


# -- the ring


class Ring:
    """A sorted list of (place, replica); those that are not ready have no places."""

    def __init__(self, replicas):
        self.places = sorted((child(r, STREAM, point), r) for r in replicas for point in range(160))

    def owner_of(self, key):
        return self.places[bisect_left(self.places, (key, -1)) % len(self.places)][1]


def test_9_5_the_ring_has_160_places_of_each_replica_ascending():
    places, owners = make_ring(STREAM, 5)
    assert POINTS_PER_REPLICA == 160
    assert np.bincount(owners).tolist() == [160] * 5
    assert (np.diff(places.astype(object)) > 0).all()
    assert list(zip(places.tolist(), owners.tolist(), strict=True)) == Ring(range(5)).places


def test_9_5_a_place_is_the_replicas_child_on_the_stream_of_the_ring(plain):
    places, _ = make_ring(STREAM, 3)
    expected = [plain.philox((r, STREAM * 2**32 + p), ADDRESS_KEY)[0] for r in range(3) for p in range(160)]
    assert places.tolist() == sorted(expected)


def test_9_5_the_first_place_at_or_after_the_key():
    unit = Unit(CONSISTENT_HASH, 0, 3)
    places, owners = make_ring(STREAM, 3)
    for row in (0, 1, 200, len(places) - 1):
        place = int(places[row])
        assert unit.choose(0, place) == owners[row]
        assert unit.choose(0, place + 1) == owners[(row + 1) % len(places)]
    assert unit.choose(0, 0) == owners[0]
    assert unit.choose(0, 2**64 - 1) == owners[0]


@pytest.mark.parametrize("without", [(), (0,), (6,), (1, 2, 4), (0, 1, 2, 3, 5, 6)])
def test_9_5_the_first_place_of_one_that_is_ready(without):
    unit = Unit(CONSISTENT_HASH, 0, 7, without=without)
    ring = Ring(unit.ready)
    keys = [0, 2**63 - 1, 2**63, 2**64 - 1, *(child(number, 5, 0) for number in range(2_000))]
    for key in keys:
        assert unit.choose(0, key) == ring.owner_of(key)


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
    unit = Unit(CONSISTENT_HASH, 0, replicas)
    keys = [child(number, 5, 0) for number in range(20_000)]
    counts = np.bincount([unit.choose(0, key) for key in keys], minlength=replicas)
    assert stats.chisquare(counts, shares * len(keys)).pvalue > 1e-4


@pytest.mark.parametrize("replicas", [2, 3, 8])
def test_one_replica_less_moves_its_keys_only(replicas):
    gone = replicas - 1
    more, less = Unit(CONSISTENT_HASH, 0, replicas), Unit(CONSISTENT_HASH, 0, gone)
    not_ready = Unit(CONSISTENT_HASH, 0, replicas, without=(gone,))
    moved = 0
    for number in range(4_000):
        key = child(number, 5, 0)
        before, after = more.choose(0, key), less.choose(0, key)
        assert not_ready.choose(0, key) == after
        if before == gone:
            moved += 1
        else:
            assert after == before
    assert moved > 0


def test_rings_of_two_units_differ():
    assert make_ring(1, 2)[0].tolist() != make_ring(2, 2)[0].tolist()


# -- who is eligible


@pytest.mark.parametrize(("balancer", "choices"), EACH)
def test_9_1_whoever_comes_and_goes_the_choice_is_among_the_eligible(balancer, choices):
    """Against lists: replicas are excluded for one of two reasons, or both, and included again, while calls go on."""
    random = Random(int(balancer) * 10 + choices)
    unit = Unit(int(balancer), choices, 6, at=50)
    masks = [0] * 6
    for address in range(1_500):
        replica, reason = random.randrange(6), random.choice([NOT_READY, EJECTED])
        if random.random() < 0.5:
            exclude(unit.board, 50, replica, reason)
            masks[replica] |= reason
        else:
            include(unit.board, 50, replica, reason)
            masks[replica] &= 3 - reason
        unit.ready = [number for number in range(6) if masks[number] == 0]
        busy = random.randrange(6)
        unit.count(busy, random.choice([1, 1, -1]) if unit.unanswered[busy] > 0 else 1)
        last = unit.board[50 + LAST]
        chosen = unit.choose(address, child(address, 5, 0))
        if not unit.ready:
            assert chosen == -1
        elif len(unit.ready) == 1:
            assert chosen == unit.ready[0]
        elif balancer in OF_SOME:
            assert chosen == (unit.of_all(address) if choices == ALL else unit.of_some(address))
        elif balancer == Balancer.ROUND_ROBIN:
            assert chosen == min(unit.ready, key=lambda number: (number <= last, number))
        elif balancer == Balancer.RANDOM:
            assert chosen == unit.ready[int(uniform(KEY, address, STREAM, 0) * len(unit.ready))]
        else:
            assert chosen == Ring(unit.ready).owner_of(child(address, 5, 0))
    assert unit.board[:50].tolist() + unit.board[-7:].tolist() == [-99] * 57


@pytest.mark.parametrize(("balancer", "choices"), EACH)
def test_who_is_back_leaves_no_trace(balancer, choices):
    untouched, touched = (Unit(int(balancer), choices, 5).have([3, 0, 2, 2, 1]) for _ in range(2))
    for replica in (4, 0, 2):
        exclude(touched.board, 0, replica, NOT_READY)
        exclude(touched.board, 0, replica, EJECTED)
    for replica in (2, 4, 0):
        include(touched.board, 0, replica, NOT_READY)
        include(touched.board, 0, replica, NOT_READY)
        assert replica not in {touched.choose(address, address << 58) for address in range(40)}
        touched.board[LAST] = -1
        include(touched.board, 0, replica, EJECTED)
    if balancer == Balancer.LEAST_OF_DISTINCT and choices == 3:
        touched.board[NUMBERS + 3 * 5 :][:3] = 0  # room for what was drawn: nobody reads what is left there
    assert touched.board.tolist() == untouched.board.tolist()
