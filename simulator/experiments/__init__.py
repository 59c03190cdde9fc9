"""What one asks of a topology: check it, simulate it, compare its deployments.

No module here has the name of a function: once imported, it would take the function's place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checks import Check, check
    from .comparison import Comparison, compare
    from .curves.breaking import BreakEven, break_even
    from .curves.cores import CoreCurve, core_curve
    from .curves.load import LoadCurve, load_curve
    from .curves.scaling import ScalingCurve, scaling_curve
    from .drills.drilled import Drill
    from .drills.drilling import drill
    from .simulation import load_results, simulate
    from .sizes.marginal import NextReplica, next_replica
    from .sizes.sized import Capacity
    from .sizes.sizing import capacity
    from .sweeps.sweeping import collect, sweep
    from .warming import warm

__all__ = [
    "BreakEven",
    "Capacity",
    "Check",
    "Comparison",
    "CoreCurve",
    "Drill",
    "LoadCurve",
    "NextReplica",
    "ScalingCurve",
    "break_even",
    "capacity",
    "check",
    "collect",
    "compare",
    "core_curve",
    "drill",
    "load_curve",
    "load_results",
    "next_replica",
    "scaling_curve",
    "simulate",
    "sweep",
    "warm",
]

_HOMES = {
    "BreakEven": "curves.breaking",
    "Capacity": "sizes.sized",
    "Check": "checks",
    "Comparison": "comparison",
    "CoreCurve": "curves.cores",
    "Drill": "drills.drilled",
    "LoadCurve": "curves.load",
    "NextReplica": "sizes.marginal",
    "ScalingCurve": "curves.scaling",
    "break_even": "curves.breaking",
    "capacity": "sizes.sizing",
    "check": "checks",
    "collect": "sweeps.sweeping",
    "compare": "comparison",
    "core_curve": "curves.cores",
    "drill": "drills.drilling",
    "load_curve": "curves.load",
    "next_replica": "sizes.marginal",
    "scaling_curve": "curves.scaling",
    "sweep": "sweeps.sweeping",
    "warm": "warming",
}


def __getattr__(name: str) -> Any:
    # `check` is a light command: it must not load what the others need.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'simulation')}"), name)
