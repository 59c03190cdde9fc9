"""Settings that can never act: ends that always or never come, re-tries that nothing sets off, windows that never fill.

Said only of what holds for every run of the plan, with faults and without (rule 16.7).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ...plan.columns import duration
from ...plan.layout import UNLIMITED, Dist, Outcome
from ...plan.plan import Plan
from ...plan.structure import Node
from ...plan.walker import Handlers, Walker, call_owners, find_sends
from ..attempts import Rulebook, Rules
from ..policies import GUARDS, refusing
from .subject import Subject


def idle_settings(subject: Subject) -> Iterator[str]:
    """What can never act, call by call, then guard by guard."""
    plan, handlers = subject.plan, subject.handlers
    book = Rulebook(plan, served=False)
    rules = {call: book.rules(call) for call in np.flatnonzero(plan.calls.remote == 1).tolist()}
    yield from _hopeless(handlers, rules)
    yield from _inverted(handlers, rules)
    yield from _pointless_retries(plan, rules)
    for guard in GUARDS:
        yield from guard.never_acts(handlers, subject.expected)


def _hopeless(handlers: Handlers, rules: dict[int, Rules]) -> Iterator[str]:
    """Timeouts below the least time that their callee takes when it succeeds."""
    plan, quickest = handlers.plan, _Quickest(handlers)
    for call, one in rules.items():
        least = quickest.answer(call)
        target = plan.endpoints.name[plan.calls.target[call]]
        for key, seconds in (("timeout", one.timeout), ("perTryTimeout", one.per_try)):
            if one.drawn < 0 and math.isfinite(least) and seconds < least * (1.0 - 1e-9):
                yield (
                    f"{plan.calls.name[call]}: its {key} of {duration(seconds)} is below the {duration(least)} that"
                    f" {target} takes at least: no try is ever in time; give it more than that"
                )


class _Quickest(Walker[float]):
    """The least seconds that handlers take if they succeed: the least that each law gives, the shortest of options."""

    def __init__(self, handlers: Handlers) -> None:
        super().__init__(handlers)
        self._least = [_least_of(self.plan, row) for row in range(len(self.plan.distributions.kind))]
        self.walk()

    def answer(self, call: int) -> float:
        """Least seconds from the message to the answer."""
        target = int(self.plan.calls.target[call])
        if not self.plan.calls.remote[call]:
            return self.found[target]
        packing = 2.0 * self._pack(call, int(self.plan.endpoints.service[target]))
        return 2.0 * self._least[int(self.plan.calls.latency[call])] + packing + self.found[target]

    def in_turn(self, nodes: Sequence[Node], values: Iterator[float]) -> float:
        """All of them."""
        return math.fsum(values)

    def work(self, law: int, service: int) -> float:
        """A time on a core."""
        return self._least[law] / float(self.plan.services.pace[service])

    def pause(self, law: int) -> float:
        """A time that needs no core."""
        return self._least[law]

    def send(self, call: int, service: int) -> float:
        """Nobody waits."""
        return 0.0

    def fail(self) -> float:
        """No success comes of it."""
        return math.inf

    def call(self, node: Node, call: int, service: int) -> float:
        """To the answer, where no fallback may come before it."""
        remote = self.plan.calls.remote[call]
        packing = 2.0 * self._pack(call, service) if remote else 0.0
        return packing + (0.0 if node.bodies and remote else self.answer(call))

    def together(self, node: Node, values: Sequence[float]) -> float:
        """The longest branch."""
        return max(values)

    def again(self, node: Node, value: float, times: int) -> float:
        """So many times."""
        return times * value

    def choice(self, values: Sequence[float], shares: Sequence[float]) -> float:
        """The shortest option that there is."""
        return min(value for value, share in zip(values, shares, strict=True) if share > 0.0)

    def _pack(self, call: int, service: int) -> float:
        distribution = int(self.plan.calls.serialization[call])
        return self._least[distribution] / float(self.plan.services.pace[service]) if distribution >= 0 else 0.0


def _least_of(plan: Plan, row: int) -> float:
    """The least seconds that a law gives."""
    laws = plan.distributions
    match int(laws.kind[row]):
        case Dist.CONSTANT | Dist.UNIFORM:
            return float(laws.p0[row])
        case Dist.PARETO:
            return float(laws.p1[row])
        case Dist.QUANTILES | Dist.VALUES:
            first = int(laws.first_point[row])
            return float(laws.value[first : first + int(laws.points[row])].min())
    return 0.0


def _inverted(handlers: Handlers, rules: dict[int, Rules]) -> Iterator[str]:
    """Timeouts of calls whose callers' callers give up before, all of them."""
    plan = handlers.plan
    owner, sends = call_owners(plan), find_sends(plan)
    callers: dict[int, list[int]] = {}
    for call, target in enumerate(plan.calls.target.tolist()):
        callers.setdefault(target, []).append(call)
    waited: dict[int, float] = {}
    for endpoint in reversed(handlers.order):
        ends = [math.inf if call in sends else min(_end(rules.get(call)), waited.get(owner.get(call, -1), math.inf))
                for call in callers.get(endpoint, ())]  # fmt: skip
        waited[endpoint] = max(ends, default=math.inf)
    for call, one in rules.items():
        outer = waited.get(owner.get(call, -1), math.inf)
        if call in sends or one.drawn >= 0 or not outer < one.timeout < math.inf:
            continue
        yield (
            f"{plan.calls.name[call]}: its timeout of {duration(one.timeout)} helps nobody: all that wait for"
            f" {plan.endpoints.name[owner[call]]} give up after {duration(outer)}; make the inner one shorter"
        )


def _end(one: Rules | None) -> float:
    """Seconds after which nobody waits for a call, with all its tries."""
    return math.inf if one is None or one.drawn >= 0 else one.timeout


def _pointless_retries(plan: Plan, rules: dict[int, Rules]) -> Iterator[str]:
    """Re-tries on nothing but outcomes that no try of the call can have."""
    bounded = plan.units.queue_capacity[plan.services.unit] != UNLIMITED
    rejecting = refusing(plan, Outcome.REJECTED)
    for row, call in enumerate(plan.policies.call.tolist()):
        one, target = rules[call], int(plan.endpoints.service[plan.calls.target[call]])
        outcomes = [outcome for outcome in Outcome if one.retry_on >> outcome & 1]
        if one.attempts == 0 or not outcomes:
            continue
        possible = {
            Outcome.TIMEOUT: one.per_try < one.timeout or one.drawn >= 0,
            Outcome.REJECTED: bool(bounded[target]) or rejecting[row] or target in plan.limiters.service,
        }
        if any(possible.get(outcome, True) for outcome in outcomes):
            continue
        words = " or ".join(outcome.word for outcome in outcomes)
        todo = "give each try a perTryTimeout" if Outcome.TIMEOUT in outcomes else "name what can happen in retryOn"
        why = "the timeout is of all tries together" if Outcome.TIMEOUT in outcomes else "nothing rejects them"
        yield f"{plan.calls.name[call]}: its re-tries never act: no try of it can end as {words} ({why}); {todo}"
