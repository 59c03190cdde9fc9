"""The slots of a replica, and who waits for one (rules 5.8 and 5.9)."""

from __future__ import annotations

from ...plan.layout import Component
from ...rules.jit import Floats, Words, kernel
from .calendar import GRANT, schedule_for
from .flight import Action, Exchange, Stage, Task
from .layout import Replica, Service, Unit, World
from .memory import spend
from .stations import change

WAITING_TIME = int(Component.WAITING)


@kernel
def queue_for_slot(m: Words, replica: int, task: int) -> None:
    """Who comes last gets a slot last (FIFO) or first (LIFO)."""
    first = m[replica + Replica.SLOT_FIRST]
    if first == 0 or m[m[replica + Replica.UNIT] + Unit.LIFO] == 1:
        m[task + Task.NEXT] = first
        m[replica + Replica.SLOT_FIRST] = task
        if first == 0:
            m[replica + Replica.SLOT_LAST] = task
    else:
        m[task + Task.NEXT] = 0
        m[m[replica + Replica.SLOT_LAST] + Task.NEXT] = task
        m[replica + Replica.SLOT_LAST] = task


@kernel
def release_slot(m: Words, f: Floats, replica: int) -> None:
    """Hand the slot on, if somebody waits for one (rule 5.9)."""
    task = m[replica + Replica.SLOT_FIRST]
    if task == 0:
        m[replica + Replica.IN_PROGRESS] -= 1
        return
    m[replica + Replica.SLOT_FIRST] = m[task + Task.NEXT]
    m[replica + Replica.QUEUED] -= 1
    change(m, f, m[task + Task.SERVICE] + Service.WAITING, m[World.NOW], -1)
    schedule_for(m, m[World.NOW], GRANT, task, 0, Action.GRANT)


@kernel
def admit(m: Words, task: int) -> None:
    """A slot was granted."""
    waited = m[World.NOW] - m[task + Task.JOINED]
    m[m[task + Task.VISIT] + Exchange.VISIT_WAITING] += waited
    spend(m, task, WAITING_TIME, waited)
    m[task + Task.STAGE] = Stage.RECEIVED
