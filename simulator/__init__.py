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
    from .experiments.checks import Check, check
    from .experiments.comparison import Comparison, compare
    from .experiments.curves.breaking import BreakEven, break_even
    from .experiments.curves.cores import CoreCurve, core_curve
    from .experiments.curves.load import LoadCurve, load_curve
    from .experiments.curves.scaling import ScalingCurve, scaling_curve
    from .experiments.drills.drilled import Drill
    from .experiments.drills.drilling import drill
    from .experiments.simulation import load_results, simulate
    from .experiments.sizes.marginal import NextReplica, next_replica
    from .experiments.sizes.sized import Capacity
    from .experiments.sizes.sizing import capacity
    from .experiments.sweeps.sweeping import collect, sweep
    from .experiments.warming import warm
    from .plan.plan import Plan
    from .results import Results
    from .spec import Topology, example, examples, json_schema, load, loads

__version__ = "0.2.0"

_HOMES = {
    "BreakEven": "experiments.curves.breaking",
    "Capacity": "experiments.sizes.sized",
    "Check": "experiments.checks",
    "Comparison": "experiments.comparison",
    "CoreCurve": "experiments.curves.cores",
    "Drill": "experiments.drills.drilled",
    "LoadCurve": "experiments.curves.load",
    "NextReplica": "experiments.sizes.marginal",
    "Plan": "plan.plan",
    "Results": "results",
    "ScalingCurve": "experiments.curves.scaling",
    "Topology": "spec",
    "break_even": "experiments.curves.breaking",
    "capacity": "experiments.sizes.sizing",
    "check": "experiments.checks",
    "collect": "experiments.sweeps.sweeping",
    "compare": "experiments.comparison",
    "compile": "compiler",
    "core_curve": "experiments.curves.cores",
    "drill": "experiments.drills.drilling",
    "example": "spec",
    "examples": "spec",
    "json_schema": "spec",
    "load": "spec",
    "load_curve": "experiments.curves.load",
    "load_results": "experiments.simulation",
    "loads": "spec",
    "next_replica": "experiments.sizes.marginal",
    "plots": "",
    "scaling_curve": "experiments.curves.scaling",
    "simulate": "experiments.simulation",
    "sweep": "experiments.sweeps.sweeping",
    "warm": "experiments.warming",
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
