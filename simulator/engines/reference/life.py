"""The life of a request, from top to bottom: the rules of `docs/semantics.md` as code.

A life is a generator that yields the moments it waits for. What `steps` and `run` return is the cause of the
failure, or None.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...plan.engine import time_stands_still
from ...plan.layout import Component, Op, Outcome
from ...plan.order import EventKind, kind_key
from ...plan.plan import Plan
from ...rules.randomness import child, mix, uniform
from .clock import Clock, Moment, Steps
from .faults import Outages, delayed, is_aborted, is_cut, slowed
from .guarded import Effort
from .model import Call, Cause, Endpoint, Exchange, Join, Model, Request, Service, Visit
from .recorder import Recorder
from .units import Replica
from .workloads import Workload, make_workloads

COMPLETION = kind_key(EventKind.COMPLETION)
REPLY = kind_key(EventKind.REPLY)
TIMER = kind_key(EventKind.TIMER)
DELIVERY = kind_key(EventKind.DELIVERY)
ARRIVAL = kind_key(EventKind.ARRIVAL)

ERROR, REJECTED, UNREACHABLE, DEGRADED = Outcome.ERROR, Outcome.REJECTED, Outcome.UNREACHABLE, Outcome.DEGRADED
END, CPU, SLEEP, CALL, SEND = int(Op.END), int(Op.CPU), int(Op.SLEEP), int(Op.CALL), int(Op.SEND)
PARALLEL, CHOOSE, MAYBE = int(Op.PARALLEL), int(Op.CHOOSE), int(Op.MAYBE)
REPEAT, AGAIN, FALLBACK = int(Op.REPEAT), int(Op.AGAIN), int(Op.FALLBACK)

NETWORK, WAITING, SERVICE, TIMEOUT = (int(c) for c in Component)
COMPONENTS = len(Component)

# Local indices of a visit's events (rule 3.3): a step's is four times its row in the program, and a call's
# own work before and after is beside it; the callee's has the two highest numbers.
LOCALS_PER_STEP = 4
PACK, UNPACK = 1, 2
RECEIVE, RESPOND = 2**32 - 2, 2**32 - 1

INFINITY = float("inf")

Failing = Generator[Moment, Any, Cause | None]

SPIN_LIMIT = 10_000
"""Requests of one closed user at one instant, after which time is taken to have stopped."""


class Life:
    """One replication: who lives in it, and how."""

    def __init__(self, plan: Plan, clock: Clock, seed: int, replication: int, recorder: Recorder) -> None:
        self.clock = clock
        self.key = mix(seed, replication)
        self.model = Model(plan, clock, self.key)
        self.record = recorder
        self.horizon = plan.settings.duration_s
        self.workloads = make_workloads(plan, self.model.draws, self.key)
        self.outages = Outages(self, plan)

    def begin(self) -> None:
        """Let every workload begin at time 0, and whatever goes wrong be awaited."""
        self.outages.begin()
        for workload in self.workloads:
            if workload.users is None:
                self.clock.start(self.arrivals(workload))
            else:
                for user in range(workload.users):
                    self.clock.start(self.user(workload, user))

    # -- where requests come from

    def arrivals(self, workload: Workload) -> Steps:
        """An open workload: requests come whatever becomes of the earlier ones (rules 7.1 to 7.4)."""
        for number, time in enumerate(workload.times()):
            if time >= self.horizon:
                return
            address = child(number, workload.stream, 0)
            key = workload.key(number, address)
            yield self.clock.at(time, key + ARRIVAL)
            request = self.record.request_begins(workload, number, address, address)
            self.clock.start(self.wish(request, address))

    def user(self, workload: Workload, user: int) -> Steps:
        """A closed user: think, ask, wait for the end of it, think again (rule 7.5)."""
        clock = self.clock
        hash_key = child(user, workload.stream, 1)
        spins = 0
        for cycle in range(2**32):
            number = user << 32 | cycle
            address = child(number, workload.stream, 0)
            ended = clock.now
            time = ended + workload.think(address, workload.think_stream, 0)
            if time >= self.horizon:
                return
            yield clock.at(time, workload.key(number, address) + ARRIVAL)
            request = self.record.request_begins(workload, number, address, hash_key)
            yield from self.wish(request, address)
            spins = spins + 1 if clock.now == ended else 0
            if spins > SPIN_LIMIT:
                raise time_stands_still(ended, workload.name)

    def wish(self, request: Request, address: int) -> Steps:
        """A request: one call at the edge, whose outcome is the request's."""
        edge = Visit(request, address, None, None, [], -1, [0.0, 0.0, 0.0])
        call = self.model.calls[self.record.entry_calls[request.entry]]
        exchange = yield from self.call(edge, 0, call)
        self.record.request_ends(request, exchange.outcome, exchange.cause, edge.ledger)

    # -- the caller's side of a call

    def call(self, visit: Visit, row: int, call: Call) -> Generator[Moment, Any, Exchange]:
        """One remote call: pack, send, wait for the answer or the timeout, unpack (rules 5.1 to 5.7 and 12.4)."""
        address = child(visit.address, call.site, 0)
        if call.serialization is not None:
            yield from self.serialize(visit, call, address, 0, row * LOCALS_PER_STEP + PACK)
        if call.policy is not None:
            exchange = yield from Effort(self, visit, call).run()
        else:
            exchange = self.send(visit, call, address, detached=False)
            replica = exchange.replica
            if replica is not None:
                timer = exchange.timer = Moment()
                if call.timeout < INFINITY:
                    timer.callbacks.append(exchange.expire)
                    self.clock.schedule_at(exchange.start + call.timeout, exchange.key + TIMER, timer)
                yield exchange
                timer.callbacks = []  # if it is yet to come, it has nothing to say any more
                call.endpoint.service.unit.count_unanswered(replica, -1)
            self.book(visit, exchange)
            self.record.call_ends(call, exchange.request, exchange.start, exchange.outcome)
        if exchange.served and call.serialization is not None:
            yield from self.serialize(visit, call, exchange.address, 3, row * LOCALS_PER_STEP + UNPACK)
        return exchange

    def send(self, visit: Visit, call: Call, address: int, *, detached: bool) -> Exchange:
        """A try at a call, and its message on the network."""
        exchange = Exchange(call, visit, address, self.clock.now, detached=detached)
        self.record.attempt_begins(exchange, visit.span)
        self.post(visit, exchange)
        return exchange

    def post(self, visit: Visit, exchange: Exchange) -> None:
        """Choose a replica and put the message on the network, where it may be lost or come to an error."""
        call, address = exchange.call, exchange.address
        service = call.endpoint.service
        replica = service.unit.choose(address, service.balance_stream, visit.request.hash_key)
        if replica is None:
            exchange.fail_with(UNREACHABLE)
            return
        exchange.replica = replica
        service.unit.count_unanswered(replica, 1)
        self.record.replica_chosen(exchange, replica)
        if call.loss > 0.0 and uniform(self.key, address, call.loss_stream, 0) < call.loss:
            return  # nobody will ever hear of it
        if call.faults and is_cut(call, self.clock.now):
            return
        exchange.network_s = call.latency(address, call.latency_stream, 0)
        if call.faults:
            exchange.network_s = delayed(exchange, self.key, self.clock.now)
        arrival = self.clock.now + exchange.network_s
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

    def answer(self, exchange: Exchange, time: float) -> None:
        """Send the answer back at `time`; nobody waits for that of a `send`."""
        call = exchange.call
        if exchange.detached:
            assert exchange.replica is not None
            call.endpoint.service.unit.count_unanswered(exchange.replica, -1)
            self.record.attempt_ends(exchange)
        elif not (
            call.loss > 0.0 and uniform(self.key, exchange.address, call.loss_stream, 1) < call.loss
        ) and not is_cut(call, time):
            latency = call.latency(exchange.address, call.latency_stream, 1)
            exchange.network_s += latency
            self.clock.schedule_at(time + latency, exchange.key + REPLY, exchange)

    def book(self, visit: Visit, exchange: Exchange) -> None:
        """What became of a try, and where its time went, as its caller sees it."""
        components = exchange.call.endpoint.service.components
        exchange.close()
        if exchange.outcome is Outcome.TIMEOUT or exchange.reset:
            visit.ledger.append((components + TIMEOUT, self.clock.now - exchange.start))
        elif exchange.network_s > 0.0:
            visit.ledger.append((components + NETWORK, exchange.network_s))
        if exchange.served:
            visit.ledger.extend(exchange.ledger)
        self.record.attempt_ends(exchange)

    # -- the callee's side of a call

    def deliver(self, exchange: Exchange) -> None:
        """A message has arrived: a replica that is not ready refuses it (rule 14.5)."""
        assert exchange.replica is not None
        if exchange.replica.ready:
            self.clock.start(self.handle(exchange), exchange.replica.tasks)
        else:
            exchange.fail_with(UNREACHABLE)
            self.answer(exchange, self.clock.now)

    def handle(self, exchange: Exchange) -> Steps:
        """A message is taken: queue, slot, unpack, steps, pack, answer (rules 5.8 to 5.10)."""
        replica, call = exchange.replica, exchange.call
        assert replica is not None
        service = call.endpoint.service
        service.meter.begun += 1
        visit = Visit(
            exchange.request, exchange.address, service, replica, exchange.ledger, exchange.span, [0.0, 0.0, 0.0]
        )
        if replica.has_slot():
            replica.visits[exchange] = None
            replica.in_progress += 1
        elif replica.has_place():
            replica.visits[exchange] = None
            yield from self.wait_for_slot(visit, service, replica)
        else:
            self.record.visit_rejected(service)
            exchange.fail_with(REJECTED)
            self.answer(exchange, self.clock.now)
            return
        if call.serialization is not None:
            yield from self.serialize(visit, call, exchange.address, 1, RECEIVE)
        failure = yield from self.run(visit, call.endpoint)
        if call.serialization is not None and not exchange.detached:
            yield from self.serialize(visit, call, exchange.address, 2, RESPOND)
        replica.release_slot()
        del replica.visits[exchange]
        self.record.visit_ends(visit, service, failure)
        exchange.served = True
        exchange.outcome, exchange.cause = visit.outcome(failure), failure
        self.answer(exchange, self.clock.now)

    def wait_for_slot(self, visit: Visit, service: Service, replica: Replica) -> Steps:
        """Wait in the replica's queue."""
        joined = self.clock.now
        yield replica.wait_for_slot(visit.key, service.meter)
        waited = self.clock.now - joined
        visit.totals[0] += waited
        visit.ledger.append((service.components + WAITING, waited))

    def call_inside(self, visit: Visit, call: Call) -> Generator[Moment, Any, Exchange]:
        """A call of a service in the same process: a function call (rule 10.1)."""
        service = call.endpoint.service
        service.meter.begun += 1
        exchange = Exchange(call, visit, child(visit.address, call.site, 0), self.clock.now, detached=False)
        self.record.attempt_begins(exchange, visit.span)
        assert visit.replica is not None
        self.record.replica_chosen(exchange, visit.replica)
        inner = Visit(
            visit.request, exchange.address, service, visit.replica, visit.ledger, exchange.span, [0.0, 0.0, 0.0]
        )
        failure = yield from self.run(inner, call.endpoint)
        self.record.visit_ends(inner, service, failure)
        exchange.outcome, exchange.cause = inner.outcome(failure), failure
        exchange.close()
        self.record.attempt_ends(exchange)
        return exchange

    def run(self, visit: Visit, endpoint: Endpoint) -> Failing:
        """The handler of an endpoint: its steps, then its own chance to fail (rule 4.5)."""
        failure: Cause | None = yield from self.steps(visit, endpoint.start)
        if (
            failure is None
            and endpoint.error_rate > 0.0
            and uniform(self.key, visit.address, endpoint.error_stream, 0) < endpoint.error_rate
        ):
            failure = (ERROR, endpoint.service.row)
        return failure

    # -- what a handler does

    def steps(self, visit: Visit, row: int) -> Failing:  # noqa: C901 (one branch an instruction)
        """Run a program from `row` to its END, or to the first step that fails (rules 4.1 to 4.8)."""
        model = self.model
        repetitions: list[tuple[Visit, int]] = []
        while True:
            op, a, b, c, x = model.instructions[row]
            row += 1
            if op == CPU:
                yield from self.compute(visit, model.draws[a](visit.address, b, 0), (row - 1) * LOCALS_PER_STEP)
            elif op == CALL:
                failure = yield from self.call_step(visit, row - 1, model.calls[a])
                if failure is not None:
                    if model.instructions[row][0] != FALLBACK or not model.calls[a].remote:
                        return failure
                    visit.degrade()
                    row += 1
            elif op == END:
                return None
            elif op == SLEEP:
                yield from self.sleep(visit, model.draws[a](visit.address, b, 0), (row - 1) * LOCALS_PER_STEP)
            elif op == PARALLEL:
                failure = yield from self.parallel(visit, a, b)
                if failure is not None:
                    return failure
                row = c
            elif op == SEND:
                yield from self.send_step(visit, row - 1, model.calls[a])
            elif op == MAYBE:
                row = row if uniform(self.key, visit.address, b, 0) < x else c
            elif op == CHOOSE:
                row = self.chosen(a, b, uniform(self.key, visit.address, c, 0))
            elif op == REPEAT:
                if b > 0:
                    repetitions.append((visit, 0))
                    visit = visit.scope(child(visit.address, a, 0))
                else:
                    row = c
            elif op == AGAIN:
                outer, done = repetitions.pop()
                _, site, times, _, _ = model.instructions[c]
                visit = outer
                if done + 1 < times:
                    repetitions.append((outer, done + 1))
                    visit = outer.scope(child(outer.address, site, done + 1))
                    row = c + 1
            else:
                row = c

    def compute(self, visit: Visit, seconds: float, local: int) -> Steps:
        """Take a core of this replica for `seconds` of work, after those who came before (rules 8.1 to 8.4)."""
        service, replica = visit.service, visit.replica
        assert service is not None
        assert replica is not None
        work = slowed(service, replica, seconds, self.clock.now) / service.pace
        job = replica.station.join(service.meter, work, visit.key + COMPLETION + local)
        yield job
        if job.waiting > 0.0:
            visit.totals[0] += job.waiting
            visit.ledger.append((service.components + WAITING, job.waiting))
        visit.totals[1] += work
        visit.ledger.append((service.components + SERVICE, work))

    def serialize(self, visit: Visit, call: Call, address: int, k: int, local: int) -> Steps:
        """Pack or unpack one message of a call (rule 5.3)."""
        assert call.serialization is not None
        return self.compute(visit, call.serialization(address, call.serialization_stream, k), local)

    def sleep(self, visit: Visit, seconds: float, local: int) -> Steps:
        """Let time pass without a core."""
        replica = visit.replica
        assert visit.service is not None
        assert replica is not None
        seconds = slowed(visit.service, replica, seconds, self.clock.now)
        yield self.clock.at(self.clock.now + seconds, visit.key + COMPLETION + local)
        if replica.pauses > 0:
            waited = yield from replica.stand_still(visit.service.meter, visit.key + COMPLETION + local)
            visit.totals[0] += waited
            visit.ledger.append((visit.service.components + WAITING, waited))
        visit.totals[1] += seconds
        visit.ledger.append((visit.service.components + SERVICE, seconds))

    def call_step(self, visit: Visit, row: int, call: Call) -> Failing:
        """A call as a step of a handler: it fails if the call does."""
        if not call.remote:
            start = self.clock.now
            exchange = yield from self.call_inside(visit, call)
            self.record.call_ends(call, visit.request, start, exchange.outcome)
        else:
            exchange = yield from self.call(visit, row, call)
        if exchange.outcome is DEGRADED:
            visit.degrade()
        return exchange.cause

    def send_step(self, visit: Visit, row: int, call: Call) -> Steps:
        """Fire and forget: the handler goes on once the message is packed (rule 4.7)."""
        if not call.remote:
            assert visit.replica is not None
            self.clock.start(self.call_inside(visit.fork(), call), visit.replica.tasks)
            return
        address = child(visit.address, call.site, 0)
        if call.serialization is not None:
            yield from self.serialize(visit, call, address, 0, row * LOCALS_PER_STEP + PACK)
        exchange = self.send(visit, call, address, detached=True)
        if exchange.replica is None:
            self.record.attempt_ends(exchange)

    def parallel(self, visit: Visit, first: int, count: int) -> Failing:
        """All branches at once; wait for all (rule 4.6). Each runs to its first wait before the next one starts."""
        join = Join(count)
        assert visit.replica is not None
        for row in self.model.branch[first : first + count]:
            self.clock.start(self.branch(visit.fork(), row, join), visit.replica.tasks)
        if join.remaining:
            yield join
        visit.ledger.extend(join.ledger)
        return join.failure

    def branch(self, visit: Visit, row: int, join: Join) -> Steps:
        """One branch of a `parallel`."""
        failure = yield from self.steps(visit, row)
        join.branch_ended(failure, visit.ledger)

    def chosen(self, first: int, count: int, u: float) -> int:
        """The first row of the option that `u` falls into."""
        for option in range(first, first + count - 1):
            if u < self.model.weight[option]:
                return self.model.branch[option]
        return self.model.branch[first + count - 1]
