"""Which objective binds: the one that is missed with one replica less (rule 13.9)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ...results import Results
from .excluding import busy_after
from .judging import SMALLEST, Judge, Trial, best_of, objective_label, rows_of
from .lattice import Configuration, is_below


def find_binding(judge: Judge) -> Trial | None:
    """The trial with one replica less than the best, or the next fewer cores, that comes nearest; None without one.

    What the search excluded without a run may be the nearest: it is simulated, unless it surely comes no nearer than
    what is known. If one of them turns out to meet the objectives, it is the best, and what binds is below it.
    """
    best = None
    while best is not best_of(judge):
        best = best_of(judge)
        nearest = _nearest_below(judge, best)
    return nearest


def _nearest_below(judge: Judge, best: Trial) -> Trial | None:
    """Of those with one replica less that miss an objective the nearest; the one left idlest is simulated first."""
    less = judge.lattice.lessened(best.configuration)
    less.sort(key=lambda step: busy_after(best, step[0], step[1][step[0]]))
    known = [judge.trials[one] for _, one in less if one in judge.trials]
    for _, one in less:
        nearest = _nearest(known)
        if one not in judge.trials and (nearest is None or _at_least(judge, one) < _beyond(nearest)):
            judge.expected = 1
            known.append(judge(one))
    return _nearest(known)


def _nearest(trials: Iterable[Trial]) -> Trial | None:
    missed = (trial for trial in trials if not trial.met)
    return min(missed, key=lambda trial: (_beyond(trial), trial.nearness), default=None)


def _beyond(trial: Trial) -> float:
    """Upper end by limit; where none can be told, the value by it, unless that only depends on how long the run is."""
    if math.isfinite(trial.ratio) or trial.behind or math.isnan(trial.value):
        return trial.ratio
    return trial.value / max(trial.limit, SMALLEST)


def _at_least(judge: Judge, configuration: Configuration) -> float:
    """Upper end by limit that it surely reaches: that of what is larger and failed, unless more may hurt (rule 13.5).

    What cannot keep up (rule 13.4) comes no nearer than anything.
    """
    if not judge.lattice.allows(configuration):
        return math.inf
    if judge.lattice.doubts:
        return 0.0
    larger = (trial for trial in judge.trials.values() if trial.clear and is_below(configuration, trial.configuration))
    return max((_beyond(trial) for trial in larger), default=0.0)


def objective_row(result: Results, label: str) -> dict[str, Any]:
    """The row of an objective."""
    rows = rows_of(result)
    (row,) = (row for row in rows if objective_label(row) == label)
    return {str(key): value for key, value in row.items()}
