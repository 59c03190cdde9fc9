"""The records of the world and of the plan, which are written once, by `image.py`.

Those of what is in flight are in `flight.py`, of policies in `policies.py`, of what goes wrong in `downtime.py`, rows
of the logs in `logs.py`; `machine_code/records.py` says what a declaration means. Times are whole nanoseconds; a `row`
is that of the plan's table, and so is a field that has the name of one of its columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...machine_code.records import Board, Free, Nanoseconds, Part, Record, Ref, Rows, field
from ...plan.layout import Balancer, Dist, Op, Shape
from .tallies import Tallies

if TYPE_CHECKING:
    from .downtime import Fault, Process, Startup, State, Strike
    from .flight import Event, Exchange, LedgerEntry, Repetition, Request, Task
    from .policies import GuardedCall, Policy, Watched


class Owner(Record):
    """Who an event may be for: the generation tells two lives of one record apart."""

    generation: int


class Log(Record):
    """A log, which is in an array of its own: pages of rows, each page beginning with the place of the one before."""

    row: int  # where the next row goes
    end: int  # of the page
    page: int


class Place(Record):
    """A place in the calendar of events."""

    time: Nanoseconds
    event: Ref[Event]


class World(Tallies, world=True):
    """The one record at 0: everything there is one of."""

    top: int  # first word never used
    now: Nanoseconds
    end: Nanoseconds  # horizon + drain
    horizon: Nanoseconds
    halt: Nanoseconds  # until which nothing but events is to be seen to
    key: int  # of this replication's draws
    begun: bool
    missing: bool  # a function was called that this kernel has not
    task: Ref[Task]  # who is to go on
    agenda: Ref[Task]  # who goes on after that: a stack
    events: int
    standstill: Ref[Workload]  # for which time stands still
    # The calendar: a heap.
    heap: Rows[Place]
    heap_size: int
    heap_capacity: int
    hole: bool  # the top is done with, and its place free
    cancelled: int  # events in the heap that are not to happen
    last_time: Nanoseconds  # of the event before, and its key
    last_head: int
    last_request: int
    last_address: int
    free_event: Free[Event]
    free_task: Free[Task]
    free_exchange: Free[Exchange]
    free_request: Free[Request]
    free_entry: Free[LedgerEntry]
    free_repetition: Free[Repetition]
    # Rows of the plan.
    services: Rows[Service]
    service_count: int
    workloads: Rows[Workload]
    workload_count: int
    endpoint_count: int
    # What is written down.
    pairs: Rows[int]  # which row of the tallies is of an entry and an endpoint: those of one entry together
    edges: Rows[Nanoseconds]
    edge_count: int
    edge: int  # the last one that was looked at
    log_top: int
    logs_requests: bool
    logs_attempts: bool
    latency_log: Part[Log]
    request_log: Part[Log]
    call_log: Part[Log]
    attempt_log: Part[Log]
    send_log: Part[Log]
    settle_log: Part[Log]
    requests: int  # rows of the request log so far
    pages_room: int  # words that one page of each log takes
    pair_count: int
    capacity: int  # words of memory
    log_capacity: int
    free_guarded_call: Free[GuardedCall]
    patient: bool  # somebody may give up, so that work may be for nobody
    lingers: bool  # something may be left of a request when it ends
    served: int  # requests so far, where it does
    deadlines: bool  # callees may know when
    breakers: Rows[Watched]
    breaker_count: int
    # What goes wrong.
    mortal: bool  # replicas can die
    strikes: Rows[Strike]
    strike_count: int
    processes: Rows[Process]
    process_count: int
    units: Rows[Unit]
    unit_count: int
    forsaken: int  # exchanges that are there still, though their callers stopped waiting
    send_count: int


# -- the plan


class Law(Record):
    """A distribution of times."""

    kind: int = field(codes=Dist)
    p0: float
    p1: float
    p2: float
    probabilities: int  # where they are
    values: int
    points: int


class Instruction(Record):
    """A row of the program."""

    op: int = field(codes=Op)
    law: Ref[Law]  # CPU, SLEEP
    call: Ref[Call] = field(over="law")  # CALL, SEND
    options: Rows[Option] = field(over="law")  # PARALLEL, CHOOSE
    site: int = field(over="law")  # REPEAT
    reason: int = field(over="law")  # FAIL
    stream: int  # CPU, SLEEP, MAYBE
    count: int = field(over="stream")  # PARALLEL, CHOOSE, REPEAT
    to: Ref[Instruction]  # where it goes on
    choice_stream: int = field(over="to")  # CHOOSE
    chance: float
    local: int  # index of its events


class Option(Record):
    """A branch of a `parallel`, or an option of a `choose`."""

    start: Ref[Instruction]
    weight: float  # cumulative


class Level(Record):
    """A number over time and its integral."""

    area: float
    since: Nanoseconds
    value: int


class VirtualLevel(Record):
    """A number over the virtual time of shared cores and its integral."""

    area: float
    since: float
    value: int


class Service(Record):
    """A service, wherever it runs, with what is measured of it."""

    unit: Ref[Unit]
    pace: float
    balance_stream: int
    row: int
    components: int  # its first component in a ledger
    member: int  # which of its unit's services it is
    begun: int
    ended: int
    failed: int
    busy: Part[Level]  # cores, first come first served
    waiting: Part[Level]  # requests, for a slot or a core
    sharing: Part[Level]  # jobs on shared cores
    limiter: Board  # see rules/limits.py
    slow: Rows[Ref[Fault]]  # up to nobody


class Endpoint(Record):
    """What can be called."""

    service: Ref[Service]
    start: Ref[Instruction]
    error_rate: float
    error_stream: int
    row: int


class Call(Record):
    """A call site."""

    endpoint: Ref[Endpoint]
    site: int
    remote: bool
    latency: Ref[Law]
    latency_stream: int
    loss: float
    loss_stream: int
    error_rate: float
    error_stream: int
    serialization: Ref[Law]
    serialization_stream: int
    timeout: Nanoseconds
    row: int
    policy: Ref[Policy]  # nobody: nothing but a timeout
    timeout_law: Ref[Law]  # nobody: it is not drawn
    timeout_stream: int
    propagates: bool  # its callee has a deadline
    faults: Rows[Ref[Fault]]  # up to nobody
    sent: int  # of a `send`: its row in the tally


class Unit(Record):
    """A deployable."""

    replicas: Rows[Replica]
    replica_count: int
    balancer: int = field(codes=Balancer)
    choices: int
    board: Board  # of its balancer: see rules/balancers.py
    shared: bool  # processor sharing
    lifo: bool
    detector: Board  # see rules/outliers.py
    row: int
    ready: Part[Level]  # replicas
    known_after: Nanoseconds  # of a death
    startups: Rows[Startup]
    startup_count: int
    states: Rows[State]  # of policies, that a replica loses
    state_count: int


class Replica(Owner):
    """One copy of a unit: a station of cores, and slots for the requests in progress."""

    unit: Ref[Unit]
    number: int
    cores: int
    busy: int
    first: Ref[Task]  # who waits for a core
    last: Ref[Task]
    concurrency: int
    in_progress: int
    capacity: int  # of the queue for slots
    queued: int
    slot_first: Ref[Task]  # who waits for a slot: who gets the next one
    slot_last: Ref[Task]
    # Processor sharing.
    virtual: float  # time
    since: Nanoseconds
    jobs: int
    root: Ref[Task]  # of the jobs, by the virtual time of their ends
    next_end: Ref[Event]
    present: Rows[VirtualLevel]  # of each service of the unit
    ready: bool
    paused: int  # pauses that go on
    # Only where something goes wrong.
    causes: int  # that hold it down
    deaths: int
    starts: int
    starting: Ref[Event]  # its readiness
    unknown: Ref[Event]  # by which its death is known
    tasks: Ref[Task]  # the latest that is in it
    frozen: Ref[Task]  # whose work stands still
    asleep: Ref[Task]  # who would wake, but for a pause
    chosen: int  # attempts that it was given


class Workload(Owner):
    """One source of requests."""

    row: int
    shape: int = field(codes=Shape)
    stream: int
    arrival_stream: int
    entry_stream: int
    first_entry: int  # number of the first
    entries: Rows[Entry]
    entry_count: int
    number: int  # of the next request
    ahead: float  # expected arrivals until then
    ramp: Ref[Ramp]  # the one that is going on
    last_ramp: Ref[Ramp]  # the one after the last
    replayed: Ref[Instant]  # the next one
    last_replayed: Ref[Instant]  # the one after the last
    think: Ref[Law]
    think_stream: int
    users: Rows[User]
    user_count: int
    arrived: int
    ended: int
    served: int


class Entry(Record):
    """What a workload may call."""

    call: Ref[Call]
    weight: float  # cumulative


class Ramp(Record):
    """A straight line of the arrival rate, in seconds."""

    start: float
    duration: float
    start_rate: float
    end_rate: float
    before: float  # expected arrivals until its start
    after: float  # expected arrivals until its end


class Instant(Record):
    """A time of a replay."""

    time: Nanoseconds


class User(Owner):
    """Who thinks, asks, and waits for the end of it."""

    workload: Ref[Workload]
    number: int  # of the next request: user x 2**32 + cycle
    hash_key: int
    ended: Nanoseconds  # its last request
    spins: int


STEPS_PER_CHECK = 8
ROOM = 4096
"""Words, and places in the heap, that as many events, each with a step, may take at most: some 400 and 8 each."""
