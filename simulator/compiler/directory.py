"""Who and what is where in a plan: found once, and handed to all who fill its tables or speak of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..plan.columns import Integers
from ..spec.models import Topology
from .deployments import ResolvedUnit
from .programs import CallSite, EndpointKey


@dataclass(frozen=True)
class Directory:
    """One deployment of a topology, with the rows of the plan's tables by name.

    Attributes
    ----------
    services, endpoints
        Their rows, in order.
    units, calls
        What the rows are.
    streams
        The numbers that stand for the names of streams and sites.
    sized
        Names of units that something else than the topology has sized.
    equal_cores
        Whether merged units have the cores that their services have in `microservices`.
    """

    topology: Topology
    deployment: str
    services: Mapping[str, int]
    endpoints: Mapping[EndpointKey, int]
    units: Sequence[ResolvedUnit]
    calls: Sequence[CallSite]
    streams: Mapping[str, int] = field(default_factory=dict)
    sized: frozenset[str] = frozenset()
    equal_cores: bool = False

    @cached_property
    def unit_of(self) -> Mapping[str, int]:
        """The row of the unit that hosts a service."""
        return {service: row for row, unit in enumerate(self.units) for service in unit.services}

    @cached_property
    def remote(self) -> tuple[bool, ...]:
        """By call: whether it crosses the network."""
        unit_of = self.unit_of
        return tuple(site.at_edge or unit_of[site.caller] != unit_of[site.target[0]] for site in self.calls)

    def numbered(self, names: Iterable[str]) -> Integers:
        """The numbers of streams or sites, as a column."""
        return np.array([self.streams[name] for name in names], np.int64)
