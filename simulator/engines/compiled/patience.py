"""Whether somebody waits for what is done, and until when (rules 12.16 to 12.20).

An exchange knows the one that its caller serves, as long as it is there itself: so work that has lost who waits for it
is known as such, however far up the caller is who gave up.
"""

from __future__ import annotations

from ...plan.layout import Outcome
from ...plan.trace import Waste
from ...rules.jit import Floats, Words, kernel, subroutine
from ...rules.nanoseconds import NEVER
from .flight import Exchange, Stage, Task
from .layout import Service, World
from .memory import let_go

OK, TIMEOUT = int(Outcome.OK), int(Outcome.TIMEOUT)
COLUMNS = len(Waste)


@kernel
def inherit(m: Words, exchange: int, above: int) -> None:
    """A try is for whom its caller works, if anybody."""
    m[exchange + Exchange.ABOVE] = above
    m[exchange + Exchange.ENDED] = NEVER
    m[exchange + Exchange.DEADLINE] = NEVER
    if above != 0:
        m[above + Exchange.REFERENCES] += 1
        m[exchange + Exchange.DEADLINE] = m[above + Exchange.DEADLINE]


@kernel
def forsake(m: Words, exchange: int) -> None:
    """The caller of a try waits no longer, now; while the exchange is there, work may be for nobody."""
    m[exchange + Exchange.ENDED] = m[World.NOW]
    m[World.FORSAKEN] += 1


@kernel
def deadline_of(m: Words, task: int) -> int:
    """When nobody will wait for a task's visit any more, as far as it knows."""
    visit = m[task + Task.VISIT]
    if m[World.DEADLINES] == 0 or visit == 0:
        return NEVER
    return m[visit + Exchange.DEADLINE]


@kernel
def is_late(m: Words, task: int) -> bool:
    """Whether the deadline of a task's visit has passed: nothing more begins (rule 12.19)."""
    return m[World.DEADLINES] == 1 and m[World.NOW] >= deadline_of(m, task)


@kernel
def is_dropped(m: Words, task: int) -> bool:
    """Whether a handler that has ended gives no answer: it failed, and nobody would hear of it."""
    return m[task + Task.CAUSE] != OK and is_late(m, task)


@subroutine
def drop(m: Words, task: int) -> None:
    """The work of a task ends here, since nobody waits any more."""
    m[task + Task.CAUSE] = TIMEOUT
    m[task + Task.CAUSE_SERVICE] = m[m[task + Task.SERVICE] + Service.ROW]
    if m[task + Task.STAGE] == Stage.UNPACKED:
        let_go(m, m[task + Task.EXCHANGE])
    if m[task + Task.STAGE] != Stage.RESPONDED:
        m[task + Task.STAGE] = Stage.DROPPED


# -- waste


@kernel
def awaited_until(m: Words, exchange: int) -> int:
    """When the first one on the way to the edge stopped waiting; NEVER if all still do."""
    first = NEVER
    while exchange != 0:
        first = min(first, m[exchange + Exchange.ENDED])
        exchange = m[exchange + Exchange.ABOVE]
    return first


@kernel
def note_waste(m: Words, f: Floats, task: int, column: int, started: int) -> None:
    """A step has ended: what of it was for nobody (rule 12.16).

    On shared cores, and where they stood still, it is taken to have gone on evenly.
    """
    if m[World.FORSAKEN] != 0:
        now, since = m[World.NOW], max(awaited_until(m, m[task + Task.VISIT]), started)
        if since < now:
            add_waste(m, f, task, column, since, m[task + Task.WORK] / (now - started))


@subroutine
def add_waste(m: Words, f: Floats, task: int, column: int, since: int, share: float) -> None:
    """From `since` until now somebody worked for nobody, so much of the time; by bin, backwards."""
    now = m[World.NOW]
    edges = m[World.EDGES]
    row, bins = m[m[task + Task.SERVICE] + Service.ROW], m[World.EDGE_COUNT] - 1
    bin_ = min(m[World.EDGE], bins - 1)
    end = min(now, m[edges + bin_ + 1])
    while True:
        begin = max(since, m[edges + bin_])
        if begin < end:
            f[m[World.WASTED] + (bin_ * m[World.SERVICE_COUNT] + row) * COLUMNS + column] += (end - begin) * share
        if m[edges + bin_] <= since:
            return
        end = m[edges + bin_]
        bin_ -= 1
