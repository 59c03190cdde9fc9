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
from .wire import Wire
from .world import World

TIMER = kind_key(EventKind.TIMER)
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
        self.guards = [guards[caller] for guards in policy.guards]

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
        for guard in self.guards:
            guard.begin()
        return exchange

    def pass_guards(self, exchange: Exchange) -> Generator[Moment, Any, bool]:
        """Ask all guards, one after the other; the first that refuses an attempt ends it (rule 12.5)."""
        for guard in self.guards:
            admitted = yield from guard.admits(exchange, self.clock, self.deadline)
            if self.clock.now > exchange.start:
                self.end_wait(exchange)
            if not admitted:
                exchange.fail_with(guard.refusal(is_over=self.is_over))
                return False
        return True

    def end_wait(self, exchange: Exchange) -> None:
        """A wait before the sending has ended: its time is the target's, and what follows starts now."""
        now = self.clock.now
        self.visit.ledger.append((self.components + WAITING, now - exchange.start))
        exchange.start = now

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
        for guard in self.guards:
            guard.end(exchange, self.clock.now, judged=judged)

    def may_retry(self) -> bool:
        """Whether one more re-try is allowed, which counts from now on."""
        return all(guard.allows_retry() for guard in self.guards)
