"""Policies as the first memory of a run has them: their rows, and the states of every caller replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...machine_code.records import Table, Within, fields_of
from ...plan.columns import Integers, States
from ...plan.layout import FaultKind
from ...plan.plan import Plan
from ...plan.policies import Policies
from ...rules.breaker import make_breaker
from ...rules.limits import make_limiter
from ...rules.outliers import make_detector
from .policies import Policy, Watched

if TYPE_CHECKING:
    from .image import Image, Words


def add_policies(image: Image, plan: Plan) -> None:
    """The policies of a plan, and the states that they refer to."""
    for column, name in Policies.guards().items():
        states: States = getattr(plan, name)
        kind = fields_of(Policy)[column].kind
        if isinstance(kind, Table) and isinstance(kind.row, Within):
            record = kind.row.record
            columns = image.columns(record, states, np.arange(len(states)))
            fresh = list(image.make_rows(record, len(states), columns))
        else:
            fresh = [make_breaker(**states.settings(row)) for row in range(len(states))]
        _add_states(image, name, states, fresh)
    image.fill(plan, "policies", breaker_words=image.words_of["breakers"][plan.policies.breaker])
    _watch(image, plan)


def _add_states(image: Image, name: str, states: States, fresh: Sequence[Words]) -> None:
    """The states of each row for all its callers, and a fresh one."""
    at, copies = [], []
    for callers, words in zip(states.callers.tolist(), fresh, strict=True):
        image.check((callers + 1) * words.size)
        at.append(image.add(np.tile(words, callers)))
        copies.append(image.add(words))
    image.at[name], image.fresh[name] = np.array([*at, 0], np.int64), np.array([*copies, 0], np.int64)
    image.words_of[name] = np.array([*map(len, fresh), 0], np.int64)


def _watch(image: Image, plan: Plan) -> None:
    """All breakers of all replicas are looked at."""
    b = plan.breakers
    rows = np.repeat(np.arange(len(b)), b.callers)
    callers = np.concatenate([np.arange(0), *map(np.arange, b.callers)])
    boards = image.at["breakers"][rows] + callers * image.words_of["breakers"][rows]
    image.world["breakers"] = image.add_records(Watched, b, rows, board=boards)
    image.world["breaker_count"] = rows.size


def patience_columns(image: Image, plan: Plan) -> dict[str, Integers]:
    """Columns of the calls whose timeout is more than a number that only the caller knows; and whether any has one."""
    p, calls = plan.patience, len(plan.calls)
    ends = (plan.calls.timeout, plan.policies.per_try_s, plan.policies.hedge_s)
    dies = len(plan.failures) > 0 or bool((plan.faults.kind == FaultKind.KILL).any())
    image.world["patient"] = int(dies or any(np.isfinite(column).any() for column in ends))
    image.world["deadlines"] = int(p.propagates.any())
    columns = {"timeout_law": image.at["distributions"][p.law], "timeout_stream": p.stream, "propagates": p.propagates}
    return {name: spread(p.call, column, calls) for name, column in columns.items()}


def limiter_references(image: Image, plan: Plan) -> Integers:
    """The limiter of each service, 0 where there is none."""
    limits = plan.limiters
    boards = [image.add(make_limiter(**limits.settings(row))) for row in range(len(limits))]
    return spread(limits.service, boards, len(plan.services))


def detector_references(image: Image, plan: Plan) -> Integers:
    """The outlier detector of each unit, 0 where there is none."""
    d = plan.detectors
    replicas = plan.units.replicas[d.unit].tolist()
    boards = [image.add(make_detector(**d.settings(row), replicas=count)) for row, count in enumerate(replicas)]
    return spread(d.unit, boards, len(plan.units))


def spread(rows: Integers, values: Integers | Sequence[int], count: int) -> Integers:
    """What each of so many has of what some of them have; 0 for the others."""
    column = np.zeros(count, np.int64)
    column[rows] = values
    return column
