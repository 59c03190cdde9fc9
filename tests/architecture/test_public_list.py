"""The public list: exactly these names, all documented, and the same whatever was imported before."""

import inspect
import pkgutil
import subprocess
import sys
import types
from importlib import import_module
from pathlib import Path

import pytest

import simulator as sim

ROOT = Path(__file__).parents[2]

PUBLIC = {
    "BreakEven", "Capacity", "Check", "Comparison", "CoreCurve", "Drill", "EngineError", "LoadCurve", "NextReplica",
    "Plan", "PlanError", "ResultError", "Results", "ScalingCurve", "SimulatorError", "Topology", "TopologyError",
    "break_even", "capacity", "check", "collect", "compare", "compile", "core_curve", "drill", "example", "examples",
    "json_schema", "load", "load_curve", "load_results", "loads", "next_replica", "plots", "scaling_curve", "simulate",
    "sweep", "warm",
}  # fmt: skip
PLOTS = {
    "break_even", "breakdown", "comparison", "core_curve", "drill", "latency", "load_curve", "save", "scaling",
    "styled", "timeline", "topology", "utilisation",
}  # fmt: skip


def test_the_list_is_exactly_this():
    assert set(sim.__all__) == PUBLIC
    assert sorted(sim.__all__) == sim.__all__ == dir(sim)
    assert set(sim.plots.__all__) == PLOTS


def test_no_other_name_is_made_up():
    with pytest.raises(AttributeError, match="module 'simulator' has no attribute 'simulte'"):
        _ = sim.simulte


@pytest.mark.parametrize("name", sorted(PUBLIC - {"plots"}))
def test_every_name_is_documented(name):
    thing = getattr(sim, name)
    assert inspect.getdoc(thing)
    assert not isinstance(thing, types.ModuleType)
    if inspect.isclass(thing):
        own = {key: value for key, value in vars(thing).items() if not key.startswith("_")}
        members = {
            key: value for key, value in own.items()
            if isinstance(value, (property, classmethod, staticmethod)) or inspect.isfunction(value)
        }  # fmt: skip
        assert [key for key, value in members.items() if not inspect.getdoc(value)] == []
    else:
        described = inspect.getdoc(thing)
        parameters = [
            key for key in inspect.signature(thing).parameters if key not in ("topology", "path", "text", "file")
        ]
        assert [key for key in parameters if key not in described] == []


@pytest.mark.parametrize("name", sorted(PLOTS))
def test_every_figure_is_documented(name):
    figure = getattr(sim.plots, name)
    assert inspect.getdoc(figure)
    assert callable(figure)


def modules():
    """Every module of the package, by its dotted name."""
    return [
        module.name for module in pkgutil.walk_packages(sim.__path__, "simulator.") if "__main__" not in module.name
    ]


def test_every_module_says_what_it_is_for():
    assert len(modules()) > 80
    assert [name for name in modules() if not import_module(name).__doc__] == []


def test_a_name_means_the_same_whatever_was_imported_before():
    program = (
        "import pkgutil, sys, types\n"
        "import simulator as sim\n"
        "for module in pkgutil.walk_packages(sim.__path__, 'simulator.'):\n"
        "    if '__main__' not in module.name:\n"
        "        __import__(module.name)\n"
        "names = [name for name in sim.__all__ if name != 'plots']\n"
        "print([name for name in names if isinstance(getattr(sim, name), types.ModuleType)])\n"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert process.stdout == "[]\n"


def test_importing_the_package_loads_next_to_nothing():
    program = "import sys\nbefore = set(sys.modules)\nimport simulator\nprint(*sorted(set(sys.modules) - before))\n"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in process.stdout.split()}
    assert not loaded & {"numpy", "pandas", "pydantic", "yaml", "matplotlib", "scipy", "numba", "simpy", "rich", "loky"}
