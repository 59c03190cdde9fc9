import pytest

import simulator as sim
from simulator.errors import PlanError
from simulator.experiments.curves.offered import all_users, read_loads, scale_traffic

MIXED = """\
services: {web: {steps: [{cpu: 1ms}]}}
workload:
  steady: {call: web, rate: 40/s}
  rising: {call: web, startRate: 10/s, stages: [{target: 30/s, duration: 1m}, {target: 0/s, duration: 1m}]}
  people: {call: web, users: 7, thinkTime: 1s}
  nobody: {call: web, users: 0, thinkTime: 1s}
"""


def test_every_rate_and_all_users_are_scaled():
    half = scale_traffic(sim.loads(MIXED), 0.5).workload
    assert half["steady"].rate == 20.0
    assert half["rising"].start_rate == 5.0
    assert [(stage.target, stage.duration) for stage in half["rising"].stages] == [(15.0, 60.0), (0.0, 60.0)]
    assert half["people"].users == 4  # 3.5
    assert half["nobody"].users == 0


def test_one_is_the_file_itself_and_someone_is_always_left():
    topology = sim.loads(MIXED)
    assert scale_traffic(topology, 1.0) == topology
    assert scale_traffic(topology, 0.01).workload["people"].users == 1
    assert all_users(topology) == 7


@pytest.mark.parametrize(
    ("users", "factor", "scaled"),
    [(5, 0.5, 3), (7, 0.5, 4), (10, 0.25, 3), (10, 0.24, 2), (50, 0.29, 15), (3, 0.1, 1), (10, 1.04999, 10)],
)
def test_half_a_user_is_a_whole_one(users, factor, scaled):
    """Also where the product misses the half by a rounding error: 50 x 0.29 is 14.499999999999998."""
    text = f"services: {{web: {{steps: [{{cpu: 1ms}}]}}}}\nworkload: {{call: web, users: {users}, thinkTime: 1s}}"
    assert scale_traffic(sim.loads(text), factor).workload["workload"].users == scaled


def test_a_nameless_workload():
    topology = sim.loads("services: {web: {steps: [{cpu: 1ms}]}}\nworkload: {call: web, rate: 40/s}")
    assert scale_traffic(topology, 3).workload["workload"].rate == 120.0


def test_a_replay_cannot_be_scaled(tmp_path):
    (tmp_path / "a.csv").write_text("arrival_s\n1\n2\n")
    file = tmp_path / "t.yaml"
    file.write_text("services: {web: {steps: [{cpu: 1ms}]}}\nworkload: {old: {call: web, replay: a.csv}}\n")
    with pytest.raises(PlanError, match=r"workload\.old: a replay cannot be made heavier or lighter"):
        scale_traffic(sim.load(file), 2.0)


def test_loads_are_factors_or_rates():
    assert read_loads([1.5, "0.5", "150/s", 1], 100.0) == [0.5, 1.0, 1.5]
    assert read_loads("6000/min", 50.0) == [2.0]
    assert read_loads(2, 0.0) == [2.0]


@pytest.mark.parametrize(
    ("loads", "rate", "message"),
    [
        ([], 1.0, "expected at least one"),
        (["fast"], 1.0, "'fast' is neither a factor of the file's traffic nor a rate"),
        (["5/s"], 0.0, "5/s is a rate, but no workload of the file has one"),
        ([0.0], 1.0, "0.0 is no positive number"),
        ([-1], 1.0, "-1 is no positive number"),
        ([float("nan")], 1.0, "nan is no positive number"),
        (["0/s"], 1.0, "0/s is no positive number"),
    ],
)
def test_loads_that_are_none(loads, rate, message):
    with pytest.raises(PlanError, match=message):
        read_loads(loads, rate)
