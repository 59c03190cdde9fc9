"""The bisection between a load that comes back and one that does not (rules 15.15 and 15.16)."""

import math

import pytest

import simulator as sim
from simulator.experiments.drills.brink import find_brink

FILE = """\
simulation: {warmup: 1s, replications: 1, drain: 5s}
services: {web: {steps: [{cpu: 10ms}]}}
workload: {call: web, rate: 40/s, arrivals: even}
slos: {web: {call: web, p99: 1s}}
"""


def below(edge, tried=None):
    def returns(factor):
        if tried is not None:
            tried.append(factor)
        return "comes back" if factor < edge else "metastable"

    return returns


@pytest.mark.parametrize("edge", [1.2, 1.9, 2.5, 7.0])
@pytest.mark.parametrize("saturation", [math.inf, 8.0])
def test_upwards(edge, saturation):
    found = find_brink("comes back", below(edge), saturation=saturation, precision=0.05)
    assert found.low < edge <= found.high <= 1.05 * found.low
    assert found.why == "metastable"


@pytest.mark.parametrize("edge", [0.02, 0.3, 0.99])
def test_downwards(edge):
    found = find_brink("metastable", below(edge), saturation=2.0, precision=0.05)
    assert found.low < edge <= found.high <= 1.05 * found.low


def test_theory_needs_no_run():
    tried = []
    found = find_brink("unharmed", below(9.0, tried), saturation=1.5, precision=0.01)
    assert (found.high, found.why) == (1.5, "theory")
    assert found.low >= 1.5 / 1.01
    assert max(tried) < 1.5


def test_a_load_at_which_all_is_overloaded_says_so():
    found = find_brink(
        "comes back", lambda f: "comes back" if f < 3 else "overloaded", saturation=math.inf, precision=1
    )
    assert (found.low, found.high, found.why) == (2.0, 4.0, "overloaded")


def test_the_search_ends_where_there_is_no_brink():
    assert find_brink("comes back", below(math.inf), saturation=math.inf, precision=0.05).high == math.inf
    assert find_brink("metastable", below(0.0), saturation=1.2, precision=0.05).low == 0.0


@pytest.mark.one_in(3)
def test_it_is_where_the_queue_of_a_pause_drains_too_late():
    """Evenly spaced arrivals at rate r, 10 ms each: 6 s of pause leave 6 r requests, which drain at 100 - r.

    Late by the limit of 1 s are those that arrive in the first (6 r - 99) / (100 - r) seconds after it. It does not
    come back where that is more than 140 of the 160 s that are watched: from 96.6/s on, less or more half a second.
    """
    found = sim.drill(
        sim.loads(FILE), "web", "pause", at="4s", for_="6s", duration="30s", deployments=["microservices"],
        policies=["full"], find_load=True, engine="compiled",
    )  # fmt: skip
    row = found.table.iloc[0]
    edges = [(99 + 100 * late) / (6 + late) / 40 for late in (139.5, 141.0)]
    assert edges[0] < row["load_high"]
    assert row["load_low"] < edges[1]
    assert row["load_low"] < row["load_high"] <= 1.05 * row["load_low"]
    assert row["load_limit"] == "metastable"
    assert "comes back at 2.3" in found.verdict


def test_what_cannot_be_bisected_is_refused_before_any_run(tmp_path):
    (tmp_path / "times.csv").write_text("arrival_s\n1\n2\n")
    (tmp_path / "one.yaml").write_text(FILE.replace("rate: 40/s, arrivals: even", "replay: times.csv"))
    with pytest.raises(sim.PlanError, match="a replay cannot be made heavier"):
        sim.drill(sim.load(tmp_path / "one.yaml"), "web", find_load=True)
    with pytest.raises(sim.PlanError, match="precision: expected a share above 0"):
        sim.drill(sim.loads(FILE), "web", find_load=True, precision=0.0)
