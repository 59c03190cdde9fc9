"""Drills: a fault, in every deployment and with every policy set, on the same random numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from ...compiler import compile_topology
from ...errors import PlanError
from ...plan.columns import Floats
from ...plan.engine import Engine
from ...plan.layout import Op
from ...plan.plan import Plan
from ...spec import Topology
from ..curves.points import in_steps, unique
from ..engines import EngineName, choose_engine
from ..replicate import Progress
from .brink import PROBES, Brink, Probe, check_loads, find_brink
from .drilled import Drill
from .faulting import Scene, Time, make_scene
from .measuring import (
    blast_of,
    entry_rows,
    measure_pair,
    row_of,
    run_pair,
    timeline_of,
    typical_completion,
    typical_latency,
    watch_longer,
)
from .policysets import SETS, has_policies_of_targets, with_policies

GUESSED: Final = 5
"""Loads that a bisection takes, about: for the progress."""
FIRST_LOOK: Final = 0.7
"""The share of a case in the progress that is left when only what did not recover is still watched."""


@dataclass(frozen=True, eq=False)
class Case:
    """A deployment with a policy set. `same_as` is the set that gives the same plan, or empty."""

    deployment: str
    policies: str
    scene: Scene
    calm: Plan
    faulty: Plan
    same_as: str


@dataclass(frozen=True, eq=False)
class Found:
    """What a case has given: its row, and its parts of the other tables."""

    row: dict[str, Any]
    entries: list[dict[str, Any]]
    blast: pd.DataFrame
    timeline: pd.DataFrame
    typical_s: Floats


def drill(
    topology: Topology,
    target: str | None = None,
    fault: str | None = None,
    *,
    at: Time | None = None,
    for_: Time | None = None,
    replicas: int | str | None = None,
    factor: float | None = None,
    percentage: float | None = None,
    fixed_delay: Time | None = None,
    from_: str | None = None,
    deployments: Sequence[str] = ("microservices", "monolith"),
    policies: Sequence[str] = SETS,
    find_load: bool = False,
    precision: float = 0.05,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Drill:
    """Break something, and see who suffers, for how long, and whether it comes back.

    Parameters
    ----------
    target
        The service that the fault hits, instead of the file's `faults`; without one those are drilled.
    fault
        `kill` (the default), `slow`, `pause`, `abort`, `delay` or `partition`.
    at
        When it begins; by default 20 s after the warmup.
    for_
        How long it lasts; by default 30 s.
    replicas, factor, percentage, fixed_delay, from_
        As in a fault of the file: how many replicas (kill, slow, pause, abort), how many times as slow (needed for
        slow), of how many attempts or messages in percent (abort, delay), how late (needed for delay), and whose calls
        (abort, delay, partition).
    deployments
        One or more.
    policies
        Policy sets: `none`, `timeouts` alone, `retries` (with timeouts, but without budget, breaker, bulkhead, hedge
        or fallback), `full` (the file as written), or a policy of the file by name: every call has that one. Users'
        own policies stay.
    find_load
        Whether to search the load at which it would not come back, which takes some ten more runs a row.
    precision
        Of that load: the two that are found are no further apart, as a share.
    duration
        Of a run; by default it ends two minutes after the fault, or four times its length if that is more. The
        `simulation.duration` of the file is not used.
    seed, replications, warmup, confidence, engine, executor, progress
        As in `simulate`.

    Returns
    -------
    Drill
        Of the rows that were finished, if a Ctrl-C came in between.

    Raises
    ------
    TopologyError, PlanError, EngineError
    """
    options = {
        "at": at, "for": for_, "from": from_, "replicas": replicas, "factor": factor, "percentage": percentage,
        "fixedDelay": fixed_delay,
    }  # fmt: skip
    settings = {
        "seed": seed, "replications": replications, "duration": duration, "warmup": warmup, "confidence": confidence,
    }  # fmt: skip
    scene = make_scene(topology, target, fault, options, settings)
    if find_load:
        check_loads(scene, precision)
    cases = make_cases(scene, unique(deployments), unique(policies))
    chosen, _ = choose_engine(engine, [plan for case in cases for plan in (case.calm, case.faulty)])
    found, complete = _run(cases, chosen, find_load, precision, executor, progress)
    return _together(scene, cases, found, complete=complete)


def make_cases(scene: Scene, deployments: Sequence[str], policies: Sequence[str]) -> list[Case]:
    """Every deployment with every policy set; those that are one and the same plan know it."""
    if not deployments or not policies:
        what, example = ("deployments", "microservices") if not deployments else ("policies", "full")
        raise PlanError(f"{what}: expected at least one, for example {example}")
    scenes = {
        name: replace(scene, calm=with_policies(scene.calm, name), faulty=with_policies(scene.faulty, name))
        for name in policies
    }
    cases: list[Case] = []
    for deployment in deployments:
        first: dict[str, str] = {}
        for name, one in scenes.items():
            calm, faulty = (compile_topology(topology, deployment) for topology in (one.calm, one.faulty))
            bare = has_no_policies(faulty) and not has_policies_of_targets(one.faulty)
            same = first.setdefault("" if bare else faulty.digest(), name)
            cases.append(Case(deployment, name, one, calm, faulty, "" if same == name else same))
    return cases


def has_no_policies(plan: Plan) -> bool:
    """Whether no call of a service has a policy that acts in this deployment: inside a process, none does (12.2)."""
    op, programs = plan.programs.op, plan.programs
    live = np.ones(op.size, dtype=bool)
    # The steps of a fallback stand after it, and it after its call.
    for row in np.flatnonzero(op == Op.FALLBACK).tolist():
        if plan.calls.remote[programs.a[row - 1]]:
            return False
        live[row : programs.c[row]] = False
    calls = programs.a[live & (op == Op.CALL)]
    timed = np.isfinite(plan.calls.timeout[calls]) & (plan.calls.remote[calls] == 1)
    return not (timed.any() or np.isin(plan.policies.call, calls).any())


def _run(
    cases: Sequence[Case],
    engine: Engine,
    find_load: bool,
    precision: float,
    executor: Executor | None,
    progress: Progress | None,
) -> tuple[dict[tuple[str, str], Found], bool]:
    """Every case that is like no other, then its bisection; and whether all were finished."""
    own = [case for case in cases if not case.same_as]
    steps = [(case, searched) for case in own for searched in ((False, True) if find_load else (False,))]
    found: dict[tuple[str, str], Found] = {}
    limits: list[tuple[Floats, Floats]] = []  # the first case's, so that late means the same in all rows

    def work(step: tuple[Case, bool], report: Progress) -> Found | Brink:
        case, searched = step
        if searched:
            return _search(case, found[case.deployment, case.policies], engine, precision, executor, report)
        return _measure(case, limits, engine, executor, report)

    number = cases[0].calm.settings.replications
    sizes = [2.0 * GUESSED * min(PROBES, number) if searched else 2.0 * number for _, searched in steps]
    done = 0
    for (case, _), made in zip(steps, in_steps(steps, work, progress, sizes), strict=False):
        key, done = (case.deployment, case.policies), done + 1
        if isinstance(made, Brink):
            row = {**found[key].row, "load_low": made.low, "load_high": made.high, "load_limit": made.why}
            found[key] = replace(found[key], row=row)
        else:
            found[key] = made
    return found, done == len(steps)


def _measure(
    case: Case, limits: list[tuple[Floats, Floats]], engine: Engine, executor: Executor | None, report: Progress
) -> Found:
    settings = case.calm.settings

    def first_look(done: float, total: int) -> None:
        report(done * FIRST_LOOK, total)

    def second_look(done: float, total: int) -> None:
        report(total * FIRST_LOOK + done * (1.0 - FIRST_LOOK), total)

    made = run_pair(case.scene, case.calm, case.faulty, engine=engine, executor=executor, progress=first_look)
    if not limits:
        warmup_s = settings.warmup_s or 0.0
        limits.append((typical_latency(case.calm, made, warmup_s), typical_completion(case.calm, made, warmup_s)))
    typical_s, settled_s = limits[0]
    measured = watch_longer(
        case.scene, case.deployment, measure_pair(case.scene, case.calm, made, typical_s), typical_s,
        engine=engine, executor=executor, progress=second_look,
    )  # fmt: skip
    nothing = {"load_low": math.nan, "load_high": math.nan, "load_limit": ""}
    return Found(
        row=row_of(case.scene, measured, settled_s, settings.confidence) | nothing,
        entries=entry_rows(measured, settings.confidence),
        blast=blast_of(case.scene, measured, settings.confidence),
        timeline=timeline_of(case.scene, measured),
        typical_s=typical_s,
    )


def _search(
    case: Case, found: Found, engine: Engine, precision: float, executor: Executor | None, report: Progress
) -> Brink:
    probe = Probe(case.scene, case.deployment, found.typical_s, engine, executor)
    tried: list[float] = []

    def verdict(factor: float) -> str:
        before = len(tried)
        tried.append(factor)
        return probe.verdict(factor, lambda done, total: report(min(before + done / total, GUESSED), GUESSED))

    return find_brink(str(found.row["verdict"]), verdict, saturation=probe.saturation(), precision=precision)


def _together(scene: Scene, cases: Sequence[Case], found: dict[tuple[str, str], Found], *, complete: bool) -> Drill:
    rows = []
    for case in cases:
        made = found.get((case.deployment, case.same_as or case.policies))
        if made is not None:
            name = {"deployment": case.deployment, "policies": case.policies, "same_as": case.same_as}
            rows.append({**name, **made.row})
    settings = cases[0].calm.settings
    return Drill(
        topology=scene.faulty.name,
        what=scene.what,
        targets=scene.targets,
        at_s=scene.at_s,
        until_s=scene.until_s,
        horizon_s=scene.horizon_s,
        table=pd.DataFrame(rows),
        entries=_stacked({key: pd.DataFrame(one.entries) for key, one in found.items()}),
        blast=_stacked({key: one.blast for key, one in found.items()}),
        timeline=_stacked({key: one.timeline for key, one in found.items()}),
        shared={case.deployment: _shared(case) for case in cases},
        warnings={case.deployment: _warnings(case.deployment, cases) for case in cases},
        confidence=settings.confidence,
        replications=settings.replications,
        interrupted=not complete,
    )


def _stacked(tables: dict[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other, with the deployment and the policy set of each in front."""
    named = []
    for (deployment, policies), table in tables.items():
        part = table.copy()
        part.insert(0, "deployment", deployment)
        part.insert(1, "policies", policies)
        named.append(part)
    return pd.concat(named, ignore_index=True)


def _warnings(deployment: str, cases: Sequence[Case]) -> tuple[str, ...]:
    """What the plans say with the faults and not without; of some policy sets only, if these are named."""
    mine = [case for case in cases if case.deployment == deployment]
    said: dict[str, list[str]] = {}
    for case in mine:
        for text in case.faulty.warnings:
            if text not in case.calm.warnings:
                said.setdefault(text, []).append(case.policies)
    return tuple(text if len(sets) == len(mine) else f"{', '.join(sets)}: {text}" for text, sets in said.items())


def _shared(case: Case) -> tuple[str, ...]:
    """Other services in the process of a target."""
    services = list(zip(case.calm.services.name, case.calm.services.unit.tolist(), strict=True))
    hit = {unit for name, unit in services if name in case.scene.targets}
    return tuple(name for name, unit in services if unit in hit and name not in case.scene.targets)
