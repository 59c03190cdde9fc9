"""Whether somebody waits for what is done, and until when (rules 12.16 to 12.20).

An exchange knows the one that its caller serves, as long as it is there itself: so work that has lost who waits for it
is known as such, however far up the caller is who gave up.
"""

from __future__ import annotations

from ...machine_code.jit import kernel, subroutine
from ...plan.layout import Outcome
from ...plan.measures import Waste
from ...rules.nanoseconds import NEVER
from .flight import Exchange, Stage, Task
from .memory import let_go

OK, TIMEOUT, UNFINISHED = int(Outcome.OK), int(Outcome.TIMEOUT), int(Outcome.UNFINISHED)
COLUMNS = len(Waste)


@kernel
def inherit(exchange: Exchange, above: Exchange) -> None:
    """A try is for whom its caller works, if anybody."""
    exchange.above = above
    exchange.ended = NEVER
    exchange.deadline = NEVER
    if above:
        above.references += 1
        exchange.deadline = above.deadline


@kernel
def forsake(exchange: Exchange) -> None:
    """The caller of a try waits no longer, now; while the exchange is there, work may be for nobody."""
    world = exchange.world
    exchange.ended = world.now
    world.forsaken += 1
    # Its message is on its way, not lost, or its handler has not ended: nobody waits for that any more (rule 11.24).
    if exchange.outcome == UNFINISHED and exchange.references > 1:
        exchange.request.open += 1


@kernel
def deadline_of(task: Task) -> int:
    """When nobody will wait for a task's visit any more, as far as it knows."""
    visit = task.visit
    if not task.world.deadlines or not visit:
        return NEVER
    return visit.deadline


@kernel
def is_late(task: Task) -> bool:
    """Whether the deadline of a task's visit has passed: nothing more begins (rule 12.19)."""
    world = task.world
    return world.deadlines and world.now >= deadline_of(task)


@kernel
def is_dropped(task: Task) -> bool:
    """Whether a handler that has ended gives no answer: it failed, and nobody would hear of it."""
    return task.cause != OK and is_late(task)


@subroutine
def drop(task: Task) -> None:
    """The work of a task ends here, since nobody waits any more."""
    task.cause = TIMEOUT
    task.cause_service = task.service.row
    if task.stage == Stage.UNPACKED:
        let_go(task.exchange)
    if task.stage != Stage.RESPONDED:
        task.stage = Stage.DROPPED


# -- waste


@kernel
def awaited_until(exchange: Exchange) -> int:
    """When the first one on the way to the edge stopped waiting; NEVER if all still do."""
    first = NEVER
    while exchange:
        first = min(first, exchange.ended)
        exchange = exchange.above
    return first


@kernel
def note_waste(task: Task, column: int, started: int) -> None:
    """A step has ended: what of it was for nobody (rule 12.16).

    On shared cores, and where they stood still, it is taken to have gone on evenly.
    """
    world = task.world
    if world.forsaken != 0:
        now, since = world.now, max(awaited_until(task.visit), started)
        if since < now:
            add_waste(task, column, since, task.work / (now - started))


@subroutine
def add_waste(task: Task, column: int, since: int, share: float) -> None:
    """From `since` until now somebody worked for nobody, so much of the time; by bin, backwards."""
    world = task.world
    now, edges = world.now, world.edges
    row, bins = task.service.row, world.edge_count - 1
    bin_ = min(world.edge, bins - 1)
    end = min(now, edges[bin_ + 1])
    while True:
        begin = max(since, edges[bin_])
        if begin < end:
            world.wasted[(bin_ * world.service_count + row) * COLUMNS + column] += (end - begin) * share
        if edges[bin_] <= since:
            return
        end = edges[bin_]
        bin_ -= 1
