"""The cores of a replica with their queue: first come first served, or processor sharing (rules 8.1 to 8.5)."""

from __future__ import annotations

from ...machine_code.jit import kernel, serves, subroutine
from ...machine_code.records import NOBODY
from ...plan.layout import Component
from ...rules.nanoseconds import nanoseconds
from ...rules.stations import real_time, virtual_time
from .calendar import COMPLETION, WORKLOAD_SHIFT, cancel, schedule, schedule_for
from .deadlines import is_late
from .faults import slowed
from .features import OUTAGES, SHARING
from .flight import Action, Task
from .layout import Level, Replica, VirtualLevel
from .memory import spend

WAITING = int(Component.WAITING)
SERVICE = int(Component.SERVICE)


@kernel
def change(level: Level, now: int, by: int) -> None:
    """From now on a level is higher by `by`."""
    level.area += level.value * float(now - level.since)
    level.since = now
    level.value += by


@kernel
def level_at(level: Level, now: int) -> float:
    """The integral of a level up to now; looking changes nothing. A float, since it may be more than fits a word."""
    return level.area + level.value * float(now - level.since)


@kernel
def change_shared(level: VirtualLevel, virtual: float, by: int) -> None:
    """From now on a level over virtual time is higher by `by`."""
    level.area = shared_level_at(level, virtual)
    level.since = virtual
    level.value += by


@kernel
def shared_level_at(level: VirtualLevel, virtual: float) -> float:
    """The integral of a level over virtual time; looking changes nothing."""
    return level.area + level.value * (virtual - level.since)


@subroutine
def work(task: Task, seconds: float, local: int, stage: int) -> None:
    """Take a core of this replica for `seconds` of work, after those who came before; then go on at a stage."""
    if task.service.slow:
        work_slowly(task, seconds, local, stage)
    else:
        seek_core(task, seconds, local, stage, False)


@serves(OUTAGES)
@subroutine
def work_slowly(task: Task, seconds: float, local: int, stage: int) -> None:
    """Work at a service that a fault may slow: apart, so that other work need not keep its numbers over a call."""
    seek_core(task, seconds, local, stage, True)


@kernel
def seek_core(task: Task, seconds: float, local: int, stage: int, slow: bool) -> None:
    """Begin with the work, or queue for a core; `slow` says that a fault may slow it."""
    world, replica = task.world, task.replica
    task.stage = stage
    task.local = local
    task.asked = seconds / task.service.pace
    task.joined = world.now
    task.waited = 0
    if replica.unit.shared:
        settle(task, slow)
        share(replica, task)
    elif replica.busy < replica.cores and replica.paused == 0:
        start(replica, task, slow)
    else:
        change(task.service.waiting, world.now, 1)
        task.next = NOBODY
        if not replica.first:
            replica.first = task
        else:
            replica.last.next = task
        replica.last = task


@kernel
def settle(task: Task, slow: bool) -> None:
    """A core begins with a task's work: how long it takes; `slow` says that a fault may make it slower (rule 14.12)."""
    seconds = task.asked
    if slow and task.service.slow:
        seconds = slowed(task, seconds)
    task.work = nanoseconds(seconds)


@kernel
def start(replica: Replica, task: Task, slow: bool) -> None:
    """A core begins with a task's work; `slow` says that a fault may slow it."""
    now = replica.world.now
    settle(task, slow)
    replica.busy += 1
    task.started = now
    change(task.service.busy, now, 1)
    end, action = now + task.work, Action.WORKED
    if is_late(task):  # it gives the core on at this instant (rule 12.19)
        end, action = now, Action.DROPPED
    schedule_for(end, COMPLETION, task, task.local, action)


@kernel
def hand_on(task: Task) -> None:
    """The core goes to who waited longest, before the finished task goes on (rule 3.4)."""
    now, replica = task.world.now, task.replica
    replica.busy -= 1
    change(task.service.busy, now, -1)
    if replica.first:
        start_next(replica)


@kernel
def start_next(replica: Replica) -> None:
    """A core begins with the work of who waited longest."""
    now, following = replica.world.now, replica.first
    replica.first = following.next
    change(following.service.waiting, now, -1)
    following.waited = now - following.joined
    start(replica, following, True)


@kernel
def book_work(task: Task) -> None:
    """Where the time of a task's work went."""
    visit, waited, worked = task.visit, task.waited, task.work
    if waited > 0:
        visit.visit_waiting += waited
        spend(task, WAITING, waited)
    visit.visit_service += worked
    spend(task, SERVICE, worked)


# -- processor sharing: the jobs of a replica are a pairing heap (Fredman, Sedgewick, Sleator, Tarjan, 1986)


@kernel
def job_before(one: Task, other: Task) -> bool:
    """Whether a job ends before another one, by virtual time, then by key."""
    due, other_due = one.due, other.due
    if due != other_due:
        return due < other_due
    request, other_request = one.request, other.request
    workload, other_workload = request.workload, other_request.workload
    if workload != other_workload:
        return workload < other_workload
    number, other_number = request.number, other_request.number
    if number != other_number:
        return number < other_number
    address, other_address = one.address, other.address
    if address != other_address:
        # As unsigned numbers: those with the sign bit are the larger ones.
        return (address < other_address) == ((address < 0) == (other_address < 0))
    return one.local < other.local


@subroutine
def meld(one: Task, other: Task) -> Task:
    """One heap of two; nobody is an empty one."""
    if not one:
        return other
    if not other:
        return one
    if job_before(other, one):
        one, other = other, one
    other.sibling = one.child
    one.child = other
    return one


@subroutine
def without_top(top: Task) -> Task:
    """The heap that is left without its first job: its children melded in pairs, then the pairs."""
    child, pairs = top.child, NOBODY
    while child:
        second = child.sibling
        following = NOBODY
        if second:
            following = second.sibling
        child.sibling = NOBODY
        if second:
            second.sibling = NOBODY
        pair = meld(child, second)
        pair.sibling = pairs
        pairs = pair
        child = following
    heap = NOBODY
    while pairs:
        following = pairs.sibling
        pairs.sibling = NOBODY
        heap = meld(heap, pairs)
        pairs = following
    return heap


@kernel
def virtual_now(replica: Replica, now: int) -> float:
    """Virtual time of a replica's cores."""
    virtual = replica.virtual
    if replica.jobs == 0 or replica.paused != 0:
        return virtual
    return virtual_time(virtual, replica.since, now, replica.jobs, replica.cores)


@kernel
def go_to(replica: Replica, virtual: float) -> None:
    """Virtual time is right now; whenever nobody is there it begins again at 0, as exact as it was at first."""
    replica.virtual = virtual if replica.jobs > 0 else 0.0
    replica.since = replica.world.now


@kernel
def present(replica: Replica, task: Task) -> VirtualLevel:
    """The level of a task's service on shared cores."""
    return replica.present[task.service.member]


@serves(SHARING)
@subroutine
def share(replica: Replica, task: Task) -> None:
    """A task's work joins those on shared cores."""
    now = replica.world.now
    virtual = virtual_now(replica, now)
    go_to(replica, virtual)
    task.due = virtual + task.work
    task.child = NOBODY
    task.sibling = NOBODY
    replica.root = meld(replica.root, task)
    replica.jobs += 1
    change(task.service.sharing, now, 1)
    change_shared(present(replica, task), virtual, 1)
    await_next_end(replica)


@serves(SHARING)
@subroutine
def end_shared(replica: Replica) -> Task:
    """The first job of shared cores ends, now; gives its task."""
    now, task = replica.world.now, replica.root
    replica.next_end = NOBODY
    replica.root = without_top(task)
    virtual = virtual_now(replica, now)
    replica.jobs -= 1
    go_to(replica, virtual)
    change(task.service.sharing, now, -1)
    change_shared(present(replica, task), virtual, -1)
    task.waited = max(0, now - task.joined - task.work)
    await_next_end(replica)
    return task


@subroutine
def await_next_end(replica: Replica) -> None:
    """Only the next end has an event; the one awaited before is let go."""
    if replica.next_end:
        cancel(replica.next_end)
        replica.next_end = NOBODY
    task = replica.root
    if not task or replica.paused != 0:
        return
    when = real_time(replica.virtual, replica.since, task.due, replica.jobs, replica.cores)
    request = task.request
    head = COMPLETION | request.workload << WORKLOAD_SHIFT | task.local
    replica.next_end = schedule(when, head, request.number, task.address, Action.SHARED, replica)
