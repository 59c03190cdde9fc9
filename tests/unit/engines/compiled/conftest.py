"""Memories of runs that have not begun, and how two traces are compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import simulator as sim
from simulator.engines.compiled.image import load
from simulator.engines.compiled.layout import World
from simulator.engines.reference import ReferenceEngine
from simulator.machine_code import compiling  # noqa: F401  (tells numba what kernels and records are)
from simulator.machine_code.fields import free_list
from simulator.machine_code.records import FreeRecord, Record
from simulator.plan.plan import Plan
from simulator.plan.trace import Trace

SMALL = """
simulation: {duration: 1s, warmup: 0s, replications: 1}
services: {a: {steps: [{cpu: 1ms}]}}
workload: {call: a, rate: 10/s}
"""

OVERLOADED = """
simulation: {duration: 2500ms, warmup: 500ms, replications: 1}
services:
  front: {steps: [{parallel: [{call: back, timeout: 2s}, {sleep: 700ms}]}]}
  back: {replicas: 2, steps: [{cpu: 20ms}]}
workload: {call: front, rate: 2000/s}
"""
"""Some five thousand requests, most of which wait, each with a timer."""


@pytest.fixture(scope="session")
def small() -> Plan:
    return sim.compile(sim.loads(SMALL))


@pytest.fixture(scope="session")
def overloaded() -> Plan:
    return sim.compile(sim.loads(OVERLOADED))


@pytest.fixture(scope="session")
def reference_of_overloaded(overloaded: Plan) -> Trace:
    return ReferenceEngine().run(overloaded, seed=3, replication=1, detail="attempts")


@pytest.fixture
def words(small: Plan) -> np.ndarray:
    """The memory of a run of `small`, with room for some hundred thousand records more."""
    memory = load(small, 1, 0, log_requests=True, log_attempts=True, memory_limit=2**33)
    memory = np.concatenate([memory, np.zeros(2**21, np.int64)])
    World(memory).capacity = memory.size
    return memory


@pytest.fixture(scope="session")
def free_ones() -> Callable[[np.ndarray, type[Record]], list[int]]:
    """The free records of a kind: each of them once."""

    def walk(memory: np.ndarray, kind: type[Record]) -> list[int]:
        found, record = [], FreeRecord(memory, int(memory[free_list(kind)]))
        while record:
            found.append(record.index)
            record = record.next
            assert len(found) < memory.size
        assert len(set(found)) == len(found)
        return found

    return walk


def parts(value: Any) -> Any:
    """A trace as plain data, to the last bit."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if dataclasses.is_dataclass(value):
        return {field.name: parts(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


@pytest.fixture(scope="session")
def differing() -> Callable[[Trace, Trace], list[str]]:
    """The fields in which two traces differ, but for the names of their engines."""

    def fields(one: Trace, other: Trace) -> list[str]:
        first, second = parts(one), parts(other)
        return [name for name in first if first[name] != second[name] and name != "engine"]

    return fields
