"""The load at which a deployment would not come back after the fault: bisection (rules 15.15 and 15.16)."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from ...compiler import compile_topology, napkin
from ...errors import PlanError
from ...plan.columns import Floats
from ...plan.engine import Engine
from ..curves.offered import scale_traffic
from ..replicate import Progress
from .faulting import Scene
from .measuring import measure_pair, run_pair, verdict_of, watch_longer

BACK: Final = ("unharmed", "kept", "comes back")
"""Verdicts of a system that comes back."""
PROBES: Final = 3
"""Replications of one load, at most."""
REACH: Final = 8.0
"""Loads are looked for up to so many times that of the file, and down to a so manieth of it twice over."""
Returns = Callable[[float], str]


@dataclass(frozen=True)
class Brink:
    """Two loads, as factors of the file's traffic, between which coming back ends."""

    low: float  # comes back; 0 if it does at none that was tried
    high: float  # does not; inf if it does at all
    why: str  # the verdict at `high`: metastable or overloaded, `theory` if that is what says so


def find_brink(verdict: str, returns: Returns, *, saturation: float, precision: float) -> Brink:
    """Bisect.

    Parameters
    ----------
    verdict
        At the file's own traffic, 1.
    returns
        The verdict at a factor.
    saturation
        The factor from which on theory expects that the load is not carried without the fault; inf if never.
    precision
        What `high` may be above `low`, as a share of it.
    """
    low, high, why = 0.0, math.inf, ""
    if verdict in BACK:
        low = 1.0
        if 1.0 < saturation < math.inf:
            high, why = saturation, "theory"
        while math.isinf(high) and low < REACH:
            low, high, why = _narrow(low, high, why, 2.0 * low, returns)
    else:
        high, why = 1.0, verdict
        while low == 0.0 and high > REACH**-2:
            low, high, why = _narrow(low, high, why, high / 2.0, returns)
    while low > 0.0 and high < math.inf and high > low * (1.0 + precision):
        low, high, why = _narrow(low, high, why, math.sqrt(low * high), returns)
    return Brink(low, high, why)


def _narrow(low: float, high: float, why: str, factor: float, returns: Returns) -> tuple[float, float, str]:
    verdict = returns(factor)
    return (factor, high, why) if verdict in BACK else (low, factor, verdict)


@dataclass(frozen=True, eq=False)
class Probe:
    """How a load is tried: a deployment with a policy set, in short."""

    scene: Scene
    deployment: str
    typical_s: Floats
    engine: Engine
    executor: Executor | None

    def verdict(self, factor: float, progress: Progress | None = None) -> str:
        """At a factor of the file's traffic."""
        calm = scale_traffic(self.scene.calm, factor)
        scene = replace(self.scene, calm=calm, faulty=scale_traffic(self.scene.faulty, factor))
        plans = [compile_topology(one, self.deployment) for one in (scene.calm, scene.faulty)]
        made = run_pair(
            scene, plans[0], plans[1], engine=self.engine,
            replications=range(min(PROBES, plans[0].settings.replications)),
            services=False, executor=self.executor, progress=progress,
        )  # fmt: skip
        measured = watch_longer(
            scene, self.deployment, measure_pair(scene, plans[0], made, self.typical_s), self.typical_s,
            engine=self.engine, executor=self.executor,
        )  # fmt: skip
        return verdict_of(measured.incidents)

    def saturation(self) -> float:
        """The factor of the file's traffic at which theory expects the bottleneck to be busy all the time."""
        found = napkin(compile_topology(self.scene.calm, self.deployment))
        return found.saturation_rate / found.arrival_rate if found.arrival_rate > 0.0 else math.inf


def check_loads(scene: Scene, precision: float) -> None:
    """Refuse before any run what cannot be bisected.

    Raises
    ------
    PlanError
        If a workload is replayed, or the precision is no share.
    """
    scale_traffic(scene.calm, 1.0)
    if not 0.0 < precision <= 1.0:
        raise PlanError(f"precision: expected a share above 0 and up to 1, such as 0.05, found {precision:g}")
