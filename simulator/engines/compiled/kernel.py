"""The loop: the next event, and then everybody who goes on because of it.

It comes back with a `Status`: when it is done, when it has done its share of steps (so that a Ctrl-C is heard), when
it needs more memory. All it knows is in the arrays, so it goes on where it was.
"""

from __future__ import annotations

from ...machine_code.jit import Words, integers_of, kernel, rule
from ...machine_code.records import NOBODY, prefetch, put_back
from ...plan.measures import Waste
from .arrivals import arrive, ask, begin
from .calendar import fill_hole
from .calls import answer, answered, deliver, expired
from .efforts import give_up
from .faults import begin_outages, control, lie_still
from .flight import Action, Event, Exchange, Status, Task
from .hedges import send_hedge
from .layout import ROOM, STEPS_PER_CHECK, Owner, Replica, User, Workload, World
from .life import go_on
from .patience import drop, note_waste
from .record import look
from .slots import admit
from .stations import book_work, end_shared, hand_on

CPU, SLEEP = int(Waste.CPU), int(Waste.SLEEP)
CACHE_LINE = 8
"""Words that come into a cache together, on nearly every machine."""


@rule("int64(CPointer(int64), CPointer(int64), int64)", alone=True)
def run(memory: Words, log: Words, steps: int) -> int:
    """Simulate on, for at most so many steps of tasks and events; gives a `Status`."""
    return loop(World(integers_of(memory), 0), integers_of(log), steps)


@kernel
def start(world: World) -> None:
    """What there is to do at time 0."""
    world.begun = True
    if world.strike_count + world.process_count > 0:
        begin_outages(world)
    begin(world)


@kernel
def loop(world: World, log: Words, steps: int) -> int:
    """One step or event after the other."""
    if not world.begun:
        start(world)
    task = world.task
    before_check = 0
    while True:
        if not task:
            task = world.agenda
            if task:
                world.agenda = task.next
        if before_check == 0:
            before_check = STEPS_PER_CHECK
            steps -= STEPS_PER_CHECK
            status = room(world) if steps > 0 else Status.PAUSED
            if status != Status.DONE:
                world.task = task
                return status
        before_check -= 1
        if task:
            task = Task(world, go_on(log, task).index)  # of this memory: one pointer, not two, is kept over the loop
            if not task and world.standstill:
                return Status.STANDSTILL
            continue
        fill_hole(world)
        first = world.heap[0]
        time = first.time if world.heap_size > 0 else world.end
        if look_first(world, time):
            continue
        if time >= world.end:
            world.task = NOBODY
            if world.edge < world.edge_count - 1:
                look(world, world.edge_count - 1)  # without a drain the horizon itself is too late for an event
            return Status.DONE
        event = first.event
        world.hole = True
        look_ahead(world)
        if not event.owner:
            world.cancelled -= 1
            put_back(event)
            continue
        status = check(time, event)
        if status != Status.DONE:
            return status
        world.now = time
        world.events += 1
        task = Task(world, happen(log, event).index)


@kernel
def room(world: World) -> int:
    """Whether there is room for whatever one step may take."""
    if world.top + ROOM > world.capacity:
        return Status.NEEDS_MEMORY
    if world.heap_size + ROOM > world.heap_capacity:
        return Status.NEEDS_HEAP
    if world.log_top + world.pages_room > world.log_capacity:
        return Status.NEEDS_LOG
    return Status.DONE


@kernel
def look_first(world: World, time: int) -> bool:
    """An edge of the statistics at that time or before is looked at before anything else (rule 3.1)."""
    edge = world.edge + 1
    if edge == world.edge_count:
        return False
    when = world.edges[edge]
    if when > time or when >= world.end:
        return False
    world.now = when
    look(world, edge)
    world.events += 1
    return True


@kernel
def look_ahead(world: World) -> None:
    """Have fetched what the next events need, since busy services have more in flight than any cache holds.

    The next one is one of the two below the top; what those are for was fetched with the four below them.
    """
    for place in range(3, 7):
        prefetch(world.heap[place].event, 0)
    for place in range(1, 3):
        owner = world.heap[place].event.owner
        for line in range(3):
            prefetch(owner, CACHE_LINE * line)


@kernel
def check(time: int, event: Event) -> int:
    """Two events of one time have two keys (rule 3.3), and who an event is for is still the same one."""
    world = event.world
    if event.owner.generation != event.owner_generation:
        return Status.BROKEN
    if (
        time == world.last_time
        and event.head == world.last_head
        and event.request == world.last_request
        and event.address == world.last_address
    ):
        return Status.SAME_KEY
    world.last_time = time
    world.last_head = event.head
    world.last_request = event.request
    world.last_address = event.address
    return Status.DONE


@kernel
def happen(log: Words, event: Event) -> Task:
    """Let an event happen; gives the task that goes on."""
    action, owner, address = event.action, event.owner, event.address
    put_back(event)
    if action == Action.WORKED:
        task = Task(owner)
        hand_on(task)
        book_work(task)
        note_waste(task, CPU, task.started)
        return task
    if action == Action.DELIVER:
        return deliver(log, Exchange(owner))
    if action == Action.ANSWER:
        return hear_answer(Exchange(owner))
    if action == Action.ARRIVE:
        return arrive(log, Workload(owner), address)
    if action == Action.SHARED:
        task = end_shared(Replica(owner))
        book_work(task)
        note_waste(task, CPU, task.joined)
        return task
    if action == Action.SLEPT:
        task = Task(owner)
        if task.replica.paused != 0:
            lie_still(task)
            return NOBODY
        book_work(task)
        note_waste(task, SLEEP, task.started)
        return task
    if action == Action.GRANT:
        admit(Task(owner))
        return Task(owner)
    if action == Action.EXPIRE:
        return expired(Exchange(owner))
    if action == Action.ASK:
        return ask(log, User(owner), address)
    return happen_seldom(log, action, owner)


@kernel
def happen_seldom(log: Words, action: int, owner: Owner) -> Task:
    """What happens under policies, and to messages for which nobody waits."""
    task = Task(owner)
    if action in (Action.RETRY, Action.ENTER, Action.PERMIT):
        return task
    if action == Action.GIVE_UP:
        give_up(task)
        return task
    if action == Action.HEDGE:
        send_hedge(log, task)
        return NOBODY
    if action == Action.DROPPED:
        hand_on(task)
        drop(task)
        return task
    if action >= Action.STRIKE:
        return control(action, owner)
    answer(log, Exchange(owner), owner.world.now)
    return NOBODY


@kernel
def hear_answer(exchange: Exchange) -> Task:
    """An answer is back; one that nobody waits for any more is no event (rule 5.6)."""
    if not exchange.awaited:
        exchange.world.events -= 1
    return answered(exchange)
