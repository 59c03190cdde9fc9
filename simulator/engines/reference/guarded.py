"""A call under a policy: its tries, and what is between them (rules 12.3 to 12.13, 12.21 to 12.29)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ...plan.layout import GOOD, Component, Jitter, Outcome
from ...plan.order import LOCAL_BITS, EventKind, kind_key
from ...rules.nanoseconds import NEVER
from ...rules.randomness import child, uniform
from ...rules.retry import backoff, is_tried_again
from .clock import Moment
from .model import Call, Exchange, Visit

if TYPE_CHECKING:
    from .life import Life

TIMER = kind_key(EventKind.TIMER)
END_OF_BACKOFF, END_OF_HEDGE = 1, 3
"""Local indices of a try's timers, beside 0, that of its message, and those of `policies.py`."""
WAITING, TIMEOUT = int(Component.WAITING), int(Component.TIMEOUT)


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
        self.tries = 0
        self.is_hedged = policy.hedge == NEVER  # it has had its second try, or may have none
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
        """That of the next try."""
        return child(self.visit.address, self.call.site, self.tries)

    def run(self) -> Generator[Moment, Any, Exchange]:
        """Try until there is nothing more to try; gives the last try, with what has become of the call."""
        policy, wait, made = self.policy, self.policy.backoff, 0
        while True:
            exchange = yield from self.attempt(retry=made > 0)
            self.life.book(self.visit, exchange)
            outcome = int(exchange.outcome)  # what is compiled takes an enumeration apart, each time
            if self.is_over or not is_tried_again(outcome, policy.retry_on, made, policy.attempts):
                break
            if not self.may_retry():
                break
            made += 1
            wait = yield from self.back_off(made, wait)
            if self.is_over:
                for guard in self.guards:
                    guard.forgo_retry()
                exchange.fail_with(Outcome.TIMEOUT)
                exchange.served = False
                break
        self.life.record.call_ends(self.call, self.visit.request, self.start, exchange.outcome)
        return exchange

    def back_off(self, k: int, previous: int) -> Generator[Moment, Any, int]:
        """Wait before re-try k; gives how long was meant (rule 12.8)."""
        policy, began, address = self.policy, self.clock.now, self.address
        u = 0.0 if policy.jitter == Jitter.NONE else uniform(self.life.key, address, policy.backoff_stream, 0)
        wait = backoff(policy.jitter, policy.backoff, policy.max_backoff, k, previous, u)
        yield self.clock.at(min(began + wait, self.deadline), self.key(address) + TIMER + END_OF_BACKOFF)
        self.visit.ledger.append((self.components + TIMEOUT, self.clock.now - began))
        return wait

    def may_retry(self) -> bool:
        """Whether one more re-try is allowed, which counts from now on."""
        return all(guard.allows_retry() for guard in self.guards)

    def key(self, address: int) -> int:
        """The part of an event's key that says whose it is."""
        return (self.visit.request.base | address) << LOCAL_BITS

    # -- one try

    def begin(self, *, retry: bool) -> Exchange:
        """One more try, which has done nothing yet."""
        exchange = Exchange(self.call, self.visit, self.address, self.clock.now, detached=False)
        exchange.attempt, exchange.retry = self.tries, retry
        self.tries += 1
        self.life.record.attempt_begins(exchange, self.visit.span)
        for guard in self.guards:
            guard.begin()
        return exchange

    def attempt(self, *, retry: bool) -> Generator[Moment, Any, Exchange]:
        """One try: guards, replica, network, answer; gives who decided it (rule 12.5)."""
        exchange = self.begin(retry=retry)
        if (yield from self.is_admitted(exchange)) and self.send(exchange):
            if self.is_hedged:
                yield exchange
                self.life.settle(exchange)
            else:
                exchange = yield from self.race(exchange)
        self.end(exchange)
        return exchange

    def end(self, exchange: Exchange, *, judged: bool = True) -> None:
        """What a try that has ended leaves, and who is told of it."""
        for guard in self.guards:
            guard.end(exchange, self.clock.now, judged=judged)

    def send(self, exchange: Exchange) -> bool:
        """Send the message, if there is a replica for it."""
        now = self.clock.now
        self.life.post(self.visit, exchange)
        if exchange.replica is None:
            return False
        self.life.be_patient(exchange, min(now + self.policy.per_try, self.deadline))
        return True

    def is_admitted(self, exchange: Exchange) -> Generator[Moment, Any, bool]:
        """Ask all guards, one after the other; the first that refuses a try ends it."""
        for guard in self.guards:
            if not (yield from guard.admits(self, exchange)):
                exchange.fail_with(guard.refusal(is_over=self.is_over))
                return False
        return True

    def end_wait(self, exchange: Exchange) -> None:
        """A wait before the sending has ended: its time is the target's, and what follows starts now."""
        now = self.clock.now
        self.visit.ledger.append((self.components + WAITING, now - exchange.start))
        exchange.start = now

    # -- two tries at once

    def race(self, first: Exchange) -> Generator[Moment, Any, Exchange]:
        """Send a second try if the first is unanswered for too long; gives the first good one, else the last."""
        heard: list[Any] = []
        signal = Moment()

        def hear(moment: Any) -> None:
            heard.append(moment)
            waiting, signal.callbacks = signal.callbacks, []
            for callback in waiting:
                callback(signal)

        out = [first]
        first.callbacks.append(hear)
        delay = first.delay
        if first.start + self.policy.hedge < self.deadline:
            delay.callbacks.append(hear)
            self.clock.schedule_at(first.start + self.policy.hedge, first.key + TIMER + END_OF_HEDGE, delay)
        while True:
            yield signal
            exchange = heard.pop()
            if exchange is delay:
                rival = self.hedge()
                if rival is not None:
                    rival.callbacks.append(hear)
                    out.append(rival)
                continue
            self.life.settle(exchange)
            out.remove(exchange)
            if exchange.outcome <= GOOD or not out:
                break
            self.end(exchange)
            self.life.end_attempt(exchange)
        delay.callbacks = []
        for loser in out:
            self.lose(loser)
        if exchange is not first:
            self.visit.ledger.append((self.components + TIMEOUT, exchange.start - first.start))
        return exchange  # type: ignore[no-any-return]

    def hedge(self) -> Exchange | None:
        """The second try, which waits for nothing; None if it has ended at once, or is beyond the budget."""
        self.is_hedged = True
        if not self.may_retry():
            return None
        rival = self.begin(retry=True)
        refusing = next((guard for guard in self.guards if not guard.admits_at_once(rival, self.clock.now)), None)
        if refusing is not None:
            rival.fail_with(refusing.refusal(is_over=False))
        elif self.send(rival):
            return rival
        self.end(rival)
        self.life.end_attempt(rival)
        return None

    def lose(self, loser: Exchange) -> None:
        """Give up a try, since another one was answered: it is no result for anybody."""
        loser.leave(self.clock.now)
        self.life.settle(loser)
        self.end(loser, judged=False)
        loser.close()
        self.life.record.attempt_ends(loser)
