"""What is written down, beside what the reference engine writes down; more rows than a page has."""

from __future__ import annotations

import numpy as np
import pytest

import simulator as sim
from simulator.engines.compiled import CompiledEngine
from simulator.engines.compiled.logs import PAGE_ROWS
from simulator.engines.reference import ReferenceEngine

DETAILS = ["summary", "requests", "attempts"]

MANY = """
simulation: {duration: 100s, warmup: 7s, drain: 1s, replications: 1}
network: {links: [{from: a, to: b, loss: 2%, errorRate: 2%}]}
services:
  a: {replicas: 2, concurrency: 2, queue: {capacity: 1}, steps: [{call: b, timeout: 50ms}, {send: b}]}
  b: {replicas: 3, errorRate: 3%, steps: [{cpu: {dist: exponential, mean: 15ms}}]}
workload:
  one: {calls: [{call: a, weight: 3}, {call: b, weight: 1}], rate: 60/s}
  two: {call: a, users: 3, thinkTime: 200ms}
"""


@pytest.fixture(scope="module")
def many():
    return sim.compile(sim.loads(MANY))


@pytest.fixture(scope="module")
def reference(many):
    return {detail: ReferenceEngine().run(many, seed=2, replication=0, detail=detail) for detail in DETAILS}


@pytest.mark.parametrize("detail", DETAILS)
def test_more_rows_than_a_page_has_are_those_of_the_reference(detail, many, reference, differing):
    trace = CompiledEngine().run(many, seed=2, replication=0, detail=detail)
    assert trace.latency_s.size > PAGE_ROWS
    if detail != "summary":
        assert trace.requests.request.size > PAGE_ROWS
        assert trace.calls.entry.size > 2 * PAGE_ROWS
        assert set(trace.requests.cause_outcome.tolist()) >= {0, 2, 3, 4}, "ok, error, timeout, rejected"
    if detail == "attempts":
        assert trace.attempts.row.size > 3 * PAGE_ROWS
        assert set(trace.attempts.replica.tolist()) == {0, 1, 2}
    assert differing(reference[detail], trace) == []


def test_the_logs_and_the_tallies_tell_the_same(many):
    trace = CompiledEngine().run(many, seed=2, replication=0, detail="attempts")
    r, c, a = trace.requests, trace.calls, trace.attempts
    assert np.bincount(r.outcome, minlength=8).tolist() == trace.outcomes.sum(axis=(0, 1)).tolist()
    assert np.bincount(r.workload).tolist() == trace.arrived[-1].tolist()
    assert np.bincount(a.row, minlength=r.request.size).tolist() == r.attempts.tolist()
    assert c.entry.size == trace.tallies[..., 0].sum()
    assert (c.outcome > 1).sum() == trace.tallies[..., 1].sum()
    assert np.isnan(r.end_s).tolist() == (r.outcome == 7).tolist()
    good = r.outcome <= 1
    assert (
        np.sort((r.end_s[good] - r.arrival_s[good]) * 1e9).round().tolist()
        == np.sort(trace.latency_s * 1e9).round().tolist()
    )


NOTHING = """
simulation: {duration: 10s, warmup: 0s, drain: 0s, replications: 1}
services: {a: {steps: [{cpu: 1ms}]}}
workload: {call: a, replay: never.csv}
"""


def test_a_run_in_which_nothing_happens_has_all_its_edges_and_no_rows(tmp_path, differing):
    (tmp_path / "never.csv").write_text("arrival_s\n11.0\n")
    plan = sim.compile(sim.loads(NOTHING, base=tmp_path))
    run = {"seed": 1, "replication": 0, "detail": "attempts"}
    trace = CompiledEngine().run(plan, **run)
    assert differing(ReferenceEngine().run(plan, **run), trace) == []
    assert trace.requests.request.size == trace.calls.entry.size == trace.attempts.row.size == trace.latency_s.size == 0
    assert trace.events > 0, "the edges"
