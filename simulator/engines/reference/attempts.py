"""Attempts at a call as its caller sees them, and what guards let pass (rules 12.3 to 12.12 and 12.26 to 12.29)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...plan.layout import Component, Outcome
from ...plan.order import LOCAL_BITS, EventKind, kind_key
from ...rules.nanoseconds import NEVER
from ...rules.randomness import child
from .clock import Moment
from .flight import Exchange, Visit
from .model import Call
from .policies import Breaker, Budget, Bulkhead, Limiter
from .wire import Wire
from .world import World

TIMER = kind_key(EventKind.TIMER)
END_OF_BACKOFF, END_OF_WAIT, END_OF_HEDGE, END_OF_PERMIT = 1, 2, 3, 4
"""Local indices of an attempt's timers, beside 0, that of its message."""
NETWORK, WAITING, TIMEOUT = int(Component.NETWORK), int(Component.WAITING), int(Component.TIMEOUT)


class Attempts:
    """Attempts at calls, whatever the call: begun, awaited, booked."""

    def __init__(self, world: World, wire: Wire) -> None:
        self.clock = world.clock
        self.key = world.key
        self.record = world.record
        self.wire = wire

    def begin(self, visit: Visit, call: Call, address: int, *, number: int = 0, detached: bool = False) -> Exchange:
        """One more attempt, which has done nothing yet."""
        exchange = Exchange(call, visit, address, self.clock.now, detached=detached)
        exchange.attempt = number
        self.record.attempt_begins(exchange, visit.span)
        return exchange

    def be_patient(self, exchange: Exchange, end: int) -> None:
        """Wait no longer than until `end`, which the callee knows of if the call says so (rule 12.17)."""
        if end < NEVER:
            exchange.timer.callbacks.append(lambda _event: exchange.expire(self.clock.now))
            self.clock.schedule_at(end, exchange.key + TIMER, exchange.timer)
        if exchange.call.propagates:
            assert exchange.awaited is not None
            exchange.awaited.deadline = end

    def settle(self, exchange: Exchange) -> None:
        """Nothing is awaited of a message that was sent any more: its answer is back, or its caller has given up."""
        assert exchange.replica is not None
        exchange.timer.callbacks = []  # if it is yet to come, it has nothing to say any more
        exchange.call.endpoint.service.unit.count_unanswered(exchange.replica, -1)

    def book(self, visit: Visit, exchange: Exchange) -> None:
        """What became of an attempt, and where its time went, as its caller sees it."""
        components = exchange.call.endpoint.service.components
        if exchange.outcome is Outcome.TIMEOUT or exchange.reset:
            visit.ledger.append((components + TIMEOUT, self.clock.now - exchange.start))
        elif exchange.network > 0:
            visit.ledger.append((components + NETWORK, exchange.network))
        if exchange.served:
            visit.ledger.extend(exchange.ledger)
        self.end(exchange)

    def end(self, exchange: Exchange) -> None:
        """What became of an attempt, as its target's balancer sees it, and who reads of it later."""
        exchange.close()
        if exchange.replica is not None:
            exchange.call.endpoint.service.unit.judge(exchange.replica, int(exchange.outcome))
        self.record.attempt_ends(exchange)


class GuardedCall:
    """One call under a policy, while it lasts: what all its attempts have in common."""

    def __init__(self, attempts: Attempts, visit: Visit, call: Call) -> None:
        assert call.policy is not None
        self.attempts = attempts
        self.clock = attempts.clock
        self.visit = visit
        self.call = call
        self.policy = policy = call.policy
        self.start = self.clock.now
        self.begun = 0
        self.is_hedged = policy.hedge == NEVER  # it has had its second attempt, or may have none
        self.deadline = min(self.start + call.patience(self.address), visit.deadline)
        self.components = call.endpoint.service.components
        caller = 0 if visit.replica is None else visit.replica.number
        self.breaker: Breaker | None = policy.breakers[caller] if policy.breakers else None
        self.limiter: Limiter | None = call.endpoint.service.limiter
        self.bulkhead: Bulkhead | None = policy.bulkheads[caller] if policy.bulkheads else None
        self.budget: Budget | None = policy.budgets[caller] if policy.budgets else None

    @property
    def is_over(self) -> bool:
        """Whether the call's time has ended: nothing begins any more."""
        return self.clock.now >= self.deadline

    @property
    def address(self) -> int:
        """That of the next attempt."""
        return child(self.visit.address, self.call.site, self.begun)

    def key(self, address: int) -> int:
        """The part of an event's key that says whose it is."""
        return (self.visit.request.base | address) << LOCAL_BITS

    def begin(self, *, retry: bool) -> Exchange:
        """One more attempt, which has done nothing yet."""
        exchange = self.attempts.begin(self.visit, self.call, self.address, number=self.begun)
        exchange.retry = retry
        self.begun += 1
        if self.budget is not None:
            self.budget.begin()
        return exchange

    def pass_guards(self, exchange: Exchange) -> Generator[Moment, Any, bool]:
        """Breaker, rate limit, bulkhead, in this order (rule 12.5); gives whether all let it pass."""
        if self.breaker is not None and not self.breaker.lets_pass(self.clock.now):
            exchange.fail_with(Outcome.CIRCUIT_OPEN)
            return False
        return (yield from self.has_permit(exchange)) and (yield from self.has_place(exchange))

    def send(self, exchange: Exchange) -> bool:
        """Send the message, if there is a replica for it."""
        now = self.clock.now
        self.attempts.wire.post(exchange)
        if exchange.replica is None:
            return False
        self.attempts.be_patient(exchange, min(now + self.policy.per_try, self.deadline))
        return True

    def end(self, exchange: Exchange, *, judged: bool = True) -> None:
        """What an attempt that has ended leaves, and who is told of it."""
        if exchange.placed:
            assert self.bulkhead is not None
            self.bulkhead.leave()
        if self.breaker is not None and judged:
            self.breaker.tell(self.clock.now, int(exchange.outcome), exchange.start)
        elif self.breaker is not None:
            self.breaker.release(self.clock.now)
        if self.budget is not None:
            self.budget.end(retry=exchange.retry)

    # -- what may be waited for before the sending

    def has_permit(self, exchange: Exchange) -> Generator[Moment, Any, bool]:
        """Take a permit of the target's rate limit, or wait for one (rule 12.27)."""
        now, limiter = self.clock.now, self.limiter
        if limiter is None:
            return True
        when = limiter.acquire(now, limiter.timeout)
        if when == now:
            return True
        if when > now or limiter.timeout > 0:
            end = when if when > now else now + limiter.timeout
            yield self.clock.at(min(end, self.deadline), exchange.key + TIMER + END_OF_PERMIT)
            self.end_wait(exchange)
        if when > now and not self.is_over:
            return True
        exchange.fail_with(Outcome.TIMEOUT if self.is_over else Outcome.REJECTED)
        return False

    def has_place(self, exchange: Exchange) -> Generator[Moment, Any, bool]:
        """Take a place in the bulkhead; whoever finds none waits, or is rejected (rule 12.12)."""
        bulkhead = self.bulkhead
        if bulkhead is None:
            return True
        exchange.placed = bulkhead.enter()
        if exchange.placed:
            return True
        if bulkhead.max_wait > 0:
            now = self.clock.now
            place = bulkhead.wait(exchange.key)
            place.timer.callbacks.append(lambda _event: bulkhead.give_up(place))
            end = min(now + bulkhead.max_wait, self.deadline)
            self.clock.schedule_at(end, exchange.key + TIMER + END_OF_WAIT, place.timer)
            yield place
            self.end_wait(exchange)
            exchange.placed = place.granted
        if exchange.placed and not self.is_over:
            return True
        exchange.fail_with(Outcome.TIMEOUT if self.is_over else Outcome.REJECTED)
        return False

    def end_wait(self, exchange: Exchange) -> None:
        """A wait before the sending has ended: its time is the target's, and what follows starts now."""
        now = self.clock.now
        self.visit.ledger.append((self.components + WAITING, now - exchange.start))
        exchange.start = now
