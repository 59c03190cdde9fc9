"""What a plan may need of the kernel that others do not: a lean kernel leaves out what a plan has no use for.

A function that serves one of these is not compiled into a kernel without it. It is never called there: should it be,
the world has a note of it, and the run is an error.
"""

from __future__ import annotations

from typing import Final

from ...plan.layout import Scheduling, Shape
from ...plan.plan import Plan

POLICIES: Final = "policies"
"""Retries, breakers, bulkheads, budgets, hedges, rate limits that wait."""
OUTAGES: Final = "outages"
"""Failures and faults."""
EJECTIONS: Final = "ejections"
SHARING: Final = "sharing"
"""Of cores: PS."""
CLOSED: Final = "closed"
"""Users that ask, wait and think."""
REPLAYS: Final = "replays"
BREAKERS: Final = "breakers"

FEATURES: Final = frozenset({POLICIES, OUTAGES, EJECTIONS, SHARING, CLOSED, REPLAYS, BREAKERS})


def features_of(plan: Plan) -> frozenset[str]:
    """Those that a plan needs."""
    shapes = set(plan.workloads.shape.tolist())
    needed = {
        POLICIES: plan.policies.call.size > 0,
        OUTAGES: plan.faults.kind.size > 0 or plan.failures.service.size > 0,
        EJECTIONS: plan.detectors.unit.size > 0,
        SHARING: Scheduling.PS in plan.units.scheduling.tolist(),
        CLOSED: Shape.USERS in shapes,
        REPLAYS: Shape.REPLAY in shapes,
        BREAKERS: plan.breakers.target.size > 0,
    }
    return frozenset(feature for feature, is_needed in needed.items() if is_needed)
