from dataclasses import fields, replace

import numpy as np
import pytest

from simulator.engines.compiled import CompiledEngine
from simulator.engines.reference import ReferenceEngine
from simulator.plan.measures import MEASURES, Measure, Measures, When, by_arrival, by_edge, services
from simulator.plan.trace import AttemptLog, CallLog, RequestLog, Trace, times_in

SHOP = """
simulation: {duration: 1s, warmup: 0s, drain: 1s}
services:
  web: {replicas: 3, steps: [{cpu: 2ms}, {call: pay.buy}, {send: pay.log}]}
  pay: {endpoints: {buy: {steps: [{cpu: 4ms}]}, log: {steps: []}}}
deployments: {merged: {units: {all: {services: [web, pay]}}}}
workload:
  shoppers: {calls: [{call: web, weight: 1}, {call: pay.buy, weight: 1}], rate: 50/s}
  tills: {call: web, users: 2, thinkTime: 1s}
"""
SHAPES = {
    "levels": (201, 2, 2),
    "counts": (201, 2, 3),
    "open_breakers": (201, 2),
    "ready": (201, 1),
    "arrived": (201, 2),
    "ended": (201, 2, 2),
    "visits": (200, 2, 3),
    "tries": (200, 2),
    "wasted": (200, 2, 2),
    "outcomes": (200, 2, 8),
    "tallies": (200, 7, 3),
    "breakdown": (200, 2, 4),
    "sends": (200, 1, 9),
    "sending": (200, 1),
}
"""Of a run of the shop as one unit: 200 bins, 2 services, 1 unit, 2 workloads, 7 rows of `callees_of`, 1 send."""
NUMBERS = ("counts", "arrived", "ended", "tries", "outcomes", "sends")
"""Those that have no times."""


@pytest.mark.parametrize("engine", [ReferenceEngine(), CompiledEngine()], ids=lambda engine: engine.name)
def test_a_trace_has_each_in_its_shape(engine, plan_of):
    trace = engine.run(plan_of(SHOP, "merged"), seed=1, replication=0, detail="summary")
    found = {name: (getattr(trace, name).shape, getattr(trace, name).dtype) for name in MEASURES}
    kinds = {name: np.dtype(np.int64 if name in NUMBERS else np.float64) for name in SHAPES}
    assert found == {name: (shape, kinds[name]) for name, shape in SHAPES.items()}
    for name, measure in MEASURES.items():
        if measure.when is When.EDGE:
            assert not getattr(trace, name)[0].any(), "the first row is of zeros"


def test_each_is_a_column_of_the_trace():
    assert {one.name for one in fields(Measures)} == set(MEASURES) <= {one.name for one in fields(Trace)}


def test_times_are_in_seconds_and_numbers_are_not():
    kept = np.array([[3.0, 2e9, 5e8], [0.0, 0.0, 1e9]])
    assert by_arrival(services, 3, counts=(0,)).in_seconds(kept).tolist() == [[3.0, 2.0, 0.5], [0.0, 0.0, 1.0]]
    assert by_arrival(services, 3).in_seconds(kept)[0].tolist() == [3e-9, 2.0, 0.5]
    number = replace(by_arrival(services), is_count=True)
    assert number.in_seconds(np.array([7, 1_000_000_000])).tolist() == [7, 1_000_000_000]


@pytest.mark.parametrize(("measure", "expected"), [(by_edge(services), 20), (by_arrival(services), 90)])
def test_what_there_was_from_an_edge_on(measure: Measure, expected):
    """By edge what was added since, by bin what is in the bins that begin there or later."""
    array = np.array([[10], [20], [30], [40]])
    assert measure.over(array, 1).tolist() == [expected]


def test_the_columns_of_logs_that_are_times():
    times = {
        log: [name for name, is_time in times_in(log).items() if is_time] for log in (RequestLog, CallLog, AttemptLog)
    }
    assert times == {
        RequestLog: ["arrival_s", "end_s"],
        CallLog: ["arrival_s", "start_s", "end_s"],
        AttemptLog: ["start_s", "end_s"],
    }
    assert [len(times_in(log)) for log in times] == [9, 6, 9]
