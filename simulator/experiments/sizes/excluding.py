"""Whether everything cheaper than the best is excluded (rule 13.6)."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...plan.columns import Floats
from .judging import Judge, Trial, best_of
from .lattice import Configuration, Option, changed, is_below

MOST = 20_000
"""Cheaper configurations above which not all of them are looked at."""
BUDGET = 120
"""Simulations that may be spent on excluding what is cheaper."""


def busy_after(trial: Trial, unit: int, option: Option) -> float:
    """The utilisation of a unit, if it did the same work with another option."""
    before, after = trial.configuration[unit], max(0.0, option.replicas * option.cpu)
    return trial.busy[unit] * before.replicas * before.cpu / after if after > 0.0 else math.inf


def all_were_run(judge: Judge) -> bool:
    """Whether everything that may be chosen and is cheaper than the best was simulated."""
    lattice, best = judge.lattice, best_of(judge)
    if math.prod(map(len, lattice.options)) > MOST:
        return False
    every = itertools.product(*lattice.options)
    return all(one in judge.trials for one in every if lattice.key(one)[:2] < best.key[:2])


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
        most = best_of(self.judge).key[0]
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
        best = best_of(self.judge).configuration[unit]
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
        best = best_of(self.judge).key
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
        alive[bisect_left(ranks, best_of(self.judge).key[:2]) :] = False
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
        best = best_of(self.judge)
        equals = [one for one in candidates if self._lattice.key(one)[:2] == best.key[:2]]
        equals.sort(key=lambda one: max(busy_after(best, unit, option) for unit, option in enumerate(one)))
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
        """Look around the best for what is cheaper: one unit less, and perhaps another one more."""
        while not self._spent:
            best = best_of(self.judge)
            for configuration in self._neighbours(best):
                if self._spent:
                    return
                self.judge(configuration)
                if best_of(self.judge) is not best:
                    break
            if best_of(self.judge) is best:
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
            if self._lattice.key(configuration)[:2] < best.key[:2] and not told:
                yield configuration


def _told(flat: Floats, trial: Trial) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which configurations, one a row, a trial tells of: itself, and if it fails clearly all below it."""
    size = np.ravel(trial.configuration)
    return np.asarray(((flat <= size) if trial.clear else (flat == size)).all(axis=1), np.bool_)
