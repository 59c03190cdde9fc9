"""What the workloads reach: which services and endpoints are in the plan, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from ..errors import PlanError
from ..spec.inheritance import resolve_policy
from ..spec.models import Topology
from ..spec.steps import Call, Option, Send, Step, blocks
from ..spec.workloads import Workload
from .programs import EndpointKey, endpoint_name
from .workloads import make_ramps


@dataclass(frozen=True)
class Reach:
    """Services by distance from the edge, then by name; endpoints in the order of their services, then by name."""

    services: tuple[str, ...]
    endpoints: tuple[EndpointKey, ...]


def find_reach(topology: Topology) -> Reach:
    """What some workload calls, directly or not; a call of probability 0 counts.

    Raises
    ------
    PlanError
        If the calls form a cycle; the message shows it.
    """
    distances: dict[EndpointKey, int] = {}
    targets: dict[EndpointKey, list[EndpointKey]] = {}
    level, distance = sorted(set(_entries(topology))), 0
    while level:
        distances.update(dict.fromkeys(level, distance))
        targets.update((key, sorted(set(_targets(topology, key)))) for key in level)
        following = {target for key in level for target in targets[key]}
        level, distance = sorted(following - distances.keys()), distance + 1
    _refuse_cycles(topology, targets)
    nearest: dict[str, int] = {}
    for (service, _), distance in distances.items():
        nearest[service] = min(distance, nearest.get(service, distance))
    services = sorted(nearest, key=lambda service: (nearest[service], service))
    place = {service: number for number, service in enumerate(services)}
    endpoints = sorted(distances, key=lambda key: (place[key[0]], key[1]))
    return Reach(tuple(services), tuple(endpoints))


def find_asked(topology: Topology) -> frozenset[EndpointKey]:
    """Endpoints that somebody may ask, by a `send` too.

    A weight, a probability, times, a rate or a number of users of 0 asks nobody.
    """
    asked = {
        topology.resolve(entry.call)
        for workload in topology.workload.values()
        if _has_traffic(workload)
        for entry in workload.entries
        if entry.weight > 0.0
    }
    level = set(asked)
    while level:
        steps = [step for key in level for step in call_steps(topology, steps_of(topology, key), possible=True)]
        level = {topology.resolve(step.call if isinstance(step, Call) else step.send) for step in steps} - asked
        asked |= level
    return frozenset(asked)


def _has_traffic(workload: Workload) -> bool:
    if workload.shape == "stages":
        return any(ramp.start_rate + ramp.end_rate > 0.0 for ramp in make_ramps(workload))
    return bool(workload.rate or workload.users or workload.replay_times)


def steps_of(topology: Topology, key: EndpointKey) -> Sequence[Step]:
    """Steps of an endpoint."""
    service, endpoint = key
    return topology.services[service].endpoints[endpoint].steps


def call_steps(topology: Topology, steps: Sequence[Step], *, possible: bool = False) -> Iterator[Call | Send]:
    """Calls and sends among the steps, at any depth, those of fallbacks too, in their order.

    Parameters
    ----------
    possible
        Whether to leave out what never happens: with a probability, times or a weight of 0.
    """
    for step in steps:
        if possible and (step.probability == 0.0 or step.times == 0):
            continue
        if isinstance(step, Call | Send):
            yield step
        inside = blocks(step)
        if isinstance(step, Call) and step.policy is not None:  # most name none, and a file may have many
            fallback = resolve_policy(topology.policies, step.policy, step).fallback
            inside = () if fallback is None else (fallback,)
        for block in inside:
            if not (possible and isinstance(block, Option) and block.weight == 0.0):
                yield from call_steps(topology, block.steps, possible=possible)


def _entries(topology: Topology) -> list[EndpointKey]:
    return [topology.resolve(entry.call) for workload in topology.workload.values() for entry in workload.entries]


def _targets(topology: Topology, key: EndpointKey) -> Iterator[EndpointKey]:
    for step in call_steps(topology, steps_of(topology, key)):
        yield topology.resolve(step.call if isinstance(step, Call) else step.send)


def _refuse_cycles(topology: Topology, targets: dict[EndpointKey, list[EndpointKey]]) -> None:
    sorter = TopologicalSorter({key: targets[key] for key in sorted(targets)})
    try:
        sorter.prepare()
    except CycleError as error:
        # graphlib tells the cycle from the called to the callers, and where it starts is arbitrary
        cycle = list(reversed(error.args[1]))[:-1]
        start = cycle.index(min(cycle))
        shown = [*cycle[start:], *cycle[:start], cycle[start]]
        path = " -> ".join(endpoint_name(key) for key in shown)
        told = f"the calls form a cycle, which would never end: {path}"
        raise PlanError(str(topology.problem_of_call(shown[-2], shown[-1], told))) from None
