"""A call under a policy: its tries, and what is between them (rules 12.3 to 12.13, 12.26 to 12.29).

Such a call has an `Effort` of its own while it lasts. A try that ends without a wait (refused by the breaker or the
bulkhead, no replica) leaves its task at the stage TRIED, to go on at once.
"""

from __future__ import annotations

from ...plan.layout import Component, Jitter, Outcome
from ...rules.breaker import lets_pass, release, tell
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.limits import TIMEOUT as LONGEST_WAIT
from ...rules.limits import acquire
from ...rules.nanoseconds import NEVER
from ...rules.randomness import child, uniform
from ...rules.retry import backoff
from .calendar import GRANT, TIMER, WORKLOAD_SHIFT, cancel, schedule
from .calls import be_patient, fail_with, make_exchange, patience_of, post, target_of
from .flight import Action, Effort, Exchange, Request, Retry, Role, Stage, Task
from .layout import Budget, Bulkhead, Call, Policy, Replica, Service, World
from .memory import let_go, note, put_back, take
from .patience import deadline_of
from .record import call_ends, number_attempt

TIMEOUT, REJECTED, CIRCUIT_OPEN = int(Outcome.TIMEOUT), int(Outcome.REJECTED), int(Outcome.CIRCUIT_OPEN)
WAITING_TIME, TIMEOUT_TIME = int(Component.WAITING), int(Component.TIMEOUT)
NO_JITTER = int(Jitter.NONE)

# Local indices, as in the reference engine.
END_OF_BACKOFF, END_OF_WAIT, END_OF_HEDGE, END_OF_PERMIT, PLACE = 1, 2, 3, 4, 1


@kernel
def begin_effort(m: Words, f: Floats, task: int) -> None:
    """A call under a policy begins: its time, and the states of its caller's replica."""
    call = m[task + Task.CALL]
    policy = m[call + Call.POLICY]
    effort = take(m, World.FREE_EFFORT, Effort.SIZE)
    m[task + Task.EFFORT] = effort
    m[effort + Effort.START] = m[World.NOW]
    patience = patience_of(m, f, call, m[task + Task.CALL_ADDRESS])
    m[effort + Effort.DEADLINE] = min(m[World.NOW] + patience, deadline_of(m, task))
    m[effort + Effort.MADE] = 0
    m[effort + Effort.TRIES] = 0
    m[effort + Effort.HEDGED] = 1 if m[policy + Policy.HEDGE] == NEVER else 0
    m[effort + Effort.RIVAL] = 0
    m[effort + Effort.HEDGE_TIMER] = 0
    m[effort + Effort.WAIT] = m[policy + Policy.BACKOFF]
    caller = 0 if m[task + Task.ROLE] == Role.EDGE else m[m[task + Task.REPLICA] + Replica.NUMBER]
    breaker, bulkhead, budget = m[policy + Policy.BREAKER], m[policy + Policy.BULKHEAD], m[policy + Policy.BUDGET]
    m[effort + Effort.BREAKER] = breaker + caller * m[policy + Policy.BREAKER_WORDS] if breaker != 0 else 0
    m[effort + Effort.BULKHEAD] = bulkhead + caller * Bulkhead.SIZE if bulkhead != 0 else 0
    m[effort + Effort.BUDGET] = budget + caller * Budget.SIZE if budget != 0 else 0


@kernel
def is_over(m: Words, effort: int) -> bool:
    """Whether the call's time has ended: nothing begins any more."""
    return m[World.NOW] >= m[effort + Effort.DEADLINE]


@kernel
def schedule_try(m: Words, time: int, head: int, task: int, action: int) -> int:
    """An event of a task's own, at the address of its try."""
    request = m[task + Task.REQUEST]
    head |= m[request + Request.WORKLOAD] << WORKLOAD_SHIFT
    return schedule(m, time, head, m[request + Request.NUMBER], m[task + Task.CALL_ADDRESS], action, task)


@kernel
def new_try(m: Words, log: Words, task: int, effort: int, address: int, retry: int) -> int:
    """One more try, which has done nothing yet."""
    exchange = make_exchange(m, log, task, m[task + Task.CALL], address, 0)
    number_attempt(m, log, exchange, m[effort + Effort.TRIES])
    m[effort + Effort.TRIES] += 1
    m[exchange + Exchange.PLACED] = 0
    m[exchange + Exchange.RETRY] = retry
    budget = m[effort + Effort.BUDGET]
    if budget != 0:
        m[budget + Budget.ACTIVE] += 1
    return exchange


@kernel
def refuse(m: Words, task: int, effort: int) -> int:
    """A try may not be made, or no more."""
    fail_with(m, m[task + Task.EXCHANGE], TIMEOUT if is_over(m, effort) else REJECTED)
    return task


@subroutine
def begin_try(m: Words, f: Floats, log: Words, task: int) -> int:
    """One try: breaker, rate limit, bulkhead, replica, network (rule 12.5)."""
    effort = m[task + Task.EFFORT]
    retry = Retry.YES if m[effort + Effort.MADE] > 0 else Retry.NO
    exchange = new_try(m, log, task, effort, m[task + Task.CALL_ADDRESS], retry)
    m[task + Task.EXCHANGE] = exchange
    m[task + Task.STAGE] = Stage.TRIED
    breaker, limiter = m[effort + Effort.BREAKER], m[target_of(m, exchange) + Service.LIMITER]
    if breaker != 0 and not lets_pass(m, f, breaker, m[World.NOW]):
        fail_with(m, exchange, CIRCUIT_OPEN)
        return task
    if limiter != 0:
        return seek_permit(m, f, log, task, effort, limiter)
    return seek_place(m, f, log, task, effort)


@kernel
def send_try(m: Words, f: Floats, log: Words, task: int, effort: int, exchange: int) -> bool:
    """Send the message, if there is a replica for it, and have the answer awaited."""
    post(m, f, log, task, exchange)
    if m[exchange + Exchange.REPLICA] == 0:
        return False
    m[exchange + Exchange.AWAITED] = task
    per_try = m[m[m[task + Task.CALL] + Call.POLICY] + Policy.PER_TRY]
    be_patient(m, exchange, min(m[World.NOW] + per_try, m[effort + Effort.DEADLINE]))
    return True


@subroutine
def cross(m: Words, f: Floats, log: Words, task: int, effort: int) -> int:
    """Send the message, and wait for the answer, the end of patience, or the time for a second try."""
    exchange = m[task + Task.EXCHANGE]
    if not send_try(m, f, log, task, effort, exchange):
        return task
    m[task + Task.STAGE] = Stage.ANSWERED
    if m[effort + Effort.HEDGED] == 0:
        m[effort + Effort.FIRST_TRY] = exchange
        m[effort + Effort.SENT] = m[exchange + Exchange.START]
        when = m[exchange + Exchange.START] + m[m[m[task + Task.CALL] + Call.POLICY] + Policy.HEDGE]
        if when < m[effort + Effort.DEADLINE]:
            m[effort + Effort.HEDGE_TIMER] = schedule_try(m, when, TIMER | END_OF_HEDGE, task, Action.HEDGE)
    return 0


@kernel
def spend_waiting(m: Words, task: int) -> None:
    """A wait has ended: its time is the target's, and what follows starts now."""
    exchange = m[task + Task.EXCHANGE]
    components = m[target_of(m, exchange) + Service.COMPONENTS]
    note(m, task, Task.FIRST, components + WAITING_TIME, m[World.NOW] - m[exchange + Exchange.START])
    m[exchange + Exchange.START] = m[World.NOW]
    m[task + Task.STAGE] = Stage.TRIED


# -- rate limits


@kernel
def seek_permit(m: Words, f: Floats, log: Words, task: int, effort: int, limiter: int) -> int:
    """Take a permit of the target's rate limit, or wait for one (rule 12.27)."""
    now, longest = m[World.NOW], m[limiter + LONGEST_WAIT]
    when = acquire(m, limiter, now, longest)
    if when == now:
        return seek_place(m, f, log, task, effort)
    if when < now and longest == 0:
        return refuse(m, task, effort)
    m[effort + Effort.PERMIT] = 1 if when > now else 0
    m[task + Task.STAGE] = Stage.PERMITTED
    end = min(when if when > now else now + longest, m[effort + Effort.DEADLINE])
    schedule_try(m, end, TIMER | END_OF_PERMIT, task, Action.PERMIT)
    return 0


@subroutine
def end_permit(m: Words, f: Floats, log: Words, task: int) -> int:
    """A permit has come, or patience has ended."""
    effort = m[task + Task.EFFORT]
    spend_waiting(m, task)
    if m[effort + Effort.PERMIT] == 0 or is_over(m, effort):
        return refuse(m, task, effort)
    return seek_place(m, f, log, task, effort)


# -- bulkheads


@subroutine
def seek_place(m: Words, f: Floats, log: Words, task: int, effort: int) -> int:
    """Take a place in the bulkhead; whoever finds none waits, or is rejected (rule 12.12)."""
    bulkhead = m[effort + Effort.BULKHEAD]
    if bulkhead != 0:
        if m[bulkhead + Bulkhead.TAKEN] < m[bulkhead + Bulkhead.LIMIT]:
            m[bulkhead + Bulkhead.TAKEN] += 1
            m[m[task + Task.EXCHANGE] + Exchange.PLACED] = 1
        elif m[bulkhead + Bulkhead.WAIT] > 0:
            queue_for_place(m, task, effort, bulkhead)
            return 0
        else:
            return refuse(m, task, effort)
    return cross(m, f, log, task, effort)


@kernel
def queue_for_place(m: Words, task: int, effort: int, bulkhead: int) -> None:
    """Wait for a place, behind those who came before (rule 12.12)."""
    m[task + Task.STAGE] = Stage.PLACED
    m[effort + Effort.TASK] = task
    m[effort + Effort.NEXT] = 0
    if m[bulkhead + Bulkhead.FIRST] == 0:
        m[bulkhead + Bulkhead.FIRST] = effort
    else:
        m[m[bulkhead + Bulkhead.LAST] + Effort.NEXT] = effort
    m[bulkhead + Bulkhead.LAST] = effort
    end = min(m[World.NOW] + m[bulkhead + Bulkhead.WAIT], m[effort + Effort.DEADLINE])
    m[effort + Effort.TIMER] = schedule_try(m, end, TIMER | END_OF_WAIT, task, Action.GIVE_UP)


@kernel
def leave_bulkhead(m: Words, bulkhead: int) -> None:
    """Hand a place on to who waited longest, if somebody waits."""
    following = m[bulkhead + Bulkhead.FIRST]
    if following == 0:
        m[bulkhead + Bulkhead.TAKEN] -= 1
        return
    m[bulkhead + Bulkhead.FIRST] = m[following + Effort.NEXT]
    m[m[m[following + Effort.TASK] + Task.EXCHANGE] + Exchange.PLACED] = 1
    cancel(m, m[following + Effort.TIMER])
    schedule_try(m, m[World.NOW], GRANT | PLACE, m[following + Effort.TASK], Action.ENTER)


@subroutine
def give_up(m: Words, task: int) -> None:
    """A wait for a place has lasted long enough: leave the queue."""
    effort = m[task + Task.EFFORT]
    bulkhead = m[effort + Effort.BULKHEAD]
    before, one = 0, m[bulkhead + Bulkhead.FIRST]
    while one != effort:
        before, one = one, m[one + Effort.NEXT]
    if before == 0:
        m[bulkhead + Bulkhead.FIRST] = m[effort + Effort.NEXT]
    else:
        m[before + Effort.NEXT] = m[effort + Effort.NEXT]
    if m[bulkhead + Bulkhead.LAST] == effort:
        m[bulkhead + Bulkhead.LAST] = before


@subroutine
def end_wait(m: Words, f: Floats, log: Words, task: int) -> int:
    """A place has come, or patience has ended."""
    effort = m[task + Task.EFFORT]
    spend_waiting(m, task)
    if m[m[task + Task.EXCHANGE] + Exchange.PLACED] == 0 or is_over(m, effort):
        return refuse(m, task, effort)
    return cross(m, f, log, task, effort)


# -- what follows a try


@subroutine
def close_try(m: Words, f: Floats, effort: int, exchange: int, judged: int) -> None:
    """What a try that has ended leaves, and who is told of it."""
    breaker, budget = m[effort + Effort.BREAKER], m[effort + Effort.BUDGET]
    if m[exchange + Exchange.PLACED] == 1:
        leave_bulkhead(m, m[effort + Effort.BULKHEAD])
    if breaker != 0 and judged == 1:
        tell(m, f, breaker, m[World.NOW], m[exchange + Exchange.OUTCOME], m[exchange + Exchange.START])
    elif breaker != 0:
        release(m, f, breaker, m[World.NOW])
    if budget != 0:
        m[budget + Budget.ACTIVE] -= 1
        if m[exchange + Exchange.RETRY] != Retry.NO:
            m[budget + Budget.RETRIES] -= 1


@kernel
def back_off(m: Words, task: int, effort: int, policy: int) -> None:
    """Wait before the next try (rule 12.8)."""
    k = m[effort + Effort.MADE]
    address = child(m[task + Task.ADDRESS], m[m[task + Task.CALL] + Call.SITE], m[effort + Effort.TRIES])
    m[task + Task.CALL_ADDRESS] = address
    jitter = m[policy + Policy.JITTER]
    u = 0.0
    if jitter != NO_JITTER:
        u = uniform(m[World.KEY], address, m[policy + Policy.BACKOFF_STREAM], 0)
    longest = m[policy + Policy.MAX_BACKOFF]
    wait = backoff(jitter, m[policy + Policy.BACKOFF], longest, k, m[effort + Effort.WAIT], u)
    m[effort + Effort.WAIT] = wait
    m[effort + Effort.BEGAN] = m[World.NOW]
    m[task + Task.STAGE] = Stage.BACKED_OFF
    end = min(m[World.NOW] + wait, m[effort + Effort.DEADLINE])
    schedule_try(m, end, TIMER | END_OF_BACKOFF, task, Action.RETRY)


@subroutine
def end_backoff(m: Words, f: Floats, log: Words, task: int) -> bool:
    """A wait has ended; gives whether the call has too, as its time is over."""
    effort, exchange = m[task + Task.EFFORT], m[task + Task.EXCHANGE]
    components = m[target_of(m, exchange) + Service.COMPONENTS]
    note(m, task, Task.FIRST, components + TIMEOUT_TIME, m[World.NOW] - m[effort + Effort.BEGAN])
    if not is_over(m, effort):
        let_go(m, exchange)
        return False
    if m[effort + Effort.BUDGET] != 0:
        m[m[effort + Effort.BUDGET] + Budget.RETRIES] -= 1
    fail_with(m, exchange, TIMEOUT)
    m[exchange + Exchange.SERVED] = 0
    end_effort(m, f, log, task)
    return True


@kernel
def end_effort(m: Words, f: Floats, log: Words, task: int) -> None:
    """The call is over, as its last try says."""
    effort = m[task + Task.EFFORT]
    call_ends(m, f, log, m[task + Task.EXCHANGE], m[effort + Effort.START])
    put_back(m, World.FREE_EFFORT, effort)
