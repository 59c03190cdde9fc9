"""Tables of what services, units, endpoints and workloads did in the span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..plan.layout import Component, Kind, Outcome
from ..plan.plan import Floats, Integers, Plan
from ..plan.trace import Count, Level, Visits, Waste
from .cost import unit_costs
from .hidden import calls_by_service, failed_sends, sends_by_service
from .observed import Observed
from .statistics import INTERVAL, interval_table, ratio

WORDS = [outcome.word for outcome in Outcome]
"""The outcomes as tables spell them, by number."""


def service_table(observed: Observed) -> pd.DataFrame:
    """One row a service; errors (of visits), calls and sends are counts, over all replications."""
    calls, failed = calls_by_service(observed)
    sends = sends_by_service(observed)
    plan, unit = observed.plan, observed.plan.services.unit
    levels, counts, visits = observed.levels, observed.counts, observed.visits
    core_seconds = (observed.replica_seconds * plan.units.cores)[unit]
    waiting = ratio(visits[:, Visits.WAITING], visits[:, Visits.NUMBER])
    service = ratio(visits[:, Visits.SERVICE], visits[:, Visits.NUMBER])
    number = np.bincount(plan.breakers.target, weights=plan.breakers.callers, minlength=len(unit))
    return pd.DataFrame(
        {
            "unit": [plan.units.name[row] for row in unit],
            "kind": [Kind(kind).name.lower() for kind in plan.services.kind],
            "replicas": observed.replica_seconds[unit] / observed.time_s,
            "ready_replicas": observed.ready_seconds[unit] / observed.time_s,
            "utilisation_ratio": ratio(levels[:, Level.BUSY], core_seconds),
            "waiting_time_s": waiting,
            "service_time_s": service,
            "response_time_s": waiting + service,
            "queue_length": levels[:, Level.WAITING] / observed.time_s,
            "arrival_rate_per_s": counts[:, Count.BEGUN] / observed.time_s,
            "throughput_per_s": counts[:, Count.ENDED] / observed.time_s,
            "errors": counts[:, Count.FAILED].astype(np.int64),
            "calls": calls,
            "failed_calls": failed,
            "sends": sends.sum(axis=1),
            "failed_sends": failed_sends(sends),
            "attempts_per_request": ratio(observed.tries, observed.requests),
            "wasted_ratio": _wasted(observed.wasted[:, Waste.CPU], levels[:, Level.BUSY]),
            "wasted_time_s": ratio(observed.wasted.sum(axis=1), counts[:, Count.ENDED]),
            "breaker_open_ratio": ratio(observed.open_breakers, number * observed.time_s),
        },
        index=pd.Index(plan.services.name, name="service"),
    )


def service_intervals(observed: Observed, confidence: float) -> pd.DataFrame:
    """One row a service and quantity: mean, half_width, low, high over replications."""
    return _row_intervals(service_table, observed, "service", confidence)


def unit_intervals(observed: Observed, confidence: float) -> pd.DataFrame:
    """One row a unit and quantity: mean, half_width, low, high over replications."""
    return _row_intervals(unit_table, observed, "unit", confidence)


def _row_intervals(
    table_of: Callable[[Observed], pd.DataFrame], observed: Observed, name: str, confidence: float
) -> pd.DataFrame:
    """Intervals of every number of a table, about that of all replications together; counts are by replication."""
    tables = [table_of(one).select_dtypes("number") for one in observed.each]
    index = pd.MultiIndex.from_product([tables[0].index, tables[0].columns], names=[name, "quantity"])
    values = np.array([table.to_numpy(dtype=np.float64).ravel() for table in tables])
    intervals = interval_table(pd.DataFrame(values), confidence).to_numpy(copy=True)
    pooled = table_of(observed).select_dtypes("number")
    is_count = np.tile([np.issubdtype(kind, np.integer) for kind in pooled.dtypes], len(pooled))
    off = np.where(is_count, 0.0, pooled.to_numpy(dtype=np.float64).ravel() - intervals[:, 0])
    intervals[:, [0, 2, 3]] += off[:, None]
    return pd.DataFrame(intervals, index=index, columns=list(INTERVAL))


def unit_table(observed: Observed) -> pd.DataFrame:
    """One row a unit: the sums over the services that share its process."""
    plan, units = observed.plan, observed.plan.units
    number = len(units.name)

    def add(column: NDArray[Any]) -> Floats:
        sums = np.bincount(plan.services.unit, weights=column, minlength=number)
        return sums.astype(np.float64)

    levels, counts, visits = observed.levels, observed.counts, observed.visits
    replicas = observed.replica_seconds / observed.time_s
    waiting = ratio(add(visits[:, Visits.WAITING]), add(visits[:, Visits.NUMBER]))
    service = ratio(add(visits[:, Visits.SERVICE]), add(visits[:, Visits.NUMBER]))
    return pd.DataFrame(
        {
            "replicas": replicas,
            "ready_replicas": observed.ready_seconds / observed.time_s,
            "cores": units.cpu.astype(np.float64),
            "utilisation_ratio": ratio(add(levels[:, Level.BUSY]), observed.replica_seconds * units.cores),
            "waiting_time_s": waiting,
            "service_time_s": service,
            "response_time_s": waiting + service,
            "queue_length": add(levels[:, Level.WAITING]) / observed.time_s,
            "arrival_rate_per_s": add(counts[:, Count.BEGUN]) / observed.time_s,
            "throughput_per_s": add(counts[:, Count.ENDED]) / observed.time_s,
            "errors": add(counts[:, Count.FAILED]).astype(np.int64),
            "wasted_ratio": _wasted(add(observed.wasted[:, Waste.CPU]), add(levels[:, Level.BUSY])),
            "wasted_time_s": ratio(add(observed.wasted.sum(axis=1)), add(counts[:, Count.ENDED])),
            "cost_per_hour": unit_costs(plan, replicas),
        },
        index=pd.Index(units.name, name="unit"),
    )


def _wasted(wasted: Floats, busy: Floats) -> Floats:
    """Share of the busy core time that was for nobody; rounding does not make it more than all."""
    return np.minimum(ratio(wasted, busy), 1.0)


def breakdown_table(observed: Observed) -> pd.DataFrame:
    """Where the mean latency goes, one row a service; the whole table adds up to it (rule 11.5)."""
    columns = [f"{component.name.lower()}_s" for component in Component]
    index = pd.Index(observed.plan.services.name, name="service")
    return pd.DataFrame(ratio(observed.breakdown, observed.served), index=index, columns=columns)


def outcome_table(observed: Observed) -> pd.DataFrame:
    """How many requests ended how, by workload, over all replications."""
    index = pd.Index(observed.plan.workloads.name, name="workload")
    return pd.DataFrame(observed.outcomes.astype(np.int64), index=index, columns=WORDS)


def entry_workloads(plan: Plan) -> Integers:
    """The workload of each entry."""
    return np.repeat(np.arange(len(plan.workloads.name)), plan.workloads.entries)
