"""What one asks of a topology: check it, simulate it, compare its deployments.

No module here has the name of a function: once imported, it would take the function's place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .breaking import BreakEven, break_even
    from .checks import Check, check
    from .comparison import Comparison, compare
    from .curves import LoadCurve, load_curve
    from .growth import CoreCurve, core_curve
    from .marginal import NextReplica, next_replica
    from .scaled import ScalingCurve, scaling_curve
    from .simulation import load_results, simulate
    from .sized import Capacity
    from .sizing import capacity
    from .sweeping import collect, sweep

__all__ = [
    "BreakEven",
    "Capacity",
    "Check",
    "Comparison",
    "CoreCurve",
    "LoadCurve",
    "NextReplica",
    "ScalingCurve",
    "break_even",
    "capacity",
    "check",
    "collect",
    "compare",
    "core_curve",
    "load_curve",
    "load_results",
    "next_replica",
    "scaling_curve",
    "simulate",
    "sweep",
]

_HOMES = {
    "BreakEven": "breaking",
    "Capacity": "sized",
    "Check": "checks",
    "Comparison": "comparison",
    "CoreCurve": "growth",
    "LoadCurve": "curves",
    "NextReplica": "marginal",
    "ScalingCurve": "scaled",
    "break_even": "breaking",
    "capacity": "sizing",
    "check": "checks",
    "collect": "sweeping",
    "compare": "comparison",
    "core_curve": "growth",
    "load_curve": "curves",
    "next_replica": "marginal",
    "scaling_curve": "scaled",
    "sweep": "sweeping",
}


def __getattr__(name: str) -> Any:
    # `check` is a light command: it must not load what the others need.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'simulation')}"), name)
