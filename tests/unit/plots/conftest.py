"""Small runs, and figures that are closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from simulator.compiler import compile_topology
from simulator.engines.reference import ReferenceEngine
from simulator.plan.plan import Plan
from simulator.results import Results, paired_difference, summarise
from simulator.spec import Topology, loads

SHOP = """
name: shop
simulation: {duration: 6s, warmup: 1s}
network: {latency: 1ms}
services:
  cart:      {steps: [{cpu: 3ms}, {call: order}, {send: mailer}]}
  order:     {steps: [{cpu: {dist: exponential, mean: 8ms}}, {call: payment}, {call: shop-db}]}
  payment:   {replicas: 2, errorRate: 5%, steps: [{cpu: {dist: exponential, mean: 12ms}}, {call: shop-db}]}
  shop-db:   {kind: database, steps: [{cpu: 1ms}]}
  mailer:    {kind: external, steps: [{sleep: 30ms}]}
workload:
  shoppers: {call: cart, rate: 60/s}
  crawlers: {call: cart, rate: 5/s}
prices: {vcpuHour: 0.04, unitHour: 0.02}
"""


def run(topology: Topology, deployment: str = "microservices", replications: int = 3) -> tuple[Plan, Results]:
    plan = compile_topology(topology, deployment)
    engine = ReferenceEngine()
    traces = [engine.run(plan, seed=1, replication=number, detail="requests") for number in range(replications)]
    return plan, summarise(plan, traces)


@dataclass
class Told:
    """A comparison as `comparison` reads it."""

    results: dict[str, Results]
    differences: pd.DataFrame
    verdict: str = "the monolith is quicker, and nobody is surprised by it"
    other_traffic: dict[str, str] = field(default_factory=dict)

    @property
    def baseline(self) -> str:
        return next(iter(self.results))


def compared(*results: Results) -> Told:
    by_name = {result.provenance["deployment"]: result for result in results}
    first, *others = by_name
    differences = {name: paired_difference(by_name[first], by_name[name]) for name in others}
    return Told(by_name, pd.concat(differences, names=["deployment"]))


@pytest.fixture(scope="session")
def engine() -> ReferenceEngine:
    return ReferenceEngine()


@pytest.fixture(scope="session")
def run_of() -> Callable[[Topology], Results]:
    return lambda topology: run(topology, replications=1)[1]


@pytest.fixture(scope="session")
def shop() -> Topology:
    return loads(SHOP)


@pytest.fixture(scope="session")
def split(shop: Topology) -> tuple[Plan, Results]:
    return run(shop)


@pytest.fixture(scope="session")
def merged(shop: Topology) -> tuple[Plan, Results]:
    return run(shop, "monolith")


@pytest.fixture(scope="session")
def once(shop: Topology) -> Results:
    return run(shop, replications=1)[1]


@pytest.fixture(scope="session")
def unserved(shop: Topology) -> tuple[Plan, Results]:
    return run(shop.replace({"services.cart.errorRate": "100%"}))


@pytest.fixture(scope="session")
def empty(shop: Topology) -> tuple[Plan, Results]:
    """No request arrives."""
    return run(shop.replace({"workload.shoppers.rate": "0.000001/s", "workload.crawlers.rate": "0.000001/s"}))


@pytest.fixture(scope="session")
def both(split: tuple[Plan, Results], merged: tuple[Plan, Results]) -> Told:
    return compared(split[1], merged[1])


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    before = {key: value for key, value in mpl.rcParams.items() if key != "backend"}
    yield
    plt.close("all")
    assert {key: value for key, value in mpl.rcParams.items() if key != "backend"} == before
