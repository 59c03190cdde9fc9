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
    from .experiments import Check, Comparison, check, compare, load_results, simulate
    from .plan.plan import Plan
    from .results import Results
    from .spec import Topology, json_schema, load, loads

__version__ = "0.1.0"

_HOMES = {
    "Check": "experiments",
    "Comparison": "experiments",
    "Plan": "plan.plan",
    "Results": "results",
    "Topology": "spec",
    "check": "experiments",
    "compare": "experiments",
    "compile": "compiler",
    "json_schema": "spec",
    "load": "spec",
    "load_results": "experiments",
    "loads": "spec",
    "plots": "",
    "simulate": "experiments",
}

__all__ = [
    "Check",
    "Comparison",
    "EngineError",
    "Plan",
    "PlanError",
    "ResultError",
    "Results",
    "SimulatorError",
    "Topology",
    "TopologyError",
    "check",
    "compare",
    "compile",
    "json_schema",
    "load",
    "load_results",
    "loads",
    "plots",
    "simulate",
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
