"""One deployment with one policy set: run with the fault and without, and what differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from ...compiler import compile_topology
from ...plan.columns import Floats
from ...plan.engine import Detail, Engine
from ...plan.layout import Outcome
from ...plan.plan import Plan
from ...plan.trace import Trace
from ...results.statistics import student_interval
from ..replicate import Job, Progress, run_jobs
from .aftermath import Aftermath, aftermath_columns, harms_sends, read_aftermath, settled_limits
from .blast import Seen, blast_rows, see_services
from .faulting import Scene
from .incidents import Incident, Promise, chance_of, find_promise, judge
from .nets import count_columns, harms, is_chance
from .pairing import Counts, Fates, Pairs, attempts_ratio, count_pairs, pair_requests, read_fates

AT_ONCE: Final = 4
"""Replications of which everything is kept at a time."""
TYPICAL: Final = 2.0
"""Times the p99 latency without the fault: late, where no slo says from when on."""
SHORTEST_S: Final = 10.0
"""Least length of the span of the blast radius and the retry amplification, for faults of no time."""
POINTS: Final = 240
"""Points of the timeline, about."""


@dataclass(frozen=True, eq=False)
class Replication:
    """What is kept of a replication's two runs."""

    calm: Fates
    faulty: Fates
    pairs: Pairs
    services_calm: Seen | None
    services_faulty: Seen | None
    aftermath: Aftermath


@dataclass(frozen=True, eq=False)
class Measured:
    """A deployment with a policy set, measured."""

    plan: Plan
    replications: tuple[Replication, ...]
    promise: Promise
    counts: tuple[Counts, ...]
    columns: dict[str, float]
    """Of the counts: see `count_columns`."""
    incidents: tuple[Incident, ...]
    chance: Floats
    """By entry, what a bad stretch of requests may miss that is chance (rule 15.8)."""


def run_pair(
    scene: Scene,
    calm: Plan,
    faulty: Plan,
    *,
    engine: Engine,
    replications: Sequence[int] | None = None,
    services: bool = True,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[Replication, ...]:
    """Both runs of every replication, on the same random numbers.

    Parameters
    ----------
    replications
        Which ones; by default all that the settings say.
    services
        Whether the services' callers are looked at too, which records every attempt.

    Raises
    ------
    KeyboardInterrupt
        If a Ctrl-C came before the end: half of it would be of other replications.
    """
    numbers = range(calm.settings.replications) if replications is None else replications
    detail: Detail = "attempts" if services else "requests"
    report = progress or (lambda done, total: None)
    found: list[Replication] = []
    for start in range(0, len(numbers), AT_ONCE):
        those = numbers[start : start + AT_ONCE]
        jobs = [Job(plan, calm.settings.seed, one, detail) for one in those for plan in (calm, faulty)]

        def part(done: float, total: int, before: int = 2 * start) -> None:
            report(before + done, 2 * len(numbers))

        traces = run_jobs(engine, jobs, executor=executor, progress=part)
        for first, second in zip(traces[::2], traces[1::2], strict=True):
            if first is None or second is None:
                raise KeyboardInterrupt
            found.append(_reduce(scene, (calm, faulty), (first, second), services=services))
    return tuple(found)


def _reduce(scene: Scene, plans: tuple[Plan, Plan], traces: tuple[Trace, Trace], *, services: bool) -> Replication:
    fates = []
    for trace in traces:
        if trace.requests is None:
            raise ValueError("a drill needs the requests of its runs")
        fates.append(read_fates(trace.requests))
    span = span_of(scene)
    seen = [see_services(plan, trace, *span) if services else None for plan, trace in zip(plans, traces, strict=True)]
    pairs = pair_requests(fates[0], fates[1])
    return Replication(fates[0], fates[1], pairs, seen[0], seen[1], read_aftermath(traces[0], traces[1], pairs))


def span_of(scene: Scene) -> tuple[float, float]:
    """The requests that the blast radius and the retry amplification are about, by their arrival in seconds."""
    return scene.at_s, min(max(scene.until_s, scene.at_s + SHORTEST_S), scene.horizon_s)


def typical_latency(plan: Plan, replications: Sequence[Replication], warmup_s: float) -> Floats:
    """Twice the p99 latency without the fault, by entry, in seconds; inf where nothing was served."""
    return _typical(plan, [one.calm for one in replications], warmup_s)


def typical_completion(plan: Plan, replications: Sequence[Replication], warmup_s: float) -> Floats:
    """The same of the time until requests have settled."""
    return _typical(plan, [one.aftermath.pairs.calm for one in replications], warmup_s)


def _typical(plan: Plan, calm: Sequence[Fates], warmup_s: float) -> Floats:
    limits = np.full(plan.workloads.entry_call.size, np.inf)
    for entry in range(limits.size):
        found = [one.latency_s[(one.entry == entry) & one.good & (one.arrival_s >= warmup_s)] for one in calm]
        latencies = np.concatenate(found)
        if latencies.size:
            limits[entry] = TYPICAL * float(np.quantile(latencies, 0.99))
    return limits


def measure_pair(
    scene: Scene,
    plan: Plan,
    replications: tuple[Replication, ...],
    typical_s: Floats,
    chance: Floats | None = None,
) -> Measured:
    """Count and judge.

    Parameters
    ----------
    chance
        What is known of it from other replications: then whether somebody is harmed is not asked again.
    """
    promise = find_promise(plan, typical_s)
    counts = tuple(count_pairs(one.pairs, promise.limits_s) for one in replications)
    columns = count_columns([one.pairs for one in replications], promise.limits_s, plan.settings.confidence)
    times = {"at_s": scene.at_s, "until_s": scene.until_s, "horizon_s": scene.horizon_s}
    cycles = [_cycles(plan, one.calm, scene.horizon_s) for one in replications]
    found = [
        chance_of(one.calm, one.faulty, promise, cycles_s=cycle_s, **times)
        for one, cycle_s in zip(replications, cycles, strict=True)
    ]
    most = np.maximum.reduce([*found, *([] if chance is None else [chance])])
    incidents = [
        judge(one.calm, one.faulty, promise, cycles_s=cycle_s, chance=most, **times)
        for one, cycle_s in zip(replications, cycles, strict=True)
    ]
    if chance is None and is_chance(columns) and not harms(columns):
        incidents = [replace(one, detect_s=math.nan, recover_s=0.0) for one in incidents]
    return Measured(plan, replications, promise, counts, columns, tuple(incidents), most)


def _cycles(plan: Plan, calm: Fates, horizon_s: float) -> Floats:
    """By workload, seconds from one request of a user to the next: users x time / requests; 0 of open ones."""
    asked = np.bincount(calm.workload, minlength=len(plan.workloads.name))
    return np.asarray(plan.workloads.users * horizon_s / np.maximum(asked, 1), np.float64)


def watch_longer(
    scene: Scene,
    deployment: str,
    made: Measured,
    typical_s: Floats,
    *,
    engine: Engine,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Measured:
    """The same, but that what did not recover within the run has had longer (rule 15.12)."""
    if verdict_of(made.incidents) != "metastable":
        return made
    later = scene.longer()
    calm, faulty = (compile_topology(one, deployment) for one in (later.calm, later.faulty))
    report = progress or (lambda done, total: None)
    incidents = list(made.incidents)
    lasting = [number for number, one in enumerate(incidents) if not one.over]
    for before, number in enumerate(lasting):

        def part(done: float, total: int, before: int = before) -> None:
            report(before + done / total, len(lasting))

        again = run_pair(
            later, calm, faulty, engine=engine, replications=[number], services=False, executor=executor, progress=part
        )
        (found,) = measure_pair(later, calm, again, typical_s, made.chance).incidents
        incidents[number] = replace(incidents[number], recover_s=found.recover_s)
        if not found.over:
            break
    return replace(made, incidents=tuple(incidents))


def row_of(scene: Scene, made: Measured, settled_s: Floats, confidence: float) -> dict[str, Any]:
    """Means over replications with the half widths of their Student intervals, and the verdict.

    `settled_s` says by entry after how many seconds a request settles late, where no slo does.
    """
    row: dict[str, Any] = {"requests": np.mean([one.faulty.entry.size for one in made.replications])}
    row |= made.columns
    limits = settled_limits(made.plan, settled_s)
    row |= aftermath_columns([one.aftermath for one in made.replications], limits, confidence)
    span = span_of(scene)
    _put(row, "retry_amplification", [attempts_ratio(one.pairs, *span) for one in made.replications], confidence)
    _put(row, "time_to_detect_s", [one.detect_s for one in made.incidents], confidence)
    seen = [one for one in made.incidents if not math.isnan(one.detect_s)]
    row["detected"] = len(seen)
    recover = [one.recover_s for one in seen]
    _put(row, "time_to_recover_s", recover if all(one.over for one in seen) else [math.inf], confidence)
    row["recovered"] = sum(one.over for one in made.incidents)
    row["replications"] = len(made.incidents)
    return row | {"verdict": verdict_of(made.incidents, harmed=bool(harms(row)) or harms_sends(row))}


def _put(row: dict[str, Any], name: str, values: Sequence[float], confidence: float) -> None:
    row[name], row[f"{name}_half_width"] = student_interval(values, confidence)


def verdict_of(incidents: Sequence[Incident], *, harmed: bool = False) -> str:
    """`overloaded`, `metastable`, `comes back`, `kept` or `unharmed` (rule 15.12)."""
    if 2 * sum(one.overloaded for one in incidents) > len(incidents):
        return "overloaded"
    if not all(one.over for one in incidents):
        return "metastable"
    if any(not math.isnan(one.detect_s) for one in incidents):
        return "comes back"
    return "kept" if harmed else "unharmed"


def entry_rows(made: Measured, confidence: float) -> list[dict[str, Any]]:
    """One row an entry: requests of a run that arrive there, and what the fault did to them."""
    plan, rows = made.plan, []
    for entry, (workload, endpoint) in enumerate(entry_names(plan)):
        row: dict[str, Any] = {
            "workload": workload, "entry": endpoint,
            "requests": np.mean([np.count_nonzero(one.faulty.entry == entry) for one in made.replications]),
            "limit_s": float(made.promise.limits_s[entry]), "limit_is_slo": bool(made.promise.told[entry]),
            "promised_ratio": float(made.promise.shares[entry]),
        }  # fmt: skip
        pairs = [one.pairs for one in made.replications]
        rows.append(row | count_columns(pairs, made.promise.limits_s, confidence, entry))
    return rows


def entry_names(plan: Plan) -> list[tuple[str, str]]:
    """Workload and endpoint of every entry."""
    workloads = plan.workloads
    owner = np.repeat(np.arange(len(workloads.name)), workloads.entries)
    targets = plan.calls.target[workloads.entry_call].tolist()
    return [(workloads.name[row], plan.endpoints.name[at]) for row, at in zip(owner.tolist(), targets, strict=True)]


def blast_of(scene: Scene, made: Measured, confidence: float) -> pd.DataFrame:
    """The services that are no target."""
    calm = [one.services_calm for one in made.replications if one.services_calm is not None]
    faulty = [one.services_faulty for one in made.replications if one.services_faulty is not None]
    return blast_rows(made.plan, scene.targets, calm, faulty, confidence)


def timeline_of(scene: Scene, made: Measured) -> pd.DataFrame:
    """By the requests' arrival, per second: offered, served, served in time, and in time without the fault."""
    width = max(1.0, math.ceil(scene.horizon_s / POINTS))
    start = scene.at_s - width * math.floor(scene.at_s / width + 1e-9)
    edges = np.arange(start, scene.horizon_s + 1e-9, width)
    seconds = width * len(made.replications)

    def rate(which: str, of: Any) -> Floats:
        found = np.zeros(edges.size - 1)
        for one in made.replications:
            fates = getattr(one, which)
            found += np.histogram(fates.arrival_s[of(fates)], edges)[0]
        return found / seconds

    limits = made.promise.limits_s
    return pd.DataFrame(
        {
            "time_s": edges[:-1],
            "width_s": width,
            "offered_per_s": rate("faulty", lambda fates: slice(None)),
            "goodput_per_s": rate("faulty", lambda fates: fates.good),
            "in_time_per_s": rate("faulty", lambda fates: fates.in_time(limits)),
            "degraded_per_s": rate("faulty", lambda fates: fates.outcome == Outcome.DEGRADED),
            "calm_in_time_per_s": rate("calm", lambda fates: fates.in_time(limits)),
        }
    )
