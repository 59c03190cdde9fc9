"""What must not change a run: strangers, order, detail, executors, processes, company."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.plan.trace import to_the_nanosecond

FEW = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
EACH_ENGINE = pytest.mark.parametrize("engine", ["reference", "compiled"])


def compiled(topology: sim.Topology, deployment: str = "microservices") -> sim.Plan | None:
    try:
        return sim.compile(topology, deployment)
    except sim.PlanError:
        return None


@given(data=st.data())
@FEW
def test_services_nobody_calls_and_the_order_of_the_file_change_nothing(topologies, load, run, assert_same, data):
    tree = data.draw(topologies(laws="all", agree=True))
    for deployment in ("microservices", "monolith"):
        plan = compiled(load(tree), deployment)
        if plan is None:
            continue
        stranger = {"steps": [{"cpu": "5ms"}, {"call": "s0"}], "replicas": 7, "scheduling": "PS"}
        services = {"aaa": stranger, **dict(reversed(tree["services"].items())), "zzz": {"steps": []}}
        workload = dict(reversed(tree["workload"].items()))
        other = sim.compile(load(tree | {"services": services, "workload": workload}), deployment)
        assert other.digest() == plan.digest()
        assert_same(run(plan), run(other))


@EACH_ENGINE
def test_a_stranger_changes_no_table(engine):
    text = "services:\n  a: {steps: [{cpu: {dist: exponential, mean: 5ms}}, {call: b}]}\n  b: {steps: [{cpu: 2ms}]}\n"
    tail = "workload: {call: a, rate: 90/s}\nprices: {vcpuHour: 1, unitHour: 1}\n"
    results = [
        sim.simulate(sim.loads(text + more + tail), replications=2, duration="5s", detail="attempts", engine=engine)
        for more in ("", "  c: {replicas: 9, steps: [{cpu: 1s}]}\n")
    ]
    for name in (
        "summary",
        "intervals",
        "services",
        "units",
        "endpoints",
        "breakdown",
        "timeline",
        "requests",
        "attempts",
    ):
        one, other = (getattr(result, name) for result in results)
        equal = pd.testing.assert_series_equal if name == "summary" else pd.testing.assert_frame_equal
        equal(one, other, check_exact=True)


@given(data=st.data())
@FEW
def test_looking_closer_changes_no_number(topologies, load, run, arrays, data):
    plan = compiled(load(data.draw(topologies(laws="all"))))
    if plan is None:
        return
    summary, requests, attempts = (arrays(run(plan, detail=detail)) for detail in ("summary", "requests", "attempts"))
    assert summary.keys() < requests.keys() < attempts.keys()
    for name, column in requests.items():
        assert column.tobytes() == attempts[name].tobytes(), name
    for name, column in summary.items():
        if name != "settling.row":  # of a log that is not kept there
            assert column.tobytes() == attempts[name].tobytes(), name


@given(data=st.data())
@FEW
def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(topologies, load, run, assert_same, data):
    plan = compiled(load(data.draw(topologies(laws="all", workloads=("poisson",)))))
    if plan is None:
        return
    first = run(plan, seed=5, replication=2)
    assert_same(first, run(plan, seed=5, replication=2))
    for other in (run(plan, seed=6, replication=2), run(plan, seed=5, replication=3)):
        assert other.requests.arrival_s.tolist() != first.requests.arrival_s.tolist()


MIXED = """
simulation: {duration: 4s, warmup: 1s, drain: 4s, replications: 3, seed: 77}
network: {latency: {dist: lognormal, p50: 500us, p99: 3ms}, serialization: 50us,
          links: [{from: b, to: d, latency: 2ms, loss: 1%, errorRate: 2%}]}
services:
  a: {replicas: 2, concurrency: 8, steps: [{cpu: {dist: lognormal, mean: 3ms, cv: 0.8}}, {call: b, timeout: 60ms},
      {parallel: [{call: c, times: 2}, {call: d, probability: 0.5}]}, {send: c}]}
  b: {scheduling: PS, errorRate: 1%, steps: [{cpu: {dist: gamma, mean: 4ms, cv: 0.6}}, {call: d}]}
  c: {replicas: 3, loadBalancer: CONSISTENT_HASH, steps: [{sleep: {dist: weibull, mean: 3ms, cv: 1.2}}]}
  d: {replicas: 2, concurrency: 2, queue: {capacity: 4, discipline: LIFO},
      steps: [{cpu: {dist: exponential, mean: 5ms}}]}
workload:
  open: {call: a, rate: 60/s}
  closed: {call: b, users: 5, thinkTime: {dist: exponential, mean: 100ms}}
"""

DIGEST = """
import hashlib, sys
import simulator as sim

def digest(text, engine):
    result = sim.simulate(sim.loads(text), detail="attempts", engine=engine)
    sha = hashlib.sha256()
    for name in ("requests", "attempts", "services", "units", "timeline", "breakdown", "intervals"):
        table = getattr(result, name)
        for column in table:
            values = table[column]
            sha.update(column.encode())
            plain = values.to_numpy().tobytes() if values.dtype.kind in "if" else "|".join(map(str, values)).encode()
            sha.update(plain)
    return sha.hexdigest()
"""


def digest(text: str, engine: str) -> str:
    scope: dict[str, object] = {}
    exec(DIGEST, scope)  # the same function here and there
    return scope["digest"](text, engine)  # type: ignore[operator]


@pytest.mark.one_in(3)
def test_another_process_gives_the_same_tables():
    """With other hashes of texts, in which sets and dicts of names could hide an order."""
    script = (
        textwrap.dedent(DIGEST) + "text = sys.stdin.read()\nprint(digest(text, 'reference'), digest(text, 'compiled'))"
    )
    there = [
        subprocess.run(
            [sys.executable, "-c", script, "reference", "compiled"],
            input=MIXED, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    ]  # fmt: skip
    here = digest(MIXED, "compiled")
    assert len(here) == len(hashlib.sha256().hexdigest())
    assert there == [f"{here} {here}"] * 2


@EACH_ENGINE
def test_executors_change_nothing(engine):
    topology = sim.loads(MIXED)
    with ThreadPoolExecutor(2) as pool:
        threads = sim.simulate(topology, detail="attempts", executor=pool, engine=engine)
    alone = sim.simulate(topology, detail="attempts", engine=engine)
    for name in ("requests", "attempts", "services", "timeline", "intervals"):
        pd.testing.assert_frame_equal(getattr(threads, name), getattr(alone, name), check_exact=True)


@EACH_ENGINE
def test_one_replication_alone_is_that_of_many(engine, run):
    topology = sim.loads(MIXED)
    many = sim.simulate(topology, replications=3, engine=engine).requests
    alone = run(sim.compile(topology), seed=77, replication=2).requests
    rows = many[many["replication"] == 2]
    np.testing.assert_array_equal(rows["arrival_s"], alone.arrival_s)
    np.testing.assert_array_equal(rows["latency_s"], to_the_nanosecond(alone.end_s - alone.arrival_s))
    few = sim.simulate(topology, replications=1, engine=engine).requests
    pd.testing.assert_frame_equal(
        few[["arrival_s", "latency_s", "attempts"]],
        many[many["replication"] == 0][["arrival_s", "latency_s", "attempts"]],
        check_exact=True,
    )


@given(data=st.data())
@FEW
def test_a_longer_run_begins_with_the_shorter_one(topologies, load, run, data):
    topology = load(data.draw(topologies(laws="all")))
    plan = compiled(topology)
    if plan is None:
        return
    short, end = run(plan), plan.settings.duration_s
    longer = run(sim.compile(topology.replace({"simulation.duration": 2 * end})))
    one, other = short.attempts, longer.attempts
    begun = int((one.start_s < end).sum())
    assert begun == int((other.start_s < end).sum())
    for name in ("row", "span", "parent", "call", "replica", "start_s"):
        np.testing.assert_array_equal(getattr(one, name)[:begun], getattr(other, name)[:begun], err_msg=name)
    # NaN, of what never ended, is not below the end
    over = one.end_s[:begun] < end
    np.testing.assert_array_equal(over, other.end_s[:begun] < end)
    np.testing.assert_array_equal(one.end_s[:begun][over], other.end_s[:begun][over])
    np.testing.assert_array_equal(one.outcome[:begun][over], other.outcome[:begun][over])
    number = short.requests.arrival_s.size
    assert number == int((longer.requests.arrival_s < end).sum())
    over = short.requests.end_s < end
    for name in ("request", "workload", "entry", "arrival_s", "end_s", "outcome", "cause_outcome", "cause_service"):
        np.testing.assert_array_equal(
            getattr(short.requests, name)[over], getattr(longer.requests, name)[:number][over], err_msg=name
        )


@given(data=st.data())
@FEW
def test_the_monolith_gets_the_same_requests_needing_the_same_work(topologies, load, run, data):
    """What makes work depend on timing is left out: limits, timeouts, networks, closed users and other paces."""
    drawn = topologies(laws="all", network=False, limits=False, timeouts=False, paces=False,
                       workloads=("poisson", "even", "stages", "replay"))  # fmt: skip
    tree = data.draw(drawn)
    for service in tree["services"].values():  # what has to agree, and replicas that exist
        service |= {"scheduling": "FIFO", "loadBalancer": "RANDOM", "replicas": max(1, service["replicas"])}
    tree["simulation"]["drain"] = "1h"
    topology = load(tree)
    split, merged = (run(sim.compile(topology, name)) for name in ("microservices", "monolith"))
    np.testing.assert_array_equal(split.requests.arrival_s, merged.requests.arrival_s)
    np.testing.assert_array_equal(split.requests.entry, merged.requests.entry)
    np.testing.assert_array_equal(split.requests.attempts, merged.requests.attempts)
    good = [trace.requests.outcome == 0 for trace in (split, merged)]
    np.testing.assert_array_equal(*good)
    # by service and bin of arrival: number of visits and their own cpu and sleep
    np.testing.assert_array_equal(split.visits[:, :, 0], merged.visits[:, :, 0])
    np.testing.assert_allclose(split.visits[:, :, 2], merged.visits[:, :, 2], rtol=1e-12, atol=1e-15)
