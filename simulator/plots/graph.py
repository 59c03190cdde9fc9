"""What a plan is as a graph: who calls whom, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..compiler.expectations import expect
from ..plan.layout import Op, Shape
from ..plan.plan import Plan
from ..results import Results
from .style import count, readable


class Way(Enum):
    """How a call travels; the value is how its line is drawn."""

    NETWORK = "-"
    IN_PROCESS = ":"
    SEND = "--"


@dataclass(frozen=True)
class Arrow:
    """All calls of one kind from a caller to a service; `per_s` is NaN where nothing was run."""

    source: str
    target: str
    way: Way
    per_s: float


def arrows(plan: Plan, result: Results | None) -> list[Arrow]:
    """Who calls whom. Workloads and services share no name.

    The calls a second of an arrow are those that arrived at its target, parted as they are expected to be.
    """
    sends = {int(a) for op, a in zip(plan.programs.op, plan.programs.a, strict=True) if op == Op.SEND}
    of_entry = _workload_of_call(plan)
    weight = _expected(plan, result)
    found: dict[tuple[str, str, Way], float] = {}
    for call, target in enumerate(plan.calls.target.tolist()):
        caller = int(plan.calls.caller[call])
        source = of_entry.get(call, "") if caller < 0 else plan.services.name[caller]
        name = plan.services.name[int(plan.endpoints.service[target])]
        way = Way.SEND if call in sends else Way.NETWORK if plan.calls.remote[call] else Way.IN_PROCESS
        key = (source, name, way)
        found[key] = found.get(key, 0.0) + float(weight[call])
    into = dict.fromkeys(plan.services.name, 0.0)
    for (_, name, _), share in found.items():
        into[name] += share
    rates = _arrivals(result)
    return [
        Arrow(source, name, way, rates.get(name, np.nan) * share / into[name] if into[name] > 0.0 else np.nan)
        for (source, name, way), share in found.items()
    ]


def _workload_of_call(plan: Plan) -> dict[int, str]:
    workload = np.repeat(np.arange(len(plan.workloads.name)), plan.workloads.entries)
    calls = plan.workloads.entry_call.tolist()
    return {int(call): plan.workloads.name[row] for call, row in zip(calls, workload, strict=True)}


def _expected(plan: Plan, result: Results | None) -> NDArray[np.float64]:
    """Calls by call site, as often as the workloads of the run (else of the plan) make them."""
    calls = expect(plan).calls
    if result is None:
        return np.asarray(calls.sum(axis=0))
    requests = result.outcomes.sum(axis=1).reindex(plan.workloads.name, fill_value=0)
    return np.asarray(requests.to_numpy(dtype=np.float64) @ calls)


def _arrivals(result: Results | None) -> dict[str, float]:
    if result is None:
        return {}
    column: pd.Series[float] = result.services["arrival_rate_per_s"]
    return {str(name): float(rate) for name, rate in column.items()}


def workload_text(plan: Plan, row: int, result: Results | None) -> str:
    """What a workload asks: requests a second that were seen, else what the file says."""
    shape = Shape(int(plan.workloads.shape[row]))
    if result is not None and plan.workloads.name[row] in result.outcomes.index:
        made = result.provenance
        span = (float(made["duration_s"]) - float(made["warmup_s"])) * float(made["replications"])
        return f"{readable(int(result.outcomes.loc[[plan.workloads.name[row]]].to_numpy().sum()) / span)}/s"
    if shape == Shape.USERS:
        return count(int(plan.workloads.users[row]), "user")
    if shape == Shape.REPLAY:
        return count(int(plan.workloads.times[row]), "arrival")
    first = int(plan.workloads.first_ramp[row])
    ramps = slice(first, first + int(plan.workloads.ramps[row]))
    rates = np.concatenate([plan.workloads.ramp_start_rate[ramps], plan.workloads.ramp_end_rate[ramps]])
    low, high = float(rates.min(initial=np.inf)), float(rates.max(initial=0.0))
    return f"{readable(high)}/s" if low >= high else f"{readable(low)} to {readable(high)}/s"


def size_text(plan: Plan, unit: int) -> str:
    """How much a unit is: 2 × 1 core."""
    return f"{int(plan.units.replicas[unit])} × {cores(float(plan.units.cpu[unit]))}"


def cores(cpu: float) -> str:
    """1 core, half a core as 0.5 cores."""
    return f"{cpu:g} core{'' if cpu == 1.0 else 's'}"
