"""What more cores buy: throughput against size, when one service grows, or all of them, or the monolith."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...answers import Answer, Table
from ...compiler import UnitSize, compile_topology, napkin
from ...compiler.deployments import MICROSERVICES
from ...errors import PlanError
from ...plan.layout import Kind
from ...plan.plan import Plan
from ...results import Results
from ...spec import Topology
from ...spec.mistakes import dotted
from ...words import PLAIN, column, count, join, number, write
from ..engines import EngineName
from ..replicate import Progress
from ..simulation import with_settings
from .curve import Curve
from .fits import LEAST_SIZES, ScalabilityFit, fit_scalability
from .offered import scale_traffic
from .points import measured, simulate_points, unique
from .warned import Warned, gather
from .words import known, percent, short

BOTTLENECK: Final = "bottleneck"
LEAST_SHOWN: Final = 1e-4
"""Of a law's parameter: below, ten times the size loses less than one per cent by it."""
MEASURED: Final = ("throughput_per_s", "goodput_per_s", "availability_ratio")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CoreCurve(Curve):
    """The goodput that sizes give under more load than they can serve.

    Attributes
    ----------
    table
        One row a way and size: `way`, `deployment`, `size` (of a service its replicas, of a deployment multiples of the
        file's), `replicas` and `cores` of all units that run services (databases, caches and externals left out),
        `offered_per_s`, throughput_per_s,
        goodput_per_s and availability_ratio (means over replications, each with its `<quantity>_half_width`),
        `saturation_per_s` and `bottleneck` (theory), `perfect_per_s`: what perfect scaling from the smallest size
        would give; `fitted`: whether what limits the smallest size still limits this one.
    fits
        By way, the Universal Scalability Law through the goodputs of its fitted sizes; None of fewer than four. Where
        another unit takes over as the bottleneck, goodput stops growing at once: a hard limit, and no contention.
    """

    fits: dict[str, ScalabilityFit | None]
    overload: float
    confidence: float
    replications: int

    @property
    def ways(self) -> list[str]:
        """What grows: a service, or all services of a deployment."""
        return list(self.fits)

    @property
    def laws(self) -> dict[str, str]:
        """By way that has one, what the fitted law says, in words."""
        return {way: _law(self.table[self.table["way"] == way], fit) for way, fit in self.fits.items() if fit}

    @property
    def finding(self) -> str:
        """What the curve says, one sentence a way."""
        return " ".join(_sentence(self, way) for way in self.ways)

    @property
    def headline(self) -> str:
        """What the largest sizes reach of perfect scaling; of single sizes, what they serve."""
        reached = [f"{name} reaches {percent(share)}" for name, share in _shares(self.table).items()]
        if reached:
            return f"{self.topology}: of perfect scaling, {join(reached)}"
        parts = [(grown_name(str(way), rows), rows.iloc[-1]) for way, rows in self.table.groupby("way", sort=False)]
        return f"{self.topology}: {join([f'{name} serves {short(row.goodput_per_s)}/s' for name, row in parts])}"

    @property
    def compared(self) -> list[str]:
        """What grows."""
        return self.ways

    def answer(self) -> Answer:
        """What each size gives, and what more of it would."""
        plain = {
            "size": "size", "replicas": "replicas", "cores": "cores",
            "perfect_per_s": "perfect (/s)", "saturation_per_s": "theory (/s)",
        }  # fmt: skip
        table = self.table
        sizes = [[words, *column(table[name].tolist())] for name, words in plain.items()]
        sizes.insert(3, known("goodput", "goodput_per_s", table))
        grown = ["what grows", *table["way"]], ["bottleneck", *table["bottleneck"]]
        return self._answer(
            f"goodput at {number(self.overload)} times the saturation rate, "
            f"{count(self.replications, 'replication')} each", (Table.of_columns(*grown, *sizes, names=2),),
            fits=self.fits, overload=self.overload, confidence=self.confidence, replications=self.replications,
        )  # fmt: skip


@dataclass(frozen=True)
class _Step:
    """One size of one way."""

    way: str
    deployment: str
    size: int
    plan: Plan
    offered: float
    saturation: float
    bottleneck: str


def core_curve(
    topology: Topology,
    ways: Sequence[str] = (BOTTLENECK, "microservices", "monolith"),
    *,
    sizes: Sequence[int] = (1, 2, 3, 4, 6),
    overload: float = 1.1,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> CoreCurve:
    """Measure what more replicas can serve, and fit the Universal Scalability Law (Gunther 2007).

    Every size is offered a constant load beyond what theory expects it to serve, so that its goodput is what it can
    serve when everyone asks at once: what queues turn away, what a slot held elsewhere keeps waiting, and work that
    is done for requests whose turn to end has not come, is lost to it.

    Parameters
    ----------
    ways
        What grows. A deployment: the replicas of all its units that run services, together. A service: its own
        replicas in `microservices`, the others as the file has them. `bottleneck`: the service that theory expects to
        saturate first there.
    sizes
        Multiples of the file's replicas for a deployment; replicas, from one on, for a service.
    overload
        Load, by the saturation rate of each size.
    seed, replications, duration, warmup, confidence, engine, executor, progress
        As in `simulate`.

    Returns
    -------
    CoreCurve
        Of the sizes that were finished, if a Ctrl-C came in between.

    Raises
    ------
    TopologyError, EngineError
    PlanError
        Also if a workload is not of a constant rate, or a way is neither a deployment nor a service that is called.
    """
    topology = with_settings(
        topology, seed=seed, replications=replications, duration=duration, warmup=warmup, confidence=confidence
    )
    _refuse_changing_load(topology)
    _refuse_sizes(sizes, overload)
    steps = [
        _step(topology, way, deployment, size, units, overload)
        for way, (deployment, units) in _read_ways(topology, unique(ways)).items()
        for size in sorted(set(sizes))
    ]
    points = [[step.plan] for step in steps]
    made = list(simulate_points(points, engine=engine, executor=executor, progress=progress))
    rows = [_row(step, results[0]) for step, results in zip(steps, made, strict=False)]
    table = _with_perfect(pd.DataFrame(rows))
    settings = steps[0].plan.settings
    fits = {str(way): _fit(part, settings.confidence) for way, part in table.groupby("way", sort=False)}
    return CoreCurve(
        topology=topology.name,
        table=table,
        fits=fits,
        overload=overload,
        confidence=settings.confidence,
        replications=settings.replications,
        interrupted=len(made) < len(steps),
        warnings=_warnings(steps, made),
    )


def _warnings(steps: Sequence[_Step], made: Sequence[Sequence[Results]]) -> tuple[str, ...]:
    """What the runs warn of, by what grows and its size."""
    given = [Warned(step.way, step.size, results[0].warnings) for step, results in zip(steps, made, strict=False)]
    return gather(given, lambda sizes: f"at size {join([number(size) for size in sizes])}")


def _refuse_changing_load(topology: Topology) -> None:
    for name, workload in topology.workload.items():
        if workload.shape != "rate":
            raise PlanError(
                f"{dotted(('workload', name))}: a core curve wants a constant load, which `{workload.shape}` is not; "
                "give the workload a `rate` instead"
            )


def _refuse_sizes(sizes: Sequence[int], overload: float) -> None:
    if not sizes or any(isinstance(size, bool) or size != int(size) or size < 1 for size in sizes):
        raise PlanError(f"sizes: expected whole numbers of at least 1, for example (1, 2, 4), found {sizes}")
    if not (math.isfinite(overload) and overload > 0.0):
        raise PlanError(f"overload: expected a number above 0, for example 1.1, found {overload}")


def sizable_units(plan: Plan) -> list[str]:
    """Units that run at least one `service`: databases, caches and externals stay as they are."""
    rows = sorted(set(plan.services.unit[plan.services.kind == Kind.SERVICE].tolist()))
    return [plan.units.name[row] for row in rows]


def _read_ways(topology: Topology, ways: Sequence[str]) -> dict[str, tuple[str, dict[str, int]]]:
    """By way: the deployment, and what one size of each unit that grows has of replicas."""
    if not ways:
        raise PlanError("ways: expected at least one, for example monolith")
    found = {}
    split = compile_topology(topology)
    for way in ways:
        if way in topology.deployment_names:
            plan = compile_topology(topology, way)
            own = dict(zip(plan.units.name, plan.units.replicas.tolist(), strict=True))
            found[way] = (way, {name: own[name] for name in sizable_units(plan)})
            continue
        name = _bottleneck(split) if way == BOTTLENECK else way
        if name not in split.units.name:
            known_ways = ", ".join([BOTTLENECK, *topology.deployment_names, *split.units.name])
            raise PlanError(f"ways: `{way}` is no deployment and no service that is called (there is {known_ways})")
        found[name] = (MICROSERVICES, {name: 1})
    return found


def _bottleneck(plan: Plan) -> str:
    """The unit with a service that is used most, by theory."""
    able = sizable_units(plan)
    rows = [row for row in napkin(plan).units if row.unit in able]
    if not rows:
        raise PlanError("ways: there is no service to grow, only databases, caches or externals")
    return max(rows, key=lambda row: max(row.utilisation, row.slot_utilisation)).unit


def _step(topology: Topology, way: str, deployment: str, size: int, units: Mapping[str, int], overload: float) -> _Step:
    sizes = {name: UnitSize(replicas=replicas * size) for name, replicas in units.items()}
    expected = napkin(compile_topology(topology, deployment, sizes=sizes))
    if not 0.0 < expected.saturation_rate < math.inf or expected.arrival_rate <= 0.0:
        raise PlanError(f"nothing saturates {deployment}: more cores would serve nobody faster")
    offered = overload * expected.saturation_rate
    loaded = scale_traffic(topology, offered / expected.arrival_rate)
    plan = compile_topology(loaded, deployment, sizes=sizes)
    return _Step(way, deployment, size, plan, offered, expected.saturation_rate, expected.bottleneck or "")


def _row(step: _Step, result: Any) -> dict[str, Any]:
    plan = step.plan
    grown = np.isin(np.array(plan.units.name), sizable_units(plan))
    return {
        "way": step.way,
        "deployment": step.deployment,
        "size": step.size,
        "replicas": int(plan.units.replicas[grown].sum()),
        "cores": float((plan.units.replicas * plan.units.cpu)[grown].sum()),
        "offered_per_s": step.offered,
        **measured(result, MEASURED),
        "saturation_per_s": step.saturation,
        "bottleneck": step.bottleneck,
    }


def _with_perfect(table: pd.DataFrame) -> pd.DataFrame:
    """The table, and what each way would give if it kept what its smallest size has (rule 11.23)."""
    first = table.groupby("way", sort=False)[["size", "goodput_per_s", "bottleneck"]].transform("first")
    moved = (table["bottleneck"] != first["bottleneck"]).groupby(table["way"], sort=False).cummax()
    return table.assign(perfect_per_s=table["size"] * first["goodput_per_s"] / first["size"], fitted=~moved)


def _fit(rows: pd.DataFrame, confidence: float) -> ScalabilityFit | None:
    same = rows[rows["fitted"]]
    return fit_scalability(same["size"] / rows["size"].iloc[0], same["goodput_per_s"], confidence)


def grown_name(way: str, rows: pd.DataFrame) -> str:
    """A service grows alone, a deployment as a whole."""
    return f"all of {way}" if way == rows["deployment"].iloc[0] else f"{way} alone"


def _shares(table: pd.DataFrame) -> dict[str, float]:
    """What the largest size reaches of perfect scaling, by what grows: of ways with several sizes."""
    shares = {}
    for way, rows in table.groupby("way", sort=False):
        last = rows.iloc[-1]
        if len(rows) > 1 and last["perfect_per_s"] > 0.0:
            shares[grown_name(str(way), rows)] = float(last["goodput_per_s"] / last["perfect_per_s"])
    return shares


def _sentence(curve: CoreCurve, way: str) -> str:
    rows = curve.table[curve.table["way"] == way]
    last = rows.iloc[-1]
    size = count(last["size"], "replica")
    if way == last["deployment"]:
        size = "the file's size" if last["size"] == 1 else f"{number(last['size'])} times the file's size"
    text = f"{way}: with {size} it serves {short(last['goodput_per_s'])}/s"
    for share in _shares(rows).values():
        text += f", {percent(share)} of perfect scaling"
    moved = rows[~rows["fitted"]]
    if way in curve.laws:
        text += f"; {curve.laws[way]}"
    if not moved.empty:
        text += f"; from {count(moved.iloc[0]['cores'], 'core')} on {moved.iloc[0]['bottleneck']} limits, by theory"
    if curve.fits[way] is None and len(rows) > 1:
        where = "" if moved.empty else " before that"
        text += f"; no law is fitted, since it takes {LEAST_SIZES} sizes (found{where}: {rows['fitted'].sum()})"
    return text + "."


def _law(rows: pd.DataFrame, fit: ScalabilityFit) -> str:
    same = rows[rows["fitted"]]
    until = "" if len(same) == len(rows) else f" up to {count(same['cores'].iloc[-1], 'core')}"
    contention = parameter_words("contention", fit.contention, fit.contention_half_width)
    return f"{contention} and {parameter_words('coherency', fit.coherency, fit.coherency_half_width)}{until}"


def parameter_words(name: str, value: float, half_width: float) -> str:
    """`contention 0.02718 ± 0.01180`, or that none is shown."""
    if value - half_width <= 0.0 or value < LEAST_SHOWN:
        most = max(float(f"{value + half_width:.1g}"), LEAST_SHOWN)
        return f"no {name} shown (at most {number(round(most, 4))})"
    return f"{name} {write(value, PLAIN, half_width)}"
