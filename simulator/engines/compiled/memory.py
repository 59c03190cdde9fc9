"""Records that come and go: taken from a list of free ones of their kind, or from the top of memory.

What is put back gets a new generation. Nobody should refer to it any more; an event that does is found out.
"""

from __future__ import annotations

from ...rules.jit import Words, kernel, subroutine
from ...rules.nanoseconds import NEVER
from .flight import Exchange, Free, LedgerEntry, Repetition, Request, Task
from .layout import Replica, Service, World


@kernel
def take(m: Words, free: int, size: int) -> int:
    """A record whose list of free ones is at the word `free` of the world; what is in it is left from before."""
    record = m[free]
    if record != 0:
        m[free] = m[record + Free.NEXT]
        return record
    record = m[World.TOP]
    m[World.TOP] = record + size
    return record


@kernel
def put_back(m: Words, free: int, record: int) -> None:
    """A record that nobody refers to any more."""
    m[record + Free.GENERATION] += 1
    m[record + Free.NEXT] = m[free]
    m[free] = record


@kernel
def note(m: Words, owner: int, first: int, component: int, time: int) -> None:
    """Add an entry to a ledger, whose two words are at `first` of its owner."""
    entry = take(m, World.FREE_ENTRY, LedgerEntry.SIZE)
    m[entry + LedgerEntry.NEXT] = 0
    m[entry + LedgerEntry.COMPONENT] = component
    m[entry + LedgerEntry.TIME] = time
    if m[owner + first] == 0:
        m[owner + first] = entry
    else:
        m[m[owner + first + 1] + LedgerEntry.NEXT] = entry
    m[owner + first + 1] = entry


@kernel
def spend(m: Words, task: int, component: int, time: int) -> None:
    """Note what some of a task's time was spent on, at its own service."""
    note(m, task, Task.FIRST, m[m[task + Task.SERVICE] + Service.COMPONENTS] + component, time)


@kernel
def move_ledger(m: Words, giver: int, given: int, taker: int, taken: int) -> None:
    """Append a ledger to another one, and leave nothing of it."""
    first = m[giver + given]
    if first == 0:
        return
    if m[taker + taken] == 0:
        m[taker + taken] = first
    else:
        m[m[taker + taken + 1] + LedgerEntry.NEXT] = first
    m[taker + taken + 1] = m[giver + given + 1]
    m[giver + given] = 0


@kernel
def drop_ledger(m: Words, owner: int, first: int) -> None:
    """Put back all entries of a ledger at once."""
    entry = m[owner + first]
    if entry != 0:
        m[m[owner + first + 1] + LedgerEntry.NEXT] = m[World.FREE_ENTRY]
        m[World.FREE_ENTRY] = entry
        m[owner + first] = 0


@kernel
def let_go_of_request(m: Words, request: int) -> None:
    """One less refers to a request."""
    m[request + Request.REFERENCES] -= 1
    if m[request + Request.REFERENCES] == 0:
        put_back(m, World.FREE_REQUEST, request)


@kernel
def let_go(m: Words, exchange: int) -> None:
    """One less refers to an exchange: its caller has what it wants of it, or nobody is busy with it any more."""
    m[exchange + Exchange.REFERENCES] -= 1
    if m[exchange + Exchange.REFERENCES] == 0:
        put_back_exchange(m, exchange)
        if m[World.PATIENT] == 1:
            above = m[exchange + Exchange.ABOVE]
            m[World.FORSAKEN] -= m[exchange + Exchange.ENDED] < NEVER
            if above != 0:
                m[above + Exchange.REFERENCES] -= 1
                if m[above + Exchange.REFERENCES] == 0:
                    let_go_above(m, above)


@kernel
def put_back_exchange(m: Words, exchange: int) -> None:
    """An exchange to which nobody refers any more."""
    drop_ledger(m, exchange, Exchange.FIRST)
    let_go_of_request(m, m[exchange + Exchange.REQUEST])
    put_back(m, World.FREE_EXCHANGE, exchange)


@subroutine
def let_go_above(m: Words, exchange: int) -> None:
    """Who asked whether somebody waits for this exchange is gone, and so is it, and perhaps those above it."""
    while True:
        put_back_exchange(m, exchange)
        m[World.FORSAKEN] -= m[exchange + Exchange.ENDED] < NEVER
        exchange = m[exchange + Exchange.ABOVE]
        if exchange == 0:
            return
        m[exchange + Exchange.REFERENCES] -= 1
        if m[exchange + Exchange.REFERENCES] > 0:
            return


@kernel
def drop_repetition(m: Words, task: int) -> None:
    """Leave the innermost repetition."""
    repetition = m[task + Task.REPETITION]
    m[task + Task.REPETITION] = m[repetition + Repetition.OUTER]
    put_back(m, World.FREE_REPETITION, repetition)


@kernel
def come(m: Words, task: int, replica: int) -> None:
    """A task is in a replica; where replicas can die, they know who is in them."""
    m[task + Task.REPLICA] = replica
    if m[World.MORTAL] == 1 and replica != 0:
        earlier = m[replica + Replica.TASKS]
        m[task + Task.EARLIER] = earlier
        m[task + Task.LATER] = 0
        m[replica + Replica.TASKS] = task
        if earlier != 0:
            m[earlier + Task.LATER] = task


@kernel
def leave(m: Words, task: int) -> None:
    """A task is no more in its replica."""
    replica = m[task + Task.REPLICA]
    if m[World.MORTAL] == 1 and replica != 0:
        earlier, later = m[task + Task.EARLIER], m[task + Task.LATER]
        if earlier != 0:
            m[earlier + Task.LATER] = later
        if later != 0:
            m[later + Task.EARLIER] = earlier
        else:
            m[replica + Replica.TASKS] = earlier


@kernel
def end_task(m: Words, task: int) -> None:
    """A task is over."""
    leave(m, task)
    drop_ledger(m, task, Task.FIRST)
    put_back(m, World.FREE_TASK, task)
