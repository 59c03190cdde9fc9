"""Which objective binds: the one that is missed with one replica less (rule 13.9)."""

from __future__ import annotations

from typing import Any

from ...results import Results
from .excluding import busy_after
from .judging import Judge, Trial, best_of, objective_label, rows_of


def find_binding(judge: Judge) -> Trial | None:
    """The trial with one replica less than the best, or the next fewer cores, that comes nearest; None without one.

    One is simulated if none was: the unit is left the idlest.
    """
    best = best_of(judge)
    less = judge.lattice.lessened(best.configuration)
    if less and not any(one in judge.trials for _, one in less):
        judge.expected = 1
        judge(min(less, key=lambda step: busy_after(best, step[0], step[1][step[0]]))[1])
    known = [judge.trials[one] for _, one in less if one in judge.trials and not judge.trials[one].met]
    return min(known, key=lambda trial: trial.ratio, default=None)


def objective_row(result: Results, label: str) -> dict[str, Any]:
    """The row of an objective."""
    rows = rows_of(result)
    (row,) = (row for row in rows if objective_label(row) == label)
    return {str(key): value for key, value in row.items()}
