"""What the memory of a run says when it has ended: who was chosen, which breakers are stuck, who waits for a slot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...machine_code.records import field_at, size_of
from ...plan.columns import Integers
from ...plan.plan import Plan
from ...plan.waits import Wait, WaitLog, circles_of_slots, make_waits
from ...rules.breakers import shut_for_good
from ...rules.nanoseconds import seconds_of
from .flight import Exchange, Role
from .layout import Replica, Unit, World


def _replicas(world: World) -> list[Replica]:
    """Those of all units, unit by unit."""
    units = [world.units[row] for row in range(world.unit_count)]
    return [unit.replicas[number] for unit in units for number in range(unit.replica_count)]


def chosen_replicas(world: World) -> Integers:
    """How many attempts each replica was given, unit by unit."""
    words, (chosen, _), size = np.asarray(world.integers), field_at(Replica, "chosen"), size_of(Replica)
    units = [world.units[row] for row in range(world.unit_count)]
    first = [(unit.replicas.index, unit.replica_count) for unit in units]
    columns = [words[at : at + count * size].reshape(count, size)[:, chosen] for at, count in first]
    return np.concatenate([np.zeros(0, np.int64), *columns])


def shut_breakers(world: World) -> list[tuple[float, int]]:
    """Of each breaker since when it waits in HALF_OPEN, and for how many results."""
    return [shut_for_good(world.integers, world.breakers[row].board) for row in range(world.breaker_count)]


def waits_for_slots(plan: Plan, world: World) -> WaitLog:
    """Who waits for slots that may wait for each other."""
    circles = circles_of_slots(plan)
    numbers = {replica: number for number, replica in enumerate(_replicas(world))} if len(circles) else {}
    waits: list[Wait] = []
    for row in circles:
        unit: Unit = world.units[row]
        for number in range(unit.replica_count):
            replica = unit.replicas[number]
            task = replica.slot_first
            while task:
                waits.extend(_holders(task.visit, numbers[replica], numbers))
                task = task.next
    return make_waits(waits)


def _holders(exchange: Exchange, queue: int, numbers: dict[Replica, int]) -> Iterator[Wait]:
    """The visits that wait for a message in a queue, one for the other, as long as none of them has a timeout."""
    while exchange.awaited and not exchange.timer:
        task = exchange.awaited
        while task.parent:
            task = task.parent
        if task.role != Role.HANDLER:
            return
        since, exchange = float(seconds_of(exchange.start)), task.visit
        request = exchange.request
        yield Wait(((request.workload, request.number), exchange.span), numbers[task.replica], queue, since)
