"""The memory of a run: what each word of each record is.

All of a run lives in one array of 64-bit words, `m`, of which `f` is the view as floats. A record is a few words of
it; a reference to a record is the number of its first word, and 0 is nobody. So a field is `m[task + Task.STAGE]`,
or `f[task + Task.WORK]` if it is a time; here, fields that are floats say so.

Records of the plan are written once, by `image.py`. Those of what is in flight come and go (`memory.py`); each starts
with a generation, which tells two lives of one record apart.
"""

from __future__ import annotations

from typing import NamedTuple


class _World(NamedTuple):
    """The one record at 0: everything there is one of."""

    TOP: int = 0  # first word never used
    NOW: int = 1  # float
    END: int = 2  # float: horizon + drain
    HORIZON: int = 3  # float
    KEY: int = 4  # of this replication's draws
    BEGUN: int = 5
    TASK: int = 6  # who is to go on
    AGENDA: int = 7  # who goes on after that: a stack
    EVENTS: int = 8
    STANDSTILL: int = 9  # the workload for which time stands still
    # The calendar of events: a heap of (time, event).
    HEAP: int = 10
    HEAP_SIZE: int = 11
    HEAP_CAPACITY: int = 12
    HOLE: int = 13  # 1: the top is done with, and its place free
    CANCELLED: int = 14  # events in the heap that are not to happen
    LAST_TIME: int = 15  # float: of the event before, and its key
    LAST_HEAD: int = 16
    LAST_REQUEST: int = 17
    LAST_ADDRESS: int = 18
    # Free records of each kind, as a list.
    FREE_EVENT: int = 19
    FREE_TASK: int = 20
    FREE_EXCHANGE: int = 21
    FREE_REQUEST: int = 22
    FREE_ENTRY: int = 23
    FREE_REPETITION: int = 24
    # Rows of the plan.
    SERVICES: int = 25
    SERVICE_COUNT: int = 26
    WORKLOADS: int = 27
    WORKLOAD_COUNT: int = 28
    ENDPOINT_COUNT: int = 29
    # Tallies: floats but for counts, arrived, ended and outcomes.
    EDGES: int = 30
    EDGE_COUNT: int = 31
    EDGE: int = 32  # the last one that was looked at
    LEVELS: int = 33
    COUNTS: int = 34
    ARRIVED: int = 35
    ENDED: int = 36
    VISITS: int = 37
    OUTCOMES: int = 38
    TALLIES: int = 39
    BREAKDOWN: int = 40
    # Logs, in an array of their own: pages of rows, each page beginning with the one before it.
    LOG_TOP: int = 41
    LOGS_REQUESTS: int = 42
    LOGS_ATTEMPTS: int = 43
    LATENCY_ROW: int = 44  # where the next row goes
    LATENCY_END: int = 45  # of the page
    LATENCY_PAGE: int = 46
    REQUEST_ROW: int = 47
    REQUEST_END: int = 48
    REQUEST_PAGE: int = 49
    CALL_ROW: int = 50
    CALL_END: int = 51
    CALL_PAGE: int = 52
    ATTEMPT_ROW: int = 53
    ATTEMPT_END: int = 54
    ATTEMPT_PAGE: int = 55
    REQUESTS: int = 56  # rows of the request log so far
    PAGES_ROOM: int = 57  # words that one page of each log takes
    ENTRY_COUNT: int = 58
    CAPACITY: int = 59  # words of memory
    LOG_CAPACITY: int = 60
    SIZE: int = 64


World = _World()


class _Log(NamedTuple):
    """A log's three words in `World`, from its ROW on."""

    ROW: int = 0
    END: int = 1
    PAGE: int = 2


Log = _Log()


# -- the plan


class _Law(NamedTuple):
    """A distribution of times."""

    KIND: int = 0
    P0: int = 1  # float
    P1: int = 2  # float
    P2: int = 3  # float
    PROBABILITIES: int = 4
    VALUES: int = 5
    POINTS: int = 6
    SIZE: int = 7


Law = _Law()


class _Instruction(NamedTuple):
    """A row of the program: rows, laws and calls are references."""

    OP: int = 0
    A: int = 1
    B: int = 2
    C: int = 3
    X: int = 4  # float
    LOCAL: int = 5  # the local index of its events
    SIZE: int = 6


Instruction = _Instruction()


class _Option(NamedTuple):
    """A branch of a `parallel`, or an option of a `choose`."""

    START: int = 0
    WEIGHT: int = 1  # float: cumulative
    SIZE: int = 2


Option = _Option()


class _Level(NamedTuple):
    """A number over time and its integral."""

    AREA: int = 0  # float
    SINCE: int = 1  # float
    VALUE: int = 2
    SIZE: int = 3


Level = _Level()


class _Service(NamedTuple):
    """A service, wherever it runs, with what is measured of it."""

    UNIT: int = 0
    PACE: int = 1  # float
    BALANCE_STREAM: int = 2
    ROW: int = 3
    COMPONENTS: int = 4  # its first component in a ledger
    MEMBER: int = 5  # which of its unit's services it is
    BEGUN: int = 6
    ENDED: int = 7
    FAILED: int = 8
    BUSY: int = 9  # a Level: cores, first come first served
    WAITING: int = 12  # a Level: requests, for a slot or a core
    SHARING: int = 15  # a Level: jobs on shared cores
    SIZE: int = 18


Service = _Service()


class _Endpoint(NamedTuple):
    """What can be called."""

    SERVICE: int = 0
    START: int = 1
    ERROR_RATE: int = 2  # float
    ERROR_STREAM: int = 3
    ROW: int = 4
    SIZE: int = 5


Endpoint = _Endpoint()


class _Call(NamedTuple):
    """A call site."""

    ENDPOINT: int = 0
    SITE: int = 1
    REMOTE: int = 2
    LATENCY: int = 3
    LATENCY_STREAM: int = 4
    LOSS: int = 5  # float
    LOSS_STREAM: int = 6
    ERROR_RATE: int = 7  # float
    ERROR_STREAM: int = 8
    SERIALIZATION: int = 9  # a law, or 0
    SERIALIZATION_STREAM: int = 10
    TIMEOUT: int = 11  # float
    ROW: int = 12
    SIZE: int = 13


Call = _Call()


class _Unit(NamedTuple):
    """A deployable."""

    REPLICAS: int = 0  # the first of them
    REPLICA_COUNT: int = 1
    BALANCER: int = 2
    CHOICES: int = 3
    BOARD: int = 4  # of its balancer: see rules/balancing.py
    SHARED: int = 5  # 1: processor sharing
    LIFO: int = 6
    SIZE: int = 7


Unit = _Unit()


class _Replica(NamedTuple):
    """One copy of a unit: a station of cores, and slots for the requests in progress."""

    GENERATION: int = 0
    UNIT: int = 1
    NUMBER: int = 2
    CORES: int = 3
    BUSY: int = 4
    FIRST: int = 5  # who waits for a core
    LAST: int = 6
    CONCURRENCY: int = 7
    IN_PROGRESS: int = 8
    CAPACITY: int = 9  # of the queue for slots
    QUEUED: int = 10
    SLOT_FIRST: int = 11  # who waits for a slot: who gets the next one
    SLOT_LAST: int = 12
    # Processor sharing.
    VIRTUAL: int = 13  # float
    SINCE: int = 14  # float
    JOBS: int = 15
    ROOT: int = 16  # of the jobs, by the virtual time of their ends
    NEXT_END: int = 17  # the event of the next end
    PRESENT: int = 18  # a Level of each service of the unit, over virtual time
    SIZE: int = 19


Replica = _Replica()


class _Workload(NamedTuple):
    """One source of requests."""

    GENERATION: int = 0
    ROW: int = 1
    SHAPE: int = 2
    STREAM: int = 3
    ARRIVAL_STREAM: int = 4
    ENTRY_STREAM: int = 5
    FIRST_ENTRY: int = 6  # number of the first
    ENTRIES: int = 7  # where they are: Entry records
    ENTRY_COUNT: int = 8
    NUMBER: int = 9  # of the next request
    AHEAD: int = 10  # float: expected arrivals until then
    RAMP: int = 11  # the one that is going on
    LAST_RAMP: int = 12  # the one after the last
    TIME: int = 13  # replay: where the next one's time is
    LAST_TIME: int = 14
    THINK: int = 15
    THINK_STREAM: int = 16
    USERS: int = 17  # the first of them
    USER_COUNT: int = 18
    ARRIVED: int = 19
    ENDED: int = 20
    SERVED: int = 21
    SIZE: int = 22


Workload = _Workload()


class _Entry(NamedTuple):
    """What a workload may call."""

    CALL: int = 0
    WEIGHT: int = 1  # float: cumulative
    SIZE: int = 2


Entry = _Entry()


class _Ramp(NamedTuple):
    """A straight line of the arrival rate: floats."""

    START: int = 0
    DURATION: int = 1
    START_RATE: int = 2
    END_RATE: int = 3
    BEFORE: int = 4  # expected arrivals until its start
    AFTER: int = 5  # expected arrivals until its end
    SIZE: int = 6


Ramp = _Ramp()


class _User(NamedTuple):
    """Who thinks, asks, and waits for the end of it."""

    GENERATION: int = 0
    WORKLOAD: int = 1
    NUMBER: int = 2  # of the next request: user x 2**32 + cycle
    HASH_KEY: int = 3
    ENDED: int = 4  # float: when its last request did
    SPINS: int = 5
    SIZE: int = 6


User = _User()


# -- what is in flight


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
    ARRIVAL: int = 5  # float
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
    START: int = 4  # float
    DETACHED: int = 5
    SPAN: int = 6
    LOG: int = 7  # where its row in the attempt log is
    REPLICA: int = 8  # 0: none was ready
    OUTCOME: int = 9
    CAUSE: int = 10  # OK: none
    CAUSE_SERVICE: int = 11  # row
    SERVED: int = 12
    NETWORK: int = 13  # float
    AWAITED: int = 14  # the task that waits for the answer
    TIMER: int = 15  # the event that ends its patience
    REFERENCES: int = 16  # of the caller, and of who is busy with it
    VISIT_WAITING: int = 17  # float
    VISIT_SERVICE: int = 18  # float
    FIRST: int = 19  # the ledger of who served it
    LAST: int = 20
    SIZE: int = 21


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
    WORK: int = 16  # float
    JOINED: int = 17  # float
    WAITED: int = 18  # float
    LOCAL: int = 19
    DUE: int = 20  # float: virtual time of its end
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
    SIZE: int = 29


Task = _Task()


class _LedgerEntry(NamedTuple):
    """Seconds of a request's time, and what they were spent on."""

    GENERATION: int = 0
    NEXT: int = 1
    COMPONENT: int = 2
    SECONDS: int = 3  # float
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


Stage = _Stage()


class _Action(NamedTuple):
    """What an event does."""

    WORKED: int = 0  # a core has done a task's work
    SHARED: int = 1  # shared cores have done somebody's work
    SLEPT: int = 2
    ANSWER: int = 3
    EXPIRE: int = 4
    GRANT: int = 5
    DELIVER: int = 6
    BREAK: int = 7  # a `send` meets a link error
    ARRIVE: int = 8
    ASK: int = 9  # a closed user


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

STEPS_PER_CHECK = 16
ROOM = 4096
"""Words, and places in the heap, that as many steps or events may take at most: some 200 and 4 each."""
PAGE_ROWS = 4096
LATENCY_WIDTH = 4
REQUEST_WIDTH = 9
CALL_WIDTH = 6
ATTEMPT_WIDTH = 9
