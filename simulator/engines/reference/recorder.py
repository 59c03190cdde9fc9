"""What is written down while it happens: the Trace in the making.

Times and sums of times are nanoseconds, until at the very end the Trace has them in seconds.
"""

from __future__ import annotations

import math
from array import array
from functools import partial
from typing import Any

import numpy as np

from ...plan.engine import Detail
from ...plan.layout import GOOD, Component, Outcome
from ...plan.order import EventKind, base_key, kind_key
from ...plan.plan import Floats, Plan
from ...plan.trace import (
    LOST,
    AttemptLog,
    CallLog,
    Count,
    Level,
    RequestLog,
    Tally,
    Trace,
    Visits,
    Waste,
    make_edges,
)
from ...plan.waits import sends_of
from ...rules.nanoseconds import all_nanoseconds, seconds_of
from .clock import Clock
from .last import waits_for_slots
from .model import Call, Cause, Exchange, Model, Request, Service, Visit
from .units import Replica
from .workloads import Workload

CONTROL = kind_key(EventKind.CONTROL)
LOG_COLUMNS = {RequestLog: "qqqddqqqq", CallLog: "qqdddq", AttemptLog: "qqqqqqddq"}
"""What columns hold: whole numbers, or times."""


def _columns(log: type) -> list[array[Any]]:
    return [array(code) for code in LOG_COLUMNS[log]]


def _in_seconds(sums: list[list[float]], shape: tuple[int, ...], first: int = 0) -> Floats:
    """A table of sums of times; what its columns before `first` hold are counts."""
    table = np.array(sums).reshape(shape)
    table[..., first:] = seconds_of(table[..., first:])
    return table


class Recorder:
    """Tallies by bin, and logs as far as `detail` asks for them."""

    def __init__(self, plan: Plan, clock: Clock, detail: Detail) -> None:
        self.plan = plan
        self.clock = clock
        self.detail = detail
        self.edges_s = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
        self.edges: list[int] = all_nanoseconds(self.edges_s).tolist()
        self.entry_calls: list[int] = plan.workloads.entry_call.tolist()
        bins, services = len(self.edges) - 1, len(plan.services.name)
        workloads, self.endpoints = len(plan.workloads.name), len(plan.endpoints.name)
        self.bin = 0
        self.levels = np.zeros((bins + 1, services, len(Level)))
        self.counts = np.zeros((bins + 1, services, len(Count)), np.int64)
        self.arrived = np.zeros((bins + 1, workloads), np.int64)
        self.ended = np.zeros((bins + 1, workloads, 2), np.int64)
        self.ready = np.zeros((bins + 1, len(plan.units.name)))
        self.arrived_now = [0] * workloads
        self.ended_now = [[0, 0] for _ in range(workloads)]
        # Lists are several times faster to add to than arrays, one number at a time.
        self.visits = [[0.0] * (services * len(Visits)) for _ in range(bins)]
        self.tries = [[0] * services for _ in range(bins)]
        self.sent = {call: row for row, call in enumerate(sends_of(plan).tolist())}
        self.sends = [[0] * (len(self.sent) * (LOST + 1)) for _ in range(bins)]
        self.wasted = [[0.0] * (services * len(Waste)) for _ in range(bins)]
        self.open_breakers = np.zeros((bins + 1, services))
        self.outcomes = [[0] * (workloads * len(Outcome)) for _ in range(bins)]
        self.tallies = [[0.0] * (len(self.entry_calls) * self.endpoints * len(Tally)) for _ in range(bins)]
        self.breakdown = [[0.0] * (services * len(Component)) for _ in range(bins)]
        self.latency = array("d")
        self.latency_arrival = array("d")
        self.latency_bin = array("i")
        self.latency_workload = array("i")
        self.logs_requests = detail != "summary"
        self.logs_attempts = detail == "attempts"
        self.request_log = _columns(RequestLog)
        self.call_log = _columns(CallLog)
        self.attempt_log = _columns(AttemptLog)

    def size(self) -> int:
        """Bytes that the logs take."""
        latencies = (self.latency, self.latency_arrival, self.latency_bin, self.latency_workload)
        columns: list[array[Any]] = [*latencies, *self.request_log, *self.call_log, *self.attempt_log]
        return sum(column.itemsize * len(column) for column in columns)

    # -- levels, at the edges of bins

    def watch(self, model: Model) -> None:
        """Look at all levels at every edge from now on."""
        for edge in range(1, len(self.edges)):
            key = base_key(0, edge, 0) + CONTROL
            self.clock.call_at(self.edges[edge], key, partial(self._look, model, edge))

    def _look(self, model: Model, edge: int, _event: object) -> None:
        now = self.edges[edge]
        for service in model.services:
            meter = service.meter
            shared = 0.0
            for replica in service.unit.replicas:  # not `sum`, which adds otherwise from Python 3.12 on
                shared += replica.station.busy_area(meter, now)
            busy = meter.busy.at(now) + shared
            waiting = meter.waiting.at(now) + (meter.sharing.at(now) - shared)
            self.levels[edge, service.row] = busy, waiting
            self.counts[edge, service.row] = meter.begun, meter.ended, meter.failed
        for states in model.breakers:
            for breaker in states:
                self.open_breakers[edge, breaker.target] += breaker.open_time(now)
        self.ready[edge] = [unit.ready.at(now) for unit in model.units]
        self.arrived[edge] = self.arrived_now
        self.ended[edge] = self.ended_now
        self.bin = edge

    def close(self, model: Model) -> None:
        """Look once more at the horizon, if the run ended right there: without a drain its last event is too late."""
        last = len(self.edges) - 1
        if self.bin < last:
            self._look(model, last, None)
        self.chosen = [replica.chosen for unit in model.units for replica in unit.replicas]
        self.shut = [breaker.shut_for_good() for states in model.breakers for breaker in states]
        self.waits = waits_for_slots(self.plan, model)

    # -- requests

    def request_begins(self, workload: Workload, number: int, address: int, hash_key: int) -> Request:
        """A request arrives, now."""
        now = self.clock.now
        bin_ = min(self.bin, len(self.edges) - 2)
        request = Request(workload.row, number, workload.entry(address), hash_key, now, bin_)
        self.arrived_now[workload.row] += 1
        self.outcomes[bin_][workload.row * len(Outcome) + Outcome.UNFINISHED] += 1
        if self.logs_requests:
            request.row = len(self.request_log[0])
            row = (number, workload.row, request.entry, now, math.nan, Outcome.UNFINISHED, Outcome.OK, -1, 0)
            for column, value in zip(self.request_log, row, strict=True):
                column.append(value)
        return request

    def request_ends(
        self, request: Request, outcome: Outcome, cause: Cause | None, ledger: list[tuple[int, int]]
    ) -> None:
        """A request ends, now."""
        now = self.clock.now
        workload = request.workload
        outcomes = self.outcomes[request.bin]
        outcomes[workload * len(Outcome) + Outcome.UNFINISHED] -= 1
        outcomes[workload * len(Outcome) + outcome] += 1
        ended = self.ended_now[workload]
        ended[0] += 1
        if outcome <= GOOD:
            ended[1] += 1
            self.latency.append(now - request.arrival)
            self.latency_arrival.append(request.arrival)
            self.latency_bin.append(request.bin)
            self.latency_workload.append(workload)
            breakdown = self.breakdown[request.bin]
            for component, time in ledger:
                breakdown[component] += float(time)
        if self.logs_requests:
            _, _, _, _, ends, outcomes_, cause_outcome, cause_service, _ = self.request_log
            ends[request.row] = now
            outcomes_[request.row] = outcome
            if cause is not None:
                cause_outcome[request.row], cause_service[request.row] = cause

    # -- calls and attempts

    def attempt_begins(self, exchange: Exchange, parent: int) -> None:
        """A try at a call is made, now."""
        self.tries[exchange.request.bin][exchange.call.endpoint.service.row] += 1
        if exchange.sent:
            self.sends[exchange.request.bin][self.sent[exchange.call.row] * (LOST + 1) + Outcome.UNFINISHED] += 1
        if not self.logs_requests:
            return
        request = exchange.request
        self.request_log[8][request.row] += 1
        if self.logs_attempts:
            exchange.row = len(self.attempt_log[0])
            row = (request.row, exchange.span, parent, exchange.call.row, -1, exchange.attempt, exchange.start,
                   math.nan, Outcome.UNFINISHED)  # fmt: skip
            for column, value in zip(self.attempt_log, row, strict=True):
                column.append(value)

    def send_ends(self, exchange: Exchange, outcome: int) -> None:
        """It is known what became of a `send`; of any other attempt there is nothing to tally."""
        if exchange.sent:
            sends, at = self.sends[exchange.request.bin], self.sent[exchange.call.row] * (LOST + 1)
            sends[at + Outcome.UNFINISHED] -= 1
            sends[at + outcome] += 1

    def replica_chosen(self, exchange: Exchange, replica: Replica) -> None:
        """Where an attempt goes."""
        if self.logs_attempts:
            self.attempt_log[4][exchange.row] = replica.number

    def attempt_ends(self, exchange: Exchange) -> None:
        """A try ends for its caller (a `send` for its target), now."""
        self.send_ends(exchange, exchange.outcome)
        if self.logs_attempts:
            self.attempt_log[7][exchange.row] = self.clock.now
            self.attempt_log[8][exchange.row] = exchange.outcome

    def call_ends(self, call: Call, request: Request, start: int, outcome: Outcome) -> None:
        """A call that somebody waited for ends, now."""
        now = self.clock.now
        at = (request.entry * self.endpoints + call.endpoint.row) * len(Tally)
        tallies = self.tallies[request.bin]
        tallies[at] += 1.0
        if outcome <= GOOD:
            tallies[at + 2] += float(now - start)
        else:
            tallies[at + 1] += 1.0
        if self.logs_requests:
            log = self.call_log
            log[0].append(request.entry)
            log[1].append(call.endpoint.row)
            log[2].append(request.arrival)
            log[3].append(start)
            log[4].append(now)
            log[5].append(outcome)

    # -- visits

    def work_wasted(self, service: Service, column: Waste, since: int, share: float) -> None:
        """From `since` until now somebody worked for nobody, so much of the time (rule 12.16); by bin, backwards."""
        at = service.row * len(Waste) + column
        bin_ = min(self.bin, len(self.edges) - 2)
        end = min(self.clock.now, self.edges[bin_ + 1])
        while True:
            begin = max(since, self.edges[bin_])
            if begin < end:
                self.wasted[bin_][at] += (end - begin) * share
            if self.edges[bin_] <= since:
                return
            end = self.edges[bin_]
            bin_ -= 1

    def visit_rejected(self, service: Service) -> None:
        """A visit is turned away: no place in the queue, or its deadline has passed."""
        service.meter.ended += 1
        service.meter.failed += 1

    def visit_dies(self, service: Service) -> None:
        """A visit ends with its replica: an error that has no times."""
        self.visit_rejected(service)

    def visit_ends(self, visit: Visit, service: Service, failure: Cause | None, *, dropped: bool) -> None:
        """A handler ends, now; one that was dropped has no times."""
        service.meter.ended += 1
        if failure is not None:
            service.meter.failed += 1
        if dropped:
            return
        at = service.row * len(Visits)
        visits = self.visits[visit.request.bin]
        visits[at] += 1.0
        visits[at + 1] += float(visit.totals[0])
        visits[at + 2] += float(visit.totals[1])

    # -- the whole

    def trace(self, engine: str, seed: int, replication: int) -> Trace:
        """Everything, as columns."""
        plan, bins = self.plan, len(self.edges) - 1
        workloads, services = len(plan.workloads.name), len(plan.services.name)

        def log(kind: type, columns: list[array[Any]]) -> list[Any]:
            codes = LOG_COLUMNS[kind]
            return [
                seconds_of(np.array(column)) if code == "d" else np.array(column, np.int64)
                for column, code in zip(columns, codes, strict=True)
            ]

        return Trace(
            engine=engine,
            seed=seed,
            replication=replication,
            digest=plan.digest(),
            detail=self.detail,
            edges=self.edges_s,
            levels=seconds_of(self.levels),
            counts=self.counts,
            replicas=np.outer(self.edges_s, plan.units.replicas),
            ready=seconds_of(self.ready),
            arrived=self.arrived,
            ended=self.ended,
            visits=_in_seconds(self.visits, (bins, services, len(Visits)), Visits.WAITING),
            tries=np.array(self.tries, np.int64).reshape(bins, services),
            sends=np.array(self.sends, np.int64).reshape(bins, len(self.sent), LOST + 1),
            wasted=_in_seconds(self.wasted, (bins, services, len(Waste))),
            open_breakers=seconds_of(self.open_breakers),
            outcomes=np.array(self.outcomes, np.int64).reshape(bins, workloads, len(Outcome)),
            tallies=_in_seconds(self.tallies, (bins, len(self.entry_calls), self.endpoints, len(Tally)), Tally.LATENCY),
            breakdown=_in_seconds(self.breakdown, (bins, services, len(Component))),
            latency_s=seconds_of(np.array(self.latency)),
            latency_arrival_s=seconds_of(np.array(self.latency_arrival)),
            latency_bin=np.array(self.latency_bin, np.int32),
            latency_workload=np.array(self.latency_workload, np.int32),
            requests=RequestLog(*log(RequestLog, self.request_log)) if self.logs_requests else None,
            calls=CallLog(*log(CallLog, self.call_log)) if self.logs_requests else None,
            attempts=AttemptLog(*log(AttemptLog, self.attempt_log)) if self.logs_attempts else None,
            chosen=np.array(self.chosen, np.int64),
            shut_since_s=np.array([since for since, _ in self.shut]),
            shut_calls=np.array([calls for _, calls in self.shut], np.int64),
            waits=self.waits,
            events=self.clock.events,
        )
