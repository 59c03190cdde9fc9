"""Bulkheads: their table, and what is said of them before a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..plan.layout import UNLIMITED, Outcome
from ..plan.plan import Plan
from ..plan.policies import Bulkheads
from ..plan.structure import Node
from ..plan.walker import Handlers, Walker
from .guards import Guard

if TYPE_CHECKING:
    from .expectations import Expectations


def _own(plan: Plan, row: int, target: str) -> str:
    return f"may have {plan.bulkheads.limit[row]} calls at {target} at once"


def _too_wide(handlers: Handlers, expected: Expectations) -> Iterator[str]:
    """Bulkheads for more tries than a caller replica can have out at once."""
    plan, p = handlers.plan, handlers.plan.policies
    hedged = set(p.call[np.isfinite(p.hedge_s)].tolist())
    hosted: dict[int, list[int]] = defaultdict(list)
    for endpoint in handlers.order:
        hosted[int(plan.services.unit[handlers.services[endpoint]])].append(endpoint)
    entered = set(plan.calls.target[plan.calls.remote == 1].tolist())
    for row, limit in enumerate(plan.bulkheads.limit.tolist()):
        calls = p.call[p.bulkhead == row].tolist()
        caller = int(plan.calls.caller[calls[0]]) if calls else -1
        if caller < 0 or plan.units.concurrency[plan.services.unit[caller]] == UNLIMITED:
            continue
        unit = int(plan.services.unit[caller])
        out = _AtOnce(handlers, set(calls), hedged)
        out.walk(hosted[unit])
        slots = int(plan.units.concurrency[unit])
        number = slots * max((out.found[endpoint] for endpoint in hosted[unit] if endpoint in entered), default=0)
        if 0 < number <= limit:
            yield (
                f"{plan.calls.name[calls[0]]}: its bulkhead of {limit} never acts: a replica of"
                f" {plan.units.name[unit]} has {slots} slots, and so {number} tries out at most"
            )


class _AtOnce(Walker[int]):
    """Tries of some calls that one run of a handler has out at once, in its own process."""

    def __init__(self, handlers: Handlers, calls: set[int], hedged: set[int]) -> None:
        super().__init__(handlers)
        self._calls, self._hedged = calls, hedged

    def in_turn(self, nodes: Sequence[Node], values: Iterator[int]) -> int:
        """The most of any."""
        return max(values, default=0)

    def work(self, law: int, service: int) -> int:
        """None."""
        return 0

    def pause(self, law: int) -> int:
        """None."""
        return 0

    def send(self, call: int, service: int) -> int:
        """A task that nobody waits for may be there many times."""
        return self._out(call, 1_000_000)

    def fail(self) -> int:
        """None."""
        return 0

    def call(self, node: Node, call: int, service: int) -> int:
        """Those of the call, then those of its fallback."""
        return max([self._out(call, 1), *(self.steps(body, service) for body in node.bodies)])

    def _out(self, call: int, runs: int) -> int:
        if call in self._calls:
            return 2 if call in self._hedged else 1
        return 0 if self.plan.calls.remote[call] else self.found[int(self.plan.calls.target[call])] * runs

    def together(self, node: Node, values: Sequence[int]) -> int:
        """Those of all branches."""
        return sum(values)

    def again(self, node: Node, value: int, times: int) -> int:
        """One after the other."""
        return value

    def choice(self, values: Sequence[int], shares: Sequence[float]) -> int:
        """The most of any."""
        return max(values)


BULKHEAD = Guard(
    "bulkhead",
    "bulkhead",
    Bulkheads,
    {"limit": "max_concurrent_calls", "wait_s": "max_wait_duration"},
    _own,
    refusal=Outcome.REJECTED,
    keeps_short="its callers' bulkheads reject the rest",
    bounds=True,
    never_acts=_too_wide,
)
