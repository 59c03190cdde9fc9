"""What is written down while it happens: tallies by bin, and logs as far as they are asked for."""

from __future__ import annotations

from ...machine_code.jit import Words, kernel, serves, subroutine
from ...machine_code.records import size_of
from ...plan.layout import GOOD, Component, Outcome
from ...plan.measures import LOST, Count, Ended, Tally, Visits
from ...plan.measures import Level as LevelColumn
from ...rules.breakers import open_time
from .features import BREAKERS
from .flight import Exchange, Ledger, Request
from .layout import Log, Replica, Service, Workload, World
from .logs import NO_END, PAGE_ROWS, AttemptRow, CallRow, LatencyRow, RequestRow, SendRow
from .policies import Watched
from .stations import level_at, shared_level_at, virtual_now

OUTCOMES = len(Outcome)
TALLIES = len(Tally)
VISITS = len(Visits)
COMPONENTS = len(Component)
SENDS = LOST + 1
LEVELS = len(LevelColumn)
COUNTS = len(Count)
ENDS = len(Ended)
BUSY, WAITING = int(LevelColumn.BUSY), int(LevelColumn.WAITING)
BEGUN, ENDED, FAILED = int(Count.BEGUN), int(Count.ENDED), int(Count.FAILED)
ALL, SERVED = int(Ended.ALL), int(Ended.SERVED)
OK, UNFINISHED = int(Outcome.OK), int(Outcome.UNFINISHED)
LAST_GOOD = int(GOOD)
NUMBER, FAILURES, LATENCY = int(Tally.NUMBER), int(Tally.FAILED), int(Tally.LATENCY)

LATENCY_WORDS, REQUEST_WORDS = size_of(LatencyRow), size_of(RequestRow)
CALL_WORDS, ATTEMPT_WORDS, SEND_WORDS = size_of(CallRow), size_of(AttemptRow), size_of(SendRow)


@kernel
def new_row(log: Words, which: Log, words: int) -> int:
    """Where the next row of a log goes, on a new page if need be."""
    row = which.row
    if row == which.end:
        page = which.world.log_top
        log[page] = which.page
        which.page = page
        row = page + 1
        which.end = row + PAGE_ROWS * words
        which.world.log_top = which.end
    which.row = row + words
    return row


# -- levels, at the edges of bins


@serves(BREAKERS)
@subroutine
def time_open(watched: Watched, now: int) -> int:
    """For how long a breaker has let nobody pass."""
    return open_time(watched.integers, watched.floats, watched.board, now)


@subroutine
def shared_area(service: Service, now: int) -> float:
    """Time of cores that jobs of one service have been given on shared cores."""
    unit = service.unit
    area = 0.0
    if unit.shared:
        for number in range(unit.replica_count):
            replica = unit.replicas[number]
            area += shared_level_at(replica.present[service.member], virtual_now(replica, now))
    return area


@subroutine
def look(world: World, edge: int) -> None:
    """All levels and counts at an edge of the statistics."""
    now = world.edges[edge]
    services = world.service_count
    for row in range(services):
        service = world.services[row]
        place = edge * services + row
        shared, sharing = shared_area(service, now), level_at(service.sharing, now)
        world.levels[place * LEVELS + BUSY] = level_at(service.busy, now) + shared
        world.levels[place * LEVELS + WAITING] = level_at(service.waiting, now) + (sharing - shared)
        world.counts[place * COUNTS + BEGUN] = service.begun
        world.counts[place * COUNTS + ENDED] = service.ended
        world.counts[place * COUNTS + FAILED] = service.failed
    for number in range(world.breaker_count):
        watched = world.breakers[number]
        world.open_breakers[edge * services + watched.target] += time_open(watched, now)
    units = world.unit_count
    for row in range(units):
        world.ready[edge * units + row] = level_at(world.units[row].ready, now)
    workloads = world.workload_count
    for row in range(workloads):
        workload = world.workloads[row]
        place = edge * workloads + row
        world.arrived[place] = workload.arrived
        world.ended[place * ENDS + ALL] = workload.ended
        world.ended[place * ENDS + SERVED] = workload.served
    world.edge = edge


# -- requests


@kernel
def request_begins(log: Words, request: Request, workload: Workload) -> None:
    """A request arrives, now."""
    world = request.world
    workload.arrived += 1
    world.outcomes[(request.bin * world.workload_count + workload.row) * OUTCOMES + UNFINISHED] += 1
    if world.logs_requests:
        request.row = world.requests
        world.requests += 1
        request.log = new_row(log, world.request_log, REQUEST_WORDS)
        row = RequestRow(log, request.log)
        row.request = request.number
        row.workload = workload.row
        row.entry = request.entry
        row.arrival = world.now
        row.end = NO_END
        row.outcome = UNFINISHED
        row.cause_outcome = OK
        row.cause_service = -1
        row.attempts = 0


@kernel
def request_ends(log: Words, request: Request, exchange: Exchange, ledger: Ledger) -> None:
    """A request ends, now, as its call at the edge did; `ledger` is its critical path."""
    world = request.world
    now, outcome = world.now, exchange.outcome
    outcomes = (request.bin * world.workload_count + request.workload) * OUTCOMES
    world.outcomes[outcomes + UNFINISHED] -= 1
    world.outcomes[outcomes + outcome] += 1
    workload = world.workloads[request.workload]
    workload.ended += 1
    if outcome <= LAST_GOOD:
        workload.served += 1
        latency = LatencyRow(log, new_row(log, world.latency_log, LATENCY_WORDS))
        latency.latency = now - request.arrival
        latency.arrival = request.arrival
        latency.bin = request.bin
        latency.workload = request.workload
        breakdown = request.bin * world.service_count * COMPONENTS
        entry = ledger.first
        while entry:
            world.breakdown[breakdown + entry.component] += entry.time
            entry = entry.next
    if world.logs_requests:
        row = RequestRow(log, request.log)
        row.end = now
        row.outcome = outcome
        row.cause_outcome = exchange.cause
        row.cause_service = exchange.cause_service


# -- calls and attempts


@kernel
def sends_at(exchange: Exchange) -> int:
    """Where among all sends it is tallied what became of one."""
    begun = exchange.request.bin
    return (begun * exchange.world.send_count + exchange.call.sent) * SENDS


@kernel
def send_ends(exchange: Exchange, outcome: int) -> None:
    """It is known what became of a `send`; of any other attempt there is nothing to tally."""
    if exchange.detached:
        sends, at = exchange.world.sends, sends_at(exchange)
        sends[at + UNFINISHED] -= 1
        sends[at + outcome] += 1


@subroutine
def begin_send(log: Words, exchange: Exchange) -> None:
    """A message for whose answer nobody waits is sent, now."""
    exchange.send_log = new_row(log, exchange.world.send_log, SEND_WORDS)
    row = SendRow(log, exchange.send_log)
    row.call = exchange.call.row
    row.arrival = exchange.request.arrival
    row.start = exchange.start
    row.end = NO_END
    row.outcome = UNFINISHED


@subroutine
def time_send(log: Words, exchange: Exchange) -> None:
    """A `send` ends at its target, now."""
    world, request = exchange.world, exchange.request
    if exchange.outcome <= LAST_GOOD:
        world.sending[request.bin * world.send_count + exchange.call.sent] += world.now - exchange.start
    if world.logs_requests:
        row = SendRow(log, exchange.send_log)
        row.end = world.now
        row.outcome = exchange.outcome


@kernel
def attempt_begins(log: Words, exchange: Exchange, parent: int) -> None:
    """A try at a call is made, now."""
    world, request = exchange.world, exchange.request
    target = exchange.call.endpoint.service
    world.tries[request.bin * world.service_count + target.row] += 1
    if exchange.detached:
        world.sends[sends_at(exchange) + UNFINISHED] += 1
    if not world.logs_requests:
        return
    RequestRow(log, request.log).attempts += 1
    if exchange.detached:
        begin_send(log, exchange)
    if not world.logs_attempts:
        return
    exchange.log = new_row(log, world.attempt_log, ATTEMPT_WORDS)
    row = AttemptRow(log, exchange.log)
    row.row = request.row
    row.span = exchange.span
    row.parent = parent
    row.call = exchange.call.row
    row.replica = -1
    row.attempt = 0
    row.start = exchange.start
    row.end = NO_END
    row.outcome = UNFINISHED


@kernel
def number_attempt(log: Words, exchange: Exchange, number: int) -> None:
    """Which try at its call it is."""
    if exchange.world.logs_attempts:
        AttemptRow(log, exchange.log).attempt = number


@kernel
def replica_chosen(log: Words, exchange: Exchange, replica: Replica) -> None:
    """Where an attempt goes."""
    if exchange.world.logs_attempts:
        AttemptRow(log, exchange.log).replica = replica.number


@kernel
def attempt_ends(log: Words, exchange: Exchange) -> None:
    """A try ends for its caller (a `send` for its target), now."""
    send_ends(exchange, exchange.outcome)
    if exchange.detached:
        time_send(log, exchange)
    if exchange.world.logs_attempts:
        row = AttemptRow(log, exchange.log)
        row.end = exchange.world.now
        row.outcome = exchange.outcome


@kernel
def call_ends(log: Words, exchange: Exchange, start: int) -> None:
    """A call that somebody waited for ends, now, as its last try did."""
    world, request = exchange.world, exchange.request
    now, outcome = world.now, exchange.outcome
    endpoint = exchange.call.endpoint.row
    pair = world.pairs[request.entry * world.endpoint_count + endpoint]
    tallies, at = world.tallies, (request.bin * world.pair_count + pair) * TALLIES
    tallies[at + NUMBER] += 1.0
    if outcome <= LAST_GOOD:
        tallies[at + LATENCY] += now - start
    else:
        tallies[at + FAILURES] += 1.0
    if world.logs_requests:
        row = CallRow(log, new_row(log, world.call_log, CALL_WORDS))
        row.entry = request.entry
        row.endpoint = endpoint
        row.arrival = request.arrival
        row.start = start
        row.end = now
        row.outcome = outcome


# -- visits


@kernel
def visit_rejected(service: Service) -> None:
    """A visit is turned away: no place in the queue, or its deadline has passed."""
    service.ended += 1
    service.failed += 1


@kernel
def visit_ends(exchange: Exchange, service: Service, failed: bool) -> None:
    """A handler ends, now."""
    world = exchange.world
    service.ended += 1
    if failed:
        service.failed += 1
    begun = exchange.request.bin
    at = (begun * world.service_count + service.row) * VISITS
    world.visits[at] += 1.0
    world.visits[at + 1] += exchange.visit_waiting
    world.visits[at + 2] += exchange.visit_service
