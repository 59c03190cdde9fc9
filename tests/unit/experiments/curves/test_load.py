"""Load curves: what the table holds, which loads are the default, what is refused."""

import json
import math

import pytest

import simulator as sim
from simulator.errors import PlanError


@pytest.fixture(scope="module")
def curve(shop):
    return sim.load_curve(shop, [0.5, "80/s", 4], replications=3)


def test_one_row_a_load_and_deployment(curve, shop):
    table = curve.table
    assert list(zip(table["arrival_rate_per_s"], table["deployment"], strict=True)) == [
        (20.0, "microservices"), (20.0, "monolith"), (80.0, "microservices"), (80.0, "monolith"),
        (160.0, "microservices"), (160.0, "monolith"),
    ]  # fmt: skip
    assert list(table["factor"]) == [0.5, 0.5, 2.0, 2.0, 4.0, 4.0]
    assert set(table["users"]) == {0}
    # web has one core and store two of one; the monolith's replica has both, and it needs two for three cores
    assert set(table.loc[table["deployment"] == "microservices", "cores"]) == {3.0}
    assert set(table.loc[table["deployment"] == "monolith", "cores"]) == {4.0}


def test_every_row_is_the_run_of_that_topology(curve, shop):
    alone = sim.simulate(shop.replace({"workload.rate": 80.0}), "monolith", detail="summary")
    row = curve.table.iloc[3]
    for name in ("throughput_per_s", "goodput_per_s", "latency_p50_s", "latency_p99_s", "availability_ratio"):
        assert row[name] == alone.intervals.loc[name, "mean"]
        assert row[f"{name}_half_width"] == alone.intervals.loc[name, "half_width"]
    assert row["arrived_per_s"] == pytest.approx(alone.summary["requests"] / (3 * 18.0))


def test_saturation_is_of_theory(curve):
    # 200/s: one core with 5 ms; 4 cores with 13 ms
    assert curve.saturation == pytest.approx({"microservices": 200.0, "monolith": 4 / 0.013})
    assert curve.bottlenecks == {"microservices": "web", "monolith": "monolith"}
    assert curve.limits == {"web": 10.0}


def test_default_loads_reach_beyond_every_saturation(shop):
    short = sim.load_curve(shop, duration="3s", warmup="1s", replications=2)
    loads = sorted(set(short.table["arrival_rate_per_s"]))
    assert loads[0] == pytest.approx(0.2 * 200.0)
    assert loads[-1] == pytest.approx(1.1 * 4 / 0.013)
    assert any(load == pytest.approx(1.2 * 200.0) for load in loads)
    assert 8 <= len(loads) <= 13


def test_it_falls_behind_beyond_saturation(shop):
    curve = sim.load_curve(shop, ["100/s", "300/s"], "microservices", replications=2)
    assert "it keeps up to 100/s and serves at most" in curve.finding
    assert "(by theory web saturates at 200/s)" in curve.finding


def test_closed_workloads_are_scaled_by_their_users():
    text = """\
simulation: {duration: 20s, warmup: 2s, replications: 2}
services: {web: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
workload: {call: web, users: 10, thinkTime: 1s}
"""
    curve = sim.load_curve(sim.loads(text), deployments="microservices")
    assert curve.axis == "users"
    assert list(curve.table["users"]) == [2, 5, 8, 10, 12, 15, 20]
    assert math.isinf(curve.saturation["microservices"])
    assert json.dumps(curve.to_dict(), allow_nan=False)


def test_the_same_seed_gives_the_same_bytes_wherever_it_runs(shop):
    from concurrent.futures import ThreadPoolExecutor

    options = {"loads": [1, 2], "replications": 2, "duration": "5s"}
    with ThreadPoolExecutor(2) as executor:
        other = sim.load_curve(shop, **options, executor=executor)
    assert sim.load_curve(shop, **options).table.to_csv() == other.table.to_csv()


def test_text_json_and_html(curve):
    text = str(curve)
    assert max(map(len, text.splitlines())) <= 100
    assert text.endswith(curve.finding.split()[-1])
    content = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert len(content["table"]) == 6
    assert content["knees"].keys() == {"microservices", "monolith"}
    assert "<pre>" in curve._repr_html_()
    assert repr(curve) == "<LoadCurve of shop: microservices and monolith>"


def test_a_ctrl_c_leaves_the_loads_that_are_finished(shop, cut_off):
    cut_off(14)  # the second load: 6 runs of each
    curve = sim.load_curve(shop, [1, 2, 3])
    assert curve.interrupted
    assert list(curve.table["factor"]) == [1.0, 1.0, 2.0, 2.0]
    assert str(curve).endswith("interrupted: only what was finished by then is here")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deployments": []}, "deployments: expected at least one"),
        ({"deployments": ["nowhere"]}, "no deployment `nowhere`"),
        ({"loads": ["x"]}, "'x' is neither a factor"),
    ],
)
def test_what_is_refused(shop, options, message):
    with pytest.raises(PlanError, match=message):
        sim.load_curve(shop, **options)
