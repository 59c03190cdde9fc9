"""The calendar: a binary heap of (time, event), ordered by the time, then by the event's key (rules 3.1 to 3.3).

The `head` of an event packs what comes first and last in a key: kind (8 bits), workload (16), local index (32); its
request and its address are between workload and local. An event is not moved and not changed while it waits; one that
is not to happen is cancelled, and taken out when it comes up, or when more than half of them are.
"""

from __future__ import annotations

from ...machine_code.jit import kernel, subroutine, uint64
from ...machine_code.records import NOBODY, put_back, take
from ...plan.order import EventKind
from .flight import Event, Task
from .layout import Owner, Place, World

WORKLOAD_SHIFT = 32
KIND_SHIFT = 48
CONTROL = int(EventKind.CONTROL) << KIND_SHIFT
COMPLETION = int(EventKind.COMPLETION) << KIND_SHIFT
REPLY = int(EventKind.REPLY) << KIND_SHIFT
TIMER = int(EventKind.TIMER) << KIND_SHIFT
GRANT = int(EventKind.GRANT) << KIND_SHIFT
DELIVERY = int(EventKind.DELIVERY) << KIND_SHIFT
ARRIVAL = int(EventKind.ARRIVAL) << KIND_SHIFT

FEW = 64
"""Cancelled events that are left where they are."""


@kernel
def key_before(one: Event, other: Event) -> bool:
    """Whether the key of one event is the smaller one."""
    head, other_head = one.head, other.head
    if head >> WORKLOAD_SHIFT != other_head >> WORKLOAD_SHIFT:
        return head < other_head
    request, other_request = one.request, other.request
    if request != other_request:
        return request < other_request
    address, other_address = uint64(one.address), uint64(other.address)
    if address != other_address:
        return address < other_address
    return head < other_head


@kernel
def before(time: int, event: Event, other_time: int, other: Event) -> bool:
    """Whether one place of the heap comes before another one."""
    if time != other_time:
        return time < other_time
    return key_before(event, other)


@kernel
def put(place: Place, time: int, event: Event) -> None:
    """Have an event in a place of the heap."""
    place.time = time
    place.event = event


@kernel
def sift_up(place: int, time: int, event: Event) -> None:
    """Put an event into a free place of the heap, or nearer to the top."""
    heap = event.world.heap
    while place > 0:
        above = (place - 1) >> 1
        if not before(time, event, heap[above].time, heap[above].event):
            break
        put(heap[place], heap[above].time, heap[above].event)
        place = above
    put(heap[place], time, event)


@kernel
def comes_second(place: Place) -> bool:
    """Whether what is in the place that follows comes first."""
    time, other = place.time, place.following.time
    if time == other:
        return key_before(place.following.event, place.event)
    return other < time


@subroutine
def sift_down(place: int, time: int, event: Event) -> None:
    """Put an event into a free place of the heap, or further from the top."""
    world = event.world
    heap, size = world.heap, world.heap_size
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size:
            below += int(comes_second(heap[below]))  # no branch: a processor would guess wrong every other time
        at = heap[below]
        if not before(at.time, at.event, time, event):
            break
        put(heap[place], at.time, at.event)
        place = below
    put(heap[place], time, event)


@subroutine
def insert(time: int, event: Event) -> None:
    """Put an event into the heap: into the place of the one that is happening, if that is still free."""
    world = event.world
    if world.hole:
        world.hole = False
        sift_down(0, time, event)
    else:
        place = world.heap_size
        world.heap_size = place + 1
        sift_up(place, time, event)


@kernel
def fill_hole(world: World) -> None:
    """Take the top out of the heap, if it is done with."""
    if world.hole:
        world.hole = False
        size = world.heap_size - 1
        world.heap_size = size
        if size > 0:
            last = world.heap[size]
            sift_down(0, last.time, last.event)


@kernel
def schedule(time: int, head: int, request: int, address: int, action: int, owner: Owner) -> Event:
    """A new event at an absolute time; gives its reference, to be cancelled by."""
    event = take(owner.world, Event)
    event.head = head
    event.request = request
    event.address = address
    event.action = action
    event.owner = owner
    event.owner_generation = owner.generation
    insert(time, event)
    return event


@kernel
def schedule_for(time: int, kind: int, task: Task, local: int, action: int) -> Event:
    """A new event of a task's own."""
    request = task.request
    head = kind | request.workload << WORKLOAD_SHIFT | local
    return schedule(time, head, request.number, task.address, action, task)


@subroutine
def cancel(event: Event) -> None:
    """Let an event not happen."""
    world = event.world
    event.owner = NOBODY
    world.cancelled += 1
    if world.cancelled > FEW and 2 * world.cancelled > world.heap_size:
        clear_out(world)


@subroutine
def clear_out(world: World) -> None:
    """Take all cancelled events out of the heap: in all, less work than leaving them in."""
    fill_hole(world)
    heap, size, kept = world.heap, world.heap_size, 0
    for place in range(size):
        event = heap[place].event
        if not event.owner:
            put_back(event)
        else:
            put(heap[kept], heap[place].time, event)
            kept += 1
    world.heap_size = kept
    world.cancelled = 0
    for place in range((kept - 2) >> 1, -1, -1):
        sift_down(place, heap[place].time, heap[place].event)
