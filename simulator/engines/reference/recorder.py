"""What is written down while it happens: the Trace in the making.

Times and sums of times are nanoseconds, until at the very end the Trace has them in seconds.
"""

from __future__ import annotations

import math
from array import array
from functools import partial
from typing import Any

import numpy as np

from ...plan.callees import callees_of
from ...plan.engine import Detail
from ...plan.layout import GOOD, Outcome
from ...plan.measures import LOST, MEASURES, Measure, Measures, Tally, Visits, Waste, When
from ...plan.order import EventKind, base_key, kind_key
from ...plan.plan import Plan
from ...plan.trace import AttemptLog, CallLog, RequestLog, SendLog, SettleLog, Trace, make_edges, times_in
from ...plan.waits import sends_of
from ...rules.nanoseconds import all_nanoseconds, seconds_of
from .clock import Clock
from .flight import Cause, Exchange, Request, Visit
from .last import waits_for_slots
from .model import Call, Model, Service
from .units import Replica
from .workloads import Workload

CONTROL = kind_key(EventKind.CONTROL)


def _columns(log: type) -> list[array[Any]]:
    return [array("d" if is_time else "q") for is_time in times_in(log).values()]


def _zeros(measure: Measure, plan: Plan, bins: int) -> Any:
    """An array by edge; by bin lists, which are several times faster to add to, one number at a time."""
    shape = measure.shape(plan, bins)
    if measure.when is When.EDGE:
        return np.zeros(shape, measure.dtype)
    zero = 0 if measure.is_count else 0.0
    return [[zero] * math.prod(shape[1:]) for _ in range(bins)]


class Recorder:
    """Tallies by bin, and logs as far as `detail` asks for them."""

    def __init__(self, plan: Plan, clock: Clock, detail: Detail) -> None:
        self.plan = plan
        self.clock = clock
        self.detail = detail
        self.edges_s = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
        self.edges: list[int] = all_nanoseconds(self.edges_s).tolist()
        self.entry_calls: list[int] = plan.workloads.entry_call.tolist()
        self.bins = len(self.edges) - 1
        self.bin = 0
        self.sums: Measures[Any, Any] = Measures(
            **{name: _zeros(measure, plan, self.bins) for name, measure in MEASURES.items()}
        )
        self.arrived_now = [0] * len(plan.workloads.name)
        self.ended_now = [[0, 0] for _ in self.arrived_now]
        self.pairs: list[list[int]] = callees_of(plan).row.tolist()
        self.sent = {call: row for row, call in enumerate(sends_of(plan).tolist())}
        self.latency = array("d")
        self.latency_arrival = array("d")
        self.latency_bin = array("i")
        self.latency_workload = array("i")
        self.logs_requests = detail != "summary"
        self.logs_attempts = detail == "attempts"
        self.request_log = _columns(RequestLog)
        self.call_log = _columns(CallLog)
        self.attempt_log = _columns(AttemptLog)
        self.send_log = _columns(SendLog)
        self.settle_log = _columns(SettleLog)

    def size(self) -> int:
        """Bytes that the logs take."""
        latencies = (self.latency, self.latency_arrival, self.latency_bin, self.latency_workload)
        logs = (self.request_log, self.call_log, self.attempt_log, self.send_log, self.settle_log)
        columns: list[array[Any]] = [*latencies, *(column for log in logs for column in log)]
        return sum(column.itemsize * len(column) for column in columns)

    # -- levels, at the edges of bins

    def watch(self, model: Model) -> None:
        """Look at all levels at every edge from now on."""
        for edge in range(1, len(self.edges)):
            key = base_key(0, edge, 0) + CONTROL
            self.clock.call_at(self.edges[edge], key, partial(self._look, model, edge))

    def _look(self, model: Model, edge: int, _event: object) -> None:
        now, sums = self.edges[edge], self.sums
        for service in model.services:
            meter = service.meter
            shared = 0.0
            for replica in service.unit.replicas:  # not `sum`, which adds otherwise from Python 3.12 on
                shared += replica.station.busy_area(meter, now)
            busy = meter.busy.at(now) + shared
            waiting = meter.waiting.at(now) + (meter.sharing.at(now) - shared)
            sums.levels[edge, service.row] = busy, waiting
            sums.counts[edge, service.row] = meter.begun, meter.ended, meter.failed
        for states in model.breakers:
            for breaker in states:
                sums.open_breakers[edge, breaker.target] += breaker.open_time(now)
        sums.ready[edge] = [unit.ready.at(now) for unit in model.units]
        sums.arrived[edge] = self.arrived_now
        sums.ended[edge] = self.ended_now
        self.bin = edge

    def close(self, model: Model) -> None:
        """Look once more at the horizon, if the run ended right there: without a drain its last event is too late."""
        if self.bin < self.bins:
            self._look(model, self.bins, None)
        self.chosen = [replica.chosen for unit in model.units for replica in unit.replicas]
        self.shut = [breaker.shut_for_good() for states in model.breakers for breaker in states]
        self.waits = waits_for_slots(self.plan, model)

    # -- requests

    def request_begins(self, workload: Workload, number: int, address: int, hash_key: int) -> Request:
        """A request arrives, now."""
        now = self.clock.now
        bin_ = min(self.bin, self.bins - 1)
        request = Request(workload.row, number, workload.entry(address), hash_key, now, bin_)
        self.arrived_now[workload.row] += 1
        self.sums.outcomes[bin_][workload.row * len(Outcome) + Outcome.UNFINISHED] += 1
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
        outcomes = self.sums.outcomes[request.bin]
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
            breakdown = self.sums.breakdown[request.bin]
            for component, time in ledger:
                breakdown[component] += float(time)
        request.has_ended, request.last = True, now
        if request.open > 0:
            request.settling = len(self.settle_log[0])
            served = len(self.latency) - 1 if outcome <= GOOD else -1
            for column, value in zip(
                self.settle_log, (request.row, workload, request.bin, served, math.nan), strict=True
            ):
                column.append(value)
        if self.logs_requests:
            _, _, _, _, ends, outcomes_, cause_outcome, cause_service, _ = self.request_log
            ends[request.row] = now
            outcomes_[request.row] = outcome
            if cause is not None:
                cause_outcome[request.row], cause_service[request.row] = cause

    # -- calls and attempts

    def attempt_begins(self, exchange: Exchange, parent: int) -> None:
        """A try at a call is made, now."""
        self.sums.tries[exchange.request.bin][exchange.call.endpoint.service.row] += 1
        if exchange.sent:
            self.sums.sends[exchange.request.bin][self.sent[exchange.call.row] * (LOST + 1) + Outcome.UNFINISHED] += 1
        if not self.logs_requests:
            return
        request = exchange.request
        self.request_log[8][request.row] += 1
        if exchange.sent:
            exchange.send_row = len(self.send_log[0])
            sent = (exchange.call.row, request.arrival, exchange.start, math.nan, Outcome.UNFINISHED)
            for column, value in zip(self.send_log, sent, strict=True):
                column.append(value)
        if self.logs_attempts:
            exchange.row = len(self.attempt_log[0])
            row = (request.row, exchange.span, parent, exchange.call.row, -1, exchange.attempt, exchange.start,
                   math.nan, Outcome.UNFINISHED)  # fmt: skip
            for column, value in zip(self.attempt_log, row, strict=True):
                column.append(value)

    def send_ends(self, exchange: Exchange, outcome: int) -> None:
        """It is known what became of a `send`; of any other attempt there is nothing to tally."""
        if exchange.sent:
            sends, at = self.sums.sends[exchange.request.bin], self.sent[exchange.call.row] * (LOST + 1)
            sends[at + Outcome.UNFINISHED] -= 1
            sends[at + outcome] += 1

    def replica_chosen(self, exchange: Exchange, replica: Replica) -> None:
        """Where an attempt goes."""
        if self.logs_attempts:
            self.attempt_log[4][exchange.row] = replica.number

    def attempt_ends(self, exchange: Exchange) -> None:
        """A try ends for its caller (a `send` for its target), now."""
        self.send_ends(exchange, exchange.outcome)
        if exchange.sent:
            self.time_send(exchange)
        if self.logs_attempts:
            self.attempt_log[7][exchange.row] = self.clock.now
            self.attempt_log[8][exchange.row] = exchange.outcome

    def time_send(self, exchange: Exchange) -> None:
        """A `send` ends at its target, now."""
        now, call, request = self.clock.now, exchange.call.row, exchange.request
        if exchange.outcome <= GOOD:
            self.sums.sending[request.bin][self.sent[call]] += float(now - exchange.start)
        if self.logs_requests:
            _, _, _, ends, outcomes = self.send_log
            ends[exchange.send_row], outcomes[exchange.send_row] = now, exchange.outcome

    def call_ends(self, call: Call, request: Request, start: int, outcome: Outcome) -> None:
        """A call that somebody waited for ends, now."""
        now = self.clock.now
        at = self.pairs[request.entry][call.endpoint.row] * len(Tally)
        tallies = self.sums.tallies[request.bin]
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

    # -- settlement (rule 11.24)

    def handler_ends(self, request: Request) -> None:
        """A handler of a request ends, now; what is called inside a process is part of its caller's."""
        request.last = self.clock.now
        self.nothing_begins(request)

    def nothing_begins(self, request: Request) -> None:
        """Something less is left of a request: a handler has ended, or a message begins none."""
        request.open -= 1
        if request.open == 0 and request.has_ended:
            self.settle_log[-1][request.settling] = request.last - request.arrival

    # -- visits

    def work_wasted(self, service: Service, column: Waste, since: int, share: float) -> None:
        """From `since` until now somebody worked for nobody, so much of the time (rule 12.16); by bin, backwards."""
        at = service.row * len(Waste) + column
        bin_ = min(self.bin, self.bins - 1)
        end = min(self.clock.now, self.edges[bin_ + 1])
        while True:
            begin = max(since, self.edges[bin_])
            if begin < end:
                self.sums.wasted[bin_][at] += (end - begin) * share
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
        visits = self.sums.visits[visit.request.bin]
        visits[at] += 1.0
        visits[at + 1] += float(visit.totals[0])
        visits[at + 2] += float(visit.totals[1])

    # -- the whole

    def trace(self, engine: str, seed: int, replication: int) -> Trace:
        """Everything, as columns."""
        plan = self.plan

        def kept(name: str, measure: Measure) -> Any:
            array_ = np.array(getattr(self.sums, name), measure.dtype)
            return measure.in_seconds(array_.reshape(measure.shape(plan, self.bins)))

        def log(kind: type, columns: list[array[Any]]) -> list[Any]:
            return [
                seconds_of(np.array(column)) if is_time else np.array(column, np.int64)
                for column, is_time in zip(columns, times_in(kind).values(), strict=True)
            ]

        return Trace(
            engine=engine,
            seed=seed,
            replication=replication,
            digest=plan.digest(),
            detail=self.detail,
            edges=self.edges_s,
            replicas=np.outer(self.edges_s, plan.units.replicas),
            **{name: kept(name, measure) for name, measure in MEASURES.items()},
            latency_s=seconds_of(np.array(self.latency)),
            latency_arrival_s=seconds_of(np.array(self.latency_arrival)),
            latency_bin=np.array(self.latency_bin, np.int32),
            latency_workload=np.array(self.latency_workload, np.int32),
            requests=RequestLog(*log(RequestLog, self.request_log)) if self.logs_requests else None,
            calls=CallLog(*log(CallLog, self.call_log)) if self.logs_requests else None,
            attempts=AttemptLog(*log(AttemptLog, self.attempt_log)) if self.logs_attempts else None,
            sent=SendLog(*log(SendLog, self.send_log)) if self.logs_requests else None,
            settling=SettleLog(*log(SettleLog, self.settle_log)),
            chosen=np.array(self.chosen, np.int64),
            shut_since_s=np.array([since for since, _ in self.shut]),
            shut_calls=np.array([calls for _, calls in self.shut], np.int64),
            waits=self.waits,
            events=self.clock.events,
        )
