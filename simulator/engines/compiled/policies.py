"""The records of policies: what is done about calls, what caller replicas know, and calls under a policy in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...machine_code.records import Board, Nanoseconds, Record, Ref, Rows, field
from ...plan.layout import Jitter
from .layout import Owner

if TYPE_CHECKING:
    from .flight import Event, Exchange, Task


class Policy(Record):
    """What is done about a call, with the states of all caller replicas."""

    attempts: int
    per_try: Nanoseconds
    retry_on: int
    backoff: Nanoseconds
    max_backoff: Nanoseconds
    jitter: int = field(codes=Jitter)
    backoff_stream: int
    breaker: Board  # of caller replica 0: see rules/breakers.py
    breaker_words: int
    bulkhead: Rows[Bulkhead]  # of each caller replica, as the budgets are
    budget: Rows[Budget]
    hedge: Nanoseconds


class Bulkhead(Record):
    """The places for tries of one caller replica at one target."""

    limit: int
    wait: Nanoseconds
    taken: int
    first: Ref[GuardedCall]  # which has waited longest
    last: Ref[GuardedCall]


class Budget(Record):
    """How many tries and re-tries of one caller replica are active at one target."""

    percent: float
    least: int
    active: int
    retries: int


class Watched(Record):
    """A breaker that is looked at."""

    board: Board
    target: int  # row of the service


class GuardedCall(Owner):
    """A call under a policy, while it lasts."""

    next: Ref[GuardedCall]  # in the queue of a bulkhead
    task: Ref[Task]
    start: Nanoseconds
    deadline: Nanoseconds  # when its timeout ends
    made: int = field(reset=0)  # re-tries so far
    wait: Nanoseconds  # the one before the last try
    began: Nanoseconds  # when the present wait did
    timer: Ref[Event]  # which ends the wait for a place
    tries: int = field(reset=0)  # so far
    breaker: Board  # that of its caller's replica, as the other two
    bulkhead: Ref[Bulkhead]
    budget: Ref[Budget]
    permit: bool  # at the end of the wait that is going on it may pass the rate limit
    hedged: bool  # it has had its second try, or may have none
    first_try: Ref[Exchange]  # the one that the second is beside
    sent: Nanoseconds  # when that was
    rival: Ref[Exchange] = field(reset=0)  # the second try, while both are out
    hedge_timer: Ref[Event] = field(reset=0)  # which sends it
