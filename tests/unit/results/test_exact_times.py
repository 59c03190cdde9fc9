"""Rules 1.1 and 1.4 in tables: times that are equal on paper are equal, also beside a limit or an edge."""

import numpy as np
import pytest

import simulator as sim
from simulator.plan.trace import make_edges

STEADY = """
simulation: {{duration: {duration}, warmup: 0s, replications: 2, drain: 10s}}
services: {{a: {{steps: [{{call: b}}]}}, b: {{resources: {{cpu: 4}}, steps: [{{sleep: {time}}}]}}}}
workload: {{call: a, arrivals: even, rate: {rate}}}
slos:
  edge: {{call: a, mean: {time}, p50: {time}, p99: {time}, p100: {time}}}
  inner: {{call: b, mean: {time}, p50: {time}, p99: {time}, p100: {time}}}
"""


@pytest.mark.parametrize("time", ["1ms", "5ms", "11ms", "100ms"])
@pytest.mark.parametrize(("duration", "rate"), [("1s", "10/s"), ("20s", "7/s"), ("1100ms", "10/s")])
def test_1_1_who_is_at_the_limit_keeps_it(time, duration, rate):
    result = sim.simulate(sim.loads(STEADY.format(duration=duration, time=time, rate=rate)), detail="requests")
    assert result.objectives["met"].all()
    assert set(result.objectives["value"]) == {int(time[:-2]) / 1000}
    assert result.summary["latency_mean_s"] == result.endpoints["latency_p99_s"].iloc[1] == int(time[:-2]) / 1000


def test_15_6_late_is_who_is_above_the_limit():
    """Of 200 that take the limit of 1 ms, 50 take a thousandth more; as floats, many are above 1 ms anyway."""
    text = STEADY.format(duration="20s", time="1ms", rate="10/s")
    options = {"deployments": ["microservices"], "policies": ["none"], "duration": "20s"}
    drilled = sim.drill(sim.loads(text), "b", "slow", at="5s", for_="5s", factor=1.001, **options)
    assert drilled.table[["requests", "late", "late_net", "sooner"]].to_numpy().tolist() == [[200.0, 50.0, 50.0, 0.0]]


@pytest.mark.parametrize("duration", ["100ms", "900ms", "1100ms", "1300ms", "2200ms"])
def test_11_22_what_ends_at_an_edge_is_of_the_bin_that_begins_there(duration):
    """One request a bin, which ends where the next bin begins."""
    width_us = int(duration[:-2]) * 10  # of a hundred bins
    text = (
        f"simulation: {{duration: {duration}, warmup: 0s, replications: 1}}\n"
        f"services: {{a: {{steps: [{{sleep: {width_us}us}}]}}}}\n"
        f"workload: {{call: a, arrivals: even, rate: {1_000_000 / width_us!r}/s}}\n"
    )
    table = sim.simulate(sim.loads(text), detail="requests").timeline
    assert np.flatnonzero(table["latency_p50_s"].isna()).tolist() == [0]


@pytest.mark.parametrize("written", ["", "warmup: 110ms, "])
def test_11_1_a_warmup_of_a_tenth_is_that_tenth(written):
    """The tenth of 1.1 s is 0.11 s, where 1.1 / 10 is more; it is an edge once, and who arrives at it counts."""
    text = (
        f"simulation: {{duration: 1100ms, {written}replications: 1}}\n"
        "services: {a: {steps: [{sleep: 1ms}]}}\n"
        "workload: {call: a, arrivals: even, rate: 100/s}\n"
    )
    result = sim.simulate(sim.loads(text), detail="requests")
    assert result.provenance["warmup_s"] == 0.11
    assert make_edges(1.1, result.provenance["warmup_s"]).size == 201, "it is one of the edges"
    assert result.summary["requests"] == result.endpoints["calls"].sum() == 99


def test_1_1_times_from_python_are_whole_nanoseconds_too():
    topology = sim.loads("services: {a: {steps: [{cpu: 1ms}]}}\nworkload: {call: a, rate: 10/s}\n")
    settings = {"duration": 1.0000000004, "warmup": 0.1 + 0.2, "replications": 1}
    made = sim.simulate(topology, **settings).provenance
    assert (made["duration_s"], made["warmup_s"]) == (1.0, 0.3)
    with pytest.raises(sim.TopologyError, match="time is counted in whole nanoseconds, found `1e-10`, which is none"):
        sim.simulate(topology, duration=1e-10)
