"""The search (rules 13.3, 13.5, 13.6), on functions that are known everywhere: it finds what looking at all finds."""

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.experiments.sizes import excluding
from simulator.experiments.sizes import search as module
from simulator.experiments.sizes.binding import find_binding
from simulator.experiments.sizes.dearer import affordable, shown_to_cost_more
from simulator.experiments.sizes.doubts import Doubt
from simulator.experiments.sizes.judging import Judge, Trial
from simulator.experiments.sizes.lattice import Lattice, Option
from simulator.experiments.sizes.search import search


def make_lattice(prices, *, needed=None, cores=(1.0,), most=4, steady=True, memory=0.0):
    """Units named a, b, ...; a replica of c cores costs price x c + memory."""
    names = tuple("abcdefghijklmnopqrst"[: len(prices)])
    needed = needed or [1] * len(prices)
    return Lattice(
        topology=None, deployment="microservices", plan=SimpleNamespace(objectives=()), sized=names,
        choices=(tuple(cores),) * len(prices),
        needed=tuple({cpu: max(1, math.ceil(least / cpu)) for cpu in cores} for least in needed),
        replica_price=tuple({cpu: price * cpu + memory for cpu in cores} for price in prices),
        priced=any(prices), steady=steady, max_replicas=most,
    )  # fmt: skip


class Known(Judge):
    """Judges by a function of the configuration: the upper end by the limit."""

    def __init__(self, lattice, ratio, hopeless=False, queues=None):
        super().__init__(lattice, engine="auto", executor=None, progress=None)
        self.ratio, self.queues = ratio, queues
        self.unhindered = (None, hopeless)
        self.objective = lambda configuration: "x p99"

    def _with_others(self, trial):
        return trial

    def __call__(self, configuration):
        if configuration not in self.trials:
            ratio = self.ratio(configuration)
            busy = tuple(0.9 / (option.replicas * option.cpu) for option in configuration)
            queue = tuple(self.queues(configuration)) if self.queues else busy
            trial = Trial(
                configuration, self.lattice.key(configuration), ratio <= 1.0, ratio, self.objective(configuration),
                ratio, ratio, 1.0, 0.0, busy, queue,
            )  # fmt: skip
            self._remember(self._with_others(trial) if trial.met and self._strict else trial, None)
        return self.trials[configuration]

    @property
    def found(self):
        return None if self.best is None else self.best.configuration


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setattr(module, "worst_objective", lambda hopeless: (2.0 if hopeless else 0.5, None))


def every(lattice):
    return itertools.product(*lattice.options)


def cheapest(lattice, ratio):
    """By looking at all of them."""

    def order(one):
        return lattice.price(one), sum(option.replicas for option in one), ratio(one), one

    return min((one for one in every(lattice) if ratio(one) <= 1.0), key=order, default=None)


def waiting(weights, loads, limit):
    """Time in queues of c servers, roughly: falls with every replica and every core."""

    def ratio(configuration):
        total = 0.0
        for weight, load, (replicas, cpu) in zip(weights, loads, configuration, strict=True):
            use = load / (replicas * cpu)
            total += math.inf if use >= 1.0 else weight * use ** math.sqrt(2.0 * cpu) / (1.0 - use)
        return total / limit

    return ratio


def random_case(seed):
    random = np.random.default_rng(seed)
    units = int(random.integers(1, 5))
    loads = random.uniform(0.1, 2.5, units)
    prices = random.choice([0.0, 0.5, 1.0, 1.0, 1.7, 3.0], units).tolist()
    cores = [(1.0,), (1.0,), (1.0, 2.0), (0.5, 1.0, 4.0)][int(random.integers(4))]
    lattice = make_lattice(
        prices if any(prices) else [1.0] * units,
        needed=[int(load) + 1 for load in loads],
        cores=cores,
        most=int(random.integers(3, 7)) if units < 4 or len(cores) == 1 else 4,
        steady=bool(random.integers(2)),
        memory=float(random.choice([0.0, 0.3])),
    )
    return lattice, waiting(random.uniform(0.1, 1.0, units), loads, random.uniform(0.2, 4.0))


@pytest.mark.parametrize("seed", range(120))
def test_it_finds_what_looking_everywhere_finds(seed):
    lattice, ratio = random_case(seed)
    judge = Known(lattice, ratio)
    if search(judge) and judge.all_compared:
        assert judge.found == cheapest(lattice, ratio)
    else:
        assert len(judge.trials) >= excluding.BUDGET


def test_it_looks_at_few():
    seen, all_of_them, exact = 0, 0, 0
    for seed in range(120):
        lattice, ratio = random_case(seed)
        judge = Known(lattice, ratio)
        exact += search(judge)
        seen += len(judge.trials)
        all_of_them += math.prod(map(len, lattice.options))
    assert exact > 115
    assert seen < all_of_them / 60


def test_nothing_is_looked_at_below_what_is_stable():
    lattice = make_lattice([1.0, 2.0], needed=[2, 3])
    judge = Known(lattice, lambda configuration: 0.5)
    assert search(judge)
    assert judge.found == (Option(2, 1.0), Option(3, 1.0))
    assert len(judge.trials) == 1


def test_where_rates_change_only_runs_exclude():
    lattice = make_lattice([1.0, 2.0], needed=[2, 3], steady=False)
    judge = Known(lattice, lambda configuration: 0.5)
    assert search(judge)
    assert judge.found == (Option(1, 1.0), Option(1, 1.0))


def test_a_unit_that_can_never_be_stable():
    lattice = make_lattice([1.0, 2.0], needed=[2, 9], most=4)
    judge = Known(lattice, lambda configuration: 2.0)
    assert search(judge), "none will do"
    assert list(judge.trials) == [(Option(2, 1.0), Option(4, 1.0))]


def test_where_nothing_is_promised_of_such_a_unit_a_smaller_one_may_do_too():
    lattice = make_lattice([1.0, 2.0], needed=[2, 9], most=4)
    judge = Known(lattice, lambda configuration: 0.5)
    assert not search(judge), "nothing smaller was excluded"
    assert judge.found == (Option(2, 1.0), Option(4, 1.0))


def test_if_the_largest_fails_all_do():
    judge = Known(make_lattice([1.0, 1.0], most=8), lambda configuration: 5.0)
    assert search(judge)
    assert judge.found is None
    assert (Option(8, 1.0), Option(8, 1.0)) in judge.trials


def test_what_fails_without_any_waiting_is_not_doubled():
    judge = Known(make_lattice([1.0, 1.0], most=8), lambda configuration: 5.0, hopeless=True)
    assert search(judge)
    assert judge.found is None
    assert (Option(8, 1.0), Option(8, 1.0)) not in judge.trials


def test_of_equal_prices_the_fewest_replicas():
    # 4 cores as 4 x 1, 2 x 2 or 1 x 4 cost the same, and all do
    lattice = make_lattice([1.0], cores=(1.0, 2.0, 4.0), most=8)
    judge = Known(lattice, lambda configuration: 3.9 / (configuration[0].replicas * configuration[0].cpu))
    assert search(judge)
    assert judge.found == (Option(1, 4.0),)


def test_of_equals_the_fewest_in_the_first_unit():
    lattice = make_lattice([1.0, 1.0])
    judge = Known(lattice, lambda configuration: 4.0 / (configuration[0].replicas + configuration[1].replicas))
    assert search(judge)
    assert judge.found == (Option(1, 1.0), Option(3, 1.0))


def test_of_equals_the_one_with_the_most_room():
    """Nine of them in all cost the same, wherever they are; most room has 2 and 7, which no step up leads to."""
    lattice = make_lattice([1.0, 1.0], most=12)

    def ratio(size):
        replicas = [option.replicas for option in size]
        return 9.0 / sum(replicas) * (0.9 if replicas == [2, 7] else 0.95 if replicas == [6, 3] else 1.0)

    judge = Known(lattice, ratio)
    assert search(judge)
    assert judge.all_compared
    assert judge.found == (Option(2, 1.0), Option(7, 1.0))


def test_equals_that_could_not_be_compared_are_owned_up_to(monkeypatch):
    monkeypatch.setattr(excluding, "BUDGET", 30)
    lattice = make_lattice([1.0] * 4, most=8)
    judge = Known(lattice, lambda configuration: 8.0 / sum(option.replicas for option in configuration))
    assert search(judge)  # nothing cheaper meets
    assert not judge.all_compared
    assert sum(option.replicas for option in judge.found) == 8


def test_fewer_replicas_come_before_fewer_in_the_first_unit():
    lattice = make_lattice([2.0, 1.0])
    judge = Known(lattice, lambda configuration: 5.0 / lattice.price(configuration))
    assert search(judge)
    assert judge.found == (Option(2, 1.0), Option(1, 1.0))  # not 1 and 3, at the same price


def test_the_last_bit_of_a_price_is_no_price():
    """1 x 0.1 + 3 x 0.3 is the least of three in floating point, and has the fewest replicas of the first unit."""
    lattice = make_lattice([0.1, 0.3], most=12)
    assert math.fsum([0.1, 3 * 0.3]) < math.fsum([4 * 0.1, 2 * 0.3]) == 1.0
    assert len({lattice.price((Option(a, 1.0), Option(b, 1.0))) for a, b in ((1, 3), (4, 2), (7, 1))}) == 1


def test_what_fails_by_a_hair_excludes_nothing_but_itself():
    """By chance 2 and 2 fails, and what is below it does not."""
    by_chance = {
        (3, 3): 0.9,
        (2, 2): 1.01,
        (3, 2): 0.9,
        (2, 3): 1.01,
        (1, 2): 0.99,
        (1, 3): 1.01,
        (1, 1): 3.0,
        (2, 1): 3.0,
    }
    lattice = make_lattice([1.0, 1.0], most=3)
    judge = Known(lattice, lambda size: by_chance.get(tuple(option.replicas for option in size), 3.0))
    assert search(judge)
    assert judge.found == (Option(1, 1.0), Option(2, 1.0))


def test_if_the_largest_fails_by_a_hair_it_is_not_said_that_all_do():
    judge = Known(make_lattice([1.0, 1.0], most=8), lambda configuration: 1.01)
    assert not search(judge)
    assert judge.found is None


def test_a_trade_between_two_units():
    # one of the dear unit does as much as two of the cheap one, at a quarter more than the price
    lattice = make_lattice([2.5, 1.0], most=9)
    judge = Known(lattice, lambda configuration: 9.0 / (2.0 * configuration[0].replicas + configuration[1].replicas))
    assert search(judge)
    assert judge.found == (Option(1, 1.0), Option(7, 1.0))


def test_far_away_is_reached_in_few_steps():
    lattice = make_lattice([1.0], most=1000)
    judge = Known(lattice, lambda configuration: 300.0 / configuration[0].replicas)
    assert search(judge)
    assert judge.found == (Option(300, 1.0),)
    assert len(judge.trials) < 23  # strides of 1 to 256, their halves, and what fails by a hair


def many_units(number):
    """Units with work of their own, and what waits where; a chain is as slow as all of them together."""
    random = np.random.default_rng(number)
    loads, weights = random.uniform(0.2, 2.5, number), random.uniform(0.1, 1.0, number)
    lattice = make_lattice([1.0] * number, needed=[int(load) + 1 for load in loads], most=64)

    def queues(configuration):
        return [waiting([weight], [load], 1.0)([option]) for weight, load, option in
                zip(weights, loads, configuration, strict=True)]  # fmt: skip

    return lattice, lambda configuration: sum(queues(configuration)) / (0.2 * number), queues


def test_twenty_units_take_few_simulations():
    lattice, ratio, queues = many_units(20)
    judge = Known(lattice, ratio, queues=queues)
    search(judge)
    assert judge.best.met
    assert lattice.start != judge.found
    assert len(judge.trials) < 75
    fewer = [one for one in neighbours(lattice, judge.found) if lattice.key(one)[:2] < judge.best.key[:2]]
    assert len(fewer) == 20 - sum(one == other for one, other in zip(judge.found, lattice.start, strict=True))
    assert all(ratio(one) > 1.0 for one in fewer)


def neighbours(lattice, found):
    """All with one less in one unit."""
    for unit, (replicas, cpu) in enumerate(found):
        if Option(replicas - 1, cpu) in lattice.options[unit]:
            yield (*found[:unit], Option(replicas - 1, cpu), *found[unit + 1 :])


def test_the_climb_goes_where_theory_promises_most():
    """The first to grow is the one with the longest queue, not the busiest."""
    lattice, ratio, _ = many_units(3)
    crowded = Known(lattice, ratio, queues=lambda configuration: [0.1, 9.0, 0.1])
    search(crowded)
    first, second, *_ = crowded.trials
    assert [two.replicas - one.replicas for one, two in zip(first, second, strict=True)] == [0, 1, 0]


def test_where_nothing_helps_the_nearest_is_a_few_steps_away():
    lattice, ratio, queues = many_units(8)
    judge = Known(lattice, lambda configuration: 5.0 + ratio(configuration), hopeless=True, queues=queues)
    assert search(judge)
    assert len(judge.trials) == 1 + module.STEPS
    more = sum(option.replicas for option in judge.nearest.configuration) - sum(one.replicas for one in lattice.start)
    assert 0 < more <= module.STEPS


def test_beyond_the_budget_it_does_not_claim_to_be_exact(monkeypatch):
    monkeypatch.setattr(excluding, "BUDGET", 3)
    lattice = make_lattice([1.0, 1.1, 1.2, 1.3], most=12)
    judge = Known(lattice, lambda configuration: sum(3.0 / option.replicas for option in configuration) / 2.9)
    assert not search(judge)
    assert judge.best.met


def test_of_too_many_it_looks_around(monkeypatch):
    monkeypatch.setattr(excluding, "MOST", 10)
    lattice = make_lattice([1.0, 1.1, 1.2, 1.3, 1.4], most=9)
    judge = Known(lattice, lambda configuration: 30.0 / sum(option.replicas for option in configuration))
    assert not search(judge)
    assert judge.best.met
    cheaper = [one for one in every(lattice) if lattice.key(one) < judge.best.key]
    fewer = [one for one in cheaper if sum(changes(one, judge.found)) == -1 and min(changes(one, judge.found)) == -1]
    swapped = [one for one in cheaper if sorted(changes(one, judge.found)) == [-1, 0, 0, 0, 1]]
    assert len(fewer) > 1
    assert all(judge.ratio(one) > 1.0 for one in [*fewer, *swapped])


def changes(one, other):
    return [a.replicas - b.replicas for a, b in zip(one, other, strict=True)]


def test_nothing_can_be_judged():
    judge = Known(make_lattice([1.0, 1.0]), lambda configuration: math.inf)
    assert search(judge)
    assert judge.found is None


class Lucky(Known):
    """What it finds of some was luck: other requests show another ratio."""

    def __init__(self, lattice, ratio, others):
        super().__init__(lattice, ratio)
        self.others = others
        self.judged_again = []

    def _with_others(self, trial):
        self.judged_again.append(trial.configuration)
        again = self.others(trial.configuration)
        return trial if again <= 1.0 else replace(trial, met=False, ratio=again)


def test_what_was_luck_is_not_the_answer():
    """By chance 2 meets, which needs 4."""
    lattice = make_lattice([1.0], most=8)
    judge = Lucky(
        lattice,
        lambda size: 0.9 if size[0].replicas == 2 else 4.0 / size[0].replicas,
        lambda size: 4.0 / size[0].replicas,
    )
    assert search(judge)
    assert judge.found == (Option(4, 1.0),)
    assert not judge.trials[(Option(2, 1.0),)].met


def test_of_several_that_are_met_the_next_one_is_taken():
    lattice = make_lattice([1.0, 1.0], most=3)
    judge = Lucky(lattice, lambda size: 0.9, lambda size: 3.0 / sum(option.replicas for option in size))
    search(judge)
    assert sum(option.replicas for option in judge.found) == 3


def test_if_all_was_luck_nothing_is_met():
    judge = Lucky(make_lattice([1.0], most=3), lambda size: 0.9, lambda size: 1.5)
    search(judge)
    assert judge.found is None
    assert not judge.confirmed
    assert len(judge.trials) >= 2  # the one that was taken, and the largest, which tells of the others


def test_luck_is_looked_for_once():
    """Where nothing is met with others, the search does not begin anew with each next best: more than 8,000 sizes."""
    judge = Lucky(make_lattice([1.0, 1.0, 1.0], most=20), lambda size: 0.7, lambda size: math.inf)
    search(judge)
    assert judge.found is None
    assert len(judge.judged_again) == len(set(judge.judged_again)) < 60


def test_after_luck_every_one_is_judged_with_others_too():
    """What is met later needs no second look: any 3 replicas of the first unit and 4 of the other are enough."""
    enough = lambda size: max(3.0 / size[0].replicas, 4.0 / size[1].replicas)  # noqa: E731
    judge = Lucky(make_lattice([1.0, 1.0], most=9), lambda size: min(0.99, enough(size)), enough)
    assert search(judge)
    assert judge.found == (Option(3, 1.0), Option(4, 1.0))
    assert judge.confirmed
    assert len(judge.judged_again) == len(set(judge.judged_again))


def doubtful(prices, **options):
    return replace(make_lattice(prices, **options), doubts=(Doubt(0, "each has its own", own=True),),
                   plan=SimpleNamespace(objectives=(), units=SimpleNamespace(name=("a", "b"))))  # fmt: skip


def test_where_more_may_hurt_all_are_tried_before_none_is_found():
    judge = Known(doubtful([1.0], most=64), lambda size: 0.9 if size[0].replicas == 37 else 3.0)
    assert search(judge)
    assert judge.found == (Option(37, 1.0),)
    judge = Known(doubtful([1.0], most=64), lambda size: 3.0)
    assert search(judge)
    assert judge.all_tried
    assert len(judge.trials) == 64


def test_where_more_may_hurt_fewer_are_tried():
    """Two clear misses below five do not tell of 4, which is enough."""
    ratios = {1: 9.0, 2: 8.0, 3: 0.9, 4: 7.0, 5: 0.8}
    judge = Known(doubtful([1.0], most=5), lambda size: ratios[size[0].replicas])
    assert search(judge)
    assert judge.found == (Option(3, 1.0),)


def test_the_own_sizes_are_tried_before_none_is_found():
    lattice = replace(make_lattice([1.0, 1.0], most=8), own=(Option(3, 1.0), Option(5, 1.0)))
    judge = Known(lattice, lambda size: 0.9 if size == lattice.own else 3.0)
    search(judge)
    assert judge.found == lattice.own


def test_what_binds_is_missed_with_one_less():
    """Of two objectives the one that is nearer to its limit is not what forces the third replica (rule 13.9)."""
    judge = Known(make_lattice([1.0]), lambda size: 2.1 / size[0].replicas + 0.2)
    judge.objective = lambda size: "flat p99" if size[0].replicas > 2 else "steep p99"
    search(judge)
    assert judge.best.objective == "flat p99"
    assert find_binding(judge).objective == "steep p99"


def test_what_binds_is_looked_for_below_what_is_stable():
    judge = Known(make_lattice([1.0], needed=[3]), lambda size: 2.1 / size[0].replicas)
    search(judge)
    assert list(judge.trials) == [(Option(3, 1.0),)]
    assert find_binding(judge).configuration == (Option(2, 1.0),)


def two_objectives(size):
    """Upper ends by limit of two objectives: one needs 2 of the first unit, the other 4 of the second."""
    many, pay = size[0].replicas, size[1].replicas
    return {"browsing p99": 2.85 / many**2.63, "booking errorRate": 0.84 + 0.39 * (4 - pay)}


def of_two(most=4):
    judge = Known(make_lattice([2.0, 1.0], most=most), lambda size: max(two_objectives(size).values()))
    judge.objective = lambda size: max(two_objectives(size), key=two_objectives(size).__getitem__)
    return judge


def test_what_was_excluded_without_a_run_may_be_what_binds():
    """3 of the second unit miss 1.23-fold, 1 of the first 2.85-fold; the 3 are known to fail by another size only."""
    judge = of_two()
    for many, pay in ((2, 4), (1, 4), (3, 3)):
        judge((Option(many, 1.0), Option(pay, 1.0)))
    missing = (Option(2, 1.0), Option(3, 1.0))
    assert judge.fails(missing)
    assert missing not in judge.trials
    found = find_binding(judge)
    assert found.configuration == missing
    assert found.objective == "booking errorRate"


@pytest.mark.parametrize("seed", range(60))
def test_what_binds_is_the_nearest_of_all_with_one_less(seed):
    """Several units, of which each has an objective of its own: looking at every one with one replica less tells it."""
    random = np.random.default_rng(seed)
    units = int(random.integers(2, 6))
    weights, powers = random.uniform(0.3, 3.0, units), random.uniform(0.3, 2.0, units)

    def ratios(size):
        return [weights[unit] / option.replicas ** powers[unit] for unit, option in enumerate(size)]

    judge = Known(make_lattice(random.uniform(0.5, 2.0, units).tolist(), most=8), lambda size: max(ratios(size)))
    judge.objective = lambda size: f"{int(np.argmax(ratios(size)))} p99"
    search(judge)
    if judge.best is None:
        return
    best = judge.best.configuration
    less = [(*best[:unit], Option(one.replicas - 1, 1.0), *best[unit + 1 :]) for unit, one in enumerate(best)]
    missed = [one for one in less if all(option.replicas for option in one) and max(ratios(one)) > 1.0]
    found = find_binding(judge)
    if not missed:
        assert found is None
        return
    nearest = min(missed, key=lambda one: max(ratios(one)))
    assert found.configuration == nearest
    assert found.objective == judge.objective(nearest)


def test_where_no_upper_end_can_be_told_the_value_tells_what_comes_nearest():
    """A p99 of 1.88 times its limit, without an upper end, is nearer than fifty times as many errors as allowed."""
    judge = of_two()
    for many, pay in ((2, 4), (2, 3), (1, 4)):
        judge((Option(many, 1.0), Option(pay, 1.0)))
    found = judge.trials[Option(2, 1.0), Option(3, 1.0)], judge.trials[Option(1, 1.0), Option(4, 1.0)]
    for trial, ratio, value in zip(found, (math.inf, 50.0), (1.88, 50.0), strict=True):
        judge.trials[trial.configuration] = replace(trial, ratio=ratio, value=value)
    assert find_binding(judge).objective == "booking errorRate"
    less = judge.trials[found[0].configuration]
    judge.trials[less.configuration] = replace(less, behind="b")  # then it is only as far as the run is long
    assert find_binding(judge).objective == "browsing p99"


def test_what_comes_no_nearer_is_not_simulated():
    """Where 1 of the first unit fails by more, at more of all others, than what is known, fewer never help."""
    judge = of_two()
    for many, pay in ((2, 4), (2, 3), (1, 5)):
        judge((Option(many, 1.0), Option(pay, 1.0)))
    assert find_binding(judge).objective == "booking errorRate"
    assert (Option(1, 1.0), Option(4, 1.0)) not in judge.trials


def test_where_more_may_hurt_all_with_one_less_are_simulated():
    judge = of_two()
    judge.lattice = replace(judge.lattice, doubts=(Doubt(0, "each has its own", own=True),))
    for many, pay in ((2, 4), (2, 3), (1, 5)):
        judge((Option(many, 1.0), Option(pay, 1.0)))
    assert find_binding(judge).objective == "booking errorRate"
    assert (Option(1, 1.0), Option(4, 1.0)) in judge.trials


def test_what_cannot_keep_up_is_simulated_only_if_there_is_nothing_else():
    """1 of the first unit cannot keep up (rule 13.4): it is further than any miss, whatever a short run shows."""
    judge = of_two()
    judge.lattice = make_lattice([2.0, 1.0], needed=[2, 1])
    judge((Option(2, 1.0), Option(4, 1.0)))
    assert find_binding(judge).objective == "booking errorRate"
    assert len(judge.trials) == 2


def test_fewer_cores_that_are_free_and_enough_hide_nothing():
    """Fewer cores are met, cost as much and have less room: the answer stays, and so does what is missed with less."""
    lattice = make_lattice([0.0, 1.0], cores=(1.0, 2.0), memory=1.0)
    judge = Known(lattice, lambda size: max(0.8 / size[0].cpu, 1.5 / size[1].replicas))
    judge((Option(1, 2.0), Option(2, 1.0)))
    found = find_binding(judge)
    assert judge.found == (Option(1, 2.0), Option(2, 1.0))
    assert found.configuration == (Option(1, 2.0), Option(1, 1.0))


def test_of_what_meets_with_one_less_the_binding_is_looked_for_again():
    """A search that ended early may not have seen that less is enough: then this is the answer, and what binds it."""
    judge = Known(make_lattice([1.0]), lambda size: 1.8 / size[0].replicas)
    judge((Option(3, 1.0),))
    assert find_binding(judge).configuration == (Option(1, 1.0),)
    assert judge.found == (Option(2, 1.0),)


def test_where_there_is_nothing_less_nothing_binds():
    judge = Known(make_lattice([1.0, 2.0]), lambda size: 0.5)
    search(judge)
    assert find_binding(judge) is None


# -- what another deployment is compared with


class Shown(Known):
    """What fails is shown to miss from a ratio on."""

    shown = 1.2

    def __call__(self, configuration):
        trial = super().__call__(configuration)
        object.__setattr__(trial, "misses", trial.ratio > self.shown)
        return trial


def shown(ratio, saving, most=8):
    judge = Shown(make_lattice([1.0], most=most), ratio)
    search(judge)
    before = len(judge.trials)
    return shown_to_cost_more(judge, saving), len(judge.trials) - before


def test_what_is_shown_to_miss_is_dearer():
    assert shown(lambda size: 4.9 / size[0].replicas, 1.0)[0]  # of 4 the upper end is 1.225


def test_what_only_fails_may_be_as_cheap():
    assert not shown(lambda size: 4.1 / size[0].replicas, 1.0)[0]  # 4 fails by a hair
    assert shown(lambda size: 4.1 / size[0].replicas, 2.0)[0]  # 3 is shown to miss


def test_nothing_is_for_the_price():
    assert shown(lambda size: 0.5, 1.0) == (True, 0)


def test_what_can_be_had_for_a_price():
    lattice = make_lattice([1.0, 2.0], most=3)
    assert sorted(affordable(lattice, 5.0)) == [
        (Option(1, 1.0), Option(1, 1.0)), (Option(1, 1.0), Option(2, 1.0)), (Option(2, 1.0), Option(1, 1.0)),
        (Option(3, 1.0), Option(1, 1.0)),
    ]  # fmt: skip
    assert affordable(lattice, 2.9) == []
