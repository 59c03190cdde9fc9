"""Topologies from text, and plans of them."""

from collections.abc import Callable

import pytest

from simulator.compiler import compile_topology
from simulator.plan.plan import Plan
from simulator.spec import Topology, loads


@pytest.fixture
def parse() -> Callable[[str], Topology]:
    return lambda text: loads(text)


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    def make(text: str, deployment: str = "microservices", *, equal_cores: bool = False) -> Plan:
        return compile_topology(loads(text, allow_outside=True), deployment, equal_cores=equal_cores)

    return make
