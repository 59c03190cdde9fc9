"""Failures and faults to columns: whom they hit in a deployment, and when (rules 14.1 to 14.17)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import PlanError
from ..plan.layout import FaultKind
from ..plan.plan import Calls, Crossings, Failures, Faults, Floats, Health, Integers, Startups
from ..spec.deployments import Unit
from ..spec.distributions import Distribution
from ..spec.faults import OF_THE_NETWORK, Fault
from ..spec.mistakes import dotted
from ..spec.models import Topology
from .deployments import ResolvedUnit
from .distributions import DistributionTable, distribution_row
from .network import is_zero
from .programs import CallSite


@dataclass(frozen=True)
class Scene:
    """Where faults happen: a deployment of a topology. `sized` are units that something else has sized."""

    topology: Topology
    deployment: str
    units: Sequence[ResolvedUnit]
    unit_of: Mapping[str, int]
    service_rows: Mapping[str, int]
    sized: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FaultTables:
    """The tables of a Plan that say what goes wrong."""

    failures: Failures
    faults: Faults
    crossings: Crossings
    startups: Startups
    health: Health


def fault_names(topology: Topology, deployment: str, units: Sequence[ResolvedUnit]) -> set[str]:
    """Names of the streams of failures, of startups, and of faults that happen by chance."""
    failing = [name for unit in units for name in unit.services if topology.services[name].failures is not None]
    names = {f"{what} {service}" for service in failing for what in ("failure", "repair", "startup")}
    names |= {name for unit in units for name, _ in _laws(topology, deployment, unit)}
    return names | set(_streams(topology))


def fault_tables(
    scene: Scene,
    sites: Sequence[CallSite],
    calls: Calls,
    distributions: DistributionTable,
    numbers: Mapping[str, int],
) -> FaultTables:
    """What goes wrong, as columns; faults of services that nobody calls are left out.

    Raises
    ------
    PlanError
        If a fault is of more replicas than there are, or a time between failures is always zero.
    """
    topology = scene.topology
    here = [place for place, fault in enumerate(topology.faults) if fault.target in scene.unit_of]
    faults = [topology.faults[place] for place in here]
    failures = _failures(scene, distributions, numbers)
    mortal = _mortal(scene, faults, failures)
    return FaultTables(
        failures=failures,
        faults=_faults(scene, here, numbers),
        crossings=_crossings(faults, sites, calls),
        startups=_startups(scene, mortal, distributions, numbers),
        health=_health(scene, mortal),
    )


def known_after(topology: Topology, deployment: str, unit: ResolvedUnit) -> float:
    """Seconds after which the balancer of a unit knows of a death: as written, else the longest of its services'."""
    written = _written(topology, deployment, unit)
    if written is not None and written.health_check is not None:
        return written.health_check
    return max(topology.services[service].health_check for service in unit.services)


def _written(topology: Topology, deployment: str, unit: ResolvedUnit) -> Unit | None:
    """The unit as the file has it, None if it has none."""
    body = topology.deployments.get(deployment)
    return None if body is None else body.units.get(unit.name)


def _laws(topology: Topology, deployment: str, unit: ResolvedUnit) -> Iterator[tuple[str, Distribution]]:
    """Name of the stream, and law, of each startup of which the longest is the unit's; those that take no time not."""
    written = _written(topology, deployment, unit)
    if written is not None and written.startup is not None:
        laws = {f"startup {unit.name}": written.startup}
    else:
        laws = {f"startup {service}": topology.services[service].startup for service in unit.services}
    for name, law in laws.items():
        if not is_zero(distribution_row(law)):
            yield name, law


def _mortal(scene: Scene, faults: Sequence[Fault], failures: Failures) -> list[int]:
    """Rows of the units of which replicas can die."""
    rows = {scene.unit_of[fault.target] for fault in faults if fault.kind == "kill"}
    names = list(scene.service_rows)
    rows |= {scene.unit_of[names[row]] for row in failures.service.tolist()}
    return sorted(rows)


def _failures(scene: Scene, distributions: DistributionTable, numbers: Mapping[str, int]) -> Failures:
    services = scene.topology.services
    names = [name for name in scene.service_rows if services[name].failures is not None]
    up, repair, startup = [], [], []
    for name in names:
        failures = services[name].failures
        assert failures is not None
        row = distribution_row(failures.mtbf)
        if row.mean <= 0.0:
            raise PlanError(
                f"{dotted(('services', name))}.failures.mtbf: it is always zero, so that time would stand still"
            )
        up.append(distributions.add(row))
        repair.append(distributions.add_distribution(failures.mttr))
        startup.append(distributions.add_distribution(services[name].startup))
    return Failures(
        service=_integers(scene.service_rows[name] for name in names),
        up=_integers(up),
        up_stream=_integers(numbers[f"failure {name}"] for name in names),
        repair=_integers(repair),
        repair_stream=_integers(numbers[f"repair {name}"] for name in names),
        startup=_integers(startup),
        startup_stream=_integers(numbers[f"startup {name}"] for name in names),
    )


def _faults(scene: Scene, here: Sequence[int], numbers: Mapping[str, int]) -> Faults:
    faults = [scene.topology.faults[place] for place in here]
    streams = _streams(scene.topology)
    return Faults(
        name=tuple(f"{fault.kind} {fault.target}" for fault in faults),
        kind=_integers(FaultKind[fault.kind.upper()] for fault in faults),
        at_s=_floats(fault.at for fault in faults),
        until_s=_floats(fault.until for fault in faults),
        service=_integers(scene.service_rows[fault.target] for fault in faults),
        unit=_integers(scene.unit_of[fault.target] for fault in faults),
        replicas=_integers(_replicas(scene, place) for place in here),
        factor=_floats(fault.slow.factor if fault.slow else 0.0 for fault in faults),
        chance=_floats(_chance(fault) for fault in faults),
        delay_s=_floats(fault.delay.fixed_delay if fault.delay else 0.0 for fault in faults),
        stream=_integers(numbers[streams[place]] for place in here),
    )


def _streams(topology: Topology) -> list[str]:
    """Name of the stream of each fault: what it is, and which of its kind by time; so it may be moved in time."""
    seen: Counter[str] = Counter()
    names = [""] * len(topology.faults)
    for place, fault in sorted(enumerate(topology.faults), key=lambda pair: (pair[1].at, pair[1].until, pair[0])):
        name = f"fault {fault.kind} {fault.from_ or ''}->{fault.target}"
        seen[name] += 1
        names[place] = name if seen[name] == 1 else f"{name} again {seen[name]}"
    return names


def _chance(fault: Fault) -> float:
    block = fault.abort or fault.delay
    return block.percentage / 100.0 if block else 0.0


def _replicas(scene: Scene, place: int) -> int:
    """How many replicas of its unit a fault hits.

    One file is deployed in several ways: where the unit is merged or sized by something else, it may have fewer
    replicas than the file's number, and the fault hits all of them.
    """
    fault = scene.topology.faults[place]
    unit = scene.units[scene.unit_of[fault.target]]
    if fault.replicas == "all" or fault.replicas <= unit.replicas:
        return unit.replicas if fault.replicas == "all" else fault.replicas
    own = scene.topology.services[fault.target].replicas
    if len(unit.services) == 1 and unit.name not in scene.sized and fault.replicas > own:
        many = f"{unit.replicas} replica{'s' if unit.replicas != 1 else ''}"
        raise PlanError(
            f"faults[{place}].{fault.kind}.replicas: {fault.replicas}, but {fault.target} has {many} in deployment"
            f" {scene.deployment}; write at most {unit.replicas}, or `all`"
        )
    return unit.replicas


def _crossings(faults: Sequence[Fault], sites: Sequence[CallSite], calls: Calls) -> Crossings:
    """Remote calls and the faults that are on their way; a partition lies between two, whoever calls whom."""
    rows = [
        (call, row)
        for call, site in enumerate(sites)
        if calls.remote[call]
        for row, fault in enumerate(faults)
        if fault.kind in OF_THE_NETWORK and _is_between(fault, site)
    ]
    return Crossings(call=_integers(call for call, _ in rows), fault=_integers(row for _, row in rows))


def _is_between(fault: Fault, site: CallSite) -> bool:
    if site.target[0] == fault.target and fault.from_ in (None, site.caller):
        return True
    back = not site.at_edge and site.caller == fault.target and site.target[0] == fault.from_
    return fault.kind == "partition" and back


def _startups(
    scene: Scene, mortal: Sequence[int], distributions: DistributionTable, numbers: Mapping[str, int]
) -> Startups:
    rows = [
        (row, distributions.add_distribution(law), numbers[name])
        for row in mortal
        for name, law in _laws(scene.topology, scene.deployment, scene.units[row])
    ]
    return Startups(
        unit=_integers(unit for unit, _, _ in rows),
        law=_integers(law for _, law, _ in rows),
        stream=_integers(stream for _, _, stream in rows),
    )


def _health(scene: Scene, mortal: Sequence[int]) -> Health:
    after = [(row, known_after(scene.topology, scene.deployment, scene.units[row])) for row in mortal]
    rows = [(row, seconds) for row, seconds in after if seconds > 0.0]
    return Health(unit=_integers(row for row, _ in rows), known_after_s=_floats(seconds for _, seconds in rows))


def _integers(values: Any) -> Integers:
    return np.array([int(value) for value in values], np.int64)


def _floats(values: Any) -> Floats:
    return np.array([float(value) for value in values], np.float64)
