"""The life of a request, from top to bottom: the rules of `docs/semantics.md` as code.

A life is a generator that yields the moments it waits for. Each module knows only those below it, in this order: this
one, what handlers do (`programs.py`), calls (`calls.py`) and their attempts (`retries.py`, `hedges.py`, `attempts.py`),
messages between processes (`wire.py`), the world that all of them share (`world.py`).
"""

from __future__ import annotations

from ...plan.layout import Component, Outcome
from ...plan.order import RECEIVE, RESPOND
from ...plan.plan import Plan
from .arrivals import begin_arrivals
from .calls import Calls
from .clock import Steps
from .deadlines import Dropped, check_deadline, is_dropped, is_late
from .failures import Failures
from .flight import Exchange, Request, Visit
from .model import Service
from .programs import Failing, Programs
from .slots import Slots
from .wire import Wire
from .work import serialize
from .world import World

WAITING = int(Component.WAITING)


class Life:
    """One replication: who lives in it, and how."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world = world
        self.plan = plan
        self.clock = world.clock
        self.record = world.record
        self.wire = Wire(world, self.handle)
        self.calls = Calls(world, self.wire)
        self.programs = Programs(world, self.calls)

    def begin(self) -> None:
        """Let every workload begin at time 0, and whatever goes wrong be awaited."""
        Failures(self.world, self.wire, self.plan).begin()
        begin_arrivals(self.world, self.plan, self.wish)

    def wish(self, request: Request, address: int) -> Steps:
        """A request: one call at the edge, whose outcome is the request's."""
        edge = Visit(request, address, None, None, [], None, [0, 0, 0], None)
        call = self.world.model.calls[self.record.entry_calls[request.entry]]
        exchange = yield from self.calls.call(edge, call, 0)
        self.record.request_ends(request, exchange.outcome, exchange.cause, edge.ledger)

    # -- the callee's side of a call

    def handle(self, exchange: Exchange) -> Steps:
        """A message is taken: queue, slot, unpack, steps, pack, answer (rules 5.8 to 5.10)."""
        replica, call = exchange.replica, exchange.call
        assert replica is not None
        service, slots = call.endpoint.service, replica.slots
        service.meter.begun += 1
        visit = Visit(exchange.request, exchange.address, service, replica, exchange.ledger, exchange,
                      [0, 0, 0], exchange.awaited)  # fmt: skip
        if is_late(visit, self.clock.now):
            self.record.visit_rejected(service)
            self.record.nothing_begins(visit.request)
            return
        if slots.is_free():
            replica.visits[exchange] = None
            slots.take()
        elif slots.has_place():
            replica.visits[exchange] = None
            yield from self.wait_for_slot(visit, service, slots)
        else:
            self.record.visit_rejected(service)
            self.record.nothing_begins(visit.request)
            exchange.fail_with(Outcome.REJECTED)
            self.wire.answer(exchange, self.clock.now)
            return
        exchange.has_slot = True
        failure = yield from self.serve(visit, exchange, service)
        slots.release()
        del replica.visits[exchange]
        dropped = is_dropped(visit, failure, self.clock.now)
        self.record.visit_ends(visit, service, failure, dropped=dropped)
        self.record.handler_ends(visit.request)
        if dropped:
            return
        exchange.served = True
        exchange.outcome, exchange.cause = visit.outcome(failure), failure
        self.wire.answer(exchange, self.clock.now)

    def wait_for_slot(self, visit: Visit, service: Service, slots: Slots) -> Steps:
        """Wait in the replica's queue."""
        joined = self.clock.now
        yield slots.wait(visit.key, service.meter)
        waited = self.clock.now - joined
        visit.totals[0] += waited
        visit.ledger.append((service.components + WAITING, waited))

    def serve(self, visit: Visit, exchange: Exchange, service: Service) -> Failing:
        """What is done within a slot; gives the cause of the failure, or None."""
        call, failure = exchange.call, None
        try:
            check_deadline(visit, self.clock.now)
            if call.serialization is not None:
                yield from serialize(self.world, visit, call, exchange.address, 1, RECEIVE)
            failure = yield from self.programs.run(visit, call.endpoint)
            answers = not exchange.detached and not is_dropped(visit, failure, self.clock.now)
            if call.serialization is not None and answers:
                yield from serialize(self.world, visit, call, exchange.address, 2, RESPOND)
        except Dropped:
            return Outcome.TIMEOUT, service.row
        return failure
