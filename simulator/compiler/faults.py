"""Failures and faults to columns: whom they hit in a deployment, and when (rules 14.1 to 14.17)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import PlanError
from ..plan.tables import Crossings, Failures, Faults, Health, Startups
from ..spec.deployments import Unit
from ..spec.distributions import Distribution
from ..spec.faults import OF_THE_NETWORK, Fault
from ..spec.models import Topology
from .deployments import ResolvedUnit
from .directory import Directory
from .distributions import DistributionTable, distribution_row
from .network import is_zero
from .programs import CallSite


@dataclass(frozen=True)
class FaultTables:
    """The tables of a Plan that say what goes wrong."""

    failures: Failures
    faults: Faults
    crossings: Crossings
    startups: Startups
    health: Health


def fault_names(directory: Directory) -> set[str]:
    """Names of the streams of failures, of startups, and of faults that happen by chance."""
    topology = directory.topology
    failing = [name for name in directory.services if topology.services[name].failures is not None]
    names = {f"{what} {service}" for service in failing for what in ("failure", "repair", "startup")}
    names |= {name for unit in directory.units for name, _ in _laws(directory, unit)}
    return names | set(_streams(topology))


def fault_tables(directory: Directory, distributions: DistributionTable) -> FaultTables:
    """What goes wrong, as columns; faults of services that nobody calls are left out.

    Raises
    ------
    PlanError
        If a fault is of more replicas than there are, or a time between failures is always zero.
    """
    topology = directory.topology
    here = [place for place, fault in enumerate(topology.faults) if fault.target in directory.services]
    faults = [topology.faults[place] for place in here]
    failures = _failures(directory, distributions)
    mortal = _mortal(directory, faults, failures)
    return FaultTables(
        failures=failures,
        faults=_faults(directory, here),
        crossings=_crossings(directory, faults),
        startups=_startups(directory, mortal, distributions),
        health=_health(directory, mortal),
    )


def known_after(directory: Directory, unit: ResolvedUnit) -> float:
    """Seconds after which the balancer of a unit knows of a death: as written, else the longest of its services'."""
    written = _written(directory, unit)
    if written is not None and written.health_check is not None:
        return written.health_check
    return max(directory.topology.services[service].health_check for service in unit.services)


def _written(directory: Directory, unit: ResolvedUnit) -> Unit | None:
    """The unit as the file has it, None if it has none."""
    body = directory.topology.deployments.get(directory.deployment)
    return None if body is None else body.units.get(unit.name)


def _laws(directory: Directory, unit: ResolvedUnit) -> Iterator[tuple[str, Distribution]]:
    """Name of the stream, and law, of each startup of which the longest is the unit's; those that take no time not."""
    written = _written(directory, unit)
    if written is not None and written.startup is not None:
        laws = {f"startup {unit.name}": written.startup}
    else:
        laws = {f"startup {service}": directory.topology.services[service].startup for service in unit.services}
    for name, law in laws.items():
        if not is_zero(distribution_row(law)):
            yield name, law


def _mortal(directory: Directory, faults: Sequence[Fault], failures: Failures) -> list[int]:
    """Rows of the units of which replicas can die."""
    rows = {directory.unit_of[fault.target] for fault in faults if fault.kind == "kill"}
    names = list(directory.services)
    rows |= {directory.unit_of[names[row]] for row in failures.service.tolist()}
    return sorted(rows)


def _failures(directory: Directory, distributions: DistributionTable) -> Failures:
    services = directory.topology.services
    names = [name for name in directory.services if services[name].failures is not None]
    up, repair, startup = [], [], []
    for name in names:
        failures = services[name].failures
        assert failures is not None
        row = distribution_row(failures.mtbf)
        if row.mean <= 0.0:
            place, told = ("services", name, "failures", "mtbf"), "it is always zero, so that time would stand still"
            raise PlanError(str(directory.topology.problem_at(place, told)))
        up.append(distributions.add(row))
        repair.append(distributions.add_distribution(failures.mttr))
        startup.append(distributions.add_distribution(services[name].startup))
    return Failures.of(
        service=(directory.services[name] for name in names),
        up=up,
        up_stream=directory.numbered(f"failure {name}" for name in names),
        repair=repair,
        repair_stream=directory.numbered(f"repair {name}" for name in names),
        startup=startup,
        startup_stream=directory.numbered(f"startup {name}" for name in names),
    )


def _faults(directory: Directory, here: Sequence[int]) -> Faults:
    faults = [directory.topology.faults[place] for place in here]
    streams = _streams(directory.topology)
    return Faults.of(
        name=(f"{fault.kind} {fault.target}" for fault in faults),
        kind=(fault.kind.upper() for fault in faults),
        at_s=(fault.at for fault in faults),
        until_s=(fault.until for fault in faults),
        service=(directory.services[fault.target] for fault in faults),
        unit=(directory.unit_of[fault.target] for fault in faults),
        replicas=(_replicas(directory, place) for place in here),
        factor=(fault.slow.factor if fault.slow else 0.0 for fault in faults),
        chance=(_chance(fault) for fault in faults),
        delay_s=(fault.delay.fixed_delay if fault.delay else 0.0 for fault in faults),
        stream=directory.numbered(streams[place] for place in here),
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


def _replicas(directory: Directory, place: int) -> int:
    """How many replicas of its unit a fault hits.

    One file is deployed in several ways: where the unit is merged or sized by something else, it may have fewer
    replicas than the file's number, and the fault hits all of them.
    """
    fault = directory.topology.faults[place]
    unit = directory.units[directory.unit_of[fault.target]]
    if fault.replicas == "all" or fault.replicas <= unit.replicas:
        return unit.replicas if fault.replicas == "all" else fault.replicas
    own = directory.topology.services[fault.target].replicas
    if len(unit.services) == 1 and unit.name not in directory.sized and fault.replicas > own:
        many = f"{unit.replicas} replica{'s' if unit.replicas != 1 else ''}"
        told = (
            f"{fault.replicas}, but {fault.target} has {many} in deployment {directory.deployment};"
            f" write at most {unit.replicas}, or `all`"
        )
        raise PlanError(str(directory.topology.problem_at(("faults", place, fault.kind, "replicas"), told)))
    return unit.replicas


def _crossings(directory: Directory, faults: Sequence[Fault]) -> Crossings:
    """Remote calls and the faults that are on their way; a partition lies between two, whoever calls whom."""
    rows = [
        (call, row)
        for call, site in enumerate(directory.calls)
        if directory.remote[call]
        for row, fault in enumerate(faults)
        if fault.kind in OF_THE_NETWORK and _is_between(fault, site)
    ]
    return Crossings.of(call=(call for call, _ in rows), fault=(row for _, row in rows))


def _is_between(fault: Fault, site: CallSite) -> bool:
    if site.target[0] == fault.target and fault.from_ in (None, site.caller):
        return True
    back = not site.at_edge and site.caller == fault.target and site.target[0] == fault.from_
    return fault.kind == "partition" and back


def _startups(directory: Directory, mortal: Sequence[int], distributions: DistributionTable) -> Startups:
    rows = [
        (row, distributions.add_distribution(law), directory.streams[name])
        for row in mortal
        for name, law in _laws(directory, directory.units[row])
    ]
    return Startups.of(
        unit=(unit for unit, _, _ in rows),
        law=(law for _, law, _ in rows),
        stream=(stream for _, _, stream in rows),
    )


def _health(directory: Directory, mortal: Sequence[int]) -> Health:
    after = [(row, known_after(directory, directory.units[row])) for row in mortal]
    rows = [(row, seconds) for row, seconds in after if seconds > 0.0]
    return Health.of(unit=(row for row, _ in rows), known_after_s=(seconds for _, seconds in rows))
