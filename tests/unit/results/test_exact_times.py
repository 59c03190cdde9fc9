"""Rules 1.1 and 1.4 in tables: times that are equal on paper are equal, also beside a limit."""

import numpy as np
import pytest

import simulator as sim

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
