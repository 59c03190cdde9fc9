"""Messages between processes: on their way, lost, late, refused, answered (rules 5.2 to 5.10)."""

from __future__ import annotations

from collections.abc import Callable

from ...plan.layout import Outcome
from ...plan.measures import LOST
from ...plan.order import EventKind, kind_key
from ...rules.nanoseconds import nanoseconds
from ...rules.randomness import uniform
from .clock import Steps
from .faults import delayed, is_aborted, is_cut
from .flight import Exchange
from .world import World

REPLY = kind_key(EventKind.REPLY)
DELIVERY = kind_key(EventKind.DELIVERY)

ERROR, REJECTED, UNREACHABLE = Outcome.ERROR, Outcome.REJECTED, Outcome.UNREACHABLE

Handle = Callable[[Exchange], Steps]
"""What is done with a message at the replica that it came to."""


class Wire:
    """Takes messages to replicas, and answers back to those who wait for them."""

    def __init__(self, world: World, handle: Handle) -> None:
        self.clock = world.clock
        self.key = world.key
        self.record = world.record
        self.handle = handle

    def post(self, exchange: Exchange) -> None:
        """Choose a replica and put the message on the network, where it may be lost or come to an error."""
        call, address, now = exchange.call, exchange.address, self.clock.now
        service = call.endpoint.service
        if exchange.detached and service.limiter is not None and service.limiter.acquire(now, 0) != now:
            exchange.fail_with(REJECTED)
            return
        replica = service.unit.choose(address, service.balance_stream, exchange.request.hash_key)
        if replica is None:
            exchange.fail_with(UNREACHABLE)
            return
        exchange.replica = replica
        service.unit.count_unanswered(replica, 1)
        replica.chosen += 1
        self.record.replica_chosen(exchange, replica)
        if self.is_lost(exchange, 0, now):
            self.record.send_ends(exchange, LOST)  # of anything else nobody will ever hear
            return
        exchange.network = nanoseconds(call.latency(address, call.latency_stream, 0))
        if call.faults:
            exchange.network = delayed(call.faults, exchange.network, self.key, address, now)
        arrival = now + exchange.network
        if (call.error_rate > 0.0 and uniform(self.key, address, call.error_stream, 0) < call.error_rate) or (
            call.faults and is_aborted(call.faults, replica.number, self.key, address, now)
        ):
            exchange.fail_with(ERROR)
            if exchange.detached:
                self.clock.call_at(arrival, exchange.key + DELIVERY, lambda _event: self.answer(exchange, arrival))
            else:
                self.answer(exchange, arrival)
        else:
            exchange.request.open += 1
            self.clock.call_at(arrival, exchange.key + DELIVERY, lambda _event: self.deliver(exchange))

    def is_lost(self, exchange: Exchange, k: int, time: int) -> bool:
        """Whether a message (k = 0) or its answer (1) that is sent at `time` is never heard of (rules 5.5, 14.17)."""
        call = exchange.call
        if call.loss > 0.0 and uniform(self.key, exchange.address, call.loss_stream, k) < call.loss:
            return True
        return bool(call.faults) and is_cut(call.faults, time)

    def answer(self, exchange: Exchange, time: int) -> None:
        """Send the answer back at `time`; nobody waits for that of a `send`."""
        call = exchange.call
        if exchange.detached:
            assert exchange.replica is not None
            call.endpoint.service.unit.count_unanswered(exchange.replica, -1)
            self.record.attempt_ends(exchange)
        elif not self.is_lost(exchange, 1, time):
            latency = nanoseconds(call.latency(exchange.address, call.latency_stream, 1))
            exchange.network += latency
            self.clock.schedule_at(time + latency, exchange.key + REPLY, exchange)

    def deliver(self, exchange: Exchange) -> None:
        """A message has arrived: a replica that is not ready refuses it (rule 14.5)."""
        assert exchange.replica is not None
        if exchange.replica.ready:
            self.clock.start(self.handle(exchange), exchange.replica.tasks)
        else:
            exchange.fail_with(UNREACHABLE)
            self.record.nothing_begins(exchange.request)
            self.answer(exchange, self.clock.now)
