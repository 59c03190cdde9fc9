"""One topology at many points, each as one or more of its deployments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from ...compiler import compile_topology
from ...errors import PlanError, ResultError, SimulatorError
from ...plan.plan import Plan
from ...spec import Topology, load
from ...spec.sweepfile import load_sweep
from ..engines import EngineName
from ..replicate import Progress
from ..simulation import with_settings
from .axes import DEPLOYMENT, NAME, SEED, cell, read_axes
from .designs import make_points
from .journal import Entry, Journal, read_entries, run_key
from .rows import Filled, Row, point_table, run_table, written
from .runs import Failure, Outcome, Run
from .shards import Shard, read_shard
from .workers import find_engine, make_runs, open_pool

WRITTEN = "written"
"""In `attrs` of a table: by axis how its numbers were written."""


def sweep(
    topology: Topology | str | PathLike[str],
    axes: Mapping[str, object] | None = None,
    *,
    deployments: str | Sequence[str] | None = None,
    design: str | None = None,
    samples: int | None = None,
    design_seed: int | None = None,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    equal_cores: bool = False,
    store: str | PathLike[str] | None = None,
    executor: Executor | None = None,
    address: str | None = None,
    workers: int | None = None,
    shard: str | None = None,
    runs: bool = False,
    progress: Progress | None = None,
    notify: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Simulate a topology at many points, all with the same randomness.

    Parameters
    ----------
    topology
        Or the path of a sweep file, which has what else is to be said; what is said here too goes first, but for axes,
        which come on top of those of the file.
    axes
        By path, as in `Topology.replace`, or `deployment` or `seed`: values, a text such as "50/s:400/s:50/s", or, for
        a design that samples, a span, as a text such as "1ms..50ms:log" or as a mapping such as {"min": "1ms", "max":
        "50ms", "scale": "log", "integer": False}. Values chosen from a text or a file are written in the unit of its
        lower end; from a mapping they are numbers: seconds, per second, fractions, bytes and cores.
    deployments
        Every point is simulated as each of them; `microservices` by default.
    design
        `grid` (default): all combinations, the last axis fastest; `zip`: one value of each axis at a time; `random`,
        `latin` (or `lhs`) and `sobol` choose `samples` points, starting from `design_seed` (default 0).
    samples, design_seed
        Of a design that samples.
    seed, replications, duration, warmup, confidence, engine, equal_cores
        As in `simulate`, at every point.
    store
        A folder to keep every finished run in: one that is there already is not computed again.
    executor, address
        Where runs are made: an executor, or the address of a Dask scheduler; by default threads or processes here,
        as many as `workers`. The table is the same, byte for byte.
    workers
        Of this machine; as many as there are cores by default.
    shard
        Compute only the points p with p % n == i, of "i/n"; "auto" asks the array job (Kubernetes, Slurm). It needs a
        store: a sweep without a shard on the same store then gives the whole table and computes nothing.
    runs
        Give one row a replication instead.
    progress
        Called with (finished, all) runs: points by deployments, the reused ones too.
    notify
        Called with a sentence before the first run: how much there is to do.

    Returns
    -------
    DataFrame
        One row a point and deployment in the order of the design: the axes by path, as numbers (seconds, per second,
        fractions, bytes, cores) unless they are names or mixtures, `deployment`, every quantity as all replications
        say together (counts: their mean) and its `<quantity>_half_width`, `_low` and `_high` (NaN where the data carry
        no interval), those of each slo by its path (`slos.web.p99`), `met` (every objective), `sure` (whether no
        interval leaves that open), where requests enter at several endpoints the share of each
        (`journeys.web.buy.share_ratio`), `replications`, `warnings`, `status` (`ok` or `failed`) and `reason`.
        A point that fails is such a row. Its `attrs` count the runs that were `computed` and those of the store that
        were `reused`, and the rows that are one run with another row (`shared`), `failed`, or are `missing` because of
        a Ctrl-C; `written` has how the numbers of an axis were written, and `changed` lists the lines of the store that
        are not as they were written, if there are any: they are not used.

    Raises
    ------
    TopologyError, PlanError, EngineError
        If the sweep itself is wrong, or no point of it has a meaning.
    ResultError
        If the store cannot be read or written; what it has is kept.
    """
    settings: dict[str, object] = {
        "seed": seed, "replications": replications, "duration": duration, "warmup": warmup, "confidence": confidence,
    }  # fmt: skip
    if not isinstance(topology, Topology):
        made, changes, file = load_sweep(topology)
        axes = _both_axes(made.axes, axes or {}, changes)
        # The file's settings below those that were given here.
        changes = {path: value for path, value in changes.items() if settings.get(path.partition(".")[2]) is None}
        topology = load(file)
        topology = topology.replace(changes) if changes else topology
        design, samples = design or made.design, samples or made.samples
        design_seed = made.design_seed if design_seed is None else design_seed
        deployments, equal_cores = deployments or made.deployments, equal_cores or made.equal_cores
    task = _make_task(topology, axes or {}, deployments, settings, design or "grid", samples, design_seed, equal_cores)
    if workers is not None and workers < 1:
        raise PlanError(f"a sweep needs a worker at least, not workers={workers}")
    part = read_shard(shard)
    if part is not None and store is None:
        raise PlanError("a shard computes its part into a store: give one with store=")
    journal = None if store is None else Journal(store, "all" if part is None else f"shard-{part}")
    sweep_ = _Sweep(task, engine, part, journal, progress or (lambda done, total: None))
    if notify is not None:
        notify(sweep_.size())
    sweep_.run(executor=executor, address=address, workers=workers)
    return sweep_.table(runs)


def collect(store: str | PathLike[str], *, runs: bool = False) -> pd.DataFrame:
    """Every finished run of a store as one table, whichever sweeps and processes have put them there.

    Rows are in the order of their topologies' names, points and deployments; if there are several names, the first
    column is `topology`. Lines that were changed since they were written are left out, and listed in `attrs` as
    `changed`. An axis that a run has not is None. Failed points are not in a store: the sweep itself, run
    again, has them as rows.

    Parameters
    ----------
    store
        The folder.
    runs
        Give one row a replication instead.

    Raises
    ------
    ResultError
        If there is no such folder, or no run in it.
    """
    folder = Path(store)
    if not folder.is_dir():
        raise ResultError(f"there is no store {store}: name a folder that a sweep has kept its runs in")
    found: dict[tuple[str, int, str, str, str], Entry] = {}
    changed: list[str] = []
    for entry in read_entries(folder, changed):
        found.setdefault(entry.place, entry)  # two processes may have computed one run
    if not found:
        raise ResultError(f"the store {store} holds no finished run")
    entries = [entry for _, entry in sorted(found.items(), key=lambda one: one[0])]
    paths = list(dict.fromkeys(path for one in entries for path in one.axes))
    told = all(NAME in one.axes for one in entries)  # which topology it is
    filled = [
        Filled(Row(one.point, dict(one.axes), one.deployment, "" if told else one.topology), one.run,
               one.advice) for one in entries
    ]  # fmt: skip
    table = run_table(paths, filled) if runs else point_table(paths, filled)
    table.attrs = {"changed": changed} if changed else {}
    if texts := written(paths, filled):
        table.attrs[WRITTEN] = texts
    return table


def _both_axes(
    of_file: Mapping[str, object], given: Mapping[str, object], changes: Mapping[str, object]
) -> dict[str, object]:
    """The axes of a sweep file, and after them those that were given besides; none is to take another's place."""
    for path in given:
        if path in of_file:
            raise PlanError(f"{path} is an axis of the sweep file, and of axes= too: leave one of them out")
    axes = {**of_file, **given}
    for path in axes:
        if (f"simulation.{path}" if path == SEED else path) in changes:
            raise PlanError(f"{path} is an axis of this sweep, and the sweep file sets it under `simulation` too: "
                            "leave one of them out")  # fmt: skip
    return axes


class _Task:
    """What a sweep is to compute: rows, and how each becomes a plan."""

    def __init__(self, topology: Topology, paths: tuple[str, ...], rows: list[Row], equal_cores: bool) -> None:
        self.topology, self.paths, self.rows, self.equal_cores = topology, paths, rows, equal_cores
        self._changed: tuple[int, Topology | SimulatorError] = (-1, topology)

    def plan(self, row: Row) -> Plan:
        """The plan of a row; the deployments of a point share its topology.

        Raises
        ------
        TopologyError, PlanError
        """
        if self._changed[0] != row.number:
            self._changed = (row.number, self._change(row))
        if isinstance(self._changed[1], SimulatorError):
            raise self._changed[1]
        return compile_topology(self._changed[1], row.deployment, equal_cores=self.equal_cores)

    def _change(self, row: Row) -> Topology | SimulatorError:
        changes = {
            "simulation.seed" if path == SEED else path: value
            for path, value in row.point.items()
            if path != DEPLOYMENT
        }
        try:
            return self.topology.replace(changes) if changes else self.topology
        except SimulatorError as error:
            return error


def _make_task(
    topology: Topology,
    given: Mapping[str, object],
    deployments: str | Sequence[str] | None,
    settings: dict[str, object],
    design: str,
    samples: int | None,
    design_seed: int | None,
    equal_cores: bool,
) -> _Task:
    axes = read_axes(given)
    paths = tuple(axis.path for axis in axes)
    if DEPLOYMENT in paths and deployments is not None:
        raise PlanError("deployment is an axis of this sweep: leave deployments= out, or the axis")
    if SEED in paths and f"simulation.{SEED}" in paths:
        raise PlanError("seed and simulation.seed are one thing: leave one of these axes out")
    for key, value in settings.items():
        for path in (f"simulation.{key}", key if key == SEED else ""):
            if value is not None and path in paths:
                raise PlanError(f"{path} is an axis of this sweep, and {key}= is given too: leave one of them out")
    if design_seed is not None and design in ("grid", "zip"):
        raise PlanError(f"a {design} draws nothing: leave design_seed= out")
    points = make_points(axes, design, samples, design_seed or 0)
    names = [deployments] if isinstance(deployments, str) else list(dict.fromkeys(deployments or ["microservices"]))
    rows = [
        Row(number, point, str(name))
        for number, point in enumerate(points)
        for name in ([point[DEPLOYMENT]] if DEPLOYMENT in point else names)
    ]
    topology = with_settings(topology, **settings)
    if not any(path.startswith("deployments") for path in paths):
        for name in dict.fromkeys(row.deployment for row in rows):
            if name not in topology.deployment_names:
                compile_topology(topology, name)  # says so
    return _Task(topology, paths, rows, equal_cores)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


class _Sweep:
    """A sweep on its way: what is finished, by row, and where it came from."""

    def __init__(
        self, task: _Task, engine: str, shard: Shard | None, journal: Journal | None, report: Progress
    ) -> None:
        self._task, self._engine, self._journal, self._report = task, engine, journal, report
        self._rows = [row for row in task.rows if shard is None or shard.owns(row.number)]
        self._whole = shard is None
        self._filled: dict[tuple[int, str], Filled] = {}
        self._runs: dict[str, Outcome] = {} if journal is None else dict(journal.runs)
        self._waiting: dict[str, list[tuple[Row, Plan]]] = {}
        self._computed = self._reused = self._shared = 0
        self._seen: set[str] = set()
        self._first_error: SimulatorError | None = None

    def size(self) -> str:
        """How much there is to do, in words."""
        points, names = (len({getattr(row, of) for row in self._rows}) for of in ("number", "deployment"))
        among = f" ({_count(points, 'point')}, {names} deployments)" if names > 1 else ""
        own = "simulation.replications" in self._task.paths
        each = "" if own else f", each of {_count(self._task.topology.simulation.replications, 'replication')}"
        return f"{_count(len(self._rows), 'run')}{among}{each}"

    def run(self, **where: Any) -> None:
        """Compute what is not in the store; a Ctrl-C ends it early."""
        try:
            self._report(0, len(self._rows))
            wanted = self._wanted()
            first = next(wanted, None)
            if first is not None:
                engine = find_engine(self._engine, first[1], len(self._rows))

                def engine_name(plan: Plan) -> str:
                    # Every worker runs the same engine, whatever it has in its cache; auto finds another one.
                    return self._engine if engine.missing(plan) else engine.name

                with (
                    open_pool(engine, first[1], len(self._rows), **where) as pool,
                    closing(make_runs(pool, chain([first], wanted), engine_name)) as jobs,
                ):
                    for made in jobs:
                        if made is not None:
                            self._keep(made[0], made[2])
                        self._report(len(self._filled) + pool.in_flight(), len(self._rows))
            self._report(len(self._filled), len(self._rows))
        except KeyboardInterrupt:
            if not self._filled:
                raise
        finally:
            if self._journal is not None:
                self._journal.close()
        ran = self._computed + self._reused
        if self._first_error is not None and not ran and self._whole and len(self._filled) == len(self._rows):
            raise self._first_error  # a path that leads nowhere, not a value that does not fit

    def _wanted(self) -> Iterator[tuple[str, Plan]]:
        """Runs that have to be made, each once, with their plans, compiled only when there is room for them."""
        for row in self._rows:
            try:
                plan = self._task.plan(row)
            except SimulatorError as error:
                self._first_error = self._first_error or error
                self._filled[row.number, row.deployment] = Filled(row, Failure(str(error)))
                continue
            key = run_key(plan)
            if (known := self._runs.get(key)) is not None:
                if key in self._seen:
                    self._shared += 1
                else:
                    self._reused += 1
                self._seen.add(key)
                self._fill(key, row, plan, known)
            elif key in self._waiting:  # a monolith has no replicas of its services to vary
                self._waiting[key].append((row, plan))
            else:
                self._waiting[key] = [(row, plan)]
                yield key, plan

    def _keep(self, key: str, outcome: Outcome) -> None:
        """A run that was made, for all rows that wait for it."""
        self._computed += 1
        self._seen.add(key)
        self._runs[key] = outcome
        waiting = self._waiting.pop(key)
        self._shared += len(waiting) - 1
        for row, plan in waiting:
            self._fill(key, row, plan, outcome)

    def _fill(self, key: str, row: Row, plan: Plan, outcome: Outcome) -> None:
        confidence, advice = plan.settings.confidence, plan.warnings
        if self._journal is not None and isinstance(outcome, Run):
            axes = {path: cell(value) for path, value in row.point.items()}
            self._journal.add(Entry(key, plan.topology, row.deployment, row.number, axes, confidence, advice, outcome))
        self._filled[row.number, row.deployment] = Filled(row, outcome, advice)

    def table(self, runs: bool) -> pd.DataFrame:
        """The rows that are finished, in the order of the design."""
        done = [self._filled.get((row.number, row.deployment)) for row in self._rows]
        filled = [one for one in done if one is not None]
        table = (run_table if runs else point_table)(self._task.paths, filled)
        table.attrs = {
            "computed": self._computed,
            "reused": self._reused,
            "shared": self._shared,
            "failed": sum(isinstance(one.outcome, Failure) for one in filled),
            "missing": len(done) - len(filled),
        }
        if self._journal is not None and self._journal.changed:
            table.attrs["changed"] = self._journal.changed
        if texts := written(self._task.paths, filled):
            table.attrs[WRITTEN] = texts
        return table
