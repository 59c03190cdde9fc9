"""What a run without failures says of them: nothing, if hardly any was to be expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..plan.layout import UNLIMITED
from ..plan.plan import Plan

FEW: Final = 10.0
"""Failures by chance, expected in all replications, below which their share of the errors is luck."""


@dataclass(frozen=True)
class Rarity:
    """Failures of replicas by chance that are too rare for the length of a run.

    `expected` are there in all replications. `share` is about what they make of the errors in the long run: the share
    of a service's replicas that is down, of all such services together.
    """

    services: tuple[str, ...]
    expected: float
    share: float

    def most(self, confidence: float) -> float:
        """The largest share of errors that so few failures leave room for: the exact limit of a Poisson count."""
        from scipy.special import gammaincinv

        count = float(gammaincinv(self.expected + 1.0, 1.0 - (1.0 - confidence) / 2.0))
        return min(1.0, count / self.expected * self.share)


def find_rarity(plan: Plan, replications: int, endpoint: int | None = None) -> Rarity | None:
    """The failures by chance behind an endpoint, or of the whole plan, if there are too few of them to be seen."""
    failures = plan.failures
    rows = np.flatnonzero(_behind(plan, endpoint)[failures.service])
    if not rows.size:
        return None
    mean, service = plan.distributions.mean, failures.service[rows]
    up, down = mean[failures.up[rows]], mean[failures.repair[rows]] + mean[failures.startup[rows]]
    replicas = plan.units.replicas[plan.services.unit[service]]
    expected = float((replicas * plan.settings.duration_s * replications / (up + down)).sum())
    if not 0.0 < expected < FEW:  # of no replicas none is expected
        return None
    names = tuple(dict.fromkeys(plan.services.name[row] for row in service.tolist()))
    return Rarity(names, expected, float((down / (up + down)).sum()))


def _behind(plan: Plan, endpoint: int | None) -> NDArray[np.bool_]:
    """Services that are called from an endpoint's service on, it among them; all without one."""
    number = len(plan.services.name)
    if endpoint is None:
        return np.ones(number, dtype=bool)
    reached = np.zeros(number, dtype=bool)
    reached[plan.endpoints.service[endpoint]] = True
    caller, target = plan.calls.caller, plan.endpoints.service[plan.calls.target]
    inside = caller >= 0
    while (further := target[inside & reached[caller]]).size and not reached[further].all():
        reached[further] = True
    return reached


def can_fail(plan: Plan) -> bool:
    """Whether anything in a plan can make a request fail; without that, no error seen is none at all."""
    calls, limited = plan.calls, plan.units.queue_capacity
    return bool(
        (plan.endpoints.error_rate > 0.0).any()
        or (calls.loss > 0.0).any()
        or (calls.error_rate > 0.0).any()
        or np.isfinite(calls.timeout).any()
        or (limited != UNLIMITED).any()
        or any(table.size for table in (plan.policies.call, plan.patience.call, plan.limiters.service))
        or any(table.size for table in (plan.detectors.unit, plan.failures.service, plan.faults.kind))
    )
