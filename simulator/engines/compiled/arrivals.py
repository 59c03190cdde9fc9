"""Where requests come from (rules 7.1 to 7.6)."""

from __future__ import annotations

from ...machine_code.jit import Words, kernel, serves, subroutine
from ...machine_code.records import NOBODY, take
from ...plan.layout import Shape
from ...rules.arrivals import gap, ramp_time
from ...rules.nanoseconds import NEVER
from ...rules.randomness import child, uniform
from .calendar import ARRIVAL, WORKLOAD_SHIFT, schedule
from .calls import draw_time, make_task
from .dispatch import ACTIONS
from .features import CLOSED, REPLAYS
from .flight import Action, Request, Role, Stage, Task
from .layout import User, Workload, World
from .recorder import request_begins

POISSON, REPLAY, USERS = int(Shape.POISSON), int(Shape.REPLAY), int(Shape.USERS)

SPIN_LIMIT = 10_000
"""Requests of one closed user at one instant, after which time is taken to have stopped: as in the reference."""


@subroutine
def begin(world: World) -> None:
    """Let every workload begin at time 0."""
    for row in range(world.workload_count):
        workload = world.workloads[row]
        if workload.shape == USERS:
            for number in range(workload.user_count):
                user = workload.users[number]
                user.hash_key = child(number, workload.stream, 1)
                think(user)
        else:
            schedule_arrival(workload)


# -- open workloads


@kernel
def schedule_arrival(workload: Workload) -> None:
    """The next arrival of an open workload, if there is one before the horizon."""
    world = workload.world
    time = replayed_time(workload) if workload.shape == REPLAY else ramp_arrival(workload)
    time = max(time, world.now)
    if time < world.horizon:
        address = child(workload.number, workload.stream, 0)
        head = ARRIVAL | workload.row << WORKLOAD_SHIFT
        schedule(time, head, workload.number, address, Action.ARRIVE, workload)


@serves(REPLAYS)
@kernel
def replayed_time(workload: Workload) -> int:
    """The next time of a replay, NEVER after the last one."""
    at = workload.replayed
    if at == workload.last_replayed:
        return NEVER
    workload.replayed = at.following
    return at.time


@kernel
def ramp_arrival(workload: Workload) -> int:
    """The time at which the cumulative rate reaches the place of the next arrival (rules 7.2 and 7.3)."""
    number = workload.number
    if workload.shape == POISSON:
        workload.ahead += gap(workload.world.key, number, workload.arrival_stream)
    else:
        workload.ahead = float(number)
    ahead, ramp = workload.ahead, workload.ramp
    while ramp != workload.last_ramp and ahead >= ramp.after:
        ramp = ramp.following
    workload.ramp = ramp
    if ramp == workload.last_ramp:
        return NEVER
    return ramp_time(ahead - ramp.before, ramp.start, ramp.duration, ramp.start_rate, ramp.end_rate)


@ACTIONS.on(Action.ARRIVE)
@kernel
def arrive(log: Words, workload: Workload, address: int) -> Task:
    """A request of an open workload comes, and the next one is awaited."""
    number = workload.number
    workload.number = number + 1
    schedule_arrival(workload)
    return make_request(log, workload, number, address, address, NOBODY)


# -- closed workloads


@serves(CLOSED)
@subroutine
def think(user: User) -> None:
    """A user thinks from the end of its last request on, and asks unless it is the horizon by then (rule 7.5)."""
    workload, number = user.workload, user.number
    address = child(number, workload.stream, 0)
    thinking = draw_time(workload.think, address, workload.think_stream, 0)
    time = user.ended + thinking
    if time < user.world.horizon:
        head = ARRIVAL | workload.row << WORKLOAD_SHIFT
        schedule(time, head, number, address, Action.ASK, user)


@ACTIONS.on(Action.ASK)
@serves(CLOSED)
@kernel
def ask(log: Words, user: User, address: int) -> Task:
    """A closed user makes its next request."""
    number = user.number
    user.number = number + 1
    return make_request(log, user.workload, number, address, user.hash_key, user)


@serves(CLOSED)
@kernel
def ask_again(user: User) -> None:
    """A user's request has ended, in any outcome."""
    world = user.world
    now = world.now
    if now == user.ended:
        user.spins += 1
        if user.spins > SPIN_LIMIT:
            world.standstill = user.workload
            return
    else:
        user.spins = 0
    user.ended = now
    think(user)


# -- all


@kernel
def make_request(log: Words, workload: Workload, number: int, address: int, hash_key: int, user: User) -> Task:
    """A request arrives, now; gives the task that makes its call at the edge."""
    world = workload.world
    request = take(world, Request)
    request.workload = workload.row
    request.number = number
    entry = entry_of(workload, address)
    request.entry = workload.first_entry + entry
    request.hash_key = hash_key
    request.arrival = world.now
    request.bin = min(world.edge, world.edge_count - 2)
    request.user = user
    request_begins(log, request, workload)
    call = workload.entries[entry].call
    task = make_task(Role.EDGE, request, address, NOBODY, NOBODY)
    task.call = call
    task.call_address = child(address, call.site, 0)
    task.stage = Stage.SEND
    return task


@kernel
def entry_of(workload: Workload, address: int) -> int:
    """Which entry a request takes, by weight."""
    last = workload.entry_count - 1
    if last == 0:
        return 0
    u = uniform(workload.world.key, address, workload.entry_stream, 0)
    entry = 0
    while entry < last and not u < workload.entries[entry].weight:
        entry += 1
    return entry
