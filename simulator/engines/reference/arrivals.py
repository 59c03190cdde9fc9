"""Where requests come from: the lives of workloads and of users (rules 7.1 to 7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plan.engine import time_stands_still
from ...plan.order import EventKind, kind_key
from ...rules.nanoseconds import nanoseconds
from ...rules.randomness import child
from .clock import Steps
from .workloads import Workload

if TYPE_CHECKING:
    from .life import Life

ARRIVAL = kind_key(EventKind.ARRIVAL)

SPIN_LIMIT = 10_000
"""Requests of one closed user at one instant, after which time is taken to have stopped."""


def arrivals(life: Life, workload: Workload) -> Steps:
    """An open workload: requests come whatever becomes of the earlier ones (rules 7.1 to 7.4)."""
    for number, time in enumerate(workload.times()):
        if time >= life.horizon:
            return
        address = child(number, workload.stream, 0)
        key = workload.key(number, address)
        yield life.clock.at(time, key + ARRIVAL)
        request = life.record.request_begins(workload, number, address, address)
        life.clock.start(life.wish(request, address))


def ask_and_wait(life: Life, workload: Workload, user: int) -> Steps:
    """A closed user: think, ask, wait for the end of it, think again (rule 7.5)."""
    clock = life.clock
    hash_key = child(user, workload.stream, 1)
    spins = 0
    for cycle in range(2**32):
        number = user << 32 | cycle
        address = child(number, workload.stream, 0)
        ended = clock.now
        time = ended + nanoseconds(workload.think(address, workload.think_stream, 0))
        if time >= life.horizon:
            return
        yield clock.at(time, workload.key(number, address) + ARRIVAL)
        request = life.record.request_begins(workload, number, address, hash_key)
        yield from life.wish(request, address)
        spins = spins + 1 if clock.now == ended else 0
        if spins > SPIN_LIMIT:
            raise time_stands_still(ended / 1e9, workload.name)
