"""What is asked of the units in any case, whatever fails, is cut short or is turned away (rule 13.4).

The loads of a napkin are what is expected (rule 16.1). These are bounds from below: counted is the work of visits
that nothing can prevent, and of a time that a timeout, a try's timeout or a hedge may cut no more than E[min(X, t)].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np

from ...compiler.expectations import entry_shares, peak_rate
from ...compiler.limited import limited_mean
from ...compiler.policies import refusing
from ...plan.columns import Floats, Integers
from ...plan.layout import UNLIMITED, FaultKind, Op, Shape
from ...plan.plan import Plan
from ...plan.structure import Node
from ...plan.walker import Handlers, Walker, read_handlers, runs

NETWORK = (FaultKind.ABORT, FaultKind.PARTITION)
"""Faults that keep a message from its target."""
DEEP = 20
"""Calls within calls beyond which no time is counted, where a limit is to be shared out among them."""


def sure_loads(plan: Plan) -> tuple[Floats, Floats]:
    """Cores and slots that open workloads keep busy at least, in the mean and at their peaks, by unit."""
    units = len(plan.units.name)
    if plan.patience.propagates.any():  # what has a deadline may be dropped anywhere
        return np.zeros(units), np.zeros(units)
    counted = _Counted(plan)
    return counted.work, counted.held


def may_be_always_busy(plan: Plan) -> bool:
    """Whether a unit that is asked for exactly what it can do may keep up: if nothing at all is left to chance."""
    return bool((plan.workloads.shape == Shape.EVEN).all() and not plan.distributions.variance.any())


class _Failing(Walker[bool]):
    """Whether handlers may fail, so that the steps after a call are not run.

    Attributes
    ----------
    rows
        The steps that may.
    made
        By call: whether every one is sure to be made, and its message to be served.
    cut
        By call: seconds after which a try may end before its answer.
    """

    def __init__(self, handlers: Handlers) -> None:
        super().__init__(handlers)
        plan, policies = self.plan, self.plan.policies
        self.rows: set[int] = set()
        self.made = _reached(plan)
        self.cut = plan.calls.timeout.copy()
        for each_s in (policies.per_try_s, policies.hedge_s):
            np.minimum.at(self.cut, policies.call, each_s)
        self.cut[plan.patience.call[plan.patience.law >= 0]] = 0.0  # a timeout that is drawn may be short
        self.walk()

    def handler(self, endpoint: int) -> bool:
        """Its steps, or itself after them."""
        return super().handler(endpoint) or bool(self.plan.endpoints.error_rate[endpoint] > 0.0)

    def in_turn(self, nodes: Sequence[Node], values: Iterator[bool]) -> bool:
        """Any of them."""
        failing = [node.row for node, fails in zip(nodes, values, strict=True) if fails]
        self.rows |= set(failing)
        return bool(failing)

    def work(self, law: int, service: int) -> bool:
        """Never."""
        return False

    def pause(self, law: int) -> bool:
        """Never."""
        return False

    def send(self, call: int, service: int) -> bool:
        """Nobody would know."""
        return False

    def fail(self) -> bool:
        """Always."""
        return True

    def call(self, node: Node, call: int, service: int) -> bool:
        """Where its fallback may too, if it has one."""
        fallback = [self.steps(body, service) for body in node.bodies]
        fails = self.found[int(self.plan.calls.target[call])]
        if self.plan.calls.remote[call]:
            fails = fails or not self.made[call] or math.isfinite(self.cut[call])
        return fails and all(fallback)

    def together(self, node: Node, values: Sequence[bool]) -> bool:
        """Any of them."""
        return any(values)

    def again(self, node: Node, value: bool, times: int) -> bool:
        """As once."""
        return value

    def choice(self, values: Sequence[bool], shares: Sequence[float]) -> bool:
        """Any of them."""
        return any(values)


def _reached(plan: Plan) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Calls of which every one is sure to be made, and its message to be served."""
    calls, service = plan.calls, plan.endpoints.service[plan.calls.target]
    doubtful = (calls.loss > 0.0) | (calls.error_rate > 0.0)
    doubtful |= np.isin(plan.services.unit[service], _shaky_units(plan))
    doubtful[plan.policies.call[refusing(plan)]] = True
    doubtful |= np.isin(service, plan.limiters.service)
    crossed = plan.faults.kind[plan.crossings.fault]
    doubtful[plan.crossings.call[np.isin(crossed, NETWORK)]] = True
    return np.asarray((calls.remote == 0) | ~doubtful, np.bool_)


def _shaky_units(plan: Plan) -> Integers:
    """Units that turn visits away, or lose them with a replica."""
    full = np.flatnonzero((plan.units.queue_capacity != UNLIMITED) & (plan.units.concurrency != UNLIMITED))
    killed = plan.faults.unit[plan.faults.kind == FaultKind.KILL]
    failing = plan.services.unit[plan.failures.service]
    return np.concatenate([full, killed, failing, plan.detectors.unit])


class _Counted:
    """Visits that are sure, callees before their callers, and what they ask for."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._handlers = plan, read_handlers(plan)
        self._failing = _Failing(self._handlers)
        self._made = self._failing.made

    def _sure_steps(self, endpoint: int) -> Iterator[tuple[Node, float]]:
        """Steps that are run in any case, at any depth, and how often."""
        failing = self._failing.rows

        def share(node: Node, number: int) -> float:
            again = node.op == Op.REPEAT and any(step.row in failing for step in node.bodies[number])
            return min(node.shares[number], 1.0) if again else node.shares[number]

        return runs(self._handlers.trees[endpoint], share, lambda node: float(node.row not in failing))

    @cached_property
    def visits(self) -> tuple[Floats, Floats]:
        """Runs of each handler a second, and those of them that take a slot: through the network."""
        plan, calls = self._plan, self._plan.calls
        visits, slotted = np.zeros(len(plan.endpoints.name)), np.zeros(len(plan.endpoints.name))

        def add(call: int, number: float) -> None:
            visits[calls.target[call]] += number * self._made[call]
            slotted[calls.target[call]] += number * self._made[call] * calls.remote[call]

        for workload in range(len(plan.workloads.name)):
            rows, shares = entry_shares(plan, workload)
            for call, share in zip(plan.workloads.entry_call[rows].tolist(), shares.tolist(), strict=True):
                add(call, peak_rate(plan, workload) * share)
        for endpoint in reversed(self._handlers.order):
            for call, times in self._sure_calls(endpoint):
                add(call, visits[endpoint] * times)
        return visits, slotted

    def _sure_calls(self, endpoint: int) -> Iterator[tuple[int, float]]:
        for node, times in self._sure_steps(endpoint):
            if node.op in (Op.CALL, Op.SEND):
                yield int(self._plan.programs.a[node.row]), times

    @cached_property
    def work(self) -> Floats:
        """Cores kept busy, by unit."""
        plan = self._plan
        cost = np.minimum(1.0, plan.units.cpu)[plan.services.unit] / plan.services.pace
        work = np.zeros(len(plan.units.name))

        def add(service: int, law: int, times: float) -> None:
            if law >= 0:
                work[plan.services.unit[service]] += times * float(plan.distributions.mean[law]) * cost[service]

        visits, _ = self.visits
        for endpoint, service in enumerate(self._handlers.services):
            for node, times in self._sure_steps(endpoint):
                if node.op == Op.CPU:
                    add(service, int(plan.programs.a[node.row]), visits[endpoint] * times)
            for call, times in self._sure_calls(endpoint):
                packing, made = int(plan.calls.serialization[call]), visits[endpoint] * times * self._made[call]
                add(service, packing, made)
                add(int(plan.endpoints.service[plan.calls.target[call]]), packing, made)
        return work

    @cached_property
    def held(self) -> Floats:
        """Slots held, by unit."""
        plan = self._plan
        held = np.zeros(len(plan.units.name))
        _, slotted = self.visits
        times = _Times(self._handlers, self._failing)
        for endpoint in self._handlers.order:
            unit = plan.services.unit[plan.endpoints.service[endpoint]]
            held[unit] += slotted[endpoint] * times.at_least(endpoint, math.inf)
        return held


Limited = Callable[[float], float]
"""E[min(X, limit)] at least, in seconds, as a function of the limit."""


class _Times(Walker[Limited]):
    """Times that are sure, of steps up to the first that may fail."""

    def __init__(self, handlers: Handlers, failing: _Failing) -> None:
        super().__init__(handlers)
        self._failing = failing
        self._known: dict[tuple[int, float], float] = {}
        self._depth = 0

    def at_least(self, endpoint: int, limit: float) -> float:
        """E[min(time of a handler, limit)] at least, in seconds."""
        if self._depth > DEEP:
            return 0.0
        if endpoint not in self.found:
            self.found[endpoint] = self.handler(endpoint)
        if (endpoint, limit) not in self._known:
            self._depth += 1
            self._known[endpoint, limit] = self.found[endpoint](limit)
            self._depth -= 1
        return self._known[endpoint, limit]

    def in_turn(self, nodes: Sequence[Node], values: Iterator[Limited]) -> Limited:
        """Up to the first that may fail."""
        steps: list[Limited] = []
        for node, value in zip(nodes, values, strict=True):
            steps.append(value)
            if node.row in self._failing.rows:
                break
        return lambda limit: _one_after_the_other(steps, limit)

    def work(self, law: int, service: int) -> Limited:
        """A time on a core."""
        pace = float(self.plan.services.pace[service])
        return lambda limit: limited_mean(self.plan.distributions, law, limit * pace) / pace

    def pause(self, law: int) -> Limited:
        """A time that needs no core."""
        return lambda limit: limited_mean(self.plan.distributions, law, limit)

    def send(self, call: int, service: int) -> Limited:
        """Nobody waits."""
        return lambda limit: 0.0

    def fail(self) -> Limited:
        """At once."""
        return lambda limit: 0.0

    def call(self, node: Node, call: int, service: int) -> Limited:
        """As its caller sees it; the packing, which is outside the timeout, is left out."""
        calls, failing = self.plan.calls, self._failing
        target = int(calls.target[call])
        if not calls.remote[call]:
            return lambda limit: self.at_least(target, limit)
        if not failing.made[call]:
            return lambda limit: 0.0
        network = self.pause(int(calls.latency[call]))
        pieces = [network, network, lambda limit: self.at_least(target, limit)]
        return lambda limit: _one_after_the_other(pieces, min(limit, float(failing.cut[call])))

    def together(self, node: Node, values: Sequence[Limited]) -> Limited:
        """The longest branch, where none may fail."""
        failing = node.row in self._failing.rows
        return lambda limit: 0.0 if failing else max(value(limit) for value in values)

    def again(self, node: Node, value: Limited, times: int) -> Limited:
        """So many times; within a limit, or where it may fail, as once."""
        number = 1.0 if node.row in self._failing.rows else float(times)
        return lambda limit: value(limit) * (number if math.isinf(limit) else min(1.0, number))

    def choice(self, values: Sequence[Limited], shares: Sequence[float]) -> Limited:
        """The mean of the options."""
        return lambda limit: math.fsum(share * value(limit) for value, share in zip(values, shares, strict=True))


def _one_after_the_other(times: Sequence[Limited], limit: float) -> float:
    """Several times within a limit: the constant ones count first, and of the others the longest.

    E[min(X + Y, t)] is at least E[min(X, s)] + E[min(Y, t - s)] for any s.
    """
    means = [time(math.inf) for time in times]
    if math.isinf(limit):
        return math.fsum(means)
    total, left, chance = 0.0, limit, []
    for time, mean in zip(times, means, strict=True):
        if math.isclose(time(mean), mean, rel_tol=1e-12):  # constant
            total += min(mean, left)
            left = max(0.0, left - mean)
        else:
            chance.append((mean, time))
    if chance:
        total += max(chance, key=lambda one: one[0])[1](left)
    return total
