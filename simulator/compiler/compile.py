"""Topology to Plan: one deployment, as flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from ..garbage import uncollected
from ..machine import memory_limit
from ..plan.plan import Plan, Prices, Settings
from ..plan.size import refuse_large
from ..plan.tables import Endpoints, Reasons, Services, Units
from ..spec.models import Topology
from .advice import find_warnings, refuse_endless_users
from .deployments import UnitSize, resolve_units
from .directory import Directory
from .distributions import DistributionTable
from .expectations import expect
from .faults import fault_names, fault_tables
from .limits import detector_columns, limiter_columns
from .network import call_columns, call_names, patience_columns, patience_names
from .objectives import make_objectives
from .policies import policy_names, policy_tables
from .programs import Assembler, EndpointKey, endpoint_name
from .reach import find_reach, steps_of
from .streams import number_names
from .workloads import entry_sites, workload_columns, workload_names

N = TypeVar("N")


@uncollected
def compile_topology(
    topology: Topology,
    deployment: str = "microservices",
    *,
    equal_cores: bool = False,
    sizes: Mapping[str, UnitSize] | None = None,
) -> Plan:
    """The plan of one deployment of a topology.

    The same numbers come out whatever the order of names in the file, and whatever services are there that nobody
    calls.

    Parameters
    ----------
    deployment
        `microservices`, `monolith`, or one that the topology writes.
    equal_cores
        Give every merged unit the cores that its services have in `microservices`.
    sizes
        Replicas, and cores of one replica, by unit, instead of those that the topology gives it.

    Raises
    ------
    PlanError
        If the topology has no meaning that can be run: calls in a cycle, a distribution without a mean, services that
        cannot share a unit, users who would ask for ever at one instant, an unknown deployment or unit, faults of more
        replicas than there are.
    CapacityExceeded
        If it is too large for the memory that a run may take.
    """
    reach = find_reach(topology)
    units = resolve_units(topology, deployment, reach.services, equal_cores=equal_cores, sizes=sizes)
    distributions = DistributionTable()
    assembler = Assembler(distributions, topology.resolve, entry_sites(topology), topology.policies)
    starts = [assembler.add_handler(key, steps_of(topology, key)) for key in reach.endpoints]
    directory = _with_streams(assembler.names(), Directory(
        topology, deployment, _rows(reach.services), _rows(reach.endpoints), units, tuple(assembler.call_sites),
        sized=frozenset(sizes or ()), equal_cores=equal_cores,
    ))  # fmt: skip
    calls = call_columns(directory, distributions)
    workloads = workload_columns(directory, distributions)
    patience = patience_columns(directory, distributions)
    faults = fault_tables(directory, distributions)
    plan = Plan(
        topology=topology.name,
        deployment=deployment,
        settings=_settings(topology),
        programs=assembler.columns(directory.streams),
        distributions=distributions.columns(),
        services=_services(directory),
        endpoints=_endpoints(directory, starts),
        calls=calls,
        units=_units(directory),
        workloads=workloads,
        objectives=make_objectives(directory),
        prices=_prices(topology),
        **policy_tables(directory),
        patience=patience,
        limiters=limiter_columns(directory),
        detectors=detector_columns(directory),
        failures=faults.failures,
        faults=faults.faults,
        crossings=faults.crossings,
        startups=faults.startups,
        health=faults.health,
        reasons=Reasons.of(name=assembler.reasons),
    )
    refuse_large(plan, memory_limit())
    expected = expect(plan)
    refuse_endless_users(plan, expected)
    return replace(plan, warnings=find_warnings(directory, plan, expected))


def _rows(names: Iterable[N]) -> Mapping[N, int]:
    return MappingProxyType({name: row for row, name in enumerate(names)})


def _own_names(directory: Directory) -> set[str]:
    """Names of the streams of services, endpoints and units."""
    return (
        {f"balance {service}" for service in directory.services}
        | {f"error {endpoint_name(key)}" for key in directory.endpoints}
        | {f"ring {unit.name}" for unit in directory.units}
    )


def _with_streams(of_programs: Iterable[str], directory: Directory) -> Directory:
    """The directory with the numbers of all names."""
    named = (_own_names, call_names, patience_names, policy_names, workload_names, fault_names)
    numbers = number_names({*of_programs, *(name for names in named for name in names(directory))})
    return replace(directory, streams=MappingProxyType(numbers))


def _services(directory: Directory) -> Services:
    services = [directory.topology.services[name] for name in directory.services]
    rows = [directory.unit_of[name] for name in directory.services]
    speeds = [directory.units[row].core_speed for row in rows]
    return Services.of(
        name=directory.services,
        kind=(service.kind.upper() for service in services),
        unit=rows,
        pace=(service.speed * speed for service, speed in zip(services, speeds, strict=True)),
        balance_stream=directory.numbered(f"balance {name}" for name in directory.services),
    )


def _endpoints(directory: Directory, starts: Sequence[int]) -> Endpoints:
    names = tuple(map(endpoint_name, directory.endpoints))
    rates = [_error_rate(directory.topology, key) for key in directory.endpoints]
    return Endpoints.of(
        name=names,
        service=(directory.services[service] for service, _ in directory.endpoints),
        start=starts,
        error_rate=rates,
        error_stream=directory.numbered(f"error {name}" for name in names),
    )


def _error_rate(topology: Topology, key: EndpointKey) -> float:
    service = topology.services[key[0]]
    own = service.endpoints[key[1]].error_rate
    return service.error_rate if own is None else own


def _units(directory: Directory) -> Units:
    units = directory.units
    return Units.of(
        name=(unit.name for unit in units),
        replicas=(unit.replicas for unit in units),
        cores=(unit.cores for unit in units),
        concurrency=(unit.concurrency for unit in units),
        queue_capacity=(unit.queue_capacity for unit in units),
        discipline=(unit.discipline for unit in units),
        scheduling=(unit.scheduling for unit in units),
        balancer=(unit.balancer for unit in units),
        choice_count=(unit.choice_count for unit in units),
        ring_stream=directory.numbered(f"ring {unit.name}" for unit in units),
        cpu=(unit.cpu for unit in units),
        memory=(unit.memory for unit in units),
        priced=(unit.priced for unit in units),
    )


def _settings(topology: Topology) -> Settings:
    simulation = topology.simulation
    return Settings(
        duration_s=simulation.duration,
        warmup_s=None if simulation.warmup == "auto" else simulation.warmup,
        drain_s=simulation.drain,
        seed=simulation.seed,
        replications=simulation.replications,
        confidence=simulation.confidence,
    )


def _prices(topology: Topology) -> Prices | None:
    prices = topology.prices
    if prices is None:
        return None
    return Prices(prices.currency, prices.vcpu_hour, prices.gib_hour, prices.unit_hour)
