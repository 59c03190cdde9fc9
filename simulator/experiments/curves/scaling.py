"""The headline question: what each deployment needs and costs as the load grows, at an equal objective."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from ...answers import Answer, Table
from ...compiler import compile_topology, napkin
from ...errors import PlanError
from ...plan.plan import Plan
from ...spec import Topology
from ...words import column, count, join, titled
from ..engines import EngineName
from ..replicate import Progress
from ..simulation import with_settings
from ..sizes.sized import Capacity
from ..sizes.sizing import capacity
from .curve import Curve
from .load import entry_limits
from .offered import Loads, all_users, name_of_arrivals, read_loads, scale_traffic
from .points import in_steps, measured, unique
from .prices import (
    NOT_SHOWN,
    Verdict,
    judge,
    price_column,
    price_words,
    size_columns,
    state_of,
    tell_apart,
    unsure_words,
    verdict_words,
)
from .warned import Warned, gather
from .words import (
    ARRIVALS,
    at_loads,
    known,
    limits_in_words,
    load_column,
    load_head,
    load_unit,
    percent,
    spell,
    what_loads_are,
)
from .worst import P99, judged_column, worst_columns, worst_in_words

FACTORS: Final = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""Default loads, as factors of the file's traffic."""

COUNTED: Final = "Replicas, cores and GiB are of the units that were sized"
"""What is counted; then what of everything."""


@dataclass(frozen=True)
class Crossover:
    """Another deployment is the cheaper one: somewhere above the load `after`, and up to the load `before`.

    Both are loads at which one is shown to be cheaper; at those between nothing is shown, or not all can be compared.
    """

    after: float
    before: float
    cheaper_below: str
    cheaper_above: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ScalingCurve(Curve):
    """Deployments that are sized, at each load, to the same objectives.

    Attributes
    ----------
    table
        One row a load and deployment: `factor` of the file's traffic, `arrival_rate_per_s` (open workloads at their
        peaks), `users` (closed ones), `met`, `shown_missed` (whether every size is shown to miss an objective; where
        neither is true, it is not shown to be met, nor to be missed); `replicas`, `cores` and `memory_bytes` of the
        units that were sized (a database that is kept as it is left out); of all units but external ones `all_cores`
        and `cost_per_hour`;
        `cost_low_per_hour` and `all_cores_low`, the cheapest configuration that is not shown to miss an objective
        (NaN where they are not met); latency_p99_s, goodput_per_s,
        availability_ratio with their `<quantity>_half_width`, `_low`, `_high`; so `worst_by_limit_ratio`, the value by
        its limit of the objective whose upper end is highest by its limit, `worst_objective`; `sizes` (replicas of the
        sized units, in words), `binding` and `reason`.
        Where the objectives are not met, the row is of the best configuration that was tried.
    verdicts
        One a load: which deployment is cheaper, or why none is said to be.
    crossovers
        Where the cheaper one changes, between which of the loads.
    price
        The column that says what is cheaper: `cost_per_hour`, or `all_cores` in a file without prices.
    judged
        The column that is shown of what is promised: `latency_p99_s` where all requests enter at one endpoint and no
        latency of another is promised, else `worst_by_limit_ratio`.
    objectives
        What all are sized to, in words.
    limits
        p99 latencies that the file's slos allow at an entry, in seconds, by slo.
    load_name
        What the loads are, as in `LoadCurve`.
    interrupted
        Whether a Ctrl-C left loads out.
    """

    verdicts: tuple[Verdict, ...]
    crossovers: tuple[Crossover, ...]
    price: str
    currency: str | None
    objectives: tuple[str, ...]
    limits: dict[str, float]
    confidence: float
    replications: int
    load_name: str = ARRIVALS
    judged: str = P99

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
        """Which one is cheaper at which load, in a line."""
        return f"{self.topology}: {_who_is_cheaper(self)}"

    @property
    def finding(self) -> str:
        """What the curve says: which deployment is cheaper at which load, by how much, and what cannot be met."""
        sized = "At equal objectives (" + join(self.objectives) + ")"
        said = [f"{sized}, {_who_is_cheaper(self)}.", *_where_it_changes(self), *_by_how_much(self), *_unmet(self)]
        return " ".join(said) + what_loads_are(self.axis, self.load_name)

    @property
    def compared(self) -> list[str]:
        """The deployments."""
        return self.deployments

    def answer(self) -> Answer:
        """What each deployment takes at each load, and which is cheaper where."""
        counted = f"{COUNTED}; {'cost is' if self._priced else 'all cores are'} of everything, kept units included."
        unsure = unsure_words(self.table, self.price, "at", "loads")
        if self.judged != P99:
            counted += f" {worst_in_words(self.table)}"
        return self._answer(
            f"each deployment sized to {join(self.objectives)} at every load, "
            f"{count(self.replications, 'replication')} each", (self._table(),), (counted,), unsure,
            axis=self.axis, load_name=self.load_name, price=self.price, currency=self.currency,
            objectives=self.objectives, judged=self.judged, verdicts=self.verdicts, crossovers=self.crossovers,
            confidence=self.confidence, replications=self.replications,
        )  # fmt: skip

    @property
    def _priced(self) -> bool:
        return self.price == "cost_per_hour"

    def _table(self) -> Table:
        cost = titled("cost/h", self.currency) if self._priced else "all cores"
        table = self.table
        states = [state_of(row).replace("not met", "NOT MET") for row in table.to_dict(orient="records")]
        return Table.of_columns(
            [load_head(self.axis, self.load_name), *column(table[self.axis].tolist())],
            ["deployment", *table["deployment"]],
            ["replicas", *column(table["replicas"].tolist())],
            ["cores", *column(table["cores"].tolist())],
            ["GiB", *column((table["memory_bytes"] / 2**30).tolist())],
            [cost, *column(table[self.price].tolist())],
            known("p99" if self.judged == P99 else "worst by limit", self.judged, table),
            ["objectives", *states],
            names=2,
        )


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
        factors from 0.25 to 2. Open workloads are scaled by their rates, closed ones by their users (whole ones,
        a half upwards).
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

    made: list[Capacity] = []

    def size(step: tuple[float, str], report: Progress) -> None:
        factor, name = step
        made.append(finished(capacity(scaled[factor], name, progress=report, **how)))
        if name == names[-1]:
            made[-len(names) :] = tell_apart(made[-len(names) :])

    steps = [(factor, name) for factor in factors for name in names]
    for _ in in_steps(steps, size, progress):
        pass
    whole = len(made) - len(made) % len(names)
    if not whole:
        raise KeyboardInterrupt
    rows = [_row(*steps[number], scaled[steps[number][0]], made[number]) for number in range(whole)]
    table = pd.DataFrame(rows)
    warned = _warnings(names, table, made[:whole])
    return make_scaling_curve(topology, table, plan, interrupted=whole < len(steps), warnings=warned)


def _warnings(names: Sequence[str], table: pd.DataFrame, made: Sequence[Capacity]) -> tuple[str, ...]:
    """What the runs of the sizes that were found warn of, by deployment and load."""
    loads, unit = _loads(table), load_unit(load_column(table))
    given = [
        Warned(name, number, one.result.warnings)
        for place, name in enumerate(names)
        for number, one in enumerate(made[place :: len(names)])
    ]
    return gather(given, lambda places: at_loads(loads, places, unit))


def make_scaling_curve(
    topology: Topology, table: pd.DataFrame, plan: Plan, *, interrupted: bool, warnings: tuple[str, ...] = ()
) -> ScalingCurve:
    """The curve of a table, with what it says of who is cheaper where."""
    price = price_column(table["cost_per_hour"])
    verdicts = tuple(judge(part.to_dict(orient="records"), price) for _, part in table.groupby("factor", sort=True))
    return ScalingCurve(
        topology=topology.name,
        table=table,
        verdicts=verdicts,
        crossovers=find_crossovers(_loads(table), verdicts),
        price=price,
        currency=plan.prices.currency if plan.prices is not None else None,
        objectives=limits_in_words([plan.objectives]),
        limits=entry_limits(plan),
        confidence=plan.settings.confidence,
        replications=plan.settings.replications,
        load_name=name_of_arrivals(topology),
        judged=judged_column(plan),
        interrupted=interrupted,
        warnings=warnings,
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


def _row(factor: float, name: str, topology: Topology, sized: Capacity) -> dict[str, Any]:
    plan = compile_topology(sized.topology, name)
    return {
        "factor": factor,
        "arrival_rate_per_s": napkin(plan).arrival_rate,
        "users": all_users(topology),
        "deployment": name,
        "met": sized.met,
        "shown_missed": sized.shown_missed,
        **size_columns(sized, plan),
        **measured(sized.result, ("latency_p99_s", "goodput_per_s", "availability_ratio")),
        **worst_columns(sized.result),
        "sizes": ", ".join(f"{unit} {sized.replicas[unit]}" for unit in sized.sized),
        "binding": sized.binding,
        "reason": sized.reason,
    }


def find_crossovers(loads: Sequence[float], verdicts: Sequence[Verdict]) -> tuple[Crossover, ...]:
    """Where the cheaper one changes; loads at which none is shown to be cheaper are stepped over."""
    found = []
    before: tuple[float, str] | None = None
    for load, verdict in zip(loads, verdicts, strict=True):
        if verdict.kind != "cheaper":
            continue
        if before is not None and before[1] != verdict.winner:
            found.append(Crossover(before[0], load, before[1], verdict.winner))
        before = (load, verdict.winner)
    return tuple(found)


# -- in words


def _who_is_cheaper(curve: ScalingCurve) -> str:
    if len(curve.deployments) < 2:
        return _growth(curve)
    many = len(curve.deployments) > 2
    return verdict_words(curve.loads, curve.verdicts, curve.price, load_unit(curve.axis), many=many)


def _where_it_changes(curve: ScalingCurve) -> list[str]:
    if not curve.crossovers:
        return []
    names = dict(zip(curve.loads, spell(curve.loads), strict=True))
    changes = [f"between {names[one.after]} and {names[one.before]}{load_unit(curve.axis)}" for one in curve.crossovers]
    return [f"Which one {price_words(curve.price)} changes somewhere {', '.join(changes)}."]


def _by_how_much(curve: ScalingCurve) -> list[str]:
    """What each winner saves where it is the cheaper one."""
    if len(curve.deployments) < 2:
        return []
    saved: dict[str, list[tuple[str, float]]] = {}
    for load, verdict in zip(spell(curve.loads), curve.verdicts, strict=True):
        if verdict.kind == "cheaper":
            saved.setdefault(verdict.winner, []).append((load, verdict.saving_ratio))
    said = [f"{winner} {_range_of(those, load_unit(curve.axis))}" for winner, those in saved.items()]
    what = "price" if curve.price == "cost_per_hour" else "cores"
    return [f"What is saved of the other's {what}: {join(said)}."] if said else []


def _range_of(saved: Sequence[tuple[str, float]], unit: str) -> str:
    """`2% to 19%, 11% at 200/s`, the greatest load: what is saved goes up and down, as whole replicas do."""
    load, last = saved[-1]
    ratios = [ratio for _, ratio in saved]
    low, high = percent(min(ratios)), percent(max(ratios))
    return ("" if low == high else f"{low} to {high}, ") + f"{percent(last)} at {load}{unit}"


def _growth(curve: ScalingCurve) -> str:
    """What the only deployment takes, where it meets the objectives."""
    (name,), unit = curve.deployments, load_unit(curve.axis)
    met = curve.table[curve.table["met"]]
    if met.empty:
        missed = all(state_of(row) != NOT_SHOWN for row in curve.table.to_dict(orient="records"))
        return f"{name} {'meets' if missed else 'is shown to meet'} the objectives at none of these loads"
    names = dict(zip(curve.loads, spell(curve.loads), strict=True))
    cores, loads = met["cores"].tolist(), met[curve.axis].tolist()
    first, last = (f"{count(cores[at], 'core')} at {names[loads[at]]}{unit}" for at in (0, -1))
    return f"{name} takes {first}" + ("" if first == last else f" and {last}")


def _unmet(curve: ScalingCurve) -> list[str]:
    said = []
    for name in curve.deployments:
        rows = curve.table[curve.table["deployment"] == name].reset_index(drop=True)
        missed = rows[~rows["met"]]
        for reason, those in missed.groupby(missed["reason"].astype(str).str.rstrip("."), sort=False):
            at = at_loads(curve.loads, those.index.tolist(), load_unit(curve.axis))
            unshown = any(state_of(row) == NOT_SHOWN for row in those.to_dict(orient="records"))
            said.append(f"{name} {'is not shown to' if unshown else 'does not'} meet them {at}: {reason}.")
    return said
