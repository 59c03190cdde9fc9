"""Where requests come from: the lives of workloads and of users (rules 7.1 to 7.6)."""

from __future__ import annotations

from collections.abc import Callable

from ...plan.engine import time_stands_still
from ...plan.order import EventKind, kind_key
from ...plan.plan import Plan
from ...rules.nanoseconds import nanoseconds
from ...rules.randomness import child
from .clock import Steps
from .flight import Request
from .workloads import Workload, make_workloads
from .world import World

ARRIVAL = kind_key(EventKind.ARRIVAL)

SPIN_LIMIT = 10_000
"""Requests of one closed user at one instant, after which time is taken to have stopped."""

Wish = Callable[[Request, int], Steps]
"""The life of a request at an address, from its arrival on."""


def begin_arrivals(world: World, plan: Plan, wish: Wish) -> None:
    """Let every workload begin at time 0."""
    for workload in make_workloads(plan, world.model.draws, world.key):
        if workload.users is None:
            world.clock.start(arrivals(world, workload, wish))
        else:
            for user in range(workload.users):
                world.clock.start(ask_and_wait(world, workload, user, wish))


def arrivals(world: World, workload: Workload, wish: Wish) -> Steps:
    """An open workload: requests come whatever becomes of the earlier ones (rules 7.1 to 7.4)."""
    for number, time in enumerate(workload.times()):
        if time >= world.horizon:
            return
        address = child(number, workload.stream, 0)
        key = workload.key(number, address)
        yield world.clock.at(time, key + ARRIVAL)
        request = world.record.request_begins(workload, number, address, address)
        world.clock.start(wish(request, address))


def ask_and_wait(world: World, workload: Workload, user: int, wish: Wish) -> Steps:
    """A closed user: think, ask, wait for the end of it, think again (rule 7.5)."""
    clock = world.clock
    hash_key = child(user, workload.stream, 1)
    spins = 0
    for cycle in range(2**32):
        number = user << 32 | cycle
        address = child(number, workload.stream, 0)
        ended = clock.now
        time = ended + nanoseconds(workload.think(address, workload.think_stream, 0))
        if time >= world.horizon:
            return
        yield clock.at(time, workload.key(number, address) + ARRIVAL)
        request = world.record.request_begins(workload, number, address, hash_key)
        yield from wish(request, address)
        spins = spins + 1 if clock.now == ended else 0
        if spins > SPIN_LIMIT:
            raise time_stands_still(ended / 1e9, workload.name)
