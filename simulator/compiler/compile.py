"""Topology to Plan: one deployment, as flat arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..garbage import uncollected
from ..machine import memory_limit
from ..plan.layout import Kind
from ..plan.plan import Endpoints, Plan, Prices, Services, Settings, Units
from ..plan.size import refuse_large
from ..spec.models import Topology
from .advice import find_warnings, refuse_endless_users, single_copies
from .deployments import ResolvedUnit, UnitSize, resolve_units
from .distributions import DistributionTable
from .expectations import expect
from .fault_advice import find_fault_warnings
from .faults import Scene, fault_names, fault_tables
from .grouping import grouped
from .limits import detector_columns, limiter_columns
from .network import Wires, call_columns, call_names, patience_columns, patience_names
from .objectives import make_objectives
from .policies import policy_names, policy_tables
from .programs import Assembler, EndpointKey, endpoint_name
from .reach import Reach, find_awaited, find_reach, steps_of
from .streams import number_names
from .workloads import entry_sites, workload_columns, workload_names


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
    unit_of = {service: row for row, unit in enumerate(units) for service in unit.services}
    service_rows = {service: row for row, service in enumerate(reach.services)}
    endpoint_rows = {key: row for row, key in enumerate(reach.endpoints)}

    distributions = DistributionTable()
    assembler = Assembler(distributions, topology.resolve, entry_sites(topology), topology.policies)
    starts = [assembler.add_handler(key, steps_of(topology, key)) for key in reach.endpoints]
    numbers = number_names(
        assembler.names()
        | call_names(assembler.call_sites)
        | policy_names(assembler.call_sites)
        | patience_names(assembler.call_sites)
        | workload_names(topology.workload)
        | {f"balance {service}" for service in reach.services}
        | {f"error {endpoint_name(key)}" for key in reach.endpoints}
        | {f"ring {unit.name}" for unit in units}
        | fault_names(topology, deployment, units)
    )
    wires = Wires(topology.network, unit_of)
    calls = call_columns(assembler.call_sites, wires, distributions, service_rows, endpoint_rows, numbers)
    workloads = workload_columns(topology, distributions, numbers)
    limiters = limiter_columns(topology, reach.services)
    policies = policy_tables(assembler.call_sites, calls, unit_of, [unit.replicas for unit in units], numbers,
                             service_rows, {reach.services[row] for row in limiters.service})  # fmt: skip
    patience = patience_columns(assembler.call_sites, calls, distributions, numbers)
    faults = fault_tables(Scene(topology, deployment, units, unit_of, service_rows, frozenset(sizes or ())),
                          assembler.call_sites, calls, distributions, numbers)  # fmt: skip
    plan = Plan(
        topology=topology.name,
        deployment=deployment,
        settings=_settings(topology),
        programs=assembler.columns(numbers),
        distributions=distributions.columns(),
        services=_services(topology, reach, units, unit_of, numbers),
        endpoints=_endpoints(topology, reach, service_rows, starts, numbers),
        calls=calls,
        units=_units(units, numbers),
        workloads=workloads,
        objectives=make_objectives(topology, endpoint_rows, find_awaited(topology)[0]),
        prices=_prices(topology),
        **policies,
        patience=patience,
        limiters=limiters,
        detectors=detector_columns(units),
        failures=faults.failures,
        faults=faults.faults,
        crossings=faults.crossings,
        startups=faults.startups,
        health=faults.health,
    )
    refuse_large(plan, memory_limit())
    expected = expect(plan)
    refuse_endless_users(plan, expected)
    copies = single_copies(plan) if equal_cores else ()
    warnings = (*find_warnings(topology, reach, plan, expected), *find_fault_warnings(topology, plan), *copies)
    return replace(plan, warnings=grouped(warnings))


def _services(
    topology: Topology,
    reach: Reach,
    units: Sequence[ResolvedUnit],
    unit_of: Mapping[str, int],
    numbers: Mapping[str, int],
) -> Services:
    services = [topology.services[name] for name in reach.services]
    rows = [unit_of[name] for name in reach.services]
    paces = [service.speed * units[row].core_speed for service, row in zip(services, rows, strict=True)]
    return Services(
        name=reach.services,
        kind=np.array([Kind[service.kind.upper()] for service in services], np.int64),
        unit=np.array(rows, np.int64),
        pace=np.array(paces, np.float64),
        balance_stream=np.array([numbers[f"balance {name}"] for name in reach.services], np.int64),
    )


def _endpoints(
    topology: Topology,
    reach: Reach,
    service_rows: Mapping[str, int],
    starts: Sequence[int],
    numbers: Mapping[str, int],
) -> Endpoints:
    names = tuple(endpoint_name(key) for key in reach.endpoints)
    return Endpoints(
        name=names,
        service=np.array([service_rows[service] for service, _ in reach.endpoints], np.int64),
        start=np.array(starts, np.int64),
        error_rate=np.array([_error_rate(topology, key) for key in reach.endpoints], np.float64),
        error_stream=np.array([numbers[f"error {name}"] for name in names], np.int64),
    )


def _error_rate(topology: Topology, key: EndpointKey) -> float:
    service = topology.services[key[0]]
    own = service.endpoints[key[1]].error_rate
    return service.error_rate if own is None else own


def _units(units: Sequence[ResolvedUnit], numbers: Mapping[str, int]) -> Units:
    return Units(
        name=tuple(unit.name for unit in units),
        replicas=np.array([unit.replicas for unit in units], np.int64),
        cores=np.array([unit.cores for unit in units], np.int64),
        concurrency=np.array([unit.concurrency for unit in units], np.int64),
        queue_capacity=np.array([unit.queue_capacity for unit in units], np.int64),
        discipline=np.array([unit.discipline for unit in units], np.int64),
        scheduling=np.array([unit.scheduling for unit in units], np.int64),
        balancer=np.array([unit.balancer for unit in units], np.int64),
        choice_count=np.array([unit.choice_count for unit in units], np.int64),
        ring_stream=np.array([numbers[f"ring {unit.name}"] for unit in units], np.int64),
        cpu=np.array([unit.cpu for unit in units], np.float64),
        memory=np.array([unit.memory for unit in units], np.float64),
        priced=np.array([unit.priced for unit in units], np.int64),
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
