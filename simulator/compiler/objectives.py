"""Slos to objectives: one row a number that an endpoint has to keep."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..plan.plan import Objective
from ..spec.models import Topology
from ..units import format_percentile
from .directory import Directory
from .reach import find_asked


def make_objectives(directory: Directory) -> tuple[Objective, ...]:
    """Objectives by slo: percentiles ascending, then the mean, then the error rate.

    An slo of an endpoint that nobody can ask has no objective (rule 11.10).
    """
    topology = directory.topology
    asked = find_asked(topology)
    return tuple(
        Objective(
            name, directory.endpoints[key], quantity, probability, limit, settled=topology.slos[name].until == "settled"
        )
        for name in sorted(topology.slos)
        if (key := topology.resolve(topology.slos[name].call)) in asked
        for quantity, probability, limit in _quantities(topology, name)
    )


def _quantities(topology: Topology, name: str) -> Iterator[tuple[str, float, float]]:
    slo = topology.slos[name]
    for probability, limit in sorted(slo.percentiles):
        yield format_percentile(probability), probability, limit
    if slo.mean is not None:
        yield "mean", math.nan, slo.mean
    if slo.error_rate is not None:
        yield "errorRate", math.nan, slo.error_rate
