"""What each word is of the records in flight, which come and go (`memory.py`); and the codes in them.

Each record starts with a generation, which tells two lives of one record apart. Fields that are floats say so.
"""

from __future__ import annotations

from typing import NamedTuple


class _Free(NamedTuple):
    """A record that is free."""

    GENERATION: int = 0
    NEXT: int = 1


Free = _Free()


class _Event(NamedTuple):
    """What is to happen; its time is in the heap. HEAD is kind, workload and local index (see calendar.py)."""

    GENERATION: int = 0
    HEAD: int = 1
    REQUEST: int = 2
    ADDRESS: int = 3
    ACTION: int = 4
    OWNER: int = 5  # 0: cancelled
    OWNER_GENERATION: int = 6
    SIZE: int = 7


Event = _Event()


class _Request(NamedTuple):
    """One wish of a user."""

    GENERATION: int = 0
    WORKLOAD: int = 1
    NUMBER: int = 2
    ENTRY: int = 3
    HASH_KEY: int = 4
    ARRIVAL: int = 5
    BIN: int = 6
    USER: int = 7  # 0: of an open workload
    SPANS: int = 8
    REFERENCES: int = 9
    ROW: int = 10  # in the request log
    LOG: int = 11  # where that row is
    SIZE: int = 12


Request = _Request()


class _Exchange(NamedTuple):
    """One try at a call, with the visit that it makes."""

    GENERATION: int = 0
    REQUEST: int = 1
    CALL: int = 2
    ADDRESS: int = 3
    START: int = 4
    DETACHED: int = 5
    SPAN: int = 6
    LOG: int = 7  # where its row in the attempt log is
    REPLICA: int = 8  # 0: none was ready
    OUTCOME: int = 9
    CAUSE: int = 10  # OK: none
    CAUSE_SERVICE: int = 11  # row
    SERVED: int = 12
    NETWORK: int = 13
    AWAITED: int = 14  # the task that waits for the answer
    TIMER: int = 15  # the event that ends its patience
    REFERENCES: int = 16  # of the caller, and of who is busy with it
    VISIT_WAITING: int = 17
    VISIT_SERVICE: int = 18
    FIRST: int = 19  # the ledger of who served it
    LAST: int = 20
    GRADE: int = 21  # what its handler answers if it does not fail: OK or DEGRADED
    RESET: int = 22  # 1: its replica died
    # Only where somebody may give up: see patience.py.
    ABOVE: int = 23  # the exchange that its caller serves; 0: at the edge, or nobody waits
    ENDED: int = 24  # when its caller stopped waiting; NEVER: it has not
    DEADLINE: int = 25  # when its callee knows that nobody will wait any more
    # Only of a call under a policy.
    PLACED: int = 26  # 1: it has a place in the bulkhead
    RETRY: int = 27  # whether it counts as a re-try: NO, YES, or a HEDGE
    SIZE: int = 28


Exchange = _Exchange()


class _Task(NamedTuple):
    """A thread of control: a handler, a branch of one, or who waits at the edge."""

    GENERATION: int = 0
    NEXT: int = 1  # in the queue, or on the agenda
    ROLE: int = 2
    STAGE: int = 3
    ROW: int = 4  # the next instruction
    REQUEST: int = 5
    ADDRESS: int = 6  # of the visit, or of one repetition of its steps
    VISIT: int = 7  # the exchange that it serves; 0 at the edge
    SERVICE: int = 8
    REPLICA: int = 9
    PARENT: int = 10  # who goes on after it
    REPETITION: int = 11
    FIRST: int = 12  # its ledger
    LAST: int = 13
    CAUSE: int = 14  # of its failure; OK: none
    CAUSE_SERVICE: int = 15
    # Work on a core, or sleep, or waiting for a slot.
    WORK: int = 16  # float: seconds that it asks a core for; from its beginning on how long it takes
    JOINED: int = 17
    WAITED: int = 18
    LOCAL: int = 19
    DUE: int = 20  # float: virtual time of its end; or what is left of work that stands still
    CHILD: int = 21  # in the heap of jobs
    SIBLING: int = 22
    # A call.
    CALL: int = 23
    CALL_ADDRESS: int = 24
    EXCHANGE: int = 25
    # A `parallel`.
    OPTION: int = 26  # the next branch to start
    OPTION_END: int = 27
    REMAINING: int = 28
    EFFORT: int = 29  # of a call under a policy
    STARTED: int = 30  # when its work on a core, or its sleep, did
    EARLIER: int = 31  # who came to its replica before it, where replicas can die
    LATER: int = 32
    SIZE: int = 33


Task = _Task()


class _Effort(NamedTuple):
    """A call under a policy, while it lasts."""

    GENERATION: int = 0
    NEXT: int = 1  # in the queue of a bulkhead
    TASK: int = 2
    START: int = 3
    DEADLINE: int = 4  # when its timeout ends
    MADE: int = 5  # re-tries so far
    WAIT: int = 6  # the one before the last try
    BEGAN: int = 7  # when the present wait did
    TIMER: int = 8  # the event that ends the wait for a place
    TRIES: int = 9  # so far
    BREAKER: int = 10  # those of its caller's replica, or 0
    BULKHEAD: int = 11
    BUDGET: int = 12
    PERMIT: int = 13  # 1: at the end of the wait that is going on it may pass the rate limit
    HEDGED: int = 14  # 1: it has had its second try, or may have none
    FIRST_TRY: int = 15  # the one that the second is beside
    SENT: int = 16  # when that was sent
    RIVAL: int = 17  # the second try, while both are out
    HEDGE_TIMER: int = 18  # the event that sends it
    SIZE: int = 19


Effort = _Effort()


class _Retry(NamedTuple):
    """Whether a try counts as a re-try."""

    NO: int = 0
    YES: int = 1
    HEDGE: int = 2


Retry = _Retry()


class _LedgerEntry(NamedTuple):
    """Some of a request's time, and what they were spent on."""

    GENERATION: int = 0
    NEXT: int = 1
    COMPONENT: int = 2
    TIME: int = 3
    SIZE: int = 4


LedgerEntry = _LedgerEntry()


class _Repetition(NamedTuple):
    """A `times` that is going on."""

    GENERATION: int = 0
    OUTER: int = 1  # the one around it
    ADDRESS: int = 2  # outside of it
    DONE: int = 3
    SIZE: int = 4


Repetition = _Repetition()


class _Role(NamedTuple):
    """Whose task it is, and so what follows its end."""

    EDGE: int = 0
    HANDLER: int = 1
    INSIDE: int = 2  # a call inside a process
    ALONE: int = 3  # a `send` inside a process
    BRANCH: int = 4


Role = _Role()


class _Stage(NamedTuple):
    """What a task does when it goes on."""

    STEPS: int = 0
    SEND: int = 1  # the message is packed
    SEND_ALONE: int = 2  # that of a `send`
    ANSWERED: int = 3  # or given up
    UNPACKED: int = 4
    ADMITTED: int = 5  # a slot was granted
    RECEIVED: int = 6  # the message is unpacked
    RESPONDED: int = 7  # the answer is packed
    BRANCHES: int = 8  # start the next one
    JOINED: int = 9  # the last branch has ended
    PLACED: int = 10  # a place in a bulkhead, or none
    TRIED: int = 11  # a try has ended at once
    BACKED_OFF: int = 12
    PERMITTED: int = 13  # a wait for the rate limit has ended
    DROPPED: int = 14  # nobody waits any more
    REAP: int = 15  # end what is in a dead replica
    THAW: int = 16  # a pause has ended


Stage = _Stage()


class _Action(NamedTuple):
    """What an event does. Those up to RETRY are a task's own; those from STRIKE on are control events."""

    WORKED: int = 0  # a core has done a task's work
    SLEPT: int = 1
    GRANT: int = 2
    ENTER: int = 3  # a place in a bulkhead
    GIVE_UP: int = 4  # waiting for one
    RETRY: int = 5
    PERMIT: int = 6  # the end of a wait for the rate limit
    HEDGE: int = 7
    DROPPED: int = 8  # whose turn on a core came too late
    SHARED: int = 9  # shared cores have done somebody's work
    ANSWER: int = 10
    EXPIRE: int = 11
    DELIVER: int = 12
    BREAK: int = 13  # a `send` meets a link error
    ARRIVE: int = 14
    ASK: int = 15  # a closed user
    STRIKE: int = 16  # a fault of a replica begins
    LIFT: int = 17  # and ends
    FAIL: int = 18  # a replica fails by chance
    MEND: int = 19  # and is repaired
    START: int = 20  # it is ready again
    KNOW: int = 21  # its death is known


Action = _Action()


class _Status(NamedTuple):
    """Why the kernel came back."""

    DONE: int = 0
    PAUSED: int = 1  # it has done its share of work
    NEEDS_MEMORY: int = 2
    NEEDS_HEAP: int = 3
    NEEDS_LOG: int = 4
    STANDSTILL: int = 5
    SAME_KEY: int = 6
    BROKEN: int = 7


Status = _Status()
