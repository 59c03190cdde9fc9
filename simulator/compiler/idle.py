"""Settings that can never act: ends that always or never come, re-tries that nothing sets off, windows that never fill.

Said only of what holds for every run of the plan, with faults and without (rule 16.7).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ..plan.layout import UNLIMITED, Dist, Outcome, Shape, Window
from ..plan.plan import Plan
from ..plan.structure import Node
from ..plan.walker import Handlers, Walker, call_owners, find_sends, read_handlers
from ..units import format_duration
from .efforts import Rulebook, Rules
from .expectations import Expectations

_SURE = 6.0
"""Standard deviations of a Poisson number: above so many more, it is never reached."""


def idle_warnings(plan: Plan, expected: Expectations) -> Iterator[str]:
    """What can never act, call by call, then breaker by breaker and bulkhead by bulkhead."""
    handlers = read_handlers(plan)
    book = Rulebook(plan, served=False)
    rules = {call: book.rules(call) for call in np.flatnonzero(plan.calls.remote == 1).tolist()}
    yield from _hopeless(handlers, rules)
    yield from _inverted(handlers, rules)
    yield from _pointless_retries(plan, rules)
    yield from _empty_windows(plan, expected)
    yield from _wide_bulkheads(handlers)


def _hopeless(handlers: Handlers, rules: dict[int, Rules]) -> Iterator[str]:
    """Timeouts below the least time that their callee takes when it succeeds."""
    plan, quickest = handlers.plan, _Quickest(handlers)
    for call, one in rules.items():
        least = quickest.answer(call)
        target = plan.endpoints.name[plan.calls.target[call]]
        for key, seconds in (("timeout", one.timeout), ("perTryTimeout", one.per_try)):
            if one.drawn < 0 and seconds < least * (1.0 - 1e-9):
                yield (
                    f"{plan.calls.name[call]}: its {key} of {_duration(seconds)} is below the {_duration(least)} that"
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
            f"{plan.calls.name[call]}: its timeout of {_duration(one.timeout)} helps nobody: all that wait for"
            f" {plan.endpoints.name[owner[call]]} give up after {_duration(outer)}; make the inner one shorter"
        )


def _end(one: Rules | None) -> float:
    """Seconds after which nobody waits for a call, with all its tries."""
    return math.inf if one is None or one.drawn >= 0 else one.timeout


def _pointless_retries(plan: Plan, rules: dict[int, Rules]) -> Iterator[str]:
    """Re-tries on nothing but outcomes that no try of the call can have."""
    bounded = plan.units.queue_capacity[plan.services.unit] != UNLIMITED
    for row, call in enumerate(plan.policies.call.tolist()):
        one, target = rules[call], int(plan.endpoints.service[plan.calls.target[call]])
        outcomes = [outcome for outcome in Outcome if one.retry_on >> outcome & 1]
        if one.attempts == 0 or not outcomes:
            continue
        possible = {
            Outcome.TIMEOUT: one.per_try < one.timeout or one.drawn >= 0,
            Outcome.REJECTED: bool(bounded[target])
            or plan.policies.bulkhead[row] >= 0
            or target in plan.limiters.service,
        }
        if any(possible.get(outcome, True) for outcome in outcomes):
            continue
        words = " or ".join(outcome.word for outcome in outcomes)
        todo = "give each try a perTryTimeout" if Outcome.TIMEOUT in outcomes else "name what can happen in retryOn"
        why = "the timeout is of all tries together" if Outcome.TIMEOUT in outcomes else "nothing rejects them"
        yield f"{plan.calls.name[call]}: its re-tries never act: no try of it can end as {words} ({why}); {todo}"


def _empty_windows(plan: Plan, expected: Expectations) -> Iterator[str]:
    """Breakers that never see the calls that they want to see before they decide."""
    p, b = plan.policies, plan.breakers
    if (plan.workloads.shape == Shape.USERS).any():
        return
    made = expected.rates @ expected.calls
    for row in range(len(b.target)):
        rows = np.flatnonzero(p.breaker == row)
        rate = float((made[p.call[rows]] * (1.0 + p.attempts[rows] + np.isfinite(p.hedge_s[rows]))).sum())
        timed = b.window[row] == Window.TIME_BASED
        seconds = float(b.size[row]) if timed else plan.settings.duration_s
        needed = int(b.minimum[row]) if timed else int(min(b.minimum[row], b.size[row]))
        number = rate / max(1, int(b.callers[row])) * seconds
        if rate <= 0.0 or number + _SURE * math.sqrt(number) + 1.0 >= needed:
            continue
        window = f"in its window of {b.size[row]} s" if timed else "in the whole run"
        names = ", ".join(plan.calls.name[call] for call in p.call[rows[:3]].tolist())
        yield (
            f"{names}: its circuit breaker never acts: a caller makes some {number:.3g} tries {window}, and"
            f" minimumNumberOfCalls is {needed}; give it less"
        )


def _wide_bulkheads(handlers: Handlers) -> Iterator[str]:
    """Bulkheads for more tries than a caller replica can have out at once."""
    plan, p = handlers.plan, handlers.plan.policies
    hedged = set(p.call[np.isfinite(p.hedge_s)].tolist())
    for row, limit in enumerate(plan.bulkheads.limit.tolist()):
        calls = p.call[p.bulkhead == row].tolist()
        caller = int(plan.calls.caller[calls[0]]) if calls else -1
        if caller < 0 or plan.units.concurrency[plan.services.unit[caller]] == UNLIMITED:
            continue
        unit = int(plan.services.unit[caller])
        out = _AtOnce(handlers, set(calls), hedged)
        out.walk()
        entered = {int(target) for target in plan.calls.target[plan.calls.remote == 1].tolist()
                   if plan.services.unit[plan.endpoints.service[target]] == unit}  # fmt: skip
        slots = int(plan.units.concurrency[unit])
        number = slots * max((out.found[endpoint] for endpoint in entered), default=0)
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


def _duration(seconds: float) -> str:
    return format_duration(float(f"{seconds:.4g}"))
