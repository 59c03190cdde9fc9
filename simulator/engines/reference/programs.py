"""What a handler does: the instructions of its program, one after the other (rules 4.1 to 4.7, 10.1 and 12.14)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from ...plan.layout import FIRST_REASON, Op, Outcome
from ...plan.order import LOCALS_PER_STEP
from ...rules.randomness import child, uniform
from .calls import Calls
from .clock import Moment, Steps
from .deadlines import Dropped, check_deadline, is_dropped
from .flight import Cause, Exchange, Join, Visit
from .model import Call, Endpoint, Instruction
from .work import compute, sleep
from .world import World

Failing = Generator[Moment, Any, Cause | None]
"""What may fail: it gives the cause of the failure, or None."""
OVER = -1
"""The row that comes after the last one."""


class Thread:
    """One thread of control in a program: for which visit, the row that comes next, and how it has ended."""

    __slots__ = ("failure", "repetitions", "row", "visit")

    def __init__(self, visit: Visit, row: int) -> None:
        self.visit = visit
        self.row = row
        self.failure: Cause | None = None
        self.repetitions: list[tuple[Visit, int]] = []  # around it: the visit outside, and those that are done

    def end(self, failure: Cause | None = None) -> None:
        """Skip all that is left."""
        self.row, self.failure = OVER, failure


Handler = Callable[["Programs", Thread, Instruction], Steps | None]
"""What an instruction does, at once; and what it then waits for, if it has to."""
H = TypeVar("H", bound=Handler)
HANDLERS: dict[int, Handler] = {}


def on(*ops: Op) -> Callable[[H], H]:
    """Register the handler of some instructions."""

    def register(handler: H) -> H:
        HANDLERS.update((int(op), handler) for op in ops)
        return handler

    return register


class Programs:
    """Runs the handlers of endpoints, and those of the same process that they call."""

    def __init__(self, world: World, calls: Calls) -> None:
        self.world = world
        self.clock = world.clock
        self.key = world.key
        self.record = world.record
        self.model = world.model
        self.calls = calls
        self.program = [(HANDLERS[it.op], it) for it in world.model.instructions]

    def run(self, visit: Visit, endpoint: Endpoint) -> Failing:
        """The handler of an endpoint: its steps, then its own chance to fail (rule 4.5)."""
        failure: Cause | None
        try:
            failure = yield from self.steps(visit, endpoint.start)
        except Dropped:
            failure = Outcome.TIMEOUT, endpoint.service.row
        if (
            failure is None
            and endpoint.error_rate > 0.0
            and uniform(self.key, visit.address, endpoint.error_stream, 0) < endpoint.error_rate
        ):
            failure = (Outcome.ERROR, endpoint.service.row)
        return failure

    def steps(self, visit: Visit, row: int) -> Failing:
        """Run a program from `row` to its END, or to the first step that fails."""
        program, thread = self.program, Thread(visit, row)
        while row != OVER:
            thread.row = row + 1
            handle, it = program[row]
            waits = handle(self, thread, it)
            if waits is not None:
                yield from waits
            row = thread.row
        return thread.failure

    # -- steps

    @on(Op.END)
    def end(self, thread: Thread, _it: Instruction) -> None:
        """All steps have succeeded."""
        thread.end()

    @on(Op.CPU)
    def cpu(self, thread: Thread, it: Instruction) -> Steps:
        """Work on a core (rule 4.2)."""
        visit = thread.visit
        return compute(self.world, visit, self.model.draws[it.a](visit.address, it.b, 0), it.row * LOCALS_PER_STEP)

    @on(Op.SLEEP)
    def sleep(self, thread: Thread, it: Instruction) -> Steps:
        """Time without a core (rule 4.2)."""
        visit = thread.visit
        return sleep(self.world, visit, self.model.draws[it.a](visit.address, it.b, 0), it.row * LOCALS_PER_STEP)

    @on(Op.CALL)
    def call(self, thread: Thread, it: Instruction) -> Steps:
        """A call, which fails the handler if it fails, unless it has a fallback (rules 4.1 and 12.14)."""
        visit, call = thread.visit, self.model.calls[it.a]
        check_deadline(visit, self.clock.now)
        if call.remote:
            exchange = yield from self.calls.call(visit, call, it.row * LOCALS_PER_STEP)
        else:
            start = self.clock.now
            exchange = yield from self.call_inside(visit, call)
            self.record.call_ends(call, visit.request, start, exchange.outcome)
        has_fallback = call.remote and self.model.instructions[thread.row].op == Op.FALLBACK
        if exchange.outcome is Outcome.DEGRADED:
            visit.degrade()
        if exchange.cause is not None and has_fallback:
            visit.degrade()
            thread.row += 1
        elif exchange.cause is not None:
            thread.end(exchange.cause)

    @on(Op.SEND)
    def send(self, thread: Thread, it: Instruction) -> Steps | None:
        """Fire and forget (rule 4.7)."""
        visit, call = thread.visit, self.model.calls[it.a]
        check_deadline(visit, self.clock.now)
        if call.remote:
            return self.calls.send(visit, call, it.row * LOCALS_PER_STEP)
        assert visit.replica is not None
        visit.request.open += 1
        self.clock.start(self.call_inside(visit.released(), call, sent=True), visit.replica.tasks)
        return None

    @on(Op.PARALLEL)
    def parallel(self, thread: Thread, it: Instruction) -> Steps:
        """All branches at once; wait for all (rule 4.6). Each runs to its first wait before the next one starts."""
        visit, join = thread.visit, Join(it.b)
        assert visit.replica is not None
        for row in self.model.branch[it.a : it.a + it.b]:
            self.clock.start(self.branch(visit.fork(), row, join), visit.replica.tasks)
        if join.remaining:
            yield join
        visit.ledger.extend(join.ledger)
        thread.row = it.c
        if join.failure is not None:
            thread.end(join.failure)

    def branch(self, visit: Visit, row: int, join: Join) -> Steps:
        """One branch of a `parallel`."""
        assert visit.service is not None
        failure: Cause | None
        try:
            failure = yield from self.steps(visit, row)
        except Dropped:
            failure = Outcome.TIMEOUT, visit.service.row
        join.branch_ended(failure, visit.ledger)

    def call_inside(self, visit: Visit, call: Call, *, sent: bool = False) -> Generator[Moment, Any, Exchange]:
        """A call of a service of the same unit: a function call within the process (rule 10.1)."""
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
        self.record.visit_ends(inner, service, failure, dropped=is_dropped(inner, failure, self.clock.now))
        exchange.outcome, exchange.cause = inner.outcome(failure), failure
        exchange.close()
        self.record.attempt_ends(exchange)
        if sent:
            self.record.handler_ends(visit.request)
        return exchange

    @on(Op.FAIL)
    def fail(self, thread: Thread, it: Instruction) -> None:
        """The handler fails, and says why (rule 4.9)."""
        service = thread.visit.service
        assert service is not None
        thread.end((FIRST_REASON + it.a, service.row))

    # -- which step comes next

    @on(Op.JUMP, Op.FALLBACK)
    def jump(self, thread: Thread, it: Instruction) -> None:
        """Go on elsewhere: past the other options, or past a fallback that is not needed."""
        thread.row = it.c

    @on(Op.MAYBE)
    def maybe(self, thread: Thread, it: Instruction) -> None:
        """Go on here by chance, else elsewhere (rule 4.3)."""
        if uniform(self.key, thread.visit.address, it.b, 0) >= it.x:
            thread.row = it.c

    @on(Op.CHOOSE)
    def choose(self, thread: Thread, it: Instruction) -> None:
        """Go on at the first row of the option that the draw falls into (rule 4.4)."""
        u, last = uniform(self.key, thread.visit.address, it.c, 0), it.a + it.b - 1
        option = next((option for option in range(it.a, last) if u < self.model.weight[option]), last)
        thread.row = self.model.branch[option]

    @on(Op.REPEAT)
    def repeat(self, thread: Thread, it: Instruction) -> None:
        """Begin a repetition, at an address of its own; or go past it if there is none (rule 4.3)."""
        visit = thread.visit
        if it.b == 0:
            thread.row = it.c
            return
        thread.repetitions.append((visit, 0))
        thread.visit = visit.scope(child(visit.address, it.a, 0))

    @on(Op.AGAIN)
    def again(self, thread: Thread, it: Instruction) -> None:
        """The end of a repetition: begin the next one, if there is one."""
        outer, done = thread.repetitions.pop()
        begin, k = self.model.instructions[it.c], done + 1
        thread.visit = outer
        if k < begin.b:
            thread.repetitions.append((outer, k))
            thread.visit = outer.scope(child(outer.address, begin.a, k))
            thread.row = it.c + 1
