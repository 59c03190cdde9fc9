"""What a task does when it goes on: the stages of a call, the instructions of a handler.

Each function does a bounded amount of work and gives the task that goes on right after it, or 0: whoever is first on
the agenda, and then the next event.
"""

from __future__ import annotations

from ...machine_code.jit import Words, kernel, subroutine
from ...machine_code.records import NOBODY, take
from ...plan.layout import FIRST_REASON, Op, Outcome
from ...plan.order import PACK, RECEIVE, RESPOND, UNPACK
from ...rules.nanoseconds import nanoseconds
from ...rules.randomness import child, uniform
from .arrivals import ask_again
from .attempts import begin_guarded_call, begin_try, end_backoff
from .branches import end_branch, put_on_agenda
from .calendar import COMPLETION, schedule_for
from .calls import (
    await_answer,
    book_call,
    call_inside,
    count_at_replica,
    degrade,
    draw,
    fail_with,
    happens,
    make_exchange,
    respond,
    return_inside,
    send,
)
from .deadlines import drop, is_late
from .dispatch import OPS, STAGES
from .faults import slowed
from .flight import Action, Exchange, Repetition, Role, Stage, Task
from .hedges import end_try
from .layout import Instruction
from .memory import drop_repetition, end_task, let_go, let_go_of_request
from .recorder import attempt_ends, request_ends
from .settling import begin_settling
from .stations import work

END, CPU, CALL, SEND, FALLBACK = int(Op.END), int(Op.CPU), int(Op.CALL), int(Op.SEND), int(Op.FALLBACK)
OK, DEGRADED, ERROR, TIMEOUT = int(Outcome.OK), int(Outcome.DEGRADED), int(Outcome.ERROR), int(Outcome.TIMEOUT)


# -- instructions


@OPS.on(Op.CPU)
@kernel
def compute(task: Task, row: Instruction) -> None:
    """Take a core."""
    task.row = row.following
    seconds = draw(row.law, task.address, row.stream, 0)
    work(task, seconds, row.local, Stage.STEPS)


@OPS.on(Op.SLEEP)
@kernel
def sleep(task: Task, row: Instruction) -> None:
    """Let time pass without a core."""
    task.row = row.following
    now = task.world.now
    seconds = draw(row.law, task.address, row.stream, 0)
    if task.service.slow:
        seconds = slowed(task, seconds)
    task.work = nanoseconds(seconds)
    task.waited = 0
    task.started = now
    task.local = row.local
    schedule_for(now + task.work, COMPLETION, task, row.local, Action.SLEPT)


@OPS.on(Op.MAYBE)
@kernel
def maybe(task: Task, row: Instruction) -> Task:
    """Go on with the steps of a `probability`, or with what follows them."""
    task.row = row.following
    u = uniform(task.world.key, task.address, row.stream, 0)
    if not u < row.chance:
        task.row = row.to
    return task


@OPS.on(Op.CHOOSE)
@kernel
def choose(task: Task, row: Instruction) -> Task:
    """Go on with one of the options."""
    task.row = chosen(task, row)
    return task


@OPS.on(Op.JUMP, Op.FALLBACK)
@kernel
def jump(task: Task, row: Instruction) -> Task:
    """Go on elsewhere: behind other options, or behind a fallback that nobody needs."""
    task.row = row.to
    return task


@kernel
def chosen(task: Task, row: Instruction) -> Instruction:
    """The first row of the option that is drawn."""
    u = uniform(task.world.key, task.address, row.choice_stream, 0)
    number = 0
    while number < row.count - 1 and not u < row.options[number].weight:
        number += 1
    return row.options[number].start


@OPS.on(Op.REPEAT)
@kernel
def repeat(task: Task, row: Instruction) -> Task:
    """Begin with the first of several repetitions."""
    task.row = row.following
    if row.count <= 0:
        task.row = row.to
        return task
    repetition = take(task.world, Repetition)
    repetition.outer = task.repetition
    repetition.address = task.address
    task.repetition = repetition
    task.address = child(task.address, row.site, 0)
    return task


@OPS.on(Op.AGAIN)
@kernel
def again(task: Task, row: Instruction) -> Task:
    """One repetition has ended: the next one, or what follows."""
    task.row = row.following
    repetition, first = task.repetition, row.to
    repetition.done += 1
    done, outer = repetition.done, repetition.address
    if done < first.count:
        task.address = child(outer, first.site, done)
        task.row = first.following
    else:
        task.address = outer
        drop_repetition(task)
    return task


# -- calls


@OPS.on(Op.CALL, Op.SEND)
@kernel
def begin_call(log: Words, op: int, task: Task, row: Instruction) -> Task:
    """A CALL or a SEND: pack the message, or go inside; the task's row stays until the message is on its way."""
    call = row.call
    if not call.remote:
        task.row = row.following
        if op == CALL:
            task.stage = Stage.JOINED
            return call_inside(log, task, call, Role.INSIDE)
        put_on_agenda(task)
        return call_inside(log, task, call, Role.ALONE)
    address = child(task.address, call.site, 0)
    task.call = call
    task.call_address = address
    task.stage = Stage.SEND if op == CALL else Stage.SEND_ALONE
    law = call.serialization
    if not law:
        return task
    seconds = draw(law, address, call.serialization_stream, 0)
    work(task, seconds, row.local + PACK, task.stage)
    return NOBODY


@STAGES.on(Stage.SEND)
@kernel
def send_call(log: Words, task: Task) -> Task:
    """The message is packed: send it, and wait."""
    if is_late(task):
        return miss_call(log, task)
    if task.call.policy:
        begin_guarded_call(task)
        return begin_try(log, task)
    exchange = send(log, task, task.call, task.call_address, False)
    task.exchange = exchange
    if not exchange.replica:
        book_call(log, task, exchange)
        return end_call(log, task)
    await_answer(task, exchange)
    return NOBODY


@subroutine
def miss_call(log: Words, task: Task) -> Task:
    """The deadline has passed while the message was packed: the call is not made (rule 12.20)."""
    exchange = make_exchange(log, task, task.call, task.call_address, False)
    task.exchange = exchange
    fail_with(exchange, TIMEOUT)
    book_call(log, task, exchange)
    return end_call(log, task)


@STAGES.on(Stage.SEND_ALONE)
@kernel
def send_alone(log: Words, task: Task) -> Task:
    """The message of a `send` is packed: nobody waits for what becomes of it (rule 4.7)."""
    if is_late(task):
        drop(task)
        return task
    exchange = send(log, task, task.call, task.call_address, True)
    if not exchange.replica:
        attempt_ends(log, exchange)
    let_go(exchange)
    task.stage = Stage.STEPS
    task.row = task.row.following
    return task


@STAGES.on(Stage.ANSWERED)
@kernel
def hear(log: Words, task: Task) -> Task:
    """The answer has come, or patience has ended."""
    exchange = task.exchange
    count_at_replica(exchange, -1)
    if task.call.policy:
        return judge(log, task)
    book_call(log, task, exchange)
    return unpack_answer(log, task, exchange)


@STAGES.on(Stage.TRIED)
@subroutine
def judge(log: Words, task: Task) -> Task:
    """A try under a policy has ended: the next one is to come, or the call is over."""
    if end_try(log, task):
        return unpack_answer(log, task, task.exchange)
    return NOBODY


@STAGES.on(Stage.BACKED_OFF)
@subroutine
def try_again(log: Words, task: Task) -> Task:
    """A wait between two tries has ended."""
    if end_backoff(log, task):
        return end_call(log, task)
    return begin_try(log, task)


@kernel
def unpack_answer(log: Words, task: Task, exchange: Exchange) -> Task:
    """Unpack what there is to unpack of the last answer."""
    call = task.call
    law = call.serialization
    if not exchange.served or not law:
        return end_call(log, task)
    if is_late(task):
        task.stage = Stage.UNPACKED
        drop(task)
        return task
    seconds = draw(law, exchange.address, call.serialization_stream, 3)
    local = task.row.local + UNPACK
    work(task, seconds, local, Stage.UNPACKED)
    return NOBODY


@STAGES.on(Stage.UNPACKED)
@kernel
def end_call(log: Words, task: Task) -> Task:
    """A call is over: its fallback follows, or a failed step ends the handler; at the edge the request ends."""
    exchange = task.exchange
    if task.role == Role.EDGE:
        end_request(log, task, exchange)
        return NOBODY
    task.cause = exchange.cause
    task.cause_service = exchange.cause_service
    task.row = task.row.following
    if exchange.cause == OK:
        degrade(task, exchange)
    elif task.row.op == FALLBACK:
        task.cause = OK
        task.cause_service = -1
        task.visit.grade = DEGRADED
        task.row = task.row.following
    let_go(exchange)
    return go_on_after(log, task)


@STAGES.on(Stage.JOINED)
@kernel
def go_on_after(log: Words, task: Task) -> Task:
    """After a call or the branches: the next step, unless this one has failed."""
    if task.cause != OK:
        return end_steps(log, task)
    task.stage = Stage.STEPS
    return task


@kernel
def end_request(log: Words, task: Task, exchange: Exchange) -> None:
    """The call at the edge is over, and the request with it; a closed user thinks, and asks again."""
    request = task.request
    request_ends(log, request, exchange, task.ledger)
    if request.world.lingers:
        begin_settling(log, request, exchange.outcome)
    user = request.user
    let_go(exchange)
    end_task(task)
    let_go_of_request(request)
    if user:
        ask_again(user)


@OPS.on(Op.FAIL)
@kernel
def fail(log: Words, task: Task, row: Instruction) -> Task:
    """The handler fails, and says why (rule 4.9)."""
    task.cause = FIRST_REASON + row.reason
    task.cause_service = task.service.row
    return end_steps(log, task)


# -- handlers


@STAGES.on(Stage.DROPPED)
@OPS.on(Op.END)
@kernel
def end_steps(log: Words, task: Task) -> Task:
    """All steps have succeeded, or one has failed."""
    while task.repetition:
        drop_repetition(task)
    role = task.role
    if role == Role.BRANCH:
        return end_branch(task)
    exchange = task.visit
    task.address = exchange.address
    draw_error(task, exchange)
    if role == Role.HANDLER:
        return pack_answer(log, task, exchange)
    return return_inside(log, task)


@kernel
def draw_error(task: Task, exchange: Exchange) -> None:
    """A handler's own chance to fail, after all its steps succeeded (rule 4.5)."""
    endpoint = exchange.call.endpoint
    rate, stream = endpoint.error_rate, endpoint.error_stream
    if task.cause == OK and happens(task.world, rate, task.address, stream, 0):
        task.cause = ERROR
        task.cause_service = endpoint.service.row


@kernel
def pack_answer(log: Words, task: Task, exchange: Exchange) -> Task:
    """Pack the answer if somebody waits for it, and respond."""
    call = exchange.call
    law = call.serialization
    if not law or exchange.detached or is_late(task):
        if law and is_late(task):
            drop(task)
        respond(log, task)
        return NOBODY
    seconds = draw(law, task.address, call.serialization_stream, 2)
    work(task, seconds, RESPOND, Stage.RESPONDED)
    return NOBODY


@OPS.dispatch
def carry_out(log: Words, op: int, task: Task, row: Instruction) -> Task:  # type: ignore[empty-body]
    """Carry out one instruction; gives who goes on right after it."""


@STAGES.on(Stage.STEPS)
@kernel
def step(log: Words, task: Task) -> Task:
    """The next instruction (rules 4.1 to 4.8)."""
    row = task.row
    if END < row.op <= SEND and is_late(task):
        drop(task)
        return task
    return carry_out(log, row.op, task, row)


@STAGES.on(Stage.BEGIN)
@kernel
def begin(log: Words, task: Task) -> Task:
    """The first step of a handler: mostly work, whose time was drawn with the message."""
    row = task.row
    task.stage = Stage.STEPS
    if row.op != CPU or is_late(task):
        return task
    task.row = row.following
    work(task, task.visit.first_work, row.local, Stage.STEPS)
    return NOBODY


@STAGES.on(Stage.RECEIVED)
@kernel
def unpack_message(log: Words, task: Task) -> Task:
    """A slot is there: unpack the message, and begin with the steps."""
    if is_late(task):
        drop(task)
        return task
    exchange = task.visit
    call = exchange.call
    task.row = call.endpoint.start
    law = call.serialization
    if not law:
        return begin(log, task)
    seconds = draw(law, task.address, call.serialization_stream, 1)
    work(task, seconds, RECEIVE, Stage.BEGIN)
    return NOBODY
