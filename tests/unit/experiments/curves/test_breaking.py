"""Break-even maps: which cells there are, what they say, what is refused."""

import json

import pytest

import simulator as sim
from simulator.errors import PlanError, TopologyError

# the cheap work of web is done beside a large memory
SHOP = """\
name: shop
simulation: {duration: 6s, warmup: 1s, seed: 3, replications: 2}
services:
  web: {resources: {cpu: 1, memory: 8Gi}, steps: [{cpu: 1ms}, {call: store}]}
  store: {resources: {cpu: 1, memory: 64Mi}, steps: [{cpu: {dist: exponential, mean: 20ms}}]}
workload: {call: web, rate: 20/s}
deployments:
  monolith: {units: {all: {services: [web, store], resources: {cpu: 1}}}}
slos: {web: {call: web, p99: 400ms}}
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
    assert curve.headline.startswith("shop, of 4 cells: ")
    content = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert len(content["cells"]) == 4
    assert "<pre>" in curve._repr_html_()
    assert repr(curve) == "<BreakEven of shop: microservices and monolith>"


def test_what_cannot_be_met(shop):
    curve = sim.break_even(
        shop, {"slos.web.p99": ["1us"], "workload.rate": ["20/s"]}, max_replicas=2, duration="3s", warmup="1s"
    )
    assert curve.cells["kind"].tolist() == ["none"]
    assert curve.headline == "shop, of 1 cells: neither meets the objectives in 1"
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
