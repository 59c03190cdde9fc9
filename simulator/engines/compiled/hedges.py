"""What follows a try, and a second one beside it (rules 12.5, 12.7 and 12.21 to 12.25)."""

from __future__ import annotations

from ...plan.layout import GOOD, Component
from ...rules.breaker import lets_pass
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.limits import acquire
from ...rules.randomness import child
from ...rules.retry import has_budget, is_tried_again
from .calendar import cancel
from .calls import book_try, count_at_replica, end_attempt, fail_with, target_of
from .efforts import CIRCUIT_OPEN, REJECTED, TIMEOUT, back_off, close_try, end_effort, is_over, new_try, send_try
from .flight import Effort, Exchange, Retry, Task
from .layout import Budget, Bulkhead, Call, Policy, Service, World
from .memory import let_go, note
from .patience import forsake
from .record import attempt_ends

LAST_GOOD = int(GOOD)
TIMEOUT_TIME = int(Component.TIMEOUT)


@kernel
def may_retry(m: Words, f: Floats, effort: int) -> bool:
    """Whether the budget allows one more re-try, which counts from now on."""
    budget = m[effort + Effort.BUDGET]
    if budget == 0:
        return True
    active, retries = m[budget + Budget.ACTIVE], m[budget + Budget.RETRIES]
    if not has_budget(active, retries, f[budget + Budget.PERCENT], m[budget + Budget.LEAST]):
        return False
    m[budget + Budget.RETRIES] += 1
    return True


@subroutine
def end_try(m: Words, f: Floats, log: Words, task: int) -> bool:
    """A try has ended; gives whether the call has, and has the next try wait otherwise (rules 12.5 and 12.7)."""
    effort, exchange, call = m[task + Task.EFFORT], m[task + Task.EXCHANGE], m[task + Task.CALL]
    policy, outcome, made = m[call + Call.POLICY], m[exchange + Exchange.OUTCOME], m[effort + Effort.MADE]
    if m[effort + Effort.RIVAL] != 0 and not is_decided(m, f, log, task, effort, exchange):
        return False
    if m[effort + Effort.HEDGE_TIMER] != 0:
        cancel(m, m[effort + Effort.HEDGE_TIMER])
        m[effort + Effort.HEDGE_TIMER] = 0
    close_try(m, f, effort, exchange, 1)
    if m[exchange + Exchange.RETRY] == Retry.HEDGE:
        lead = m[exchange + Exchange.START] - m[effort + Effort.SENT]
        note(m, task, Task.FIRST, m[target_of(m, exchange) + Service.COMPONENTS] + TIMEOUT_TIME, lead)
    book_try(m, f, log, task, exchange)
    again = is_tried_again(outcome, m[policy + Policy.RETRY_ON], made, m[policy + Policy.ATTEMPTS])
    if is_over(m, effort) or not again or not may_retry(m, f, effort):
        end_effort(m, f, log, task)
        return True
    m[effort + Effort.MADE] = made + 1
    back_off(m, task, effort, policy)
    return False


@kernel
def is_decided(m: Words, f: Floats, log: Words, task: int, effort: int, exchange: int) -> bool:
    """One of two tries has ended: a good one ends both, a failed one waits for the other (rule 12.23)."""
    rival = m[effort + Effort.RIVAL]
    other = m[effort + Effort.FIRST_TRY] if exchange == rival else rival
    m[effort + Effort.RIVAL] = 0
    if m[exchange + Exchange.OUTCOME] <= LAST_GOOD:
        lose(m, f, log, effort, other)
        return True
    close_try(m, f, effort, exchange, 1)
    end_attempt(m, f, log, exchange)
    let_go(m, exchange)
    m[task + Task.EXCHANGE] = other
    return False


@kernel
def lose(m: Words, f: Floats, log: Words, effort: int, loser: int) -> None:
    """Give up a try, since another one was answered: it is no result for anybody."""
    m[loser + Exchange.AWAITED] = 0
    if m[loser + Exchange.TIMER] != 0:
        cancel(m, m[loser + Exchange.TIMER])
        m[loser + Exchange.TIMER] = 0
    forsake(m, loser)
    fail_with(m, loser, TIMEOUT)
    m[loser + Exchange.SERVED] = 0
    count_at_replica(m, loser, -1)
    close_try(m, f, effort, loser, 0)
    attempt_ends(m, log, loser)
    let_go(m, loser)


@subroutine
def send_hedge(m: Words, f: Floats, log: Words, task: int) -> None:
    """The second try, which waits for nothing (rule 12.22)."""
    effort = m[task + Task.EFFORT]
    m[effort + Effort.HEDGED] = 1
    m[effort + Effort.HEDGE_TIMER] = 0
    if not may_retry(m, f, effort):
        return
    address = child(m[task + Task.ADDRESS], m[m[task + Task.CALL] + Call.SITE], m[effort + Effort.TRIES])
    rival = new_try(m, log, task, effort, address, Retry.HEDGE)
    breaker, bulkhead = m[effort + Effort.BREAKER], m[effort + Effort.BULKHEAD]
    limiter = m[target_of(m, rival) + Service.LIMITER]
    if breaker != 0 and not lets_pass(m, f, breaker, m[World.NOW]):
        fail_with(m, rival, CIRCUIT_OPEN)
    elif (limiter != 0 and acquire(m, limiter, m[World.NOW], 0) != m[World.NOW]) or (
        bulkhead != 0 and m[bulkhead + Bulkhead.TAKEN] >= m[bulkhead + Bulkhead.LIMIT]
    ):
        fail_with(m, rival, REJECTED)
    else:
        if bulkhead != 0:
            m[bulkhead + Bulkhead.TAKEN] += 1
            m[rival + Exchange.PLACED] = 1
        if send_try(m, f, log, task, effort, rival):
            m[effort + Effort.RIVAL] = rival
            return
    close_try(m, f, effort, rival, 1)
    end_attempt(m, f, log, rival)
    let_go(m, rival)
