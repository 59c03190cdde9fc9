"""What a task does when it goes on: the stages of a call, the instructions of a handler.

Each function does a bounded amount of work and gives the task that goes on right after it, or 0: whoever is first on
the agenda, and then the next event.
"""

from __future__ import annotations

from ...plan.layout import Op, Outcome
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.nanoseconds import nanoseconds
from ...rules.randomness import child, uniform
from .arrivals import ask_again
from .branches import begin_parallel, end_branch, put_on_agenda, start_branch
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
from .efforts import begin_effort, begin_try, end_backoff, end_permit, end_wait
from .faults import reap, thaw
from .flight import Action, Exchange, Repetition, Request, Role, Stage, Task
from .hazards import slowed
from .hedges import end_try
from .layout import Call, Endpoint, Instruction, Option, Service, World
from .memory import drop_repetition, end_task, let_go, let_go_of_request, take
from .patience import drop, is_late
from .record import attempt_ends, request_ends
from .stations import work

END, CPU, SLEEP, CALL, SEND = int(Op.END), int(Op.CPU), int(Op.SLEEP), int(Op.CALL), int(Op.SEND)
PARALLEL, CHOOSE, MAYBE = int(Op.PARALLEL), int(Op.CHOOSE), int(Op.MAYBE)
REPEAT, AGAIN, FALLBACK = int(Op.REPEAT), int(Op.AGAIN), int(Op.FALLBACK)
OK, DEGRADED, ERROR, TIMEOUT = int(Outcome.OK), int(Outcome.DEGRADED), int(Outcome.ERROR), int(Outcome.TIMEOUT)

# Local indices of a visit's events (rule 3.3), as in the reference engine.
PACK, UNPACK = 1, 2
RECEIVE, RESPOND = 2**32 - 2, 2**32 - 1


@kernel
def go_on(m: Words, f: Floats, log: Words, task: int) -> int:
    """Let a task go on at its stage."""
    stage = m[task + Task.STAGE]
    if stage == Stage.STEPS:
        return step(m, f, log, task)
    if stage == Stage.ANSWERED:
        return hear(m, f, log, task)
    if stage == Stage.RECEIVED:
        return unpack_message(m, f, task)
    if stage == Stage.SEND:
        return send_call(m, f, log, task)
    if stage == Stage.UNPACKED:
        return end_call(m, f, log, task)
    if stage == Stage.RESPONDED:
        respond(m, f, log, task)
        return 0
    if stage == Stage.BRANCHES:
        return start_branch(m, task)
    if stage == Stage.SEND_ALONE:
        return send_alone(m, f, log, task)
    return go_on_seldom(m, f, log, task, stage)


@kernel
def go_on_seldom(m: Words, f: Floats, log: Words, task: int, stage: int) -> int:
    """Stages of calls under policies, of what is dropped, and of what goes wrong."""
    if stage == Stage.BACKED_OFF:
        return try_again(m, f, log, task)
    if stage == Stage.TRIED:
        return judge(m, f, log, task)
    if stage == Stage.PLACED:
        return end_wait(m, f, log, task)
    if stage == Stage.PERMITTED:
        return end_permit(m, f, log, task)
    if stage == Stage.DROPPED:
        return end_steps(m, f, log, task)
    if stage == Stage.REAP:
        return reap(m, f, log, task)
    if stage == Stage.THAW:
        return thaw(m, f, task)
    return go_on_after(m, f, log, task)


# -- instructions


@kernel
def step(m: Words, f: Floats, log: Words, task: int) -> int:
    """Carry out one instruction (rules 4.1 to 4.8)."""
    row = m[task + Task.ROW]
    op = m[row + Instruction.OP]
    if END < op <= SEND and is_late(m, task):
        drop(m, task)
        return task
    if op in (CALL, SEND):
        return begin_call(m, f, log, task, row, op)
    m[task + Task.ROW] = row + Instruction.SIZE
    if op == CPU:
        a, b = m[row + Instruction.A], m[row + Instruction.B]
        seconds = draw(m, f, a, m[task + Task.ADDRESS], b, 0)
        work(m, f, task, seconds, m[row + Instruction.LOCAL], Stage.STEPS)
        return 0
    if op == END:
        return end_steps(m, f, log, task)
    if op == SLEEP:
        sleep(m, f, task, row)
        return 0
    if op == PARALLEL:
        begin_parallel(m, task, row)
    elif op == MAYBE:
        u = uniform(m[World.KEY], m[task + Task.ADDRESS], m[row + Instruction.B], 0)
        if not u < f[row + Instruction.X]:
            m[task + Task.ROW] = m[row + Instruction.C]
    elif op == CHOOSE:
        m[task + Task.ROW] = chosen(m, f, task, row)
    elif op == REPEAT:
        repeat(m, task, row)
    elif op == AGAIN:
        again(m, task, m[row + Instruction.C])
    else:
        m[task + Task.ROW] = m[row + Instruction.C]
    return task


@kernel
def sleep(m: Words, f: Floats, task: int, row: int) -> None:
    """Let time pass without a core."""
    seconds = draw(m, f, m[row + Instruction.A], m[task + Task.ADDRESS], m[row + Instruction.B], 0)
    slow = m[m[task + Task.SERVICE] + Service.SLOW]
    if slow != 0:
        seconds = slowed(m, f, slow, m[task + Task.REPLICA], seconds)
    m[task + Task.WORK] = nanoseconds(seconds)
    m[task + Task.WAITED] = 0
    m[task + Task.STARTED] = m[World.NOW]
    m[task + Task.LOCAL] = m[row + Instruction.LOCAL]
    when = m[World.NOW] + m[task + Task.WORK]
    schedule_for(m, when, COMPLETION, task, m[row + Instruction.LOCAL], Action.SLEPT)


@kernel
def chosen(m: Words, f: Floats, task: int, row: int) -> int:
    """The first row of the option that is drawn."""
    u = uniform(m[World.KEY], m[task + Task.ADDRESS], m[row + Instruction.C], 0)
    option = m[row + Instruction.A]
    last = option + (m[row + Instruction.B] - 1) * Option.SIZE
    while option < last and not u < f[option + Option.WEIGHT]:
        option += Option.SIZE
    return m[option + Option.START]


@kernel
def repeat(m: Words, task: int, row: int) -> None:
    """Begin with the first of several repetitions."""
    if m[row + Instruction.B] <= 0:
        m[task + Task.ROW] = m[row + Instruction.C]
        return
    repetition = take(m, World.FREE_REPETITION, Repetition.SIZE)
    m[repetition + Repetition.OUTER] = m[task + Task.REPETITION]
    m[repetition + Repetition.ADDRESS] = m[task + Task.ADDRESS]
    m[repetition + Repetition.DONE] = 0
    m[task + Task.REPETITION] = repetition
    m[task + Task.ADDRESS] = child(m[task + Task.ADDRESS], m[row + Instruction.A], 0)


@kernel
def again(m: Words, task: int, row: int) -> None:
    """One repetition has ended: the next one, or what follows; `row` is that of REPEAT."""
    repetition = m[task + Task.REPETITION]
    m[repetition + Repetition.DONE] += 1
    done, outer = m[repetition + Repetition.DONE], m[repetition + Repetition.ADDRESS]
    if done < m[row + Instruction.B]:
        m[task + Task.ADDRESS] = child(outer, m[row + Instruction.A], done)
        m[task + Task.ROW] = row + Instruction.SIZE
    else:
        m[task + Task.ADDRESS] = outer
        drop_repetition(m, task)


# -- calls


@kernel
def begin_call(m: Words, f: Floats, log: Words, task: int, row: int, op: int) -> int:
    """A CALL or a SEND: pack the message, or go inside; the task's row stays until the message is on its way."""
    call = m[row + Instruction.A]
    if m[call + Call.REMOTE] == 0:
        m[task + Task.ROW] = row + Instruction.SIZE
        if op == CALL:
            m[task + Task.STAGE] = Stage.JOINED
            return call_inside(m, log, task, call, Role.INSIDE)
        put_on_agenda(m, task)
        return call_inside(m, log, task, call, Role.ALONE)
    address = child(m[task + Task.ADDRESS], m[call + Call.SITE], 0)
    m[task + Task.CALL] = call
    m[task + Task.CALL_ADDRESS] = address
    m[task + Task.STAGE] = Stage.SEND if op == CALL else Stage.SEND_ALONE
    law = m[call + Call.SERIALIZATION]
    if law == 0:
        return task
    seconds = draw(m, f, law, address, m[call + Call.SERIALIZATION_STREAM], 0)
    work(m, f, task, seconds, m[row + Instruction.LOCAL] + PACK, m[task + Task.STAGE])
    return 0


@kernel
def send_call(m: Words, f: Floats, log: Words, task: int) -> int:
    """The message is packed: send it, and wait."""
    if is_late(m, task):
        return miss_call(m, f, log, task)
    if m[m[task + Task.CALL] + Call.POLICY] != 0:
        begin_effort(m, f, task)
        return begin_try(m, f, log, task)
    exchange = send(m, f, log, task, m[task + Task.CALL], m[task + Task.CALL_ADDRESS], 0)
    m[task + Task.EXCHANGE] = exchange
    if m[exchange + Exchange.REPLICA] == 0:
        book_call(m, f, log, task, exchange)
        return end_call(m, f, log, task)
    await_answer(m, f, task, exchange)
    return 0


@subroutine
def miss_call(m: Words, f: Floats, log: Words, task: int) -> int:
    """The deadline has passed while the message was packed: the call is not made (rule 12.20)."""
    exchange = make_exchange(m, log, task, m[task + Task.CALL], m[task + Task.CALL_ADDRESS], 0)
    m[task + Task.EXCHANGE] = exchange
    fail_with(m, exchange, TIMEOUT)
    book_call(m, f, log, task, exchange)
    return end_call(m, f, log, task)


@kernel
def send_alone(m: Words, f: Floats, log: Words, task: int) -> int:
    """The message of a `send` is packed: nobody waits for what becomes of it (rule 4.7)."""
    if is_late(m, task):
        drop(m, task)
        return task
    exchange = send(m, f, log, task, m[task + Task.CALL], m[task + Task.CALL_ADDRESS], 1)
    if m[exchange + Exchange.REPLICA] == 0:
        attempt_ends(m, log, exchange)
    let_go(m, exchange)
    m[task + Task.STAGE] = Stage.STEPS
    m[task + Task.ROW] += Instruction.SIZE
    return task


@kernel
def hear(m: Words, f: Floats, log: Words, task: int) -> int:
    """The answer has come, or patience has ended."""
    exchange = m[task + Task.EXCHANGE]
    count_at_replica(m, exchange, -1)
    if m[m[task + Task.CALL] + Call.POLICY] != 0:
        return judge(m, f, log, task)
    book_call(m, f, log, task, exchange)
    return unpack_answer(m, f, log, task, exchange)


@subroutine
def judge(m: Words, f: Floats, log: Words, task: int) -> int:
    """A try under a policy has ended: the next one is to come, or the call is over."""
    if end_try(m, f, log, task):
        return unpack_answer(m, f, log, task, m[task + Task.EXCHANGE])
    return 0


@subroutine
def try_again(m: Words, f: Floats, log: Words, task: int) -> int:
    """A wait between two tries has ended."""
    if end_backoff(m, f, log, task):
        return end_call(m, f, log, task)
    return begin_try(m, f, log, task)


@kernel
def unpack_answer(m: Words, f: Floats, log: Words, task: int, exchange: int) -> int:
    """Unpack what there is to unpack of the last answer."""
    call = m[task + Task.CALL]
    law = m[call + Call.SERIALIZATION]
    if m[exchange + Exchange.SERVED] == 0 or law == 0:
        return end_call(m, f, log, task)
    if is_late(m, task):
        m[task + Task.STAGE] = Stage.UNPACKED
        drop(m, task)
        return task
    seconds = draw(m, f, law, m[exchange + Exchange.ADDRESS], m[call + Call.SERIALIZATION_STREAM], 3)
    local = m[m[task + Task.ROW] + Instruction.LOCAL] + UNPACK
    work(m, f, task, seconds, local, Stage.UNPACKED)
    return 0


@kernel
def end_call(m: Words, f: Floats, log: Words, task: int) -> int:
    """A call is over: its fallback follows, or a failed step ends the handler; at the edge the request ends."""
    exchange = m[task + Task.EXCHANGE]
    if m[task + Task.ROLE] == Role.EDGE:
        end_request(m, f, log, task, exchange)
        return 0
    m[task + Task.CAUSE] = m[exchange + Exchange.CAUSE]
    m[task + Task.CAUSE_SERVICE] = m[exchange + Exchange.CAUSE_SERVICE]
    m[task + Task.ROW] += Instruction.SIZE
    if m[exchange + Exchange.CAUSE] == OK:
        degrade(m, task, exchange)
    elif m[m[task + Task.ROW] + Instruction.OP] == FALLBACK:
        m[task + Task.CAUSE] = OK
        m[task + Task.CAUSE_SERVICE] = -1
        m[m[task + Task.VISIT] + Exchange.GRADE] = DEGRADED
        m[task + Task.ROW] += Instruction.SIZE
    let_go(m, exchange)
    return go_on_after(m, f, log, task)


@kernel
def go_on_after(m: Words, f: Floats, log: Words, task: int) -> int:
    """After a call or the branches: the next step, unless this one has failed."""
    if m[task + Task.CAUSE] != OK:
        return end_steps(m, f, log, task)
    m[task + Task.STAGE] = Stage.STEPS
    return task


@kernel
def end_request(m: Words, f: Floats, log: Words, task: int, exchange: int) -> None:
    """The call at the edge is over, and the request with it; a closed user thinks, and asks again."""
    request = m[task + Task.REQUEST]
    request_ends(m, f, log, request, exchange, m[task + Task.FIRST])
    user = m[request + Request.USER]
    let_go(m, exchange)
    end_task(m, task)
    let_go_of_request(m, request)
    if user != 0:
        ask_again(m, f, user)


# -- handlers


@kernel
def unpack_message(m: Words, f: Floats, task: int) -> int:
    """A slot is there: unpack the message, and begin with the steps."""
    if is_late(m, task):
        drop(m, task)
        return task
    exchange = m[task + Task.VISIT]
    call = m[exchange + Exchange.CALL]
    m[task + Task.ROW] = m[m[call + Call.ENDPOINT] + Endpoint.START]
    m[task + Task.STAGE] = Stage.STEPS
    law = m[call + Call.SERIALIZATION]
    if law == 0:
        return task
    seconds = draw(m, f, law, m[task + Task.ADDRESS], m[call + Call.SERIALIZATION_STREAM], 1)
    work(m, f, task, seconds, RECEIVE, Stage.STEPS)
    return 0


@kernel
def end_steps(m: Words, f: Floats, log: Words, task: int) -> int:
    """All steps have succeeded, or one has failed."""
    while m[task + Task.REPETITION] != 0:
        drop_repetition(m, task)
    role = m[task + Task.ROLE]
    if role == Role.BRANCH:
        return end_branch(m, task)
    exchange = m[task + Task.VISIT]
    m[task + Task.ADDRESS] = m[exchange + Exchange.ADDRESS]
    draw_error(m, f, task, exchange)
    if role == Role.HANDLER:
        return pack_answer(m, f, log, task, exchange)
    return return_inside(m, f, log, task)


@kernel
def draw_error(m: Words, f: Floats, task: int, exchange: int) -> None:
    """A handler's own chance to fail, after all its steps succeeded (rule 4.5)."""
    endpoint = m[m[exchange + Exchange.CALL] + Call.ENDPOINT]
    rate, stream = f[endpoint + Endpoint.ERROR_RATE], m[endpoint + Endpoint.ERROR_STREAM]
    if m[task + Task.CAUSE] == OK and happens(m, rate, m[task + Task.ADDRESS], stream, 0):
        m[task + Task.CAUSE] = ERROR
        m[task + Task.CAUSE_SERVICE] = m[m[endpoint + Endpoint.SERVICE] + Service.ROW]


@kernel
def pack_answer(m: Words, f: Floats, log: Words, task: int, exchange: int) -> int:
    """Pack the answer if somebody waits for it, and respond."""
    call = m[exchange + Exchange.CALL]
    law = m[call + Call.SERIALIZATION]
    if law == 0 or m[exchange + Exchange.DETACHED] == 1 or is_late(m, task):
        if law != 0 and is_late(m, task):
            drop(m, task)
        respond(m, f, log, task)
        return 0
    seconds = draw(m, f, law, m[task + Task.ADDRESS], m[call + Call.SERIALIZATION_STREAM], 2)
    work(m, f, task, seconds, RESPOND, Stage.RESPONDED)
    return 0
