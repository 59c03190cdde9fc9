"""Where the answer changes: which of two deployments is cheaper, over two things that may be otherwise."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final, TypeVar

import pandas as pd

from ...answers import Answer, Table
from ...compiler import UnitSize, compile_topology
from ...errors import PlanError
from ...plan.plan import Plan
from ...spec import Topology
from ...words import count, join, number
from ..engines import EngineName
from ..replicate import Progress
from ..simulation import with_settings
from ..sizes.lattice import check_cores, sized_rows
from ..sizes.sized import Capacity
from ..sizes.sizing import capacity
from ..sweeps.axes import DEPLOYMENT, SEED, cell, read_axes
from .curve import Curve
from .points import in_steps, measured, unique
from .prices import claim, judge, price_column, size_columns, state_of, tell_apart, unsure_words
from .scaling import finished, sizing_options
from .warned import Warned, gather
from .words import limits_in_words, percent

SIZES: Final = (".replicas", ".resources.cpu")
"""Ends of the paths of sizes."""
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class BreakEven(Curve):
    """Two deployments, sized to the same objectives in every cell of a map.

    Attributes
    ----------
    cells
        One row a cell: the values of both axes by path, `kind` (`cheaper`; `same`: no difference is shown; `only`: the
        other one cannot meet the objectives; `none`: neither can), `winner` (empty where there is none), and
        `saving_ratio`, what the cheaper one saves of the other's price (NaN where one cannot meet the objectives), and
        `shown`: of `only` and `none`, whether what does not meet the objectives is shown to miss them.
    table
        One row a cell and deployment: the values by path, `deployment`, `met`, then as in `scaling_curve`
        `shown_missed`, `replicas`, `cores`, `memory_bytes`, `all_cores`, `cost_per_hour`, `cost_low_per_hour`,
        `all_cores_low`, latency_p99_s and its half width, `sizes`, `binding`, `reason`.
    axes
        Values by path: the first path goes to the right, the second upwards.
    price
        The column that says what is cheaper: `cost_per_hour`, or `all_cores` where a cell has no prices or nothing
        costs anything.
    objectives
        What both are sized to, in words; from the lowest to the highest limit where an axis changes it.
    confidence, replications
        None where an axis changes it.
    interrupted
        Whether a Ctrl-C left cells out.
    """

    cells: pd.DataFrame
    axes: dict[str, tuple[object, ...]]
    deployments: tuple[str, str]
    price: str
    objectives: tuple[str, ...]
    confidence: float | None
    replications: int | None

    @property
    def headline(self) -> str:
        """How many cells each one wins, in a line."""
        return f"{self.topology}: {_counted(self)}"

    @property
    def finding(self) -> str:
        """What the map says."""
        best = []
        for name in self.deployments:
            won = self.cells[(self.cells["winner"] == name) & (self.cells["kind"] == "cheaper")]
            if not won.empty:
                best.append(f"{name} by up to {percent(won['saving_ratio'].max())}")
        return f"At equal objectives ({join(self.objectives)}), {_counted(self)}{'; ' + join(best) if best else ''}."

    @property
    def compared(self) -> tuple[str, str]:
        """The deployments."""
        return self.deployments

    def answer(self) -> Answer:
        """What both deployments take in each cell, and which is cheaper there."""
        many = "replications differ by cell"
        if self.replications is not None:
            many = f"{count(self.replications, 'replication')} each"
        names = short_paths(*self.axes)
        unsure = unsure_words(self.table, self.price, "in", "cells")
        where = [f"{name}: {path}" for name, path in zip(names, self.axes, strict=True) if name != path]
        return self._answer(
            f"{'cost per hour' if self.price == 'cost_per_hour' else 'cores'}, "
            f"sized to {join(self.objectives)} in every cell, {many}", where, (self._table(names),), unsure,
            axes=self.axes, deployments=self.deployments, price=self.price, objectives=self.objectives,
            confidence=self.confidence, replications=self.replications, cells=self.cells,
        )  # fmt: skip

    def _table(self, names: Sequence[str]) -> Table:
        first, second = self.axes
        rows = []
        for one in self.cells.to_dict(orient="records"):
            here = self.table[_rows_of(self.table, first, one) & _rows_of(self.table, second, one)]
            made = {str(row["deployment"]): row for row in here.to_dict(orient="records")}
            sized = [made[name] for name in self.deployments]
            told = [number(row[self.price]) if row["met"] else state_of(row) for row in sized]
            rows.append([str(one[first]), str(one[second]), *told, cell_words(one)])
        return Table([*names, *self.deployments, "verdict"], rows, 2)


def break_even(
    topology: Topology,
    axes: Mapping[str, object],
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
) -> BreakEven:
    """Size two deployments to the file's objectives in every cell of a map, and see which is cheaper where.

    That one is cheaper is said where its price is below what the other would cost if meeting the objectives by the
    estimate were enough, instead of with confidence. Else no difference is shown.

    Parameters
    ----------
    axes
        Two paths, each with its values, as in `Topology.replace`: {"network.latency": ["0ms", "1ms"],
        "workload.shoppers.rate": "50/s:200/s:50/s"}; texts are read as in `sweep`.
    deployments
        Two.
    scale, cores, max_replicas
        As in `capacity`.
    seed, replications, duration, warmup, confidence, engine, executor, progress
        As in `simulate`.

    Returns
    -------
    BreakEven
        Of the cells that were finished, if a Ctrl-C came in between.

    Raises
    ------
    TopologyError, EngineError
    PlanError
        Also if there are not two axes or not two deployments, if the sizing overwrites what an axis varies, or the file
        has no slos.
    """
    names = unique(deployments)
    if len(names) != 2:
        raise PlanError("break_even needs two different deployments, for example microservices and monolith")
    values = _read_axes(axes)
    topology = with_settings(
        topology, seed=seed, replications=replications, duration=duration, warmup=warmup, confidence=confidence
    )
    (first, across), (second, upwards) = values.items()
    places = [{first: x, second: y} for y in upwards for x in across]
    changed = [topology.replace(place) for place in places]
    plans = [compile_topology(one, name) for one in changed for name in names]
    _refuse_overwritten(topology, values, names, scale, cores)
    how = sizing_options(scale, cores, max_replicas) | {"engine": engine, "executor": executor}

    made: list[Capacity] = []

    def size(step: tuple[int, str], report: Progress) -> None:
        made.append(finished(capacity(changed[step[0]], step[1], progress=report, **how)))
        if step[1] == names[1]:
            made[-2:] = tell_apart(made[-2:])

    steps = [(number, name) for number in range(len(places)) for name in names]
    for _ in in_steps(steps, size, progress):
        pass
    whole = len(made) - len(made) % 2
    if not whole:
        raise KeyboardInterrupt
    rows = [_row(places[steps[at][0]], steps[at][1], made[at]) for at in range(whole)]
    table = _frame(rows, values)
    price = price_column(table["cost_per_hour"])
    judged = plans[:whole]
    return BreakEven(
        topology=topology.name,
        cells=_cells(places, rows, price),
        table=table,
        axes={path: tuple(cell(value) for value in given) for path, given in values.items()},
        deployments=(names[0], names[1]),
        price=price,
        objectives=limits_in_words([plan.objectives for plan in judged]),
        confidence=_common([plan.settings.confidence for plan in judged]),
        replications=_common([plan.settings.replications for plan in judged]),
        interrupted=whole < len(steps),
        warnings=_warnings(places, names, made[:whole]),
    )


def _warnings(
    places: Sequence[Mapping[str, object]], names: Sequence[str], made: Sequence[Capacity]
) -> tuple[str, ...]:
    """What the runs of the sizes that were found warn of, by deployment and cell."""
    given = [
        Warned(name, at, one.result.warnings)
        for place, name in enumerate(names)
        for at, one in enumerate(made[place :: len(names)])
    ]
    return gather(given, lambda cells: _in_cells(places, cells))


def _in_cells(places: Sequence[Mapping[str, object]], cells: Sequence[int]) -> str:
    """`at 1Gi, 40/s` of a cell, the number of several."""
    if len(cells) > 1:
        return f"in {len(cells)} cells"
    return f"at {', '.join(str(cell(value)) for value in places[cells[0]].values())}"


def _read_axes(axes: Mapping[str, object]) -> dict[str, tuple[object, ...]]:
    if not isinstance(axes, Mapping) or len(axes) != 2:
        raise PlanError(
            f"a map has two axes, found {len(axes)}: give two paths, each with its values, "
            "for example network.latency and network.serialization"
        )
    values = {}
    for axis in read_axes(axes):
        if axis.path in (DEPLOYMENT, SEED):
            raise PlanError(f"{axis.path} is no axis of a map: give the path of a value of the file")
        if axis.span is not None:
            raise PlanError(f"{axis.path}: a map needs values, such as 1ms,5ms or 1ms:9ms:2ms, not a span")
        if any(same(one, other) for one, other in combinations(axis.values, 2)):
            raise PlanError(f"{axis.path}: a value is there twice: leave one of them out")
        values[axis.path] = axis.values
    return values


def _refuse_overwritten(
    topology: Topology,
    axes: Mapping[str, Sequence[object]],
    names: Sequence[str],
    scale: Sequence[str] | None,
    cores: Sequence[float] | None,
) -> None:
    """Refuse an axis whose values are nothing but sizes that the sizing chooses itself, in both deployments."""
    beside = {path: values[0] for path, values in axes.items()}
    for path, values in axes.items():
        cells = [topology.replace(beside | {path: value}) for value in values]
        if len(cells) == 1:
            cells.append(topology.replace({other: value for other, value in beside.items() if other != path}))
        plans = {(name, compile_topology(one, name).digest()) for name in names for one in cells}
        sized = {(name, _at_one_size(one, name, scale, cores).digest()) for name in names for one in cells}
        varied = len(plans) > len(names) or (len(values) > 1 and path.endswith(SIZES))
        if varied and len(sized) == len(names):
            raise PlanError(
                f"axes.{path}: the sizing chooses this itself, so that the axis acts neither in {names[0]} nor in"
                f" {names[1]}: leave the axis out and vary something else, or name the units to be sized in scale"
            )


def _at_one_size(
    topology: Topology, deployment: str, scale: Sequence[str] | None, cores: Sequence[float] | None
) -> Plan:
    """The plan with one and the same size for whatever the sizing may change."""
    plan, candidates = compile_topology(topology, deployment), check_cores(cores)
    units = plan.units
    sizes = {
        units.name[row]: UnitSize(1, candidates[0] if candidates else float(units.cpu[row]))
        for row in sized_rows(plan, scale)
    }
    return compile_topology(topology, deployment, sizes=sizes)


def _row(place: Mapping[str, object], name: str, sized: Capacity) -> dict[str, Any]:
    return {
        **{path: cell(value) for path, value in place.items()},
        "deployment": name,
        "met": sized.met,
        "shown_missed": sized.shown_missed,
        **size_columns(sized, compile_topology(sized.topology, name)),
        **measured(sized.result, ("latency_p99_s",)),
        "sizes": ", ".join(f"{unit} {sized.replicas[unit]}" for unit in sized.sized),
        "binding": sized.binding,
        "reason": sized.reason,
    }


def _cells(places: Sequence[Mapping[str, object]], rows: Sequence[dict[str, Any]], price: str) -> pd.DataFrame:
    cells = []
    for place, at in zip(places, range(0, len(rows), 2), strict=False):
        verdict = judge(rows[at : at + 2], price)
        cells.append({path: cell(value) for path, value in place.items()} | asdict(verdict))
    return _frame(cells, places[0])


def _frame(rows: Sequence[dict[str, Any]], paths: Iterable[str]) -> pd.DataFrame:
    """A table in which the values of the axes are as they were given."""
    table = pd.DataFrame(rows)
    for path in paths:
        given = [row[path] for row in rows]
        # pandas would turn 1 beside 0.5 into 1.0, which is no value of the axis.
        if len(set(map(type, given))) > 1:
            table[path] = pd.Series(given, index=table.index, dtype=object)
    return table


def _rows_of(table: pd.DataFrame, path: str, cell: Mapping[Any, Any]) -> pd.Series[bool]:
    return table[path].map(lambda value: same(value, cell[path])).astype(bool)


def same(one: object, other: object) -> bool:
    """Whether two values of an axis are one: 1 and 1.0 are, and so are 1 and the text of it."""
    return one == other or str(one) == str(other)


def _common(values: Sequence[Number]) -> Number | None:
    """The value of all, if they have one."""
    return values[0] if len(set(values)) == 1 else None


# -- in words


def short_paths(first: str, second: str) -> tuple[str, str]:
    """The last part of two paths, and as many before it as tell them apart."""
    one, other = first.split("."), second.split(".")
    for parts in range(1, max(len(one), len(other))):
        if one[-parts:] != other[-parts:]:
            return ".".join(one[-parts:]), ".".join(other[-parts:])
    return first, second


def _counted(curve: BreakEven) -> str:
    """How many cells end how: the most frequent first."""
    endings = ((str(one["kind"]), str(one["winner"]), is_shown(one)) for one in curve.cells.to_dict(orient="records"))
    whole, number = len(curve.cells), Counter(endings).most_common()
    said = [(claim(kind, winner, curve.price, shown=shown), count) for (kind, winner, shown), count in number]
    if len(said) == 1:
        every = "all" if number[0][0][1] else "any of the"
        return said[0][0] if whole == 1 else f"{said[0][0]} in {every} {whole} cells"
    (first, count), *rest = said
    return join([f"{first} in {count} of {whole} cells", *(f"{words} in {count}" for words, count in rest)])


def is_shown(cell: Mapping[Any, Any]) -> bool:
    """Whether what does not meet the objectives in a cell is shown to miss them."""
    return bool(cell.get("shown", True))


def cell_words(cell: Mapping[Any, Any]) -> str:
    """What a cell says, in a few words."""
    shown = "" if is_shown(cell) else " is shown"
    if cell["kind"] == "none":
        return f"neither{shown}"
    if cell["kind"] == "only":
        return f"only {cell['winner']}{shown}"
    if cell["kind"] == "same":
        return "no difference shown"
    saving, winner = float(cell["saving_ratio"]), str(cell["winner"])
    return winner if math.isnan(saving) else f"{winner} by {percent(saving)}"
