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
from ...rules.breakers import make_breaker
from ...rules.limits import make_limiter
from ...rules.outliers import make_detector
from .columns import addresses, before, each, spread
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
    callers, sizes = states.callers, np.array([words.size for words in fresh], np.int64)
    image.check(int(((callers + 1) * sizes).sum()))
    every = [words for words, count in zip(fresh, callers.tolist(), strict=True) for _ in range(count)]
    image.at[name] = addresses(image.add_all(every), before(callers * sizes))
    image.fresh[name] = addresses(image.add_all(fresh), before(sizes))
    image.words_of[name] = np.append(sizes, 0)


def _watch(image: Image, plan: Plan) -> None:
    """All breakers of all replicas are looked at."""
    rows, callers = each(plan.breakers.callers)
    boards = image.at["breakers"][rows] + callers * image.words_of["breakers"][rows]
    image.world["breakers"] = image.add_records(Watched, plan.breakers, rows, board=boards)
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
