"""What follows a try, and a second one beside it (rules 12.5, 12.7 and 12.21 to 12.25)."""

from __future__ import annotations

from ...machine_code.jit import Words, kernel, serves, subroutine
from ...machine_code.records import NOBODY
from ...plan.layout import GOOD, Component
from ...rules.randomness import child
from ...rules.retries import has_budget, is_tried_again
from .attempts import TIMEOUT, back_off, close_try, end_guarded_call, is_over, may_pass_at_once, new_try, send_try
from .calendar import cancel
from .calls import book_try, count_at_replica, end_attempt, fail_with, target_of
from .deadlines import forsake
from .dispatch import ACTIONS
from .features import POLICIES
from .flight import Action, Exchange, Retry, Task
from .memory import let_go, note
from .policies import GuardedCall
from .recorder import attempt_ends

LAST_GOOD = int(GOOD)
TIMEOUT_TIME = int(Component.TIMEOUT)


@kernel
def may_retry(guarded: GuardedCall) -> bool:
    """Whether the budget allows one more re-try, which counts from now on."""
    budget = guarded.budget
    if not budget:
        return True
    active, retries = budget.active, budget.retries
    if not has_budget(active, retries, budget.percent, budget.least):
        return False
    budget.retries += 1
    return True


@serves(POLICIES)
@subroutine
def end_try(log: Words, task: Task) -> bool:
    """A try has ended; gives whether the call has, and has the next try wait otherwise (rules 12.5 and 12.7)."""
    guarded, exchange, call = task.guarded, task.exchange, task.call
    policy, outcome, made = call.policy, exchange.outcome, guarded.made
    if guarded.rival and not is_decided(log, task, guarded, exchange):
        return False
    if guarded.hedge_timer:
        cancel(guarded.hedge_timer)
        guarded.hedge_timer = NOBODY
    close_try(guarded, exchange, True)
    if exchange.retry == Retry.HEDGE:
        lead = exchange.start - guarded.sent
        note(task.ledger, target_of(exchange).components + TIMEOUT_TIME, lead)
    book_try(log, task, exchange)
    again = is_tried_again(outcome, policy.retry_on, made, policy.attempts)
    if is_over(guarded) or not again or not may_retry(guarded):
        end_guarded_call(log, task)
        return True
    guarded.made = made + 1
    back_off(task, guarded, policy)
    return False


@kernel
def is_decided(log: Words, task: Task, guarded: GuardedCall, exchange: Exchange) -> bool:
    """One of two tries has ended: a good one ends both, a failed one waits for the other (rule 12.23)."""
    rival = guarded.rival
    other = guarded.first_try if exchange == rival else rival
    guarded.rival = NOBODY
    if exchange.outcome <= LAST_GOOD:
        lose(log, guarded, other)
        return True
    close_try(guarded, exchange, True)
    end_attempt(log, exchange)
    let_go(exchange)
    task.exchange = other
    return False


@kernel
def lose(log: Words, guarded: GuardedCall, loser: Exchange) -> None:
    """Give up a try, since another one was answered: it is no result for anybody."""
    loser.awaited = NOBODY
    if loser.timer:
        cancel(loser.timer)
        loser.timer = NOBODY
    forsake(loser)
    fail_with(loser, TIMEOUT)
    loser.served = False
    count_at_replica(loser, -1)
    close_try(guarded, loser, False)
    attempt_ends(log, loser)
    let_go(loser)


@ACTIONS.on(Action.HEDGE)
@serves(POLICIES)
@subroutine
def send_hedge(log: Words, task: Task) -> None:
    """The second try, which waits for nothing (rule 12.22)."""
    guarded = task.guarded
    guarded.hedged = True
    guarded.hedge_timer = NOBODY
    if not may_retry(guarded):
        return
    address = child(task.address, task.call.site, guarded.tries)
    rival = new_try(log, task, guarded, address, Retry.HEDGE)
    if may_pass_at_once(task, guarded, rival) and send_try(log, task, guarded, rival):
        guarded.rival = rival
        return
    close_try(guarded, rival, True)
    end_attempt(log, rival)
    let_go(rival)
