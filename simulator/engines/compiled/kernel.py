"""The loop: the next event, and then everybody who goes on because of it.

It comes back with a `Status`: when it is done, when it has done its share of steps (so that a Ctrl-C is heard), when
it needs more memory. All it knows is in the arrays, so it goes on where it was.
"""

from __future__ import annotations

from ...machine_code.jit import Words, integers_of, kernel, rule
from ...machine_code.records import NOBODY, prefetch, put_back
from . import events
from .arrivals import begin
from .calendar import fill_hole
from .dispatch import ACTIONS, STAGES
from .failures import begin_outages
from .flight import Event, Status, Task
from .layout import ROOM, STEPS_PER_CHECK, Owner, World
from .recorder import look

__all__ = ["events", "run"]

CACHED = 256
"""Events with whatever they are for that the caches of any machine hold."""
CACHE_LINE = 8
"""Words that come into a cache together, on nearly every machine."""


@rule("int64(CPointer(int64), CPointer(int64), int64)", alone=True)
def run(memory: Words, log: Words, steps: int) -> int:
    """Simulate on, for at most so many steps of tasks and events; gives a `Status`."""
    return loop(World(integers_of(memory), 0), integers_of(log), steps)


@ACTIONS.dispatch
def happen(log: Words, action: int, owner: Owner, address: int) -> Task:  # type: ignore[empty-body]
    """Let an event happen; gives the task that goes on."""


@STAGES.dispatch
def go_on(log: Words, stage: int, task: Task) -> Task:  # type: ignore[empty-body]
    """Let a task go on at its stage; gives who goes on right after it."""


@kernel
def start(world: World) -> None:
    """What there is to do at time 0."""
    world.begun = True
    if world.strike_count + world.process_count > 0:
        begin_outages(world)
    begin(world)
    world.halt = next_halt(world)


@kernel
def loop(world: World, log: Words, steps: int) -> int:
    """One event after the other, and after each the steps of who goes on."""
    if not world.begun:
        start(world)
    task = world.task
    before_check = 0
    while True:
        if before_check == 0:
            before_check = STEPS_PER_CHECK
            steps -= STEPS_PER_CHECK
            status = room(world) if steps > 0 else Status.PAUSED
            if status != Status.DONE:
                world.task = task
                return status
        before_check -= 1
        if not task:
            task = world.agenda
            if task:
                world.agenda = task.next
            else:
                fill_hole(world)
                first = world.heap[0]
                time = first.time if world.heap_size > 0 else world.end
                if time >= world.halt:
                    if look_first(world, time):
                        continue
                    if time >= world.end:
                        end(world)
                        return Status.DONE
                event = first.event
                world.hole = True
                look_ahead(world)
                owner = event.owner
                if not owner:
                    world.cancelled -= 1
                    put_back(event)
                    continue
                status = check(time, event)
                if status != Status.DONE:
                    return status
                world.now = time
                world.events += 1
                action, address = event.action, event.address
                put_back(event)
                task = Task(world, happen(log, action, owner, address).index)
        if task:  # as one of this memory, so that one pointer, not two, is kept over the loop
            task = Task(world, go_on(log, task.stage, task).index)
        if not task and world.standstill:
            return Status.STANDSTILL


@kernel
def end(world: World) -> None:
    """The horizon and the drain are over: without a drain the horizon itself is too late for an event."""
    world.task = NOBODY
    if world.edge < world.edge_count - 1:
        look(world, world.edge_count - 1)


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
def next_halt(world: World) -> int:
    """Until when nothing but events is to be seen to: the next edge of the statistics, or the end."""
    edge = world.edge + 1
    return min(world.edges[edge], world.end) if edge < world.edge_count else world.end


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
    world.halt = next_halt(world)
    world.events += 1
    return True


@kernel
def look_ahead(world: World) -> None:
    """Have fetched what the next events need, since busy services have more in flight than any cache holds.

    The next one is one of the two below the top; what those are for was fetched with the four below them.
    """
    if world.heap_size <= CACHED:
        return
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
