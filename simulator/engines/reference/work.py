"""What a handler does by itself: it takes a core, or lets time pass (rules 4.2, 5.3, 8.1 to 8.4 and 12.16)."""

from __future__ import annotations

from functools import partial

from ...plan.layout import Component
from ...plan.measures import Waste
from ...plan.order import EventKind, kind_key
from ...rules.nanoseconds import nanoseconds
from .clock import Steps
from .deadlines import Dropped, check_deadline
from .faults import slowed
from .flight import Visit
from .model import Call, Service
from .world import World

COMPLETION = kind_key(EventKind.COMPLETION)
WAITING, SERVICE = int(Component.WAITING), int(Component.SERVICE)


def compute(world: World, visit: Visit, seconds: float, local: int) -> Steps:
    """Take a core of this replica for `seconds` of work, after those who came before (rules 8.1 to 8.4)."""
    service, replica = visit.service, visit.replica
    assert service is not None
    assert replica is not None
    check_deadline(visit, world.clock.now)
    stretch = partial(slowed, service.slow, replica.number) if service.slow else None
    key = visit.key + COMPLETION + local
    job = replica.station.join(service.meter, seconds / service.pace, key, visit.deadline, stretch)
    yield job
    if job.dropped:
        raise Dropped
    if job.waiting > 0:
        visit.totals[0] += job.waiting
        visit.ledger.append((service.components + WAITING, job.waiting))
    visit.totals[1] += job.work
    visit.ledger.append((service.components + SERVICE, job.work))
    note_waste(world, visit, service, Waste.CPU, job.started, job.work)


def serialize(world: World, visit: Visit, call: Call, address: int, k: int, local: int) -> Steps:
    """Pack or unpack one message of a call (rule 5.3)."""
    assert call.serialization is not None
    return compute(world, visit, call.serialization(address, call.serialization_stream, k), local)


def sleep(world: World, visit: Visit, seconds: float, local: int) -> Steps:
    """Let time pass without a core (rule 4.2)."""
    service, replica, now = visit.service, visit.replica, world.clock.now
    assert service is not None
    assert replica is not None
    check_deadline(visit, now)
    work = nanoseconds(slowed(service.slow, replica.number, seconds, now))
    key = visit.key + COMPLETION + local
    yield world.clock.at(now + work, key)
    if replica.pauses > 0:
        waited = yield from replica.stand_still(service.meter, key)
        visit.totals[0] += waited
        visit.ledger.append((service.components + WAITING, waited))
    note_waste(world, visit, service, Waste.SLEEP, now, work)
    visit.totals[1] += work
    visit.ledger.append((service.components + SERVICE, work))


def note_waste(world: World, visit: Visit, service: Service, column: Waste, started: int, work: int) -> None:
    """A step has ended that was to take so long: what of it was for nobody (rule 12.16).

    On shared cores, and where they stood still, it is taken to have gone on evenly.
    """
    if visit.awaited is not None:
        until, now = visit.awaited.until(), world.clock.now
        if max(until, started) < now:
            world.record.work_wasted(service, column, max(until, started), float(work) / (now - started))
