"""An estimate of mean latencies: every unit as M/G/c queues for cores. It is no bound and no law."""

from __future__ import annotations

import math

import numpy as np

from simulator.compiler.expectations import (
    Expectations,
    callees_first,
    endpoint_of_rows,
    latencies,
    packings,
)
from simulator.plan.layout import Op, Scheduling, Shape
from simulator.plan.plan import Floats, Plan
from simulator.plan.structure import handler
from simulator.theory import mgc_mean_waiting_time_allen_cunneen, mgc_ps_mean_response_time


def estimate_entry_latencies(plan: Plan, expected: Expectations) -> Floats:
    """Estimated mean seconds of a request by entry; inf where a unit is overloaded, NaN with closed workloads.

    Every step that needs a core comes to one replica's cores as if at random, whatever the balancer (LEAST_REQUEST
    does better), replicas share the steps evenly, and waiting for a slot is left out. Parallel branches count by the
    slowest mean, so fan-outs are underestimated.
    """
    workloads = plan.workloads
    if np.any((workloads.shape == Shape.USERS) & (workloads.users > 0)):
        return np.full(len(workloads.entry_call), math.nan)
    trees = [handler(plan.programs, start) for start in plan.endpoints.start.tolist()]
    waits = _core_waits(plan, expected)
    _, calls = latencies(plan, trees, callees_first(plan, trees), waits)
    return calls[workloads.entry_call]


def _core_waits(plan: Plan, expected: Expectations) -> Floats:
    """Estimated mean seconds until a core is granted, by unit."""
    rates, first, second = _core_steps(plan, expected)
    waits = np.zeros(len(rates))
    for unit in np.flatnonzero(first > 0.0).tolist():
        replicas, cores = int(plan.units.replicas[unit]), int(plan.units.cores[unit])
        if first[unit] >= replicas * cores:
            waits[unit] = math.inf
            continue
        time = first[unit] / rates[unit]
        spread = math.sqrt(max(0.0, second[unit] / rates[unit] - time**2)) / time
        rate = rates[unit] / replicas
        if plan.units.scheduling[unit] == Scheduling.PS:
            waits[unit] = mgc_ps_mean_response_time(rate, time, cores) - time
        elif math.isinf(spread):
            waits[unit] = math.inf
        else:
            waits[unit] = mgc_mean_waiting_time_allen_cunneen(rate, time, cores, spread)
    return waits


def _core_steps(plan: Plan, expected: Expectations) -> tuple[Floats, Floats, Floats]:
    """Steps that need a core, by unit: how many per second, and the sums of their first and second moments."""
    sums = np.zeros((3, len(plan.units.name)))
    owner = endpoint_of_rows(plan)
    visits, calls = expected.rates @ expected.visits, expected.rates @ expected.calls

    def add(rate: float, distribution: int, service: int) -> None:
        pace = plan.services.pace[service]
        mean = plan.distributions.mean[distribution] / pace
        square = plan.distributions.variance[distribution] / pace**2 + mean**2
        if rate > 0.0:
            sums[:, plan.services.unit[service]] += (rate, rate * mean, rate * square)

    for row in np.flatnonzero(plan.programs.op == Op.CPU).tolist():
        endpoint = owner[row]
        add(visits[endpoint] * expected.counts[row], plan.programs.a[row], plan.endpoints.service[endpoint])
    for packing in packings(plan):
        add(calls[packing.call] * packing.at_caller, packing.distribution, packing.caller)
        add(calls[packing.call] * packing.at_target, packing.distribution, packing.target)
    return sums[0], sums[1], sums[2]
