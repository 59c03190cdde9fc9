"""The branches of a `parallel` (rule 4.6)."""

from __future__ import annotations

from ...plan.layout import Outcome
from ...rules.jit import Words, kernel
from .calls import make_task
from .flight import Role, Stage, Task
from .layout import Instruction, Option, World
from .memory import end_task, move_ledger

OK = int(Outcome.OK)


@kernel
def begin_parallel(m: Words, task: int, row: int) -> None:
    """All branches at once; each runs to its first wait before the next one starts (rule 4.6)."""
    count = m[row + Instruction.B]
    m[task + Task.ROW] = m[row + Instruction.C]
    if count > 0:
        m[task + Task.STAGE] = Stage.BRANCHES
        m[task + Task.OPTION] = m[row + Instruction.A]
        m[task + Task.OPTION_END] = m[row + Instruction.A] + count * Option.SIZE
        m[task + Task.REMAINING] = count


@kernel
def start_branch(m: Words, task: int) -> int:
    """Start one branch; the rest of them when it waits or has ended."""
    request, address, visit = m[task + Task.REQUEST], m[task + Task.ADDRESS], m[task + Task.VISIT]
    branch = make_task(m, Role.BRANCH, request, address, visit, m[task + Task.REPLICA])
    m[branch + Task.SERVICE] = m[task + Task.SERVICE]
    m[branch + Task.PARENT] = task
    m[branch + Task.ROW] = m[m[task + Task.OPTION] + Option.START]
    m[task + Task.OPTION] += Option.SIZE
    if m[task + Task.OPTION] < m[task + Task.OPTION_END]:
        put_on_agenda(m, task)
    else:
        m[task + Task.STAGE] = Stage.JOINED
    return branch


@kernel
def put_on_agenda(m: Words, task: int) -> None:
    """Let a task go on before any further event, after those that are put there later."""
    m[task + Task.NEXT] = m[World.AGENDA]
    m[World.AGENDA] = task


@kernel
def end_branch(m: Words, branch: int) -> int:
    """Count one branch; the first failure in time is the whole's, the last branch is the critical path."""
    task = m[branch + Task.PARENT]
    m[task + Task.REMAINING] -= 1
    if m[task + Task.CAUSE] == OK:
        m[task + Task.CAUSE] = m[branch + Task.CAUSE]
        m[task + Task.CAUSE_SERVICE] = m[branch + Task.CAUSE_SERVICE]
    following = 0
    if m[task + Task.REMAINING] == 0:
        move_ledger(m, branch, Task.FIRST, task, Task.FIRST)
        following = task
    end_task(m, branch)
    return following
