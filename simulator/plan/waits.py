"""Slots that may wait for each other: of which units, and who waits when a run has ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .columns import Floats, Integers
from .layout import UNLIMITED, Op
from .plan import Plan


def sends_of(plan: Plan) -> Integers:
    """The calls that are made by `send`, ascending."""
    return np.unique(plan.programs.a[plan.programs.op == Op.SEND]).astype(np.int64)


def circles_of_slots(plan: Plan) -> list[int]:
    """Units with a limit of slots whose holders may wait, through calls, for a slot of their own unit.

    Those on the way from one circle to another are among them.
    """
    c, unit = plan.calls, plan.services.unit
    waited_for = (c.remote == 1) & (c.caller >= 0) & ~np.isin(np.arange(c.caller.size), sends_of(plan))
    callers, targets = unit[c.caller[waited_for]], unit[plan.endpoints.service[c.target[waited_for]]]
    while True:
        inner = np.isin(callers, targets) & np.isin(targets, callers)
        if inner.all():
            return [row for row in np.unique(callers).tolist() if plan.units.concurrency[row] != UNLIMITED]
        callers, targets = callers[inner], targets[inner]


@dataclass(frozen=True, eq=False)
class WaitLog:
    """Who waits for a slot when a run has ended, of the units of `circles_of_slots`.

    One row a visit that holds a slot and one of whose calls waits at the queue of a replica, itself or through others,
    none of them with a timeout. Replicas are numbered through all units, visits within the log.
    """

    visit: Integers
    holder: Integers  # the replica at which the visit is
    queue: Integers  # the replica for whose slot a call waits
    since_s: Floats  # when the visit made that call


class Wait(NamedTuple):
    """A row in the making; `who` says which visit it is, in both engines."""

    who: tuple[tuple[int, int], int]
    holder: int
    queue: int
    since_s: float


def make_waits(waits: Iterable[Wait]) -> WaitLog:
    """The log, in an order of its own; of several calls of a visit at one queue it has the first."""
    rows: list[Wait] = []
    for wait in sorted(waits, key=lambda wait: (wait.who, wait.queue, wait.since_s)):
        if not rows or (rows[-1].who, rows[-1].queue) != (wait.who, wait.queue):
            rows.append(wait)
    numbers = {who: number for number, who in enumerate(dict.fromkeys(wait.who for wait in rows))}
    return WaitLog(
        visit=np.array([numbers[wait.who] for wait in rows], np.int64),
        holder=np.array([wait.holder for wait in rows], np.int64),
        queue=np.array([wait.queue for wait in rows], np.int64),
        since_s=np.array([wait.since_s for wait in rows], np.float64),
    )
