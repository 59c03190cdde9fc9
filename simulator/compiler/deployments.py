"""Who shares a process: the units of a deployment (rules 10.1 to 10.4)."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from ..errors import PlanError
from ..plan.layout import UNLIMITED, Balancer, Discipline, Scheduling
from ..spec.deployments import Unit
from ..spec.mistakes import dotted
from ..spec.models import Topology
from ..spec.policies import OutlierDetection
from ..spec.services import CHOICE_COUNT, LoadBalancer, Service

MICROSERVICES = "microservices"
MONOLITH = "monolith"
"""The deployments that exist without being written."""


@dataclass(frozen=True)
class ResolvedUnit:
    """One unit, with nothing left to derive. `cpu` is a whole number of cores, or a fraction of one."""

    name: str
    services: tuple[str, ...]
    replicas: int
    cpu: float
    memory: float
    concurrency: int
    queue_capacity: int
    discipline: Discipline
    scheduling: Scheduling
    balancer: Balancer
    choice_count: int
    detection: OutlierDetection | None
    priced: bool

    @property
    def cores(self) -> int:
        """Cores of a replica; a fraction of a core is one core at that speed."""
        return max(1, round(self.cpu))

    @property
    def core_speed(self) -> float:
        """Speed of one core, before the `speed` of a service."""
        return min(1.0, self.cpu)


@dataclass(frozen=True)
class UnitSize:
    """Another size of a unit: its replicas, and the cores of one (a whole number, or a fraction of one); None keeps."""

    replicas: int | None = None
    cpu: float | None = None


def resolve_units(
    topology: Topology,
    deployment: str,
    services: Sequence[str],
    *,
    equal_cores: bool = False,
    sizes: Mapping[str, UnitSize] | None = None,
) -> tuple[ResolvedUnit, ...]:
    """Units of the services that are reached, in the order of the first service of each.

    Parameters
    ----------
    services
        In the order of the plan; others are left out of all sums.
    equal_cores
        Give every merged unit the cores that its services have in `microservices`: the largest number of replicas
        not above its own that divides them.
    sizes
        By unit, instead of the size that it would have; memory, slots and places of a replica stay as they are.

    Raises
    ------
    PlanError
        If the deployment does not exist, the services of a unit do not agree, or a size is of no unit or no size.
    """
    units = []
    for name, members, written in _groups(topology, deployment, services):
        unit = _resolve(_Place(topology, deployment, name), members, written)
        if equal_cores:
            unit = _at_equal_cores(unit, topology)
        units.append(unit)
    _refuse_same_names(units, deployment)
    units = _at_sizes(units, deployment, sizes or {})
    place = {service: number for number, service in enumerate(services)}
    return tuple(sorted(units, key=lambda unit: place[unit.services[0]]))


def _groups(
    topology: Topology, deployment: str, services: Sequence[str]
) -> list[tuple[str, tuple[str, ...], Unit | None]]:
    """Name, members that are reached and written settings of each unit."""
    groups: list[tuple[str, tuple[str, ...], Unit | None]] = []
    if deployment in topology.deployments:
        for name, unit in topology.deployments[deployment].units.items():
            groups.append((name, tuple(s for s in services if s in unit.services), unit))
    elif deployment == MONOLITH:
        merged = tuple(service for service in services if topology.services[service].kind == "service")
        groups.append((MONOLITH, merged, None))
    elif deployment != MICROSERVICES:
        raise PlanError(_unknown_deployment(topology, deployment))
    together = {service for _, members, _ in groups for service in members}
    groups += [(service, (service,), None) for service in services if service not in together]
    return [group for group in groups if group[1]]


def _unknown_deployment(topology: Topology, deployment: str) -> str:
    known = [MICROSERVICES, MONOLITH, *sorted(set(topology.deployments) - {MICROSERVICES, MONOLITH})]
    close = difflib.get_close_matches(deployment, known, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    return f"no deployment `{deployment}`{hint} (there are {', '.join(f'`{name}`' for name in known)})"


@dataclass(frozen=True)
class _Place:
    """Where the file says, or would say, what a unit is."""

    topology: Topology
    deployment: str
    unit: str

    def refuse(self, message: str, *keys: str) -> NoReturn:
        raise PlanError(str(self.topology.problem_at((*self._location, *keys), message)))

    def __str__(self) -> str:
        return dotted(self._location)

    @property
    def _location(self) -> tuple[str, ...]:
        return ("deployments", self.deployment, "units", self.unit)


def _resolve(place: _Place, members: tuple[str, ...], written: Unit | None) -> ResolvedUnit:
    services = {member: place.topology.services[member] for member in members}
    cpu, memory = _resources(services, written)
    replicas = written.replicas if written is not None else None
    if replicas is None:
        replicas = _ceil(sum(service.replicas * service.resources.cpu for service in services.values()) / cpu)
    concurrency = _concurrency(services, written)
    capacity, discipline = _queue(place, services, written, limited=concurrency != UNLIMITED)
    balancer, choice_count = _balancer(place, services, written)
    scheduling = written.scheduling if written is not None else None
    return ResolvedUnit(
        name=place.unit,
        services=members,
        replicas=replicas,
        cpu=cpu,
        memory=memory,
        concurrency=concurrency,
        queue_capacity=capacity,
        discipline=discipline,
        scheduling=Scheduling[scheduling or _agreed(place, "scheduling", services, lambda s: s.scheduling)],
        balancer=balancer,
        choice_count=choice_count,
        detection=_detection(place, services, written),
        priced=any(service.kind != "external" for service in services.values()),
    )


def _resources(services: dict[str, Service], written: Unit | None) -> tuple[float, float]:
    """Cores and bytes of a replica: as written, else the sums."""
    cpu = written.resources.cpu if written is not None else None
    memory = written.resources.memory if written is not None else None
    if cpu is None:
        total = sum(service.resources.cpu for service in services.values())
        cpu = round(total, 9) or total  # however little it is, it is not nothing
        cpu = cpu if cpu < 1.0 else float(math.ceil(cpu))
    if memory is None:
        memory = math.fsum(service.resources.memory for service in services.values())
    return cpu, memory


def _concurrency(services: dict[str, Service], written: Unit | None) -> int:
    """Slots of a replica: as written, else the sum, unlimited if any is."""
    if written is not None and written.concurrency is not None:
        return written.concurrency
    slots = [service.concurrency for service in services.values()]
    return UNLIMITED if None in slots else sum(slot for slot in slots if slot is not None)


def _queue(
    place: _Place, services: dict[str, Service], written: Unit | None, *, limited: bool
) -> tuple[int, Discipline]:
    """Places and order of those that wait for a slot; what is not written under `queue` is derived."""
    queue = written.queue if written is not None else None
    given = queue.model_fields_set if queue is not None else set()
    if not limited:
        if given:
            place.refuse("nobody waits for a slot, since the unit has no `concurrency`", "queue")
        return UNLIMITED, Discipline.FIFO  # nobody waits for a slot: nothing to agree on
    if queue is not None and "discipline" in given:
        word: str = queue.discipline
    else:
        # a service without slots of its own has no order in which to grant them
        waiting = {name: service for name, service in services.items() if service.concurrency is not None}
        word = "FIFO"
        if waiting:
            word = _agreed(place, "queue.discipline", waiting, lambda s: s.queue.discipline if s.queue else "FIFO")
    if queue is not None and "capacity" in given:
        capacity = queue.capacity
    else:
        places = [service.queue.capacity if service.queue is not None else None for service in services.values()]
        capacity = None if None in places else sum(place for place in places if place is not None)
    return UNLIMITED if capacity is None else capacity, Discipline[word]


def _balancer(place: _Place, services: dict[str, Service], written: Unit | None) -> tuple[Balancer, int]:
    """How a replica is chosen, and among how many."""

    def word(balancer: LoadBalancer) -> str:
        count, distinct = balancer.choice_count, " distinct" if balancer.choice == "distinct" else ""
        least = balancer.simple == "LEAST_REQUEST" and (count != CHOICE_COUNT or distinct)
        return f"{balancer.simple} of {count}{distinct}" if least else balancer.simple

    balancer = written.load_balancer if written is not None else None
    if balancer is None:
        _agreed(place, "loadBalancer", services, lambda service: word(service.load_balancer))
        balancer = next(iter(services.values())).load_balancer
    if balancer.simple != "LEAST_REQUEST":
        # the count does not act: one value, so that plans compare equal
        return Balancer[balancer.simple], CHOICE_COUNT
    if balancer.choice_count == "all":
        return Balancer.LEAST_REQUEST, UNLIMITED
    distinct = balancer.choice == "distinct"
    return Balancer.LEAST_OF_DISTINCT if distinct else Balancer.LEAST_REQUEST, balancer.choice_count


def _detection(place: _Place, services: dict[str, Service], written: Unit | None) -> OutlierDetection | None:
    """When the balancer ejects a replica: as written, else what those of its services say that say something."""
    if written is not None and written.outlier_detection is not None:
        return written.outlier_detection
    said = {name: service for name, service in services.items() if service.outlier_detection is not None}
    if not said:
        return None
    _agreed(place, "outlierDetection", said, lambda service: _shown(service.outlier_detection))
    return next(iter(said.values())).outlier_detection


def _shown(detection: OutlierDetection | None) -> str:
    """A block as a file would have it, in one line."""
    assert detection is not None
    written = {key: value for key, value in detection.model_dump(by_alias=True).items() if value is not None}
    return "{" + ", ".join(f"{key}: {value:g}" for key, value in written.items()) + "}"


def _agreed(place: _Place, key: str, services: dict[str, Service], word: Callable[[Service], str]) -> str:
    """The word that all services of a unit have under a key."""
    words = {name: word(service) for name, service in services.items()}
    if len(set(words.values())) > 1:
        listed = ", ".join(f"{name} {words[name]}" for name in sorted(words))
        place.refuse(
            f"its services do not agree on `{key}` ({listed}); write it on the unit: put `{key}` beside"
            f" `services: [{', '.join(services)}]` under {place}"
        )
    return next(iter(words.values()))


def _at_equal_cores(unit: ResolvedUnit, topology: Topology) -> ResolvedUnit:
    """The unit with as many cores as its services have in `microservices`.

    A service that has its unit for itself runs as it does there.
    """
    services = [topology.services[name] for name in unit.services]
    total = round(sum(service.replicas * service.resources.cpu for service in services), 9)
    if len(services) == 1:
        return replace(unit, replicas=services[0].replicas, cpu=services[0].resources.cpu)
    if unit.replicas == 0 or total == 0.0:
        return unit
    if total < 1.0:
        return replace(unit, replicas=1, cpu=total)
    whole = _ceil(total)
    replicas = max(count for count in range(1, unit.replicas + 1) if whole % count == 0)
    return replace(unit, replicas=replicas, cpu=float(whole // replicas))


def _at_sizes(units: list[ResolvedUnit], deployment: str, sizes: Mapping[str, UnitSize]) -> list[ResolvedUnit]:
    """The units with these sizes instead of their own."""
    names = [unit.name for unit in units]
    for name, size in sizes.items():
        if name not in names:
            raise PlanError(_unknown_unit(name, deployment, names))
        _refuse_size(name, size)
    return [
        replace(
            unit,
            replicas=unit.replicas if size.replicas is None else size.replicas,
            cpu=unit.cpu if size.cpu is None else float(size.cpu),
        )
        for unit in units
        for size in [sizes.get(unit.name, UnitSize())]
    ]


def _unknown_unit(name: str, deployment: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    return f"deployment {deployment}: no unit `{name}`{hint} (there are {', '.join(f'`{one}`' for one in names)})"


def _refuse_size(name: str, size: UnitSize) -> None:
    if size.replicas is not None and size.replicas < 0:
        raise PlanError(f"unit {name}: it cannot have {size.replicas} replicas; give 0 or more")
    cpu = size.cpu
    if cpu is not None and not (0.0 < cpu < 1.0 or (math.isfinite(cpu) and cpu >= 1.0 and cpu == int(cpu))):
        raise PlanError(f"unit {name}: a replica cannot have {cpu:g} cores; give a whole number, or a fraction of one")


def _ceil(value: float) -> int:
    """The next whole number, forgiving what adding fractions of a core costs in digits: 3 x 0.1 is 0.3."""
    return math.ceil(round(value, 9))


def _refuse_same_names(units: Sequence[ResolvedUnit], deployment: str) -> None:
    for name, count in Counter(unit.name for unit in units).items():
        if count > 1:
            raise PlanError(
                f"deployment {deployment}: a unit and a service that stands alone share the name `{name}`;"
                f" rename the service"
            )
