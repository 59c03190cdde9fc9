"""Messages between processes: on their way, lost, late, refused, answered (rules 5.2 to 5.10)."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ...plan.layout import Outcome
from ...plan.measures import LOST
from ...plan.order import EventKind, kind_key
from ...rules.nanoseconds import nanoseconds
from ...rules.randomness import uniform
from .clock import Clock, Steps
from .failures import delayed, is_aborted, is_cut
from .model import Exchange, Visit
from .recorder import Recorder

REPLY = kind_key(EventKind.REPLY)
DELIVERY = kind_key(EventKind.DELIVERY)

ERROR, REJECTED, UNREACHABLE = Outcome.ERROR, Outcome.REJECTED, Outcome.UNREACHABLE


class Network(ABC):
    """What a life does with messages."""

    clock: Clock
    key: int
    record: Recorder

    @abstractmethod
    def handle(self, exchange: Exchange) -> Steps:
        """Do what a message asks for, at the replica that it came to."""

    def post(self, visit: Visit, exchange: Exchange) -> None:
        """Choose a replica and put the message on the network, where it may be lost or come to an error."""
        call, address = exchange.call, exchange.address
        service = call.endpoint.service
        if exchange.detached and service.limiter is not None:
            now = self.clock.now
            if service.limiter.acquire(now, 0) != now:
                exchange.fail_with(REJECTED)
                return
        replica = service.unit.choose(address, service.balance_stream, visit.request.hash_key)
        if replica is None:
            exchange.fail_with(UNREACHABLE)
            return
        exchange.replica = replica
        service.unit.count_unanswered(replica, 1)
        replica.chosen += 1
        self.record.replica_chosen(exchange, replica)
        if (call.loss > 0.0 and uniform(self.key, address, call.loss_stream, 0) < call.loss) or (
            call.faults and is_cut(call, self.clock.now)
        ):
            self.record.send_ends(exchange, LOST)  # of anything else nobody will ever hear
            return
        exchange.network = nanoseconds(call.latency(address, call.latency_stream, 0))
        if call.faults:
            exchange.network = delayed(exchange, self.key, self.clock.now)
        arrival = self.clock.now + exchange.network
        if (call.error_rate > 0.0 and uniform(self.key, address, call.error_stream, 0) < call.error_rate) or is_aborted(
            exchange, self.key, self.clock.now
        ):
            exchange.fail_with(ERROR)
            if exchange.detached:
                self.clock.call_at(arrival, exchange.key + DELIVERY, lambda _event: self.answer(exchange, arrival))
            else:
                self.answer(exchange, arrival)
        else:
            self.clock.call_at(arrival, exchange.key + DELIVERY, lambda _event: self.deliver(exchange))

    def answer(self, exchange: Exchange, time: int) -> None:
        """Send the answer back at `time`; nobody waits for that of a `send`."""
        call = exchange.call
        if exchange.detached:
            assert exchange.replica is not None
            call.endpoint.service.unit.count_unanswered(exchange.replica, -1)
            self.record.attempt_ends(exchange)
        elif not (
            call.loss > 0.0 and uniform(self.key, exchange.address, call.loss_stream, 1) < call.loss
        ) and not is_cut(call, time):
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
            self.answer(exchange, self.clock.now)
