"""What is of an objective's own requests and calls, and nobody else's."""

from types import SimpleNamespace

import pandas as pd
import pytest

import simulator as sim
from simulator.compiler import UnitSize
from simulator.experiments.sizes.own import compile_alone, only_callers, own_of

SHOP = """\
simulation: {duration: 3s, warmup: 1s, seed: 3, replications: 2}
services:
  web:
    steps:
      - {cpu: {dist: exponential, mean: 8ms}}
      - {call: store, times: 3}
      - {call: db, probability: 0.5}
      - {send: mail}
  store: {steps: [{cpu: {dist: exponential, mean: 4ms}}, {call: db}]}
  db: {kind: database, steps: [{cpu: {dist: exponential, mean: 1ms}}]}
  mail: {steps: [{cpu: 9ms}]}
  report: {errorRate: 100%, steps: [{cpu: 2ms}]}
workload:
  shoppers: {call: web, rate: 30/s}
  clerks: {calls: [{call: report, weight: 2}, {call: store}], rate: 60/s}
slos:
  web: {call: web, mean: 1s}
  store: {call: store, mean: 1s, errorRate: 1%}
  report: {call: report, mean: 1s}
  db: {call: db, mean: 1s, errorRate: 1%}
"""


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


@pytest.fixture(scope="module")
def result(shop):
    return sim.simulate(shop, detail="attempts")


def own(topology, name, deployment="microservices"):
    return own_of(sim.compile(topology, deployment), {"slo": name, "endpoint": name})


@pytest.mark.parametrize(
    ("name", "inner", "everything", "detail"),
    [
        ("web", False, False, "requests"),
        ("report", False, False, "attempts"),
        ("store", False, False, "attempts"),
        ("db", True, False, "requests"),
    ],
)
def test_what_has_to_be_recorded(shop, name, inner, everything, detail):
    one = own(shop, name)
    assert (one.inner, one.everything, one.detail) == (inner, everything, detail)


def test_alone_it_is_everything(shop):
    assert own(only_callers(shop, "store"), "store").everything
    assert not own(only_callers(shop, "store"), "db").everything


@pytest.mark.parametrize("name", ["web", "report", "store"])
def test_its_requests_are_as_many_as_its_calls_from_outside(shop, result, name):
    mine = own(shop, name).requests(result)
    table = result.endpoints.reset_index()
    entered = table[(table["entry"] == name) & (table["endpoint"] == name)]
    assert len(mine) == entered["calls"].sum() > 0
    assert set(mine["workload"]) == ({"shoppers"} if name == "web" else {"clerks"})
    assert set(mine["outcome"]) == ({"error"} if name == "report" else {"ok"})


def test_its_failures(shop, result):
    counts, number = own(shop, "report").failures(result)
    assert dict(counts) == {"error@report": number}
    assert own(shop, "store").failures(result)[0].empty


def test_of_equal_causes_the_first_in_the_alphabet_and_no_end_is_one(shop):
    ends = [("error", "error@b"), ("error", "error@a"), ("timeout", "timeout@a"), ("unfinished", "")] * 2
    ends += [("ok", ""), ("degraded", "error@z"), ("unfinished", "")]
    rows = [("shoppers", 2.0, *end) for end in ends]
    rows += [("shoppers", 0.5, "error", "early"), ("clerks", 2.0, "error", "others")]
    requests = pd.DataFrame(rows, columns=["workload", "arrival_s", "outcome", "cause"])
    counts, number = own(shop, "web").failures(SimpleNamespace(requests=requests, provenance={"warmup_s": 1.0}))
    assert number == len(ends)
    assert list(counts.items()) == [("unfinished", 3), ("error@a", 2), ("error@b", 2), ("timeout@a", 2)]


@pytest.mark.parametrize("name", ["web", "store", "report", "db"])
def test_its_calls_are_those_that_the_objective_is_of(shop, result, name):
    calls, failed, mean = own(shop, name).calls(result)
    table = result.endpoints.reset_index()
    assert calls == table.loc[table["endpoint"] == name, "calls"].sum() > 0
    assert failed == (calls if name == "report" else 0)
    row = result.objectives.query(f"slo == '{name}' and quantity == 'mean'").iloc[0]
    if name in ("web", "db"):  # of an entry that is called inside too, the objective is of users alone
        assert mean == pytest.approx(row["value"])


def test_visits_that_one_call_waits_for(shop):
    plan = sim.compile(shop)
    visits = {name: dict(zip(plan.services.name, own(shop, name).visits().tolist(), strict=True)) for name in shop.slos}
    assert visits["web"] == {"web": 1.0, "store": 3.0, "db": 3.5, "mail": 0.0, "report": 0.0}
    assert visits["store"] == {"web": 0.0, "store": 1.0, "db": 1.0, "mail": 0.0, "report": 0.0}
    assert visits["db"]["db"] == sum(visits["db"].values()) == 1.0


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_its_waits_add_up_to_those_of_the_breakdown(shop, deployment):
    """One step after the other and nobody fails, so that all of it is on the critical path."""
    always = [{"cpu": {"dist": "exponential", "mean": "8ms"}}, {"call": "store", "times": 3}]
    alone = only_callers(shop.replace({"services.web.steps": always}), "web")
    result = sim.simulate(alone, deployment, detail="summary")
    waits = own(alone, "web", deployment).waits(result)
    assert waits.sum() == pytest.approx(result.breakdown["waiting_s"].sum())
    assert list(waits.index) == list(result.units.index)


def test_nobody_else_asks(shop):
    alone = only_callers(shop, "store")
    assert list(alone.workload) == ["clerks"]
    assert [entry.call for entry in alone.workload["clerks"].entries] == ["store"]
    plan = compile_alone(shop, "microservices", "store", {"web": UnitSize(3), "store": UnitSize(4, 2)})
    assert plan.units.name == ("store", "db")
    assert (plan.units.replicas.tolist(), plan.units.cpu.tolist()) == ([4, 1], [2.0, 1.0])
