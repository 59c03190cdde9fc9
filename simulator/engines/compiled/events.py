"""What an event does; each gives the task that goes on because of it."""

from __future__ import annotations

from ...machine_code.jit import Words, kernel
from ...machine_code.records import NOBODY
from ...plan.measures import Waste
from .calls import answer, answered, deliver, expired
from .deadlines import drop, note_waste
from .dispatch import ACTIONS
from .failures import lie_still
from .flight import Action, Exchange, Task
from .layout import Replica
from .life import hear, unpack_message
from .slots import admit
from .stations import book_work, end_shared, hand_on

CPU, SLEEP = int(Waste.CPU), int(Waste.SLEEP)


@ACTIONS.on(Action.WORKED)
@kernel
def end_work(task: Task) -> Task:
    """A core has done a task's work."""
    hand_on(task)
    book_work(task)
    note_waste(task, CPU, task.started)
    return task


@ACTIONS.on(Action.SHARED)
@kernel
def end_shared_work(replica: Replica) -> Task:
    """Shared cores have done somebody's work."""
    task = end_shared(replica)
    book_work(task)
    note_waste(task, CPU, task.joined)
    return task


@ACTIONS.on(Action.SLEPT)
@kernel
def wake(task: Task) -> Task:
    """A sleep ends, unless its replica stands still."""
    if task.replica.paused != 0:
        lie_still(task)
        return NOBODY
    book_work(task)
    note_waste(task, SLEEP, task.started)
    return task


@ACTIONS.on(Action.DROPPED)
@kernel
def turn_down(task: Task) -> Task:
    """A core was free for a task for which nobody waits any more."""
    hand_on(task)
    drop(task)
    return task


@ACTIONS.on(Action.GRANT)
@kernel
def grant(task: Task) -> Task:
    """A slot is there."""
    admit(task)
    return task


@ACTIONS.on(Action.RETRY, Action.ENTER, Action.PERMIT)
@kernel
def resume(task: Task) -> Task:
    """A wait of a call under a policy has ended."""
    return task


@ACTIONS.on(Action.DELIVER)
@kernel
def receive(log: Words, exchange: Exchange) -> Task:
    """A message has arrived; who finds a slot begins at once."""
    task = deliver(log, exchange)
    if not task:
        return NOBODY
    return unpack_message(log, task)


@ACTIONS.on(Action.BREAK)
@kernel
def break_off(log: Words, exchange: Exchange) -> None:
    """A `send` meets a link error."""
    answer(log, exchange, exchange.world.now)


@ACTIONS.on(Action.ANSWER)
@kernel
def hear_answer(log: Words, exchange: Exchange) -> Task:
    """An answer is back; one that nobody waits for any more is no event (rule 5.6)."""
    if not exchange.awaited:
        exchange.world.events -= 1
    task = answered(exchange)
    if not task:
        return NOBODY
    return hear(log, task)


@ACTIONS.on(Action.EXPIRE)
@kernel
def lose_patience(exchange: Exchange) -> Task:
    """The caller's patience ends."""
    return expired(exchange)
