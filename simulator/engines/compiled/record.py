"""What is written down while it happens: tallies by bin, and logs as far as they are asked for."""

from __future__ import annotations

from ...plan.layout import GOOD, Component, Outcome
from ...plan.trace import LOST, Count, Tally, Visits
from ...plan.trace import Level as LevelColumn
from ...rules.breaker import open_time
from ...rules.jit import Floats, Words, kernel, subroutine
from .flight import Exchange, LedgerEntry, Request
from .layout import (
    ATTEMPT_WIDTH,
    CALL_WIDTH,
    LATENCY_WIDTH,
    PAGE_ROWS,
    REQUEST_WIDTH,
    Call,
    Endpoint,
    Level,
    Log,
    Replica,
    Service,
    Unit,
    Watched,
    Workload,
    World,
)
from .stations import level_at, shared_level_at, virtual_now

OUTCOMES = len(Outcome)
TALLIES = len(Tally)
VISITS = len(Visits)
COMPONENTS = len(Component)
SENDS = LOST + 1
LEVELS = len(LevelColumn)
COUNTS = len(Count)
BUSY, WAITING = int(LevelColumn.BUSY), int(LevelColumn.WAITING)
BEGUN, ENDED, FAILED = int(Count.BEGUN), int(Count.ENDED), int(Count.FAILED)
UNFINISHED = int(Outcome.UNFINISHED)
LAST_GOOD = int(GOOD)
NUMBER, FAILURES, LATENCY = int(Tally.NUMBER), int(Tally.FAILED), int(Tally.LATENCY)

NO_END = -1
"""The end of what has none yet."""
# Columns of rows in the logs, in the order of `plan.trace`.
REQUEST_END, REQUEST_OUTCOME, REQUEST_CAUSE, REQUEST_CAUSE_SERVICE, REQUEST_ATTEMPTS = 4, 5, 6, 7, 8
ATTEMPT_REPLICA, ATTEMPT_NUMBER, ATTEMPT_END, ATTEMPT_OUTCOME = 4, 5, 7, 8


@kernel
def new_row(m: Words, log: Words, which: int, width: int) -> int:
    """Where the next row of a log goes, on a new page if need be."""
    row = m[which + Log.ROW]
    if row == m[which + Log.END]:
        page = m[World.LOG_TOP]
        log[page] = m[which + Log.PAGE]
        m[which + Log.PAGE] = page
        row = page + 1
        m[which + Log.END] = row + PAGE_ROWS * width
        m[World.LOG_TOP] = m[which + Log.END]
    m[which + Log.ROW] = row + width
    return row


# -- levels, at the edges of bins


@subroutine
def shared_area(m: Words, f: Floats, service: int, now: int) -> float:
    """Time of cores that jobs of one service have been given on shared cores."""
    unit = m[service + Service.UNIT]
    area = 0.0
    if m[unit + Unit.SHARED] == 1:
        for number in range(m[unit + Unit.REPLICA_COUNT]):
            replica = m[unit + Unit.REPLICAS] + number * Replica.SIZE
            level = m[replica + Replica.PRESENT] + Level.SIZE * m[service + Service.MEMBER]
            area += shared_level_at(m, f, level, virtual_now(m, f, replica, now))
    return area


@subroutine
def look(m: Words, f: Floats, edge: int) -> None:
    """All levels and counts at an edge of the statistics."""
    now = m[m[World.EDGES] + edge]
    services = m[World.SERVICE_COUNT]
    for row in range(services):
        service = m[World.SERVICES] + row * Service.SIZE
        shared = shared_area(m, f, service, now)
        levels = m[World.LEVELS] + (edge * services + row) * LEVELS
        f[levels + BUSY] = level_at(m, f, service + Service.BUSY, now) + shared
        sharing = level_at(m, f, service + Service.SHARING, now)
        f[levels + WAITING] = level_at(m, f, service + Service.WAITING, now) + (sharing - shared)
        counts = m[World.COUNTS] + (edge * services + row) * COUNTS
        m[counts + BEGUN] = m[service + Service.BEGUN]
        m[counts + ENDED] = m[service + Service.ENDED]
        m[counts + FAILED] = m[service + Service.FAILED]
    for number in range(m[World.BREAKER_COUNT]):
        watched = m[World.BREAKERS] + number * Watched.SIZE
        at = m[World.OPEN_BREAKERS] + edge * services + m[watched + Watched.TARGET]
        f[at] += open_time(m, f, m[watched + Watched.BOARD], now)
    units = m[World.UNIT_COUNT]
    for row in range(units):
        unit = m[World.UNITS] + row * Unit.SIZE
        f[m[World.READY] + edge * units + row] = level_at(m, f, unit + Unit.READY, now)
    workloads = m[World.WORKLOAD_COUNT]
    for row in range(workloads):
        workload = m[World.WORKLOADS] + row * Workload.SIZE
        m[m[World.ARRIVED] + edge * workloads + row] = m[workload + Workload.ARRIVED]
        ended = m[World.ENDED] + (edge * workloads + row) * 2
        m[ended] = m[workload + Workload.ENDED]
        m[ended + 1] = m[workload + Workload.SERVED]
    m[World.EDGE] = edge


# -- requests


@kernel
def request_begins(m: Words, log: Words, request: int, workload: int) -> None:
    """A request arrives, now."""
    m[workload + Workload.ARRIVED] += 1
    row = m[request + Request.WORKLOAD]
    m[m[World.OUTCOMES] + (m[request + Request.BIN] * m[World.WORKLOAD_COUNT] + row) * OUTCOMES + UNFINISHED] += 1
    if m[World.LOGS_REQUESTS] == 1:
        m[request + Request.ROW] = m[World.REQUESTS]
        m[World.REQUESTS] += 1
        at = new_row(m, log, World.REQUEST_ROW, REQUEST_WIDTH)
        m[request + Request.LOG] = at
        log[at] = m[request + Request.NUMBER]
        log[at + 1] = row
        log[at + 2] = m[request + Request.ENTRY]
        log[at + 3] = m[World.NOW]
        log[at + REQUEST_END] = NO_END
        log[at + REQUEST_OUTCOME] = UNFINISHED
        log[at + REQUEST_CAUSE] = 0
        log[at + REQUEST_CAUSE_SERVICE] = -1
        log[at + REQUEST_ATTEMPTS] = 0


@kernel
def request_ends(m: Words, f: Floats, log: Words, request: int, exchange: int, ledger: int) -> None:
    """A request ends, now, as its call at the edge did; `ledger` is the first entry of its critical path."""
    now, outcome = m[World.NOW], m[exchange + Exchange.OUTCOME]
    row, begun = m[request + Request.WORKLOAD], m[request + Request.BIN]
    outcomes = m[World.OUTCOMES] + (begun * m[World.WORKLOAD_COUNT] + row) * OUTCOMES
    m[outcomes + UNFINISHED] -= 1
    m[outcomes + outcome] += 1
    workload = m[World.WORKLOADS] + row * Workload.SIZE
    m[workload + Workload.ENDED] += 1
    if outcome <= LAST_GOOD:
        m[workload + Workload.SERVED] += 1
        at = new_row(m, log, World.LATENCY_ROW, LATENCY_WIDTH)
        log[at] = now - m[request + Request.ARRIVAL]
        log[at + 1] = m[request + Request.ARRIVAL]
        log[at + 2] = begun
        log[at + 3] = row
        breakdown = m[World.BREAKDOWN] + begun * m[World.SERVICE_COUNT] * COMPONENTS
        while ledger != 0:
            f[breakdown + m[ledger + LedgerEntry.COMPONENT]] += m[ledger + LedgerEntry.TIME]
            ledger = m[ledger + LedgerEntry.NEXT]
    if m[World.LOGS_REQUESTS] == 1:
        at = m[request + Request.LOG]
        log[at + REQUEST_END] = now
        log[at + REQUEST_OUTCOME] = outcome
        log[at + REQUEST_CAUSE] = m[exchange + Exchange.CAUSE]
        log[at + REQUEST_CAUSE_SERVICE] = m[exchange + Exchange.CAUSE_SERVICE]


# -- calls and attempts


@kernel
def sends_at(m: Words, exchange: int) -> int:
    """Where it is tallied what became of a `send`."""
    begun = m[m[exchange + Exchange.REQUEST] + Request.BIN]
    return m[World.SENDS] + (begun * m[World.SEND_COUNT] + m[m[exchange + Exchange.CALL] + Call.SENT]) * SENDS


@kernel
def send_ends(m: Words, exchange: int, outcome: int) -> None:
    """It is known what became of a `send`; of any other attempt there is nothing to tally."""
    if m[exchange + Exchange.DETACHED] == 1:
        at = sends_at(m, exchange)
        m[at + UNFINISHED] -= 1
        m[at + outcome] += 1


@kernel
def attempt_begins(m: Words, log: Words, exchange: int, parent: int) -> None:
    """A try at a call is made, now."""
    request = m[exchange + Exchange.REQUEST]
    target = m[m[m[exchange + Exchange.CALL] + Call.ENDPOINT] + Endpoint.SERVICE]
    m[m[World.TRIES] + m[request + Request.BIN] * m[World.SERVICE_COUNT] + m[target + Service.ROW]] += 1
    if m[exchange + Exchange.DETACHED] == 1:
        m[sends_at(m, exchange) + UNFINISHED] += 1
    if m[World.LOGS_REQUESTS] == 0:
        return
    log[m[request + Request.LOG] + REQUEST_ATTEMPTS] += 1
    if m[World.LOGS_ATTEMPTS] == 0:
        return
    at = new_row(m, log, World.ATTEMPT_ROW, ATTEMPT_WIDTH)
    m[exchange + Exchange.LOG] = at
    log[at] = m[request + Request.ROW]
    log[at + 1] = m[exchange + Exchange.SPAN]
    log[at + 2] = parent
    log[at + 3] = m[m[exchange + Exchange.CALL] + Call.ROW]
    log[at + ATTEMPT_REPLICA] = -1
    log[at + ATTEMPT_NUMBER] = 0
    log[at + 6] = m[exchange + Exchange.START]
    log[at + ATTEMPT_END] = NO_END
    log[at + ATTEMPT_OUTCOME] = UNFINISHED


@kernel
def number_attempt(m: Words, log: Words, exchange: int, number: int) -> None:
    """Which try at its call it is."""
    if m[World.LOGS_ATTEMPTS] == 1:
        log[m[exchange + Exchange.LOG] + ATTEMPT_NUMBER] = number


@kernel
def replica_chosen(m: Words, log: Words, exchange: int, replica: int) -> None:
    """Where an attempt goes."""
    if m[World.LOGS_ATTEMPTS] == 1:
        log[m[exchange + Exchange.LOG] + ATTEMPT_REPLICA] = m[replica + Replica.NUMBER]


@kernel
def attempt_ends(m: Words, log: Words, exchange: int) -> None:
    """A try ends for its caller (a `send` for its target), now."""
    send_ends(m, exchange, m[exchange + Exchange.OUTCOME])
    if m[World.LOGS_ATTEMPTS] == 1:
        log[m[exchange + Exchange.LOG] + ATTEMPT_END] = m[World.NOW]
        log[m[exchange + Exchange.LOG] + ATTEMPT_OUTCOME] = m[exchange + Exchange.OUTCOME]


@kernel
def call_ends(m: Words, f: Floats, log: Words, exchange: int, start: int) -> None:
    """A call that somebody waited for ends, now, as its last try did."""
    now, outcome = m[World.NOW], m[exchange + Exchange.OUTCOME]
    request = m[exchange + Exchange.REQUEST]
    endpoint = m[m[m[exchange + Exchange.CALL] + Call.ENDPOINT] + Endpoint.ROW]
    at = (m[request + Request.BIN] * m[World.ENTRY_COUNT] + m[request + Request.ENTRY]) * m[World.ENDPOINT_COUNT]
    tallies = m[World.TALLIES] + (at + endpoint) * TALLIES
    f[tallies + NUMBER] += 1.0
    if outcome <= LAST_GOOD:
        f[tallies + LATENCY] += now - start
    else:
        f[tallies + FAILURES] += 1.0
    if m[World.LOGS_REQUESTS] == 1:
        row = new_row(m, log, World.CALL_ROW, CALL_WIDTH)
        log[row] = m[request + Request.ENTRY]
        log[row + 1] = endpoint
        log[row + 2] = m[request + Request.ARRIVAL]
        log[row + 3] = start
        log[row + 4] = now
        log[row + 5] = outcome


# -- visits


@kernel
def visit_rejected(m: Words, service: int) -> None:
    """A visit is turned away: no place in the queue, or its deadline has passed."""
    m[service + Service.ENDED] += 1
    m[service + Service.FAILED] += 1


@kernel
def visit_ends(m: Words, f: Floats, exchange: int, service: int, failed: bool) -> None:
    """A handler ends, now."""
    m[service + Service.ENDED] += 1
    if failed:
        m[service + Service.FAILED] += 1
    begun = m[m[exchange + Exchange.REQUEST] + Request.BIN]
    visits = m[World.VISITS] + (begun * m[World.SERVICE_COUNT] + m[service + Service.ROW]) * VISITS
    f[visits] += 1.0
    f[visits + 1] += m[exchange + Exchange.VISIT_WAITING]
    f[visits + 2] += m[exchange + Exchange.VISIT_SERVICE]
