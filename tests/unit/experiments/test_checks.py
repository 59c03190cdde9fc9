"""`check`: every deployment, before any run."""

import json

import pytest

import simulator as sim
from simulator.cli.common import plain


def test_every_deployment_is_compiled(shop):
    checked = sim.check(shop)
    assert list(checked.plans) == list(checked.napkins) == ["microservices", "monolith", "same", "small"]
    assert str(checked).startswith("shop: well formed, 4 deployments\n")
    assert checked.plans["small"].digest() == sim.compile(shop, "small").digest()


def test_or_those_asked_for(shop):
    checked = sim.check(shop, ["small"])
    assert list(checked.plans) == ["small"]
    assert str(checked).startswith("shop: well formed, 1 deployment\n")
    with pytest.raises(sim.PlanError, match="no deployment `nowhere`"):
        sim.check(shop, ["nowhere"])


def test_a_written_monolith_is_checked_once(shop):
    written = shop.replace({"deployments.monolith": {"units": {"all": {"services": ["web", "store"]}}}})
    assert list(sim.check(written).plans).count("monolith") == 1


def test_warnings_are_by_deployment_and_wrapped(shop):
    checked = sim.check(shop.replace({"workload.rate": "400/s"}))
    assert any("offered load 3.2 cores >= capacity 2 cores" in text for text in checked.warnings["microservices"])
    lines = str(checked).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("warning: ") for line in lines) == sum(map(len, checked.warnings.values()))


def test_it_is_ready_for_json(shop):
    made = sim.check(shop).to_dict()
    assert json.loads(json.dumps(plain(made), allow_nan=False))["deployments"]["small"]["warnings"] == []
    assert set(made["deployments"]["same"]) == {"digest", "warnings", "napkin"}


# -- a monolith that cannot be derived is no mistake of a file that nobody asked to merge

APART = """
network: {latency: 1ms}
services:
  a: {scheduling: PS, steps: [{cpu: 1ms}, {call: b}]}
  b: {steps: [{cpu: 1ms}]}
workload: {call: a, rate: 5/s}
"""
WHY = (
    "deployments.monolith.units.monolith: its services do not agree on `scheduling` (a PS, b FIFO);"
    " write it on the unit: put `scheduling` beside `services: [a, b]` under deployments.monolith.units.monolith"
)
WRITTEN = APART + "deployments: {monolith: {units: {monolith: {services: [a, b]}}}}"


def test_the_other_deployments_are_checked_all_the_same():
    checked = sim.check(sim.loads(APART))
    assert list(checked.napkins) == ["microservices"]
    assert checked.refused == {"monolith": WHY}
    assert checked.to_dict()["refused"] == {"monolith": WHY}
    assert "monolith cannot be run: deployments.monolith" in str(checked)
    assert max(map(len, str(checked).splitlines())) <= 100


@pytest.mark.parametrize(("text", "names"), [(APART, ["monolith"]), (WRITTEN, None)])
def test_who_asks_for_it_is_refused(text, names):
    with pytest.raises(sim.PlanError, match="do not agree on `scheduling`"):
        sim.check(sim.loads(text), names)


def test_what_the_message_says_helps():
    text = WRITTEN.replace("services: [a, b]", "services: [a, b], scheduling: PS")
    assert sim.check(sim.loads(text)).refused == {}
