"""What one asks of a topology: check it, simulate it, compare its deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .check import Check, check
    from .compare import Comparison, compare
    from .simulate import load_results, simulate

__all__ = ["Check", "Comparison", "check", "compare", "load_results", "simulate"]

_HOMES = {"Check": "check", "check": "check", "Comparison": "compare", "compare": "compare"}


def __getattr__(name: str) -> Any:
    # `check` is a light command: it must not load what the others need.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'simulate')}"), name)
