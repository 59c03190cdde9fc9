"""What is left of a request when it ends, and when that is done (rule 11.24)."""

from __future__ import annotations

from ...machine_code.jit import Words, kernel, subroutine
from ...machine_code.records import size_of
from ...plan.layout import GOOD
from .flight import Request
from .logs import NO_END, SettleRow
from .recorder import new_row

LAST_GOOD = int(GOOD)
SETTLE_WORDS = size_of(SettleRow)


@subroutine
def begin_settling(log: Words, request: Request, outcome: int) -> None:
    """A request has ended, now: something of it may be left."""
    world, served = request.world, -1
    if outcome <= LAST_GOOD:
        served = world.served
        world.served += 1
    if request.open > 0:
        request.last = world.now
        request.settling = new_row(log, world.settle_log, SETTLE_WORDS)
        row = SettleRow(log, request.settling)
        row.row = request.row
        row.workload = request.workload
        row.bin = request.bin
        row.served = served
        row.completion = NO_END


@kernel
def may_begin(request: Request) -> None:
    """A message of a request is on its way that may begin a handler, or a handler begins for whom nobody waits."""
    request.open += 1


@kernel
def handler_ends(log: Words, request: Request) -> None:
    """A handler of a request ends, now; what is called inside a process is part of its caller's."""
    request.open -= 1
    if request.settling != 0:
        request.last = request.world.now
        settle(log, request)


@kernel
def nothing_begins(log: Words, request: Request) -> None:
    """A message of a request begins no handler, or one that waited for a slot gets none."""
    request.open -= 1
    if request.settling != 0:
        settle(log, request)


@subroutine
def settle(log: Words, request: Request) -> None:
    """Something less is left of a request that has ended: if that was all, it has settled."""
    if request.open == 0:
        SettleRow(log, request.settling).completion = request.last - request.arrival
