"""The loop: the next event, and then everybody who goes on because of it.

It comes back with a `Status`: when it is done, when it has done its share of steps (so that a Ctrl-C is heard), when
it needs more memory. All it knows is in the arrays, so it goes on where it was.
"""

from __future__ import annotations

from ...plan.trace import Waste
from ...rules.jit import Floats, Words, floats_of, integers_of, kernel, prefetch, rule
from .arrivals import arrive, ask, begin
from .calendar import fill_hole
from .calls import answer, answered, deliver, expired
from .efforts import give_up
from .faults import begin_outages, control, lie_still
from .flight import Action, Event, Exchange, Free, Status, Task
from .hedges import send_hedge
from .layout import ROOM, STEPS_PER_CHECK, Replica, World
from .life import go_on
from .memory import put_back
from .patience import drop, note_waste
from .record import look
from .slots import admit
from .stations import book_work, end_shared, hand_on

CPU, SLEEP = int(Waste.CPU), int(Waste.SLEEP)
CACHE_LINE = 8
"""Words that come into a cache together, on nearly every machine."""


@rule("int64(int64[::1], int64[::1], int64)")
def run(memory: Words, log: Words, steps: int) -> int:
    """Simulate on, for at most so many steps of tasks and events; gives a `Status`."""
    return loop(integers_of(memory), floats_of(memory), integers_of(log), steps)


@kernel
def loop(m: Words, f: Floats, log: Words, steps: int) -> int:
    """One step or event after the other."""
    if m[World.BEGUN] == 0:
        m[World.BEGUN] = 1
        begin_outages(m, f)
        begin(m, f)
    task = m[World.TASK]
    before_check = 0
    while True:
        if task == 0:
            task = m[World.AGENDA]
            if task != 0:
                m[World.AGENDA] = m[task + Task.NEXT]
        if before_check == 0:
            before_check = STEPS_PER_CHECK
            steps -= STEPS_PER_CHECK
            status = room(m) if steps > 0 else Status.PAUSED
            if status != Status.DONE:
                m[World.TASK] = task
                return status
        before_check -= 1
        if task != 0:
            task = go_on(m, f, log, task)
            if task == 0 and m[World.STANDSTILL] != 0:
                return Status.STANDSTILL
            continue
        fill_hole(m)
        heap = m[World.HEAP]
        time = m[heap] if m[World.HEAP_SIZE] > 0 else m[World.END]
        if look_first(m, f, time):
            continue
        if time >= m[World.END]:
            m[World.TASK] = 0
            if m[World.EDGE] < m[World.EDGE_COUNT] - 1:
                look(m, f, m[World.EDGE_COUNT] - 1)  # without a drain the horizon itself is too late for an event
            return Status.DONE
        event = m[heap + 1]
        m[World.HOLE] = 1
        look_ahead(m, heap)
        if m[event + Event.OWNER] == 0:
            m[World.CANCELLED] -= 1
            put_back(m, World.FREE_EVENT, event)
            continue
        status = check(m, time, event)
        if status != Status.DONE:
            return status
        m[World.NOW] = time
        m[World.EVENTS] += 1
        task = happen(m, f, log, event)


@kernel
def room(m: Words) -> int:
    """Whether there is room for whatever one step may take."""
    if m[World.TOP] + ROOM > m[World.CAPACITY]:
        return Status.NEEDS_MEMORY
    if m[World.HEAP_SIZE] + ROOM > m[World.HEAP_CAPACITY]:
        return Status.NEEDS_HEAP
    if m[World.LOG_TOP] + m[World.PAGES_ROOM] > m[World.LOG_CAPACITY]:
        return Status.NEEDS_LOG
    return Status.DONE


@kernel
def look_first(m: Words, f: Floats, time: int) -> bool:
    """An edge of the statistics at that time or before is looked at before anything else (rule 3.1)."""
    edge = m[World.EDGE] + 1
    if edge == m[World.EDGE_COUNT]:
        return False
    when = m[m[World.EDGES] + edge]
    if when > time or when >= m[World.END]:
        return False
    m[World.NOW] = when
    look(m, f, edge)
    m[World.EVENTS] += 1
    return True


@kernel
def look_ahead(m: Words, heap: int) -> None:
    """Have fetched what the next events need, since busy services have more in flight than any cache holds.

    The next one is one of the two below the top; what those are for was fetched with the four below them.
    """
    for place in range(3, 7):
        prefetch(m, m[heap + 2 * place + 1])
    for place in range(1, 3):
        owner = m[m[heap + 2 * place + 1] + Event.OWNER]
        for line in range(3):
            prefetch(m, owner + CACHE_LINE * line)


@kernel
def check(m: Words, time: int, event: int) -> int:
    """Two events of one time have two keys (rule 3.3), and who an event is for is still the same one."""
    if m[m[event + Event.OWNER] + Free.GENERATION] != m[event + Event.OWNER_GENERATION]:
        return Status.BROKEN
    if (
        time == m[World.LAST_TIME]
        and m[event + Event.HEAD] == m[World.LAST_HEAD]
        and m[event + Event.REQUEST] == m[World.LAST_REQUEST]
        and m[event + Event.ADDRESS] == m[World.LAST_ADDRESS]
    ):
        return Status.SAME_KEY
    m[World.LAST_TIME] = time
    m[World.LAST_HEAD] = m[event + Event.HEAD]
    m[World.LAST_REQUEST] = m[event + Event.REQUEST]
    m[World.LAST_ADDRESS] = m[event + Event.ADDRESS]
    return Status.DONE


@kernel
def happen(m: Words, f: Floats, log: Words, event: int) -> int:
    """Let an event happen; gives the task that goes on."""
    action, owner, address = m[event + Event.ACTION], m[event + Event.OWNER], m[event + Event.ADDRESS]
    put_back(m, World.FREE_EVENT, event)
    if action == Action.WORKED:
        hand_on(m, f, owner)
        book_work(m, owner)
        note_waste(m, f, owner, CPU, m[owner + Task.STARTED])
        return owner
    if action == Action.DELIVER:
        return deliver(m, f, log, owner)
    if action == Action.ANSWER:
        return hear_answer(m, owner)
    if action == Action.ARRIVE:
        return arrive(m, f, log, owner, address)
    if action == Action.SHARED:
        task = end_shared(m, f, owner)
        book_work(m, task)
        note_waste(m, f, task, CPU, m[task + Task.JOINED])
        return task
    if action == Action.SLEPT:
        if m[m[owner + Task.REPLICA] + Replica.PAUSED] != 0:
            lie_still(m, f, owner)
            return 0
        book_work(m, owner)
        note_waste(m, f, owner, SLEEP, m[owner + Task.STARTED])
        return owner
    if action == Action.GRANT:
        admit(m, owner)
        return owner
    if action == Action.EXPIRE:
        return expired(m, owner)
    if action == Action.ASK:
        return ask(m, f, log, owner, address)
    return happen_seldom(m, f, log, action, owner)


@kernel
def happen_seldom(m: Words, f: Floats, log: Words, action: int, owner: int) -> int:
    """What happens under policies, and to messages for which nobody waits."""
    if action in (Action.RETRY, Action.ENTER, Action.PERMIT):
        return owner
    if action == Action.GIVE_UP:
        give_up(m, owner)
        return owner
    if action == Action.HEDGE:
        send_hedge(m, f, log, owner)
        return 0
    if action == Action.DROPPED:
        hand_on(m, f, owner)
        drop(m, owner)
        return owner
    if action >= Action.STRIKE:
        return control(m, f, action, owner)
    answer(m, f, log, owner, m[World.NOW])
    return 0


@kernel
def hear_answer(m: Words, exchange: int) -> int:
    """An answer is back; one that nobody waits for any more is no event (rule 5.6)."""
    if m[exchange + Exchange.AWAITED] == 0:
        m[World.EVENTS] -= 1
    return answered(m, exchange)
