"""The branches of a `parallel` (rule 4.6)."""

from __future__ import annotations

from ...machine_code.jit import kernel
from ...machine_code.records import NOBODY
from ...plan.layout import Op, Outcome
from .calls import make_task
from .dispatch import OPS, STAGES
from .flight import Role, Stage, Task
from .layout import Instruction
from .memory import end_task, move_ledger

OK = int(Outcome.OK)


@OPS.on(Op.PARALLEL)
@kernel
def begin_parallel(task: Task, row: Instruction) -> Task:
    """All branches at once; each runs to its first wait before the next one starts (rule 4.6)."""
    task.row = row.to
    if row.count > 0:
        task.stage = Stage.BRANCHES
        task.option = row.options[0]
        task.last_option = row.options[row.count]
        task.remaining = row.count
    return task


@STAGES.on(Stage.BRANCHES)
@kernel
def start_branch(task: Task) -> Task:
    """Start one branch; the rest of them when it waits or has ended."""
    branch = make_task(Role.BRANCH, task.request, task.address, task.visit, task.replica)
    branch.service = task.service
    branch.parent = task
    branch.row = task.option.start
    task.option = task.option.following
    if task.option != task.last_option:
        put_on_agenda(task)
    else:
        task.stage = Stage.JOINED
    return branch


@kernel
def put_on_agenda(task: Task) -> None:
    """Let a task go on before any further event, after those that are put there later."""
    world = task.world
    task.next = world.agenda
    world.agenda = task


@kernel
def end_branch(branch: Task) -> Task:
    """Count one branch; the first failure in time is the whole's, the last branch is the critical path."""
    task = branch.parent
    task.remaining -= 1
    if task.cause == OK:
        task.cause = branch.cause
        task.cause_service = branch.cause_service
    following = NOBODY
    if task.remaining == 0:
        move_ledger(branch.ledger, task.ledger)
        following = task
    end_task(branch)
    return following
