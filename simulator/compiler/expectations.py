"""What a plan asks of its units in the mean, without running it: visits, demands, least latencies.

As if nobody waited for a core, a slot, a permit or a place: calls fail by the error rates and losses of the file and by
their timeouts, take E[min(X, T)] in the mean, and are tried again. Faults, failures, breakers and budgets are left out.
Serialization is packing and unpacking at the caller and at the target; nobody unpacks the answer to a `send`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..plan.columns import Floats
from ..plan.layout import UNLIMITED, Op, Shape
from ..plan.plan import Plan
from ..plan.structure import call_rows
from ..plan.walker import Handlers, endpoint_of_rows, find_sends, read_handlers
from .durations import Durations

_ENDLESS_S = 1e9
"""A wait that outlives every timeout."""
_BUSIEST = 10
"""A replay is judged by the busiest of so many parts of the run."""


@dataclass(frozen=True, eq=False)
class Expectations:
    """Expected numbers of a plan. W workloads, C calls, E endpoints, S services,
    U units, P instructions.

    `capacity` and `demand` are in whole cores, as asked for: a unit with half a core has a capacity of 0.5 a replica.
    """

    counts: Floats  # P: executions a run of the handler
    calls: Floats  # W, C: calls a request makes
    tries: Floats  # C: tries a call, second ones of hedges too
    arriving: Floats  # C: share of the tries that come to the callee
    visits: Floats  # W, E: runs of a handler a request causes
    work: Floats  # W, S: core-seconds a request asks of a service
    demand: Floats  # W, U: core-seconds a request asks of a unit
    held: Floats  # W, U: slot-seconds a request holds at least
    capacity: Floats  # U: cores of all replicas
    slots: Floats  # U: slots of all replicas, inf if unlimited
    rates: Floats  # W: requests per second of open workloads, at their peak; 0 for closed ones
    endpoint_latency: Floats  # E: seconds from the slot to the reply, without any waiting
    entry_latency: Floats  # one a row of entry_call: seconds that a request takes at least, as the user sees it


def expect(plan: Plan) -> Expectations:
    """Expected numbers of a plan."""
    return _expect(plan, served=False)


def least(plan: Plan) -> Expectations:
    """What serving every request asks for at least, however long the queues: bounds, not estimates.

    Nothing fails but what a fallback makes good, and nothing is tried again or sent twice. A call that may have its
    fallback without its callee (breaker, bulkhead, rate limit, a deadline that propagates) asks nothing of it.
    """
    return _expect(plan, served=True)


def behind_limits(plan: Plan, expected: Expectations) -> Expectations:
    """The same, with no more tries at a service than its rate limit lets through at the peak."""
    return _expect(plan, served=False, limited=True) if exceeded_limits(plan, expected) else expected


def swamped(plan: Plan, unit: int) -> Expectations:
    """While the queue of a unit outlives every timeout: calls at it fail, are tried again, and end what comes after."""
    waits = np.zeros(len(plan.units.name))
    waits[unit] = _ENDLESS_S
    return _expect(plan, served=False, limited=True, waits=waits)


def exceeded_limits(plan: Plan, expected: Expectations) -> dict[int, tuple[float, float]]:
    """Services whose rate limit is below what is asked for, with both rates, per second."""
    asked = expected.rates @ (expected.calls * expected.tries) * (plan.calls.remote == 1)
    rates = np.bincount(plan.endpoints.service[plan.calls.target], asked, minlength=len(plan.services.name))
    limits = plan.limiters
    most = dict(zip(limits.service.tolist(), (limits.limit / limits.period_s).tolist(), strict=True))
    return {row: (one, float(rates[row])) for row, one in most.items() if rates[row] > one}


def _expect(plan: Plan, *, served: bool, limited: bool = False, waits: Floats | None = None) -> Expectations:
    handlers = read_handlers(plan)
    waits = np.zeros(len(plan.units.name)) if waits is None else waits
    durations = Durations(handlers, waits, served=served)
    by_call = [durations.by_call[call] for call in range(len(plan.calls.name))]
    tries, arriving = np.array([one.tries for one in by_call]), np.array([one.arriving for one in by_call])
    counts = durations.counts()
    rates = np.array([peak_rate(plan, row) for row in range(len(plan.workloads.name))])
    calls, visits = _visits(plan, handlers, counts, tries * arriving)
    coming = arriving
    for _ in range(len(plan.limiters.service) if limited else 0):  # limits behind limits
        coming = arriving * _let_through(plan, rates @ (calls * tries))
        calls, visits = _visits(plan, handlers, counts, tries * coming)
    work = _work(plan, counts, calls, visits, tries * coming)
    concurrency = np.where(plan.units.concurrency == UNLIMITED, math.inf, plan.units.concurrency)
    slots = np.array([r * c if r else 0.0 for r, c in zip(plan.units.replicas, concurrency, strict=True)])
    return Expectations(
        counts=counts,
        calls=calls,
        tries=tries,
        arriving=coming,
        visits=visits,
        work=work,
        demand=_by_unit(plan, work),
        held=_held(plan, calls * (tries * coming), durations.endpoints),
        capacity=plan.units.replicas * plan.units.cpu,
        slots=slots,
        rates=rates,
        endpoint_latency=durations.endpoints,
        entry_latency=durations.calls[plan.workloads.entry_call],
    )


def loads_of(plan: Plan, expected: Expectations, tries: Floats) -> Floats:
    """Cores that the open workloads keep busy in each unit if a call has so many tries."""
    coming = tries * expected.arriving
    calls, visits = _visits(plan, read_handlers(plan), expected.counts, coming)
    return np.asarray(expected.rates @ _by_unit(plan, _work(plan, expected.counts, calls, visits, coming)))


def entry_shares(plan: Plan, workload: int) -> tuple[slice, Floats]:
    """Rows of a workload's entries, and the share of each."""
    first = int(plan.workloads.first_entry[workload])
    rows = slice(first, first + int(plan.workloads.entries[workload]))
    return rows, np.diff(plan.workloads.entry_weight[rows], prepend=0.0)


def peak_rate(plan: Plan, workload: int) -> float:
    """The highest arrival rate of an open workload before the horizon, per second; 0 for a closed one."""
    workloads, horizon = plan.workloads, plan.settings.duration_s
    if workloads.shape[workload] == Shape.REPLAY:
        first = int(workloads.first_time[workload])
        times = workloads.time_s[first : first + int(workloads.times[workload])]
        numbers, _ = np.histogram(times[times < horizon], bins=_BUSIEST, range=(0.0, horizon))
        return float(numbers.max()) * _BUSIEST / horizon
    first = int(workloads.first_ramp[workload])
    rates = [0.0]
    for row in range(first, first + int(workloads.ramps[workload])):
        start, duration = float(workloads.ramp_start_s[row]), float(workloads.ramp_duration_s[row])
        if start < horizon:
            low, high = float(workloads.ramp_start_rate[row]), float(workloads.ramp_end_rate[row])
            share = min(1.0, (horizon - start) / duration)
            rates += [low, low + share * (high - low)]
    return max(rates)


def _let_through(plan: Plan, asked: Floats) -> Floats:
    """The share of the tries of each call that a rate limit lets through, if so many are made per second."""
    services, limits = plan.endpoints.service[plan.calls.target], plan.limiters
    rates = np.bincount(services, asked * (plan.calls.remote == 1), minlength=len(plan.services.name))
    shares = np.ones(len(plan.services.name))
    most = limits.limit / limits.period_s
    shares[limits.service] = np.minimum(1.0, most / np.maximum(rates[limits.service], most))
    return np.where(plan.calls.remote == 1, shares[services], 1.0)


def patience(plan: Plan) -> Floats:
    """Seconds that each call waits at most for the answer to one try."""
    seconds = plan.calls.timeout.copy()
    seconds[plan.policies.call] = np.minimum(seconds[plan.policies.call], plan.policies.per_try_s)
    return seconds


class Packing(NamedTuple):
    """Serialization of one call: at which services, and how many steps of it at each."""

    call: int
    distribution: int
    caller: int
    target: int
    at_caller: float
    at_target: float


def packings(plan: Plan) -> list[Packing]:
    """Serialization of all calls that have any."""
    calls, sends = plan.calls, find_sends(plan)
    return [
        Packing(
            call=row,
            distribution=int(calls.serialization[row]),
            caller=int(calls.caller[row]),
            target=int(plan.endpoints.service[calls.target[row]]),
            at_caller=1.0 if row in sends else 2.0,
            at_target=1.0 if row in sends else 2.0,
        )
        for row in np.flatnonzero(calls.serialization >= 0).tolist()
    ]


def _visits(plan: Plan, handlers: Handlers, counts: Floats, coming: Floats) -> tuple[Floats, Floats]:
    """Calls and handler runs that a request of each workload causes."""
    workloads = len(plan.workloads.name)
    calls = np.zeros((workloads, len(plan.calls.name)))
    visits = np.zeros((workloads, len(plan.endpoints.name)))
    for workload in range(workloads):
        rows, shares = entry_shares(plan, workload)
        calls[workload, plan.workloads.entry_call[rows]] = shares
    for call in plan.workloads.entry_call.tolist():
        visits[:, plan.calls.target[call]] += calls[:, call] * coming[call]
    for endpoint in reversed(handlers.order):
        made_at = call_rows(handlers.trees[endpoint])
        made = plan.programs.a[made_at]
        for runs, sums in zip(visits, calls, strict=True):
            sums[made] = runs[endpoint] * counts[made_at]
            runs += np.bincount(plan.calls.target[made], sums[made] * coming[made], minlength=len(runs))
    return calls, visits


def _work(plan: Plan, counts: Floats, calls: Floats, visits: Floats, coming: Floats) -> Floats:
    """Core-seconds by service; a message is packed once a call, and unpacked at the callee with every try."""
    work = np.zeros((len(plan.workloads.name), len(plan.services.name)))
    # seconds on half a core are half core-seconds
    cost = np.minimum(1.0, plan.units.cpu)[plan.services.unit] / plan.services.pace
    mean, owner = plan.distributions.mean, endpoint_of_rows(plan)
    rows = np.flatnonzero(plan.programs.op == Op.CPU)
    services = plan.endpoints.service[owner[rows]]
    seconds = counts[rows] * mean[plan.programs.a[rows]] * cost[services]
    for runs, sums in zip(visits, work, strict=True):
        sums += np.bincount(services, runs[owner[rows]] * seconds, minlength=len(sums))
    for packing in packings(plan):
        at_target = packing.at_target * coming[packing.call]
        for service, steps in ((packing.caller, packing.at_caller), (packing.target, at_target)):
            work[:, service] += calls[:, packing.call] * steps * mean[packing.distribution] * cost[service]
    return work


def _by_unit(plan: Plan, by_service: Floats) -> Floats:
    demand = np.zeros((len(by_service), len(plan.units.name)))
    for service, unit in enumerate(plan.services.unit.tolist()):
        demand[:, unit] += by_service[:, service]
    return demand


def _held(plan: Plan, calls: Floats, endpoint_latency: Floats) -> Floats:
    """Slot-seconds by unit: only calls through the network take a slot."""
    held = np.zeros((len(plan.workloads.name), len(plan.units.name)))
    extra = np.zeros(len(plan.calls.name))
    for packing in packings(plan):
        seconds = plan.distributions.mean[packing.distribution] / plan.services.pace[packing.target]
        extra[packing.call] = packing.at_target * seconds
    for call in np.flatnonzero(plan.calls.remote):
        endpoint = plan.calls.target[call]
        unit = plan.services.unit[plan.endpoints.service[endpoint]]
        held[:, unit] += calls[:, call] * (endpoint_latency[endpoint] + extra[call])
    return held
