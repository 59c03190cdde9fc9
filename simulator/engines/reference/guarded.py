"""A call under a policy: its tries, and what is between them (rules 12.3 to 12.13)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ...plan.layout import Component, Jitter, Outcome
from ...plan.order import LOCAL_BITS, EventKind, kind_key
from ...rules.randomness import child, uniform
from ...rules.retry import backoff, is_tried_again
from .clock import Moment, Steps
from .model import Call, Exchange, Visit
from .policies import Breaker, Budget, Bulkhead

if TYPE_CHECKING:
    from .life import Life

TIMER = kind_key(EventKind.TIMER)
END_OF_BACKOFF, END_OF_WAIT = 1, 2
"""Local indices of a try's timers, beside 0, that of its message."""
WAITING, TIMEOUT = int(Component.WAITING), int(Component.TIMEOUT)
INFINITY = float("inf")


class Effort:
    """One call under a policy, while it lasts."""

    def __init__(self, life: Life, visit: Visit, call: Call) -> None:
        assert call.policy is not None
        self.life = life
        self.clock = life.clock
        self.visit = visit
        self.call = call
        self.policy = policy = call.policy
        self.start = life.clock.now
        self.deadline = self.start + call.timeout
        self.components = call.endpoint.service.components
        caller = 0 if visit.replica is None else visit.replica.number
        self.breaker: Breaker | None = policy.breakers[caller] if policy.breakers else None
        self.bulkhead: Bulkhead | None = policy.bulkheads[caller] if policy.bulkheads else None
        self.budget: Budget | None = policy.budgets[caller] if policy.budgets else None

    @property
    def is_over(self) -> bool:
        """Whether the call's time has ended: nothing begins any more."""
        return self.clock.now >= self.deadline

    def run(self) -> Generator[Moment, Any, Exchange]:
        """Try until there is nothing more to try; gives the last try, with what has become of the call."""
        policy, call, wait, made = self.policy, self.call, self.policy.backoff, 0
        while True:
            address = child(self.visit.address, call.site, made)
            exchange = yield from self.attempt(address, made)
            self.life.book(self.visit, exchange)
            outcome = int(exchange.outcome)  # what is compiled takes an enumeration apart, each time
            if self.is_over or not is_tried_again(outcome, policy.retry_on, made, policy.attempts):
                break
            if self.budget is not None and not self.budget.allow():
                break
            made += 1
            wait = yield from self.back_off(made, wait)
            if self.is_over:
                if self.budget is not None:
                    self.budget.retries -= 1
                exchange.fail_with(Outcome.TIMEOUT)
                exchange.served = False
                break
        self.life.record.call_ends(call, self.visit.request, self.start, exchange.outcome)
        return exchange

    def back_off(self, k: int, previous: float) -> Generator[Moment, Any, float]:
        """Wait before re-try k; gives how long was meant (rule 12.8)."""
        policy, began = self.policy, self.clock.now
        address = child(self.visit.address, self.call.site, k)
        u = 0.0 if policy.jitter == Jitter.NONE else uniform(self.life.key, address, policy.backoff_stream, 0)
        wait = backoff(policy.jitter, policy.backoff, policy.max_backoff, k, previous, u)
        yield self.clock.at(min(began + wait, self.deadline), self.key(address) + TIMER + END_OF_BACKOFF)
        self.visit.ledger.append((self.components + TIMEOUT, self.clock.now - began))
        return wait

    def key(self, address: int) -> int:
        """The part of an event's key that says whose it is."""
        return (self.visit.request.base | address) << LOCAL_BITS

    def attempt(self, address: int, made: int) -> Generator[Moment, Any, Exchange]:
        """One try: breaker, bulkhead, replica, network, answer (rule 12.5)."""
        exchange = Exchange(self.call, self.visit, address, self.clock.now, detached=False)
        exchange.attempt = made
        self.life.record.attempt_begins(exchange, self.visit.span)
        if self.budget is not None:
            self.budget.begin()
        if self.breaker is not None and not self.breaker.lets_pass(self.clock.now):
            exchange.fail_with(Outcome.CIRCUIT_OPEN)
        elif self.bulkhead is None:
            yield from self.cross(exchange)
        else:
            yield from self.cross_bulkhead(exchange, self.bulkhead)
        if self.breaker is not None:
            self.breaker.tell(self.clock.now, int(exchange.outcome), self.clock.now - exchange.start)
        if self.budget is not None:
            self.budget.end(retry=made > 0)
        return exchange

    def cross_bulkhead(self, exchange: Exchange, bulkhead: Bulkhead) -> Steps:
        """A place is needed; whoever finds none waits, or is rejected (rule 12.12)."""
        has_place = bulkhead.enter()
        if not has_place and bulkhead.wait_s > 0.0:
            has_place = yield from self.wait_for_place(exchange, bulkhead)
        if has_place and self.is_over:  # the place came too late
            exchange.fail_with(Outcome.TIMEOUT)
        elif has_place:
            yield from self.cross(exchange)
        else:
            exchange.fail_with(Outcome.TIMEOUT if self.is_over else Outcome.REJECTED)
        if has_place:
            bulkhead.leave()

    def wait_for_place(self, exchange: Exchange, bulkhead: Bulkhead) -> Generator[Moment, Any, bool]:
        """Wait in the bulkhead's queue; gives whether a place came."""
        now = self.clock.now
        place = bulkhead.wait(exchange.key)
        place.timer.callbacks.append(lambda _event: bulkhead.give_up(place))
        self.clock.schedule_at(
            min(now + bulkhead.wait_s, self.deadline), exchange.key + TIMER + END_OF_WAIT, place.timer
        )
        yield place
        self.visit.ledger.append((self.components + WAITING, self.clock.now - now))
        exchange.start = self.clock.now
        return place.granted

    def cross(self, exchange: Exchange) -> Steps:
        """Send the message, and wait for the answer or the end of patience."""
        now = self.clock.now
        self.life.post(self.visit, exchange)
        replica = exchange.replica
        if replica is None:
            return
        timer = exchange.timer = Moment()
        end = min(now + self.policy.per_try, self.deadline)
        if end < INFINITY:
            timer.callbacks.append(exchange.expire)
            self.clock.schedule_at(end, exchange.key + TIMER, timer)
        yield exchange
        timer.callbacks = []
        self.call.endpoint.service.unit.count_unanswered(replica, -1)
