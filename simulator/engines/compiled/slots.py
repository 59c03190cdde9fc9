"""The slots of a replica, and who waits for one (rules 5.8 and 5.9)."""

from __future__ import annotations

from ...machine_code.jit import kernel
from ...machine_code.records import NOBODY
from ...plan.layout import Component
from .calendar import GRANT, schedule_for
from .flight import Action, Stage, Task
from .layout import Replica
from .memory import spend
from .stations import change

WAITING_TIME = int(Component.WAITING)


@kernel
def queue_for_slot(replica: Replica, task: Task) -> None:
    """Who comes last gets a slot last (FIFO) or first (LIFO)."""
    first = replica.slot_first
    if not first or replica.unit.lifo:
        task.next = first
        replica.slot_first = task
        if not first:
            replica.slot_last = task
    else:
        task.next = NOBODY
        replica.slot_last.next = task
        replica.slot_last = task


@kernel
def release_slot(replica: Replica) -> None:
    """Hand the slot on, if somebody waits for one (rule 5.9)."""
    now, task = replica.world.now, replica.slot_first
    if not task:
        replica.in_progress -= 1
        return
    replica.slot_first = task.next
    replica.queued -= 1
    change(task.service.waiting, now, -1)
    schedule_for(now, GRANT, task, 0, Action.GRANT)


@kernel
def admit(task: Task) -> None:
    """A slot was granted."""
    waited = task.world.now - task.joined
    task.visit.visit_waiting += waited
    spend(task, WAITING_TIME, waited)
    task.stage = Stage.RECEIVED
