"""One deployment of a topology, simulated."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from ..compiler import compile_topology
from ..errors import ResultError
from ..plan.engine import Detail
from ..plan.plan import Plan
from ..plan.trace import Trace
from .engines import EngineName, choose_engine
from .replicate import Job, Progress, run_jobs

if TYPE_CHECKING:
    from ..results import Results
    from ..spec import Topology

DETAILS = ("summary", "requests", "attempts")


def simulate(
    topology: Topology,
    deployment: str = "microservices",
    *,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    detail: Detail = "requests",
    equal_cores: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Results:
    """Simulate a topology as one of its deployments.

    Parameters
    ----------
    deployment
        `microservices`, `monolith`, or one of the file's own.
    seed, replications, duration, warmup, confidence
        Instead of the file's `simulation`; times are texts ("5m") or seconds, warmup may be "auto".
    engine
        `auto` takes the fastest that can run the plan; the result's provenance says which and why.
    detail
        `summary` records no requests, `requests` one row each, `attempts` one row for each try at a call too.
    equal_cores
        Give merged units the cores that their services have in `microservices` (rule 10.3).
    executor
        Where replications run; by default it picks itself. The result is the same, bit for bit.
    progress
        Called with (finished, all) replications.

    Returns
    -------
    Results
        Of what was finished, if a Ctrl-C came in between: its warnings say so.

    Raises
    ------
    TopologyError, PlanError, EngineError
    """
    topology = with_settings(
        topology, seed=seed, replications=replications, duration=duration, warmup=warmup, confidence=confidence
    )
    plan = compile_topology(topology, deployment, equal_cores=equal_cores)
    return simulate_plans([plan], engine=engine, detail=detail, executor=executor, progress=progress)[0]


def with_settings(topology: Topology, **settings: object) -> Topology:
    """The topology with these keys of `simulation` instead of its own; None leaves a key alone."""
    changes: Mapping[str, object] = {f"simulation.{key}": value for key, value in settings.items() if value is not None}
    return topology.replace(changes) if changes else topology


def simulate_plans(
    plans: list[Plan],
    *,
    engine: str = "auto",
    detail: str = "requests",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Results]:
    """Simulate deployments of one topology with the same seed; a Ctrl-C leaves them the same replications."""
    from ..results import summarise

    runs = run_plans(plans, engine=engine, detail=detail, executor=executor, progress=progress)
    return [
        summarise(
            plan, traces, engine_reason=runs.reason, requested=plans[0].settings.replications, cut=runs.cut
        )
        for plan, traces in zip(plans, runs.traces, strict=True)
    ]  # fmt: skip


@dataclass(frozen=True)
class Runs:
    """The traces of each plan, of the same replications; why this engine ran them; one cut for all (`warmup: auto`)."""

    traces: list[list[Trace]]
    reason: str
    cut: tuple[int, bool] | None


def run_plans(
    plans: list[Plan],
    *,
    engine: str = "auto",
    detail: str = "requests",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Runs:
    """What `simulate_plans` makes results of."""
    from ..results import find_cut

    if detail not in DETAILS:
        raise ResultError(f'there is no detail {detail!r}: use "summary", "requests" or "attempts"')
    settings = plans[0].settings
    chosen, reason = choose_engine(engine, plans)
    # Replication by replication over all plans, so that what is finished early can be compared.
    jobs = [
        Job(plan, settings.seed, replication, detail)  # type: ignore[arg-type]
        for replication in range(settings.replications)
        for plan in plans
    ]
    traces = run_jobs(chosen, jobs, executor=executor, progress=progress)
    rounds = [traces[start : start + len(plans)] for start in range(0, len(traces), len(plans))]
    complete = [[trace for trace in one if trace is not None] for one in rounds if None not in one]
    if not complete:
        raise KeyboardInterrupt
    # One cut for all: the statistics of all deployments are of the same requests.
    cut = find_cut([trace for one in complete for trace in one]) if settings.warmup_s is None else None
    return Runs([[one[number] for one in complete] for number in range(len(plans))], reason, cut)


def load_results(folder: str | PathLike[str]) -> Results:
    """What `Results.save` has written to a folder.

    Raises
    ------
    ResultError
        If the folder holds no result, or not all of it.
    """
    from ..results import Results

    return Results.load(folder)
