import math

import pytest

from simulator.compiler.workloads import Ramp, entry_sites, make_ramps, workload_streams
from simulator.plan.layout import Dist, Shape
from simulator.spec import Workload

SERVICES = "services: {a: {endpoints: {x: {steps: [{cpu: 1ms}]}, y: {steps: [{cpu: 1ms}]}}}}"


def staged(start: float, *stages: tuple[float, float]) -> Workload:
    listed = [{"target": target, "duration": duration} for target, duration in stages]
    return Workload(entries=({"call": "a"},), start_rate=start, stages=listed)


def test_a_rate_is_one_ramp_without_an_end():
    workload = Workload(entries=({"call": "a"},), rate=80.0)
    assert make_ramps(workload) == [Ramp(0.0, math.inf, 80.0, 80.0, 0.0, math.inf)]
    nothing = Workload(entries=({"call": "a"},), rate=0.0)
    assert make_ramps(nothing) == [Ramp(0.0, math.inf, 0.0, 0.0, 0.0, 0.0)]


def test_stages_are_straight_lines_from_the_rate_before():
    assert make_ramps(staged(40.0, (400.0, 300.0), (400.0, 600.0), (0.0, 100.0))) == [
        Ramp(0.0, 300.0, 40.0, 400.0, 0.0, 66_000.0),
        Ramp(300.0, 600.0, 400.0, 400.0, 66_000.0, 306_000.0),
        Ramp(900.0, 100.0, 400.0, 0.0, 306_000.0, 326_000.0),
    ]


def test_7_4_stages_of_tenths_of_seconds_end_where_they_should():
    """As floats, 0.1 + 0.2 is more than 0.3, and 0.07 x 100 more than 7."""
    first, second, third = make_ramps(staged(100.0, (100.0, 0.1), (100.0, 0.2), (100.0, 0.07)))
    assert (second.start_s, third.start_s) == (0.1, 0.3)
    assert (first.after, second.after, third.after) == (10.0, 30.0, 37.0)


def test_a_stage_of_no_length_is_a_jump():
    assert make_ramps(staged(10.0, (50.0, 0.0), (50.0, 20.0), (5.0, 0.0), (15.0, 10.0), (99.0, 0.0))) == [
        Ramp(0.0, 20.0, 50.0, 50.0, 0.0, 1000.0),
        Ramp(20.0, 10.0, 5.0, 15.0, 1000.0, 1100.0),
    ]
    assert make_ramps(staged(10.0, (50.0, 0.0))) == []


def test_the_columns_of_workloads(plan_of, tmp_path):
    (tmp_path / "arrivals.csv").write_text("arrival_s\n0.5\n0.5\n2\n")
    text = f"""
    {SERVICES}
    workload:
      tills: {{call: a.x, users: 30, thinkTime: {{dist: exponential, mean: 6s}}}}
      browse: {{calls: [{{call: a.y, weight: 3}}, {{call: a.x}}], rate: 8/s, arrivals: even}}
      replayed: {{call: a.y, replay: {tmp_path / "arrivals.csv"}}}
      evening: {{call: a.x, startRate: 1/s, stages: [{{target: 3/s, duration: 2s}}, {{target: 0/s, duration: 20m}}]}}
    """
    plan = plan_of(text)
    table = plan.workloads
    assert table.name == ("browse", "evening", "replayed", "tills")
    assert table.shape.tolist() == [Shape.EVEN, Shape.POISSON, Shape.REPLAY, Shape.USERS]
    assert table.users.tolist() == [0, 0, 0, 30]
    assert plan.distributions.kind[table.think].tolist() == [Dist.CONSTANT] * 3 + [Dist.EXPONENTIAL]
    assert plan.distributions.mean[table.think].tolist() == [0.0, 0.0, 0.0, 6.0]
    assert (table.first_ramp.tolist(), table.ramps.tolist()) == ([0, 1, 3, 3], [1, 2, 0, 0])
    assert table.ramp_start_s.tolist() == [0.0, 0.0, 2.0]
    assert table.ramp_duration_s.tolist() == [math.inf, 2.0, 1200.0]
    assert table.ramp_start_rate.tolist() == [8.0, 1.0, 3.0]
    assert table.ramp_end_rate.tolist() == [8.0, 3.0, 0.0]
    assert table.ramp_before.tolist() == [0.0, 0.0, 4.0]
    assert table.ramp_after.tolist() == [math.inf, 4.0, 1804.0]
    assert (table.first_time.tolist(), table.times.tolist()) == ([0, 0, 0, 3], [0, 0, 3, 0])
    assert table.time_s.tolist() == [0.5, 0.5, 2.0]
    assert (table.first_entry.tolist(), table.entries.tolist()) == ([0, 2, 3, 4], [2, 1, 1, 1])
    assert table.entry_call.tolist() == [0, 1, 2, 3, 4]
    assert table.entry_weight.tolist() == [0.75, 1.0, 1.0, 1.0, 1.0]
    assert plan.calls.name == (
        "browse -> a.y", "browse -> a.x", "evening -> a.x", "replayed -> a.y", "tills -> a.x"
    )  # fmt: skip


def test_entries_are_call_sites_at_the_edge(parse):
    topology = parse(f"{{{SERVICES}, workload: {{call: a.y, rate: 1/s}}}}")
    (site,) = entry_sites(topology)
    assert (site.name, site.site, site.caller, site.at_edge, site.target) == (
        "workload -> a.y", "entry workload -> a.y", "workload", True, ("a", "y")
    )  # fmt: skip


def test_streams_are_of_the_workload():
    assert workload_streams("shoppers") == {
        "stream": "request shoppers",
        "arrival_stream": "arrivals shoppers",
        "entry_stream": "entry shoppers",
        "think_stream": "think shoppers",
    }


@pytest.mark.parametrize("users", [0, 5])
def test_users_may_be_nobody(plan_of, users):
    plan = plan_of(f"{{{SERVICES}, workload: {{call: a.x, users: {users}}}}}")
    assert plan.workloads.users.tolist() == [users]
