"""A discrete-event simulator of microservice topologies, to see whether to split or to keep the monolith.

    import simulator as sim
    topology = sim.load("topologies/checkout.yaml")
    result = sim.simulate(topology, deployment="microservices")
    comparison = sim.compare(topology, ["microservices", "monolith"])

Importing this compiles nothing and loads neither pandas nor matplotlib: a name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import EngineError, PlanError, ResultError, SimulatorError, TopologyError

if TYPE_CHECKING:
    from . import plots
    from .compiler import compile_topology as compile
    from .experiments import (
        BreakEven,
        Capacity,
        Check,
        Comparison,
        CoreCurve,
        Drill,
        LoadCurve,
        NextReplica,
        ScalingCurve,
        break_even,
        capacity,
        check,
        collect,
        compare,
        core_curve,
        drill,
        load_curve,
        load_results,
        next_replica,
        scaling_curve,
        simulate,
        sweep,
        warm,
    )
    from .plan.plan import Plan
    from .results import Results
    from .spec import Topology, example, examples, json_schema, load, loads

__version__ = "0.2.0"

_HOMES = {
    "BreakEven": "experiments",
    "Capacity": "experiments",
    "Check": "experiments",
    "Comparison": "experiments",
    "CoreCurve": "experiments",
    "Drill": "experiments",
    "LoadCurve": "experiments",
    "NextReplica": "experiments",
    "Plan": "plan.plan",
    "Results": "results",
    "ScalingCurve": "experiments",
    "Topology": "spec",
    "break_even": "experiments",
    "capacity": "experiments",
    "check": "experiments",
    "collect": "experiments",
    "compare": "experiments",
    "compile": "compiler",
    "core_curve": "experiments",
    "drill": "experiments",
    "example": "spec",
    "examples": "spec",
    "json_schema": "spec",
    "load": "spec",
    "load_curve": "experiments",
    "load_results": "experiments",
    "loads": "spec",
    "next_replica": "experiments",
    "plots": "",
    "scaling_curve": "experiments",
    "simulate": "experiments",
    "sweep": "experiments",
    "warm": "experiments",
}

__all__ = [
    "BreakEven",
    "Capacity",
    "Check",
    "Comparison",
    "CoreCurve",
    "Drill",
    "EngineError",
    "LoadCurve",
    "NextReplica",
    "Plan",
    "PlanError",
    "ResultError",
    "Results",
    "ScalingCurve",
    "SimulatorError",
    "Topology",
    "TopologyError",
    "break_even",
    "capacity",
    "check",
    "collect",
    "compare",
    "compile",
    "core_curve",
    "drill",
    "example",
    "examples",
    "json_schema",
    "load",
    "load_curve",
    "load_results",
    "loads",
    "next_replica",
    "plots",
    "scaling_curve",
    "simulate",
    "sweep",
    "warm",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "plots":
        return import_module(f"{__name__}.plots")
    value = getattr(import_module(f"{__name__}.{home}"), "compile_topology" if name == "compile" else name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
