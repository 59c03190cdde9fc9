"""Break-even maps: which cells there are, what they say, what is refused."""

import json
import math
from dataclasses import replace

import pandas as pd
import pytest

import simulator as sim
from simulator.errors import PlanError, TopologyError
from simulator.experiments.curves.breaking import BreakEven, cell_words, short_paths

pytestmark = pytest.mark.one_in(3)

# the cheap work of web is done beside a large memory
SHOP = """\
name: shop
simulation: {duration: 6s, warmup: 1s, seed: 3, replications: 4}
services:
  web: {resources: {cpu: 1, memory: 8Gi}, steps: [{cpu: 1ms}, {call: store}]}
  store: {resources: {cpu: 1, memory: 64Mi}, steps: [{cpu: {dist: exponential, mean: 20ms}}]}
workload: {call: web, rate: 20/s}
deployments:
  monolith: {units: {all: {services: [web, store], resources: {cpu: 1}}}}
slos: {web: {call: web, mean: 150ms}}
prices: {vcpuHour: 0.04, gibHour: 0.01, unitHour: 0.02}
"""
MEMORY = "services.web.resources.memory"


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


@pytest.fixture(scope="module")
def curve(shop):
    return sim.break_even(shop, {MEMORY: ["64Mi", "8Gi"], "workload.rate": "20/s:80/s:60/s"})


def test_a_cell_for_every_pair(curve):
    assert curve.axes == {MEMORY: ("64Mi", "8Gi"), "workload.rate": ("20/s", "80/s")}
    cells = curve.cells[[MEMORY, "workload.rate"]].to_numpy().tolist()
    assert cells == [["64Mi", "20/s"], ["8Gi", "20/s"], ["64Mi", "80/s"], ["8Gi", "80/s"]]
    assert len(curve.table) == 8


def test_memory_that_is_copied_for_its_cores_makes_the_split_pay(curve):
    """At 80/s a core at 20 ms is not enough: every copy of the monolith takes the memory along."""
    winners = dict(zip(zip(curve.cells[MEMORY], curve.cells["workload.rate"], strict=True), curve.cells["winner"],
                       strict=True))  # fmt: skip
    assert winners["64Mi", "20/s"] == winners["64Mi", "80/s"] == "monolith"
    assert winners["8Gi", "80/s"] == "microservices"


def test_prices_are_those_of_the_file(curve):
    gib = {"64Mi": 0.0625, "8Gi": 8.0}
    for row in curve.table.to_dict(orient="records"):
        sizes = dict(part.split() for part in row["sizes"].split(", "))
        number = {name: int(replicas) for name, replicas in sizes.items()}
        own = gib[row[MEMORY]]
        if row["deployment"] == "monolith":
            cores, memory, units = number["all"], number["all"] * (own + 0.0625), 1
        else:
            cores, memory, units = sum(number.values()), number["web"] * own + number["store"] * 0.0625, 2
        assert row["cores"] == cores
        assert row["cost_per_hour"] == pytest.approx(0.04 * cores + 0.01 * memory + 0.02 * units)


def test_each_cell_is_a_sizing_of_its_own(curve, shop):
    alone = sim.capacity(shop.replace({MEMORY: "8Gi", "workload.rate": "80/s"}), "monolith")
    row = curve.table.iloc[-1]
    assert row["cost_per_hour"] == alone.cost_per_hour
    assert row["reason"] == alone.reason


def test_text_json_and_html(curve):
    text = str(curve)
    assert max(map(len, text.splitlines())) <= 100
    assert curve.headline == "shop: monolith is cheaper in 3 of 4 cells and microservices is cheaper in 1"
    content = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert len(content["cells"]) == 4
    assert "<table" in curve._repr_html_()
    assert repr(curve) == "<BreakEven of shop: microservices and monolith>"


def test_the_paths_are_told_in_full(curve):
    """A column has room for the last part of a path; what it stands for is above the table."""
    lines = str(curve).splitlines()
    assert f"memory: {MEMORY}" in lines
    assert "rate: workload.rate" in lines
    assert [line.split()[:2] for line in lines if line.startswith("memory ")] == [["memory", "rate"]]


@pytest.mark.parametrize(
    ("first", "second", "short"),
    [
        ("services.a.replicas", "workload.rate", ("replicas", "rate")),
        ("services.a.replicas", "services.b.replicas", ("a.replicas", "b.replicas")),
        ("rate", "workload.rate", ("rate", "workload.rate")),
    ],
)
def test_as_much_of_two_paths_as_tells_them_apart(first, second, short):
    assert short_paths(first, second) == short


def test_an_axis_may_change_what_is_promised_and_how_often_it_is_tried(shop):
    axes = {"slos.web.mean": ["150ms", "200ms"], "simulation.replications": [2, 3]}
    curve = sim.break_even(shop, axes, duration="2s", warmup="0s")
    assert curve.objectives == ("web mean 150 to 200 ms",)
    assert (curve.replications, curve.confidence) == (None, 0.95)
    assert "sized to web mean 150 to 200 ms in every cell, replications differ by cell" in " ".join(str(curve).split())
    sure = sim.break_even(
        shop, {"simulation.confidence": ["90%", "95%"], "workload.rate": ["5/s"]}, duration="2s", warmup="0s"
    )
    assert (sure.replications, sure.confidence) == (4, None)
    assert json.loads(json.dumps(sure.to_dict()))["confidence"] is None


def test_where_nothing_costs_anything_cores_are_compared(shop):
    free = shop.replace({"prices": {"vcpuHour": 0}})
    curve = sim.break_even(free, {MEMORY: ["1Gi"], "workload.rate": ["80/s"]}, duration="2s", warmup="0s")
    assert curve.price == "all_cores"
    assert "shop: cores, sized to" in str(curve)
    assert "takes fewer cores" in curve.headline or "no difference in cores" in curve.headline


@pytest.mark.parametrize(("given", "values"), [("0,0.01", [0, 0.01]), ([0.0, 1], [0.0, 1]), ("0.5,1,2", [0.5, 1, 2])])
def test_whole_and_fractional_numbers_stay_as_they_are_given(shop, given, values):
    axes = {"prices.gibHour": given, "workload.rate": ["20/s"]}
    curve = sim.break_even(shop, axes, duration="2s", warmup="0s")
    for table in (curve.cells, curve.table.drop_duplicates("prices.gibHour")):
        told = table["prices.gibHour"].tolist()
        assert [(value, type(value)) for value in told] == [(value, type(value)) for value in values]
    rows = str(curve).splitlines()
    assert [row.split()[0] for row in rows if row.endswith(("monolith", "shown", "%")) and "20/s" in row] == [
        str(value) for value in values
    ]
    assert len(sim.plots.break_even(curve).patches) == len(values)


@pytest.mark.parametrize("given", ["1,1", [1, 1.0], ["1", 1], ["1Gi", "1Gi"]])
def test_a_value_that_is_there_twice_is_refused(shop, given):
    with pytest.raises(PlanError, match=r"prices\.gibHour: a value is there twice"):
        sim.break_even(shop, {"prices.gibHour": given, "workload.rate": ["20/s"]})


OWN = {"deployments.pods": {"units": {"front": {"services": ["web"]}, "back": {"services": ["store"]}}}}


@pytest.mark.parametrize(
    ("path", "values", "options"),
    [
        ("services.web.replicas", [1, 2, 3], {}),
        ("services.web.replicas", [4], {}),
        ("services.store.replicas", "1,2", {"deployments": ["monolith", "microservices"]}),
        ("services.store.replicas", "1,2", {"deployments": ["monolith", "pods"]}),
        ("deployments.pods.units.front.replicas", "1,2", {"deployments": ["monolith", "pods"]}),
        ("services.web.replicas", "1,2", {"scale": ["web"]}),
        ("services.web.resources.cpu", "1,2", {"cores": [1, 2]}),
    ],
)
def test_an_axis_that_the_sizing_overwrites_is_refused(shop, path, values, options):
    for axes in ({path: values, "workload.rate": ["20/s", "60/s"]}, {"workload.rate": ["20/s", "60/s"], path: values}):
        with pytest.raises(PlanError, match=f"axes.{path}: .* sizing") as refused:
            sim.break_even(shop.replace(OWN), axes, **options)
    assert "leave the axis out" in str(refused.value)


@pytest.mark.parametrize(
    ("path", "values", "options"),
    [
        ("services.store.replicas", "1,2", {"scale": ["web"]}),  # the split has its own number of them
        ("services.web.resources.cpu", "1,2", {}),
        ("prices.gibHour", "0,1", {}),
        ("slos.web.p99", "400ms,500ms", {}),
    ],
)
def test_an_axis_that_acts_in_one_of_them_is_none_of_those(shop, path, values, options):
    axes = {path: values, "workload.rate": ["20/s"]}
    assert len(sim.break_even(shop, axes, duration="2s", warmup="0s", max_replicas=8, **options).cells) == 2


def cells(*endings):
    """A map of these endings: kind, winner, saving."""
    rows = [{"x": number, "y": 1, "kind": kind, "winner": winner, "saving_ratio": saving}
            for number, (kind, winner, saving) in enumerate(endings)]  # fmt: skip
    return BreakEven(
        topology="shop", table=pd.DataFrame(), cells=pd.DataFrame(rows), axes={}, deployments=("a", "b"),
        price="cost_per_hour", objectives=("web p99 1 ms",), confidence=0.95, replications=2,
    )  # fmt: skip


A, B, SAME = ("cheaper", "a", 0.25), ("cheaper", "b", 0.0004), ("same", "", 0.1)
ONLY, NONE = ("only", "b", math.nan), ("none", "", math.nan)


@pytest.mark.parametrize(
    ("endings", "words"),
    [
        ([A], "a is cheaper"),
        ([A, A], "a is cheaper in all 2 cells"),
        ([ONLY, ONLY], "only b meets the objectives in all 2 cells"),
        ([SAME, SAME], "no difference in cost is shown in any of the 2 cells"),
        ([NONE, NONE, NONE], "neither meets the objectives in any of the 3 cells"),
        ([B, A, A], "a is cheaper in 2 of 3 cells and b is cheaper in 1"),
        (
            [A, B, SAME, ONLY, NONE, NONE],
            "neither meets the objectives in 2 of 6 cells, a is cheaper in 1, b is cheaper in 1, "
            "no difference in cost is shown in 1 and only b meets the objectives in 1",
        ),
    ],
)
def test_cells_are_counted_in_words(endings, words):
    assert cells(*endings).headline == f"shop: {words}"


def test_what_is_not_shown_is_told_apart():
    made = cells(NONE, NONE, ONLY)
    made = replace(made, cells=made.cells.assign(shown=[False, True, False]))
    assert made.headline == (
        "shop: neither is shown to meet the objectives in 1 of 3 cells, neither meets the objectives in 1 "
        "and only b is shown to meet the objectives in 1"
    )
    said = [cell_words(cell) for cell in made.cells.to_dict(orient="records")]
    assert said == ["neither is shown", "neither", "only b is shown"]


def test_short_runs_show_neither(shop):
    """Six replies of each run are no p99 of anything."""
    axes = {"slos.web": [{"call": "web", "p99": "400ms"}], "workload.rate": ["5/s"]}
    curve = sim.break_even(shop, axes, max_replicas=2, duration="2s", warmup="1s")
    assert curve.cells[["kind", "shown"]].to_numpy().tolist() == [["none", False]]
    assert not curve.table["shown_missed"].any()
    assert "not shown" in str(curve)
    assert "not met" not in str(curve)


def test_a_small_saving_is_not_nothing():
    assert cells(A, B).finding.endswith("; a by up to 25 % and b by up to less than 0.1 %.")
    assert cell_words({"kind": "cheaper", "winner": "b", "saving_ratio": 0.0004}) == "b by less than 0.1 %"


def test_what_cannot_be_met(shop):
    curve = sim.break_even(
        shop, {"slos.web.p99": ["1us"], "workload.rate": ["20/s"]}, max_replicas=2, duration="3s", warmup="1s"
    )
    assert curve.cells[["kind", "shown"]].to_numpy().tolist() == [["none", True]]
    assert curve.headline == "shop: neither meets the objectives"
    assert "not met" in str(curve)


def test_a_ctrl_c_leaves_whole_cells(shop, monkeypatch):
    from simulator.experiments.curves import breaking

    whole, calls = breaking.capacity, []

    def cut(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return whole(*arguments, **options)

    monkeypatch.setattr(breaking, "capacity", cut)
    curve = sim.break_even(shop, {MEMORY: ["1Gi", "2Gi"], "workload.rate": ["5/s"]}, duration="2s", warmup="0s")
    assert curve.interrupted
    assert len(curve.cells) == 1


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({}, "a map has two axes, found 0"),
        ({MEMORY: ["1Gi"]}, "a map has two axes, found 1"),
        ({MEMORY: ["1Gi", "1Gi"], "workload.rate": ["1/s"]}, "a value is there twice"),
        ({MEMORY: "1Gi..2Gi", "workload.rate": ["1/s"]}, "a map needs values"),
        ({"deployment": ["monolith"], "workload.rate": ["1/s"]}, "deployment is no axis of a map"),
        ({"seed": [1, 2], "workload.rate": ["1/s"]}, "seed is no axis of a map"),
    ],
)
def test_axes_that_are_none(shop, axes, message):
    with pytest.raises(PlanError, match=message):
        sim.break_even(shop, axes)


def test_a_path_that_leads_nowhere_and_one_deployment(shop):
    with pytest.raises(TopologyError, match="unknown service `wbe`"):
        sim.break_even(shop, {"services.wbe.replicas": [1], "workload.rate": ["1/s"]})
    with pytest.raises(PlanError, match="two different deployments"):
        sim.break_even(shop, {MEMORY: ["1Gi"], "workload.rate": ["1/s"]}, ["monolith", "monolith"])
