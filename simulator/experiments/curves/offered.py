"""The same topology under more or less traffic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import PlanError
from ...spec.mistakes import dotted
from ...units import parse_rate
from .words import ARRIVALS

if TYPE_CHECKING:
    from ...spec import Topology

Loads = Sequence[float | str]


def all_users(topology: Topology) -> int:
    """Users of the closed workloads together."""
    return sum(workload.users or 0 for workload in topology.workload.values())


def name_of_arrivals(topology: Topology) -> str:
    """What a load of the topology is: users, or an arrival rate, the peak of it and without users where there are."""
    workloads = topology.workload.values()
    arriving = [one for one in workloads if one.rate or one.stages]
    if not arriving:
        return "users" if all_users(topology) else ARRIVALS
    peak = any({stage.target for stage in one.stages or ()} - {one.start_rate or 0.0} for one in arriving if one.stages)
    return f"{'peak ' if peak else ''}{ARRIVALS}{' of the open workloads' if all_users(topology) else ''}"


def scale_traffic(topology: Topology, factor: float) -> Topology:
    """The topology with all its traffic so many times as heavy.

    Open workloads have every rate multiplied (`rate`, `startRate`, the targets of `stages`), closed ones their users:
    to the nearest whole number, a half upwards, and at least one of those that have any.

    Raises
    ------
    PlanError
        If a workload is replayed: its arrivals are what they are.
    """
    changes: dict[str, object] = {}
    for name, workload in topology.workload.items():
        path = dotted(("workload", name))
        if workload.shape == "replay":
            raise PlanError(
                f"{path}: a replay cannot be made heavier or lighter, since its arrivals are written down; "
                "give the workload a `rate`, `stages` or `users` instead"
            )
        if workload.rate is not None:
            changes[f"{path}.rate"] = workload.rate * factor
        if workload.stages is not None:
            changes[f"{path}.startRate"] = (workload.start_rate or 0.0) * factor
            for number, stage in enumerate(workload.stages):
                changes[f"{path}.stages[{number}].target"] = stage.target * factor
        if workload.users:
            changes[f"{path}.users"] = max(1, _nearest(workload.users * factor))
    return topology.replace(changes)


def _nearest(value: float) -> int:
    # A half that a factor such as 1.15 misses by a rounding error is a half.
    return math.floor(round(value, 9) + 0.5)


def read_loads(loads: Loads, arrival_rate: float) -> list[float]:
    """Loads as ascending factors of the file's own traffic: 1.5 is half as much again, "150/s" an arrival rate.

    Parameters
    ----------
    arrival_rate
        Of the file's open workloads together at their peaks; 0 if there are none.

    Raises
    ------
    PlanError
        If one is no positive number and no rate, or a rate where no workload has one.
    """
    given = [loads] if isinstance(loads, str | int | float) else list(loads)
    if not given:
        raise PlanError("loads: expected at least one, for example 0.5 (of the file's traffic) or 150/s")
    return sorted({_read_load(load, arrival_rate) for load in given})


def _read_load(load: float | str, arrival_rate: float) -> float:
    try:
        factor = float(load)
    except (TypeError, ValueError):
        try:
            rate = parse_rate(str(load))
        except ValueError as error:
            raise PlanError(f"loads: {load!r} is neither a factor of the file's traffic nor a rate: {error}") from error
        if arrival_rate == 0.0:
            raise PlanError(
                f"loads: {load} is a rate, but no workload of the file has one: give factors of its users, such as 0.5"
            ) from None
        factor = rate / arrival_rate
    if not (math.isfinite(factor) and factor > 0.0):
        raise PlanError(f"loads: {load} is no positive number; 1 is the traffic of the file")
    return factor
