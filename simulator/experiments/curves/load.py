"""Throughput and latency against the load, at fixed sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...answers import Answer, Table
from ...compiler import Napkin, compile_topology, napkin
from ...errors import PlanError
from ...plan.engine import Detail
from ...plan.plan import Objective, Plan
from ...results import Results, student_interval
from ...results.objectives import ERRORS, judged_by_requests
from ...spec import Topology
from ...words import column, join
from ..engines import EngineName
from ..replicate import Progress
from ..simulation import with_settings
from .curve import Curve
from .fits import Knee, find_knee
from .offered import Loads, all_users, name_of_arrivals, read_loads, scale_traffic
from .points import measured, simulate_points, unique
from .prices import size_of
from .warned import Warned, gather
from .words import (
    ARRIVALS,
    at_loads,
    known,
    load_column,
    load_head,
    load_unit,
    percent,
    short,
    spell,
    what_loads_are,
)

SHARES: Final = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)
"""Default loads, as shares of the lowest saturation rate."""
MORE: Final = (0.7, 0.8, 0.9, 1.0, 1.1)
"""And those above, as shares of the highest saturation rate, if that is no more than four times as much."""
FACTORS: Final = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Default loads, as factors of the file's traffic, where theory sees no saturation."""
SLACK: Final = 0.005
"""Share of what arrives that may be left over at the end of a run: a queue that is long, but does not grow for ever."""
RISING: Final = 0.05
"""The same where rates change: a run may end amid its peak."""
FAILING: Final = 0.01
"""Share of errors from which a load that is kept up with says so."""
ROUNDING: Final = 1e-9
"""Relative, of rates."""


SHOWN: Final = {
    "goodput_per_s": "goodput", "latency_p50_s": "p50", "latency_p99_s": "p99", "availability_ratio": "available",
}  # fmt: skip
"""What the table shows of a load, and its words."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LoadCurve(Curve):
    """Fixed sizes under more and more load.

    Attributes
    ----------
    table
        One row a load and deployment: `factor` of the file's traffic, `arrival_rate_per_s` (open workloads at their
        peaks) and `users` (closed ones), `arrived_per_s` (measured), `cores` of all units but external ones, then
        throughput_per_s, goodput_per_s, latency_p50_s, latency_p99_s, availability_ratio: of all replications,
        each with its `<quantity>_half_width`, `_low` and `_high` (rule 11.7); behind_per_s, what arrived less what
        ended, with its half width (paired by replication), and `unstable`, whether a queue was seen to grow to the end;
        for each latency that is promised at an entry slos.<slo>.<promise>, as it was seen there (rule 11.10), with its
        `_half_width`, `_low` and `_high`.
    knees
        By deployment, where goodput by p99 latency is greatest (Kleinrock 1979); None if nothing was served.
    saturation
        By deployment, the arrival rate at which theory expects the bottleneck to be busy all the time; inf if never.
    bottlenecks
        By deployment, the unit that theory expects to saturate first; empty if none does.
    limits
        p99 latencies that the file's slos allow at an entry, in seconds, by slo.
    load_name
        What the loads are: `users`, or `arrival rate`, with `peak` before it where a rate changes, and `of the open
        workloads` behind it where users ask too.
    mixed
        Whether requests enter at several endpoints: then p50 and p99 are of all journeys together, and so are knees.
    interrupted
        Whether a Ctrl-C left loads out.
    """

    knees: dict[str, Knee | None]
    saturation: dict[str, float]
    bottlenecks: dict[str, str]
    limits: dict[str, float]
    confidence: float
    replications: int
    load_name: str = ARRIVALS
    mixed: bool = False

    @property
    def axis(self) -> str:
        """The column that the load is read from: `arrival_rate_per_s`, or `users` where all workloads are closed."""
        return load_column(self.table)

    @property
    def finding(self) -> str:
        """What the curve says, one sentence a deployment."""
        said = " ".join(_sentence(self, name) for name in self.knees)
        return said + what_loads_are(self.axis, self.load_name)

    @property
    def headline(self) -> str:
        """The knees that lie within the loads, in a line; without any, what the finding says of each."""
        unit = load_unit(self.axis)
        known = [f"{name} at {short(knee.load)}{unit}" for name, knee in self.shown_knees.items()]
        if not known:
            return f"{self.topology}: {'; '.join(f'{name} {_knee_clause(self, name)}' for name in self.knees)}"
        return f"{self.topology}: more load pays up to the knee, {join(known)}"

    @property
    def shown_knees(self) -> dict[str, Knee]:
        """By deployment, the knees that lie within the loads, of loads that are kept up with."""
        return {name: knee for name, knee in self.knees.items() if knee and knee.inside and _keeps_any(self, name)}

    @property
    def own(self) -> list[str]:
        """Slos of which a p99 of their own is shown, since that of all requests is of several journeys."""
        return [slo for slo in self.limits if own_column(slo) in self.table] if self.mixed else []

    @property
    def compared(self) -> list[str]:
        """The deployments."""
        return list(self.knees)

    def answer(self) -> Answer:
        """What each load gives, and where the knees are."""
        rows = (
            [load_head(self.axis, self.load_name), *column(self.table[self.axis].tolist())],
            ["deployment", *self.table["deployment"]],
        )
        table = Table.of_columns(*rows, *(known(words, name, self.table) for name, words in SHOWN.items()), names=2)
        together = ("p50 and p99 are of all journeys together, and so is a knee.",) if self.mixed else ()
        each = [known(f"{slo} p99", own_column(slo), self.table, "latency_s") for slo in self.own]
        own = ("Of each promise's own requests:", Table.of_columns(*rows, *each, names=2)) if each else ()
        return self._answer(
            f"fixed sizes under more load, {self.replications} replications each", (table,), together, own,
            axis=self.axis, load_name=self.load_name, knees=self.knees, saturation=self.saturation,
            bottlenecks=self.bottlenecks, limits_s=self.limits, confidence=self.confidence,
            replications=self.replications,
        )  # fmt: skip


def load_curve(
    topology: Topology,
    loads: Loads | None = None,
    deployments: Sequence[str] = ("microservices", "monolith"),
    *,
    equal_cores: bool = False,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> LoadCurve:
    """Simulate deployments, at the sizes they have, under more and more load.

    Parameters
    ----------
    loads
        Factors of the file's traffic (1.5), or arrival rates of all open workloads together ("150/s"). By default
        eight from 20 % to 120 % of the lowest saturation rate that theory expects of a deployment, then some up to
        110 % of the highest. Open workloads are scaled by their rates, closed ones by their users (whole ones,
        a half upwards).
    deployments
        One or more.
    equal_cores, seed, replications, duration, warmup, confidence, engine, executor, progress
        As in `simulate`.

    Returns
    -------
    LoadCurve
        Of the loads that were finished, if a Ctrl-C came in between.

    Raises
    ------
    TopologyError, PlanError, EngineError
    """
    names = unique(deployments)
    topology = with_settings(
        topology, seed=seed, replications=replications, duration=duration, warmup=warmup, confidence=confidence
    )
    own = {name: compile_topology(topology, name, equal_cores=equal_cores) for name in names}
    napkins = {name: napkin(plan) for name, plan in own.items()}
    factors = _default_factors(napkins) if loads is None else read_loads(loads, rate_of(napkins))
    scaled = [scale_traffic(topology, factor) for factor in factors]
    points = [[compile_topology(one, name, equal_cores=equal_cores) for name in names] for one in scaled]
    detail = _detail(points[0][0]) if points else "summary"
    made = list(simulate_points(points, engine=engine, detail=detail, executor=executor, progress=progress))
    rows = [
        _row(name, scaled[number], factors[number], points[number][place], results[place])
        for number, results in enumerate(made)
        for place, name in enumerate(names)
    ]
    table = pd.DataFrame(rows)
    settings = own[names[0]].settings
    saturation = {name: one.saturation_rate if one.arrival_rate > 0.0 else math.inf for name, one in napkins.items()}
    return LoadCurve(
        topology=topology.name,
        table=table,
        knees=_knees(names, table, made, settings.confidence),
        saturation=saturation,
        bottlenecks={name: one.bottleneck or "" for name, one in napkins.items()},
        limits=entry_limits(own[names[0]]),
        confidence=settings.confidence,
        replications=settings.replications,
        load_name=name_of_arrivals(topology),
        mixed=len(_entries(own[names[0]])) > 1,
        interrupted=len(made) < len(points),
        warnings=_warnings(names, table, made),
    )


def _warnings(names: Sequence[str], table: pd.DataFrame, made: Sequence[Sequence[Results]]) -> tuple[str, ...]:
    """What the runs warn of, by deployment and load."""
    axis = load_column(table)
    loads = table.loc[table["deployment"] == names[0], axis].tolist()
    given = [
        Warned(name, number, results[place].warnings)
        for place, name in enumerate(names)
        for number, results in enumerate(made)
    ]
    return gather(given, lambda places: at_loads(loads, places, load_unit(axis)))


def rate_of(napkins: Mapping[str, Napkin]) -> float:
    """Requests per second of the open workloads at their peaks: the same in every deployment."""
    if not napkins:
        raise PlanError("deployments: expected at least one, for example microservices")
    return next(iter(napkins.values())).arrival_rate


def _default_factors(napkins: Mapping[str, Napkin]) -> list[float]:
    rate = rate_of(napkins)
    saturation = [one.saturation_rate for one in napkins.values()]
    lowest, highest = min(saturation), max(saturation)
    if rate == 0.0 or not 0.0 < lowest < math.inf:
        return list(FACTORS)
    loads = [share * lowest for share in SHARES]
    if highest <= 4.0 * lowest:
        loads += [share * highest for share in MORE if share * highest > 1.05 * loads[-1]]
    return [load / rate for load in loads]


def _row(name: str, topology: Topology, factor: float, plan: Plan, result: Results) -> dict[str, Any]:
    summary, made = result.summary, result.provenance
    span = (made["duration_s"] - made["warmup_s"]) * made["replications"]
    return {
        "factor": factor,
        "arrival_rate_per_s": napkin(plan).arrival_rate,
        "users": all_users(topology),
        "deployment": name,
        "arrived_per_s": float(summary["requests"]) / span,
        "cores": size_of(plan).cores,
        **measured(result),
        **_behind(result),
        **_own(plan, result),
    }


def _own(plan: Plan, result: Results) -> dict[str, float]:
    """What was seen of each latency that is promised at an entry, and its interval where there is one."""
    row: dict[str, float] = {}
    seen: Any = result.objectives.set_index(["slo", "quantity"])
    for one in _entry_objectives(plan):
        value, low, high = (float(seen.loc[(one.slo, one.quantity), part]) for part in ("value", "low", "high"))
        ends = (low, high) if math.isfinite(high) else (math.nan, math.nan)
        parts = {"": value, "_half_width": (ends[1] - ends[0]) / 2.0, "_low": ends[0], "_high": ends[1]}
        row |= {f"{own_column(one.slo, one.quantity)}{part}": float(number) for part, number in parts.items()}
    return row


def own_column(slo: str, quantity: str = "p99") -> str:
    """The column of what a promise is of, as in a sweep."""
    return f"slos.{slo}.{quantity}"


def _behind(result: Results) -> dict[str, Any]:
    """By how much the number in progress grew per second, and whether a queue did to the end (rule 11.23)."""
    each, made = result.replications, result.provenance
    arrived = each["requests"] / (made["duration_s"] - made["warmup_s"])
    mean, half_width = student_interval((arrived - each["throughput_per_s"]).to_numpy(), made["confidence"])
    unstable = any(" is unstable: " in text for text in result.warnings)
    return {"behind_per_s": mean, "behind_per_s_half_width": half_width, "unstable": unstable}


def entry_limits(plan: Plan) -> dict[str, float]:
    """The p99 latencies that slos allow at the endpoints where requests enter, in seconds, by slo."""
    return {one.slo: one.limit for one in _entry_objectives(plan) if one.quantity == "p99"}


def _entry_objectives(plan: Plan) -> list[Objective]:
    """The latencies that are promised at the endpoints where requests enter: of answers, not of what settles."""
    entries = _entries(plan)
    return [one for one in plan.objectives if one.quantity != ERRORS and one.endpoint in entries and not one.settled]


def _entries(plan: Plan) -> set[int]:
    """The endpoints where requests enter."""
    return set(plan.calls.target[plan.workloads.entry_call].tolist())


def _detail(plan: Plan) -> Detail:
    """What has to be recorded to know the latency of each entry that has a promise."""
    return "requests" if any(judged_by_requests(plan, one) for one in _entry_objectives(plan)) else "summary"


def _knees(
    names: Sequence[str], table: pd.DataFrame, made: Sequence[Sequence[Results]], confidence: float
) -> dict[str, Knee | None]:
    knees = {}
    for place, name in enumerate(names):
        runs = [results[place].replications for results in made]
        goodput = np.array([run["goodput_per_s"].to_numpy() for run in runs])
        latency = np.array([run["latency_p99_s"].to_numpy() for run in runs])
        loads = table.loc[table["deployment"] == name, load_column(table)].tolist()
        knees[name] = find_knee(loads, goodput, latency, confidence)
    return knees


# -- in words


def _sentence(curve: LoadCurve, name: str) -> str:
    text = _knee_clause(curve, name)
    if curve.knees[name] is None:
        return f"{name} {text}."
    saturation = curve.saturation[name]
    text += _pace_words(_rows(curve, name), curve, saturation)
    if math.isfinite(saturation):
        text += f" (by theory {curve.bottlenecks[name]} saturates at {short(saturation)}/s)"
    return f"{name} {text}."


def _rows(curve: LoadCurve, name: str) -> pd.DataFrame:
    return curve.table[curve.table["deployment"] == name]


def _keeps_any(curve: LoadCurve, name: str) -> bool:
    """Whether a load is kept up with: a knee is of such loads. Users wait for their answers."""
    if curve.axis == "users" or "behind_per_s" not in curve.table:
        return True
    return keeps_up(_rows(curve, name), curve.saturation[name]) > 0


def _knee_clause(curve: LoadCurve, name: str) -> str:
    """Where the knee of a deployment is, in words of sentence and headline."""
    rows, knee = _rows(curve, name), curve.knees[name]
    if knee is None:
        return "serves nothing at any of these loads"
    if not _keeps_any(curve, name):
        return f"has its knee below {spell(rows[curve.axis].tolist())[0]}{load_unit(curve.axis)}"
    return _knee_words(knee, rows, curve.axis)


def _knee_words(knee: Knee, rows: pd.DataFrame, axis: str) -> str:
    unit = load_unit(axis)
    loads = dict(zip(rows[axis].tolist(), spell(rows[axis].tolist()), strict=True))
    text = f"has its knee at {loads[knee.load]}{unit}"
    if knee.low < knee.high:
        text += f" (from {loads[knee.low]} to {loads[knee.high]}{unit} no difference is shown)"
    if knee.inside:
        return text
    served = rows.loc[rows["latency_p99_s"].notna(), axis].tolist()
    ends = {served[0]: "lowest", served[-1]: "highest"}
    if len(ends) == 1:
        return f"{text}, the only load that was served"
    if knee.load in ends:
        return f"{text}, the {ends[knee.load]} load that was served: it may lie beyond"
    reached = join([f"the {word}" for load, word in ends.items() if load in (knee.low, knee.high)])
    return f"{text}, which reaches {reached} load that was served: it may lie beyond"


def _pace_words(rows: pd.DataFrame, curve: LoadCurve, saturation: float) -> str:
    """Up to which load all that arrives is also ended, what of that fails, and the most that is served."""
    most = f"serves at most {short(rows['goodput_per_s'].max())}/s"
    if curve.axis == "users":  # they wait for their answers: nobody falls behind
        return f"; it {most}"
    # A mean over the run, or over users too, is not to be read beside a load that is neither.
    alike = curve.load_name == ARRIVALS
    loads = spell(rows[curve.axis].tolist())
    kept = keeps_up(rows, saturation, curve.load_name)
    if kept == 0:
        return "; it keeps up with none of these loads" + (f" and {most}" if alike else "")
    text = f"; it keeps up to {loads[kept - 1]}/s"
    told = alike and kept < len(rows)  # else more may be served
    ended = rows["throughput_per_s"].iloc[:kept]
    failed = (1.0 - rows["goodput_per_s"].iloc[:kept] / ended).fillna(0.0)
    worst = int(failed.argmax())
    if failed.iloc[worst] >= FAILING:
        text += f", but {percent(failed.iloc[worst])} of the answers at {loads[worst]}/s are errors{',' * told}"
    if not told:
        return text
    return f"{text} and {_most(rows, float(rows[curve.axis].iloc[kept - 1]))}"


def _most(rows: pd.DataFrame, kept: float) -> str:
    """The most that is served; with its interval where that reaches what is kept up with, and it alone does not."""
    best = rows.iloc[int(rows["goodput_per_s"].argmax())]
    served, half_width = float(best["goodput_per_s"]), float(best["goodput_per_s_half_width"])
    within = f" ± {short(half_width)}" if served < kept <= served + half_width else ""
    return f"serves at most {short(served)}{within}/s"


def keeps_up(rows: pd.DataFrame, saturation: float, load_name: str = ARRIVALS) -> int:
    """How many loads, from the lowest on, are kept up with: all that arrives is ended, served or not.

    They are below saturation; the number in progress is not shown to grow; and where others are not kept up with, no
    more was asked for than is ended at any of them, within its interval.
    """
    loads = rows["arrival_rate_per_s"]
    steady = "peak" not in load_name
    least = rows["behind_per_s"] - rows["behind_per_s_half_width"].fillna(0.0)
    left_over = rows["behind_per_s"] > (SLACK if steady else RISING) * rows["arrived_per_s"]
    kept = (loads < saturation * (1.0 - ROUNDING)) & ~((least > 0.0) & left_over)
    if steady:
        kept &= ~rows["unstable"]
    if load_name == ARRIVALS and not kept.all():
        ended = rows["throughput_per_s"] + rows["throughput_per_s_half_width"].fillna(0.0)
        kept &= loads <= ended.max() * (1.0 + ROUNDING)
    return int(kept.cumprod().sum())
