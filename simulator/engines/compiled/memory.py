"""Who lets go of what: records are put back when nobody refers to them any more; and ledgers, which are lists."""

from __future__ import annotations

from ...machine_code.jit import kernel, subroutine
from ...machine_code.records import NOBODY, put_back, take
from ...rules.nanoseconds import NEVER
from .flight import Exchange, Ledger, LedgerEntry, Request, Task
from .layout import Replica


@kernel
def note(ledger: Ledger, component: int, time: int) -> None:
    """Add an entry to a ledger."""
    entry = take(ledger.world, LedgerEntry)
    entry.component = component
    entry.time = time
    if not ledger.first:
        ledger.first = entry
    else:
        ledger.last.next = entry
    ledger.last = entry


@kernel
def spend(task: Task, component: int, time: int) -> None:
    """Note what some of a task's time was spent on, at its own service."""
    note(task.ledger, task.service.components + component, time)


@kernel
def move_ledger(giver: Ledger, taker: Ledger) -> None:
    """Append a ledger to another one, and leave nothing of it."""
    if not giver.first:
        return
    if not taker.first:
        taker.first = giver.first
    else:
        taker.last.next = giver.first
    taker.last = giver.last
    giver.first = NOBODY


@kernel
def drop_ledger(ledger: Ledger) -> None:
    """Put back all entries of a ledger at once."""
    if ledger.first:
        world = ledger.world
        ledger.last.next = world.free_entry
        world.free_entry = ledger.first
        ledger.first = NOBODY


@kernel
def let_go_of_request(request: Request) -> None:
    """One less refers to a request."""
    request.references -= 1
    if request.references == 0:
        put_back(request)


@kernel
def let_go(exchange: Exchange) -> None:
    """One less refers to an exchange: its caller has what it wants of it, or nobody is busy with it any more."""
    world = exchange.world
    exchange.references -= 1
    if exchange.references == 0:
        put_back_exchange(exchange)
        if world.patient:
            above = exchange.above
            world.forsaken -= exchange.ended < NEVER
            if above:
                above.references -= 1
                if above.references == 0:
                    let_go_above(above)


@kernel
def put_back_exchange(exchange: Exchange) -> None:
    """An exchange to which nobody refers any more."""
    drop_ledger(exchange.ledger)
    let_go_of_request(exchange.request)
    put_back(exchange)


@subroutine
def let_go_above(exchange: Exchange) -> None:
    """Who asked whether somebody waits for this exchange is gone, and so is it, and perhaps those above it."""
    while True:
        put_back_exchange(exchange)
        exchange.world.forsaken -= exchange.ended < NEVER
        exchange = exchange.above
        if not exchange:
            return
        exchange.references -= 1
        if exchange.references > 0:
            return


@kernel
def drop_repetition(task: Task) -> None:
    """Leave the innermost repetition."""
    repetition = task.repetition
    task.repetition = repetition.outer
    put_back(repetition)


@kernel
def come(task: Task, replica: Replica) -> None:
    """A task is in a replica; where replicas can die, they know who is in them."""
    task.replica = replica
    if task.world.mortal and replica:
        earlier = replica.tasks
        task.earlier = earlier
        task.later = NOBODY
        replica.tasks = task
        if earlier:
            earlier.later = task


@kernel
def leave(task: Task) -> None:
    """A task is no more in its replica."""
    replica = task.replica
    if task.world.mortal and replica:
        earlier, later = task.earlier, task.later
        if earlier:
            earlier.later = later
        if later:
            later.earlier = earlier
        else:
            replica.tasks = earlier


@kernel
def end_task(task: Task) -> None:
    """A task is over."""
    leave(task)
    drop_ledger(task.ledger)
    put_back(task)
