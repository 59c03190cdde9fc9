"""Workloads that end too early, or never would."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...errors import PlanError
from ...plan.layout import Shape
from ...plan.plan import Plan
from ...units import format_duration
from ..expectations import Expectations, entry_shares
from .subject import Subject


def refuse_endless_users(plan: Plan, expected: Expectations) -> None:
    """Refuse users who neither think nor wait.

    Raises
    ------
    PlanError
        If the requests of a closed workload without think time end at the instant at which they begin.
    """
    workloads = plan.workloads
    for row in np.flatnonzero((workloads.shape == Shape.USERS) & (workloads.users > 0)):
        if plan.distributions.mean[workloads.think[row]] > 0.0:
            continue
        rows, shares = entry_shares(plan, int(row))
        latency = math.fsum((shares * expected.entry_latency[rows]).tolist())
        if latency == 0.0:
            raise PlanError(
                f"workload {workloads.name[row]}: its users do not think and their requests take no time, so that the"
                f" run would never end; give it a thinkTime, or work to do"
            )


def short_stages(subject: Subject) -> Iterator[str]:
    """Stages that end before the run does."""
    plan = subject.plan
    workloads, horizon = plan.workloads, plan.settings.duration_s
    for row in np.flatnonzero(workloads.shape <= Shape.EVEN):
        ramps = slice(workloads.first_ramp[row], workloads.first_ramp[row] + workloads.ramps[row])
        end = float(np.sum(workloads.ramp_duration_s[ramps]))
        if end < horizon:
            yield (
                f"{workloads.name[row]}: its stages end at {format_duration(end)}, before the horizon"
                f" ({format_duration(horizon)}); nothing arrives after that"
            )
