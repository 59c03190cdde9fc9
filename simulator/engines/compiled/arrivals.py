"""Where requests come from (rules 7.1 to 7.6)."""

from __future__ import annotations

from ...plan.layout import Shape
from ...rules.arrivals import gap, ramp_time
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.nanoseconds import NEVER
from ...rules.randomness import child, uniform
from .calendar import ARRIVAL, WORKLOAD_SHIFT, schedule
from .calls import draw_time, make_task
from .flight import Action, Request, Role, Stage, Task
from .layout import Call, Entry, Ramp, User, Workload, World
from .memory import take
from .record import request_begins

POISSON, REPLAY, USERS = int(Shape.POISSON), int(Shape.REPLAY), int(Shape.USERS)

SPIN_LIMIT = 10_000
"""Requests of one closed user at one instant, after which time is taken to have stopped: as in the reference."""


@subroutine
def begin(m: Words, f: Floats) -> None:
    """Let every workload begin at time 0."""
    for row in range(m[World.WORKLOAD_COUNT]):
        workload = m[World.WORKLOADS] + row * Workload.SIZE
        if m[workload + Workload.SHAPE] == USERS:
            for number in range(m[workload + Workload.USER_COUNT]):
                user = m[workload + Workload.USERS] + number * User.SIZE
                m[user + User.HASH_KEY] = child(number, m[workload + Workload.STREAM], 1)
                think(m, f, user)
        else:
            schedule_arrival(m, f, workload)


# -- open workloads


@kernel
def schedule_arrival(m: Words, f: Floats, workload: int) -> None:
    """The next arrival of an open workload, if there is one before the horizon."""
    replayed = m[workload + Workload.SHAPE] == REPLAY
    time = replayed_time(m, workload) if replayed else ramp_arrival(m, f, workload)
    time = max(time, m[World.NOW])
    if time < m[World.HORIZON]:
        address = child(m[workload + Workload.NUMBER], m[workload + Workload.STREAM], 0)
        head = ARRIVAL | m[workload + Workload.ROW] << WORKLOAD_SHIFT
        schedule(m, time, head, m[workload + Workload.NUMBER], address, Action.ARRIVE, workload)


@kernel
def replayed_time(m: Words, workload: int) -> int:
    """The next time of a replay, NEVER after the last one."""
    at = m[workload + Workload.TIME]
    if at >= m[workload + Workload.LAST_TIME]:
        return NEVER
    m[workload + Workload.TIME] = at + 1
    return m[at]


@kernel
def ramp_arrival(m: Words, f: Floats, workload: int) -> int:
    """The time at which the cumulative rate reaches the place of the next arrival (rules 7.2 and 7.3)."""
    number = m[workload + Workload.NUMBER]
    if m[workload + Workload.SHAPE] == POISSON:
        f[workload + Workload.AHEAD] += gap(m[World.KEY], number, m[workload + Workload.ARRIVAL_STREAM])
    else:
        f[workload + Workload.AHEAD] = float(number)
    ahead, ramp = f[workload + Workload.AHEAD], m[workload + Workload.RAMP]
    while ramp < m[workload + Workload.LAST_RAMP] and ahead >= f[ramp + Ramp.AFTER]:
        ramp += Ramp.SIZE
    m[workload + Workload.RAMP] = ramp
    if ramp >= m[workload + Workload.LAST_RAMP]:
        return NEVER
    return ramp_time(
        ahead - f[ramp + Ramp.BEFORE],
        f[ramp + Ramp.START],
        f[ramp + Ramp.DURATION],
        f[ramp + Ramp.START_RATE],
        f[ramp + Ramp.END_RATE],
    )


@kernel
def arrive(m: Words, f: Floats, log: Words, workload: int, address: int) -> int:
    """A request of an open workload comes, and the next one is awaited."""
    number = m[workload + Workload.NUMBER]
    m[workload + Workload.NUMBER] = number + 1
    schedule_arrival(m, f, workload)
    return make_request(m, f, log, workload, number, address, address, 0)


# -- closed workloads


@subroutine
def think(m: Words, f: Floats, user: int) -> None:
    """A user thinks from the end of its last request on, and asks unless it is the horizon by then (rule 7.5)."""
    workload, number = m[user + User.WORKLOAD], m[user + User.NUMBER]
    address = child(number, m[workload + Workload.STREAM], 0)
    thinking = draw_time(m, f, m[workload + Workload.THINK], address, m[workload + Workload.THINK_STREAM], 0)
    time = m[user + User.ENDED] + thinking
    if time < m[World.HORIZON]:
        head = ARRIVAL | m[workload + Workload.ROW] << WORKLOAD_SHIFT
        schedule(m, time, head, number, address, Action.ASK, user)


@kernel
def ask(m: Words, f: Floats, log: Words, user: int, address: int) -> int:
    """A closed user makes its next request."""
    number = m[user + User.NUMBER]
    m[user + User.NUMBER] = number + 1
    return make_request(m, f, log, m[user + User.WORKLOAD], number, address, m[user + User.HASH_KEY], user)


@kernel
def ask_again(m: Words, f: Floats, user: int) -> None:
    """A user's request has ended, in any outcome."""
    now = m[World.NOW]
    if now == m[user + User.ENDED]:
        m[user + User.SPINS] += 1
        if m[user + User.SPINS] > SPIN_LIMIT:
            m[World.STANDSTILL] = m[user + User.WORKLOAD]
            return
    else:
        m[user + User.SPINS] = 0
    m[user + User.ENDED] = now
    think(m, f, user)


# -- all


@kernel
def make_request(
    m: Words, f: Floats, log: Words, workload: int, number: int, address: int, hash_key: int, user: int
) -> int:
    """A request arrives, now; gives the task that makes its call at the edge."""
    request = take(m, World.FREE_REQUEST, Request.SIZE)
    m[request + Request.WORKLOAD] = m[workload + Workload.ROW]
    m[request + Request.NUMBER] = number
    entry = entry_of(m, f, workload, address)
    m[request + Request.ENTRY] = m[workload + Workload.FIRST_ENTRY] + entry
    m[request + Request.HASH_KEY] = hash_key
    m[request + Request.ARRIVAL] = m[World.NOW]
    m[request + Request.BIN] = min(m[World.EDGE], m[World.EDGE_COUNT] - 2)
    m[request + Request.USER] = user
    m[request + Request.SPANS] = 0
    m[request + Request.REFERENCES] = 1
    request_begins(m, log, request, workload)
    call = m[m[workload + Workload.ENTRIES] + entry * Entry.SIZE + Entry.CALL]
    task = make_task(m, Role.EDGE, request, address, 0, 0)
    m[task + Task.CALL] = call
    m[task + Task.CALL_ADDRESS] = child(address, m[call + Call.SITE], 0)
    m[task + Task.STAGE] = Stage.SEND
    return task


@kernel
def entry_of(m: Words, f: Floats, workload: int, address: int) -> int:
    """Which entry a request takes, by weight."""
    last = m[workload + Workload.ENTRY_COUNT] - 1
    if last == 0:
        return 0
    u = uniform(m[World.KEY], address, m[workload + Workload.ENTRY_STREAM], 0)
    entry = 0
    while entry < last and not u < f[m[workload + Workload.ENTRIES] + entry * Entry.SIZE + Entry.WEIGHT]:
        entry += 1
    return entry
