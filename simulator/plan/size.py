"""How much room and time the runs of a plan ask for at least, told before they begin."""

from __future__ import annotations

import numpy as np

from ..errors import CapacityExceeded
from ..units import format_memory, rough_memory
from .plan import Plan

REPLICA_BYTES = 256
USER_BYTES = 64
"""Any engine's own of each replica and each closed user, at least."""
RATHER = "allow more by the environment variable SIMULATOR_MEMORY_LIMIT, for example 8Gi"


def least_memory(plan: Plan) -> int:
    """Bytes that a run of a plan takes before its first request."""
    replicas, users = plan.units.replicas.astype(float).sum(), plan.workloads.users.astype(float).sum()
    return int(REPLICA_BYTES * replicas + USER_BYTES * users)


def refuse_large(plan: Plan, limit: int) -> None:
    """Refuse a plan that no run of it has room for.

    Raises
    ------
    CapacityExceeded
        Which part of it is large, and what to do.
    """
    needed = least_memory(plan)
    if needed <= limit:
        return
    units, workloads = plan.units, plan.workloads
    if REPLICA_BYTES * float(units.replicas.max(initial=0)) >= USER_BYTES * float(workloads.users.max(initial=0)):
        row = int(units.replicas.argmax())
        what = f"{units.replicas[row]:,} replicas of {units.name[row]}".replace(",", " ")
    else:
        row = int(workloads.users.argmax())
        what = f"{workloads.users[row]:,} users of workload {workloads.name[row]}".replace(",", " ")
    raise CapacityExceeded(
        f"{what}: a run takes at least {rough_memory(needed)} of memory, and may take {rough_memory(limit)}: write "
        f"fewer, or {RATHER}"
    )


def over_limit(limit: int) -> CapacityExceeded:
    """What is said when a run would take more memory than it may."""
    return CapacityExceeded(
        f"the run needs more than the {format_memory(limit)} of memory that it may take: record less of it "
        '(detail="summary"), make it shorter, limit the queues if more requests arrive than are served, or '
        f"{RATHER}"
    )


def expected_requests(plan: Plan) -> float:
    """Requests of one replication, roughly; users are taken to ask once a second, or as seldom as they think."""
    workloads, horizon_s = plan.workloads, plan.settings.duration_s
    lasts_s = np.clip(horizon_s - workloads.ramp_start_s, 0.0, workloads.ramp_duration_s)
    # A ramp that never ends has one rate; one that the horizon cuts off is taken by its mean rate all the same.
    ramps = lasts_s * (workloads.ramp_start_rate + workloads.ramp_end_rate) / 2.0
    think_s = plan.distributions.mean[np.maximum(workloads.think, 0)] if workloads.users.any() else 1.0
    users = workloads.users * horizon_s / np.maximum(think_s, 1.0)
    return float(ramps.sum() + users.sum() + len(workloads.time_s))
