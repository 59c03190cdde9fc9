"""The cheapest configuration that meets the objectives: climb to one, trim it, exclude what is cheaper."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...plan.plan import Floats
from .judging import CLEAR, Judge, Trial, worst_objective
from .lattice import Configuration, Lattice, Option, changed, is_below

WIDE = 4
"""Configurations that are tried at each step of the climb."""
FAR = 2.0
"""Upper end by limit above which the most promising step is taken without trying others."""
STEPS = 12
"""Steps of the climb after which everything is doubled."""
MOST = 20_000
"""Cheaper configurations above which not all of them are looked at."""
BUDGET = 120
"""Simulations that may be spent on excluding what is cheaper."""
BUSY = 0.999
"""Utilisation from which the next replica is judged as if it were this."""


def search(judge: Judge) -> bool:
    """Let the judge find the cheapest configuration; whether every cheaper one is excluded (or, if none meets, all)."""
    lattice = judge.lattice
    if not all(lattice.options):
        judge(lattice.start)
        return True
    first = judge(lattice.start)
    hopeless = not first.met and worst_objective(judge.unhindered[1])[0] > CLEAR
    climbed = _climb(judge, first)
    if not climbed.met and hopeless:
        return True
    if not climbed.met and not _double(judge, climbed.configuration):
        return judge(lattice.top).clear
    _trim(judge)
    return Excluder(judge).exclude()


def _best(judge: Judge) -> Trial:
    assert judge.best is not None
    return judge.best


# -- up


def _climb(judge: Judge, trial: Trial) -> Trial:
    """Marginal allocation: what gains most per price is added, until the objectives are met or nothing gains."""
    for _ in range(STEPS):
        if trial.met:
            break
        steps = _promising(judge.lattice, trial)[: 1 if trial.ratio > FAR else WIDE]
        judge.expected = len(steps)
        tried = [judge(configuration) for configuration in steps]
        if met := [one for one in tried if one.met]:
            return min(met, key=lambda one: one.rank)
        gains = [(_gain(trial, one), one) for one in tried]
        if not gains or max(gain for gain, _ in gains) <= 0.0:
            break
        trial = max(gains, key=lambda pair: pair[0])[1]
    return trial


def _gain(before: Trial, after: Trial) -> float:
    """How far the worst upper end falls, by its limit, per price."""
    fall = before.ratio - after.ratio
    if math.isnan(fall):  # neither can be judged
        return 0.0
    price = after.key[0] - before.key[0]
    return fall / price if price > 0.0 else fall * math.inf if fall else 0.0


def _promising(lattice: Lattice, trial: Trial) -> list[Configuration]:
    """Steps up, by what theory lets one hope for: the fall of the number waiting, per price."""

    def promise(step: tuple[int, Configuration]) -> tuple[float, float]:
        unit, configuration = step
        before, after = trial.configuration[unit], configuration[unit]
        share = before.replicas * before.cpu / (after.replicas * after.cpu)
        busy = min(trial.busy[unit], BUSY)
        falls = 1.0 - share * (1.0 - busy) / (1.0 - busy * share)  # as of the odds of a busy server
        price = lattice.price_of(unit, after) - lattice.price_of(unit, before)
        return -trial.queue[unit] * falls / max(price, 1e-12), -busy

    step = max(1, min(option.replicas for option in trial.configuration) // 8)
    return [configuration for _, configuration in sorted(lattice.raised(trial.configuration, step), key=promise)]


def _double(judge: Judge, failing: Configuration) -> bool:
    """Double everything until it is enough, then close in on the way there; False if the largest fails."""
    lattice = judge.lattice
    low, high = failing, lattice.doubled(failing)
    while not judge(high).met:
        if high == lattice.top:
            return False
        low, high = high, lattice.doubled(high)
    while (middle := _between(lattice, low, high)) not in (low, high):
        if judge(middle).met:
            high = middle
        else:
            low = middle
    return True


def _between(lattice: Lattice, low: Configuration, high: Configuration) -> Configuration:
    """Half way, rounded down."""
    halves = []
    for unit, (one, other) in enumerate(zip(low, high, strict=True)):
        choices = lattice.choices[unit]
        place = (choices.index(one.cpu) + choices.index(other.cpu)) // 2
        halves.append(Option((one.replicas + other.replicas) // 2, choices[place]))
    return tuple(halves)


# -- down


def _trim(judge: Judge) -> None:
    """Take away from the best what it can do without, the idlest first, in steps that are halved."""
    lattice = judge.lattice
    allowed = [set(options) for options in lattice.options]
    steps = {(unit, False): max(1, option.replicas // 4) for unit, option in enumerate(_best(judge).configuration)}
    steps |= {(unit, True): 1 for unit, choices in enumerate(lattice.choices) if len(choices) > 1}
    while steps:
        best = _best(judge)
        smaller = [(*at, _smaller(lattice, best.configuration, at, step)) for at, step in steps.items()]
        unit, cores, option = min(smaller, key=lambda one: _busy_after(best, one[0], one[2]))
        fits = option in allowed[unit]
        candidate = changed(best.configuration, unit, option)
        judge.expected = len(steps)
        if fits and not judge.fails(candidate) and judge(candidate).met and _best(judge) is not best:
            continue
        if steps[unit, cores] > 1:
            steps[unit, cores] //= 2
        else:
            del steps[unit, cores]


def _smaller(lattice: Lattice, configuration: Configuration, at: tuple[int, bool], step: int) -> Option:
    """Fewer replicas, or the next fewer cores; may be no option at all."""
    unit, cores = at
    option = configuration[unit]
    if not cores:
        return Option(option.replicas - step, option.cpu)
    place = lattice.choices[unit].index(option.cpu)
    return Option(option.replicas, lattice.choices[unit][place - 1] if place else 0.0)


def _busy_after(trial: Trial, unit: int, option: Option) -> float:
    before, after = trial.configuration[unit], max(0.0, option.replicas * option.cpu)
    return trial.busy[unit] * before.replicas * before.cpu / after if after > 0.0 else math.inf


# -- what is cheaper


@dataclass
class Excluder:
    """Shows that nothing cheaper than the best meets the objectives, or finds what does (rule 13.6)."""

    judge: Judge

    def __post_init__(self) -> None:
        self._lattice = self.judge.lattice
        self._last = len(self.judge.trials) + BUDGET
        self._alive = [list(options) for options in self._lattice.options]

    def exclude(self) -> bool:
        """Whether every cheaper configuration is excluded, by a run or by rule 13.5, within the budget.

        Then those that cost as much are compared, as far as the budget goes.
        """
        if sum(len(options) > 1 for options in self._alive) > 1 or len(self._lattice.choices[0]) > 1:
            for unit in range(len(self._alive)):
                self._peel(unit)
        candidates = self._candidates()
        if candidates is None:
            self._swap()
            return False
        if not self._judge_cheaper(candidates):
            return False
        self._compare(candidates)
        return True

    @property
    def _spent(self) -> bool:
        return len(self.judge.trials) >= self._last

    def _affordable(self) -> None:
        """Leave the options that a configuration cheaper than the best can have."""
        price = self._lattice.price
        least = tuple(options[0] for options in self._alive)
        most = _best(self.judge).key[0]
        for unit, options in enumerate(self._alive):
            kept = [option for option in options if price(changed(least, unit, option)) <= most]
            self._alive[unit] = kept or options[:1]

    def _peel(self, unit: int) -> None:
        """Drop options of one unit that fail even with as much in the others as can be afforded."""
        self._affordable()
        caps = tuple(
            Option(max(option.replicas for option in options), max(option.cpu for option in options))
            for options in self._alive
        )
        best = _best(self.judge).configuration[unit]
        for option in reversed(self._alive[unit].copy()):
            if option not in self._alive[unit] or is_below([best], [option]):
                continue
            if self._spent:
                return
            if self.judge.excludes(changed(caps, unit, option)):
                left = [one for one in self._alive[unit] if not is_below([one], [option])]
                self._alive[unit] = left or self._alive[unit]

    def _candidates(self) -> list[Configuration] | None:
        """Everything not more expensive that is not excluded yet, by its key; None if it is too much."""
        self._affordable()
        least = [0.0] * (len(self._alive) + 1)
        for unit in reversed(range(len(self._alive))):
            least[unit] = least[unit + 1] + min(self._lattice.price_of(unit, option) for option in self._alive[unit])
        best = _best(self.judge).key
        slack = best[0] * (1.0 + 1e-9)

        def extend(begun: Configuration, price: float) -> Iterator[Configuration]:
            unit = len(begun)
            if unit == len(self._alive):
                yield begun
                return
            for option in self._alive[unit]:
                more = price + self._lattice.price_of(unit, option)
                if more + least[unit + 1] <= slack:
                    yield from extend((*begun, option), more)

        found = []
        for number, configuration in enumerate(extend((), 0.0)):
            if number >= MOST:
                return None
            if self._lattice.key(configuration)[:2] <= best[:2]:
                found.append(configuration)
        return sorted(found, key=self._lattice.key)

    def _judge_cheaper(self, candidates: list[Configuration]) -> bool:
        """Judge the most expensive first: if it fails, so does all below it."""
        flat, alive = self._untold(candidates)
        ranks = [self._lattice.key(configuration)[:2] for configuration in candidates]
        alive[bisect_left(ranks, _best(self.judge).key[:2]) :] = False
        while alive.any():
            if self._spent:
                return False
            last = int(np.flatnonzero(alive)[-1])
            self.judge.expected = 1 + int(alive.sum()) // 8
            trial = self.judge(candidates[last])
            if trial.met:
                alive[bisect_left(ranks, trial.key[:2]) :] = False
            alive &= ~_told(flat, trial)
        return True

    def _compare(self, candidates: list[Configuration]) -> None:
        """Judge those that cost as much as the best: one of them may have more room (rule 13.3)."""
        best = _best(self.judge)
        equals = [one for one in candidates if self._lattice.key(one)[:2] == best.key[:2]]
        equals.sort(key=lambda one: max(_busy_after(best, unit, option) for unit, option in enumerate(one)))
        flat, alive = self._untold(equals)
        while alive.any():
            if self._spent:
                self.judge.all_compared = False
                return
            self.judge.expected = int(alive.sum())
            alive &= ~_told(flat, self.judge(equals[int(np.flatnonzero(alive)[0])]))

    def _untold(self, candidates: list[Configuration]) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """Candidates as rows of numbers, and of which of them no trial tells anything."""
        flat = np.array(candidates, np.float64).reshape(len(candidates), 2 * len(self._alive))
        alive = np.ones(len(candidates), np.bool_)
        for trial in self.judge.trials.values():
            alive &= ~_told(flat, trial)
        return flat, alive

    def _swap(self) -> None:
        """Look around the best for what is better: one unit less, and perhaps another one more."""
        while not self._spent:
            best = _best(self.judge)
            for configuration in self._neighbours(best):
                if self._spent:
                    return
                self.judge(configuration)
                if _best(self.judge) is not best:
                    break
            if _best(self.judge) is best:
                return

    def _neighbours(self, best: Trial) -> Iterator[Configuration]:
        allowed = [set(options) for options in self._alive]
        found = set()
        for unit, option in enumerate(best.configuration):
            for less in allowed[unit]:
                if not is_below([less], [option]) or less == option or less.replicas < option.replicas - 1:
                    continue
                fewer = changed(best.configuration, unit, less)
                found |= {fewer} | {one for other, one in self._lattice.raised(fewer) if other != unit}
        for configuration in sorted(found, key=self._lattice.key, reverse=True):
            told = configuration in self.judge.trials or self.judge.fails(configuration)
            if self._lattice.key(configuration)[:2] <= best.key[:2] and not told:
                yield configuration


def _told(flat: Floats, trial: Trial) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which configurations, one a row, a trial tells of: itself, and if it fails clearly all below it."""
    size = np.ravel(trial.configuration)
    return np.asarray(((flat <= size) if trial.clear else (flat == size)).all(axis=1), np.bool_)
