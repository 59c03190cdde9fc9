"""What the memory of a run says when it has ended: who was chosen, which breakers are stuck, who waits for a slot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...plan.plan import Integers, Plan
from ...plan.waits import Wait, WaitLog, circles_of_slots, make_waits
from ...rules.breaker import shut_for_good
from ...rules.nanoseconds import seconds_of
from .flight import Exchange, Request, Role, Task
from .image import Words
from .layout import Replica, Unit, Watched, World


def _units(memory: Words) -> Iterator[int]:
    for row in range(int(memory[World.UNIT_COUNT])):
        yield int(memory[World.UNITS]) + row * Unit.SIZE


def chosen_replicas(memory: Words) -> Integers:
    """How many attempts each replica was given, unit by unit."""
    columns = [np.zeros(0, np.int64)]
    for unit in _units(memory):
        first, count = int(memory[unit + Unit.REPLICAS]), int(memory[unit + Unit.REPLICA_COUNT])
        columns.append(memory[first : first + count * Replica.SIZE].reshape(count, Replica.SIZE)[:, Replica.CHOSEN])
    return np.concatenate(columns)


def shut_breakers(memory: Words) -> list[tuple[float, int]]:
    """Of each breaker since when it waits in HALF_OPEN, and for how many results."""
    first = int(memory[World.BREAKERS])
    boards = [
        int(memory[first + row * Watched.SIZE + Watched.BOARD]) for row in range(int(memory[World.BREAKER_COUNT]))
    ]
    return [shut_for_good(memory, board) for board in boards]


def waits_for_slots(plan: Plan, memory: Words) -> WaitLog:
    """Who waits for slots that may wait for each other."""
    numbers = _replica_numbers(memory)
    waits: list[Wait] = []
    for row in circles_of_slots(plan):
        unit = int(memory[World.UNITS]) + row * Unit.SIZE
        for number in range(int(memory[unit + Unit.REPLICA_COUNT])):
            replica = int(memory[unit + Unit.REPLICAS]) + number * Replica.SIZE
            task = int(memory[replica + Replica.SLOT_FIRST])
            while task != 0:
                waits.extend(_holders(memory, int(memory[task + Task.VISIT]), numbers[replica], numbers))
                task = int(memory[task + Task.NEXT])
    return make_waits(waits)


def _replica_numbers(memory: Words) -> dict[int, int]:
    """The number of each replica through all units."""
    replicas = [
        int(memory[unit + Unit.REPLICAS]) + number * Replica.SIZE
        for unit in _units(memory)
        for number in range(int(memory[unit + Unit.REPLICA_COUNT]))
    ]
    return {replica: number for number, replica in enumerate(replicas)}


def _holders(memory: Words, exchange: int, queue: int, numbers: dict[int, int]) -> Iterator[Wait]:
    """The visits that wait for a message in a queue, one for the other, as long as none of them has a timeout."""
    while memory[exchange + Exchange.AWAITED] != 0 and memory[exchange + Exchange.TIMER] == 0:
        task = int(memory[exchange + Exchange.AWAITED])
        while memory[task + Task.PARENT] != 0:
            task = int(memory[task + Task.PARENT])
        if memory[task + Task.ROLE] != Role.HANDLER:
            return
        since, exchange = float(seconds_of(memory[exchange + Exchange.START])), int(memory[task + Task.VISIT])
        request = int(memory[exchange + Exchange.REQUEST])
        who = (request_key(memory, request), int(memory[exchange + Exchange.SPAN]))
        yield Wait(who, numbers[int(memory[task + Task.REPLICA])], queue, since)


def request_key(memory: Words, request: int) -> tuple[int, int]:
    """The workload of a request, and its number in it."""
    return int(memory[request + Request.WORKLOAD]), int(memory[request + Request.NUMBER])
