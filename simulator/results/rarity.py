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
NONE: Final = 0.025
"""Outages of all replicas at once below which there is hardly ever one, and what it would add is next to nothing."""


@dataclass(frozen=True)
class Rarity:
    """Failures of replicas by chance that are too rare for the length of a run.

    `expected` are there in all replications. `share` is about what they make of the errors in the long run: the share
    of a service's replicas that is down, of all such services together. Where failures are many, the same is asked of
    `outages`, in which no replica of a unit is left: they make most of the errors.
    """

    services: tuple[str, ...]
    expected: float
    share: float
    outages: bool = False

    @property
    def what(self) -> str:
        """What is expected, in words."""
        return f"{self.expected:.2g} {'outages of all replicas at once' if self.outages else 'failures of replicas'}"

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
    names = tuple(dict.fromkeys(plan.services.name[row] for row in service.tolist()))
    if expected >= FEW:
        return _outages(plan, replications, service, down, 1.0 / (up + down))
    return Rarity(names, expected, float((down / (up + down)).sum())) if expected > 0.0 else None  # of no replicas none


def _outages(
    plan: Plan, replications: int, service: NDArray[np.int_], down: NDArray[np.float64], rate: NDArray[np.float64]
) -> Rarity | None:
    """Times in which all of several replicas of a unit are down, each on its own, if there are too few to be seen.

    With the chance q that one is down, all n are with q^n, and one of them is back after down / n in the mean.
    """
    names: dict[str, None] = {}
    expected = share = 0.0
    units = plan.services.unit[service]
    for unit in np.unique(units[plan.units.replicas[units] > 1]).tolist():
        here, replicas = units == unit, int(plan.units.replicas[unit])
        chance = float(1.0 - np.prod(1.0 - rate[here] * down[here])) ** replicas
        length = float((rate[here] * down[here]).sum() / rate[here].sum()) / replicas
        number = plan.settings.duration_s * replications * chance / length if length > 0.0 else 0.0
        if NONE <= number < FEW:
            names |= dict.fromkeys(plan.services.name[row] for row in service[here].tolist())
            expected, share = expected + number, share + chance
    return Rarity(tuple(names), expected, share, outages=True) if names else None


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
