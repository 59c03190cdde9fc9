"""One attempt after the other, and what is between them (rules 12.3 to 12.9)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...plan.layout import Jitter, Outcome
from ...plan.order import END_OF_BACKOFF
from ...rules.randomness import uniform
from ...rules.retries import backoff, is_tried_again
from .attempts import TIMEOUT, TIMER, Attempts, GuardedCall
from .clock import Moment
from .flight import Exchange, Visit
from .hedges import race
from .model import Call


def call_under_policy(attempts: Attempts, visit: Visit, call: Call) -> Generator[Moment, Any, Exchange]:
    """Try until there is nothing more to try; gives the last attempt, with what has become of the call."""
    guarded = GuardedCall(attempts, visit, call)
    policy, wait, made = guarded.policy, guarded.policy.backoff, 0
    while True:
        exchange = yield from attempt(guarded, retry=made > 0)
        attempts.book(visit, exchange)
        outcome = int(exchange.outcome)  # what is compiled takes an enumeration apart, each time
        if guarded.is_over or not is_tried_again(outcome, policy.retry_on, made, policy.attempts):
            break
        if not guarded.may_retry():
            break
        made += 1
        wait = yield from back_off(guarded, made, wait)
        if guarded.is_over:
            for guard in guarded.guards:
                guard.forgo_retry()
            exchange.fail_with(Outcome.TIMEOUT)
            exchange.served = False
            break
    attempts.record.call_ends(call, visit.request, guarded.start, exchange.outcome)
    return exchange


def attempt(guarded: GuardedCall, *, retry: bool) -> Generator[Moment, Any, Exchange]:
    """One attempt: guards, replica, network, answer; gives who decided it (rule 12.5)."""
    exchange = guarded.begin(retry=retry)
    if (yield from guarded.pass_guards(exchange)) and guarded.send(exchange):
        if guarded.is_hedged:
            yield exchange
            guarded.attempts.settle(exchange)
        else:
            exchange = yield from race(guarded, exchange)
    guarded.end(exchange)
    return exchange


def back_off(guarded: GuardedCall, k: int, previous: int) -> Generator[Moment, Any, int]:
    """Wait before re-try k; gives how long was meant (rule 12.8)."""
    policy, began, address = guarded.policy, guarded.clock.now, guarded.address
    u = 0.0 if policy.jitter == Jitter.NONE else uniform(guarded.attempts.key, address, policy.backoff_stream, 0)
    wait = backoff(policy.jitter, policy.backoff, policy.max_backoff, k, previous, u)
    yield guarded.clock.at(min(began + wait, guarded.deadline), guarded.key(address) + TIMER + END_OF_BACKOFF)
    guarded.visit.ledger.append((guarded.components + TIMEOUT, guarded.clock.now - began))
    return wait
