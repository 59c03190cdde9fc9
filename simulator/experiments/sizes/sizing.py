"""How many replicas are enough: the cheapest size of a deployment that meets every objective of the file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import Executor

import pandas as pd

from ...compiler import compile_topology
from ...errors import PlanError
from ...results import Results
from ...spec import Topology
from ...words import count, number, percent
from ..engines import EngineName, choose_engine
from ..replicate import Progress
from ..simulation import with_settings
from .judging import Judge, Trial
from .lattice import Lattice, make_lattice
from .search import search
from .shortfall import nothing_seen, told, why_not
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
    exact, interrupted, why = False, False, ""
    try:
        exact = search(judge)
        if judge.best is None:
            why = why_not(judge)
    except KeyboardInterrupt:
        interrupted = True
    trial, result = judge.chosen
    reason = explain(judge, trial, result, exact=exact, interrupted=interrupted, why=why)
    return _make(judge, trial, result, reason, exact=exact, interrupted=interrupted)


def _refuse_unjudged(topology: Topology, deployment: str) -> None:
    plan = compile_topology(topology, deployment)
    if not topology.slos:
        raise PlanError(
            "the file has no slos, so that no size is better than another; write what has to be kept, for example"
            f" slos: {{{_an_entry(topology).partition('.')[0]}: {{call: {_an_entry(topology)}, p99: 300ms}}}}"
        )
    if not plan.objectives:
        raise PlanError(
            "no slo can be judged: no workload reaches the endpoints of " + ", ".join(sorted(topology.slos))
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
        prepare()


def _make(judge: Judge, trial: Trial, result: Results, reason: str, *, exact: bool, interrupted: bool) -> Capacity:
    lattice = judge.lattice
    plan = lattice.compile(trial.configuration)
    names = plan.units.name
    return Capacity(
        met=trial.met,
        deployment=lattice.deployment,
        replicas=dict(zip(names, plan.units.replicas.tolist(), strict=True)),
        cores=dict(zip(names, plan.units.cpu.tolist(), strict=True)),
        cost_per_hour=trial.cost_per_hour,
        binding=trial.objective,
        reason=reason,
        exact=exact,
        interrupted=interrupted,
        sized=lattice.sized,
        topology=lattice.resized(trial.configuration),
        result=result,
        tried=tried_table(judge),
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
        })  # fmt: skip
    return pd.DataFrame(rows)


# -- in words


def explain(judge: Judge, trial: Trial, result: Results, *, exact: bool, interrupted: bool, why: str) -> str:
    """The reason: what was chosen, why, and how sure that is."""
    made = result.provenance
    number = len(judge.trials)
    each = f"{made['replications']} replications each"
    if trial.met:
        simulated = "1 configuration was simulated" if number == 1 else f"{number} configurations were simulated"
        stopped = "Interrupted: this is the best until then. " if interrupted else ""
        return f"{stopped}{_met(judge, trial, result)} {simulated}, {each}; {_how_sure(judge, exact=exact)}."
    if not why:
        why = f"Interrupted after {number} configuration{'' if number == 1 else 's'}: none met every objective yet."
    which = (
        f"Only one configuration was tried ({each}):" if number == 1 else f"The nearest of {number} tried ({each}) is"
    )
    return f"{why} {which} {_sizes(judge, trial)}: {_measured(trial, made['confidence'])}."


def _met(judge: Judge, trial: Trial, result: Results) -> str:
    binds = any(not one.met and one.objective == trial.objective for one in judge.trials.values())
    text = _measured(trial, result.provenance["confidence"])
    what = "meet" if sum(option.replicas for option in trial.configuration) > 1 else "meets"
    return f"{_sizes(judge, trial)} {what} every objective: {text}{'; it binds' if binds else ''}."


def _measured(trial: Trial, confidence: float) -> str:
    slo, _, name = trial.objective.rpartition(" ")
    row = {"slo": slo, "quantity": name, "value": trial.value}
    if math.isnan(trial.high):
        return nothing_seen(row)
    side = "below" if trial.met else "up to"
    return (
        f"{trial.objective} is {told(row, trial.value)}, {side} {told(row, trial.high)}"
        f" at {percent(confidence)} confidence (limit {told(row, trial.limit)})"
    )


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


def _how_sure(judge: Judge, *, exact: bool) -> str:
    lattice = judge.lattice
    money = "cheaper" if lattice.priced else f"smaller ({_unpriced(lattice)}: cores count, then replicas)"
    if not exact:
        return f"none found is {money}, but not every one that is could be excluded"
    if all(one.met for one in judge.trials.values()):
        if any(all(option.replicas == 1 for option in one.configuration) for one in judge.trials.values()):
            return "there is nothing smaller"
        return "with less the units could not keep up"
    left = "" if judge.all_compared else "; not all that cost the same were compared by their room"
    return f"every one that is {money} was excluded, taking it that fewer never help{left}"


def _unpriced(lattice: Lattice) -> str:
    """Why cores stand for the price."""
    return "nothing has a price" if lattice.plan.prices is None else "a replica has no price, so that all cost the same"
