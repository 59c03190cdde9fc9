"""How long messages and work take: the samplers of one run, addressed by who asks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...plan.layout import Dist
from ...plan.tables import Distributions
from ...rules.randomness import uniform
from ...rules.variates import sample, sample_points

Draw = Callable[[int, int, int], float]
"""(address, stream, k) to seconds."""


def make_draw(distributions: Distributions, row: int, key: int) -> Draw:
    """The sampler of one distribution in one replication."""
    kind = int(distributions.kind[row])
    p0, p1, p2 = (float(p[row]) for p in (distributions.p0, distributions.p1, distributions.p2))
    if kind == Dist.CONSTANT:
        return lambda address, stream, k: p0
    if kind in (Dist.QUANTILES, Dist.VALUES):
        first, points = int(distributions.first_point[row]), int(distributions.points[row])
        here = slice(first, first + points)
        table = np.concatenate([distributions.probability[here], distributions.value[here]])
        between = kind == Dist.QUANTILES
        return lambda address, stream, k: sample_points(
            table, 0, points, points, between, uniform(key, address, stream, k)
        )
    return lambda address, stream, k: sample(kind, p0, p1, p2, key, address, stream, k)
