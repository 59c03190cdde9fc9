"""The life of a request, from top to bottom: the rules of `docs/semantics.md` as code.

A life is a generator that yields the moments it waits for. What `steps` and `run` return is the cause of the
failure, or None.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from ...plan.layout import Component, Op, Outcome
from ...plan.measures import Waste
from ...plan.order import EventKind, kind_key
from ...plan.plan import Plan
from ...rules.nanoseconds import NEVER, nanoseconds
from ...rules.randomness import child, mix, uniform
from .arrivals import arrivals, ask_and_wait
from .attempts import Effort
from .clock import Clock, Moment, Steps
from .failures import Outages, slowed
from .model import Call, Cause, Endpoint, Exchange, Join, Model, Request, Service, Visit
from .recorder import Recorder
from .units import Replica
from .wire import Network
from .workloads import make_workloads

COMPLETION = kind_key(EventKind.COMPLETION)
REPLY = kind_key(EventKind.REPLY)
TIMER = kind_key(EventKind.TIMER)
DELIVERY = kind_key(EventKind.DELIVERY)

ERROR, REJECTED, UNREACHABLE, DEGRADED = Outcome.ERROR, Outcome.REJECTED, Outcome.UNREACHABLE, Outcome.DEGRADED
OUT_OF_TIME = Outcome.TIMEOUT
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

Failing = Generator[Moment, Any, Cause | None]


class Dropped(Exception):  # noqa: N818 (it is no error: nobody waits any more)
    """The deadline of a visit has passed: its work ends here (rule 12.19)."""


class Life(Network):
    """One replication: who lives in it, and how."""

    def __init__(self, plan: Plan, clock: Clock, seed: int, replication: int, recorder: Recorder) -> None:
        self.clock = clock
        self.key = mix(seed, replication)
        self.model = Model(plan, clock, self.key)
        self.record = recorder
        self.horizon = nanoseconds(plan.settings.duration_s)
        self.workloads = make_workloads(plan, self.model.draws, self.key)
        self.outages = Outages(self, plan)

    def begin(self) -> None:
        """Let every workload begin at time 0, and whatever goes wrong be awaited."""
        self.outages.begin()
        for workload in self.workloads:
            if workload.users is None:
                self.clock.start(arrivals(self, workload))
            else:
                for user in range(workload.users):
                    self.clock.start(ask_and_wait(self, workload, user))

    def wish(self, request: Request, address: int) -> Steps:
        """A request: one call at the edge, whose outcome is the request's."""
        edge = Visit(request, address, None, None, [], None, [0, 0, 0], None)
        call = self.model.calls[self.record.entry_calls[request.entry]]
        exchange = yield from self.call(edge, 0, call)
        self.record.request_ends(request, exchange.outcome, exchange.cause, edge.ledger)

    # -- the caller's side of a call

    def call(self, visit: Visit, row: int, call: Call) -> Generator[Moment, Any, Exchange]:
        """One remote call: pack, send, wait for the answer or the timeout, unpack (rules 5.1 to 5.7 and 12.4)."""
        address = child(visit.address, call.site, 0)
        if call.serialization is not None:
            yield from self.serialize(visit, call, address, 0, row * LOCALS_PER_STEP + PACK)
        if self.is_late(visit):
            exchange = Exchange(call, visit, address, self.clock.now, detached=False)
            self.record.attempt_begins(exchange, visit.span)
            exchange.fail_with(OUT_OF_TIME)
            self.end_call(visit, exchange)
        elif call.policy is not None:
            exchange = yield from Effort(self, visit, call).run()
        else:
            exchange = self.send(visit, call, address, detached=False)
            if exchange.replica is not None:
                self.be_patient(exchange, min(exchange.start + call.patience(address), visit.deadline))
                yield exchange
                self.settle(exchange)
            self.end_call(visit, exchange)
        if exchange.served and call.serialization is not None:
            yield from self.serialize(visit, call, exchange.address, 3, row * LOCALS_PER_STEP + UNPACK)
        return exchange

    def be_patient(self, exchange: Exchange, end: int) -> None:
        """Wait no longer than until `end`, which the callee knows of if the call says so (rule 12.17)."""
        if end < NEVER:
            exchange.timer.callbacks.append(lambda _event: exchange.expire(self.clock.now))
            self.clock.schedule_at(end, exchange.key + TIMER, exchange.timer)
        if exchange.call.propagates:
            assert exchange.awaited is not None
            exchange.awaited.deadline = end

    def settle(self, exchange: Exchange) -> None:
        """Nothing is awaited of a message that was sent any more: its answer is back, or its caller has given up."""
        assert exchange.replica is not None
        exchange.timer.callbacks = []  # if it is yet to come, it has nothing to say any more
        exchange.call.endpoint.service.unit.count_unanswered(exchange.replica, -1)

    def end_call(self, visit: Visit, exchange: Exchange) -> None:
        """A call with a single try is over."""
        self.book(visit, exchange)
        self.record.call_ends(exchange.call, exchange.request, exchange.start, exchange.outcome)

    def send(self, visit: Visit, call: Call, address: int, *, detached: bool) -> Exchange:
        """A try at a call, and its message on the network."""
        exchange = Exchange(call, visit, address, self.clock.now, detached=detached)
        self.record.attempt_begins(exchange, visit.span)
        self.post(visit, exchange)
        return exchange

    def book(self, visit: Visit, exchange: Exchange) -> None:
        """What became of a try, and where its time went, as its caller sees it."""
        components = exchange.call.endpoint.service.components
        if exchange.outcome is Outcome.TIMEOUT or exchange.reset:
            visit.ledger.append((components + TIMEOUT, self.clock.now - exchange.start))
        elif exchange.network > 0:
            visit.ledger.append((components + NETWORK, exchange.network))
        if exchange.served:
            visit.ledger.extend(exchange.ledger)
        self.end_attempt(exchange)

    def end_attempt(self, exchange: Exchange) -> None:
        """What became of a try, as its target's balancer sees it, and who reads of it later."""
        exchange.close()
        if exchange.replica is not None:
            exchange.call.endpoint.service.unit.judge(exchange.replica, int(exchange.outcome))
        self.record.attempt_ends(exchange)

    # -- the callee's side of a call

    def handle(self, exchange: Exchange) -> Steps:
        """A message is taken: queue, slot, unpack, steps, pack, answer (rules 5.8 to 5.10)."""
        replica, call = exchange.replica, exchange.call
        assert replica is not None
        service = call.endpoint.service
        service.meter.begun += 1
        visit = Visit(exchange.request, exchange.address, service, replica, exchange.ledger, exchange,
                      [0, 0, 0], exchange.awaited)  # fmt: skip
        if self.is_late(visit):
            self.record.visit_rejected(service)
            return
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
        exchange.has_slot = True
        failure = yield from self.serve(visit, exchange, service)
        replica.release_slot()
        del replica.visits[exchange]
        self.record.visit_ends(visit, service, failure, dropped=self.is_dropped(visit, failure))
        if self.is_dropped(visit, failure):
            return
        exchange.served = True
        exchange.outcome, exchange.cause = visit.outcome(failure), failure
        self.answer(exchange, self.clock.now)

    def serve(self, visit: Visit, exchange: Exchange, service: Service) -> Failing:
        """What is done within a slot."""
        call, failure = exchange.call, None
        try:
            self.check_deadline(visit)
            if call.serialization is not None:
                yield from self.serialize(visit, call, exchange.address, 1, RECEIVE)
            failure = yield from self.run(visit, call.endpoint)
            if call.serialization is not None and not exchange.detached and not self.is_dropped(visit, failure):
                yield from self.serialize(visit, call, exchange.address, 2, RESPOND)
        except Dropped:
            return OUT_OF_TIME, service.row
        return failure

    def is_late(self, visit: Visit) -> bool:
        """Whether the deadline of a visit has passed: nothing more begins (rule 12.19)."""
        return self.clock.now >= visit.deadline

    def is_dropped(self, visit: Visit, failure: Cause | None) -> bool:
        """Whether a handler that has ended gives no answer: it failed, and nobody would hear of it."""
        return failure is not None and self.is_late(visit)

    def check_deadline(self, visit: Visit) -> None:
        """End the work of a visit whose deadline has passed."""
        if self.is_late(visit):
            raise Dropped

    def wait_for_slot(self, visit: Visit, service: Service, replica: Replica) -> Steps:
        """Wait in the replica's queue."""
        joined = self.clock.now
        yield replica.wait_for_slot(visit.key, service.meter)
        waited = self.clock.now - joined
        visit.totals[0] += waited
        visit.ledger.append((service.components + WAITING, waited))

    def call_inside(self, visit: Visit, call: Call, *, sent: bool = False) -> Generator[Moment, Any, Exchange]:
        """A call of a service in the same process: a function call (rule 10.1)."""
        service = call.endpoint.service
        service.meter.begun += 1
        exchange = Exchange(call, visit, child(visit.address, call.site, 0), self.clock.now, detached=False)
        exchange.sent = sent
        self.record.attempt_begins(exchange, visit.span)
        assert visit.replica is not None
        self.record.replica_chosen(exchange, visit.replica)
        inner = Visit(visit.request, exchange.address, service, visit.replica, visit.ledger, exchange,
                      [0, 0, 0], visit.awaited)  # fmt: skip
        failure = yield from self.run(inner, call.endpoint)
        self.record.visit_ends(inner, service, failure, dropped=self.is_dropped(inner, failure))
        exchange.outcome, exchange.cause = inner.outcome(failure), failure
        exchange.close()
        self.record.attempt_ends(exchange)
        return exchange

    def run(self, visit: Visit, endpoint: Endpoint) -> Failing:
        """The handler of an endpoint: its steps, then its own chance to fail (rule 4.5)."""
        failure: Cause | None
        try:
            failure = yield from self.steps(visit, endpoint.start)
        except Dropped:
            failure = OUT_OF_TIME, endpoint.service.row
        if (
            failure is None
            and endpoint.error_rate > 0.0
            and uniform(self.key, visit.address, endpoint.error_stream, 0) < endpoint.error_rate
        ):
            failure = (ERROR, endpoint.service.row)
        return failure

    # -- what a handler does

    def steps(self, visit: Visit, row: int) -> Failing:  # noqa: C901 (one branch an instruction)
        """Run a program from `row` to its END, or to the first step that fails (rules 4.1 to 4.8, 12.14)."""
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
        self.check_deadline(visit)
        stretch = partial(slowed, service, replica) if service.slow else None
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
        self.note_waste(visit, service, Waste.CPU, job.started, job.work)

    def note_waste(self, visit: Visit, service: Service, column: Waste, started: int, work: int) -> None:
        """A step has ended that was to take so long: what of it was for nobody (rule 12.16).

        On shared cores, and where they stood still, it is taken to have gone on evenly.
        """
        if visit.awaited is not None:
            until, now = visit.awaited.until(), self.clock.now
            if max(until, started) < now:
                self.record.work_wasted(service, column, max(until, started), float(work) / (now - started))

    def serialize(self, visit: Visit, call: Call, address: int, k: int, local: int) -> Steps:
        """Pack or unpack one message of a call (rule 5.3)."""
        assert call.serialization is not None
        return self.compute(visit, call.serialization(address, call.serialization_stream, k), local)

    def sleep(self, visit: Visit, seconds: float, local: int) -> Steps:
        """Let time pass without a core."""
        replica = visit.replica
        assert visit.service is not None
        assert replica is not None
        self.check_deadline(visit)
        now = self.clock.now
        work = nanoseconds(slowed(visit.service, replica, seconds, now))
        yield self.clock.at(now + work, visit.key + COMPLETION + local)
        if replica.pauses > 0:
            waited = yield from replica.stand_still(visit.service.meter, visit.key + COMPLETION + local)
            visit.totals[0] += waited
            visit.ledger.append((visit.service.components + WAITING, waited))
        self.note_waste(visit, visit.service, Waste.SLEEP, now, work)
        visit.totals[1] += work
        visit.ledger.append((visit.service.components + SERVICE, work))

    def call_step(self, visit: Visit, row: int, call: Call) -> Failing:
        """A call as a step of a handler: it fails if the call does."""
        self.check_deadline(visit)
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
        self.check_deadline(visit)
        if not call.remote:
            assert visit.replica is not None
            self.clock.start(self.call_inside(visit.released(), call, sent=True), visit.replica.tasks)
            return
        address = child(visit.address, call.site, 0)
        if call.serialization is not None:
            yield from self.serialize(visit, call, address, 0, row * LOCALS_PER_STEP + PACK)
            self.check_deadline(visit)
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
        assert visit.service is not None
        failure: Cause | None
        try:
            failure = yield from self.steps(visit, row)
        except Dropped:
            failure = OUT_OF_TIME, visit.service.row
        join.branch_ended(failure, visit.ledger)

    def chosen(self, first: int, count: int, u: float) -> int:
        """The first row of the option that `u` falls into."""
        for option in range(first, first + count - 1):
            if u < self.model.weight[option]:
                return self.model.branch[option]
        return self.model.branch[first + count - 1]
