"""The memory of a run: what each word of each record is.

All of a run lives in one array of 64-bit words, `m`, of which `f` is the view as floats. A record is a few words of
it; a reference to a record is the number of its first word, and 0 is nobody. So a field is `m[task + Task.STAGE]`,
or `f[law + Law.P0]` if it is a float; here, fields that are floats say so. Times are whole nanoseconds.

These are the records of the world and of the plan, which are written once, by `image.py`. Those of what is in flight
are in `flight.py`.
"""

from __future__ import annotations

from typing import NamedTuple


class _World(NamedTuple):
    """The one record at 0: everything there is one of."""

    TOP: int = 0  # first word never used
    NOW: int = 1
    END: int = 2  # horizon + drain
    HORIZON: int = 3
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
    LAST_TIME: int = 15  # of the event before, and its key
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
    # Tallies: floats (nanoseconds) but for counts, arrived, ended and outcomes.
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
    FREE_EFFORT: int = 61
    PATIENT: int = 62  # 1: somebody may give up, so that work may be for nobody
    DEADLINES: int = 63  # 1: callees may know when
    TRIES: int = 64
    WASTED: int = 65
    OPEN_BREAKERS: int = 66
    BREAKERS: int = 67  # Watched records
    BREAKER_COUNT: int = 68
    # What goes wrong.
    MORTAL: int = 69  # 1: replicas can die
    STRIKES: int = 70
    STRIKE_COUNT: int = 71
    PROCESSES: int = 72
    PROCESS_COUNT: int = 73
    UNITS: int = 74
    UNIT_COUNT: int = 75
    READY: int = 76  # a tally
    FORSAKEN: int = 77  # exchanges that are there still, though their callers stopped waiting
    SENDS: int = 78  # a tally: integers
    SEND_COUNT: int = 79
    SIZE: int = 80


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
    SINCE: int = 1  # over virtual time: float
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
    LIMITER: int = 18  # a board: see rules/limits.py; 0: none
    SLOW: int = 19  # a list of faults, or 0
    SIZE: int = 20


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
    TIMEOUT: int = 11
    ROW: int = 12
    POLICY: int = 13  # 0: none but a timeout
    LAW: int = 14  # of the timeout; 0: it is not drawn
    TIMEOUT_STREAM: int = 15
    PROPAGATES: int = 16  # 1: its callee has a deadline
    FAULTS: int = 17  # a list of faults, or 0
    SENT: int = 18  # of a `send`: its row in the tally
    SIZE: int = 19


Call = _Call()


class _Policy(NamedTuple):
    """What is done about a call; of states, those of caller replica 0, or 0."""

    ATTEMPTS: int = 0
    PER_TRY: int = 1
    RETRY_ON: int = 2
    BACKOFF: int = 3
    MAX_BACKOFF: int = 4
    JITTER: int = 5
    BACKOFF_STREAM: int = 6
    BREAKER: int = 7  # a board: see rules/breaker.py
    BREAKER_WORDS: int = 8
    BULKHEAD: int = 9
    BUDGET: int = 10
    HEDGE: int = 11
    SIZE: int = 12


Policy = _Policy()


class _Bulkhead(NamedTuple):
    """The places for tries of one caller replica at one target."""

    LIMIT: int = 0
    WAIT: int = 1
    TAKEN: int = 2
    FIRST: int = 3  # the effort that has waited longest
    LAST: int = 4
    SIZE: int = 5


Bulkhead = _Bulkhead()


class _Budget(NamedTuple):
    """How many tries and re-tries of one caller replica are active at one target."""

    PERCENT: int = 0  # float
    LEAST: int = 1
    ACTIVE: int = 2
    RETRIES: int = 3
    SIZE: int = 4


Budget = _Budget()


class _Watched(NamedTuple):
    """A breaker that is looked at."""

    BOARD: int = 0
    TARGET: int = 1  # row of the service
    SIZE: int = 2


Watched = _Watched()


class _Unit(NamedTuple):
    """A deployable."""

    REPLICAS: int = 0  # the first of them
    REPLICA_COUNT: int = 1
    BALANCER: int = 2
    CHOICES: int = 3
    BOARD: int = 4  # of its balancer: see rules/balancing.py
    SHARED: int = 5  # 1: processor sharing
    LIFO: int = 6
    DETECTOR: int = 7  # a board: see rules/outliers.py; 0: none
    ROW: int = 8
    READY: int = 9  # a Level: replicas
    KNOWN_AFTER: int = 12  # of a death
    STARTUPS: int = 13
    STARTUP_COUNT: int = 14
    STATES: int = 15  # of policies, that a replica loses
    STATE_COUNT: int = 16
    SIZE: int = 17


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
    SINCE: int = 14
    JOBS: int = 15
    ROOT: int = 16  # of the jobs, by the virtual time of their ends
    NEXT_END: int = 17  # the event of the next end
    PRESENT: int = 18  # a Level of each service of the unit, over virtual time
    READY: int = 19
    PAUSED: int = 20  # pauses that go on
    # Only where something goes wrong.
    CAUSES: int = 21  # that hold it down
    DEATHS: int = 22
    STARTS: int = 23
    STARTING: int = 24  # the event of its readiness
    UNKNOWN: int = 25  # the event by which its death is known
    TASKS: int = 26  # the latest that is in it
    FROZEN: int = 27  # whose work stands still
    ASLEEP: int = 28  # who would wake, but for a pause
    CHOSEN: int = 29  # attempts that it was given
    SIZE: int = 30


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
    ENDED: int = 4  # when its last request did
    SPINS: int = 5
    SIZE: int = 6


User = _User()

STEPS_PER_CHECK = 16
ROOM = 4096
"""Words, and places in the heap, that as many steps or events may take at most: some 200 and 4 each."""
PAGE_ROWS = 4096
LATENCY_WIDTH = 4
REQUEST_WIDTH = 9
CALL_WIDTH = 6
ATTEMPT_WIDTH = 9
