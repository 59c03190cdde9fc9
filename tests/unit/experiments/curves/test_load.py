"""Load curves: what the table holds, which loads are the default, what is refused."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.errors import PlanError
from simulator.experiments.curves.fits import Knee
from simulator.experiments.curves.load import LoadCurve
from simulator.experiments.curves.offered import name_of_arrivals


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
    """Rule 11.23."""
    curve = sim.load_curve(shop, ["100/s", "300/s"], "microservices", replications=2)
    assert "it keeps up to 100/s and serves at most" in curve.finding
    assert "(by theory web saturates at 200/s)" in curve.finding


INSIDE = Knee(100.0, 100.0, 100.0, inside=True)


def told(loads, goodput, throughput=None, *, knee=INSIDE, saturation=math.inf, users=0, half_width=0.0, unstable=False):
    """The finding of one deployment whose table is written by hand; every interval is as wide."""
    ended = np.array(throughput or goodput)
    rows = pd.DataFrame({
        "arrival_rate_per_s": [0.0] * len(loads) if users else loads, "users": loads if users else 0,
        "deployment": "web", "arrived_per_s": loads, "goodput_per_s": goodput,
        "throughput_per_s": ended, "behind_per_s": np.array(loads) - ended, "unstable": unstable,
        **{f"{name}_half_width": half_width for name in ("throughput_per_s", "goodput_per_s", "behind_per_s")},
        "latency_p99_s": [0.1 if one else math.nan for one in goodput],
    })  # fmt: skip
    return LoadCurve(
        topology="shop", table=rows, knees={"web": knee}, saturation={"web": saturation}, bottlenecks={"web": "db"},
        limits={}, confidence=0.95, replications=2,
    ).finding  # fmt: skip


LOADS = [50.0, 100.0, 200.0, 300.0]


def test_errors_are_no_falling_behind():
    """Every tenth request fails, and every one is answered: told as errors, of the load that has most of them."""
    text = told(LOADS, [49.0, 80.0, 190.0, 190.0], [50.0, 100.0, 200.0, 200.0])
    assert "it keeps up to 200/s, but 20 % of the answers at 100/s are errors, and serves at most 190/s" in text
    assert "errors" not in told(LOADS, [49.9, 99.9, 199.0, 200.0], [50.0, 100.0, 200.0, 200.0])


def test_what_theory_finds_unstable_does_not_keep_up_however_little_it_lags():
    assert "it keeps up to 100/s" in told(LOADS, [50.0, 100.0, 199.0, 200.0], saturation=200.0)
    assert "it keeps up to 200/s" in told(LOADS, [50.0, 100.0, 199.0, 200.0], saturation=201.0)
    assert "it keeps up to 100/s" in told(LOADS, [50.0, 100.0, 189.0, 300.0], saturation=201.0)  # the first that lags
    none = told(LOADS, [40.0, 40.0, 40.0, 40.0])
    assert none.startswith("web has its knee below 50/s; it keeps up with none of these loads")
    assert "it keeps up to 300/s" in told(LOADS, LOADS)


def test_what_is_kept_up_with_is_no_more_than_what_is_ended():
    """The slots let 87.6/s through: at 89/s a short run lags by less than its chance, at 97/s it is seen."""
    loads, ended = [80.0, 86.0, 89.0, 97.0], [80.0, 86.0, 88.8, 87.6]
    knee = Knee(80.0, 80.0, 80.0, inside=True)
    assert "it keeps up to 86/s and serves at most 88.8/s" in told(loads, ended, knee=knee, half_width=0.1)
    assert "it keeps up to 89/s and serves at most 88.8 ± 1/s" in told(loads, ended, knee=knee, half_width=1.0)
    assert "it keeps up to 89/s." in told(loads[:3], ended[:3], knee=knee, half_width=1.0)
    assert "it keeps up with none" in told(loads, ended, knee=knee, half_width=1.0, unstable=True)


def test_slots_that_are_held_for_callees_are_the_limit():
    """Six slots of gw are held 40.1 ms each in the mean, and longer where db is busy: less than 100/s."""
    topology = sim.loads("""\
simulation: {duration: 40s, warmup: 5s, replications: 3}
services:
  gw: {resources: {cpu: 8}, concurrency: 6, steps: [{cpu: 100us}, {call: db}]}
  db: {replicas: 4, steps: [{cpu: {dist: exponential, mean: 40ms}}]}
workload: {call: gw, rate: 60/s}
""")
    curve = sim.load_curve(topology, ["70/s", "97/s"], "microservices")
    last = curve.table.iloc[-1]
    assert last["throughput_per_s"] > 0.85 * last["arrived_per_s"]
    assert last["behind_per_s"] == pytest.approx(last["arrived_per_s"] - last["throughput_per_s"])
    assert "it keeps up to 70/s and serves at most" in curve.finding


def test_users_wait_and_nobody_falls_behind():
    assert told([5, 100], [50.0, 60.0], users=1) == "web has its knee at 100 users; it serves at most 60/s."


def test_at_saturation_it_does_not_keep_up(shop):
    """Web has one core and 5 ms: at 200/s it is busy all the time, and hardly lags within twenty seconds."""
    curve = sim.load_curve(shop, ["150/s", "200/s"], "microservices", replications=2)
    last = curve.table.iloc[-1]
    assert last["throughput_per_s"] > 0.95 * last["arrived_per_s"]
    assert "it keeps up to 150/s and" in curve.finding


@pytest.mark.parametrize(
    ("knee", "words"),
    [
        (Knee(100.0, 100.0, 100.0, inside=True), "has its knee at 100/s; "),
        (Knee(100.0, 100.0, 200.0, inside=True), "at 100/s (from 100 to 200/s no difference is shown); "),
        (Knee(300.0, 300.0, 300.0, inside=False), "at 300/s, the highest load that was served: it may lie beyond; "),
        (Knee(50.0, 50.0, 100.0, inside=False), "is shown), the lowest load that was served: it may lie beyond; "),
        (
            Knee(100.0, 100.0, 300.0, inside=False),
            "at 100/s (from 100 to 300/s no difference is shown), "
            "which reaches the highest load that was served: it may lie beyond; ",
        ),
        (
            Knee(100.0, 50.0, 300.0, inside=False),
            "is shown), which reaches the lowest and the highest load that was served: it may lie beyond; ",
        ),
    ],
)
def test_where_the_knee_lies_or_may_lie(knee, words):
    assert words in told(LOADS, LOADS, knee=knee)


def test_a_knee_of_one_load_and_of_none():
    only = Knee(50.0, 50.0, 50.0, inside=False)
    assert "at 50/s, the only load that was served; " in told([50.0, 100.0], [50.0, 0.0], knee=only)
    assert told([50.0], [0.0], knee=None) == "web serves nothing at any of these loads."


def test_loads_that_are_close_have_the_digits_that_tell_them_apart():
    text = told([1000.0, 1001.0, 1002.0], [1000.0, 1001.0, 1001.0], knee=Knee(1001.0, 1000.0, 1001.0, inside=False))
    assert "at 1,001/s (from 1,000 to 1,001/s no difference" in text


def test_closed_workloads_are_scaled_by_their_users():
    text = """\
simulation: {duration: 20s, warmup: 2s, replications: 2}
services: {web: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
workload: {call: web, users: 10, thinkTime: 1s}
"""
    curve = sim.load_curve(sim.loads(text), deployments="microservices")
    assert curve.axis == "users"
    assert list(curve.table["users"]) == [3, 5, 8, 10, 13, 15, 20]
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
    assert "<table" in curve._repr_html_()
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


STAGED = {"workload": {"call": "web", "startRate": "20/s", "stages": [{"duration": "10s", "target": "80/s"}]}}
MIXED = {
    "workload": {
        "shoppers": {"call": "web", "rate": "40/s"},
        "clerks": {"call": "web", "users": 20, "thinkTime": "100ms"},
    }
}


def test_a_load_that_changes_is_named_by_its_peak_and_not_compared_with_the_mean(shop):
    """From 20 to 80/s within ten of twenty seconds: no more than 65/s arrive in the mean, however well it keeps up."""
    curve = sim.load_curve(shop.replace(STAGED), [1], "microservices", replications=2)
    assert curve.table["arrival_rate_per_s"].tolist() == [80.0]
    assert curve.table["arrived_per_s"].iloc[0] < 70.0
    assert curve.load_name == "peak arrival rate"
    assert curve.to_dict()["load_name"] == "peak arrival rate"
    assert "serves at most" not in curve.finding
    assert "it keeps up to 80/s (by theory" in curve.finding
    assert curve.finding.endswith(" Loads are the peak arrival rate.")
    assert str(curve).splitlines()[2].split("  ")[0] == "peak arrivals (/s)"


def test_users_beside_an_arrival_rate_are_no_part_of_it(shop):
    """Twenty users that think for 0.1 s ask for some 150/s more than the 40/s that the axis has."""
    curve = sim.load_curve(shop.replace(MIXED), [1], "microservices", replications=2)
    assert curve.table["arrival_rate_per_s"].tolist() == [40.0]
    assert curve.table["goodput_per_s"].iloc[0] > 100.0
    assert curve.load_name == "arrival rate of the open workloads"
    assert "serves at most" not in curve.finding
    assert str(curve).splitlines()[2].split("  ")[0] == "open arrivals (/s)"


def test_what_a_load_is_called(shop):
    def named(workload):
        return name_of_arrivals(shop.replace({"workload": workload}))

    staged, mixed = STAGED["workload"], MIXED["workload"]
    flat = {"call": "web", "startRate": "20/s", "stages": [{"duration": "10s", "target": "20/s"}]}
    assert named({"call": "web", "rate": "40/s"}) == "arrival rate"
    assert named({"a": staged, "b": {"call": "web", "rate": "40/s"}}) == "peak arrival rate"
    assert named({"a": staged, "b": mixed["clerks"]}) == "peak arrival rate of the open workloads"
    assert named({"a": {"call": "web", "rate": "40/s"}, "b": mixed["clerks"] | {"users": 0}}) == "arrival rate"
    assert named(mixed["clerks"] | {"users": 5}) == "users"
    assert named(flat) == "arrival rate"


@pytest.mark.parametrize("inside", [True, False])
def test_headline_and_finding_say_the_same_of_the_knee(inside):
    """A best load at the end of those tried may have better ones beyond: neither says that there is no knee."""
    rows = [
        {"arrival_rate_per_s": load, "users": 0, "deployment": "web", "arrived_per_s": load, "latency_p99_s": 0.1,
         "goodput_per_s": load, "throughput_per_s": load, "throughput_per_s_half_width": 0.0, "behind_per_s": 0.0,
         "behind_per_s_half_width": 0.0, "goodput_per_s_half_width": 0.0, "unstable": False}
        for load in (60.0, 120.0, 180.0)
    ]  # fmt: skip
    knee = Knee(120.0, 120.0, 120.0, inside=True) if inside else Knee(180.0, 180.0, 180.0, inside=False)
    curve = LoadCurve(
        topology="shop", table=pd.DataFrame(rows), knees={"web": knee}, saturation={"web": math.inf},
        bottlenecks={"web": ""}, limits={}, confidence=0.95, replications=3,
    )  # fmt: skip
    if inside:
        assert curve.headline == "shop: more load pays up to the knee, web at 120/s"
        assert curve.finding.startswith("web has its knee at 120/s; ")
    else:
        words = "web has its knee at 180/s, the highest load that was served: it may lie beyond"
        assert curve.headline == f"shop: {words}"
        assert curve.finding.startswith(words)
        assert not curve.shown_knees


def test_a_knee_below_all_loads_is_in_no_headline_as_one_of_them():
    rows = [
        {"arrival_rate_per_s": load, "users": 0, "deployment": "web", "arrived_per_s": load, "latency_p99_s": 0.1,
         "goodput_per_s": 40.0, "throughput_per_s": 40.0, "throughput_per_s_half_width": 0.0,
         "behind_per_s": load - 40.0, "behind_per_s_half_width": 0.0, "goodput_per_s_half_width": 0.0, "unstable": True}
        for load in (60.0, 120.0, 180.0)
    ]  # fmt: skip
    curve = LoadCurve(
        topology="shop", table=pd.DataFrame(rows), knees={"web": Knee(120.0, 120.0, 120.0, inside=True)},
        saturation={"web": math.inf}, bottlenecks={"web": ""}, limits={}, confidence=0.95, replications=3,
    )  # fmt: skip
    assert curve.headline == "shop: web has its knee below 60/s"


JOURNEYS = """
name: shop
simulation: {duration: 20s, warmup: 2s, replications: 2}
services: {web: {endpoints: {look: {steps: [{sleep: 10ms}]}, buy: {steps: [{sleep: 200ms}]}}}}
workload: WORKLOAD
slos: {looking: {call: web.look, p99: 50ms}, buying: {call: web.buy, p99: 300ms, errorRate: 1%}}
"""


@pytest.mark.parametrize(
    "workload",
    [
        "{lookers: {call: web.look, rate: 90/s}, buyers: {call: web.buy, rate: 10/s}}",
        "{calls: [{call: web.look, weight: 9}, {call: web.buy, weight: 1}], rate: 100/s}",
    ],
)
def test_each_promise_is_compared_with_its_own_requests(workload):
    """Looking takes 10 ms and buying 200 ms, always: of all together, every tenth buys, p99 is 200 ms."""
    curve = sim.load_curve(sim.loads(JOURNEYS.replace("WORKLOAD", workload)), [1], "microservices")
    row = curve.table.iloc[0]
    assert curve.mixed
    assert curve.own == ["buying", "looking"]
    assert row["latency_p99_s"] == pytest.approx(0.2)
    assert row["slos.looking.p99"] == pytest.approx(0.01)
    assert row["slos.buying.p99"] == pytest.approx(0.2)
    text = str(curve.answer().sections)
    assert "p50 and p99 are of all journeys together" in text
    assert "looking p99 (ms)" in text
    assert not any("not recorded" in warning for warning in curve.warnings)


def test_one_journey_is_not_told_twice(curve):
    assert not curve.mixed
    assert curve.own == []
    assert (curve.table["slos.web.p99"] == curve.table["latency_p99_s"]).all()
    assert len([section for section in curve.answer().sections if section]) == 1
