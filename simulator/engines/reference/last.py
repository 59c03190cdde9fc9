"""What is there when a run has ended: who waits for a slot."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.plan import Plan
from ...plan.waits import Wait, WaitLog, circles_of_slots, make_waits
from .flight import Exchange
from .model import Model
from .units import Replica


def waits_for_slots(plan: Plan, model: Model) -> WaitLog:
    """Who waits for slots that may wait for each other."""
    replicas = [replica for unit in model.units for replica in unit.replicas]
    numbers = {replica: number for number, replica in enumerate(replicas)}
    waits: list[Wait] = []
    for row in circles_of_slots(plan):
        for replica in model.units[row].replicas:
            for queued in replica.visits:
                if not queued.has_slot:
                    waits.extend(holders(queued, numbers[replica], numbers))
    return make_waits(waits)


def holders(exchange: Exchange, queue: int, numbers: dict[Replica, int]) -> Iterator[Wait]:
    """The visits that wait for a message in a queue, one for the other, as long as none of them has a timeout."""
    while exchange.callbacks and not exchange.timer.callbacks and not exchange.detached:
        since, above = exchange.start, exchange.visit.exchange
        while above is not None and not above.call.remote and not above.sent:
            above = above.visit.exchange  # a call inside the process
        if above is None or (above.sent and not above.detached):
            return
        exchange = above
        request = exchange.request
        assert exchange.replica is not None
        yield Wait(((request.workload, request.number), exchange.span), numbers[exchange.replica], queue, since / 1e9)
