"""The cheapest configuration that meets the objectives: climb to one, trim it, exclude what is cheaper."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...plan.plan import Floats
from .judging import CLEAR, Judge, Trial, worst_objective
from .lattice import Configuration, Lattice, Option, changed, is_below

WIDE = 4
"""Configurations that are tried at the first step of the climb."""
FAR = 2.0
"""Upper end by limit above which theory alone says what the first step is."""
STEPS = 12
"""Strides of the climb after which everything is doubled."""
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
    climbed = _climb(judge, first, hopeless=hopeless)
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


def _climb(judge: Judge, trial: Trial, *, hopeless: bool) -> Trial:
    """Marginal allocation: what theory promises most of per price is added, in strides that double.

    Near the objectives the first step is told by runs. Where a stride meets them, its first part that does is looked
    for; where one gains nothing, it ends. Where nothing can meet them, a few single steps come near enough.
    """
    if not hopeless and 1.0 < trial.ratio <= FAR:
        trial = _step(judge, trial)
    for number in range(STEPS):
        if trial.met:
            break
        stride = _stride(judge.lattice, trial, 1 if hopeless else 2**number)
        judge.expected = 2 + number
        if not stride:
            break
        after = judge(stride[-1])
        if after.met:
            return _first_met(judge, stride)
        if not after.ratio < trial.ratio:
            break
        trial = after
    return trial


def _step(judge: Judge, trial: Trial) -> Trial:
    """Of the most promising steps the best that meets the objectives, else the one that gains most per price."""
    steps = sorted(judge.lattice.raised(trial.configuration), key=lambda step: _promise(judge.lattice, trial, *step))
    judge.expected = WIDE
    tried = [judge(configuration) for _, configuration in steps[:WIDE]]
    if met := [one for one in tried if one.met]:
        return min(met, key=lambda one: one.rank)
    gaining = [one for one in tried if one.ratio < trial.ratio]
    return max(gaining, key=lambda one: _gain(trial, one), default=trial)


def _gain(before: Trial, after: Trial) -> float:
    """How far the worst upper end falls, by its limit, per price."""
    fall, price = before.ratio - after.ratio, after.key[0] - before.key[0]
    return fall / price if price > 0.0 else math.inf


def _first_met(judge: Judge, stride: list[Configuration]) -> Trial:
    """By halving, as more never hurts; the last one is met."""
    place = bisect_left(stride, True, hi=len(stride) - 1, key=lambda configuration: judge(configuration).met)
    return judge(stride[place])


def _stride(lattice: Lattice, trial: Trial, length: int) -> list[Configuration]:
    """The next configurations, each one step above the one before."""
    stride: list[Configuration] = []
    expected = trial
    while len(stride) < length and (steps := lattice.raised(expected.configuration)):
        unit, configuration = min(steps, key=lambda step: _promise(lattice, expected, *step))
        expected = _expected(expected, unit, configuration)
        stride.append(configuration)
    return stride


def _promise(lattice: Lattice, trial: Trial, unit: int, configuration: Configuration) -> tuple[float, float]:
    """What theory lets one hope for: the fall of the number waiting, per price; the least is best."""
    fall = trial.queue[unit] - _expected(trial, unit, configuration).queue[unit]
    price = lattice.price_of(unit, configuration[unit]) - lattice.price_of(unit, trial.configuration[unit])
    return -fall / max(price, 1e-12), -trial.busy[unit]


def _expected(trial: Trial, unit: int, configuration: Configuration) -> Trial:
    """The trial of a configuration that is larger in one unit, as theory has it: waiting as the odds of a busy core."""
    before, after = trial.configuration[unit], configuration[unit]
    share = before.replicas * before.cpu / (after.replicas * after.cpu)
    busy = min(trial.busy[unit], BUSY)
    queue = trial.queue[unit] * share * (1.0 - busy) / (1.0 - busy * share)
    return replace(
        trial, configuration=configuration,
        busy=(*trial.busy[:unit], busy * share, *trial.busy[unit + 1 :]),
        queue=(*trial.queue[:unit], queue, *trial.queue[unit + 1 :]),
    )  # fmt: skip


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
        """Look around the best for what is cheaper: one unit less, and perhaps another one more."""
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
            if self._lattice.key(configuration)[:2] < best.key[:2] and not told:
                yield configuration


def _told(flat: Floats, trial: Trial) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which configurations, one a row, a trial tells of: itself, and if it fails clearly all below it."""
    size = np.ravel(trial.configuration)
    return np.asarray(((flat <= size) if trial.clear else (flat == size)).all(axis=1), np.bool_)
