"""The memory of a run: what each word of each record is.

All of a run lives in one array of 64-bit words, `m`, of which `f` is the view as floats. A record is a few words of
it; a reference to a record is the number of its first word, and 0 is nobody. So a field is `m[task + Task.STAGE]`,
or `f[task + Task.WORK]` if it is a time; here, fields that are floats say so.

Records of the plan are written once, by `image.py`. Those of what is in flight come and go (`memory.py`); each starts
with a generation, which tells two lives of one record apart.
"""

from __future__ import annotations

from enum import IntEnum


class World(IntEnum):
    """The one record at 0: everything there is one of."""

    TOP = 0  # first word never used
    NOW = 1  # float
    END = 2  # float: horizon + drain
    HORIZON = 3  # float
    KEY = 4  # of this replication's draws
    BEGUN = 5
    TASK = 6  # who is to go on
    AGENDA = 7  # who goes on after that: a stack
    EVENTS = 8
    STANDSTILL = 9  # the workload for which time stands still
    # The calendar of events: a heap of (time, event).
    HEAP = 10
    HEAP_SIZE = 11
    HEAP_CAPACITY = 12
    HOLE = 13  # 1: the top is done with, and its place free
    CANCELLED = 14  # events in the heap that are not to happen
    LAST_TIME = 15  # float: of the event before, and its key
    LAST_HEAD = 16
    LAST_REQUEST = 17
    LAST_ADDRESS = 18
    # Free records of each kind, as a list.
    FREE_EVENT = 19
    FREE_TASK = 20
    FREE_EXCHANGE = 21
    FREE_REQUEST = 22
    FREE_ENTRY = 23
    FREE_REPETITION = 24
    # Rows of the plan.
    SERVICES = 25
    SERVICE_COUNT = 26
    WORKLOADS = 27
    WORKLOAD_COUNT = 28
    ENDPOINT_COUNT = 29
    # Tallies: floats but for counts, arrived, ended and outcomes.
    EDGES = 30
    EDGE_COUNT = 31
    EDGE = 32  # the last one that was looked at
    LEVELS = 33
    COUNTS = 34
    ARRIVED = 35
    ENDED = 36
    VISITS = 37
    OUTCOMES = 38
    TALLIES = 39
    BREAKDOWN = 40
    # Logs, in an array of their own: pages of rows, each page beginning with the one before it.
    LOG_TOP = 41
    LOGS_REQUESTS = 42
    LOGS_ATTEMPTS = 43
    LATENCY_ROW = 44  # where the next row goes
    LATENCY_END = 45  # of the page
    LATENCY_PAGE = 46
    REQUEST_ROW = 47
    REQUEST_END = 48
    REQUEST_PAGE = 49
    CALL_ROW = 50
    CALL_END = 51
    CALL_PAGE = 52
    ATTEMPT_ROW = 53
    ATTEMPT_END = 54
    ATTEMPT_PAGE = 55
    REQUESTS = 56  # rows of the request log so far
    PAGES_ROOM = 57  # words that one page of each log takes
    ENTRY_COUNT = 58
    SIZE = 64


class Log(IntEnum):
    """A log's three words in `World`, from its ROW on."""

    ROW = 0
    END = 1
    PAGE = 2


# -- the plan


class Law(IntEnum):
    """A distribution of times."""

    KIND = 0
    P0 = 1  # float
    P1 = 2  # float
    P2 = 3  # float
    PROBABILITIES = 4
    VALUES = 5
    POINTS = 6
    SIZE = 7


class Instruction(IntEnum):
    """A row of the program: rows, laws and calls are references."""

    OP = 0
    A = 1
    B = 2
    C = 3
    X = 4  # float
    LOCAL = 5  # the local index of its events
    SIZE = 6


class Option(IntEnum):
    """A branch of a `parallel`, or an option of a `choose`."""

    START = 0
    WEIGHT = 1  # float: cumulative
    SIZE = 2


class Level(IntEnum):
    """A number over time and its integral."""

    AREA = 0  # float
    SINCE = 1  # float
    VALUE = 2
    SIZE = 3


class Service(IntEnum):
    """A service, wherever it runs, with what is measured of it."""

    UNIT = 0
    PACE = 1  # float
    BALANCE_STREAM = 2
    ROW = 3
    COMPONENTS = 4  # its first component in a ledger
    MEMBER = 5  # which of its unit's services it is
    BEGUN = 6
    ENDED = 7
    FAILED = 8
    BUSY = 9  # a Level: cores, first come first served
    WAITING = 12  # a Level: requests, for a slot or a core
    SHARING = 15  # a Level: jobs on shared cores
    SIZE = 18


class Endpoint(IntEnum):
    """What can be called."""

    SERVICE = 0
    START = 1
    ERROR_RATE = 2  # float
    ERROR_STREAM = 3
    ROW = 4
    SIZE = 5


class Call(IntEnum):
    """A call site."""

    ENDPOINT = 0
    SITE = 1
    REMOTE = 2
    LATENCY = 3
    LATENCY_STREAM = 4
    LOSS = 5  # float
    LOSS_STREAM = 6
    ERROR_RATE = 7  # float
    ERROR_STREAM = 8
    SERIALIZATION = 9  # a law, or 0
    SERIALIZATION_STREAM = 10
    TIMEOUT = 11  # float
    ROW = 12
    SIZE = 13


class Unit(IntEnum):
    """A deployable."""

    REPLICAS = 0  # the first of them
    REPLICA_COUNT = 1
    BALANCER = 2
    CHOICES = 3
    BOARD = 4  # of its balancer: see rules/balancing.py
    SHARED = 5  # 1: processor sharing
    LIFO = 6
    SIZE = 7


class Replica(IntEnum):
    """One copy of a unit: a station of cores, and slots for the requests in progress."""

    GENERATION = 0
    UNIT = 1
    NUMBER = 2
    CORES = 3
    BUSY = 4
    FIRST = 5  # who waits for a core
    LAST = 6
    CONCURRENCY = 7
    IN_PROGRESS = 8
    CAPACITY = 9  # of the queue for slots
    QUEUED = 10
    SLOT_FIRST = 11  # who waits for a slot: who gets the next one
    SLOT_LAST = 12
    # Processor sharing.
    VIRTUAL = 13  # float
    SINCE = 14  # float
    JOBS = 15
    ROOT = 16  # of the jobs, by the virtual time of their ends
    NEXT_END = 17  # the event of the next end
    PRESENT = 18  # a Level of each service of the unit, over virtual time
    SIZE = 19


class Workload(IntEnum):
    """One source of requests."""

    GENERATION = 0
    ROW = 1
    SHAPE = 2
    STREAM = 3
    ARRIVAL_STREAM = 4
    ENTRY_STREAM = 5
    FIRST_ENTRY = 6  # number of the first
    ENTRIES = 7  # where they are: Entry records
    ENTRY_COUNT = 8
    NUMBER = 9  # of the next request
    AHEAD = 10  # float: expected arrivals until then
    RAMP = 11  # the one that is going on
    LAST_RAMP = 12  # the one after the last
    TIME = 13  # replay: where the next one's time is
    LAST_TIME = 14
    THINK = 15
    THINK_STREAM = 16
    USERS = 17  # the first of them
    USER_COUNT = 18
    ARRIVED = 19
    ENDED = 20
    SERVED = 21
    SIZE = 22


class Entry(IntEnum):
    """What a workload may call."""

    CALL = 0
    WEIGHT = 1  # float: cumulative
    SIZE = 2


class Ramp(IntEnum):
    """A straight line of the arrival rate: floats."""

    START = 0
    DURATION = 1
    START_RATE = 2
    END_RATE = 3
    BEFORE = 4  # expected arrivals until its start
    AFTER = 5  # expected arrivals until its end
    SIZE = 6


class User(IntEnum):
    """Who thinks, asks, and waits for the end of it."""

    GENERATION = 0
    WORKLOAD = 1
    NUMBER = 2  # of the next request: user x 2**32 + cycle
    HASH_KEY = 3
    ENDED = 4  # float: when its last request did
    SPINS = 5
    SIZE = 6


# -- what is in flight


class Free(IntEnum):
    """A record that is free."""

    GENERATION = 0
    NEXT = 1


class Event(IntEnum):
    """What is to happen; its time is in the heap. HEAD is kind, workload and local index (see calendar.py)."""

    GENERATION = 0
    HEAD = 1
    REQUEST = 2
    ADDRESS = 3
    ACTION = 4
    OWNER = 5  # 0: cancelled
    OWNER_GENERATION = 6
    SIZE = 7


class Request(IntEnum):
    """One wish of a user."""

    GENERATION = 0
    WORKLOAD = 1
    NUMBER = 2
    ENTRY = 3
    HASH_KEY = 4
    ARRIVAL = 5  # float
    BIN = 6
    USER = 7  # 0: of an open workload
    SPANS = 8
    REFERENCES = 9
    ROW = 10  # in the request log
    LOG = 11  # where that row is
    SIZE = 12


class Exchange(IntEnum):
    """One try at a call, with the visit that it makes."""

    GENERATION = 0
    REQUEST = 1
    CALL = 2
    ADDRESS = 3
    START = 4  # float
    DETACHED = 5
    SPAN = 6
    LOG = 7  # where its row in the attempt log is
    REPLICA = 8  # 0: none was ready
    OUTCOME = 9
    CAUSE = 10  # OK: none
    CAUSE_SERVICE = 11  # row
    SERVED = 12
    NETWORK = 13  # float
    AWAITED = 14  # the task that waits for the answer
    TIMER = 15  # the event that ends its patience
    REFERENCES = 16  # of the caller, and of who is busy with it
    VISIT_WAITING = 17  # float
    VISIT_SERVICE = 18  # float
    FIRST = 19  # the ledger of who served it
    LAST = 20
    SIZE = 21


class Task(IntEnum):
    """A thread of control: a handler, a branch of one, or who waits at the edge."""

    GENERATION = 0
    NEXT = 1  # in the queue, or on the agenda
    ROLE = 2
    STAGE = 3
    ROW = 4  # the next instruction
    REQUEST = 5
    ADDRESS = 6  # of the visit, or of one repetition of its steps
    VISIT = 7  # the exchange that it serves; 0 at the edge
    SERVICE = 8
    REPLICA = 9
    PARENT = 10  # who goes on after it
    REPETITION = 11
    FIRST = 12  # its ledger
    LAST = 13
    CAUSE = 14  # of its failure; OK: none
    CAUSE_SERVICE = 15
    # Work on a core, or sleep, or waiting for a slot.
    WORK = 16  # float
    JOINED = 17  # float
    WAITED = 18  # float
    LOCAL = 19
    DUE = 20  # float: virtual time of its end
    CHILD = 21  # in the heap of jobs
    SIBLING = 22
    # A call.
    CALL = 23
    CALL_ADDRESS = 24
    EXCHANGE = 25
    # A `parallel`.
    OPTION = 26  # the next branch to start
    OPTION_END = 27
    REMAINING = 28
    SIZE = 29


class LedgerEntry(IntEnum):
    """Seconds of a request's time, and what they were spent on."""

    GENERATION = 0
    NEXT = 1
    COMPONENT = 2
    SECONDS = 3  # float
    SIZE = 4


class Repetition(IntEnum):
    """A `times` that is going on."""

    GENERATION = 0
    OUTER = 1  # the one around it
    ADDRESS = 2  # outside of it
    DONE = 3
    SIZE = 4


class Role(IntEnum):
    """Whose task it is, and so what follows its end."""

    EDGE = 0
    HANDLER = 1
    INSIDE = 2  # a call inside a process
    ALONE = 3  # a `send` inside a process
    BRANCH = 4


class Stage(IntEnum):
    """What a task does when it goes on."""

    STEPS = 0
    SEND = 1  # the message is packed
    SEND_ALONE = 2  # that of a `send`
    ANSWERED = 3  # or given up
    UNPACKED = 4
    ADMITTED = 5  # a slot was granted
    RECEIVED = 6  # the message is unpacked
    RESPONDED = 7  # the answer is packed
    BRANCHES = 8  # start the next one
    JOINED = 9  # the last branch has ended


class Action(IntEnum):
    """What an event does."""

    WORKED = 0  # a core has done a task's work
    SHARED = 1  # shared cores have done somebody's work
    SLEPT = 2
    ANSWER = 3
    EXPIRE = 4
    GRANT = 5
    DELIVER = 6
    BREAK = 7  # a `send` meets a link error
    ARRIVE = 8
    ASK = 9  # a closed user


class Status(IntEnum):
    """Why the kernel came back."""

    DONE = 0
    PAUSED = 1  # it has done its share of work
    NEEDS_MEMORY = 2
    NEEDS_HEAP = 3
    NEEDS_LOG = 4
    STANDSTILL = 5
    SAME_KEY = 6
    BROKEN = 7


ROOM = 512
"""Words, and places in the heap, that one step of a task or one event may take."""
PAGE_ROWS = 4096
LATENCY_WIDTH = 4
REQUEST_WIDTH = 9
CALL_WIDTH = 6
ATTEMPT_WIDTH = 9
