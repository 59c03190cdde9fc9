"""How many replicas are enough: the cheapest size of a deployment that meets every objective of the file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...compiler import compile_topology
from ...errors import PlanError
from ...results import Results
from ...spec import Topology
from ...words import count, number, percent
from ..engines import EngineName, choose_engine
from ..replicate import Progress
from ..simulation import with_settings
from .binding import find_binding, objective_row
from .excluding import all_were_run
from .judging import Judge, Trial, is_maximum, objective_label
from .lattice import Lattice, Option, make_lattice
from .search import search
from .shortfall import nothing_seen, subset, told, why_not
from .sized import Capacity

TYPICAL = 10
"""Configurations that a search simulates at least, roughly: whether compiling an engine pays."""
LISTED = 8
"""Units above which a sentence does not list them."""


def capacity(
    topology: Topology,
    deployment: str = "microservices",
    *,
    scale: Iterable[str] | None = None,
    cores: Iterable[float] | None = None,
    max_replicas: int = 64,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Capacity:
    """Find the cheapest replicas that meet every objective of the file, each with the stated confidence (section 13).

    Parameters
    ----------
    deployment
        `microservices`, `monolith`, or one of the file's own; a merged unit is one number.
    scale
        Units of which the replicas are searched, or services inside them; by default all units of kind service.
        Databases, caches and externals keep their replicas.
    cores
        Candidates for the cores of one replica, for example (1, 2, 4): then searched too, for every sized unit.
    max_replicas
        The most that a unit may have.
    seed, replications, duration, warmup, confidence, engine
        As in `simulate`; two replications or more. Every configuration gets the same requests.
    executor
        Where replications run; by default it picks itself. The answer is the same.
    progress
        Called with (finished, all) configurations; how many there will be is a guess.

    Returns
    -------
    Capacity
        The best that was found until then, if a Ctrl-C came in between: its reason says so.

    Raises
    ------
    TopologyError, PlanError, EngineError
        Also where the file has no slos, or one replication only: then there is no interval.
    """
    topology = with_settings(
        topology, seed=seed, replications=replications, duration=duration, warmup=warmup, confidence=confidence
    )
    _refuse_unjudged(topology, deployment)
    lattice = make_lattice(topology, deployment, scale=scale, cores=cores, max_replicas=max_replicas)
    prepare_engine(engine, lattice)
    judge = Judge(lattice, engine=engine, executor=executor, progress=progress)
    found = Found()
    try:
        found.exact = search(judge)
        if judge.best is None:
            found.why, found.shown_missed = why_not(judge)
        else:
            found.less = find_binding(judge)
    except KeyboardInterrupt:
        found.interrupted = True
    judge.finish()
    return _make(judge, judge.chosen, judge.result, found)


@dataclass
class Found:
    """How a search ended; `less` is what was missed with one replica less."""

    exact: bool = False
    interrupted: bool = False
    why: str = ""
    shown_missed: bool = False
    less: Trial | None = None


def _refuse_unjudged(topology: Topology, deployment: str) -> None:
    plan = compile_topology(topology, deployment)
    if not topology.slos:
        raise PlanError(
            "the file has no slos, so that no size is better than another; write what has to be kept, for example"
            f" slos: {{{_an_entry(topology).partition('.')[0]}: {{call: {_an_entry(topology)}, p99: 300ms}}}}"
        )
    if not plan.objectives:
        raise PlanError(
            f"no slo can be judged: no workload reaches the endpoints of {', '.join(sorted(topology.slos))}, or nobody "
            "waits for their answers"
        )
    refuse_one_replication(plan.settings.replications)


def refuse_one_replication(replications: int) -> None:
    """Refuse what has no interval.

    Raises
    ------
    PlanError
        If there are fewer than two replications.
    """
    if replications < 2:
        raise PlanError("one replication has no interval, and nothing could be said with confidence: ask for 2 or more")


def _an_entry(topology: Topology) -> str:
    return next(entry.call for workload in topology.workload.values() for entry in workload.entries)


def prepare_engine(engine: str, lattice: Lattice, runs: int = TYPICAL) -> None:
    """Compile the engine that pays for so many runs, once; each of them takes what is there."""
    chosen, _ = choose_engine(engine, [lattice.plan] * runs)
    if prepare := getattr(chosen, "prepare", None):
        prepare([lattice.plan])


def _make(judge: Judge, trial: Trial, result: Results, found: Found) -> Capacity:
    lattice = judge.lattice
    plan = lattice.compile(trial.configuration)
    names = plan.units.name
    return Capacity(
        met=trial.met,
        deployment=lattice.deployment,
        replicas=dict(zip(names, plan.units.replicas.tolist(), strict=True)),
        cores=dict(zip(names, plan.units.cpu.tolist(), strict=True)),
        cost_per_hour=trial.cost_per_hour,
        binding=found.less.objective if found.less is not None else trial.objective,
        reason=explain(judge, trial, result, found),
        exact=found.exact,
        interrupted=found.interrupted,
        sized=lattice.sized,
        topology=lattice.resized(trial.configuration),
        result=result,
        tried=tried_table(judge),
        judge=judge,
        shown_missed=found.shown_missed,
    )


def tried_table(judge: Judge) -> pd.DataFrame:
    """One row a configuration, in the order in which they were simulated."""
    lattice, searched = judge.lattice, any(len(choices) > 1 for choices in judge.lattice.choices)
    rows = []
    for trial in judge.trials.values():
        sizes = dict(zip(lattice.sized, trial.configuration, strict=True))
        row: dict[str, object] = {f"{name}_replicas": option.replicas for name, option in sizes.items()}
        if searched:
            row |= {f"{name}_cores": option.cpu for name, option in sizes.items()}
        rows.append(row | {
            "replicas": sum(option.replicas for option in trial.configuration),
            "cores": float(sum(option.replicas * option.cpu for option in trial.configuration)),
            "cost_per_hour": trial.cost_per_hour, "met": trial.met, "objective": trial.objective,
            "limit": trial.limit, "value": trial.value, "high": trial.high, "high_by_limit_ratio": trial.ratio,
            "missed": trial.misses,
        })  # fmt: skip
    return pd.DataFrame(rows)


# -- in words


def explain(judge: Judge, trial: Trial, result: Results, found: Found) -> str:
    """The reason: what was chosen, why, and how sure that is."""
    made = result.provenance
    number = len(judge.trials)
    each = f"{made['replications']} replications each"
    if trial.met:
        simulated = "1 configuration was simulated" if number == 1 else f"{number} configurations were simulated"
        again = ", and the answer again with other requests" if judge.confirmed else ""
        stopped = "Interrupted: this is the best until then. " if found.interrupted else ""
        text = f"{stopped}{_met(judge, trial, result, found.less)} {simulated}, {each}{again}"
        return f"{text}; {_how_sure(judge, trial, exact=found.exact)}."
    why = found.why
    if not why:
        why = f"Interrupted after {number} configuration{'' if number == 1 else 's'}: none met every objective yet."
    which = (
        f"Only one configuration was tried ({each}):" if number == 1 else f"The nearest of {number} tried ({each}) is"
    )
    row = objective_row(result, trial.objective)
    lucky = trial.high > row["high"]  # met by its own requests, not together with others (rule 13.2)
    measured = _measured(
        row | {"value": trial.value, "high": trial.high} if lucky else row, "up to", made["confidence"]
    )
    if lucky:
        measured += ", together with as many other requests"
    if trial.behind:
        measured = f"{trial.behind} does not keep up, its queue grows to the end; {measured}"
    return f"{why} {which} {_sizes(judge, trial)}: {measured}."


def _met(judge: Judge, trial: Trial, result: Results, less: Trial | None) -> str:
    """What binds is told; else what comes nearest to its limit."""
    row = objective_row(result, trial.objective if less is None else less.objective)
    text = _measured(row, "below", result.provenance["confidence"])
    what = "meet" if sum(option.replicas for option in trial.configuration) > 1 else "meets"
    return f"{_sizes(judge, trial)} {what} every objective: {text}{'' if less is None else '; it binds'}."


def _measured(row: dict[str, Any], side: str, confidence: float) -> str:
    if math.isnan(row["high"]):
        return nothing_seen(row)
    label, limit = objective_label(row), f"(limit {told(row, row['limit'])})"
    if is_maximum(str(row["quantity"])):
        return f"{label} is {told(row, row['value'])}, the longest that was seen {limit}: a longer run may see longer"
    if row["high"] == 0.0:
        return f"{label} is 0, nothing can make a request of it fail {limit}"
    high = f"{side} {told(row, row['high'])}" if math.isfinite(row["high"]) else "with no upper end that could be told"
    return f"{label} is {told(row, row['value'])}, {high} at {percent(confidence)} confidence {limit}{subset(row)}"


def _sizes(judge: Judge, trial: Trial) -> str:
    lattice = judge.lattice
    if len(lattice.sized) > LISTED:
        together = sum(option.replicas for option in trial.configuration)
        return f"{count(together, 'replica')} of {len(lattice.sized)} units"
    texts: list[str] = []
    for unit, (name, option) in enumerate(zip(lattice.sized, trial.configuration, strict=True)):
        each = f" with {count(option.cpu, 'core')} each" if len(lattice.choices[unit]) > 1 else ""
        many = number(option.replicas) if texts else count(option.replicas, "replica")
        texts.append(f"{many} of {name}{each}")
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _how_sure(judge: Judge, trial: Trial, *, exact: bool) -> str:
    lattice = judge.lattice
    money = "cheaper" if lattice.priced else f"smaller ({_unpriced(lattice)}: cores count, then replicas)"
    if not exact:
        return f"none found is {money}, but not every one that is could be excluded"
    if trial.configuration == tuple(options[0] for options in lattice.options):
        least = tuple(Option(1, choices[0]) for choices in lattice.choices)
        return "there is nothing smaller" if trial.configuration == least else "with less the units could not keep up"
    left = "" if judge.all_compared else "; not all that cost the same were compared by their room"
    if all_were_run(judge):
        return f"every one that is {money} was simulated{left}"
    doubt = f" (they may: {lattice.doubts[0].why})" if lattice.doubts else ""
    return f"every one that is {money} was excluded, taking it that fewer never help{doubt}{left}"


def _unpriced(lattice: Lattice) -> str:
    """Why cores stand for the price."""
    return "nothing has a price" if lattice.plan.prices is None else "a replica has no price, so that all cost the same"
