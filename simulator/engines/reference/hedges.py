"""Two attempts at once: a second one if the first is unanswered for too long (rules 12.21 to 12.25)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...plan.layout import GOOD
from ...plan.order import END_OF_HEDGE
from .attempts import TIMEOUT, TIMER, GuardedCall
from .clock import Moment
from .flight import Exchange


def race(guarded: GuardedCall, first: Exchange) -> Generator[Moment, Any, Exchange]:
    """Send a second attempt if the first is unanswered for too long; gives the first good one, else the last."""
    heard: list[Any] = []
    signal = Moment()

    def hear(moment: Any) -> None:
        heard.append(moment)
        waiting, signal.callbacks = signal.callbacks, []
        for callback in waiting:
            callback(signal)

    out = [first]
    first.callbacks.append(hear)
    delay, start = first.delay, first.start + guarded.policy.hedge
    if start < guarded.deadline:
        delay.callbacks.append(hear)
        guarded.clock.schedule_at(start, first.key + TIMER + END_OF_HEDGE, delay)
    while True:
        yield signal
        exchange = heard.pop()
        if exchange is delay:
            rival = hedge(guarded)
            if rival is not None:
                rival.callbacks.append(hear)
                out.append(rival)
            continue
        guarded.attempts.settle(exchange)
        out.remove(exchange)
        if exchange.outcome <= GOOD or not out:
            break
        guarded.end(exchange)
        guarded.attempts.end(exchange)
    delay.callbacks = []
    for loser in out:
        lose(guarded, loser)
    if exchange is not first:
        guarded.visit.ledger.append((guarded.components + TIMEOUT, exchange.start - first.start))
    return exchange  # type: ignore[no-any-return]


def hedge(guarded: GuardedCall) -> Exchange | None:
    """The second attempt, which waits for nothing; None if it has ended at once, or is beyond the budget."""
    guarded.is_hedged = True
    if not guarded.may_retry():
        return None
    rival = guarded.begin(retry=True)
    refusing = next((one for one in guarded.guards if not one.admits_at_once(rival, guarded.clock.now)), None)
    if refusing is not None:
        rival.fail_with(refusing.refusal(is_over=False))
    elif guarded.send(rival):
        return rival
    guarded.end(rival)
    guarded.attempts.end(rival)
    return None


def lose(guarded: GuardedCall, loser: Exchange) -> None:
    """Give up an attempt, since another one was answered: it is no result for anybody."""
    loser.leave(guarded.clock.now)
    guarded.attempts.settle(loser)
    guarded.end(loser, judged=False)
    loser.close()
    guarded.attempts.record.attempt_ends(loser)
