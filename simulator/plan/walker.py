"""One walk through the steps of handlers, for all who add something up: steps within steps, and calls of others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Generic, TypeVar

import numpy as np

from .columns import Integers
from .layout import Op
from .plan import Plan
from .structure import Node, call_rows, handlers

V = TypeVar("V")


@dataclass(frozen=True)
class Handlers:
    """The handlers of a plan, by endpoint: their steps, and who runs them. `operands` are those of all instructions."""

    plan: Plan
    trees: Sequence[tuple[Node, ...]]
    services: Sequence[int]
    operands: Sequence[int]

    @cached_property
    def order(self) -> list[int]:
        """Endpoints in an order in which nobody comes before whom it calls."""
        return callees_first(self.plan, self.trees)


def read_handlers(plan: Plan) -> Handlers:
    """The handlers of a plan."""
    trees = handlers(plan.programs, plan.endpoints.start.tolist())
    return Handlers(plan, trees, plan.endpoints.service.tolist(), plan.programs.a.tolist())


class Walker(ABC, Generic[V]):
    """What handlers come to, from the inside out; a subclass says what each kind of step does.

    `service` is the row of the service that runs the steps, `law` that of a distribution.

    Attributes
    ----------
    found
        By endpoint, once it is walked; a call finds its target there.
    """

    def __init__(self, handlers: Handlers) -> None:
        self.handlers, self.plan = handlers, handlers.plan
        self.found: dict[int, V] = {}
        self._operand = handlers.operands

    def walk(self, endpoints: Iterable[int] | None = None) -> None:
        """Add up all handlers, or those of some endpoints, in an order in which nobody comes before whom it calls."""
        for endpoint in self.handlers.order if endpoints is None else endpoints:
            self.found[endpoint] = self.handler(endpoint)

    def handler(self, endpoint: int) -> V:
        """What one handler comes to."""
        return self.steps(self.handlers.trees[endpoint], self.handlers.services[endpoint])

    def steps(self, nodes: Sequence[Node], service: int) -> V:
        """What some steps come to, one after the other."""
        return self.in_turn(nodes, (self.step(node, service) for node in nodes))

    def step(self, node: Node, service: int) -> V:
        """What one step comes to, with all that is inside it."""
        operand = self._operand[node.row]
        match node.op:
            case Op.CPU:
                return self.work(operand, service)
            case Op.SLEEP:
                return self.pause(operand)
            case Op.SEND:
                return self.send(operand, service)
            case Op.CALL:
                return self.call(node, operand, service)
            case Op.FAIL:
                return self.fail()
        values = [self.steps(body, service) for body in node.bodies]
        match node.op:
            case Op.PARALLEL:
                return self.together(node, values)
            case Op.REPEAT:
                return self.again(node, values[0], int(node.shares[0]))
            case Op.MAYBE:
                (share,) = node.shares
                return self.choice([*values, self.steps((), service)], [share, 1.0 - share])
        return self.choice(values, node.shares)

    @abstractmethod
    def work(self, law: int, service: int) -> V:
        """A time on a core."""

    @abstractmethod
    def pause(self, law: int) -> V:
        """A time that needs no core."""

    @abstractmethod
    def send(self, call: int, service: int) -> V:
        """A message for whose answer nobody waits."""

    @abstractmethod
    def call(self, node: Node, call: int, service: int) -> V:
        """A call; the only body of the node, if it has one, is its fallback."""

    @abstractmethod
    def fail(self) -> V:
        """The handler fails: nothing comes after it."""

    @abstractmethod
    def in_turn(self, nodes: Sequence[Node], values: Iterator[V]) -> V:
        """Steps one after the other."""

    @abstractmethod
    def together(self, node: Node, values: Sequence[V]) -> V:
        """Branches at the same time, up to the end of the last."""

    @abstractmethod
    def again(self, node: Node, value: V, times: int) -> V:
        """The same so many times, one after the other."""

    @abstractmethod
    def choice(self, values: Sequence[V], shares: Sequence[float]) -> V:
        """One of several, by its share."""


def runs(
    nodes: Sequence[Node],
    share: Callable[[Node, int], float],
    success: Callable[[Node], float],
    factor: float = 1.0,
) -> Iterator[tuple[Node, float]]:
    """Each step at any depth, and how often it is run.

    Parameters
    ----------
    share
        How often a body of a step is run, by its number, for each run of the step.
    success
        How often the steps after one are run, for each run of it.
    """
    for node in nodes:
        yield node, factor
        for number, body in enumerate(node.bodies):
            inner = factor * share(node, number)
            if inner > 0.0:
                yield from runs(body, share, success, inner)
        factor *= success(node)
        if factor <= 0.0:
            return


def callees_first(plan: Plan, trees: Sequence[tuple[Node, ...]]) -> list[int]:
    """Endpoints in an order in which nobody comes before whom it calls."""
    targets = {
        endpoint: {int(plan.calls.target[plan.programs.a[row]]) for row in call_rows(tree)}
        for endpoint, tree in enumerate(trees)
    }
    return list(TopologicalSorter(targets).static_order())


def endpoint_of_rows(plan: Plan) -> Integers:
    """The endpoint to whose handler each instruction belongs; handlers stand in the order of the endpoints."""
    return np.searchsorted(plan.endpoints.start, np.arange(len(plan.programs.op)), side="right") - 1


def call_owners(plan: Plan) -> dict[int, int]:
    """The endpoint whose handler makes each call; none of those at the edge."""
    rows = np.flatnonzero((plan.programs.op == Op.CALL) | (plan.programs.op == Op.SEND))
    return dict(zip(plan.programs.a[rows].tolist(), endpoint_of_rows(plan)[rows].tolist(), strict=True))


def may_fail(plan: Plan) -> bool:
    """Whether some handler may fail by itself."""
    return bool(plan.endpoints.error_rate.any() or (plan.programs.op == Op.FAIL).any())


def find_sends(plan: Plan) -> frozenset[int]:
    """Calls for whose answer nobody waits."""
    return frozenset(plan.programs.a[plan.programs.op == Op.SEND].tolist())
