"""A call under a policy: its tries, and what is between them (rules 12.3 to 12.13, 12.26 to 12.29).

Such a call has a `GuardedCall` of its own while it lasts. A try that ends without a wait (refused by the breaker or
the bulkhead, no replica) leaves its task at the stage TRIED, to go on at once.
"""

from __future__ import annotations

from ...machine_code.jit import Words, kernel, serves, subroutine
from ...machine_code.records import NOBODY, put_back, take
from ...plan.layout import Component, Jitter, Outcome
from ...plan.order import END_OF_BACKOFF, END_OF_HEDGE, END_OF_PERMIT, END_OF_WAIT, PLACE
from ...rules.breakers import lets_pass, release, tell
from ...rules.limits import TIMEOUT as LONGEST_WAIT
from ...rules.limits import acquire
from ...rules.nanoseconds import NEVER
from ...rules.randomness import child, uniform
from ...rules.retries import backoff
from .calendar import GRANT, TIMER, WORKLOAD_SHIFT, cancel, schedule
from .calls import be_patient, fail_with, make_exchange, patience_of, post, target_of
from .deadlines import deadline_of
from .dispatch import ACTIONS, STAGES
from .features import POLICIES
from .flight import Action, Event, Exchange, Retry, Role, Stage, Task
from .memory import let_go, note
from .policies import Bulkhead, GuardedCall, Policy
from .recorder import call_ends, number_attempt

TIMEOUT, REJECTED, CIRCUIT_OPEN = int(Outcome.TIMEOUT), int(Outcome.REJECTED), int(Outcome.CIRCUIT_OPEN)
WAITING_TIME, TIMEOUT_TIME = int(Component.WAITING), int(Component.TIMEOUT)
NO_JITTER = int(Jitter.NONE)


@serves(POLICIES)
@kernel
def begin_guarded_call(task: Task) -> None:
    """A call under a policy begins: its time, and the states of its caller's replica."""
    world, call, policy = task.world, task.call, task.call.policy
    guarded = take(world, GuardedCall)
    task.guarded = guarded
    guarded.start = world.now
    patience = patience_of(call, task.call_address)
    guarded.deadline = min(world.now + patience, deadline_of(task))
    guarded.hedged = policy.hedge == NEVER
    guarded.wait = policy.backoff
    caller = 0 if task.role == Role.EDGE else task.replica.number
    guarded.breaker = policy.breaker + caller * policy.breaker_words if policy.breaker != 0 else 0
    guarded.bulkhead = policy.bulkhead[caller] if policy.bulkhead else NOBODY
    guarded.budget = policy.budget[caller] if policy.budget else NOBODY


@kernel
def is_over(guarded: GuardedCall) -> bool:
    """Whether the call's time has ended: nothing begins any more."""
    return guarded.world.now >= guarded.deadline


@kernel
def schedule_try(time: int, head: int, task: Task, action: int) -> Event:
    """An event of a task's own, at the address of its try."""
    request = task.request
    head |= request.workload << WORKLOAD_SHIFT
    return schedule(time, head, request.number, task.call_address, action, task)


@kernel
def new_try(log: Words, task: Task, guarded: GuardedCall, address: int, retry: int) -> Exchange:
    """One more try, which has done nothing yet."""
    exchange = make_exchange(log, task, task.call, address, False)
    number_attempt(log, exchange, guarded.tries)
    guarded.tries += 1
    exchange.placed = False
    exchange.retry = retry
    budget = guarded.budget
    if budget:
        budget.active += 1
    return exchange


@kernel
def refuse(task: Task, guarded: GuardedCall) -> Task:
    """A try may not be made, or no more."""
    fail_with(task.exchange, TIMEOUT if is_over(guarded) else REJECTED)
    return task


@serves(POLICIES)
@subroutine
def begin_try(log: Words, task: Task) -> Task:
    """One try: breaker, rate limit, bulkhead, replica, network (rule 12.5)."""
    guarded = task.guarded
    retry = Retry.YES if guarded.made > 0 else Retry.NO
    exchange = new_try(log, task, guarded, task.call_address, retry)
    task.exchange = exchange
    task.stage = Stage.TRIED
    breaker, limiter = guarded.breaker, target_of(exchange).limiter
    if breaker != 0 and not lets_pass(task.integers, task.floats, breaker, task.world.now):
        fail_with(exchange, CIRCUIT_OPEN)
        return task
    if limiter != 0:
        return seek_permit(log, task, guarded, limiter)
    return seek_place(log, task, guarded)


@kernel
def may_pass_at_once(task: Task, guarded: GuardedCall, exchange: Exchange) -> bool:
    """Whether a try passes breaker, rate limit and bulkhead without a wait; it has failed otherwise (rule 12.22)."""
    now, breaker, bulkhead = task.world.now, guarded.breaker, guarded.bulkhead
    limiter = target_of(exchange).limiter
    if breaker != 0 and not lets_pass(task.integers, task.floats, breaker, now):
        fail_with(exchange, CIRCUIT_OPEN)
        return False
    passes = limiter == 0 or acquire(task.integers, limiter, now, 0) == now
    if not passes or (bulkhead and bulkhead.taken >= bulkhead.limit):
        fail_with(exchange, REJECTED)
        return False
    if bulkhead:
        bulkhead.taken += 1
        exchange.placed = True
    return True


@kernel
def send_try(log: Words, task: Task, guarded: GuardedCall, exchange: Exchange) -> bool:
    """Send the message, if there is a replica for it, and have the answer awaited."""
    post(log, task, exchange)
    if not exchange.replica:
        return False
    exchange.awaited = task
    per_try = task.call.policy.per_try
    be_patient(exchange, min(task.world.now + per_try, guarded.deadline))
    return True


@subroutine
def cross(log: Words, task: Task, guarded: GuardedCall) -> Task:
    """Send the message, and wait for the answer, the end of patience, or the time for a second try."""
    exchange = task.exchange
    if not send_try(log, task, guarded, exchange):
        return task
    task.stage = Stage.ANSWERED
    if not guarded.hedged:
        guarded.first_try = exchange
        guarded.sent = exchange.start
        when = exchange.start + task.call.policy.hedge
        if when < guarded.deadline:
            guarded.hedge_timer = schedule_try(when, TIMER | END_OF_HEDGE, task, Action.HEDGE)
    return NOBODY


@kernel
def spend_waiting(task: Task) -> None:
    """A wait has ended: its time is the target's, and what follows starts now."""
    now, exchange = task.world.now, task.exchange
    note(task.ledger, target_of(exchange).components + WAITING_TIME, now - exchange.start)
    exchange.start = now
    task.stage = Stage.TRIED


# -- rate limits


@kernel
def seek_permit(log: Words, task: Task, guarded: GuardedCall, limiter: int) -> Task:
    """Take a permit of the target's rate limit, or wait for one (rule 12.27)."""
    now, longest = task.world.now, task.integers[limiter + LONGEST_WAIT]
    when = acquire(task.integers, limiter, now, longest)
    if when == now:
        return seek_place(log, task, guarded)
    if when < now and longest == 0:
        return refuse(task, guarded)
    guarded.permit = when > now
    task.stage = Stage.PERMITTED
    end = min(when if when > now else now + longest, guarded.deadline)
    schedule_try(end, TIMER | END_OF_PERMIT, task, Action.PERMIT)
    return NOBODY


@STAGES.on(Stage.PERMITTED)
@serves(POLICIES)
@subroutine
def end_permit(log: Words, task: Task) -> Task:
    """A permit has come, or patience has ended."""
    guarded = task.guarded
    spend_waiting(task)
    if not guarded.permit or is_over(guarded):
        return refuse(task, guarded)
    return seek_place(log, task, guarded)


# -- bulkheads


@subroutine
def seek_place(log: Words, task: Task, guarded: GuardedCall) -> Task:
    """Take a place in the bulkhead; whoever finds none waits, or is rejected (rule 12.12)."""
    bulkhead = guarded.bulkhead
    if bulkhead:
        if bulkhead.taken < bulkhead.limit:
            bulkhead.taken += 1
            task.exchange.placed = True
        elif bulkhead.wait > 0:
            queue_for_place(task, guarded, bulkhead)
            return NOBODY
        else:
            return refuse(task, guarded)
    return cross(log, task, guarded)


@kernel
def queue_for_place(task: Task, guarded: GuardedCall, bulkhead: Bulkhead) -> None:
    """Wait for a place, behind those who came before (rule 12.12)."""
    task.stage = Stage.PLACED
    guarded.task = task
    guarded.next = NOBODY
    if not bulkhead.first:
        bulkhead.first = guarded
    else:
        bulkhead.last.next = guarded
    bulkhead.last = guarded
    end = min(task.world.now + bulkhead.wait, guarded.deadline)
    guarded.timer = schedule_try(end, TIMER | END_OF_WAIT, task, Action.GIVE_UP)


@kernel
def leave_bulkhead(bulkhead: Bulkhead) -> None:
    """Hand a place on to who waited longest, if somebody waits."""
    following = bulkhead.first
    if not following:
        bulkhead.taken -= 1
        return
    bulkhead.first = following.next
    following.task.exchange.placed = True
    cancel(following.timer)
    schedule_try(bulkhead.world.now, GRANT | PLACE, following.task, Action.ENTER)


@ACTIONS.on(Action.GIVE_UP)
@serves(POLICIES)
@subroutine
def give_up(task: Task) -> Task:
    """A wait for a place has lasted long enough: leave the queue."""
    guarded = task.guarded
    bulkhead = guarded.bulkhead
    before, one = NOBODY, bulkhead.first
    while one != guarded:
        before, one = one, one.next
    if not before:
        bulkhead.first = guarded.next
    else:
        before.next = guarded.next
    if bulkhead.last == guarded:
        bulkhead.last = before
    return task


@STAGES.on(Stage.PLACED)
@serves(POLICIES)
@subroutine
def end_wait(log: Words, task: Task) -> Task:
    """A place has come, or patience has ended."""
    guarded = task.guarded
    spend_waiting(task)
    if not task.exchange.placed or is_over(guarded):
        return refuse(task, guarded)
    return cross(log, task, guarded)


# -- what follows a try


@subroutine
def close_try(guarded: GuardedCall, exchange: Exchange, judged: bool) -> None:
    """What a try that has ended leaves, and who is told of it."""
    world = guarded.world
    breaker, budget = guarded.breaker, guarded.budget
    if exchange.placed:
        leave_bulkhead(guarded.bulkhead)
    if breaker != 0 and judged:
        tell(world.integers, world.floats, breaker, world.now, exchange.outcome, exchange.start)
    elif breaker != 0:
        release(world.integers, world.floats, breaker, world.now)
    if budget:
        budget.active -= 1
        if exchange.retry != Retry.NO:
            budget.retries -= 1


@kernel
def back_off(task: Task, guarded: GuardedCall, policy: Policy) -> None:
    """Wait before the next try (rule 12.8)."""
    now = task.world.now
    address = child(task.address, task.call.site, guarded.tries)
    task.call_address = address
    u = 0.0
    if policy.jitter != NO_JITTER:
        u = uniform(task.world.key, address, policy.backoff_stream, 0)
    wait = backoff(policy.jitter, policy.backoff, policy.max_backoff, guarded.made, guarded.wait, u)
    guarded.wait = wait
    guarded.began = now
    task.stage = Stage.BACKED_OFF
    end = min(now + wait, guarded.deadline)
    schedule_try(end, TIMER | END_OF_BACKOFF, task, Action.RETRY)


@serves(POLICIES)
@subroutine
def end_backoff(log: Words, task: Task) -> bool:
    """A wait has ended; gives whether the call has too, as its time is over."""
    guarded, exchange = task.guarded, task.exchange
    note(task.ledger, target_of(exchange).components + TIMEOUT_TIME, task.world.now - guarded.began)
    if not is_over(guarded):
        let_go(exchange)
        return False
    if guarded.budget:
        guarded.budget.retries -= 1
    fail_with(exchange, TIMEOUT)
    exchange.served = False
    end_guarded_call(log, task)
    return True


@kernel
def end_guarded_call(log: Words, task: Task) -> None:
    """The call is over, as its last try says."""
    guarded = task.guarded
    call_ends(log, task.exchange, guarded.start)
    put_back(guarded)
