"""The records in flight, which come and go (`memory.py`); and the codes in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...machine_code.records import Nanoseconds, Part, Record, Ref, field
from ...plan.layout import Outcome
from .layout import Owner

if TYPE_CHECKING:
    from .layout import Call, Instruction, Option, Replica, Service, User
    from .policies import GuardedCall

OK, UNFINISHED = int(Outcome.OK), int(Outcome.UNFINISHED)


# -- codes


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
    RECEIVED: int = 5  # the message is unpacked
    RESPONDED: int = 6  # the answer is packed
    BRANCHES: int = 7  # start the next one
    JOINED: int = 8  # the last branch has ended
    PLACED: int = 9  # a place in a bulkhead, or none
    TRIED: int = 10  # a try has ended at once
    BACKED_OFF: int = 11
    PERMITTED: int = 12  # a wait for the rate limit has ended
    DROPPED: int = 13  # nobody waits any more
    REAP: int = 14  # end what is in a dead replica
    THAW: int = 15  # a pause has ended
    BEGIN: int = 16  # the first step


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
    MISSING: int = 8  # this kernel lacks what the plan needs


Status = _Status()


class _Retry(NamedTuple):
    """Whether a try counts as a re-try."""

    NO: int = 0
    YES: int = 1
    HEDGE: int = 2


Retry = _Retry()


# -- records


class LedgerEntry(Owner):
    """Some of a request's time, and what they were spent on."""

    next: Ref[LedgerEntry] = field(reset=0)
    component: int
    time: Nanoseconds


class Ledger(Record):
    """Where time went: a list of entries."""

    first: Ref[LedgerEntry]
    last: Ref[LedgerEntry]


class Event(Owner):
    """What is to happen; its time is in the heap."""

    head: int  # kind, workload and local index: see calendar.py
    request: int
    address: int
    action: int = field(codes=Action)
    owner: Ref[Owner]  # nobody: cancelled
    owner_generation: int


class Request(Owner):
    """One wish of a user."""

    workload: int  # row
    number: int
    entry: int
    hash_key: int
    arrival: Nanoseconds
    bin: int
    user: Ref[User]  # nobody: of an open workload
    spans: int = field(reset=0)
    references: int = field(reset=1)
    row: int  # in the request log
    log: int  # where that row is
    # Only where something may be left of it when it ends (rule 11.24).
    open: int = field(reset=0)  # handlers for whom nobody waits, and messages that may begin one
    settling: int = field(reset=0)  # where its row is; 0: it has not ended, or nothing was left of it
    last: Nanoseconds  # when the last handler has ended


class Exchange(Owner):
    """One try at a call, with the visit that it makes."""

    request: Ref[Request]
    call: Ref[Call]
    address: int
    start: Nanoseconds
    detached: bool
    span: int
    log: int  # where its row in the attempt log is
    replica: Ref[Replica] = field(reset=0)  # nobody: none was ready
    outcome: int = field(codes=Outcome, reset=UNFINISHED)
    cause: int = field(codes=Outcome, reset=OK)  # OK: none
    cause_service: int = field(reset=-1)  # row
    served: bool = field(reset=False)
    network: Nanoseconds = field(reset=0)
    back: Nanoseconds  # how long the answer will be on the network
    first_work: float  # seconds that the first step will ask a core for, if it does
    awaited: Ref[Task] = field(reset=0)  # who waits for the answer
    timer: Ref[Event] = field(reset=0)  # which ends its patience
    references: int = field(reset=1)  # of the caller, and of who is busy with it
    visit_waiting: Nanoseconds = field(reset=0)
    visit_service: Nanoseconds = field(reset=0)
    ledger: Part[Ledger] = field(reset=0)  # of who served it
    grade: int = field(codes=Outcome, reset=OK)  # what its handler answers if it does not fail: OK or DEGRADED
    reset: bool = field(reset=False)  # its replica died
    # Only where somebody may give up: see deadlines.py.
    above: Ref[Exchange]  # the one that its caller serves; nobody: at the edge, or nobody waits
    ended: Nanoseconds  # when its caller stopped waiting; NEVER: it has not
    deadline: Nanoseconds  # when its callee knows that nobody will wait any more
    # Only of a call under a policy.
    placed: bool  # in the bulkhead
    send_log: int = field(over="placed")  # of a `send`: where its row is
    retry: int = field(codes=Retry)


class Task(Owner):
    """A thread of control: a handler, a branch of one, or who waits at the edge."""

    next: Ref[Task]  # in the queue, or on the agenda
    role: int = field(codes=Role)
    stage: int = field(codes=Stage, reset=Stage.STEPS)
    row: Ref[Instruction]  # the next one
    request: Ref[Request]
    address: int  # of the visit, or of one repetition of its steps
    visit: Ref[Exchange]  # which it serves; nobody at the edge
    service: Ref[Service]
    replica: Ref[Replica]
    parent: Ref[Task] = field(reset=0)  # who goes on after it
    charge: Ref[Replica] = field(over="parent")  # of a worker: whom it sees to (faults.py)
    repetition: Ref[Repetition] = field(reset=0)
    ledger: Part[Ledger] = field(reset=0)
    cause: int = field(codes=Outcome, reset=OK)  # of its failure; OK: none
    cause_service: int = field(reset=-1)
    # Work on a core, or sleep, or waiting for a slot.
    asked: float  # seconds that it asks a core for
    work: Nanoseconds = field(over="asked")  # from its beginning on: how long it takes
    joined: Nanoseconds
    waited: Nanoseconds
    local: int
    due: float  # virtual time of its end
    left: Nanoseconds = field(over="due")  # of work that stands still
    child: Ref[Task]  # in the heap of jobs
    sibling: Ref[Task]
    # A call.
    call: Ref[Call]
    call_address: int
    exchange: Ref[Exchange]
    # A `parallel`.
    option: Ref[Option]  # the next branch to start
    last_option: Ref[Option]  # the one after the last
    remaining: int
    guarded: Ref[GuardedCall]  # of a call under a policy
    started: Nanoseconds  # when its work on a core, or its sleep, did
    earlier: Ref[Task]  # who came to its replica before it, where replicas can die
    later: Ref[Task]


class Repetition(Owner):
    """A `times` that is going on."""

    outer: Ref[Repetition]  # the one around it
    address: int  # outside of it
    done: int = field(reset=0)
