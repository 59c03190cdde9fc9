"""What is in flight: requests, visits of services, exchanges of messages, branches to be joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...plan.layout import Outcome
from ...plan.order import ADDRESS_BITS, LOCAL_BITS, REQUEST_BITS
from ...rules.nanoseconds import NEVER
from .clock import Moment
from .model import Call, Service
from .units import Replica

Cause = tuple[int, int]
"""The innermost failure: an `Outcome` or what a `fail` says (`FIRST_REASON`), and of which service."""


class Request:
    """One wish of a user."""

    __slots__ = (
        *("arrival", "base", "bin", "entry", "hash_key", "has_ended", "last", "number", "open", "row", "settling"),
        *("spans", "workload"),
    )

    def __init__(self, workload: int, number: int, entry: int, hash_key: int, arrival: int, bin_: int) -> None:
        self.workload = workload
        self.number = number
        self.entry = entry
        self.hash_key = hash_key
        self.arrival = arrival
        self.bin = bin_
        self.base = (workload << REQUEST_BITS | number) << ADDRESS_BITS
        self.row = -1
        self.spans = 0
        self.open = 0  # handlers of it, and messages that may begin one (rule 11.24)
        self.last = arrival  # when the last handler has ended
        self.has_ended = False
        self.settling = -1  # its row in the log of those that were not settled when they ended


class Awaited:
    """Until when somebody waits for an answer: it is wanted no longer than that of whom it is for (rule 12.16).

    `deadline` is what its callee knows of it beforehand; `ended` is when its caller stopped waiting.
    """

    __slots__ = ("above", "deadline", "ended")

    def __init__(self, above: Awaited | None, deadline: int) -> None:
        self.above = above
        self.deadline = deadline
        self.ended = NEVER

    def until(self) -> int:
        """When the first one on the way to the edge stopped waiting; never if all still do."""
        first, one = self.ended, self.above
        while one is not None:
            first, one = min(first, one.ended), one.above
        return first


class Visit:
    """One run of a handler, in one replica; a request at the edge is one without a service.

    `ledger` collects (component, nanoseconds) along one thread of control; `totals` the visit's nanoseconds of waiting
    and of service over all its branches, and whether it is degraded.
    """

    __slots__ = ("address", "awaited", "exchange", "key", "ledger", "replica", "request", "service", "totals")

    def __init__(
        self,
        request: Request,
        address: int,
        service: Service | None,
        replica: Replica | None,
        ledger: list[tuple[int, int]],
        exchange: Exchange | None,
        totals: list[int],
        awaited: Awaited | None,
    ) -> None:
        self.request = request
        self.address = address
        self.key = (request.base | address) << LOCAL_BITS
        self.service = service
        self.replica = replica
        self.ledger = ledger
        self.exchange = exchange  # what asked for it; None: a user
        self.totals = totals
        self.awaited = awaited  # None: it is wanted whatever becomes of others, as what was sent is

    @property
    def span(self) -> int:
        """The number of its attempt within the request, -1 at the edge."""
        return -1 if self.exchange is None else self.exchange.span

    @property
    def deadline(self) -> int:
        """When nobody will wait for it any more, as far as it knows."""
        return NEVER if self.awaited is None else self.awaited.deadline

    def degrade(self) -> None:
        """A fallback served it, or something that it called (rule 12.15)."""
        self.totals[2] = 1

    def outcome(self, failure: Cause | None) -> Outcome:
        """What its handler answers (rule 2.2)."""
        if failure is not None:
            return Outcome.ERROR
        return Outcome.DEGRADED if self.totals[2] > 0 else Outcome.OK

    def scope(self, address: int) -> Visit:
        """The same visit at another address: one repetition of its steps."""
        return Visit(
            self.request, address, self.service, self.replica, self.ledger, self.exchange, self.totals, self.awaited
        )

    def fork(self) -> Visit:
        """The same visit with a ledger of its own: one branch of its steps."""
        return Visit(
            self.request, self.address, self.service, self.replica, [], self.exchange, self.totals, self.awaited
        )

    def released(self) -> Visit:
        """A fork for whose work nobody waits, by design: what is sent inside a process."""
        alone = self.fork()
        alone.awaited = None
        return alone


class Exchange(Moment):
    """A message on its way and its answer; the moment is the arrival of the answer at the caller.

    Who waits for it is woken once: by the answer or by `expire`, whichever comes first.
    """

    def __init__(self, call: Call, caller: Visit, address: int, start: int, *, detached: bool) -> None:
        super().__init__()
        self.call = call
        self.request = caller.request
        self.address = address
        self.key = (caller.request.base | address) << LOCAL_BITS
        self.start = start
        self.detached = detached
        self.sent = detached  # or by a `send` inside a process
        self.has_slot = False
        self.span = caller.request.spans
        caller.request.spans += 1
        self.visit = caller
        self.caller = caller.replica
        if self.caller is not None and not detached:
            self.caller.made[self] = None
        self.row = -1  # in the attempt log
        self.send_row = -1  # in that of sends
        self.attempt = 0
        self.awaited = None if detached else Awaited(caller.awaited, caller.deadline)
        self.replica: Replica | None = None
        self.outcome = Outcome.UNFINISHED
        self.cause: Cause | None = None
        self.served = False  # a handler ran, and its answer has to be unpacked
        self.timer = Moment()  # the end of its caller's patience
        self.delay = Moment()  # the time for a second try
        self.retry = False  # it counts as a re-try
        self.placed = False  # it has a place in the bulkhead
        self.reset = False  # its replica died
        self.network = 0  # nanoseconds of its messages
        self.ledger: list[tuple[int, int]] = []

    def fail_with(self, outcome: Outcome) -> None:
        """End in a failure that is the called service's own."""
        self.outcome = outcome
        self.cause = (outcome, self.call.endpoint.service.row)

    def close(self) -> None:
        """It has ended for its caller."""
        if self.caller is not None:
            del self.caller.made[self]

    def die(self, now: int) -> None:
        """It ends with its caller: nobody waits for the answer, or for the end of patience."""
        self.leave(now)
        self.fail_with(Outcome.ERROR)
        self.timer.callbacks = []
        self.delay.callbacks = []

    def expire(self, now: int) -> None:
        """The caller's patience ends: wake it, and let the answer come to nobody."""
        if self.callbacks:
            for callback in self.leave(now):
                callback(self)

    def leave(self, now: int) -> list[Callable[[Any], None]]:
        """From now on nobody waits for the answer; gives who did."""
        assert self.awaited is not None
        self.awaited.ended = now
        self.fail_with(Outcome.TIMEOUT)
        self.served = False
        waiting, self.callbacks = self.callbacks, []
        return waiting


class Join(Moment):
    """The end of all branches of a `parallel`; it happens within the end of the last one."""

    def __init__(self, branches: int) -> None:
        super().__init__()
        self.remaining = branches
        self.failure: Cause | None = None
        self.ledger: list[tuple[int, int]] = []

    def branch_ended(self, failure: Cause | None, ledger: list[tuple[int, int]]) -> None:
        """Count one branch; the first failure in time is the whole's, the last branch is the critical path."""
        self.remaining -= 1
        if self.failure is None:
            self.failure = failure
        if self.remaining == 0:
            self.ledger = ledger
            for callback in self.callbacks:
                callback(self)
