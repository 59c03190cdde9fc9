"""Limits that a target sets to all its callers: rate limits of services.

Defaults are those of resilience4j 2 (documentation, "RateLimiter").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..plan.plan import Limiters
from ..spec.models import Topology
from .policies import given

LIMIT, PERIOD_S, TIMEOUT_S = 50, 500e-9, 5.0


def limiter_columns(topology: Topology, services: Sequence[str]) -> Limiters:
    """The services whose tries are limited, with the product's defaults where nothing is written."""
    limits = [(row, topology.services[name].rate_limit) for row, name in enumerate(services)]
    written = [(row, limit) for row, limit in limits if limit is not None]
    return Limiters(
        service=np.array([row for row, _ in written], np.int64),
        limit=np.array([given(limit.limit_for_period, LIMIT) for _, limit in written], np.int64),
        period_s=np.array([given(limit.limit_refresh_period, PERIOD_S) for _, limit in written], np.float64),
        timeout_s=np.array([given(limit.timeout_duration, TIMEOUT_S) for _, limit in written], np.float64),
    )
