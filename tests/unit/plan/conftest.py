"""Plans of topologies."""

from collections.abc import Callable

import pytest

from simulator.compiler import compile_topology
from simulator.plan.plan import Plan
from simulator.spec import loads


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    def make(text: str, deployment: str = "microservices") -> Plan:
        return compile_topology(loads(text, allow_outside=True), deployment)

    return make
