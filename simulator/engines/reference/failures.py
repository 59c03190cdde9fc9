"""Replicas that die, stand still and start again (rules 14.1 to 14.13)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ...plan.layout import FaultKind, Outcome
from ...plan.order import EventKind, base_key, kind_key
from ...plan.plan import Plan
from ...rules.nanoseconds import all_nanoseconds, nanoseconds
from ...rules.randomness import child
from .clock import Moment
from .draws import Draw
from .faults import Fault
from .flight import Exchange
from .units import Replica, Unit
from .wire import Wire
from .world import World

CONTROL = kind_key(EventKind.CONTROL)
BEGIN, END, READY, KNOWN = 1, 2, 3, 4
"""What comes first of one instant (rule 14.9), after the edges of the statistics."""


@dataclass(slots=True)
class Law:
    """Times that are drawn for a replica, one after the other."""

    draw: Draw
    stream: int

    def time(self, replica: Replica, number: int) -> int:
        """The time with this number, in nanoseconds."""
        return nanoseconds(self.draw(child(replica.number, self.stream, number), self.stream, 0))


@dataclass(slots=True)
class Process:
    """How one replica fails by chance, for one of the services that it hosts (rule 14.2)."""

    row: int
    replica: Replica
    up: Law
    repair: Law
    startup: Law
    cycle: int = 0


class Failures:
    """Who is down, who stands still, and who knows."""

    def __init__(self, world: World, wire: Wire, plan: Plan) -> None:
        self.wire = wire
        self.clock = world.clock
        self.record = world.record
        model = world.model
        self.units = {replica: unit for unit in model.units for replica in unit.replicas}
        self.rows = {unit: row for row, unit in enumerate(model.units)}
        self.faults = [fault for fault in model.faults if fault.kind in (FaultKind.KILL, FaultKind.PAUSE)]
        s, h, f = plan.startups, plan.health, plan.failures
        self.startups: dict[Unit, list[Law]] = {unit: [] for unit in model.units}
        for row, law, stream in zip(s.unit.tolist(), s.law.tolist(), s.stream.tolist(), strict=True):
            self.startups[model.units[row]].append(Law(model.draws[law], stream))
        known_after = all_nanoseconds(h.known_after_s)
        self.known_after = {
            model.units[row]: after for row, after in zip(h.unit.tolist(), known_after.tolist(), strict=True)
        }
        laws = [
            [Law(model.draws[law], stream) for law, stream in zip(laws.tolist(), streams.tolist(), strict=True)]
            for laws, streams in ((f.up, f.up_stream), (f.repair, f.repair_stream), (f.startup, f.startup_stream))
        ]
        self.processes = [
            Process(len(model.faults) + row, replica, up, repair, startup)
            for row, (service, up, repair, startup) in enumerate(zip(f.service.tolist(), *laws, strict=True))
            for replica in model.services[service].unit.replicas
        ]
        self.starting: dict[Replica, Moment] = {}
        self.unknown: dict[Replica, Moment] = {}  # deaths that the balancer has yet to learn of
        self.paused: dict[tuple[int, Replica], int] = {}  # and the deaths of the replica by then

    def begin(self) -> None:
        """Await everything that is to go wrong."""
        for fault in self.faults:
            if fault.kind is FaultKind.PAUSE and fault.until <= fault.at:
                continue
            begin = self.kill if fault.kind is FaultKind.KILL else self.pause
            for replica in fault.unit.replicas[: fault.replicas]:
                self.clock.call_at(fault.at, key(BEGIN, fault.row, replica), partial(begin, fault, replica))
        for process in self.processes:
            self.await_failure(process, process.up.time(process.replica, 0))

    # -- what holds a replica down

    def kill(self, fault: Fault, replica: Replica, _event: object) -> None:
        """A fault holds a replica down."""
        self.hold(replica)
        self.clock.call_at(fault.until, key(END, fault.row, replica), lambda _event: self.release(replica))

    def await_failure(self, process: Process, time: int) -> None:
        """The next failure is at a time."""
        self.clock.call_at(time, key(BEGIN, process.row, process.replica), partial(self.fail, process))

    def fail(self, process: Process, _event: object) -> None:
        """A replica fails by chance."""
        replica = process.replica
        self.hold(replica)
        time = self.clock.now + process.repair.time(replica, process.cycle)
        self.clock.call_at(time, key(END, process.row, replica), partial(self.repaired, process))

    def repaired(self, process: Process, _event: object) -> None:
        """A repair ends; the time up counts from the startup of this cycle on (rule 14.2)."""
        replica = process.replica
        self.release(replica)
        up = self.clock.now + process.startup.time(replica, process.cycle)
        process.cycle += 1
        self.await_failure(process, up + process.up.time(replica, process.cycle))

    def hold(self, replica: Replica) -> None:
        """One more cause holds a replica down."""
        replica.causes += 1
        if replica.causes == 1:
            if replica.ready:
                self.die(replica)
            else:
                self.starting.pop(replica).callbacks = []

    def release(self, replica: Replica) -> None:
        """One less does; with the last one it starts (rule 14.1)."""
        replica.causes -= 1
        if replica.causes == 0:
            laws = self.startups[self.units[replica]]
            longest = max((law.time(replica, replica.starts) for law in laws), default=0)
            replica.starts += 1
            if longest == 0:
                self.be_ready(replica)
            else:
                key_ = key(READY, self.rows[self.units[replica]], replica)
                self.starting[replica] = moment = self.clock.at(self.clock.now + longest, key_)
                moment.callbacks.append(lambda _event: self.be_ready(replica))

    # -- death, and readiness

    def be_ready(self, replica: Replica) -> None:
        """A replica is ready, and its balancer knows at once (rule 14.6)."""
        unit = self.units[replica]
        self.starting.pop(replica, None)
        if replica in self.unknown:
            self.unknown.pop(replica).callbacks = []
        replica.ready = True
        unit.ready.change(self.clock.now, 1)
        unit.know(replica, ready=True)

    def die(self, replica: Replica) -> None:
        """A replica dies: what is in it is lost, and who waits for it is told (rules 14.3 and 14.4)."""
        unit, record, now = self.units[replica], self.record, self.clock.now
        exchange: Exchange
        replica.ready = False
        replica.deaths += 1
        unit.ready.change(now, -1)
        replica.clear()
        for states in unit.states:
            states.renew(replica.number, now)
        for exchange in replica.made:
            exchange.die(now)
            if not exchange.call.remote:
                record.visit_dies(exchange.call.endpoint.service)
                if exchange.sent:
                    record.handler_ends(exchange.request)
            elif exchange.replica is not None:
                exchange.call.endpoint.service.unit.count_unanswered(exchange.replica, -1)
            record.attempt_ends(exchange)
        replica.made.clear()
        for exchange in replica.visits:
            record.visit_dies(exchange.call.endpoint.service)
            (record.handler_ends if exchange.has_slot else record.nothing_begins)(exchange.request)
            exchange.fail_with(Outcome.ERROR)
            exchange.reset = True
            self.wire.answer(exchange, now)
        replica.visits.clear()
        self.have_known(unit, replica)

    def have_known(self, unit: Unit, replica: Replica) -> None:
        """The balancer learns of a death, now or later."""
        after = self.known_after.get(unit, 0)
        if after == 0:
            unit.know(replica, ready=False)
            return
        moment = self.clock.at(self.clock.now + after, key(KNOWN, self.rows[unit], replica))
        moment.callbacks.append(lambda _event: self.learn(unit, replica))
        self.unknown[replica] = moment

    def learn(self, unit: Unit, replica: Replica) -> None:
        """The balancer learns of a death."""
        del self.unknown[replica]
        unit.know(replica, ready=False)

    # -- pauses

    def pause(self, fault: Fault, replica: Replica, _event: object) -> None:
        """A pause begins; one that is down, or starting, has nothing to pause (rule 14.13)."""
        if replica.ready:
            self.paused[fault.row, replica] = replica.deaths
            replica.pause()
            self.clock.call_at(fault.until, key(END, fault.row, replica), partial(self.resume, fault, replica))

    def resume(self, fault: Fault, replica: Replica, _event: object) -> None:
        """A pause ends, unless it died with the replica."""
        if self.paused.pop((fault.row, replica)) == replica.deaths:
            replica.resume()


def key(order: int, row: int, replica: Replica) -> int:
    """The key of an event of a replica; rows of processes count on from those of faults."""
    return base_key(order, row, replica.number) + CONTROL
