"""Workloads to columns: arrival laws, ramps, entries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..plan.columns import Integers
from ..plan.layout import Shape
from ..plan.tables import Workloads
from ..spec.inheritance import resolve_policy
from ..spec.models import Topology
from ..spec.workloads import Workload
from .directory import Directory
from .distributions import ZERO, DistributionTable
from .programs import CallSite, cumulative_shares, endpoint_name


@dataclass(frozen=True)
class Ramp:
    """A straight line of the arrival rate; the expected number of arrivals before it, and by its end."""

    start_s: float
    duration_s: float
    start_rate: float
    end_rate: float
    before: float
    after: float


def entry_sites(topology: Topology) -> list[CallSite]:
    """Call sites of the entries: workloads by name, entries as written."""
    sites = []
    for name in sorted(topology.workload):
        policy_name = topology.workload[name].policy
        policy = resolve_policy(topology.policies, policy_name)
        for entry in topology.workload[name].entries:
            key = topology.resolve(entry.call)
            call = f"{name} -> {endpoint_name(key)}"
            sites.append(CallSite(call, f"entry {call}", name, True, key, policy, policy_name or ""))
    return sites


def make_ramps(workload: Workload) -> list[Ramp]:
    """Ramps of an open workload, as in k6: straight lines from the rate before to each target.

    A stage of no length is a jump and leaves no ramp; after the last stage nothing arrives.
    """
    if workload.shape == "rate":
        rate = workload.rate or 0.0
        return [Ramp(0.0, math.inf, rate, rate, 0.0, math.inf if rate > 0.0 else 0.0)]
    ramps = []
    # In nanoseconds: 70 ms at 100/s are 7 arrivals, where 0.07 s are more; and 0.1 s + 0.2 s are 0.3 s.
    start, rate, before = 0, workload.start_rate or 0.0, 0.0
    for stage in workload.stages or ():
        if stage.duration > 0.0:
            duration = round(stage.duration * 1e9)
            after = before + duration * (rate + stage.target) / 2e9
            ramps.append(Ramp(start / 1e9, stage.duration, rate, stage.target, before, after))
            start, before = start + duration, after
        rate = stage.target
    return ramps


def workload_streams(name: str) -> dict[str, str]:
    """Names of a workload's streams, by column of `Workloads`."""
    return {
        "stream": f"request {name}",
        "arrival_stream": f"arrivals {name}",
        "entry_stream": f"entry {name}",
        "think_stream": f"think {name}",
    }


def workload_names(directory: Directory) -> set[str]:
    """Names of all streams of the workloads."""
    return {stream for name in directory.topology.workload for stream in workload_streams(name).values()}


def workload_columns(directory: Directory, distributions: DistributionTable) -> Workloads:
    """The workloads as columns, by name; entries are the first calls of the plan, in the same order."""
    written = directory.topology.workload
    names = sorted(written)
    workloads = [written[name] for name in names]
    ramps = [make_ramps(one) if one.shape in ("rate", "stages") else [] for one in workloads]
    shares = [cumulative_shares([e.weight for e in one.entries]) for one in workloads]
    every_ramp = [ramp for some in ramps for ramp in some]
    times = [one.replay_times for one in workloads]

    def numbered(column: str) -> Integers:
        return directory.numbered(workload_streams(name)[column] for name in names)

    return Workloads.of(
        name=names,
        shape=(_shape(workload) for workload in workloads),
        stream=numbered("stream"),
        arrival_stream=numbered("arrival_stream"),
        entry_stream=numbered("entry_stream"),
        users=(workload.users or 0 for workload in workloads),
        think=(_think(workload, distributions) for workload in workloads),
        think_stream=numbered("think_stream"),
        first_ramp=_starts(ramps),
        ramps=_lengths(ramps),
        first_time=_starts(times),
        times=_lengths(times),
        first_entry=_starts(shares),
        entries=_lengths(shares),
        ramp_start_s=(ramp.start_s for ramp in every_ramp),
        ramp_duration_s=(ramp.duration_s for ramp in every_ramp),
        ramp_start_rate=(ramp.start_rate for ramp in every_ramp),
        ramp_end_rate=(ramp.end_rate for ramp in every_ramp),
        ramp_before=(ramp.before for ramp in every_ramp),
        ramp_after=(ramp.after for ramp in every_ramp),
        time_s=(time for some in times for time in some),
        entry_call=range(sum(map(len, shares))),
        entry_weight=(share for some in shares for share in some),
    )


def _shape(workload: Workload) -> Shape:
    if workload.shape == "users":
        return Shape.USERS
    if workload.shape == "replay":
        return Shape.REPLAY
    return Shape[workload.arrivals.upper()]


def _think(workload: Workload, distributions: DistributionTable) -> int:
    if workload.shape != "users":
        return distributions.add(ZERO)
    return distributions.add_distribution(workload.think_time)


def _lengths(parts: Sequence[Sequence[object]]) -> Integers:
    return np.array([len(part) for part in parts], np.int64)


def _starts(parts: Sequence[Sequence[object]]) -> Integers:
    lengths = _lengths(parts)
    return np.cumsum(lengths) - lengths
