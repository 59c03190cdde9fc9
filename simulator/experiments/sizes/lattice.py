"""What a sizing may choose from (rules 13.1 and 13.3): options of each unit, their prices, which is below which."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...compiler import UnitSize, compile_topology, napkin
from ...errors import PlanError
from ...plan.layout import Kind, Shape
from ...plan.plan import Plan
from ...results.cost import unit_costs
from ...spec import Topology
from ...spec.mistakes import dotted
from .doubts import Doubt, find_doubts
from .surely import may_be_always_busy, sure_loads

DIGITS = 12
"""Significant digits of a price: sums of the same prices in another order differ in the last bit."""


class Option(NamedTuple):
    """Replicas of one unit, and the cores of one of them."""

    replicas: int
    cpu: float


Configuration = tuple[Option, ...]
"""An option of each sized unit, in the order of the plan."""
Key = tuple[float, int, Configuration]
"""What orders configurations before any run: price, replicas in all, the configuration itself (rule 13.3)."""


def is_below(one: Sequence[Option], other: Sequence[Option]) -> bool:
    """Whether one has no more replicas and no more cores a replica than the other, in any unit."""
    return all(a.replicas <= b.replicas and a.cpu <= b.cpu for a, b in zip(one, other, strict=True))


@dataclass(frozen=True)
class Lattice:
    """All configurations of a deployment.

    Attributes
    ----------
    sized
        Names of the sized units, in the order of the plan.
    choices
        Cores of one replica that may be chosen, by unit, ascending.
    needed
        Fewest replicas that are not sure to fall behind at the peak, by unit and cores (rule 13.4).
    replica_price
        Per hour, by unit and cores; number of cores, where no replica has a price.
    steady
        Whether no rate changes, so that what is sure to fall behind is excluded.
    likely
        Fewest replicas that keep up with the loads that are expected: where the search begins; if not given, those
        needed.
    doubts
        Why more may hurt (rule 13.5).
    own
        The sizes that the file has; none, if not given.
    """

    topology: Topology
    deployment: str
    plan: Plan
    sized: tuple[str, ...]
    choices: tuple[tuple[float, ...], ...]
    needed: tuple[Mapping[float, int], ...]
    replica_price: tuple[Mapping[float, float], ...]
    priced: bool
    steady: bool
    max_replicas: int
    likely: tuple[Mapping[float, int], ...] = ()
    doubts: tuple[Doubt, ...] = ()
    own: Configuration = ()

    @cached_property
    def options(self) -> tuple[tuple[Option, ...], ...]:
        """What each unit may have, the best first; empty where `max_replicas` are too few for it to be stable."""
        return tuple(
            tuple(sorted(
                (Option(replicas, cpu) for cpu in choices for replicas in range(self._fewest(unit, cpu),
                                                                                self.max_replicas + 1)),
                key=lambda option: self._option_key(unit, option),
            ))
            for unit, choices in enumerate(self.choices)
        )  # fmt: skip

    def _fewest(self, unit: int, cpu: float) -> int:
        return self.needed[unit][cpu] if self.steady else 1

    def _option_key(self, unit: int, option: Option) -> tuple[float, int, Option]:
        return self.price_of(unit, option), option.replicas, option

    def price_of(self, unit: int, option: Option) -> float:
        """Per hour, of one sized unit."""
        return rounded(option.replicas * self.replica_price[unit][option.cpu])

    def price(self, configuration: Configuration) -> float:
        """Per hour, of all sized units; cores, where nothing has a price."""
        return rounded(math.fsum(self.price_of(unit, option) for unit, option in enumerate(configuration)))

    def key(self, configuration: Configuration) -> Key:
        """What orders configurations, the best first; of equal price and replicas a run tells (`Trial.rank`)."""
        return self.price(configuration), sum(option.replicas for option in configuration), configuration

    @property
    def start(self) -> Configuration:
        """The best configuration that is expected to keep up at the peak, as far as `max_replicas` allow."""
        return tuple(
            min(
                (Option(min(likely[cpu], self.max_replicas), cpu) for cpu in self._enough(unit, likely)),
                key=lambda option: self._option_key(unit, option),
            )
            for unit, likely in enumerate(self.likely or self.needed)
        )

    def _enough(self, unit: int, likely: Mapping[float, int]) -> Sequence[float]:
        """Cores of a replica with which the unit may keep up; the most there are, if with none."""
        return [cpu for cpu in self.choices[unit] if likely[cpu] <= self.max_replicas] or self.choices[unit][-1:]

    def allows(self, configuration: Configuration) -> bool:
        """Whether it may be chosen."""
        options = self.options if configuration else ()
        return bool(options) and all(one in some for one, some in zip(configuration, options, strict=True))

    @property
    def top(self) -> Configuration:
        """The largest configuration."""
        return tuple(Option(self.max_replicas, choices[-1]) for choices in self.choices)

    def doubled(self, configuration: Configuration) -> Configuration:
        """Twice the replicas of every unit, or the next more cores, where these are the most."""
        return tuple(self._larger(unit, option, option.replicas) for unit, option in enumerate(configuration))

    def _larger(self, unit: int, option: Option, step: int) -> Option:
        if option.replicas < self.max_replicas:
            return Option(min(option.replicas + step, self.max_replicas), option.cpu)
        place = self.choices[unit].index(option.cpu)
        return Option(option.replicas, self.choices[unit][min(place + 1, len(self.choices[unit]) - 1)])

    def around(self, configuration: Configuration) -> list[Configuration]:
        """Configurations with one replica less or more in one unit, the smaller ones first, as far as options go."""
        found = []
        for step in (-1, 1):
            for unit, option in enumerate(configuration):
                other = Option(option.replicas + step, option.cpu)
                if other in self.options[unit]:
                    found.append(changed(configuration, unit, other))
        return found

    def lessened(self, configuration: Configuration) -> list[tuple[int, Configuration]]:
        """Configurations with a replica less in one unit, or of one replica the next fewer cores, and which unit."""
        found = []
        for unit, option in enumerate(configuration):
            if option.replicas > 1:
                found.append((unit, changed(configuration, unit, Option(option.replicas - 1, option.cpu))))
            elif fewer := [cpu for cpu in self.choices[unit] if cpu < option.cpu]:
                found.append((unit, changed(configuration, unit, Option(1, fewer[-1]))))
        return found

    def raised(self, configuration: Configuration, step: int = 1) -> list[tuple[int, Configuration]]:
        """Configurations in which one unit has some replicas more, or the next more cores, and which unit that is."""
        found = []
        for unit, option in enumerate(configuration):
            steps = []
            if option.replicas < self.max_replicas:
                steps.append(Option(min(option.replicas + step, self.max_replicas), option.cpu))
            place = self.choices[unit].index(option.cpu)
            steps += [Option(option.replicas, cpu) for cpu in self.choices[unit][place + 1 : place + 2]]
            found += [(unit, changed(configuration, unit, one)) for one in steps]
        return found

    def sizes(self, configuration: Configuration) -> dict[str, UnitSize]:
        """By name, for the compiler."""
        return {name: UnitSize(*option) for name, option in zip(self.sized, configuration, strict=True)}

    def compile(self, configuration: Configuration) -> Plan:
        """The plan of a configuration."""
        return compile_topology(self.topology, self.deployment, sizes=self.sizes(configuration))

    def resized(self, configuration: Configuration) -> Topology:
        """The topology with a configuration written into it; compiled, it is the plan of `compile`."""
        changes: dict[str, object] = {}
        for name, option in zip(self.sized, configuration, strict=True):
            cpu: float = int(option.cpu) if option.cpu >= 1.0 else option.cpu
            written = self.topology.deployments.get(self.deployment)
            if written is not None and name in written.units:
                path = dotted(("deployments", self.deployment, "units", name))
            elif name in self.topology.services and self.deployment != name:
                path = dotted(("services", name))
            else:
                unit = {"services": self._members(name), "replicas": option.replicas, "resources": {"cpu": cpu}}
                changes[dotted(("deployments", self.deployment))] = {"units": {name: unit}}
                continue
            changes[f"{path}.replicas"] = option.replicas
            changes[f"{path}.resources.cpu"] = cpu
        return self.topology.replace(changes)

    def _members(self, unit: str) -> list[str]:
        row = self.plan.units.name.index(unit)
        services = self.plan.services
        return [name for name, at in zip(services.name, services.unit.tolist(), strict=True) if at == row]


def changed(configuration: Configuration, unit: int, option: Option) -> Configuration:
    """The configuration with another option of one unit."""
    return (*configuration[:unit], option, *configuration[unit + 1 :])


def rounded(price: float) -> float:
    """The price to so many digits that equal ones are equal."""
    return float(f"{price:.{DIGITS}g}")


def make_lattice(
    topology: Topology,
    deployment: str,
    *,
    scale: Iterable[str] | None,
    cores: Iterable[float] | None,
    max_replicas: int,
) -> Lattice:
    """What may be chosen from.

    Raises
    ------
    PlanError
        If there is nothing to size, or a name, the cores or `max_replicas` make no sense.
    """
    if isinstance(max_replicas, bool) or not isinstance(max_replicas, int) or max_replicas < 1:
        raise PlanError(f"max_replicas is {max_replicas}: give a whole number from 1 on")
    plan = compile_topology(topology, deployment)
    rows = sized_rows(plan, scale)
    names = tuple(plan.units.name[row] for row in rows)
    candidates = check_cores(cores)
    choices = tuple(candidates or (float(plan.units.cpu[row]),) for row in rows)
    needed: list[dict[float, int]] = [{} for _ in rows]
    likely: list[dict[float, int]] = [{} for _ in rows]
    prices: list[dict[float, float]] = [{} for _ in rows]
    for number in range(max(map(len, choices))):
        sizes = {name: UnitSize(1, some[number]) for name, some in zip(names, choices, strict=True)}
        one = compile_topology(topology, deployment, sizes=sizes)
        units, replicas = napkin(one).units, np.ones(len(one.units.name))
        sure_work, sure_held = sure_loads(one)
        fewest = _at_least if may_be_always_busy(one) else _more_than
        paid = unit_costs(one, replicas) - unit_costs(one, 0.0 * replicas)
        for unit, row in enumerate(rows):
            cpu, at_peak = choices[unit][number], units[row]
            needed[unit][cpu] = max(fewest(sure_work[row], cpu), fewest(sure_held[row], at_peak.slots))
            likely[unit][cpu] = max(
                needed[unit][cpu],
                _more_than(at_peak.offered_load, cpu),
                _more_than(at_peak.slots_held, at_peak.slots),
            )
            prices[unit][cpu] = float(paid[row]) if plan.prices is not None else 0.0
    priced = any(price > 0.0 for some in prices for price in some.values())
    if not priced:
        prices = [{cpu: cpu for cpu in some} for some in choices]
    return Lattice(
        topology, deployment, plan, names, choices, tuple(needed), tuple(prices), priced, is_steady(plan), max_replicas,
        tuple(likely), find_doubts(plan, rows),
        tuple(Option(int(plan.units.replicas[row]), float(plan.units.cpu[row])) for row in rows),
    )  # fmt: skip


def _more_than(load: float, capacity: float) -> int:
    """The fewest replicas of this capacity that are above a load, and one at least."""
    if math.isinf(capacity) or load == 0.0:
        return 1
    return max(1, math.floor(load / capacity) + 1)


def _at_least(load: float, capacity: float) -> int:
    """The fewest replicas of this capacity that a load does not exceed, by more than rounding."""
    return 1 if math.isinf(capacity) else max(1, math.ceil(load / capacity * (1.0 - 1e-9)))


def is_steady(plan: Plan) -> bool:
    """Whether no open workload ever changes its rate."""
    workloads = plan.workloads
    open_ramps = [
        float(workloads.ramp_duration_s[first])
        for first, number in zip(workloads.first_ramp.tolist(), workloads.ramps.tolist(), strict=True)
        if number
    ]
    return bool((workloads.shape != Shape.REPLAY).all()) and all(map(math.isinf, open_ramps))


def check_cores(cores: Iterable[float] | None) -> tuple[float, ...]:
    """Candidates of cores, ascending; the compiler says whether a replica can have them.

    Raises
    ------
    PlanError
        If there are none, or one is no number.
    """
    if cores is None:
        return ()
    try:
        found = tuple(sorted({float(one) for one in ([cores] if isinstance(cores, (int, float)) else cores)}))
    except (TypeError, ValueError):
        raise PlanError(f"cores are {cores}: give numbers, for example (1, 2, 4)") from None
    if not found:
        raise PlanError("cores are empty: give numbers, for example (1, 2, 4)")
    return found


def sized_rows(plan: Plan, scale: Iterable[str] | None) -> list[int]:
    """Rows of the units to be sized: those of kind service, or those named, by themselves or by a service inside.

    Raises
    ------
    PlanError
        If there is nothing of a name, or nothing to size.
    """
    kinds = np.full(len(plan.units.name), int(Kind.SERVICE))
    kinds[plan.services.unit] = plan.services.kind
    if scale is None:
        rows = np.flatnonzero(kinds == Kind.SERVICE).tolist()
        if not rows:
            raise PlanError(
                f"deployment {plan.deployment}: there is no unit of kind service to size; name one in scale"
            )
        return rows
    hosts = dict(zip(plan.services.name, plan.services.unit.tolist(), strict=True))
    hosts |= {name: row for row, name in enumerate(plan.units.name)}
    found = set()
    for name in [scale] if isinstance(scale, str) else scale:
        if name not in hosts:
            close = difflib.get_close_matches(str(name), hosts, n=1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            raise PlanError(
                f"deployment {plan.deployment}: no unit `{name}` to size{hint}"
                f" (there are {', '.join(f'`{one}`' for one in plan.units.name)})"
            )
        if kinds[hosts[name]] == Kind.EXTERNAL:
            raise PlanError(f"{name} is external: its replicas are not yours to size")
        found.add(hosts[name])
    if not found:
        raise PlanError("scale is empty: name the units to size, or leave it out for all of kind service")
    return sorted(found)
