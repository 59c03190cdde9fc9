"""Replicas that die, stand still and start again (rules 14.1 to 14.13).

What a death or the end of a pause has to do for everybody in a replica is done one task at a time: by a task of its
own, at the stage REAP or THAW, that goes on until nobody is left.
"""

from __future__ import annotations

from ...plan.layout import Outcome
from ...rules.balancing import NOT_READY, exclude, include
from ...rules.breaker import OPEN_TIME, open_time
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.randomness import child
from .calendar import COMPLETION, CONTROL, FEW, WORKLOAD_SHIFT, cancel, clear_out, fill_hole, schedule, schedule_for
from .calls import answer, count_at_replica, draw_time, fail_with
from .downtime import Order, Process, Startup, State, Strike
from .flight import Action, Effort, Event, Exchange, Role, Stage, Task
from .layout import Call, Level, Replica, Service, Unit, World
from .memory import drop_repetition, end_task, let_go, put_back, take
from .patience import forsake
from .record import attempt_ends, visit_rejected
from .stations import await_next_end, change, change_shared, go_to, start_next, virtual_now

ERROR = int(Outcome.ERROR)
LAST_OF_TASKS = Action.DROPPED
"""Actions up to this one are those of a task."""


@kernel
def schedule_control(m: Words, time: int, order: int, row: int, replica: int, action: int, owner: int) -> int:
    """A control event of a replica (rule 14.9)."""
    return schedule(m, time, CONTROL | order << WORKLOAD_SHIFT, row, m[replica + Replica.NUMBER], action, owner)


@kernel
def time_of(m: Words, f: Floats, law: int, stream: int, replica: int, number: int) -> int:
    """One of the times that are drawn for a replica, one after the other."""
    return draw_time(m, f, law, child(m[replica + Replica.NUMBER], stream, number), stream, 0)


@subroutine
def begin_outages(m: Words, f: Floats) -> None:
    """Await everything that is to go wrong."""
    for number in range(m[World.STRIKE_COUNT]):
        strike = m[World.STRIKES] + number * Strike.SIZE
        replica = m[strike + Strike.REPLICA]
        schedule_control(m, m[strike + Strike.AT], Order.BEGIN, m[strike + Strike.ROW], replica, Action.STRIKE, strike)
    for number in range(m[World.PROCESS_COUNT]):
        process = m[World.PROCESSES] + number * Process.SIZE
        await_failure(m, f, process, 0)


@subroutine
def control(m: Words, f: Floats, action: int, owner: int) -> int:
    """A control event happens; gives who goes on because of it."""
    if action == Action.STRIKE:
        return strike_now(m, f, owner)
    if action == Action.LIFT:
        return lift(m, f, owner)
    if action == Action.FAIL:
        return fail(m, f, owner)
    if action == Action.MEND:
        mend(m, f, owner)
    elif action == Action.START:
        be_ready(m, f, owner)
    else:
        m[owner + Replica.UNKNOWN] = 0
        exclude(m, m[m[owner + Replica.UNIT] + Unit.BOARD], m[owner + Replica.NUMBER], NOT_READY)
    return 0


# -- what holds a replica down


@kernel
def strike_now(m: Words, f: Floats, strike: int) -> int:
    """A kill or a pause begins; one that is down, or starting, has nothing to pause."""
    replica = m[strike + Strike.REPLICA]
    paused = m[strike + Strike.PAUSES] == 1
    if paused:
        if m[replica + Replica.READY] == 0:
            return 0
        m[strike + Strike.DEATHS] = m[replica + Replica.DEATHS]
    until, row = m[strike + Strike.UNTIL], m[strike + Strike.ROW]
    schedule_control(m, until, Order.END, row, replica, Action.LIFT, strike)
    if not paused:
        return hold(m, f, replica)
    m[replica + Replica.PAUSED] += 1
    if m[replica + Replica.PAUSED] == 1:
        freeze(m, f, replica)
    return 0


@kernel
def lift(m: Words, f: Floats, strike: int) -> int:
    """A kill or a pause ends; a pause may have died with its replica."""
    replica = m[strike + Strike.REPLICA]
    if m[strike + Strike.PAUSES] == 0:
        release(m, f, replica)
        return 0
    if m[strike + Strike.DEATHS] != m[replica + Replica.DEATHS]:
        return 0
    m[replica + Replica.PAUSED] -= 1
    if m[replica + Replica.PAUSED] > 0:
        return 0
    if m[m[replica + Replica.UNIT] + Unit.SHARED] == 1:
        m[replica + Replica.SINCE] = m[World.NOW]
        await_next_end(m, f, replica)
    return make_worker(m, replica, Stage.THAW)


@kernel
def await_failure(m: Words, f: Floats, process: int, since: int) -> None:
    """The next failure comes after a time up."""
    replica, cycle = m[process + Process.REPLICA], m[process + Process.CYCLE]
    when = since + time_of(m, f, m[process + Process.UP], m[process + Process.UP_STREAM], replica, cycle)
    schedule_control(m, when, Order.BEGIN, m[process + Process.ROW], replica, Action.FAIL, process)


@kernel
def fail(m: Words, f: Floats, process: int) -> int:
    """A replica fails by chance."""
    replica, cycle = m[process + Process.REPLICA], m[process + Process.CYCLE]
    repair = time_of(m, f, m[process + Process.REPAIR], m[process + Process.REPAIR_STREAM], replica, cycle)
    when = m[World.NOW] + repair
    schedule_control(m, when, Order.END, m[process + Process.ROW], replica, Action.MEND, process)
    return hold(m, f, replica)


@kernel
def mend(m: Words, f: Floats, process: int) -> None:
    """A repair ends; the time up counts from the startup of this cycle on (rule 14.2)."""
    replica, cycle = m[process + Process.REPLICA], m[process + Process.CYCLE]
    release(m, f, replica)
    startup = time_of(m, f, m[process + Process.STARTUP], m[process + Process.STARTUP_STREAM], replica, cycle)
    m[process + Process.CYCLE] = cycle + 1
    await_failure(m, f, process, m[World.NOW] + startup)


@subroutine
def hold(m: Words, f: Floats, replica: int) -> int:
    """One more cause holds a replica down; gives who sees to what is in it."""
    m[replica + Replica.CAUSES] += 1
    if m[replica + Replica.CAUSES] > 1:
        return 0
    if m[replica + Replica.READY] == 1:
        return die(m, f, replica)
    cancel(m, m[replica + Replica.STARTING])
    m[replica + Replica.STARTING] = 0
    return 0


@subroutine
def release(m: Words, f: Floats, replica: int) -> None:
    """One less does; with the last one it starts (rule 14.1)."""
    m[replica + Replica.CAUSES] -= 1
    if m[replica + Replica.CAUSES] > 0:
        return
    unit, longest = m[replica + Replica.UNIT], 0
    for number in range(m[unit + Unit.STARTUP_COUNT]):
        startup = m[unit + Unit.STARTUPS] + number * Startup.SIZE
        law, stream = m[startup + Startup.LAW], m[startup + Startup.STREAM]
        longest = max(longest, time_of(m, f, law, stream, replica, m[replica + Replica.STARTS]))
    m[replica + Replica.STARTS] += 1
    if longest == 0:
        be_ready(m, f, replica)
    else:
        when, row = m[World.NOW] + longest, m[unit + Unit.ROW]
        event = schedule_control(m, when, Order.READY, row, replica, Action.START, replica)
        m[replica + Replica.STARTING] = event


@subroutine
def be_ready(m: Words, f: Floats, replica: int) -> None:
    """A replica is ready, and its balancer knows at once (rule 14.6)."""
    unit = m[replica + Replica.UNIT]
    m[replica + Replica.STARTING] = 0
    if m[replica + Replica.UNKNOWN] != 0:
        cancel(m, m[replica + Replica.UNKNOWN])
        m[replica + Replica.UNKNOWN] = 0
    m[replica + Replica.READY] = 1
    change(m, f, unit + Unit.READY, m[World.NOW], 1)
    include(m, m[unit + Unit.BOARD], m[replica + Replica.NUMBER], NOT_READY)


# -- death


@subroutine
def die(m: Words, f: Floats, replica: int) -> int:
    """A replica dies; gives who ends what is in it (rules 14.3 and 14.4)."""
    unit, now = m[replica + Replica.UNIT], m[World.NOW]
    m[replica + Replica.READY] = 0
    m[replica + Replica.DEATHS] += 1
    change(m, f, unit + Unit.READY, now, -1)
    withdraw(m, f, replica, False)
    for queue in (Replica.FIRST, Replica.SLOT_FIRST, Replica.FROZEN, Replica.ASLEEP):
        task = m[replica + queue]
        while task != 0:
            change(m, f, m[task + Task.SERVICE] + Service.WAITING, now, -1)
            task = m[task + Task.NEXT]
        m[replica + queue] = 0
    if m[unit + Unit.SHARED] == 1:
        clear_shared(m, f, unit, replica)
    m[replica + Replica.BUSY] = 0
    m[replica + Replica.IN_PROGRESS] = 0
    m[replica + Replica.QUEUED] = 0
    m[replica + Replica.PAUSED] = 0
    renew_states(m, f, unit, m[replica + Replica.NUMBER])
    after = m[unit + Unit.KNOWN_AFTER]
    if after == 0:
        exclude(m, m[unit + Unit.BOARD], m[replica + Replica.NUMBER], NOT_READY)
    else:
        row = m[unit + Unit.ROW]
        event = schedule_control(m, now + after, Order.KNOWN, row, replica, Action.KNOW, replica)
        m[replica + Replica.UNKNOWN] = event
    return make_worker(m, replica, Stage.REAP)


@subroutine
def withdraw(m: Words, f: Floats, replica: int, freezes: bool) -> None:
    """Let the events of a replica's tasks not happen: all of them, or those of work, which is kept for later."""
    fill_hole(m)
    now, heap = m[World.NOW], m[World.HEAP]
    for place in range(m[World.HEAP_SIZE]):
        event = m[heap + 2 * place + 1]
        action, task = m[event + Event.ACTION], m[event + Event.OWNER]
        if task == 0 or action > LAST_OF_TASKS or m[task + Task.REPLICA] != replica:
            continue
        works = action == Action.WORKED
        if works:
            change(m, f, m[task + Task.SERVICE] + Service.BUSY, now, -1)
        if works and freezes:
            change(m, f, m[task + Task.SERVICE] + Service.WAITING, now, 1)
            m[task + Task.JOINED] = now
            m[task + Task.DUE] = m[heap + 2 * place] - now
            m[task + Task.NEXT] = m[replica + Replica.FROZEN]
            m[replica + Replica.FROZEN] = task
        if works or not freezes:
            m[event + Event.OWNER] = 0
            m[World.CANCELLED] += 1
    if m[World.CANCELLED] > FEW and 2 * m[World.CANCELLED] > m[World.HEAP_SIZE]:
        clear_out(m)


@kernel
def clear_shared(m: Words, f: Floats, unit: int, replica: int) -> None:
    """All jobs on shared cores are gone."""
    now = m[World.NOW]
    virtual = virtual_now(m, f, replica, now)
    for row in range(m[World.SERVICE_COUNT]):
        service = m[World.SERVICES] + row * Service.SIZE
        level = m[replica + Replica.PRESENT] + Level.SIZE * m[service + Service.MEMBER]
        if m[service + Service.UNIT] == unit and m[level + Level.VALUE] > 0:
            change(m, f, service + Service.SHARING, now, -m[level + Level.VALUE])
            change_shared(m, f, level, virtual, -m[level + Level.VALUE])
    m[replica + Replica.JOBS] = 0
    m[replica + Replica.ROOT] = 0
    go_to(m, f, replica, virtual)
    await_next_end(m, f, replica)


@kernel
def renew_states(m: Words, f: Floats, unit: int, number: int) -> None:
    """Breakers, bulkheads and budgets of a replica are fresh when it starts again."""
    for row in range(m[unit + Unit.STATE_COUNT]):
        state = m[unit + Unit.STATES] + row * State.SIZE
        words = m[state + State.WORDS]
        where = m[state + State.WHERE] + number * words
        opened = open_time(m, f, where, m[World.NOW]) if m[state + State.BREAKER] == 1 else 0
        for word in range(words):
            m[where + word] = m[m[state + State.FRESH] + word]
        if m[state + State.BREAKER] == 1:
            m[where + OPEN_TIME] = opened


@kernel
def make_worker(m: Words, replica: int, stage: int) -> int:
    """A task that does something for everybody in a replica; it is not in the replica itself."""
    worker = take(m, World.FREE_TASK, Task.SIZE)
    m[worker + Task.ROLE] = Role.EDGE
    m[worker + Task.STAGE] = stage
    m[worker + Task.REPLICA] = 0
    m[worker + Task.PARENT] = replica
    return worker


@subroutine
def reap(m: Words, f: Floats, log: Words, worker: int) -> int:
    """End one task of a dead replica, and what it was waiting for."""
    task = m[m[worker + Task.PARENT] + Replica.TASKS]
    if task == 0:
        put_back(m, World.FREE_TASK, worker)
        return 0
    while m[task + Task.REPETITION] != 0:
        drop_repetition(m, task)
    abandon(m, f, log, task)
    role, visit = m[task + Task.ROLE], m[task + Task.VISIT]
    if role == Role.HANDLER:
        visit_rejected(m, m[task + Task.SERVICE])
        if m[visit + Exchange.AWAITED] != 0 or m[visit + Exchange.DETACHED] == 1:
            fail_with(m, visit, ERROR)
            m[visit + Exchange.RESET] = 1
        answer(m, f, log, visit, m[World.NOW])
    elif role == Role.INSIDE or role == Role.ALONE:
        visit_rejected(m, m[task + Task.SERVICE])
        end_attempt(m, f, log, visit)
    end_task(m, task)
    return worker


@kernel
def end_attempt(m: Words, f: Floats, log: Words, exchange: int) -> None:
    """An attempt ends with its caller."""
    fail_with(m, exchange, ERROR)
    attempt_ends(m, log, exchange)
    let_go(m, exchange)


@subroutine
def forget(m: Words, f: Floats, log: Words, exchange: int) -> None:
    """Nobody waits for an answer any more, or for the end of patience."""
    m[exchange + Exchange.AWAITED] = 0
    forsake(m, exchange)
    if m[exchange + Exchange.TIMER] != 0:
        cancel(m, m[exchange + Exchange.TIMER])
        m[exchange + Exchange.TIMER] = 0
    count_at_replica(m, exchange, -1)
    end_attempt(m, f, log, exchange)


@kernel
def abandon(m: Words, f: Floats, log: Words, task: int) -> None:
    """End the call that a task is waiting for, if it is."""
    stage, exchange = m[task + Task.STAGE], m[task + Task.EXCHANGE]
    if stage == Stage.UNPACKED or stage == Stage.BACKED_OFF:
        let_go(m, exchange)
    elif stage == Stage.ANSWERED:
        forget(m, f, log, exchange)
        if m[m[task + Task.CALL] + Call.POLICY] != 0 and m[m[task + Task.EFFORT] + Effort.RIVAL] != 0:
            effort = m[task + Task.EFFORT]
            rival, first = m[effort + Effort.RIVAL], m[effort + Effort.FIRST_TRY]
            forget(m, f, log, first if exchange == rival else rival)
    elif stage == Stage.PLACED or stage == Stage.PERMITTED:
        end_attempt(m, f, log, exchange)
    else:
        return
    if stage != Stage.UNPACKED and m[m[task + Task.CALL] + Call.POLICY] != 0:
        put_back(m, World.FREE_EFFORT, m[task + Task.EFFORT])


# -- pauses


@kernel
def freeze(m: Words, f: Floats, replica: int) -> None:
    """The cores stand still, and keep what is left of the work (rule 14.13)."""
    if m[m[replica + Replica.UNIT] + Unit.SHARED] == 0:
        withdraw(m, f, replica, True)
        return
    m[replica + Replica.PAUSED] = 0  # up to now it was not
    go_to(m, f, replica, virtual_now(m, f, replica, m[World.NOW]))
    m[replica + Replica.PAUSED] = 1
    await_next_end(m, f, replica)


@subroutine
def thaw(m: Words, f: Floats, worker: int) -> int:
    """Let one task of a replica go on after a pause: work that stood still, a sleep, work that came meanwhile."""
    now, replica = m[World.NOW], m[worker + Task.PARENT]
    frozen, asleep = m[replica + Replica.FROZEN], m[replica + Replica.ASLEEP]
    task = frozen if frozen != 0 else asleep
    if task != 0:
        m[replica + (Replica.FROZEN if frozen != 0 else Replica.ASLEEP)] = m[task + Task.NEXT]
        change(m, f, m[task + Task.SERVICE] + Service.WAITING, now, -1)
        m[task + Task.WAITED] += now - m[task + Task.JOINED]
        action = Action.SLEPT
        if frozen != 0:
            change(m, f, m[task + Task.SERVICE] + Service.BUSY, now, 1)
            action = Action.WORKED
        schedule_for(m, now + m[task + Task.DUE], COMPLETION, task, m[task + Task.LOCAL], action)
        return worker
    if m[replica + Replica.FIRST] != 0 and m[replica + Replica.BUSY] < m[replica + Replica.CORES]:
        start_next(m, f, replica)
        return worker
    put_back(m, World.FREE_TASK, worker)
    return 0


@kernel
def lie_still(m: Words, f: Floats, task: int) -> None:
    """A sleep that ends amid a pause goes on to the end of it."""
    replica = m[task + Task.REPLICA]
    change(m, f, m[task + Task.SERVICE] + Service.WAITING, m[World.NOW], 1)
    m[task + Task.JOINED] = m[World.NOW]
    m[task + Task.DUE] = 0
    m[task + Task.NEXT] = m[replica + Replica.ASLEEP]
    m[replica + Replica.ASLEEP] = task
