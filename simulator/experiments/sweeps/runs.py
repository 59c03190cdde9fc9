"""One run of a sweep: all replications of one plan, and the few numbers that are kept of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from ...errors import SimulatorError
from ...plan.engine import Engine
from ...plan.plan import Plan
from ...results import find_cut
from ...results.caveats import find_caveats
from ...results.endpoints import entered_calls
from ...results.intervals import quantity_intervals, row_of
from ...results.objectives import detail_needed, is_sure, judge
from ...results.observed import observe
from ...results.quantities import replication_table, summary_series
from ...results.statistics import INTERVAL
from ...results.tables import unit_table
from ..engines import choose_engine
from ..refusing import refuse_endless
from ..replicate import Job, run_job

Share = Callable[[float], None]
"""Called with the share of a run that is done; what it raises ends the run."""


class Stopped(Exception):  # noqa: N818 (no error: somebody else's interrupt)
    """A thread is to end its run."""


@dataclass(frozen=True)
class Run:
    """What is kept of a run: every quantity of every replication, verdict and warnings."""

    quantities: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    """One row a replication, in their order."""
    met: bool
    warnings: tuple[str, ...]
    """Of this run; what the compiler warns of is not among them."""
    intervals: tuple[tuple[float, float], ...] = ()
    """Of each quantity what all replications say together, and the half width of its interval."""
    objectives: tuple[tuple[str, float, float], ...] = ()
    """Of each its path in the file, its value and the half width of its interval."""
    ends: tuple[tuple[float, float], ...] = ()
    """Of each quantity both ends of its interval, which may be longer on one side."""
    objective_ends: tuple[tuple[float, float], ...] = ()
    """The same of each objective."""
    sure: bool = True
    """Whether no interval leaves open if every objective is met."""
    journeys: tuple[tuple[str, float], ...] = ()
    """By endpoint that is entered the share of the requests, where there are several."""


@dataclass(frozen=True)
class Failure:
    """Why there is no run."""

    reason: str


Outcome = Run | Failure


def make_run(plan: Plan, engine_name: str, progress: Share | None = None) -> Outcome:
    """Run a plan; a function of the module, so that it can be sent to another process.

    Whatever goes wrong is an outcome: a sweep goes on without it.
    """
    try:
        engine, _ = choose_engine(engine_name, [plan])
        return _run(plan, engine, progress)
    except Stopped:
        raise
    except SimulatorError as error:
        return Failure(str(error))
    except MemoryError:
        return Failure("out of memory: make the run shorter, or leave out objectives that need every request recorded")
    except Exception as error:  # a point among many: the others are worth their time
        return Failure(f"{type(error).__name__}: {error}: please report this")


def _run(plan: Plan, engine: Engine, progress: Share | None) -> Run:
    settings, detail = plan.settings, detail_needed(plan)
    threads, number = bool(getattr(engine, "threads", False)), settings.replications
    refuse_endless(engine, [(plan, detail)] * number, 1)
    traces = []
    for replication in range(number):
        share = _part(progress, replication, number) if progress is not None else None
        if share is not None:
            share(0.0)
        job = Job(plan, settings.seed, replication, detail)
        traces.append(run_job(engine, job, share if threads else None))
    cut = find_cut(traces) if settings.warmup_s is None else None
    observed = observe(plan, traces, cut)
    replications = replication_table(observed)
    objectives, seen = judge(observed, settings.confidence)
    intervals = quantity_intervals(observed, summary_series(observed), replications, settings.confidence)
    tables = {"intervals": intervals, "units": unit_table(observed), "objectives": objectives}
    names = [f"slos.{one.slo}.{one.quantity}" for one in plan.objectives]
    rows = [tuple(map(_one_nan, row_of(one))) for one in seen]
    each = [tuple(map(_one_nan, row)) for row in intervals[list(INTERVAL)].to_numpy(dtype=float).tolist()]
    # What the compiler says of a plan is no part of its digest: it is said anew each time.
    silent = replace(observed, plan=replace(plan, warnings=()))
    return Run(
        tuple(map(str, replications.columns)),
        tuple(tuple(map(_one_nan, row)) for row in replications.to_numpy(dtype=float).tolist()),
        bool(objectives["met"].all()),
        find_caveats(silent, tables, number, settings.confidence),
        tuple((mean, half_width) for mean, half_width, _, _ in each),
        tuple((name, value, half_width) for name, (value, half_width, _, _) in zip(names, rows, strict=True)),
        tuple((low, high) for _, _, low, high in each),
        tuple((low, high) for _, _, low, high in rows),
        is_sure(objectives),
        _shares(entered_calls(observed)),
    )


def _shares(calls: dict[str, int]) -> tuple[tuple[str, float], ...]:
    whole = sum(calls.values())
    return tuple((name, one / whole) for name, one in calls.items()) if len(calls) > 1 and whole else ()


def _one_nan(value: float) -> float:
    """NaN has many bit patterns, and a journal writes one."""
    return math.nan if math.isnan(value) else value


def _part(progress: Share, replication: int, number: int) -> Share:
    return lambda share: progress((replication + share) / number)
