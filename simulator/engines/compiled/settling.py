"""What is left of a request when it ends, and when that is done (rule 11.24).

Only what nobody waits for can outlive its request: what was sent, and what its caller has given up. Whatever somebody
waits for ends before he does. So only the former is counted, which costs what is answered nothing.
"""

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
        row.row = request.row if world.logs_requests else -1
        row.workload = request.workload
        row.bin = request.bin
        row.served = served
        row.completion = NO_END


@subroutine
def handler_ends(log: Words, request: Request) -> None:
    """A handler ends, now, for whom nobody waits."""
    request.open -= 1
    if request.settling != 0:
        request.last = request.world.now
        settle(log, request)


@subroutine
def nothing_begins(log: Words, request: Request) -> None:
    """A message that nobody waits for begins no handler, or one that waited for a slot gets none."""
    request.open -= 1
    if request.settling != 0:
        settle(log, request)


@kernel
def settle(log: Words, request: Request) -> None:
    """Something less is left of a request that has ended: if that was all, it has settled."""
    if request.open == 0:
        SettleRow(log, request.settling).completion = request.last - request.arrival
