"""Whether a deployment is shown to cost more than a price (rule 13.10)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...plan.columns import Floats
from .excluding import MOST
from .judging import Judge, Trial
from .lattice import Configuration, Lattice

TELLING = 12
"""Simulations that may be spent on showing that what is cheaper misses an objective."""
SLACK = 1e-9
"""Relative difference of prices that rounding alone can make."""


def shown_to_cost_more(judge: Judge, saving: float) -> bool:
    """Whether everything that is cheaper than the chosen one, by a saving or more, is shown to miss an objective.

    Shown: by the whole interval of a run, or as less than what is shown to miss. A few are simulated for this.
    """
    lattice = judge.lattice
    price = lattice.price(judge.chosen.configuration)
    candidates = affordable(lattice, price - saving * (1.0 - SLACK))
    if candidates is None:
        return False
    candidates.sort(key=lattice.key)
    flat = np.array(candidates, np.float64).reshape(len(candidates), 2 * len(lattice.sized))
    open_ = np.ones(len(candidates), np.bool_)
    for trial in judge.trials.values():
        open_ &= ~_missing(flat, trial)
    known = [number for number in np.flatnonzero(open_).tolist() if candidates[number] in judge.trials]
    for _ in range(TELLING):
        if known or not open_.any():
            break
        number = int(np.flatnonzero(open_)[-1])
        trial = judge(candidates[number])
        open_ &= ~_missing(flat, trial)
        known = [] if trial.misses else [number]
    return not open_.any()


def affordable(lattice: Lattice, most: float) -> list[Configuration] | None:
    """Everything that may be chosen for this price or less; None if it is too much."""
    cheapest = [min(lattice.price_of(unit, one) for one in some) for unit, some in enumerate(lattice.options)]

    def extend(begun: Configuration, price: float) -> Iterator[Configuration]:
        unit = len(begun)
        if unit == len(lattice.options):
            yield begun
            return
        for option in lattice.options[unit]:
            more = price + lattice.price_of(unit, option)
            if more + sum(cheapest[unit + 1 :]) <= most * (1.0 + SLACK):
                yield from extend((*begun, option), more)

    found: list[Configuration] = []
    for configuration in extend((), 0.0):
        if len(found) >= MOST:
            return None
        found.append(configuration)
    return found


def _missing(flat: Floats, trial: Trial) -> NDArray[np.bool_]:
    """Which configurations, one a row, are shown to miss by a trial: it and all below it."""
    if not trial.misses:
        return np.zeros(len(flat), np.bool_)
    return np.asarray((flat <= np.ravel(trial.configuration)).all(axis=1), np.bool_)
