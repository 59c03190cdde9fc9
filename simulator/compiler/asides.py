"""What the loads of the napkin leave out, since nobody waits there: tries that waiting sets off, the slowest branch.

Told is a bound: the arrival rate up to which all cores keep up even if every call is tried again as often as its policy
allows after a timeout, and every hedge is sent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..plan.layout import UNLIMITED, Op, Outcome
from ..plan.plan import Floats, Plan
from ..plan.structure import Node, call_rows, handlers
from .expectations import Expectations, callees_first, loads_of

_HALF = 0.5
"""Slots that are used less than this share of the bottleneck are not what saturates first."""


def tries_by_waiting(plan: Plan, expected: Expectations) -> Floats:
    """The most tries of each call: all re-tries that a timeout may set off, and every second one."""
    p, most = plan.policies, expected.tries.copy()
    timeouts = plan.calls.timeout[p.call]
    fits = np.full(len(p.call), np.inf)  # a try that ends late leaves no time for more than so many
    np.divide(timeouts, p.per_try_s, out=fits, where=np.isfinite(p.per_try_s) & (p.per_try_s > 0.0))
    again = (p.retry_on >> int(Outcome.TIMEOUT) & 1 == 1) & (p.per_try_s < timeouts) & (p.budget < 0)
    hedged = np.isfinite(p.hedge_s) & (p.hedge_s < np.minimum(timeouts, p.per_try_s)) & (p.budget < 0)
    after_errors = 1.0 + np.minimum(p.attempts, most[p.call] - 1.0)
    tries = np.where(again, np.minimum(1.0 + p.attempts, np.ceil(fits)), after_errors)
    most[p.call] = np.maximum(most[p.call], np.where(hedged, tries + 1.0, tries))
    return most


def rate_whatever_waits(plan: Plan, expected: Expectations) -> float:
    """Requests per second up to which all cores keep up with all of these tries; inf if waiting sets off none."""
    tries = tries_by_waiting(plan, expected)
    if not expected.rates.any() or np.array_equal(tries, expected.tries):
        return math.inf
    loads = loads_of(plan, expected, tries)
    use = np.divide(loads, expected.capacity, out=np.zeros(len(loads)), where=expected.capacity > 0.0).max()
    return float(expected.rates.sum() / use) if use > 0.0 else math.inf


def behind_branches(plan: Plan, expected: Expectations) -> list[str]:
    """Units whose slots are held until the last of several branches ends, which counts as the longest in the mean."""
    held = expected.rates @ expected.held
    used = np.divide(held, expected.slots, out=np.zeros(len(held)), where=expected.slots > 0.0)
    loads = expected.rates @ expected.demand
    worst = max(
        used.max(), np.divide(loads, expected.capacity, out=np.zeros(len(loads)), where=expected.capacity > 0.0).max()
    )
    rows = np.flatnonzero((used >= _HALF * worst) & (used > 0.0) & (plan.units.concurrency != UNLIMITED)).tolist()
    if not rows or Op.PARALLEL not in plan.programs.op:
        return []
    trees = handlers(plan.programs, plan.endpoints.start.tolist())
    varies: set[int] = set()
    for endpoint in callees_first(plan, trees):
        targets = {int(plan.calls.target[plan.programs.a[row]]) for row in call_rows(trees[endpoint])}
        if targets & varies or _overlaps(plan, trees[endpoint]):
            varies.add(endpoint)
    unit_of = plan.services.unit[plan.endpoints.service]
    asked = (expected.rates @ expected.visits) > 0.0
    return [plan.units.name[row] for row in rows if any(unit_of[one] == row and asked[one] for one in varies)]


def _overlaps(plan: Plan, nodes: Sequence[Node]) -> bool:
    """Whether some step has two branches or more that take time, not all of them always the same."""
    for node in nodes:
        if node.op == Op.PARALLEL:
            busy = [_times(plan, body) for body in node.bodies]
            if sum(takes for takes, _ in busy) > 1 and any(differs for _, differs in busy):
                return True
        if any(_overlaps(plan, body) for body in node.bodies):
            return True
    return False


def _times(plan: Plan, nodes: Sequence[Node]) -> tuple[bool, bool]:
    """Whether steps take time, and whether it differs; a call does both."""
    takes = differs = False
    for node in nodes:
        operand = int(plan.programs.a[node.row])
        if node.op in (Op.CPU, Op.SLEEP):
            takes |= bool(plan.distributions.mean[operand] > 0.0)
            differs |= bool(plan.distributions.variance[operand] > 0.0)
        elif node.op == Op.CALL:
            takes = differs = True
        else:
            inner = [_times(plan, body) for body in node.bodies]
            takes |= any(one for one, _ in inner)
            differs |= any(one for _, one in inner) or (node.op in (Op.MAYBE, Op.CHOOSE) and takes)
    return takes, differs
