"""What the loads of the napkin leave out, since nobody waits there: tries that waiting sets off, the slowest branch.

Told is a bound: the arrival rate up to which all cores keep up even if every call is tried again as often as its policy
allows after a timeout, and every hedge is sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ..plan.columns import Floats
from ..plan.layout import UNLIMITED, Op, Outcome
from ..plan.plan import Plan
from ..plan.structure import Node, call_rows, inside
from ..plan.walker import Walker, read_handlers
from .expectations import Expectations, loads_of

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
    handlers = read_handlers(plan)
    takes, varies = _Takes(handlers), set[int]()
    for endpoint in handlers.order:
        tree = handlers.trees[endpoint]
        targets = {int(plan.calls.target[plan.programs.a[row]]) for row in call_rows(tree)}
        if targets & varies or takes.overlap(tree):
            varies.add(endpoint)
    unit_of = plan.services.unit[plan.endpoints.service]
    asked = (expected.rates @ expected.visits) > 0.0
    return [plan.units.name[row] for row in rows if any(unit_of[one] == row and asked[one] for one in varies)]


class _Takes(Walker[tuple[bool, bool]]):
    """Whether steps take time, and whether it differs; a call does both."""

    def overlap(self, nodes: Sequence[Node]) -> bool:
        """Whether some step has two branches or more that take time, not all of them always the same."""
        for node in inside(nodes):
            if node.op == Op.PARALLEL:
                busy = [self.steps(body, -1) for body in node.bodies]
                if sum(takes for takes, _ in busy) > 1 and any(differs for _, differs in busy):
                    return True
        return False

    def in_turn(self, nodes: Sequence[Node], values: Iterator[tuple[bool, bool]]) -> tuple[bool, bool]:
        """Whether some of them do."""
        takes = differs = False
        for node, (one, other) in zip(nodes, values, strict=True):
            takes |= one
            differs |= other or (node.op in (Op.MAYBE, Op.CHOOSE) and takes)
        return takes, differs

    def work(self, law: int, service: int) -> tuple[bool, bool]:
        """A time on a core."""
        return self.pause(law)

    def pause(self, law: int) -> tuple[bool, bool]:
        """A time that needs no core."""
        laws = self.plan.distributions
        return bool(laws.mean[law] > 0.0), bool(laws.variance[law] > 0.0)

    def send(self, call: int, service: int) -> tuple[bool, bool]:
        """Nobody waits."""
        return False, False

    def fail(self) -> tuple[bool, bool]:
        """No time."""
        return False, False

    def call(self, node: Node, call: int, service: int) -> tuple[bool, bool]:
        """As if it did."""
        return True, True

    def together(self, node: Node, values: Sequence[tuple[bool, bool]]) -> tuple[bool, bool]:
        """Whether some branch does."""
        return any(takes for takes, _ in values), any(differs for _, differs in values)

    def again(self, node: Node, value: tuple[bool, bool], times: int) -> tuple[bool, bool]:
        """As once."""
        return value

    def choice(self, values: Sequence[tuple[bool, bool]], shares: Sequence[float]) -> tuple[bool, bool]:
        """Whether some option does."""
        return any(takes for takes, _ in values), any(differs for _, differs in values)
