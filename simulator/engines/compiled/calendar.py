"""The calendar: a binary heap of (time, event), ordered by the time, then by the event's key (rules 3.1 to 3.3).

HEAD packs what comes first and last in a key: kind (8 bits), workload (16), local index (32); the request and the
address are between workload and local. An event is not moved and not changed while it waits; one that is not to
happen is cancelled, and taken out when it comes up, or when more than half of them are.
"""

from __future__ import annotations

from ...plan.order import EventKind
from ...rules.jit import Words, kernel, subroutine, uint64
from .flight import Event, Free, Request, Task
from .layout import World
from .memory import put_back, take

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
def key_before(m: Words, one: int, other: int) -> bool:
    """Whether the key of one event (or of one job) is the smaller one; the words are those of `Event`."""
    head, other_head = m[one + Event.HEAD], m[other + Event.HEAD]
    if head >> WORKLOAD_SHIFT != other_head >> WORKLOAD_SHIFT:
        return head < other_head
    request, other_request = m[one + Event.REQUEST], m[other + Event.REQUEST]
    if request != other_request:
        return request < other_request
    address, other_address = uint64(m[one + Event.ADDRESS]), uint64(m[other + Event.ADDRESS])
    if address != other_address:
        return address < other_address
    return head < other_head


@kernel
def before(m: Words, time: int, event: int, other_time: int, other: int) -> bool:
    """Whether one place of the heap comes before another one."""
    if time != other_time:
        return time < other_time
    return key_before(m, event, other)


@kernel
def sift_up(m: Words, place: int, time: int, event: int) -> None:
    """Put an event into a free place of the heap, or nearer to the top."""
    heap = m[World.HEAP]
    while place > 0:
        above = (place - 1) >> 1
        at = heap + 2 * above
        if not before(m, time, event, m[at], m[at + 1]):
            break
        m[heap + 2 * place] = m[at]
        m[heap + 2 * place + 1] = m[at + 1]
        place = above
    m[heap + 2 * place] = time
    m[heap + 2 * place + 1] = event


@subroutine
def sift_down(m: Words, place: int, time: int, event: int) -> None:
    """Put an event into a free place of the heap, or further from the top."""
    heap, size = m[World.HEAP], m[World.HEAP_SIZE]
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        at = heap + 2 * below
        if below + 1 < size and before(m, m[at + 2], m[at + 3], m[at], m[at + 1]):
            below += 1
            at += 2
        if not before(m, m[at], m[at + 1], time, event):
            break
        m[heap + 2 * place] = m[at]
        m[heap + 2 * place + 1] = m[at + 1]
        place = below
    m[heap + 2 * place] = time
    m[heap + 2 * place + 1] = event


@subroutine
def insert(m: Words, time: int, event: int) -> None:
    """Put an event into the heap: into the place of the one that is happening, if that is still free."""
    if m[World.HOLE] == 1:
        m[World.HOLE] = 0
        sift_down(m, 0, time, event)
    else:
        place = m[World.HEAP_SIZE]
        m[World.HEAP_SIZE] = place + 1
        sift_up(m, place, time, event)


@kernel
def fill_hole(m: Words) -> None:
    """Take the top out of the heap, if it is done with."""
    if m[World.HOLE] == 1:
        m[World.HOLE] = 0
        size = m[World.HEAP_SIZE] - 1
        m[World.HEAP_SIZE] = size
        if size > 0:
            last = m[World.HEAP] + 2 * size
            sift_down(m, 0, m[last], m[last + 1])


@kernel
def schedule(m: Words, time: int, head: int, request: int, address: int, action: int, owner: int) -> int:
    """A new event at an absolute time; gives its reference, to be cancelled by."""
    event = take(m, World.FREE_EVENT, Event.SIZE)
    m[event + Event.HEAD] = head
    m[event + Event.REQUEST] = request
    m[event + Event.ADDRESS] = address
    m[event + Event.ACTION] = action
    m[event + Event.OWNER] = owner
    m[event + Event.OWNER_GENERATION] = m[owner + Free.GENERATION]
    insert(m, time, event)
    return event


@kernel
def schedule_for(m: Words, time: int, kind: int, task: int, local: int, action: int) -> int:
    """A new event of a task's own."""
    request = m[task + Task.REQUEST]
    head = kind | m[request + Request.WORKLOAD] << WORKLOAD_SHIFT | local
    number = m[request + Request.NUMBER]
    return schedule(m, time, head, number, m[task + Task.ADDRESS], action, task)


@subroutine
def cancel(m: Words, event: int) -> None:
    """Let an event not happen."""
    m[event + Event.OWNER] = 0
    m[World.CANCELLED] += 1
    if m[World.CANCELLED] > FEW and 2 * m[World.CANCELLED] > m[World.HEAP_SIZE]:
        clear_out(m)


@subroutine
def clear_out(m: Words) -> None:
    """Take all cancelled events out of the heap: in all, less work than leaving them in."""
    fill_hole(m)
    heap, size, kept = m[World.HEAP], m[World.HEAP_SIZE], 0
    for place in range(size):
        event = m[heap + 2 * place + 1]
        if m[event + Event.OWNER] == 0:
            put_back(m, World.FREE_EVENT, event)
        else:
            m[heap + 2 * kept] = m[heap + 2 * place]
            m[heap + 2 * kept + 1] = event
            kept += 1
    m[World.HEAP_SIZE] = kept
    m[World.CANCELLED] = 0
    for place in range((kept - 2) >> 1, -1, -1):
        sift_down(m, place, m[heap + 2 * place], m[heap + 2 * place + 1])
