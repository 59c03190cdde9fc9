"""A call between two processes, on the network and at both ends (rules 5.1 to 5.10); and one inside a process."""

from __future__ import annotations

from ...plan.layout import UNLIMITED, Component, Dist, Outcome
from ...plan.trace import LOST
from ...rules.balancing import choose, count_unanswered
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.limits import acquire
from ...rules.nanoseconds import NEVER, nanoseconds
from ...rules.outliers import judge, sweep
from ...rules.randomness import child, uniform
from ...rules.variates import sample, sample_points
from .calendar import (
    DELIVERY,
    REPLY,
    TIMER,
    WORKLOAD_SHIFT,
    cancel,
    schedule,
)
from .flight import Action, Exchange, Request, Role, Stage, Task
from .hazards import delayed, is_aborted, is_cut
from .layout import Call, Endpoint, Law, Replica, Service, Unit, World
from .memory import come, end_task, let_go, move_ledger, note, take
from .patience import deadline_of, forsake, inherit, is_dropped
from .record import attempt_begins, attempt_ends, call_ends, replica_chosen, send_ends, visit_ends, visit_rejected
from .slots import queue_for_slot, release_slot
from .stations import change

CONSTANT = int(Dist.CONSTANT)
QUANTILES = int(Dist.QUANTILES)
OK, DEGRADED, ERROR, REJECTED = int(Outcome.OK), int(Outcome.DEGRADED), int(Outcome.ERROR), int(Outcome.REJECTED)
UNREACHABLE, TIMEOUT, UNFINISHED = int(Outcome.UNREACHABLE), int(Outcome.TIMEOUT), int(Outcome.UNFINISHED)
NETWORK_TIME, WAITING_TIME, TIMEOUT_TIME = int(Component.NETWORK), int(Component.WAITING), int(Component.TIMEOUT)


@subroutine
def draw(m: Words, f: Floats, law: int, address: int, stream: int, k: int) -> float:
    """A time from a law, in seconds."""
    kind = m[law + Law.KIND]
    if kind == CONSTANT:
        return f[law + Law.P0]
    if kind >= QUANTILES:
        u = uniform(m[World.KEY], address, stream, k)
        between = kind == QUANTILES
        return sample_points(f, m[law + Law.PROBABILITIES], m[law + Law.VALUES], m[law + Law.POINTS], between, u)
    return sample(kind, f[law + Law.P0], f[law + Law.P1], f[law + Law.P2], m[World.KEY], address, stream, k)


@kernel
def draw_time(m: Words, f: Floats, law: int, address: int, stream: int, k: int) -> int:
    """A time from a law that is known as it is drawn."""
    return nanoseconds(draw(m, f, law, address, stream, k))


@kernel
def happens(m: Words, rate: float, address: int, stream: int, k: int) -> bool:
    """Whether something that has this chance happens."""
    return rate > 0.0 and uniform(m[World.KEY], address, stream, k) < rate


@kernel
def make_task(m: Words, role: int, request: int, address: int, visit: int, replica: int) -> int:
    """A thread of control that has nothing yet; at the edge it is in no replica (0)."""
    task = take(m, World.FREE_TASK, Task.SIZE)
    m[task + Task.ROLE] = role
    m[task + Task.STAGE] = Stage.STEPS
    m[task + Task.REQUEST] = request
    m[task + Task.ADDRESS] = address
    m[task + Task.VISIT] = visit
    m[task + Task.PARENT] = 0
    m[task + Task.REPETITION] = 0
    m[task + Task.FIRST] = 0
    m[task + Task.CAUSE] = OK
    m[task + Task.CAUSE_SERVICE] = -1
    come(m, task, replica)
    return task


@kernel
def make_exchange(m: Words, log: Words, task: int, call: int, address: int, detached: int) -> int:
    """A try at a call, made by a task now."""
    exchange = take(m, World.FREE_EXCHANGE, Exchange.SIZE)
    request = m[task + Task.REQUEST]
    m[exchange + Exchange.REQUEST] = request
    m[request + Request.REFERENCES] += 1
    m[exchange + Exchange.CALL] = call
    m[exchange + Exchange.ADDRESS] = address
    m[exchange + Exchange.START] = m[World.NOW]
    m[exchange + Exchange.DETACHED] = detached
    m[exchange + Exchange.SPAN] = m[request + Request.SPANS]
    m[request + Request.SPANS] += 1
    m[exchange + Exchange.REPLICA] = 0
    m[exchange + Exchange.OUTCOME] = UNFINISHED
    m[exchange + Exchange.CAUSE] = OK
    m[exchange + Exchange.CAUSE_SERVICE] = -1
    m[exchange + Exchange.SERVED] = 0
    m[exchange + Exchange.NETWORK] = 0
    m[exchange + Exchange.AWAITED] = 0
    m[exchange + Exchange.TIMER] = 0
    m[exchange + Exchange.REFERENCES] = 1
    m[exchange + Exchange.VISIT_WAITING] = 0
    m[exchange + Exchange.VISIT_SERVICE] = 0
    m[exchange + Exchange.FIRST] = 0
    m[exchange + Exchange.GRADE] = OK
    m[exchange + Exchange.RESET] = 0
    visit = m[task + Task.VISIT]
    if m[World.PATIENT] == 1:
        inherit(m, exchange, visit if detached == 0 else 0)
    attempt_begins(m, log, exchange, m[visit + Exchange.SPAN] if visit != 0 else -1)
    return exchange


@kernel
def target_of(m: Words, exchange: int) -> int:
    """The service that is called."""
    return m[m[m[exchange + Exchange.CALL] + Call.ENDPOINT] + Endpoint.SERVICE]


@kernel
def fail_with(m: Words, exchange: int, outcome: int) -> None:
    """End in a failure that is the called service's own."""
    m[exchange + Exchange.OUTCOME] = outcome
    m[exchange + Exchange.CAUSE] = outcome
    m[exchange + Exchange.CAUSE_SERVICE] = m[target_of(m, exchange) + Service.ROW]


@kernel
def count_at_replica(m: Words, exchange: int, by: int) -> None:
    """One more call is sent to a replica, or one less is unanswered (rule 5.7)."""
    replica = m[exchange + Exchange.REPLICA]
    count_unanswered(m, m[m[replica + Replica.UNIT] + Unit.BOARD], m[replica + Replica.NUMBER], by)


@kernel
def schedule_message(m: Words, time: int, kind: int, exchange: int, action: int) -> int:
    """An event of an exchange."""
    request = m[exchange + Exchange.REQUEST]
    head = kind | m[request + Request.WORKLOAD] << WORKLOAD_SHIFT
    return schedule(m, time, head, m[request + Request.NUMBER], m[exchange + Exchange.ADDRESS], action, exchange)


# -- the caller's side


@kernel
def send(m: Words, f: Floats, log: Words, task: int, call: int, address: int, detached: int) -> int:
    """A try at a call, and its message on the network."""
    exchange = make_exchange(m, log, task, call, address, detached)
    post(m, f, log, task, exchange)
    return exchange


@kernel
def post(m: Words, f: Floats, log: Words, task: int, exchange: int) -> None:
    """Choose a replica and put the message on the network, where it may be lost or come to an error.

    The exchange has a reference for the caller; one more if somebody is busy with the message.
    """
    call, address = m[exchange + Exchange.CALL], m[exchange + Exchange.ADDRESS]
    service = target_of(m, exchange)
    unit, limiter, now = m[service + Service.UNIT], m[service + Service.LIMITER], m[World.NOW]
    if m[exchange + Exchange.DETACHED] == 1 and limiter != 0 and acquire(m, limiter, now, 0) != now:
        fail_with(m, exchange, REJECTED)
        return
    if m[unit + Unit.DETECTOR] != 0:
        sweep(m, f, m[unit + Unit.DETECTOR], m[unit + Unit.BOARD], now)
    number = choose(
        m[unit + Unit.BALANCER],
        m[unit + Unit.CHOICES],
        m,
        m[unit + Unit.BOARD],
        m[m[task + Task.REQUEST] + Request.HASH_KEY],
        m[World.KEY],
        address,
        m[service + Service.BALANCE_STREAM],
    )
    if number < 0:
        fail_with(m, exchange, UNREACHABLE)
        return
    replica = m[unit + Unit.REPLICAS] + number * Replica.SIZE
    m[exchange + Exchange.REPLICA] = replica
    count_at_replica(m, exchange, 1)
    m[replica + Replica.CHOSEN] += 1
    replica_chosen(m, log, exchange, replica)
    faults = m[call + Call.FAULTS] != 0
    if happens(m, f[call + Call.LOSS], address, m[call + Call.LOSS_STREAM], 0) or (
        faults and is_cut(m, call, m[World.NOW])
    ):
        send_ends(m, exchange, LOST)
        return
    m[exchange + Exchange.REFERENCES] += 1
    latency = draw_time(m, f, m[call + Call.LATENCY], address, m[call + Call.LATENCY_STREAM], 0)
    if faults:
        latency = delayed(m, f, exchange, latency)
    m[exchange + Exchange.NETWORK] = latency
    arrival = m[World.NOW] + latency
    error = happens(m, f[call + Call.ERROR_RATE], address, m[call + Call.ERROR_STREAM], 0)
    if error or (faults and is_aborted(m, f, exchange)):
        fail_with(m, exchange, ERROR)
        if m[exchange + Exchange.DETACHED] == 1:
            schedule_message(m, arrival, DELIVERY, exchange, Action.BREAK)
        else:
            answer(m, f, log, exchange, arrival)
    else:
        schedule_message(m, arrival, DELIVERY, exchange, Action.DELIVER)


@kernel
def answer(m: Words, f: Floats, log: Words, exchange: int, time: int) -> None:
    """Send the answer back at `time`; nobody waits for that of a `send`."""
    call, address = m[exchange + Exchange.CALL], m[exchange + Exchange.ADDRESS]
    if m[exchange + Exchange.DETACHED] == 1:
        count_at_replica(m, exchange, -1)
        attempt_ends(m, log, exchange)
        let_go(m, exchange)
    elif happens(m, f[call + Call.LOSS], address, m[call + Call.LOSS_STREAM], 1) or (
        m[call + Call.FAULTS] != 0 and is_cut(m, call, time)
    ):
        let_go(m, exchange)
    else:
        latency = draw_time(m, f, m[call + Call.LATENCY], address, m[call + Call.LATENCY_STREAM], 1)
        m[exchange + Exchange.NETWORK] += latency
        schedule_message(m, time + latency, REPLY, exchange, Action.ANSWER)


@kernel
def await_answer(m: Words, f: Floats, task: int, exchange: int) -> None:
    """Wait for the answer, or for the end of patience (rule 5.6)."""
    m[task + Task.STAGE] = Stage.ANSWERED
    m[exchange + Exchange.AWAITED] = task
    patience = patience_of(m, f, m[exchange + Exchange.CALL], m[exchange + Exchange.ADDRESS])
    be_patient(m, exchange, min(m[exchange + Exchange.START] + patience, deadline_of(m, task)))


@kernel
def patience_of(m: Words, f: Floats, call: int, address: int) -> int:
    """How long the caller waits for the whole call, whose first try is at an address."""
    if m[call + Call.LAW] == 0:
        return m[call + Call.TIMEOUT]
    return draw_time(m, f, m[call + Call.LAW], address, m[call + Call.TIMEOUT_STREAM], 0)


@kernel
def be_patient(m: Words, exchange: int, end: int) -> None:
    """Wait no longer than until `end`, which the callee knows of if the call says so (rule 12.17)."""
    if end < NEVER:
        m[exchange + Exchange.TIMER] = schedule_message(m, end, TIMER, exchange, Action.EXPIRE)
    if m[m[exchange + Exchange.CALL] + Call.PROPAGATES] == 1:
        m[exchange + Exchange.DEADLINE] = end


@kernel
def answered(m: Words, exchange: int) -> int:
    """The answer is back; gives the task that waited for it, 0 if it has given up. Nobody is busy with it now."""
    task = m[exchange + Exchange.AWAITED]
    m[exchange + Exchange.AWAITED] = 0
    if m[exchange + Exchange.TIMER] != 0:
        cancel(m, m[exchange + Exchange.TIMER])
        m[exchange + Exchange.TIMER] = 0
    if task != 0:
        m[task + Task.EXCHANGE] = exchange
    let_go(m, exchange)
    return task


@kernel
def expired(m: Words, exchange: int) -> int:
    """The caller's patience ends; gives the caller."""
    task = m[exchange + Exchange.AWAITED]
    m[task + Task.EXCHANGE] = exchange
    forsake(m, exchange)
    m[exchange + Exchange.AWAITED] = 0
    m[exchange + Exchange.TIMER] = 0
    fail_with(m, exchange, TIMEOUT)
    m[exchange + Exchange.SERVED] = 0
    return task


@kernel
def book_try(m: Words, f: Floats, log: Words, task: int, exchange: int) -> None:
    """What became of a try, and where its time went, as its caller sees it."""
    components = m[target_of(m, exchange) + Service.COMPONENTS]
    if m[exchange + Exchange.OUTCOME] == TIMEOUT or m[exchange + Exchange.RESET] == 1:
        lost = m[World.NOW] - m[exchange + Exchange.START]
        note(m, task, Task.FIRST, components + TIMEOUT_TIME, lost)
    elif m[exchange + Exchange.NETWORK] > 0:
        note(m, task, Task.FIRST, components + NETWORK_TIME, m[exchange + Exchange.NETWORK])
    if m[exchange + Exchange.SERVED] == 1:
        move_ledger(m, exchange, Exchange.FIRST, task, Task.FIRST)
    end_attempt(m, f, log, exchange)


@kernel
def end_attempt(m: Words, f: Floats, log: Words, exchange: int) -> None:
    """What became of a try, as its target's balancer sees it, and who reads of it later."""
    replica = m[exchange + Exchange.REPLICA]
    if replica != 0:
        unit = m[replica + Replica.UNIT]
        if m[unit + Unit.DETECTOR] != 0:
            judge(m, f, m[unit + Unit.DETECTOR], m[unit + Unit.BOARD], m[World.NOW], m[replica + Replica.NUMBER],
                  m[exchange + Exchange.OUTCOME])  # fmt: skip
    attempt_ends(m, log, exchange)


@kernel
def book_call(m: Words, f: Floats, log: Words, task: int, exchange: int) -> None:
    """What became of a call with a single try."""
    book_try(m, f, log, task, exchange)
    call_ends(m, f, log, exchange, m[exchange + Exchange.START])


# -- the callee's side


@kernel
def deliver(m: Words, f: Floats, log: Words, exchange: int) -> int:
    """A message has arrived: a slot, a place in the queue, or a rejection (rule 5.8); gives who goes on.

    A replica that is not ready refuses it (rule 14.5).
    """
    replica, service = m[exchange + Exchange.REPLICA], target_of(m, exchange)
    if m[replica + Replica.READY] == 0:
        fail_with(m, exchange, UNREACHABLE)
        answer(m, f, log, exchange, m[World.NOW])
        return 0
    m[service + Service.BEGUN] += 1
    if m[World.DEADLINES] == 1 and m[World.NOW] >= m[exchange + Exchange.DEADLINE]:
        visit_rejected(m, service)
        let_go(m, exchange)
        return 0
    slots = m[replica + Replica.CONCURRENCY]
    at_once = slots == UNLIMITED or m[replica + Replica.IN_PROGRESS] < slots
    places = m[replica + Replica.CAPACITY]
    if not at_once and places != UNLIMITED and m[replica + Replica.QUEUED] >= places:
        visit_rejected(m, service)
        fail_with(m, exchange, REJECTED)
        answer(m, f, log, exchange, m[World.NOW])
        return 0
    request, address = m[exchange + Exchange.REQUEST], m[exchange + Exchange.ADDRESS]
    task = make_task(m, Role.HANDLER, request, address, exchange, replica)
    m[task + Task.SERVICE] = service
    if at_once:
        m[replica + Replica.IN_PROGRESS] += 1
        m[task + Task.STAGE] = Stage.RECEIVED
        return task
    change(m, f, service + Service.WAITING, m[World.NOW], 1)
    m[task + Task.JOINED] = m[World.NOW]
    m[replica + Replica.QUEUED] += 1
    queue_for_slot(m, replica, task)
    return 0


@kernel
def respond(m: Words, f: Floats, log: Words, task: int) -> None:
    """A handler has ended and packed its answer: the slot is freed, and the answer sent."""
    exchange, service = m[task + Task.VISIT], m[task + Task.SERVICE]
    cause = m[task + Task.CAUSE]
    release_slot(m, f, m[task + Task.REPLICA])
    if is_dropped(m, task):
        visit_rejected(m, service)
        let_go(m, exchange)
        end_task(m, task)
        return
    visit_ends(m, f, exchange, service, cause != OK)
    if m[exchange + Exchange.AWAITED] != 0 or m[exchange + Exchange.DETACHED] == 1:
        m[exchange + Exchange.SERVED] = 1
        m[exchange + Exchange.OUTCOME] = m[exchange + Exchange.GRADE] if cause == OK else ERROR
        m[exchange + Exchange.CAUSE] = cause
        m[exchange + Exchange.CAUSE_SERVICE] = m[task + Task.CAUSE_SERVICE]
        move_ledger(m, task, Task.FIRST, exchange, Exchange.FIRST)
    answer(m, f, log, exchange, m[World.NOW])
    end_task(m, task)


# -- inside a process


@subroutine
def call_inside(m: Words, log: Words, task: int, call: int, role: int) -> int:
    """A call of a service in the same process: a function call (rule 10.1); gives the task that runs it."""
    endpoint = m[call + Call.ENDPOINT]
    service = m[endpoint + Endpoint.SERVICE]
    m[service + Service.BEGUN] += 1
    address = child(m[task + Task.ADDRESS], m[call + Call.SITE], 0)
    exchange = make_exchange(m, log, task, call, address, 1 if role == Role.ALONE else 0)
    replica_chosen(m, log, exchange, m[task + Task.REPLICA])
    inner = make_task(m, role, m[task + Task.REQUEST], address, exchange, m[task + Task.REPLICA])
    m[inner + Task.SERVICE] = service
    m[inner + Task.ROW] = m[endpoint + Endpoint.START]
    if role == Role.INSIDE:
        m[inner + Task.PARENT] = task
        move_ledger(m, task, Task.FIRST, inner, Task.FIRST)
    return inner


@kernel
def degrade(m: Words, task: int, exchange: int) -> None:
    """A visit to which a call was answered `degraded` is so itself (rule 12.15)."""
    if m[exchange + Exchange.OUTCOME] == DEGRADED:
        m[m[task + Task.VISIT] + Exchange.GRADE] = DEGRADED


@subroutine
def return_inside(m: Words, f: Floats, log: Words, inner: int) -> int:
    """A call inside a process has ended; gives its caller, 0 if nobody waits for it."""
    exchange, cause = m[inner + Task.VISIT], m[inner + Task.CAUSE]
    if is_dropped(m, inner):
        visit_rejected(m, m[inner + Task.SERVICE])
    else:
        visit_ends(m, f, exchange, m[inner + Task.SERVICE], cause != OK)
    m[exchange + Exchange.OUTCOME] = m[exchange + Exchange.GRADE] if cause == OK else ERROR
    attempt_ends(m, log, exchange)
    caller = m[inner + Task.PARENT]
    if caller != 0:
        m[caller + Task.CAUSE] = cause
        m[caller + Task.CAUSE_SERVICE] = m[inner + Task.CAUSE_SERVICE]
        move_ledger(m, inner, Task.FIRST, caller, Task.FIRST)
        degrade(m, caller, exchange)
        call_ends(m, f, log, exchange, m[exchange + Exchange.START])
    let_go(m, exchange)
    end_task(m, inner)
    return caller
