"""One case, two engines: run both, and say where their traces differ.

A case is a tree of plain data in which a tuple of numbers stands for a CSV file that holds them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import simulator as sim
from simulator.engines.compiled import CompiledEngine
from simulator.engines.reference import ReferenceEngine
from simulator.plan.engine import Detail, Engine
from simulator.plan.plan import Plan
from simulator.plan.trace import Trace

DETAILS: tuple[Detail, ...] = ("summary", "requests", "attempts")
COLUMNS = {"replay": "arrival_s", "file": "value_s"}
"""Keys that name a file, and the column that is read from it."""

Outcome = Trace | sim.EngineError
"""What became of a run."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One run of one deployment of one topology."""

    tree: dict[str, Any]
    deployment: str = "microservices"
    seed: int = 1
    replication: int = 0
    detail: Detail = "attempts"


@dataclasses.dataclass(frozen=True)
class Pair:
    """What the two engines made of one plan."""

    plan: Plan
    reference: Outcome
    compiled: Outcome

    @property
    def trace(self) -> Trace:
        """The trace of both."""
        assert isinstance(self.reference, Trace), self.reference
        return self.reference


# -- cases to plans


def ticks(count: int) -> str:
    """So many times 1/512 s, exactly: a time of which sums have no rounding."""
    return f"{count / 512!r}s"


def written(value: Any, folder: Path, key: str = "") -> Any:
    """The tree as a file has it, its columns of numbers as names of files in `folder`."""
    if isinstance(value, tuple):
        text = f"{COLUMNS[key]}\n" + "".join(f"{number!r}\n" for number in value)
        file = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.csv"
        if not file.exists():
            file.write_text(text, encoding="utf-8")
        return file.name
    if isinstance(value, Mapping):
        return {name: written(item, folder, name) for name, item in value.items()}
    return [written(item, folder) for item in value] if isinstance(value, list) else value


def plan_of(case: Case, folder: Path) -> Plan:
    """The plan of a case.

    Raises
    ------
    TopologyError, PlanError
        If the case has no meaning.
    """
    topology = sim.loads(json.dumps(written(case.tree, folder)), base=folder)
    return sim.compile(topology, case.deployment)


def as_yaml(case: Case) -> str:
    """A case for a person to read and to run again; the columns of its files are lists."""
    said = f"# deployment {case.deployment}, seed {case.seed}, replication {case.replication}, detail {case.detail}\n"
    plain = json.loads(json.dumps(case.tree))
    return said + yaml.safe_dump(plain, sort_keys=False, default_flow_style=None, width=120)


# -- running


def run(engine: Engine, plan: Plan, case: Case) -> Outcome:
    """The trace, or the engine's own error: that is an answer too."""
    try:
        return engine.run(plan, seed=case.seed, replication=case.replication, detail=case.detail)
    except sim.EngineError as error:
        return error


def run_both(case: Case, folder: Path) -> Pair:
    """Both engines' answers to a case."""
    plan = plan_of(case, folder)
    return Pair(plan, run(ReferenceEngine(), plan, case), run(CompiledEngine(), plan, case))


def assert_same(case: Case, *, folder: Path) -> Pair:
    """Both engines give the same trace, or both refuse."""
    pair = run_both(case, folder)
    found = list(differences(pair.reference, pair.compiled))
    assert not found, "\n".join(["the engines differ in", *found, as_yaml(case)])
    return pair


# -- comparing


def differences(reference: Outcome, compiled: Outcome) -> Iterator[str]:
    """For each field that differs, where it does so first, and both values."""
    if isinstance(reference, sim.EngineError) and isinstance(compiled, sim.EngineError):
        return
    if isinstance(reference, sim.EngineError) or isinstance(compiled, sim.EngineError):
        yield f"  the whole: reference {_short(reference)}, compiled {_short(compiled)}"
        return
    yield from _fields(reference, compiled, "")


def _fields(one: Any, other: Any, prefix: str) -> Iterator[str]:
    for field in dataclasses.fields(one):
        if prefix + field.name == "engine":
            continue
        first, second = getattr(one, field.name), getattr(other, field.name)
        yield from _values(first, second, prefix + field.name)


def _values(first: Any, second: Any, name: str) -> Iterator[str]:
    if type(first) is not type(second):
        yield f"  {name}: reference {_short(first)}, compiled {_short(second)}"
    elif isinstance(first, np.ndarray):
        yield from _columns(first, second, name)
    elif dataclasses.is_dataclass(first):
        yield from _fields(first, second, f"{name}.")
    elif first != second:
        yield f"  {name}: reference {first!r}, compiled {second!r}"


def _columns(first: np.ndarray, second: np.ndarray, name: str) -> Iterator[str]:
    if first.dtype != second.dtype:
        yield f"  {name}: reference has dtype {first.dtype}, compiled {second.dtype}"
        return
    if first.shape != second.shape:
        yield f"  {name}: reference has shape {first.shape}, compiled {second.shape}"
    if first.ndim != second.ndim:
        return
    common = tuple(slice(0, min(sizes)) for sizes in zip(first.shape, second.shape, strict=True))
    one, other = first[common], second[common]
    wrong = np.argwhere(_bits(one) != _bits(other))
    if len(wrong):
        index = tuple(wrong[0].tolist())
        place = ", ".join(map(str, index))
        yield (
            f"  {name}[{place}]: reference {_exact(one[index])}, compiled {_exact(other[index])}"
            f" ({len(wrong)} of {one.size} differ)"
        )


def _bits(column: np.ndarray) -> np.ndarray:
    """Floats as integers, so that NaN is itself and 0 is not -0."""
    return column.view(f"i{column.itemsize}") if column.dtype.kind == "f" else column


def _exact(value: Any) -> str:
    return f"{value.item()!r} ({value.item().hex()})" if value.dtype.kind == "f" else repr(value.item())


def _short(value: Any) -> str:
    if isinstance(value, sim.EngineError):
        return f"EngineError({value})"
    return type(value).__name__ + (f" of shape {value.shape}" if isinstance(value, np.ndarray) else "")
