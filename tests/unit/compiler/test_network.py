import math

import pytest

from simulator.compiler.distributions import ZERO, constant_row, distribution_row
from simulator.compiler.network import Hop, Wires, is_zero, site_names
from simulator.compiler.programs import CallSite
from simulator.plan.layout import Dist
from simulator.spec import Constant, Exponential, Link, Network
from simulator.spec.steps import PolicyKeys

NETWORK = Network(
    latency=0.001,
    serialization=0.00005,
    links=(
        {"from": "b", "to": "c", "latency": {"dist": "exponential", "mean": 0.04}, "loss": 0.01, "errorRate": 0.02},
        {"from": "users", "to": "a", "loss": 0.5},
        {"from": "tills", "to": "a", "latency": 0.005},
    ),
)


def call(caller: str, target: str, timeout: float | None = None) -> CallSite:
    return CallSite(f"{caller} -> {target}", "site", caller, False, (target, ""), PolicyKeys(timeout=timeout))


def entry(workload: str) -> CallSite:
    return CallSite(f"{workload} -> a", "site", workload, True, ("a", ""))


def test_a_call_between_units_crosses_the_network():
    hop = Wires(NETWORK).hop(call("a", "c", 0.3), remote=True)
    assert hop == Hop(True, constant_row(0.001), 0.0, 0.0, constant_row(0.00005), 0.3)
    assert Wires(NETWORK).hop(call("a", "c"), remote=True).timeout == math.inf


def test_a_link_is_of_one_caller_and_one_target():
    wires = Wires(NETWORK)
    hop = wires.hop(call("b", "c"), remote=True)
    assert hop == Hop(True, distribution_row(Exponential(mean=0.04)), 0.01, 0.02, constant_row(0.00005), math.inf)
    assert wires.hop(call("c", "b"), remote=True).loss == 0.0


def test_nothing_acts_inside_a_process():
    network = Network(latency=0.001, serialization=0.001, links=(Link(**{"from": "a", "to": "b"}, loss=1.0),))
    assert Wires(network).hop(call("a", "b", 0.3), remote=False) == Hop(False, ZERO, 0.0, 0.0, None, math.inf)


def test_there_is_no_network_at_the_edge_unless_a_link_says_so():
    wires = Wires(NETWORK)
    assert wires.hop(entry("others"), remote=True) == Hop(True, ZERO, 0.0, 0.0, None, math.inf)
    assert wires.hop(entry("users"), remote=True) == Hop(True, ZERO, 0.5, 0.0, None, math.inf)
    assert wires.hop(entry("tills"), remote=True) == Hop(True, constant_row(0.005), 0.0, 0.0, None, math.inf)


def test_no_serialization_leaves_no_step():
    assert Wires(Network(latency=0.001)).hop(call("a", "c"), remote=True).serialization is None


@pytest.mark.parametrize(("given", "zero"), [(Constant(value=0.0), True), (Constant(value=1e-9), False)])
def test_no_time_at_all(given, zero):
    assert is_zero(distribution_row(given)) is zero


def test_streams_are_of_the_two_services():
    site = CallSite("a.x/0 -> c.y", "call a.x/0", "a", False, ("c", "y"))
    assert site_names(site) == {
        "site": "call a.x/0",
        "latency_stream": "latency a->c",
        "loss_stream": "loss a->c",
        "error_stream": "error a->c",
        "serialization_stream": "serialization a->c",
    }


def test_the_columns_of_calls(plan_of):
    text = """
    network: {latency: 1ms, serialization: 50us, links: [{from: a, to: c, loss: 1%, errorRate: 2%}]}
    services:
      a: {steps: [{cpu: 3ms}, {call: b}, {call: c, timeout: 300ms}, {send: c}]}
      b: {steps: [{cpu: 3ms}]}
      c: {steps: [{cpu: 3ms}]}
    workload: {call: a, rate: 1/s}
    deployments: {two: {units: {left: {services: [a, b]}}}}
    """
    plan = plan_of(text, "two")
    calls = plan.calls
    kinds = [(Dist(int(plan.distributions.kind[row])), plan.distributions.p0[row]) for row in calls.latency]
    assert calls.name == ("workload -> a", "a/1 -> b", "a/2 -> c", "a/3 -> c")
    assert calls.caller.tolist() == [-1, 0, 0, 0]
    assert calls.target.tolist() == [0, 1, 2, 2]
    assert calls.remote.tolist() == [1, 0, 1, 1]
    assert kinds == [(Dist.CONSTANT, 0.0), (Dist.CONSTANT, 0.0), (Dist.CONSTANT, 0.001), (Dist.CONSTANT, 0.001)]
    assert calls.loss.tolist() == [0.0, 0.0, 0.01, 0.01]
    assert calls.error_rate.tolist() == [0.0, 0.0, 0.02, 0.02]
    assert calls.timeout.tolist() == [math.inf, math.inf, 0.3, math.inf]
    assert calls.serialization[:2].tolist() == [-1, -1]
    assert plan.distributions.p0[calls.serialization[2:]].tolist() == [0.00005, 0.00005]
