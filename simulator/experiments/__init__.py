"""What one asks of a topology: check it, simulate it, compare its deployments.

No module here has the name of a function: once imported, it would take the function's place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checks import Check, check
    from .comparison import Comparison, compare
    from .simulation import load_results, simulate

__all__ = ["Check", "Comparison", "check", "compare", "load_results", "simulate"]

_HOMES = {"Check": "checks", "check": "checks", "Comparison": "comparison", "compare": "comparison"}


def __getattr__(name: str) -> Any:
    # `check` is a light command: it must not load what the others need.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'simulation')}"), name)
