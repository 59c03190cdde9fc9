"""Import rules are checked by import-linter; here: that nothing can escape them."""

import ast
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "simulator"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = next(contract for contract in CONTRACTS if contract["type"] == "layers")["layers"]
FORBIDDEN = [contract for contract in CONTRACTS if contract["type"] == "forbidden"]
# `__init__` only hands out what others have, `__main__` only calls the commands
FREE = {"__init__", "__main__"}


def parts(folder):
    """Modules and packages directly in a folder."""
    modules = {path.stem for path in folder.glob("*.py")}
    return modules | {path.name for path in folder.iterdir() if any(path.rglob("*.py"))}


def named(prefix, modules):
    """The next word of those modules that are below the prefix."""
    start = f"{prefix}."
    return {name.removeprefix(start).partition(".")[0] for name in modules if name.startswith(start)}


def in_layers():
    return {name.strip() for layer in LAYERS for name in layer.split("|")}


def test_every_module_has_a_layer():
    assert parts(PACKAGE) - FREE == named("simulator", in_layers())


def test_every_engine_has_a_layer():
    assert parts(PACKAGE / "engines") - FREE == named("simulator.engines", in_layers())


def test_main_only_calls_the_commands():
    assert len((PACKAGE / "__main__.py").read_text().splitlines()) < 12


@pytest.mark.parametrize("contract", FORBIDDEN, ids=lambda contract: contract["name"])
def test_every_contract_looks_everywhere_but_at_home(contract):
    """A library's contract names every part of the package, or leaves out the library's one home and what is above."""
    homes = {
        "simpy": {"engines"},
        "pydantic": {"spec"},
        "matplotlib": {"plots"},
        "numba": {"machine_code"},
        "pandas": {"results", "experiments", "plots", "cli"},
    }
    library = contract["forbidden_modules"][0]
    if library.startswith("simulator."):
        assert contract["source_modules"] == ["simulator.theory"]
        return
    free = homes[library]
    named_here = named("simulator", contract["source_modules"])
    assert parts(PACKAGE) - FREE - free <= named_here
    if library == "numba":
        elsewhere = parts(PACKAGE / "machine_code") - {"__init__", "compiling", "linking", "recordtypes"}
        assert named("simulator.machine_code", contract["source_modules"]) == elsewhere


# -- the reference engine: its modules stand in a line

LINE = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in (PACKAGE / "engines/reference").glob("*.py")}


def imported(tree):
    """What a module has of its siblings, also for its types alone: names by module."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
    return {node.module: {alias.asname or alias.name for alias in node.names} for node in nodes}


def test_no_module_of_the_reference_engine_imports_what_imports_it():
    order = list(TopologicalSorter({name: imported(tree) for name, tree in LINE.items()}).static_order())
    places = [order.index(name) for name in ("clock", "model", "world", "wire", "calls", "programs", "life", "engine")]
    assert places == sorted(places)


def test_nobody_of_the_reference_engine_hands_itself_to_what_it_imports():
    """What is below is given what it needs, and not all that is above it."""
    found = []
    for name, tree in LINE.items():
        known = set().union(*imported(tree).values())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in known):
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            found += [f"{name}: {ast.unparse(call)}" for one in given if ast.unparse(one) == "self"]
    assert found == []
