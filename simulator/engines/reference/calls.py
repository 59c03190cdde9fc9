"""The caller's side of a call between two processes (rules 4.7, 5.1 to 5.7 and 12.4)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...plan.layout import Outcome
from ...plan.order import PACK, UNPACK
from ...rules.randomness import child
from .attempts import Attempts
from .clock import Moment, Steps
from .deadlines import check_deadline, is_late
from .flight import Exchange, Visit
from .model import Call
from .retries import call_under_policy
from .wire import Wire
from .work import serialize
from .world import World


class Calls:
    """Calls of other processes: packed, attempted, unpacked."""

    def __init__(self, world: World, wire: Wire) -> None:
        self.world = world
        self.clock = world.clock
        self.wire = wire
        self.attempts = Attempts(world, wire)

    def call(self, visit: Visit, call: Call, local: int) -> Generator[Moment, Any, Exchange]:
        """One remote call: pack, send, wait for the answer or the timeout, unpack."""
        address = child(visit.address, call.site, 0)
        if call.serialization is not None:
            yield from serialize(self.world, visit, call, address, 0, local + PACK)
        if is_late(visit, self.clock.now):
            exchange = self.attempts.begin(visit, call, address)
            exchange.fail_with(Outcome.TIMEOUT)
            self.end(visit, exchange)
        elif call.policy is not None:
            exchange = yield from call_under_policy(self.attempts, visit, call)
        else:
            exchange = self.attempts.begin(visit, call, address)
            self.wire.post(exchange)
            if exchange.replica is not None:
                self.attempts.be_patient(exchange, min(exchange.start + call.patience(address), visit.deadline))
                yield exchange
                self.attempts.settle(exchange)
            self.end(visit, exchange)
        if exchange.served and call.serialization is not None:
            yield from serialize(self.world, visit, call, exchange.address, 3, local + UNPACK)
        return exchange

    def end(self, visit: Visit, exchange: Exchange) -> None:
        """A call with a single attempt is over."""
        self.attempts.book(visit, exchange)
        self.world.record.call_ends(exchange.call, exchange.request, exchange.start, exchange.outcome)

    def send(self, visit: Visit, call: Call, local: int) -> Steps:
        """Fire and forget: it is over once the message is packed and sent (rule 4.7)."""
        address = child(visit.address, call.site, 0)
        if call.serialization is not None:
            yield from serialize(self.world, visit, call, address, 0, local + PACK)
            check_deadline(visit, self.clock.now)
        exchange = self.attempts.begin(visit, call, address, detached=True)
        self.wire.post(exchange)
        if exchange.replica is None:
            self.world.record.attempt_ends(exchange)
