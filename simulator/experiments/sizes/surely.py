"""What is asked of the units in any case, whatever fails, is cut short or is turned away (rule 13.4).

The loads of a napkin are what is expected (rule 16.1). These are bounds from below: counted is the work of visits
that nothing can prevent, and of a time that a timeout, a try's timeout or a hedge may cut no more than E[min(X, t)].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np

from ...compiler.expectations import callees_first, entry_shares, peak_rate
from ...compiler.limited import limited_mean
from ...plan.layout import UNLIMITED, FaultKind, Op, Shape
from ...plan.plan import Floats, Integers, Plan
from ...plan.structure import Node, handler

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


class _Counted:
    """Visits and times that are sure, callees before their callers."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._trees = [handler(plan.programs, start) for start in plan.endpoints.start.tolist()]
        self._order = callees_first(plan, self._trees)
        self._times: dict[tuple[int, float], float] = {}
        self._depth = 0
        self._fails = np.ones(len(self._trees), np.bool_)
        self._cut = plan.calls.timeout.copy()
        policies = plan.policies
        for each_s in (policies.per_try_s, policies.hedge_s):
            np.minimum.at(self._cut, policies.call, each_s)
        self._cut[plan.patience.call[plan.patience.law >= 0]] = 0.0  # a timeout that is drawn may be short
        self._made = self._reached()
        for endpoint in self._order:
            failing = any(self._may_fail(node) for node in self._trees[endpoint])
            self._fails[endpoint] = failing or plan.endpoints.error_rate[endpoint] > 0.0

    def _reached(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Calls of which every one is sure to be made, and its message to be served."""
        plan, calls = self._plan, self._plan.calls
        service = plan.endpoints.service[calls.target]
        unit = plan.services.unit[service]
        doubtful = (calls.loss > 0.0) | (calls.error_rate > 0.0)
        doubtful |= np.isin(unit, self._shaky_units())
        policies = plan.policies
        doubtful[policies.call[(policies.breaker >= 0) | (policies.bulkhead >= 0)]] = True
        doubtful |= np.isin(service, plan.limiters.service)
        crossed = plan.faults.kind[plan.crossings.fault]
        doubtful[plan.crossings.call[np.isin(crossed, NETWORK)]] = True
        return np.asarray((calls.remote == 0) | ~doubtful, np.bool_)

    def _shaky_units(self) -> Integers:
        """Units that turn visits away, or lose them with a replica."""
        plan = self._plan
        full = np.flatnonzero((plan.units.queue_capacity != UNLIMITED) & (plan.units.concurrency != UNLIMITED))
        killed = plan.faults.unit[plan.faults.kind == FaultKind.KILL]
        failing = plan.services.unit[plan.failures.service]
        return np.concatenate([full, killed, failing, plan.detectors.unit])

    def _may_fail(self, node: Node) -> bool:
        """Whether a step may fail, so that the steps after it are not run."""
        if node.op == Op.SEND:
            return False
        bodies = [any(self._may_fail(step) for step in body) for body in node.bodies]
        if node.op != Op.CALL:
            return any(bodies)
        return self._call_may_fail(self._call(node)) and (not bodies or bodies[0])

    def _call(self, node: Node) -> int:
        return int(self._plan.programs.a[node.row])

    def _call_may_fail(self, call: int) -> bool:
        calls = self._plan.calls
        if not calls.remote[call]:
            return bool(self._fails[calls.target[call]])
        return not self._made[call] or math.isfinite(self._cut[call]) or bool(self._fails[calls.target[call]])

    def _sure_steps(self, nodes: Sequence[Node], factor: float = 1.0) -> Iterator[tuple[Node, float]]:
        """Steps that are run in any case, at any depth, and how often."""
        for node in nodes:
            yield node, factor
            for body, share in zip(node.bodies, node.shares, strict=True):
                again = node.op == Op.REPEAT and any(self._may_fail(step) for step in body)
                yield from self._sure_steps(body, factor * (min(share, 1.0) if again else share))
            if self._may_fail(node):
                return

    @cached_property
    def visits(self) -> tuple[Floats, Floats]:
        """Runs of each handler a second, and those of them that take a slot: through the network."""
        plan, calls = self._plan, self._plan.calls
        visits, slotted = np.zeros(len(self._trees)), np.zeros(len(self._trees))

        def add(call: int, number: float) -> None:
            visits[calls.target[call]] += number * self._made[call]
            slotted[calls.target[call]] += number * self._made[call] * calls.remote[call]

        for workload in range(len(plan.workloads.name)):
            rows, shares = entry_shares(plan, workload)
            for call, share in zip(plan.workloads.entry_call[rows].tolist(), shares.tolist(), strict=True):
                add(call, peak_rate(plan, workload) * share)
        for endpoint in reversed(self._order):
            for call, times in self._sure_calls(endpoint):
                add(call, visits[endpoint] * times)
        return visits, slotted

    def _sure_calls(self, endpoint: int) -> Iterator[tuple[int, float]]:
        for node, times in self._sure_steps(self._trees[endpoint]):
            if node.op in (Op.CALL, Op.SEND):
                yield self._call(node), times

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
        for endpoint, tree in enumerate(self._trees):
            service = int(plan.endpoints.service[endpoint])
            for node, times in self._sure_steps(tree):
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
        for endpoint in self._order:
            unit = plan.services.unit[plan.endpoints.service[endpoint]]
            held[unit] += slotted[endpoint] * self.time(endpoint, math.inf)
        return held

    def time(self, endpoint: int, limit: float) -> float:
        """E[min(time of a handler, limit)] at least, in seconds."""
        if self._depth > DEEP:
            return 0.0
        if (endpoint, limit) not in self._times:
            service = int(self._plan.endpoints.service[endpoint])
            self._depth += 1
            self._times[endpoint, limit] = self._sequence(self._trees[endpoint], service, limit)
            self._depth -= 1
        return self._times[endpoint, limit]

    def _sequence(self, nodes: Sequence[Node], service: int, limit: float) -> float:
        """At least, of steps one after the other, up to the first that may fail.

        Of several times within a limit the constant ones count first, and of the others the longest: E[min(X + Y, t)]
        is at least E[min(X, s)] + E[min(Y, t - s)] for any s.
        """
        steps: list[Node] = []
        for node in nodes:
            steps.append(node)
            if self._may_fail(node):
                break
        return self._one_after_the_other([self._step(node, service) for node in steps], limit)

    def _one_after_the_other(self, times: Sequence[Callable[[float], float]], limit: float) -> float:
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

    def _step(self, node: Node, service: int) -> Callable[[float], float]:
        """E[min(X, limit)] at least, of one step, as a function of the limit."""
        plan = self._plan
        operand = int(plan.programs.a[node.row])
        if node.op == Op.CPU:
            pace = float(plan.services.pace[service])
            return lambda limit: limited_mean(plan.distributions, operand, limit * pace) / pace
        if node.op == Op.SLEEP:
            return lambda limit: limited_mean(plan.distributions, operand, limit)
        if node.op == Op.CALL:
            return lambda limit: self._call_time(operand, limit)
        if node.op == Op.SEND:
            return lambda limit: 0.0
        if node.op == Op.PARALLEL:
            failing = self._may_fail(node)
            return lambda limit: 0.0 if failing else max(self._sequence(body, service, limit) for body in node.bodies)
        if node.op == Op.REPEAT:
            times = 1.0 if self._may_fail(node) else node.shares[0]
            return lambda limit: (
                self._sequence(node.bodies[0], service, limit) * (times if math.isinf(limit) else min(1.0, times))
            )
        return lambda limit: math.fsum(
            share * self._sequence(body, service, limit) for body, share in zip(node.bodies, node.shares, strict=True)
        )

    def _call_time(self, call: int, limit: float) -> float:
        """As its caller sees it; the packing, which is outside the timeout, is left out."""
        plan = self._plan
        target, law = int(plan.calls.target[call]), int(plan.calls.latency[call])
        if not plan.calls.remote[call]:
            return self.time(target, limit)
        if not self._made[call]:
            return 0.0
        network = lambda some: limited_mean(plan.distributions, law, some)  # noqa: E731
        pieces = [network, network, lambda some: self.time(target, some)]
        return self._one_after_the_other(pieces, min(limit, float(self._cut[call])))
