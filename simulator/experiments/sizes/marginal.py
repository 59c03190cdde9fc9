"""What do I scale next: what one more replica of each unit gains, and what it costs (rule 13.8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...answers import Answer, Answered, Table
from ...results.objectives import detail_needed
from ...spec import Topology
from ...words import NOTHING, Unit, count, join, label, number, percent, titled, unit_of, write
from ..engines import EngineName
from ..replicate import Progress
from ..simulation import run_plans, with_settings
from .gains import KNOWN, MORE_IS_BETTER, check_quantity, find_gains, find_objective
from .lattice import Lattice, Option, changed, make_lattice
from .sizing import prepare_engine, refuse_one_replication

COLUMNS = (
    "replicas", "now", "value", "gain", "half_width", "low", "high", "shown", "price_per_hour", "gain_per_price",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class NextReplica(Answered):
    """What one more replica of each unit gains.

    Attributes
    ----------
    table
        One row a unit, the best first: replicas now, the quantity `now` and its `value` with one more replica (of all
        replications together), gain (their difference; above 0 is better, whatever the quantity), half_width, low,
        high (Student, of differences replication by replication), shown (whether the interval excludes 0),
        price_per_hour of the replica, gain_per_price, and rank. Units of one rank are not told apart.
    quantity
        What is gained: of the requests of an objective's endpoint, or of all requests.
    objective
        The objective that is ranked by, for example "checkout p99": the one that binds. Empty without one.
    value
        What it is now, by all replications together; NaN where none has it.
    verdict
        What to scale next, in a plain sentence or two.
    """

    topology: str
    deployment: str
    quantity: str
    value: float
    confidence: float
    replications: int
    currency: str | None
    table: pd.DataFrame
    interrupted: bool
    objective: str = ""

    @property
    def verdict(self) -> str:
        """What to scale next, and which units are not told apart."""
        if math.isnan(self.value):
            parts = [f"Nothing can be judged: no replication has a {self._what}."]
        else:
            parts = list(self._sentences())
        if self.interrupted:
            parts.append(f"Interrupted: this is of {self.replications} replications.")
        return " ".join(parts)

    def _sentences(self) -> Iterator[str]:
        table = self.table
        gains, losses = table["shown"] & (table["gain"] > 0.0), table["shown"] & (table["gain"] < 0.0)
        first = unbeaten(table)
        leaders, doubtful = (table.index[first & which].astype(str).tolist() for which in (gains, ~table["shown"]))
        if not leaders:
            yield f"No unit is shown to improve {self._what} by one more replica."
        elif len(leaders) == 1:
            most = ", most for its price" if self._priced and not doubtful else ""
            yield f"Scale {leaders[0]} next: its {self._gain(leaders[0])}{most}."
        else:
            listed = "; ".join(f"{name}: {self._gain(name)}" for name in leaders)
            yield f"No difference is shown between {join(leaders)}{' by their price' * self._priced} ({listed})."
        if leaders and doubtful:
            they, their = ("it gains", "its") if len(doubtful) == 1 else ("they gain", "their")
            price = f" for {their} price" if self._priced else ""
            yield f"No gain is shown of {join(doubtful)}, nor that {they} less{price}."
        rest = table.index[~first & ~table["shown"]]
        if leaders and len(rest):
            yield f"No gain is shown of {join(list(rest))}."
        if losses.any():
            yield f"Worse with one more: {join(list(table.index[losses]))}."

    @property
    def _what(self) -> str:
        if not self.objective:
            return label(self.quantity).partition(" (")[0]
        return self.objective.replace(" errorRate", " availability")

    @property
    def _unit(self) -> Unit:
        """What the value and what is gained are told in."""
        return unit_of(self.quantity, (self.value,))

    @property
    def _priced(self) -> bool:
        return bool(self.table["price_per_hour"].notna().any())

    def _gain(self, unit: str) -> str:
        row: Any = self.table.loc[unit]
        low, high = (write(float(row[end]), self._unit) for end in ("low", "high"))
        return f"gain is {low} to {self._unit.after(high)} of {self._what}"

    def answer(self) -> Answer:
        """What one more of each unit gains, and what to scale next."""
        names = (
            "topology", "deployment", "quantity", "objective", "value", "confidence", "replications", "currency",
            "interrupted", "verdict",
        )  # fmt: skip
        units = self.table.reset_index()
        return Answer(
            headline=self._headline,
            sections=((self._table(units),),),
            finding=self.verdict,
            content={**{name: getattr(self, name) for name in names}, "units": units},
        )

    @property
    def _headline(self) -> str:
        of_what = f"{self._what}, the objective that binds," if self.objective else f"{self._what} of all requests"
        now = f"{self._unit.after(write(self.value, self._unit))} now, by"
        now = "unknown after" if math.isnan(self.value) else now
        return (
            f"{self.topology} as {self.deployment}: one more replica of each unit, {of_what} is {now}"
            f" {count(self.replications, 'replication')} ({percent(self.confidence)} intervals)"
        )

    def _table(self, units: pd.DataFrame) -> Table:
        gain, price = titled("gain", self._unit.name), titled("price per hour", self.currency)
        rows = [
            [str(row["unit"]), str(row["rank"]), str(row["replicas"]), self._cell(row), number(row["price_per_hour"]),
             self._by_price(row)]
            for row in units.to_dict(orient="records")
        ]  # fmt: skip
        return Table(["unit", "rank", "replicas", gain, price, "gain by price"], rows)

    def _cell(self, row: Any) -> str:
        if math.isnan(row["gain"]):
            return NOTHING
        if math.isnan(row["half_width"]):
            return "not shown"
        known = write(row["gain"], self._unit, row["half_width"])
        return known if row["shown"] else f"not shown ({known})"

    def _by_price(self, row: Any) -> str:
        if not row["shown"]:
            return NOTHING
        return f"{NOTHING} (free)" if row["price_per_hour"] == 0.0 else write(row["gain_per_price"], self._unit)

    def __repr__(self) -> str:
        return f"<NextReplica of {self.deployment}: {', '.join(map(str, self.table.index))}>"


def next_replica(
    topology: Topology,
    deployment: str = "microservices",
    *,
    quantity: str | None = None,
    objective: str | None = None,
    scale: Iterable[str] | None = None,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> NextReplica:
    """Say what one more replica of each unit would gain, from the sizes that the topology has now (rule 13.8).

    Parameters
    ----------
    deployment
        `microservices`, `monolith`, or one of the file's own.
    quantity
        One of `result.summary`, of all requests, instead of an objective; without slos latency_p99_s.
    objective
        An objective of the file to rank by, for example "checkout p99"; by default the one that is furthest beyond its
        limit, or nearest to it. Of one that is missed since too much was not served, its availability counts.
    scale
        Units, or services inside them; by default all units of kind service.
    seed, replications, duration, warmup, confidence, engine, executor
        As in `simulate`; two replications or more.
    progress
        Called with (finished, all) replications.

    Returns
    -------
    NextReplica
        Of the replications that all were finished, if a Ctrl-C came in between.

    Raises
    ------
    TopologyError, PlanError, EngineError
    """
    topology = with_settings(
        topology, seed=seed, replications=replications, duration=duration, warmup=warmup, confidence=confidence
    )
    lattice = make_lattice(topology, deployment, scale=scale, cores=None, max_replicas=1)
    refuse_one_replication(lattice.plan.settings.replications)
    if quantity is not None:
        check_quantity(quantity, KNOWN)
    now = lattice.own
    larger = [changed(now, unit, Option(option.replicas + 1, option.cpu)) for unit, option in enumerate(now)]
    plans = [lattice.compile(one) for one in (now, *larger)]
    asked = find_objective(plans[0], objective) if objective and quantity is None else None
    prepare_engine(engine, lattice, len(plans))
    detail = "summary" if quantity else detail_needed(plans[0])
    runs = run_plans(plans, engine=engine, detail=detail, executor=executor, progress=progress)
    if len(runs.traces[0]) < 2:
        raise KeyboardInterrupt
    gains = find_gains(plans, runs, quantity, asked)
    made = gains.now.provenance
    return NextReplica(
        topology=lattice.topology.name,
        deployment=deployment,
        quantity=gains.quantity,
        value=gains.value,
        confidence=made["confidence"],
        replications=made["replications"],
        currency=made["currency"],
        table=gain_table(lattice, gains.pairs, gains.quantity),
        interrupted=made["replications"] < made["replications_requested"],
        objective=gains.objective,
    )


def gain_table(lattice: Lattice, pairs: Sequence[Any], quantity: str) -> pd.DataFrame:
    """One row a unit, ranked; `pairs` are the differences that one more of each sized unit makes."""
    sign = 1.0 if quantity in MORE_IS_BETTER else -1.0
    rows = []
    for unit, (option, pair) in enumerate(zip(lattice.own, pairs, strict=True)):
        gain = sign * pair["difference"] + 0.0  # no minus zero
        price = lattice.replica_price[unit][option.cpu] if lattice.priced else math.nan
        rows.append((
            option.replicas, pair["baseline"], pair["other"], gain, pair["half_width"], gain - pair["half_width"],
            gain + pair["half_width"], bool(pair["shown"]), price, per_price(gain, price),
        ))  # fmt: skip
    table = pd.DataFrame(rows, index=pd.Index(lattice.sized, name="unit"), columns=list(COLUMNS))
    table["rank"] = rank(table)
    table["order"] = -(table["gain_per_price"] if lattice.priced else table["gain"])
    return table.sort_values(["rank", "order"], kind="stable").drop(columns="order")


def per_price(gain: float, price: float) -> float:
    """Gain by price; of what is free without end."""
    if price == 0.0:
        return math.copysign(math.inf, gain) if gain else 0.0
    return gain / price


def bounds(table: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Ends of the gains, per price where there are prices; nothing is known of an interval without ends."""
    prices = table["price_per_hour"].fillna(1.0)
    lows = [per_price(low, price) for low, price in zip(table["low"], prices, strict=True)]
    highs = [per_price(high, price) for high, price in zip(table["high"], prices, strict=True)]
    return (
        [-math.inf if math.isnan(low) else low for low in lows],
        [math.inf if math.isnan(high) else high for high in highs],
    )


def unbeaten(table: pd.DataFrame) -> pd.Series[bool]:
    """Which units have an interval that no other lies wholly above: any two of theirs overlap."""
    lows, highs = bounds(table)
    return pd.Series([high >= max(lows) for high in highs], index=table.index)


def rank(table: pd.DataFrame) -> list[int]:
    """From 1 on, by gain per price where there are prices; intervals that overlap have one rank, also by others."""
    lows, highs = bounds(table)
    ranks, place, reach = [0] * len(table), 0, math.inf
    for row in sorted(range(len(table)), key=lambda row: -highs[row]):
        if place == 0 or highs[row] < reach:
            place += 1
            reach = lows[row]
        reach = min(reach, lows[row])
        ranks[row] = place
    return ranks
