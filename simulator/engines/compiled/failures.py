"""Replicas that die, stand still and start again (rules 14.1 to 14.13).

What a death or the end of a pause has to do for everybody in a replica is done one task at a time: by a task of its
own, at the stage REAP or THAW, that goes on until nobody is left.
"""

from __future__ import annotations

from ...machine_code.jit import Words, kernel, serves, subroutine
from ...machine_code.records import NOBODY, put_back, take
from ...plan.layout import Outcome
from ...rules.balancers import NOT_READY, exclude, include
from ...rules.breakers import OPEN_TIME, open_time
from ...rules.randomness import child
from .calendar import COMPLETION, CONTROL, FEW, WORKLOAD_SHIFT, cancel, clear_out, fill_hole, schedule, schedule_for
from .calls import answer, count_at_replica, draw_time, fail_with
from .deadlines import forsake
from .dispatch import ACTIONS, STAGES
from .downtime import Order, Process, Strike
from .features import OUTAGES
from .flight import Action, Event, Exchange, Role, Stage, Task
from .layout import Law, Owner, Replica, Unit, World
from .memory import drop_repetition, end_task, let_go
from .recorder import attempt_ends, visit_rejected
from .settling import handler_ends, nothing_begins
from .stations import await_next_end, change, change_shared, go_to, start_next, virtual_now

ERROR = int(Outcome.ERROR)
LAST_OF_TASKS = Action.DROPPED
"""Actions up to this one are those of a task."""


@kernel
def schedule_control(time: int, order: int, row: int, replica: Replica, action: int, owner: Owner) -> Event:
    """A control event of a replica (rule 14.9)."""
    return schedule(time, CONTROL | order << WORKLOAD_SHIFT, row, replica.number, action, owner)


@kernel
def time_of(law: Law, stream: int, replica: Replica, number: int) -> int:
    """One of the times that are drawn for a replica, one after the other."""
    return draw_time(law, child(replica.number, stream, number), stream, 0)


@serves(OUTAGES)
@subroutine
def begin_outages(world: World) -> None:
    """Await everything that is to go wrong."""
    for number in range(world.strike_count):
        strike = world.strikes[number]
        schedule_control(strike.at, Order.BEGIN, strike.row, strike.replica, Action.STRIKE, strike)
    for number in range(world.process_count):
        await_failure(world.processes[number], 0)


@ACTIONS.on(Action.KNOW)
@serves(OUTAGES)
@subroutine
def know(replica: Replica) -> None:
    """The death of a replica is known to its balancer (rule 14.6)."""
    replica.unknown = NOBODY
    exclude(replica.integers, replica.unit.board, replica.number, NOT_READY)


# -- what holds a replica down


@ACTIONS.on(Action.STRIKE)
@serves(OUTAGES)
@subroutine
def strike_now(strike: Strike) -> Task:
    """A kill or a pause begins; one that is down, or starting, has nothing to pause."""
    replica = strike.replica
    if strike.pauses:
        if not replica.ready:
            return NOBODY
        strike.deaths = replica.deaths
    schedule_control(strike.until, Order.END, strike.row, replica, Action.LIFT, strike)
    if not strike.pauses:
        return hold(replica)
    replica.paused += 1
    if replica.paused == 1:
        freeze(replica)
    return NOBODY


@ACTIONS.on(Action.LIFT)
@serves(OUTAGES)
@subroutine
def lift(strike: Strike) -> Task:
    """A kill or a pause ends; a pause may have died with its replica."""
    replica = strike.replica
    if not strike.pauses:
        release(replica)
        return NOBODY
    if strike.deaths != replica.deaths:
        return NOBODY
    replica.paused -= 1
    if replica.paused > 0:
        return NOBODY
    if replica.unit.shared:
        replica.since = strike.world.now
        await_next_end(replica)
    return make_worker(replica, Stage.THAW)


@kernel
def await_failure(process: Process, since: int) -> None:
    """The next failure comes after a time up."""
    replica, cycle = process.replica, process.cycle
    when = since + time_of(process.up, process.up_stream, replica, cycle)
    schedule_control(when, Order.BEGIN, process.row, replica, Action.FAIL, process)


@ACTIONS.on(Action.FAIL)
@serves(OUTAGES)
@subroutine
def fail(process: Process) -> Task:
    """A replica fails by chance."""
    replica, cycle = process.replica, process.cycle
    repair = time_of(process.repair, process.repair_stream, replica, cycle)
    when = process.world.now + repair
    schedule_control(when, Order.END, process.row, replica, Action.MEND, process)
    return hold(replica)


@ACTIONS.on(Action.MEND)
@serves(OUTAGES)
@subroutine
def mend(process: Process) -> None:
    """A repair ends; the time up counts from the startup of this cycle on (rule 14.2)."""
    replica, cycle = process.replica, process.cycle
    release(replica)
    startup = time_of(process.startup, process.startup_stream, replica, cycle)
    process.cycle = cycle + 1
    await_failure(process, process.world.now + startup)


@subroutine
def hold(replica: Replica) -> Task:
    """One more cause holds a replica down; gives who sees to what is in it."""
    replica.causes += 1
    if replica.causes > 1:
        return NOBODY
    if replica.ready:
        return die(replica)
    cancel(replica.starting)
    replica.starting = NOBODY
    return NOBODY


@subroutine
def release(replica: Replica) -> None:
    """One less does; with the last one it starts (rule 14.1)."""
    replica.causes -= 1
    if replica.causes > 0:
        return
    unit, longest = replica.unit, 0
    for number in range(unit.startup_count):
        startup = unit.startups[number]
        longest = max(longest, time_of(startup.law, startup.stream, replica, replica.starts))
    replica.starts += 1
    if longest == 0:
        be_ready(replica)
    else:
        when = replica.world.now + longest
        replica.starting = schedule_control(when, Order.READY, unit.row, replica, Action.START, replica)


@ACTIONS.on(Action.START)
@serves(OUTAGES)
@subroutine
def be_ready(replica: Replica) -> None:
    """A replica is ready, and its balancer knows at once (rule 14.6)."""
    unit = replica.unit
    replica.starting = NOBODY
    if replica.unknown:
        cancel(replica.unknown)
        replica.unknown = NOBODY
    replica.ready = True
    change(unit.ready, replica.world.now, 1)
    include(unit.integers, unit.board, replica.number, NOT_READY)


# -- death


@subroutine
def die(replica: Replica) -> Task:
    """A replica dies; gives who ends what is in it (rules 14.3 and 14.4)."""
    unit, now = replica.unit, replica.world.now
    replica.ready = False
    replica.deaths += 1
    change(unit.ready, now, -1)
    withdraw(replica, False)
    for task in (replica.first, replica.slot_first, replica.frozen, replica.asleep):
        wait_no_more(task)
    replica.first = NOBODY
    replica.slot_first = NOBODY
    replica.frozen = NOBODY
    replica.asleep = NOBODY
    if unit.shared:
        clear_shared(unit, replica)
    replica.busy = 0
    replica.in_progress = 0
    replica.queued = 0
    replica.paused = 0
    renew_states(unit, replica.number)
    after = unit.known_after
    if after == 0:
        know(replica)
    else:
        replica.unknown = schedule_control(now + after, Order.KNOWN, unit.row, replica, Action.KNOW, replica)
    return make_worker(replica, Stage.REAP)


@kernel
def wait_no_more(task: Task) -> None:
    """Who waits in a queue from a task on does so no longer."""
    while task:
        change(task.service.waiting, task.world.now, -1)
        task = task.next


@subroutine
def withdraw(replica: Replica, freezes: bool) -> None:
    """Let the events of a replica's tasks not happen: all of them, or those of work, which is kept for later."""
    world = replica.world
    fill_hole(world)
    now, heap = world.now, world.heap
    for place in range(world.heap_size):
        event = heap[place].event
        task = Task(event.owner)
        if not task or event.action > LAST_OF_TASKS or task.replica != replica:
            continue
        works = event.action == Action.WORKED
        if works:
            change(task.service.busy, now, -1)
        if works and freezes:
            change(task.service.waiting, now, 1)
            task.joined = now
            task.left = heap[place].time - now
            task.next = replica.frozen
            replica.frozen = task
        if works or not freezes:
            event.owner = NOBODY
            world.cancelled += 1
    if world.cancelled > FEW and 2 * world.cancelled > world.heap_size:
        clear_out(world)


@kernel
def clear_shared(unit: Unit, replica: Replica) -> None:
    """All jobs on shared cores are gone."""
    world, now = unit.world, unit.world.now
    virtual = virtual_now(replica, now)
    for row in range(world.service_count):
        service = world.services[row]
        level = replica.present[service.member]
        if service.unit == unit and level.value > 0:
            change(service.sharing, now, -level.value)
            change_shared(level, virtual, -level.value)
    replica.jobs = 0
    replica.root = NOBODY
    go_to(replica, virtual)
    await_next_end(replica)


@kernel
def renew_states(unit: Unit, number: int) -> None:
    """Breakers, bulkheads and budgets of a replica are fresh when it starts again."""
    for row in range(unit.state_count):
        state, m = unit.states[row], unit.integers
        where = state.where + number * state.words
        opened = open_time(m, unit.floats, where, unit.world.now) if state.breaker else 0
        for word in range(state.words):
            m[where + word] = m[state.fresh + word]
        if state.breaker:
            m[where + OPEN_TIME] = opened


@kernel
def make_worker(replica: Replica, stage: int) -> Task:
    """A task that does something for everybody in a replica; it is not in the replica itself."""
    worker = take(replica.world, Task)
    worker.role = Role.EDGE
    worker.stage = stage
    worker.replica = NOBODY
    worker.charge = replica
    return worker


@STAGES.on(Stage.REAP)
@serves(OUTAGES)
@subroutine
def reap(log: Words, worker: Task) -> Task:
    """End one task of a dead replica, and what it was waiting for."""
    task = worker.charge.tasks
    if not task:
        put_back(worker)
        return NOBODY
    while task.repetition:
        drop_repetition(task)
    abandon(log, task)
    role, visit = task.role, task.visit
    if role == Role.HANDLER:
        visit_rejected(task.service)
        if not visit.awaited and task.row:
            handler_ends(log, task.request)
        elif not visit.awaited:
            nothing_begins(log, task.request)
        if visit.awaited or visit.detached:
            fail_with(visit, ERROR)
            visit.reset = True
        answer(log, visit, task.world.now)
    elif role == Role.INSIDE or role == Role.ALONE:
        visit_rejected(task.service)
        if role == Role.ALONE:
            handler_ends(log, task.request)
        end_attempt(log, visit)
    end_task(task)
    return worker


@kernel
def end_attempt(log: Words, exchange: Exchange) -> None:
    """An attempt ends with its caller."""
    fail_with(exchange, ERROR)
    attempt_ends(log, exchange)
    let_go(exchange)


@subroutine
def forget(log: Words, exchange: Exchange) -> None:
    """Nobody waits for an answer any more, or for the end of patience."""
    exchange.awaited = NOBODY
    forsake(exchange)
    if exchange.timer:
        cancel(exchange.timer)
        exchange.timer = NOBODY
    count_at_replica(exchange, -1)
    end_attempt(log, exchange)


@kernel
def abandon(log: Words, task: Task) -> None:
    """End the call that a task is waiting for, if it is."""
    stage, exchange = task.stage, task.exchange
    if stage == Stage.UNPACKED or stage == Stage.BACKED_OFF:
        let_go(exchange)
    elif stage == Stage.ANSWERED:
        forget(log, exchange)
        if task.call.policy and task.guarded.rival:
            guarded = task.guarded
            rival, first = guarded.rival, guarded.first_try
            forget(log, first if exchange == rival else rival)
    elif stage == Stage.PLACED or stage == Stage.PERMITTED:
        end_attempt(log, exchange)
    else:
        return
    if stage != Stage.UNPACKED and task.call.policy:
        put_back(task.guarded)


# -- pauses


@kernel
def freeze(replica: Replica) -> None:
    """The cores stand still, and keep what is left of the work (rule 14.13)."""
    if not replica.unit.shared:
        withdraw(replica, True)
        return
    replica.paused = 0  # up to now it was not
    go_to(replica, virtual_now(replica, replica.world.now))
    replica.paused = 1
    await_next_end(replica)


@STAGES.on(Stage.THAW)
@serves(OUTAGES)
@subroutine
def thaw(worker: Task) -> Task:
    """Let one task of a replica go on after a pause: work that stood still, a sleep, work that came meanwhile."""
    now, replica = worker.world.now, worker.charge
    if replica.frozen:
        task = replica.frozen
        replica.frozen = task.next
        change(task.service.busy, now, 1)
        thaw_task(task, Action.WORKED)
        return worker
    if replica.asleep:
        task = replica.asleep
        replica.asleep = task.next
        thaw_task(task, Action.SLEPT)
        return worker
    if replica.first and replica.busy < replica.cores:
        start_next(replica)
        return worker
    put_back(worker)
    return NOBODY


@kernel
def thaw_task(task: Task, action: int) -> None:
    """A task has waited for the end of a pause, and goes on with what is left."""
    now = task.world.now
    change(task.service.waiting, now, -1)
    task.waited += now - task.joined
    schedule_for(now + task.left, COMPLETION, task, task.local, action)


@serves(OUTAGES)
@kernel
def lie_still(task: Task) -> None:
    """A sleep that ends amid a pause goes on to the end of it."""
    now, replica = task.world.now, task.replica
    change(task.service.waiting, now, 1)
    task.joined = now
    task.left = 0
    task.next = replica.asleep
    replica.asleep = task
