"""The cheapest configuration that meets the objectives: climb to one, trim it, exclude what is cheaper."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from dataclasses import replace

from .excluding import Excluder, busy_after
from .judging import CLEAR, Judge, Trial, best_of, worst_objective
from .lattice import Configuration, Lattice, Option, changed

WIDE = 4
"""Configurations that are tried at the first step of the climb."""
FAR = 2.0
"""Upper end by limit above which theory alone says what the first step is."""
STEPS = 12
"""Strides of the climb after which everything is doubled."""
EVERY = 120
"""Configurations of which all are simulated, where more may hurt and nothing was met."""
AROUND = 24
"""Simulations that may be spent on looking around where nothing was met."""
LINE = 12
"""Simulations that may be spent on fewer replicas where more may hurt."""
BUSY = 0.999
"""Utilisation from which the next replica is judged as if it were this."""


def search(judge: Judge) -> bool:
    """Let the judge find the cheapest configuration; whether every cheaper one is excluded (or, if none meets, all).

    What was found is confirmed by other requests; if it fails there, the search goes on, with both.
    """
    lattice = judge.lattice
    if not all(lattice.options):  # some unit cannot keep up; that may be no matter to what is promised
        return not judge(lattice.start).met
    first = judge(lattice.start)
    hopeless = not first.met and worst_objective(judge.unhindered[1])[0] > CLEAR
    found = _find(judge, first, hopeless=hopeless)
    while found:
        exact = _cheapest(judge)
        last = best_of(judge)
        if judge.confirm():
            return exact
        found = judge.best is not None or _find(judge, judge.trials[last.configuration], hopeless=False)
    return judge.all_tried or (not lattice.doubts and (hopeless or judge(lattice.top).clear))


def _find(judge: Judge, trial: Trial, *, hopeless: bool) -> bool:
    """Whether a configuration that meets the objectives is found, from one on."""
    climbed = _climb(judge, trial, hopeless=hopeless)
    if judge.best is None and not hopeless:
        _double(judge, climbed.configuration)
    if judge.best is None:
        _look_elsewhere(judge, hopeless=hopeless)
    return judge.best is not None


def _cheapest(judge: Judge) -> bool:
    """Make the best one cheaper; whether everything cheaper is excluded."""
    while True:
        _trim(judge)
        best = best_of(judge)
        if judge.lattice.doubts:
            _look_below(judge)
        if best_of(judge) is best:
            return Excluder(judge).exclude()


def _look_elsewhere(judge: Judge, *, hopeless: bool) -> None:
    """Try what more may have hurt: the file's own sizes, then all, the cheapest first, or what is around the nearest.

    Where nothing lets one doubt that more helps, and nobody waits even so, the file's own sizes are enough.
    """
    lattice = judge.lattice
    if lattice.allows(lattice.own) and judge(lattice.own).met:
        return
    if lattice.doubts and math.prod(map(len, lattice.options)) <= EVERY:
        for configuration in sorted(itertools.product(*lattice.options), key=lattice.key):
            if judge(configuration).met:
                return
        judge.all_tried = True
        return
    if hopeless and not lattice.doubts:
        return
    last, nearest = len(judge.trials) + AROUND, None
    while judge.nearest is not None and judge.nearest is not nearest:
        nearest = judge.nearest
        for configuration in lattice.around(nearest.configuration):
            if len(judge.trials) >= last:
                return
            if judge(configuration).met:
                return


def _look_below(judge: Judge) -> None:
    """Where more may hurt, try the file's own sizes, and fewer of a unit whose replicas bring limits of their own."""
    lattice, best = judge.lattice, best_of(judge)
    if lattice.allows(lattice.own) and lattice.key(lattice.own) < best.key:
        judge(lattice.own)
    last = len(judge.trials) + LINE
    for doubt in lattice.doubts:
        unit = lattice.sized.index(lattice.plan.units.name[doubt.unit])
        allowed = [one for one in lattice.options[unit] if one.cpu == best.configuration[unit].cpu]
        fewer = [one for one in allowed if doubt.own and one.replicas < best.configuration[unit].replicas]
        for option in sorted(fewer, reverse=True):
            if len(judge.trials) >= last:
                return
            judge(changed(best.configuration, unit, option))


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
    steps = {(unit, False): max(1, option.replicas // 4) for unit, option in enumerate(best_of(judge).configuration)}
    steps |= {(unit, True): 1 for unit, choices in enumerate(lattice.choices) if len(choices) > 1}
    while steps:
        best = best_of(judge)
        smaller = [(*at, _smaller(lattice, best.configuration, at, step)) for at, step in steps.items()]
        unit, cores, option = min(smaller, key=lambda one: busy_after(best, one[0], one[2]))
        fits = option in allowed[unit]
        candidate = changed(best.configuration, unit, option)
        judge.expected = len(steps)
        if fits and not judge.fails(candidate) and judge(candidate).met and best_of(judge) is not best:
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
