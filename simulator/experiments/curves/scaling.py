"""The headline question: what each deployment needs and costs as the load grows, at an equal objective."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from ...compiler import compile_topology, napkin
from ...errors import PlanError
from ...plan.plan import Objective, Plan
from ...results.display import WIDTH, number, quantity, text_table
from ...results.export import plain, records
from ...spec import Topology
from ..engines import EngineName
from ..replicate import Progress
from ..simulation import with_settings
from ..sizes.sized import Capacity
from ..sizes.sizing import capacity
from .load import as_html, entry_limits, interrupted_lines, known, load_column, load_unit, short
from .offered import Loads, all_users, read_loads, scale_traffic
from .points import in_steps, join, measured, unique
from .prices import Verdict, judge, size_columns

FACTORS: Final = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""Default loads, as factors of the file's traffic."""

COUNTED: Final = "Replicas, cores and GiB are of the units that were sized; cost is of everything, kept units included."


@dataclass(frozen=True)
class Crossover:
    """Another deployment is the cheaper one: somewhere above the load `after`, and up to the load `before`."""

    after: float
    before: float
    cheaper_below: str
    cheaper_above: str


@dataclass(frozen=True, eq=False, repr=False)
class ScalingCurve:
    """Deployments that are sized, at each load, to the same objectives.

    Attributes
    ----------
    table
        One row a load and deployment: `factor` of the file's traffic, `arrival_rate_per_s` (open workloads at their
        peaks), `users` (closed ones), `met`; `replicas`, `cores` and `memory_bytes` of the units that were sized (a
        database that is kept as it is left out); of all units but external ones `all_cores` and `cost_per_hour`;
        `cost_low_per_hour` and `all_cores_low`, the cheapest configuration tried that meets every objective by its
        estimate rather than with confidence (NaN where there is none); latency_p99_s, goodput_per_s,
        availability_ratio with their `<quantity>_half_width` (Student); `sizes` (replicas of the sized
        units, in words), `binding` and `reason`.
        Where the objectives are not met, the row is of the best configuration that was tried.
    verdicts
        One a load: which deployment is cheaper, or why none is said to be.
    crossovers
        Where the cheaper one changes, between which of the loads.
    price
        The column that says what is cheaper: `cost_per_hour`, or `all_cores` in a file without prices.
    objectives
        What all are sized to, in words.
    limits
        p99 latencies that the file's slos allow at an entry, in seconds, by slo.
    interrupted
        Whether a Ctrl-C left loads out.
    """

    topology: str
    table: pd.DataFrame
    verdicts: tuple[Verdict, ...]
    crossovers: tuple[Crossover, ...]
    price: str
    currency: str | None
    objectives: tuple[str, ...]
    limits: dict[str, float]
    confidence: float
    replications: int
    interrupted: bool = False

    @property
    def axis(self) -> str:
        """The column that the load is read from: `arrival_rate_per_s`, or `users` where all workloads are closed."""
        return load_column(self.table)

    @property
    def deployments(self) -> list[str]:
        """In the order asked for."""
        return [str(name) for name in self.table["deployment"].unique()]

    @property
    def loads(self) -> list[float]:
        """Ascending, on the axis; users are whole, so that two may be equal."""
        return _loads(self.table)

    @property
    def headline(self) -> str:
        """Which one is cheaper, in a line."""
        return f"{self.topology}: {_who_is_cheaper(self)}"

    @property
    def finding(self) -> str:
        """What the curve says: which deployment is cheaper at which load, and what cannot be met."""
        sized = "At equal objectives (" + join(list(self.objectives)) + ")"
        return " ".join([f"{sized}, {_who_is_cheaper(self)}.", *_by_how_much(self), *_unmet(self)])

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        content = {
            "topology": self.topology, "finding": self.finding, "axis": self.axis, "price": self.price,
            "currency": self.currency, "objectives": list(self.objectives),
            "verdicts": [asdict(one) for one in self.verdicts],
            "crossovers": [asdict(one) for one in self.crossovers],
            "confidence": self.confidence, "replications": self.replications, "interrupted": self.interrupted,
        }  # fmt: skip
        return {**plain(content), "table": records(self.table)}

    def __str__(self) -> str:
        axis = "users" if self.axis == "users" else "arrivals (/s)"
        head = [axis, "deployment", "replicas", "cores", "GiB", f"cost/h{_of(self.currency)}", "p99 (ms)", "objectives"]
        rows = [
            [
                number(row[self.axis]), row["deployment"], f"{row['replicas']:g}", f"{row['cores']:g}",
                f"{row['memory_bytes'] / 2**30:.3g}", number(row["cost_per_hour"]), known(row, "latency_p99_s", 1e3),
                "met" if row["met"] else "NOT MET",
            ]
            for row in self.table.to_dict(orient="records")
        ]  # fmt: skip
        title = (
            f"{self.topology}: each deployment sized to {join(list(self.objectives))} at every load, "
            f"{self.replications} replications each"
        )
        lines = [*textwrap.wrap(title, WIDTH), "", *text_table(head, rows, 2), ""]
        lines += [*textwrap.wrap(COUNTED, WIDTH), ""]
        lines += textwrap.wrap(self.finding, WIDTH)
        return "\n".join([*lines, *interrupted_lines(interrupted=self.interrupted)])

    def __repr__(self) -> str:
        return f"<ScalingCurve of {self.topology}: {join(self.deployments)}>"

    def _repr_html_(self) -> str:
        return as_html(self.finding, str(self))


def scaling_curve(
    topology: Topology,
    loads: Loads | None = None,
    deployments: Sequence[str] = ("microservices", "monolith"),
    *,
    scale: Sequence[str] | None = None,
    cores: Sequence[float] | None = None,
    max_replicas: int | None = None,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ScalingCurve:
    """Size deployments to the file's objectives, load by load, and see which is cheaper where.

    Parameters
    ----------
    loads
        Factors of the file's traffic (1.5), or arrival rates of all open workloads together ("150/s"). By default eight
        factors from 0.25 to 2. Open workloads are scaled by their rates, closed ones by their users.
    deployments
        One or more.
    scale, cores, max_replicas
        As in `capacity`.
    seed, replications, duration, warmup, confidence, engine, executor, progress
        As in `simulate`.

    Returns
    -------
    ScalingCurve
        Of the loads that were finished, if a Ctrl-C came in between.

    Raises
    ------
    TopologyError, EngineError
    PlanError
        Also if the file has no slos, or a workload is replayed.
    """
    names = unique(deployments)
    topology = with_settings(
        topology, seed=seed, replications=replications, duration=duration, warmup=warmup, confidence=confidence
    )
    if not names:
        raise PlanError("deployments: expected at least one, for example microservices")
    plan = compile_topology(topology, names[0])
    factors = read_loads(FACTORS if loads is None else loads, napkin(plan).arrival_rate)
    scaled = {factor: scale_traffic(topology, factor) for factor in factors}
    how = sizing_options(scale, cores, max_replicas) | {"engine": engine, "executor": executor}

    def size(step: tuple[float, str], report: Progress) -> Capacity:
        factor, name = step
        return finished(capacity(scaled[factor], name, progress=report, **how))

    steps = [(factor, name) for factor in factors for name in names]
    made = list(in_steps(steps, size, progress))
    whole = len(made) - len(made) % len(names)
    if not whole:
        raise KeyboardInterrupt
    rows = [_row(*steps[number], scaled[steps[number][0]], made[number]) for number in range(whole)]
    return make_scaling_curve(topology, pd.DataFrame(rows), plan, interrupted=whole < len(steps))


def make_scaling_curve(topology: Topology, table: pd.DataFrame, plan: Plan, *, interrupted: bool) -> ScalingCurve:
    """The curve of a table, with what it says of who is cheaper where."""
    price = "cost_per_hour" if plan.prices is not None and table["cost_per_hour"].gt(0.0).any() else "all_cores"
    verdicts = tuple(judge(part.to_dict(orient="records"), price) for _, part in table.groupby("factor", sort=True))
    return ScalingCurve(
        topology=topology.name,
        table=table,
        verdicts=verdicts,
        crossovers=find_crossovers(_loads(table), verdicts),
        price=price,
        currency=plan.prices.currency if plan.prices is not None else None,
        objectives=tuple(objective_words(one) for one in plan.objectives),
        limits=entry_limits(plan),
        confidence=plan.settings.confidence,
        replications=plan.settings.replications,
        interrupted=interrupted,
    )


def _loads(table: pd.DataFrame) -> list[float]:
    """One a factor."""
    return [float(load) for load in table.groupby("factor", sort=True)[load_column(table)].first()]


def sizing_options(
    scale: Sequence[str] | None, cores: Sequence[float] | None, max_replicas: int | None
) -> dict[str, Any]:
    """What `capacity` takes, as far as it is given."""
    given = {"scale": scale, "cores": cores, "max_replicas": max_replicas}
    return {key: value for key, value in given.items() if value is not None}


def finished(sized: Capacity) -> Capacity:
    """The sizing, if it was not cut off.

    Raises
    ------
    KeyboardInterrupt
        If it was: then it may be too large, and would be compared unfairly.
    """
    if sized.interrupted:
        raise KeyboardInterrupt
    return sized


def objective_words(objective: Objective) -> str:
    """`checkout p99 900 ms`."""
    kind = "errorRate" if objective.quantity == "errorRate" else "latency_s"
    unit = "%" if kind == "errorRate" else "ms"
    limit = float(quantity(kind, objective.limit))
    return f"{objective.slo} {objective.quantity} {limit:g} {unit}"


def _row(factor: float, name: str, topology: Topology, sized: Capacity) -> dict[str, Any]:
    plan = compile_topology(sized.topology, name)
    return {
        "factor": factor,
        "arrival_rate_per_s": napkin(plan).arrival_rate,
        "users": all_users(topology),
        "deployment": name,
        "met": sized.met,
        **size_columns(sized, plan),
        **measured(sized.result, ("latency_p99_s", "goodput_per_s", "availability_ratio")),
        "sizes": ", ".join(f"{unit} {sized.replicas[unit]}" for unit in sized.sized),
        "binding": sized.binding,
        "reason": sized.reason,
    }


def find_crossovers(loads: Sequence[float], verdicts: Sequence[Verdict]) -> tuple[Crossover, ...]:
    """Where the winner changes; loads at which none is said to win are stepped over."""
    found = []
    before: tuple[float, str] | None = None
    for load, verdict in zip(loads, verdicts, strict=True):
        if not verdict.winner:
            continue
        if before is not None and before[1] != verdict.winner:
            found.append(Crossover(before[0], load, before[1], verdict.winner))
        before = (load, verdict.winner)
    return tuple(found)


# -- in words


def _of(currency: str | None) -> str:
    return f" ({currency})" if currency else ""


def _who_is_cheaper(curve: ScalingCurve) -> str:
    """The winners, and the loads at which there can be none."""
    if len(curve.deployments) < 2:
        return _growth(curve)
    missed = [load for load, verdict in zip(curve.loads, curve.verdicts, strict=True) if verdict.kind == "none"]
    at = f"{join([short(load) for load in missed])}{load_unit(curve.axis)}" if missed else ""
    who = "neither meets" if len(curve.deployments) == 2 else "none of the deployments meets"
    if len(missed) == len(curve.loads):
        return f"{who} the objectives at {at}"
    return _winners(curve) + (f"; {who} the objectives at {at}" if missed else "")


def _winners(curve: ScalingCurve) -> str:
    unit = load_unit(curve.axis)
    word = "cheaper" if curve.price == "cost_per_hour" else "smaller in cores"
    if curve.crossovers:
        first = curve.crossovers[0]
        changes = [
            f"{one.cheaper_above} from somewhere between {short(one.after)} and {short(one.before)}{unit} on"
            for one in curve.crossovers
        ]
        return f"{first.cheaper_below} is {word} at low load, {', then '.join(changes)}"
    winners = {verdict.winner for verdict in curve.verdicts if verdict.winner}
    if not winners:
        return "no deployment is shown to be " + word
    (winner,) = winners
    told = [load for load, verdict in zip(curve.loads, curve.verdicts, strict=True) if verdict.winner]
    if all(verdict.kind == "only" for verdict in curve.verdicts if verdict.winner):
        return f"only {winner} meets the objectives, at {join([short(load) for load in told])}{unit}"
    if len(told) == len(curve.loads):
        return f"{winner} is {word} at every load from {short(told[0])} to {short(told[-1])}{unit}"
    listed = join([short(load) for load in told])
    same = any(verdict.kind == "same" for verdict in curve.verdicts)
    return f"{winner} is {word} at {listed}{unit}" + ("; elsewhere no difference is shown" if same else "")


def _by_how_much(curve: ScalingCurve) -> list[str]:
    """What each winner saves where it is the cheaper one."""
    known = [
        (load, verdict) for load, verdict in zip(curve.loads, curve.verdicts, strict=True) if verdict.kind == "cheaper"
    ]
    if len(curve.deployments) < 2 or not known:
        return []
    by_winner: dict[str, list[tuple[float, float]]] = {}
    for load, verdict in known:
        by_winner.setdefault(verdict.winner, []).append((load, verdict.saving_ratio))
    said = [f"{winner} {_range_of(saved, load_unit(curve.axis))}" for winner, saved in by_winner.items()]
    return [f"What is saved of the other's price: {join(said)}."]


def _range_of(saved: Sequence[tuple[float, float]], unit: str) -> str:
    """`2% to 19%, 11% at 200/s`, the greatest load: what is saved goes up and down, as whole replicas do."""
    load, last = saved[-1]
    ratios = [ratio for _, ratio in saved]
    low, high = f"{min(ratios):.0%}", f"{max(ratios):.0%}"
    return ("" if low == high else f"{low} to {high}, ") + f"{last:.0%} at {short(load)}{unit}"


def _growth(curve: ScalingCurve) -> str:
    first, last = curve.table.iloc[0], curve.table.iloc[-1]
    return (
        f"{curve.deployments[0]} takes {first['cores']:g} cores at {short(first[curve.axis])}{load_unit(curve.axis)} "
        f"and {last['cores']:g} at {short(last[curve.axis])}{load_unit(curve.axis)}"
    )


def _unmet(curve: ScalingCurve) -> list[str]:
    said = []
    for name in curve.deployments:
        rows = curve.table[(curve.table["deployment"] == name) & ~curve.table["met"]]
        for reason, those in rows.groupby(rows["reason"].astype(str).str.rstrip("."), sort=False):
            at = join([short(load) for load in those[curve.axis]])
            said.append(f"{name} does not meet them at {at}{load_unit(curve.axis)}: {reason}.")
    return said
