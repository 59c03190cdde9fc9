"""Failures and faults as columns: whom they hit, what stands between whom, and what is warned of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import simulator as sim
from simulator.plan.layout import FaultKind

SERVICES = """
services:
  a: {replicas: 2, startup: 5s, steps: [{call: b, timeout: 1s}, {send: b}]}
  b:
    replicas: 3
    startup: {dist: uniform, min: 1s, max: 3s}
    healthCheck: 4s
    failures: {mtbf: 1h, mttr: 2m}
    steps: [{call: c, timeout: 1s}]
  c: {kind: external, failures: {mtbf: {dist: constant, value: 9s}, mttr: 0s}, steps: []}
  idle: {failures: {mtbf: 1h, mttr: 1m}, steps: []}
workload: {w: {call: a, rate: 1/s}}
network: {latency: 1ms}
"""


def compiled(faults: str = "", deployment: str = "microservices", text: str = SERVICES, **options) -> sim.Plan:
    return sim.compile(sim.loads(f"{text}faults: [{faults}]\n"), deployment, **options)


def about(plan: sim.Plan) -> list[str]:
    """Warnings, but for those of services that nobody calls."""
    return [warning for warning in plan.warnings if not warning.startswith("idle")]


def test_a_plan_without_them_has_empty_tables_and_the_digest_of_ever():
    text = "services: {a: {steps: [{cpu: 1ms}]}}\nworkload: {call: a, rate: 1/s}\n"
    plan = compiled(text=text)
    for table in (plan.faults, plan.failures, plan.crossings, plan.startups, plan.health):
        assert all(len(column) == 0 for column in vars(table).values())
    startup = compiled(text=text.replace("{a: {", "{a: {startup: 5s, healthCheck: 1s, "))
    assert startup.digest() == plan.digest()
    assert about(startup) == ["a: its startup and healthCheck do not act, since nothing kills its replicas"]


def test_failures_startups_and_what_is_known_when():
    plan = compiled()
    names = [plan.services.name[row] for row in plan.failures.service]
    assert names == ["b", "c"]
    mean = plan.distributions.mean
    assert mean[plan.failures.up].tolist() == [3600.0, 9.0]
    assert mean[plan.failures.repair].tolist() == [120.0, 0.0]
    assert mean[plan.failures.startup].tolist() == [2.0, 0.0]
    assert [plan.units.name[row] for row in plan.startups.unit] == ["b"]
    assert plan.startups.stream.tolist() == plan.failures.startup_stream[:1].tolist()
    assert [plan.units.name[row] for row in plan.health.unit] == ["b"]
    assert plan.health.known_after_s.tolist() == [4.0]


def test_a_merged_unit_has_the_startups_of_all_or_its_own():
    plan = compiled("", "monolith")
    assert sorted(plan.distributions.mean[plan.startups.law].tolist()) == [2.0, 5.0]
    assert plan.health.known_after_s.tolist() == [4.0]
    own = SERVICES + "deployments: {monolith: {units: {u: {services: [a, b], startup: 90s, healthCheck: 0s}}}}\n"
    plan = compiled("", "monolith", text=own)
    assert plan.distributions.mean[plan.startups.law].tolist() == [90.0]
    assert plan.health.unit.size == 0
    assert plan.failures.startup.size == 2


def test_a_time_between_failures_that_is_always_zero_is_refused():
    text = SERVICES.replace("mtbf: 1h, mttr: 2m", "mtbf: {dist: constant, value: 0s}, mttr: 2m")
    with pytest.raises(sim.PlanError, match=r"services\.b\.failures\.mtbf: it is always zero"):
        compiled(text=text)


def test_faults_as_columns():
    plan = compiled(
        "{at: 2m, for: 30s, target: b, kill: {replicas: 2}}, {at: 1m, for: 1s, target: a, slow: {factor: 5}},"
        "{at: 3m, for: 1s, target: idle, kill: {}}, {at: 4m, for: 2s, from: a, target: b, delay: {percentage: 30,"
        " fixedDelay: 2s}}, {at: 4m, for: 2s, target: c, abort: {}}, {at: 5m, target: a, kill: {}}"
    )
    faults = plan.faults
    assert faults.name == ("kill b", "slow a", "delay b", "abort c", "kill a")
    kinds = [FaultKind.KILL, FaultKind.SLOW, FaultKind.DELAY, FaultKind.ABORT, FaultKind.KILL]
    assert faults.kind.tolist() == kinds
    assert faults.at_s.tolist() == [120.0, 60.0, 240.0, 240.0, 300.0]
    assert faults.until_s.tolist() == [150.0, 61.0, 242.0, 242.0, 300.0]
    assert faults.replicas.tolist() == [2, 2, 3, 1, 2]
    assert faults.factor.tolist() == [0.0, 5.0, 0.0, 0.0, 0.0]
    assert faults.chance.tolist() == [0.0, 0.0, 0.3, 1.0, 0.0]
    assert faults.delay_s.tolist() == [0.0, 0.0, 2.0, 0.0, 0.0]
    crossed = [
        (plan.calls.name[call], faults.name[fault]) for call, fault in zip(*vars(plan.crossings).values(), strict=True)
    ]
    assert crossed == [("a/0 -> b", "delay b"), ("a/1 -> b", "delay b"), ("b/0 -> c", "abort c")]
    assert "faults[2] (kill of idle): no workload reaches idle; the fault is left out" in plan.warnings


def test_equal_faults_have_streams_of_their_own_and_others_keep_theirs():
    one = "{at: 1m, for: 1s, target: b, abort: {percentage: 50}}"
    other = "{at: 2m, for: 1s, target: b, abort: {percentage: 50}}"
    first = compiled(f"{one}, {other}").faults.stream.tolist()
    assert compiled(f"{other}, {one}").faults.stream.tolist() == first[::-1]
    assert len({*compiled(f"{one}, {one}, {other}").faults.stream.tolist()}) == 3
    assert {*first} < {*compiled(f"{one}, {one}, {other}").faults.stream.tolist()}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("{at: 10m, target: b, kill: {}}", "faults[0] (kill of b): it begins at 10m, after the last arrival (10m)"),
        ("{at: 30s, target: b, kill: {}}", "faults[0] (kill of b): it begins at 30s, within the warmup (1m)"),
        ("{at: 5m, for: 0s, target: b, pause: {}}", "faults[0] (pause of b): it lasts for no time, and does nothing"),
        (
            "{at: 5m, for: 1s, from: c, target: b, abort: {}}",
            "faults[0] (abort of b): no call from c to it crosses the network in this deployment: it does nothing",
        ),
        ("{at: 5m, for: 1s, target: b, kill: {}}", None),
        ("{at: 5m, target: b, kill: {}}", None),
        ("{at: 5m, for: 1s, from: a, target: b, partition: {}}", None),
        (
            "{at: 5m, for: 1s, target: a, partition: {}}",
            "w -> a: calls on it have no timeout: who meets the partition waits for ever",
        ),
    ],
)
def test_warnings(fault, said):
    said = [] if said is None else [said]
    said.append("a: its startup does not act, since nothing kills its replicas")
    assert about(compiled(fault)) == said


def test_a_try_with_a_timeout_of_its_own_does_not_wait_for_ever():
    text = SERVICES.replace("{call: b, timeout: 1s}", "{call: b, retries: {perTryTimeout: 1s}}")
    plan = compiled("{at: 5m, for: 1s, target: b, partition: {}}", text=text)
    assert not any("waits for ever" in warning for warning in plan.warnings)


def test_it_is_explained():
    plan = compiled(
        "{at: 2m, for: 30s, target: b, kill: {replicas: 2}}, {at: 1m, target: c, kill: {}},"
        "{at: 4m, for: 2s, target: b, pause: {}}, {at: 4m, for: 2s, target: b, slow: {factor: 3}},"
        "{at: 4m, for: 2s, target: b, abort: {percentage: 12.5, replicas: 1}},"
        "{at: 4m, for: 2s, target: b, delay: {fixedDelay: 2s}}, {at: 4m, for: 2s, from: a, target: b, partition: {}}"
    )
    text = " ".join(plan.explain().split())
    for said in (
        "starts in uniform (mean 2s, 1s to 3s), a death is known after 4s",
        "each replica fails: up exponential (mean 1h), repair exponential (mean 2m)",
        "each replica fails: up 9s, repair 0s",
        "at 2m for 30s: kill b: 2 of the 3 replicas of b down",
        "at 1m: kill c: all replicas of c (1) down",
        "at 4m for 2s: pause b: the cores of all replicas of b (3) stand still",
        "at 4m for 2s: slow b: cpu and sleep take 3 times as long, in all replicas of b (3)",
        "abort b: 12.5% of the attempts fail, at 1 of the 3 replicas of b; calls a/0 -> b, a/1 -> b",
        "delay b: 100% of the messages are 2s late; calls a/0 -> b, a/1 -> b",
        "partition b: messages vanish, both ways; calls a/0 -> b, a/1 -> b",
    ):
        assert said in text
    merged = " ".join(compiled("", "monolith").explain().split())
    assert "starts in the longest of" in merged


@pytest.mark.parametrize("table", ["failures", "faults", "crossings", "startups", "health"])
def test_every_column_is_in_the_digest(table):
    plan = compiled("{at: 2m, for: 30s, target: b, abort: {}}")
    part = getattr(plan, table)
    for name, column in vars(part).items():
        other = (*column, "x") if isinstance(column, tuple) else np.append(column, column.dtype.type(1))
        assert replace(plan, **{table: replace(part, **{name: other})}).digest() != plan.digest(), name


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        ("{at: 1s, target: b, kill: {replicas: 4}}", "14:47"),
        ("{at: 1s, for: 1s, target: b, pause: {replicas: 5}}", "14:57"),
    ],
)
def test_too_many_replicas_are_refused_where_they_stand(fault, place):
    with pytest.raises(
        sim.PlanError, match=rf"^<text>:{place}: faults\[0\]\.\w+\.replicas: [45], but b has 3 replicas"
    ) as caught:
        compiled(fault)
    _, source, caret = str(caught.value).splitlines()
    assert source[caret.index("^")] in "45"


def test_a_number_that_was_set_has_no_place_in_the_text():
    topology = sim.loads(f"{SERVICES}faults: [{{at: 1s, target: b, kill: {{replicas: 1}}}}]\n")
    with pytest.raises(sim.PlanError, match=r"^faults\[0\]\.kill\.replicas: 4, but b has 3 replicas"):
        sim.compile(topology.replace({"faults[0].kill.replicas": 4}), "microservices")
