"""The cores of a replica with their queue: first come first served, or processor sharing (rules 8.1 to 8.5)."""

from __future__ import annotations

from ...plan.layout import Component
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.nanoseconds import nanoseconds
from ...rules.queueing import real_time, virtual_time
from .calendar import COMPLETION, WORKLOAD_SHIFT, cancel, schedule, schedule_for
from .flight import Action, Exchange, Request, Task
from .hazards import slowed
from .layout import Level, Replica, Service, Unit, World
from .memory import spend
from .patience import is_late

WAITING = int(Component.WAITING)
SERVICE = int(Component.SERVICE)


@kernel
def change(m: Words, f: Floats, level: int, now: int, by: int) -> None:
    """From now on a level is higher by `by`."""
    f[level + Level.AREA] += m[level + Level.VALUE] * float(now - m[level + Level.SINCE])
    m[level + Level.SINCE] = now
    m[level + Level.VALUE] += by


@kernel
def level_at(m: Words, f: Floats, level: int, now: int) -> float:
    """The integral of a level up to now; looking changes nothing. A float, since it may be more than fits a word."""
    return f[level + Level.AREA] + m[level + Level.VALUE] * float(now - m[level + Level.SINCE])


@kernel
def change_shared(m: Words, f: Floats, level: int, virtual: float, by: int) -> None:
    """From now on a level over virtual time is higher by `by`."""
    f[level + Level.AREA] = shared_level_at(m, f, level, virtual)
    f[level + Level.SINCE] = virtual
    m[level + Level.VALUE] += by


@kernel
def shared_level_at(m: Words, f: Floats, level: int, virtual: float) -> float:
    """The integral of a level over virtual time; looking changes nothing."""
    return f[level + Level.AREA] + m[level + Level.VALUE] * (virtual - f[level + Level.SINCE])


@subroutine
def work(m: Words, f: Floats, task: int, seconds: float, local: int, stage: int) -> None:
    """Take a core of this replica for `seconds` of work, after those who came before; then go on at a stage."""
    if m[m[task + Task.SERVICE] + Service.SLOW] != 0:
        work_slowly(m, f, task, seconds, local, stage)
    else:
        seek_core(m, f, task, seconds, local, stage, False)


@subroutine
def work_slowly(m: Words, f: Floats, task: int, seconds: float, local: int, stage: int) -> None:
    """Work at a service that a fault may slow: apart, so that other work need not keep its numbers over a call."""
    seek_core(m, f, task, seconds, local, stage, True)


@kernel
def seek_core(m: Words, f: Floats, task: int, seconds: float, local: int, stage: int, slow: bool) -> None:
    """Begin with the work, or queue for a core; `slow` says that a fault may slow it."""
    replica = m[task + Task.REPLICA]
    m[task + Task.STAGE] = stage
    m[task + Task.LOCAL] = local
    f[task + Task.WORK] = seconds / f[m[task + Task.SERVICE] + Service.PACE]
    m[task + Task.JOINED] = m[World.NOW]
    m[task + Task.WAITED] = 0
    if m[m[replica + Replica.UNIT] + Unit.SHARED] == 1:
        settle(m, f, replica, task, slow)
        share(m, f, replica, task)
    elif m[replica + Replica.BUSY] < m[replica + Replica.CORES] and m[replica + Replica.PAUSED] == 0:
        start(m, f, replica, task, slow)
    else:
        change(m, f, m[task + Task.SERVICE] + Service.WAITING, m[World.NOW], 1)
        m[task + Task.NEXT] = 0
        if m[replica + Replica.FIRST] == 0:
            m[replica + Replica.FIRST] = task
        else:
            m[m[replica + Replica.LAST] + Task.NEXT] = task
        m[replica + Replica.LAST] = task


@kernel
def settle(m: Words, f: Floats, replica: int, task: int, slow: bool) -> None:
    """A core begins with a task's work: how long it takes; `slow` says that a fault may make it slower (rule 14.12)."""
    seconds = f[task + Task.WORK]
    if slow:
        faults = m[m[task + Task.SERVICE] + Service.SLOW]
        if faults != 0:
            seconds = slowed(m, f, faults, replica, seconds)
    m[task + Task.WORK] = nanoseconds(seconds)


@kernel
def start(m: Words, f: Floats, replica: int, task: int, slow: bool) -> None:
    """A core begins with a task's work; `slow` says that a fault may slow it."""
    now = m[World.NOW]
    settle(m, f, replica, task, slow)
    m[replica + Replica.BUSY] += 1
    m[task + Task.STARTED] = now
    change(m, f, m[task + Task.SERVICE] + Service.BUSY, now, 1)
    end, action = now + m[task + Task.WORK], Action.WORKED
    if is_late(m, task):  # it gives the core on at this instant (rule 12.19)
        end, action = now, Action.DROPPED
    schedule_for(m, end, COMPLETION, task, m[task + Task.LOCAL], action)


@kernel
def hand_on(m: Words, f: Floats, task: int) -> None:
    """The core goes to who waited longest, before the finished task goes on (rule 3.4)."""
    now, replica = m[World.NOW], m[task + Task.REPLICA]
    m[replica + Replica.BUSY] -= 1
    change(m, f, m[task + Task.SERVICE] + Service.BUSY, now, -1)
    if m[replica + Replica.FIRST] != 0:
        start_next(m, f, replica)


@kernel
def start_next(m: Words, f: Floats, replica: int) -> None:
    """A core begins with the work of who waited longest."""
    now, following = m[World.NOW], m[replica + Replica.FIRST]
    m[replica + Replica.FIRST] = m[following + Task.NEXT]
    change(m, f, m[following + Task.SERVICE] + Service.WAITING, now, -1)
    m[following + Task.WAITED] = now - m[following + Task.JOINED]
    start(m, f, replica, following, True)


@kernel
def book_work(m: Words, task: int) -> None:
    """Where the time of a task's work went."""
    visit, waited, worked = m[task + Task.VISIT], m[task + Task.WAITED], m[task + Task.WORK]
    if waited > 0:
        m[visit + Exchange.VISIT_WAITING] += waited
        spend(m, task, WAITING, waited)
    m[visit + Exchange.VISIT_SERVICE] += worked
    spend(m, task, SERVICE, worked)


# -- processor sharing: the jobs of a replica are a pairing heap (Fredman, Sedgewick, Sleator, Tarjan, 1986)


@kernel
def job_before(m: Words, f: Floats, one: int, other: int) -> bool:
    """Whether a job ends before another one, by virtual time, then by key."""
    due, other_due = f[one + Task.DUE], f[other + Task.DUE]
    if due != other_due:
        return due < other_due
    request, other_request = m[one + Task.REQUEST], m[other + Task.REQUEST]
    workload, other_workload = m[request + Request.WORKLOAD], m[other_request + Request.WORKLOAD]
    if workload != other_workload:
        return workload < other_workload
    number, other_number = m[request + Request.NUMBER], m[other_request + Request.NUMBER]
    if number != other_number:
        return number < other_number
    address, other_address = m[one + Task.ADDRESS], m[other + Task.ADDRESS]
    if address != other_address:
        # As unsigned numbers: those with the sign bit are the larger ones.
        return (address < other_address) == ((address < 0) == (other_address < 0))
    return m[one + Task.LOCAL] < m[other + Task.LOCAL]


@subroutine
def meld(m: Words, f: Floats, one: int, other: int) -> int:
    """One heap of two; 0 is an empty one."""
    if one == 0:
        return other
    if other == 0:
        return one
    if job_before(m, f, other, one):
        one, other = other, one
    m[other + Task.SIBLING] = m[one + Task.CHILD]
    m[one + Task.CHILD] = other
    return one


@subroutine
def without_top(m: Words, f: Floats, top: int) -> int:
    """The heap that is left without its first job: its children melded in pairs, then the pairs."""
    child, pairs = m[top + Task.CHILD], 0
    while child != 0:
        second = m[child + Task.SIBLING]
        following = 0
        if second != 0:
            following = m[second + Task.SIBLING]
        m[child + Task.SIBLING] = 0
        if second != 0:
            m[second + Task.SIBLING] = 0
        pair = meld(m, f, child, second)
        m[pair + Task.SIBLING] = pairs
        pairs = pair
        child = following
    heap = 0
    while pairs != 0:
        following = m[pairs + Task.SIBLING]
        m[pairs + Task.SIBLING] = 0
        heap = meld(m, f, heap, pairs)
        pairs = following
    return heap


@kernel
def virtual_now(m: Words, f: Floats, replica: int, now: int) -> float:
    """Virtual time of a replica's cores."""
    virtual = f[replica + Replica.VIRTUAL]
    if m[replica + Replica.JOBS] == 0 or m[replica + Replica.PAUSED] != 0:
        return virtual
    return virtual_time(virtual, m[replica + Replica.SINCE], now, m[replica + Replica.JOBS], m[replica + Replica.CORES])


@kernel
def go_to(m: Words, f: Floats, replica: int, virtual: float) -> None:
    """Virtual time is right now; whenever nobody is there it begins again at 0, as exact as it was at first."""
    f[replica + Replica.VIRTUAL] = virtual if m[replica + Replica.JOBS] > 0 else 0.0
    m[replica + Replica.SINCE] = m[World.NOW]


@kernel
def present(m: Words, replica: int, task: int) -> int:
    """The level of a task's service on shared cores."""
    return m[replica + Replica.PRESENT] + Level.SIZE * m[m[task + Task.SERVICE] + Service.MEMBER]


@subroutine
def share(m: Words, f: Floats, replica: int, task: int) -> None:
    """A task's work joins those on shared cores."""
    now = m[World.NOW]
    virtual = virtual_now(m, f, replica, now)
    go_to(m, f, replica, virtual)
    f[task + Task.DUE] = virtual + m[task + Task.WORK]
    m[task + Task.CHILD] = 0
    m[task + Task.SIBLING] = 0
    m[replica + Replica.ROOT] = meld(m, f, m[replica + Replica.ROOT], task)
    m[replica + Replica.JOBS] += 1
    change(m, f, m[task + Task.SERVICE] + Service.SHARING, now, 1)
    change_shared(m, f, present(m, replica, task), virtual, 1)
    await_next_end(m, f, replica)


@subroutine
def end_shared(m: Words, f: Floats, replica: int) -> int:
    """The first job of shared cores ends, now; gives its task."""
    now, task = m[World.NOW], m[replica + Replica.ROOT]
    m[replica + Replica.NEXT_END] = 0
    m[replica + Replica.ROOT] = without_top(m, f, task)
    virtual = virtual_now(m, f, replica, now)
    m[replica + Replica.JOBS] -= 1
    go_to(m, f, replica, virtual)
    change(m, f, m[task + Task.SERVICE] + Service.SHARING, now, -1)
    change_shared(m, f, present(m, replica, task), virtual, -1)
    m[task + Task.WAITED] = max(0, now - m[task + Task.JOINED] - m[task + Task.WORK])
    await_next_end(m, f, replica)
    return task


@subroutine
def await_next_end(m: Words, f: Floats, replica: int) -> None:
    """Only the next end has an event; the one awaited before is let go."""
    if m[replica + Replica.NEXT_END] != 0:
        cancel(m, m[replica + Replica.NEXT_END])
        m[replica + Replica.NEXT_END] = 0
    task = m[replica + Replica.ROOT]
    if task == 0 or m[replica + Replica.PAUSED] != 0:
        return
    when = real_time(
        f[replica + Replica.VIRTUAL],
        m[replica + Replica.SINCE],
        f[task + Task.DUE],
        m[replica + Replica.JOBS],
        m[replica + Replica.CORES],
    )
    request = m[task + Task.REQUEST]
    head = COMPLETION | m[request + Request.WORKLOAD] << WORKLOAD_SHIFT | m[task + Task.LOCAL]
    number, address = m[request + Request.NUMBER], m[task + Task.ADDRESS]
    m[replica + Replica.NEXT_END] = schedule(m, when, head, number, address, Action.SHARED, replica)
