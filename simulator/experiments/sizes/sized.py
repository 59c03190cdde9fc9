"""What a sizing says: as a value, as text, as HTML."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ...answers import Answer, Answered, Table
from ...results import Results
from ...results.display import OBJECTIVE_HEAD, objective_rows
from ...spec import Topology
from ...words import NOTHING, column, headed, label, number

if TYPE_CHECKING:
    from .judging import Judge
    from .marginal import NextReplica

ROUNDING = 1e-9
"""Of prices: what differs by no more costs the same, added up in another order."""


@dataclass(frozen=True, eq=False)
class Capacity(Answered):
    """The cheapest size of a deployment that meets every objective, or the nearest one tried (section 13).

    Attributes
    ----------
    met
        Whether every objective is met: the upper end of its interval is not above the limit.
    replicas, cores
        By unit, of those too that keep their size: replicas, and cores of one replica.
    cost_per_hour
        Of everything in the deployment; NaN without prices.
    binding
        The objective that is missed with one replica less, for example "checkout p99" (rule 13.9); where nothing less
        is left, or none meets, the one that comes nearest to its limit, or is furthest beyond.
    reason
        In plain sentences: why this size, or why none is enough, and how sure that is.
    exact
        Whether every cheaper configuration is excluded (rule 13.6).
    interrupted
        Whether a Ctrl-C ended the search; this is the best until then.
    sized
        Units of which the size was searched.
    topology
        As sized: compiled or simulated, it gives `result`.
    tried
        One row a configuration that was simulated: its size, its price, its worst objective, and whether an objective
        is shown to be `missed`, by its whole interval.
    judge
        Who knows what was simulated, and can tell of more.
    may_cost
        A lower price, or number of cores, for which not everything is shown to miss an objective, though nothing was
        found that is met; infinite if none is known (rule 13.10).
    shown_missed
        Whether every size that may be tried is shown to miss an objective. Where neither this nor `met` is true, the
        runs were too few or too short to tell, or not every size was tried (rule 13.7).
    """

    met: bool
    deployment: str
    replicas: dict[str, int]
    cores: dict[str, float]
    cost_per_hour: float
    binding: str
    reason: str
    exact: bool
    interrupted: bool
    sized: tuple[str, ...]
    topology: Topology
    result: Results
    tried: pd.DataFrame
    judge: Judge
    may_cost: float = math.inf
    shown_missed: bool = False

    @property
    def state(self) -> str:
        """Of the objectives: met, not met (shown to be missed), or not shown to be either."""
        return "met" if self.met else "not met" if self.shown_missed else "not shown"

    def next_replica(self, **settings: Any) -> NextReplica:
        """What one more replica of each sized unit would gain from here, by what binds: as `simulator.next_replica`."""
        from .marginal import next_replica

        chosen = {"scale": self.sized} | ({} if "quantity" in settings else {"objective": self.binding})
        return next_replica(self.topology, self.deployment, **(chosen | settings))

    def costs_more_than(self, price: float) -> bool:
        """Whether everything that is as cheap per hour is shown to miss an objective; it may simulate a few sizes."""
        from .dearer import shown_to_cost_more

        saving = self.cost_per_hour - price
        return saving > ROUNDING and self.judge.lattice.priced and shown_to_cost_more(self.judge, saving)

    def answer(self) -> Answer:
        """The size, what it costs, which objectives it meets, and why it is this one."""
        made = self.result.provenance
        missed = "misses an objective" if self.shown_missed else "is not shown to meet every objective"
        names = (
            "met", "deployment", "replicas", "cores", "cost_per_hour", "binding", "reason", "exact", "interrupted",
            "shown_missed", "sized", "tried", "result",
        )  # fmt: skip
        return Answer(
            headline=f"{made['topology']} as {self.deployment}, sized: it "
            f"{'meets every objective' if self.met else missed}",
            sections=((self._table(),), (Table(OBJECTIVE_HEAD, objective_rows(self.result), 2),)),
            warnings=self.result.warnings,
            finding=self.reason,
            content={name: getattr(self, name) for name in names},
        )

    def _table(self) -> Table:
        units, services = self.result.units, self.result.services
        currency = self.result.provenance["currency"]
        external = set(services.loc[services["kind"] == "external", "unit"])
        ours = [name for name in self.replicas if name not in external]
        size = {name: [number(self.replicas[name]), number(self.cores[name])] for name in ours}
        total = sum(self.replicas[name] * self.cores[name] for name in ours)
        sizes = [size.get(name, [NOTHING, NOTHING]) for name in units.index]
        return Table.of_columns(
            ["unit", *(name if name in self.sized else f"{name} (kept)" for name in units.index), "together"],
            ["replicas", *(many for many, _ in sizes), number(sum(self.replicas[name] for name in ours))],
            ["cores each", *(cores for _, cores in sizes), f"{number(total)} in all"],
            [*headed("utilisation", "utilisation_ratio", units["utilisation_ratio"].tolist()), ""],
            [label("cost_per_hour", currency), *column([*units["cost_per_hour"], self.cost_per_hour])],
        )

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}={self.replicas[name]}" for name in self.sized)
        return f"<Capacity of {self.deployment}: {self.state}, {sizes}>"
