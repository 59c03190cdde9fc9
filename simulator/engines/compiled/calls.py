"""A call between two processes, on the network and at both ends (rules 5.1 to 5.10); and one inside a process."""

from __future__ import annotations

from ...machine_code.jit import Words, kernel, serves, subroutine
from ...machine_code.records import NOBODY, take
from ...plan.layout import UNLIMITED, Component, Dist, Op, Outcome
from ...plan.measures import LOST
from ...rules.balancers import choose, count_unanswered
from ...rules.limits import acquire
from ...rules.nanoseconds import NEVER, nanoseconds
from ...rules.outliers import judge, sweep
from ...rules.randomness import child, uniform
from ...rules.variates import sample, sample_points
from .calendar import DELIVERY, REPLY, TIMER, WORKLOAD_SHIFT, cancel, schedule
from .deadlines import deadline_of, forsake, inherit, is_dropped
from .dispatch import STAGES
from .faults import delayed, is_aborted, is_cut
from .features import EJECTIONS
from .flight import Action, Event, Exchange, Request, Role, Stage, Task
from .layout import Call, Law, Replica, Service, Unit, World
from .memory import come, end_task, let_go, move_ledger, note
from .recorder import attempt_begins, attempt_ends, call_ends, replica_chosen, send_ends, visit_ends, visit_rejected
from .settling import handler_ends, nothing_begins
from .slots import queue_for_slot, release_slot
from .stations import change

CPU = int(Op.CPU)
CONSTANT = int(Dist.CONSTANT)
QUANTILES = int(Dist.QUANTILES)
OK, DEGRADED, ERROR, REJECTED = int(Outcome.OK), int(Outcome.DEGRADED), int(Outcome.ERROR), int(Outcome.REJECTED)
UNREACHABLE, TIMEOUT, UNFINISHED = int(Outcome.UNREACHABLE), int(Outcome.TIMEOUT), int(Outcome.UNFINISHED)
NETWORK_TIME, WAITING_TIME, TIMEOUT_TIME = int(Component.NETWORK), int(Component.WAITING), int(Component.TIMEOUT)


@kernel
def draw_here(law: Law, address: int, stream: int, k: int) -> float:
    """A time from a law, in seconds."""
    world = law.world
    kind = law.kind
    if kind == CONSTANT:
        return law.p0
    if kind >= QUANTILES:
        u = uniform(world.key, address, stream, k)
        between = kind == QUANTILES
        return sample_points(law.floats, law.probabilities, law.values, law.points, between, u)
    return sample(kind, law.p0, law.p1, law.p2, world.key, address, stream, k)


@subroutine
def draw(law: Law, address: int, stream: int, k: int) -> float:
    """A time from a law, in seconds."""
    return draw_here(law, address, stream, k)


@subroutine
def draw_ahead(exchange: Exchange) -> None:
    """All times of a message at once: none waits for the other, so that a processor works on several at a time."""
    call, address = exchange.call, exchange.address
    law, stream, first = call.latency, call.latency_stream, call.endpoint.start
    there = draw_here(law, address, stream, 0)
    back = draw_here(law, address, stream, 1)
    if first.op == CPU:
        exchange.first_work = draw_here(first.law, address, first.stream, 0)
    exchange.network = nanoseconds(there)
    exchange.back = nanoseconds(back)


@kernel
def draw_time(law: Law, address: int, stream: int, k: int) -> int:
    """A time from a law that is known as it is drawn."""
    return nanoseconds(draw(law, address, stream, k))


@kernel
def happens(world: World, rate: float, address: int, stream: int, k: int) -> bool:
    """Whether something that has this chance happens."""
    return rate > 0.0 and uniform(world.key, address, stream, k) < rate


@kernel
def make_task(role: int, request: Request, address: int, visit: Exchange, replica: Replica) -> Task:
    """A thread of control that has nothing yet; at the edge it is in no replica."""
    task = take(request.world, Task)
    task.role = role
    task.request = request
    task.address = address
    task.visit = visit
    come(task, replica)
    return task


@kernel
def make_exchange(log: Words, task: Task, call: Call, address: int, detached: bool) -> Exchange:
    """A try at a call, made by a task now."""
    world, request = task.world, task.request
    exchange = take(world, Exchange)
    exchange.request = request
    request.references += 1
    exchange.call = call
    exchange.address = address
    exchange.start = world.now
    exchange.detached = detached
    exchange.span = request.spans
    request.spans += 1
    visit = task.visit
    if world.patient:
        inherit(exchange, NOBODY if detached else visit)
    attempt_begins(log, exchange, visit.span if visit else -1)
    return exchange


@kernel
def target_of(exchange: Exchange) -> Service:
    """The service that is called."""
    return exchange.call.endpoint.service


@kernel
def fail_with(exchange: Exchange, outcome: int) -> None:
    """End in a failure that is the called service's own."""
    exchange.outcome = outcome
    exchange.cause = outcome
    exchange.cause_service = target_of(exchange).row


@kernel
def count_at_replica(exchange: Exchange, by: int) -> None:
    """One more call is sent to a replica, or one less is unanswered (rule 5.7)."""
    replica = exchange.replica
    count_unanswered(replica.integers, replica.unit.board, replica.number, by)


@kernel
def schedule_message(time: int, kind: int, exchange: Exchange, action: int) -> Event:
    """An event of an exchange."""
    request = exchange.request
    head = kind | request.workload << WORKLOAD_SHIFT
    return schedule(time, head, request.number, exchange.address, action, exchange)


# -- the caller's side


@kernel
def send(log: Words, task: Task, call: Call, address: int, detached: bool) -> Exchange:
    """A try at a call, and its message on the network."""
    exchange = make_exchange(log, task, call, address, detached)
    post(log, task, exchange)
    return exchange


@kernel
def post(log: Words, task: Task, exchange: Exchange) -> None:
    """Choose a replica and put the message on the network, where it may be lost or come to an error.

    The exchange has a reference for the caller; one more if somebody is busy with the message.
    """
    world, m = task.world, task.integers
    call, address, service = exchange.call, exchange.address, target_of(exchange)
    unit, limiter, now = service.unit, service.limiter, world.now
    if exchange.detached and limiter != 0 and acquire(m, limiter, now, 0) != now:
        fail_with(exchange, REJECTED)
        return
    if unit.detector != 0:
        readmit(unit)
    number = choose(
        unit.balancer,
        unit.choices,
        m,
        unit.board,
        task.request.hash_key,
        world.key,
        address,
        service.balance_stream,
    )
    if number < 0:
        fail_with(exchange, UNREACHABLE)
        return
    replica = unit.replicas[number]
    exchange.replica = replica
    count_at_replica(exchange, 1)
    replica.chosen += 1
    replica_chosen(log, exchange, replica)
    faults = call.faults
    if happens(world, call.loss, address, call.loss_stream, 0) or (faults and is_cut(call, now)):
        send_ends(exchange, LOST)
        return
    exchange.references += 1
    draw_ahead(exchange)
    if faults:
        exchange.network = delayed(exchange, exchange.network)
    arrival = now + exchange.network
    error = happens(world, call.error_rate, address, call.error_stream, 0)
    if error or (faults and is_aborted(exchange)):
        fail_with(exchange, ERROR)
        if exchange.detached:
            schedule_message(arrival, DELIVERY, exchange, Action.BREAK)
        else:
            answer(log, exchange, arrival)
    else:
        if exchange.detached:
            exchange.request.open += 1
        schedule_message(arrival, DELIVERY, exchange, Action.DELIVER)


@kernel
def answer(log: Words, exchange: Exchange, time: int) -> None:
    """Send the answer back at `time`; nobody waits for that of a `send`."""
    call, address = exchange.call, exchange.address
    if exchange.detached:
        count_at_replica(exchange, -1)
        attempt_ends(log, exchange)
        let_go(exchange)
    elif happens(exchange.world, call.loss, address, call.loss_stream, 1) or (call.faults and is_cut(call, time)):
        let_go(exchange)
    else:
        exchange.network += exchange.back
        schedule_message(time + exchange.back, REPLY, exchange, Action.ANSWER)


@kernel
def await_answer(task: Task, exchange: Exchange) -> None:
    """Wait for the answer, or for the end of patience (rule 5.6)."""
    task.stage = Stage.ANSWERED
    exchange.awaited = task
    patience = patience_of(exchange.call, exchange.address)
    be_patient(exchange, min(exchange.start + patience, deadline_of(task)))


@kernel
def patience_of(call: Call, address: int) -> int:
    """How long the caller waits for the whole call, whose first try is at an address."""
    if not call.timeout_law:
        return call.timeout
    return draw_time(call.timeout_law, address, call.timeout_stream, 0)


@kernel
def be_patient(exchange: Exchange, end: int) -> None:
    """Wait no longer than until `end`, which the callee knows of if the call says so (rule 12.17)."""
    if end < NEVER:
        exchange.timer = schedule_message(end, TIMER, exchange, Action.EXPIRE)
    if exchange.call.propagates:
        exchange.deadline = end


@kernel
def answered(exchange: Exchange) -> Task:
    """The answer is back; gives the task that waited for it, nobody if it has given up. Nobody is busy with it now."""
    task = exchange.awaited
    exchange.awaited = NOBODY
    if exchange.timer:
        cancel(exchange.timer)
        exchange.timer = NOBODY
    if task:
        task.exchange = exchange
    let_go(exchange)
    return task


@kernel
def expired(exchange: Exchange) -> Task:
    """The caller's patience ends; gives the caller."""
    task = exchange.awaited
    task.exchange = exchange
    forsake(exchange)
    exchange.awaited = NOBODY
    exchange.timer = NOBODY
    fail_with(exchange, TIMEOUT)
    exchange.served = False
    return task


@kernel
def book_try(log: Words, task: Task, exchange: Exchange) -> None:
    """What became of a try, and where its time went, as its caller sees it."""
    components = target_of(exchange).components
    if exchange.outcome == TIMEOUT or exchange.reset:
        lost = task.world.now - exchange.start
        note(task.ledger, components + TIMEOUT_TIME, lost)
    elif exchange.network > 0:
        note(task.ledger, components + NETWORK_TIME, exchange.network)
    if exchange.served:
        move_ledger(exchange.ledger, task.ledger)
    end_attempt(log, exchange)


@kernel
def end_attempt(log: Words, exchange: Exchange) -> None:
    """What became of a try, as its target's balancer sees it, and who reads of it later."""
    replica = exchange.replica
    if replica and replica.unit.detector != 0:
        suspect(replica, exchange.outcome)
    attempt_ends(log, exchange)


@serves(EJECTIONS)
@subroutine
def readmit(unit: Unit) -> None:
    """Look whether a unit's balancer takes back whom it had ejected."""
    sweep(unit.integers, unit.floats, unit.detector, unit.board, unit.world.now)


@serves(EJECTIONS)
@subroutine
def suspect(replica: Replica, outcome: int) -> None:
    """Tell a unit's detector of an outcome: it may eject the replica."""
    unit, now = replica.unit, replica.world.now
    judge(unit.integers, unit.floats, unit.detector, unit.board, now, replica.number, outcome)


@kernel
def book_call(log: Words, task: Task, exchange: Exchange) -> None:
    """What became of a call with a single try."""
    book_try(log, task, exchange)
    call_ends(log, exchange, exchange.start)


# -- the callee's side


@kernel
def deliver(log: Words, exchange: Exchange) -> Task:
    """A message has arrived: a slot, a place in the queue, or a rejection (rule 5.8); gives who goes on.

    A replica that is not ready refuses it (rule 14.5).
    """
    world = exchange.world
    replica, service = exchange.replica, target_of(exchange)
    if not replica.ready:
        fail_with(exchange, UNREACHABLE)
        if not exchange.awaited:
            nothing_begins(log, exchange.request)
        answer(log, exchange, world.now)
        return NOBODY
    service.begun += 1
    if world.deadlines and world.now >= exchange.deadline:
        visit_rejected(service)
        if not exchange.awaited:
            nothing_begins(log, exchange.request)
        let_go(exchange)
        return NOBODY
    slots = replica.concurrency
    at_once = slots == UNLIMITED or replica.in_progress < slots
    places = replica.capacity
    if not at_once and places != UNLIMITED and replica.queued >= places:
        visit_rejected(service)
        if not exchange.awaited:
            nothing_begins(log, exchange.request)
        fail_with(exchange, REJECTED)
        answer(log, exchange, world.now)
        return NOBODY
    task = make_task(Role.HANDLER, exchange.request, exchange.address, exchange, replica)
    task.service = service
    if at_once:
        replica.in_progress += 1
        task.stage = Stage.RECEIVED
        return task
    change(service.waiting, world.now, 1)
    task.row = NOBODY  # it has not begun
    task.joined = world.now
    replica.queued += 1
    queue_for_slot(replica, task)
    return NOBODY


@STAGES.on(Stage.RESPONDED)
@kernel
def respond(log: Words, task: Task) -> None:
    """A handler has ended and packed its answer: the slot is freed, and the answer sent."""
    exchange, service, cause = task.visit, task.service, task.cause
    if not exchange.awaited:
        handler_ends(log, task.request)
    release_slot(task.replica)
    if is_dropped(task):
        visit_rejected(service)
        exchange.outcome = TIMEOUT  # as its caller finds at this instant, or has found
        let_go(exchange)
        end_task(task)
        return
    visit_ends(exchange, service, cause != OK)
    if exchange.awaited or exchange.detached:
        exchange.served = True
        exchange.outcome = exchange.grade if cause == OK else ERROR
        exchange.cause = cause
        exchange.cause_service = task.cause_service
        move_ledger(task.ledger, exchange.ledger)
    answer(log, exchange, task.world.now)
    end_task(task)


# -- inside a process


@subroutine
def call_inside(log: Words, task: Task, call: Call, role: int) -> Task:
    """A call of a service in the same process: a function call (rule 10.1); gives the task that runs it."""
    endpoint = call.endpoint
    service = endpoint.service
    service.begun += 1
    address = child(task.address, call.site, 0)
    exchange = make_exchange(log, task, call, address, role == Role.ALONE)
    if role == Role.ALONE:
        task.request.open += 1
    replica_chosen(log, exchange, task.replica)
    inner = make_task(role, task.request, address, exchange, task.replica)
    inner.service = service
    inner.row = endpoint.start
    if role == Role.INSIDE:
        inner.parent = task
        move_ledger(task.ledger, inner.ledger)
    return inner


@kernel
def degrade(task: Task, exchange: Exchange) -> None:
    """A visit to which a call was answered `degraded` is so itself (rule 12.15)."""
    if exchange.outcome == DEGRADED:
        task.visit.grade = DEGRADED


@subroutine
def return_inside(log: Words, inner: Task) -> Task:
    """A call inside a process has ended; gives its caller, if somebody waits for it."""
    exchange, cause = inner.visit, inner.cause
    if is_dropped(inner):
        visit_rejected(inner.service)
    else:
        visit_ends(exchange, inner.service, cause != OK)
    exchange.outcome = exchange.grade if cause == OK else ERROR
    attempt_ends(log, exchange)
    caller = inner.parent
    if caller:
        caller.cause = cause
        caller.cause_service = inner.cause_service
        move_ledger(inner.ledger, caller.ledger)
        degrade(caller, exchange)
        call_ends(log, exchange, exchange.start)
    else:
        handler_ends(log, inner.request)
    let_go(exchange)
    end_task(inner)
    return caller
