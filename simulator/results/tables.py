"""Tables of what services, units, endpoints and workloads did in the span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..plan.columns import Floats, Integers
from ..plan.layout import Component, Kind, Outcome
from ..plan.plan import Plan
from .columns import SERVICES, UNITS, Table, Whole
from .cost import unit_costs
from .hidden import calls_by_service, failed_sends, sends_by_service, unawaited_failures
from .observed import Observed
from .statistics import INTERVAL, interval_table, ratio

WORDS = [outcome.word for outcome in Outcome]
"""The outcomes as tables spell them, by number."""


def service_table(observed: Observed) -> pd.DataFrame:
    """One row a service; errors (of visits), calls and sends are counts, over all replications."""
    calls, failed = calls_by_service(observed)
    sends = sends_by_service(observed)
    plan, unit = observed.plan, observed.plan.services.unit
    core_seconds = (observed.replica_seconds * plan.units.cores)[unit]
    number = np.bincount(plan.breakers.target, weights=plan.breakers.callers, minlength=len(unit))
    values = {
        "unit": [plan.units.name[row] for row in unit],
        "kind": [Kind(kind).name.lower() for kind in plan.services.kind],
        "replicas": observed.replica_seconds[unit] / observed.time_s,
        "ready_replicas": observed.sums.ready[unit] / observed.time_s,
        "calls": calls,
        "failed_calls": failed,
        "sends": sends.sum(axis=1),
        "failed_sends": failed_sends(sends),
        "unawaited_per_s": sends.sum(axis=1) / observed.time_s,
        "unawaited_failed": unawaited_failures(sends),
        "breaker_open_ratio": ratio(observed.sums.open_breakers, number * observed.time_s),
        **_measured(SERVICES, observed, core_seconds, np.asarray),
    }
    return pd.DataFrame(_in_order(SERVICES, values), index=pd.Index(plan.services.name, name="service"))


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

    def add(column: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(plan.services.unit, weights=column, minlength=len(units.name)).astype(column.dtype)

    replicas = observed.replica_seconds / observed.time_s
    values = {
        "replicas": replicas,
        "ready_replicas": observed.sums.ready / observed.time_s,
        "cores": units.cpu.astype(np.float64),
        "cost_per_hour": unit_costs(plan, replicas),
        **_measured(UNITS, observed, observed.replica_seconds * units.cores, add),
    }
    return pd.DataFrame(_in_order(UNITS, values), index=pd.Index(units.name, name="unit"))


def _measured(
    table: Table, observed: Observed, core_seconds: Floats, add: Callable[[NDArray[Any]], NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """The columns that declare what they are of; rounding makes none more than it may be at most."""
    wholes: dict[Whole, float | Floats] = {
        Whole.SECONDS: observed.time_s,
        Whole.CORES: core_seconds,
        Whole.REQUESTS: observed.requests,
    }
    found: dict[str, NDArray[Any]] = {}
    for name, value in ((column.name, column.value) for column in table.columns if column.value is not None):
        part = add(value.of(observed.sums))
        if value.by is not Whole.ONE:
            whole = wholes[value.by] if isinstance(value.by, Whole) else add(value.by(observed.sums))
            part = np.minimum(ratio(part, whole), value.most)
        found[name] = part
    return found | {"response_time_s": found["waiting_time_s"] + found["service_time_s"]}


def _in_order(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """The columns in the order in which they are declared; what names the rows is none of them."""
    return {column.name: values[column.name] for column in table.columns if column.name in values}


def breakdown_table(observed: Observed) -> pd.DataFrame:
    """Where the mean latency goes, one row a service; the whole table adds up to it (rule 11.5)."""
    columns = [f"{component.name.lower()}_s" for component in Component]
    index = pd.Index(observed.plan.services.name, name="service")
    return pd.DataFrame(ratio(observed.sums.breakdown, observed.served), index=index, columns=columns)


def outcome_table(observed: Observed) -> pd.DataFrame:
    """How many requests ended how, by workload, over all replications."""
    index = pd.Index(observed.plan.workloads.name, name="workload")
    return pd.DataFrame(observed.sums.outcomes.astype(np.int64), index=index, columns=WORDS)


def entry_workloads(plan: Plan) -> Integers:
    """The workload of each entry."""
    return np.repeat(np.arange(len(plan.workloads.name)), plan.workloads.entries)
