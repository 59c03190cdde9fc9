"""Configurations, simulated once each and judged by the objectives (rule 13.2); what is known of the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ...plan.layout import UNLIMITED
from ...plan.plan import Plan
from ...results import Results
from ...results.objectives import ERRORS, detail_needed
from ..replicate import Progress
from ..simulation import simulate_plans
from .lattice import Configuration, Key, Lattice, is_below

CLEAR = 1.02
"""Upper end by limit above which a failure excludes what is below it: less may be chance (rule 13.5)."""
ENOUGH = 65_536
"""Cores of a replica with which nobody waits."""
FRESH = 2**62
"""What is added to a seed for other requests."""
SMALLEST = 1e-9
"""What an upper end is divided by, where the limit is 0."""


@dataclass(frozen=True)
class Trial:
    """What one configuration showed. `ratio` is the largest upper end by its limit; above 1 an objective is missed.

    `busy` and `queue` are the utilisation and the mean number waiting, of each sized unit; `behind` is a sized unit
    whose queue grew to the end; `misses` is whether an objective is shown to be missed, by its whole interval.
    """

    configuration: Configuration
    key: Key
    met: bool
    ratio: float
    objective: str
    value: float
    high: float
    limit: float
    cost_per_hour: float
    busy: tuple[float, ...]
    queue: tuple[float, ...]
    behind: str = ""
    misses: bool = False

    @property
    def clear(self) -> bool:
        """Whether it fails by so much that what is below it fails too."""
        return self.ratio > CLEAR

    @property
    def rank(self) -> tuple[float, int, float, Configuration]:
        """What orders configurations that meet every objective, the best first (rule 13.3)."""
        price, replicas, configuration = self.key
        return price, replicas, self.ratio, configuration

    @property
    def nearness(self) -> tuple[float, float, Key]:
        """What orders configurations that fail, the best first: what is hardly nearer may not cost more.

        By the upper end; where none could be told, by the value.
        """
        beyond = self.value / max(self.limit, SMALLEST) if math.isinf(self.ratio) else 0.0
        return round(self.ratio, 2), math.inf if math.isnan(beyond) else round(beyond, 2), self.key


def objective_label(row: pd.Series | dict[str, object]) -> str:
    """`checkout p99`."""
    return f"{row['slo']} {row['quantity']}"


def worst_objective(result: Results) -> tuple[float, dict[str, object]]:
    """The objective whose upper end is highest by its limit, and that ratio; infinity for one that cannot be judged."""
    rows = rows_of(result)
    ratios = [ratio_of(row) for row in rows]
    worst = max(range(len(rows)), key=lambda number: ratios[number])
    return ratios[worst], {str(key): value for key, value in rows[worst].items()}


def shown_miss(result: Results) -> dict[str, object] | None:
    """Of the objectives that are shown to be missed the worst: its whole interval is above the limit, or there is none.

    So is one of which too much was surely not served (rule 11.15). None if no objective is shown to be missed.
    """
    missed = [row for row in rows_of(result) if misses(row)]
    return {str(key): value for key, value in max(missed, key=ratio_of).items()} if missed else None


def misses(row: Mapping[Any, Any]) -> bool:
    """Whether an objective is shown to be missed."""
    if math.isnan(float(row["high"])) or float(row["low"]) > float(row["limit"]):
        return True
    return not row["met"] and not row["straddles"]


def unserved(row: Mapping[Any, Any]) -> bool:
    """Whether more than a latency allows was not served, or that is not sure (rule 11.15)."""
    if row["quantity"] == ERRORS:
        return False
    value_met = float(row["value"]) <= float(row["limit"])
    return bool(value_met and not row["met"]) or bool(row["straddles"] and not _holds_limit(row))


def _holds_limit(row: Mapping[Any, Any]) -> bool:
    return float(row["low"]) <= float(row["limit"]) <= max(float(row["high"]), float(row["value"]))


def falling_behind(result: Results, sized: Sequence[str]) -> str:
    """A sized unit of which a service was seen to fall behind, its queue growing to the end; empty if there is none."""
    units = result.services["unit"]
    grown = [name for name in units.index if any(f"{name} is unstable: " in text for text in result.warnings)]
    return next((name for name in sized if name in set(units[grown])), "")


def worst_together(own: Sequence[Any], others: Sequence[Any]) -> dict[str, Any]:
    """The worst objective of two independent results, by their rows: the means, each with the interval of the mean."""
    rows = []
    for row, other in zip(own, others, strict=True):
        maximum = is_maximum(str(row["quantity"]))
        value = max(row["value"], other["value"]) if maximum else (row["value"] + other["value"]) / 2.0
        above = math.hypot(row["high"] - row["value"], other["high"] - other["value"]) / 2.0
        kept = other if other["reason"] else row  # what was not served either time
        rows.append({str(key): one for key, one in kept.items()} | {"value": value, "high": value + above})
    return max(rows, key=ratio_of)


def rows_of(result: Results) -> list[Any]:
    """One an objective.

    The value of all replications together may lie above the interval of their own values: then it is the upper end.
    A maximum has no interval: it is judged by what was seen, with no confidence (rule 13.2).
    """
    objectives = result.objectives
    known = np.array([not is_maximum(str(quantity)) for quantity in objectives["quantity"]], np.bool_)
    value = objectives["value"]
    low, high = (objectives[end].where(known, value) for end in ("low", "high"))
    objectives = objectives.assign(low=low)
    return objectives.assign(high=high.where(~(value > high), value)).to_dict(orient="records")


def is_maximum(quantity: str) -> bool:
    """Whether an objective is of the longest latency of all."""
    return quantity.startswith("p") and float(quantity[1:]) >= 100.0


def ratio_of(row: Mapping[Any, Any]) -> float:
    """Upper end by limit."""
    high, limit = float(row["high"]), float(row["limit"])
    if math.isnan(high):
        return math.inf
    if unserved(row):
        return max(high / max(limit, SMALLEST), math.nextafter(1.0, 2.0), 2.0 - float(row["served_ratio"]))
    if high <= limit:
        return min(1.0, high / max(limit, SMALLEST))
    return max(high / max(limit, SMALLEST), math.nextafter(1.0, 2.0))


def without_waiting(plan: Plan) -> Plan:
    """The plan with cores and slots for everybody; the speed of a core stays."""
    units = plan.units
    unlimited = np.full_like(units.concurrency, UNLIMITED)
    roomy = replace(units, cores=np.full_like(units.cores, ENOUGH), concurrency=unlimited, queue_capacity=unlimited)
    return replace(plan, units=roomy)


class Judge:
    """Simulates a configuration when it is first asked for, and remembers what it said.

    `all_compared` is whether none that costs as much as the best was left out: it could have more room; `all_tried`
    that there is none that was not simulated.
    """

    def __init__(self, lattice: Lattice, *, engine: str, executor: Executor | None, progress: Progress | None) -> None:
        self.lattice = lattice
        self.trials: dict[Configuration, Trial] = {}
        self.best: Trial | None = None
        self.nearest: Trial | None = None
        self.expected = 1
        self.all_compared = True
        self.all_tried = False
        self._runs = 0
        self._failed: list[Configuration] = []
        self._met: list[Configuration] = []
        self._strict = False  # whether what is met is judged together with other requests at once
        self._rows: dict[Configuration, list[Any]] = {}  # of the objectives, of what is met by its own requests
        self._results: dict[bool, Results | None] = {}
        self._engine, self._executor = engine, executor
        self._report: Callable[[float, int], None] = progress or (lambda done, total: None)
        self._detail = detail_needed(lattice.plan)

    @property
    def chosen(self) -> Trial:
        """The best configuration that meets every objective; where none does, the one that comes nearest."""
        trial = self.best or self.nearest
        if trial is None:
            raise KeyboardInterrupt
        return trial

    @property
    def result(self) -> Results:
        """What the chosen one showed; simulated again where it was not kept."""
        trial = self.chosen
        result = self._results[trial.met] or self.simulate(self.lattice.compile(trial.configuration), self._detail)
        self._results[trial.met] = result
        return result

    @property
    def confirmed(self) -> bool:
        """Whether the best one was simulated again, with other requests."""
        return self._strict and self.best is not None

    def __call__(self, configuration: Configuration) -> Trial:
        """What a configuration shows.

        Raises
        ------
        KeyboardInterrupt
            If a Ctrl-C cut it off: then nothing is said of it.
        """
        if configuration not in self.trials:
            result = self.simulate(self.lattice.compile(configuration), self._detail)
            trial = self._try(configuration, result)
            if trial.met:
                self._rows[configuration] = rows_of(result)
            self._remember(self._with_others(trial) if trial.met and self._strict else trial, result)
        return self.trials[configuration]

    def finish(self) -> None:
        """Report no more: nobody waits for what is asked from now on."""
        self._report = lambda done, total: None

    def simulate(self, plan: Plan, detail: str) -> Results:
        """A plan of these requests, all its replications or none."""
        done, total = self._runs, self._runs + max(1, self.expected)
        (result,) = simulate_plans(
            [plan], engine=self._engine, detail=detail, executor=self._executor,
            progress=lambda part, whole: self._report(done + part / whole, total),
        )  # fmt: skip
        if result.provenance["replications"] < plan.settings.replications:
            raise KeyboardInterrupt
        self._runs += 1
        return result

    @cached_property
    def unhindered(self) -> tuple[Plan, Results]:
        """The largest configuration with cores and slots for everybody: what no replica mends (rule 13.7)."""
        plan = without_waiting(self.lattice.compile(self.lattice.top))
        return plan, self.simulate(plan, self._detail)

    def _try(self, configuration: Configuration, result: Results) -> Trial:
        ratio, row = worst_objective(result)
        units = result.units.loc[list(self.lattice.sized)]
        if behind := falling_behind(result, self.lattice.sized):
            ratio = max(ratio, CLEAR + float(units["queue_length"].max()))
        return Trial(
            configuration, self.lattice.key(configuration), ratio <= 1.0, ratio, objective_label(row),
            float(str(row["value"])), float(str(row["high"])), float(str(row["limit"])),
            float(result.summary["cost_per_hour"]),
            tuple(np.nan_to_num(units["utilisation_ratio"].to_numpy(np.float64)).tolist()),
            tuple(units["queue_length"].to_numpy(np.float64).tolist()),
            behind, bool(behind) or shown_miss(result) is not None,
        )  # fmt: skip

    def _remember(self, trial: Trial, result: Results | None) -> None:
        self.trials[trial.configuration] = trial
        if trial.met:
            self._met.append(trial.configuration)
        elif trial.clear:
            self._failed.append(trial.configuration)
        if trial.met and (self.best is None or trial.rank < self.best.rank):
            self.best, self._results[True] = trial, result
        if not trial.met and (self.nearest is None or trial.nearness < self.nearest.nearness):
            self.nearest, self._results[False] = trial, result

    def confirm(self) -> bool:
        """Whether the best one also meets every objective together with other requests, as many (rule 13.2).

        It was chosen for what it showed, which may be luck. If it was, the best is the next one that is met so too, or
        none; and from then on every one is judged by both at once.
        """
        assert self.best is not None
        if self._strict:
            return True
        again = self._with_others(self.best)
        self._strict = True
        if again.met:
            return True
        met = sorted((self.trials[one] for one in self._met), key=lambda one: one.rank)
        lucky, self.best = self._results.pop(True), None
        self._take_back(again, lucky)
        for trial in met[1:]:
            again = self._with_others(trial)
            if again.met:
                self.best, self._results[True] = again, None
                break
            self._take_back(again, None)
        return False

    def _with_others(self, trial: Trial) -> Trial:
        """The trial, which is met, judged together with other requests."""
        plan = self.lattice.compile(trial.configuration)
        settings = replace(plan.settings, seed=(plan.settings.seed + FRESH) % 2**63)
        again = self.simulate(replace(plan, settings=settings), self._detail)
        row = worst_together(self._rows[trial.configuration], rows_of(again))
        if ratio_of(row) <= 1.0 and not falling_behind(again, self.lattice.sized):
            return trial
        return replace(
            trial, met=False, ratio=max(ratio_of(row), math.nextafter(1.0, 2.0)), objective=objective_label(row),
            value=float(row["value"]), high=float(row["high"]), limit=float(row["limit"]),
        )  # fmt: skip

    def _take_back(self, trial: Trial, result: Results | None) -> None:
        """Let a configuration fail that was met."""
        self._met.remove(trial.configuration)
        self._remember(trial, result)

    def fails(self, configuration: Configuration) -> bool:
        """Whether it is known to fail, by a run or by rule 13.5."""
        if configuration in self.trials:
            return not self.trials[configuration].met
        return any(is_below(configuration, one) for one in self._failed)

    def meets(self, configuration: Configuration) -> bool:
        """Whether one below it meets every objective, or it itself."""
        return any(is_below(one, configuration) for one in self._met)

    def excludes(self, configuration: Configuration) -> bool:
        """Whether all below it fail: known without a run where possible; what is surely met needs none either."""
        if any(is_below(configuration, one) for one in self._failed):
            return True
        return not self.meets(configuration) and self(configuration).clear


def best_of(judge: Judge) -> Trial:
    """The best configuration, where one is known."""
    assert judge.best is not None
    return judge.best
