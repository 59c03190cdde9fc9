"""Core curves: what grows, what the sums are, what is refused."""

import json
import math

import pytest

import simulator as sim
from simulator.errors import PlanError
from simulator.experiments.curves.cores import parameter_words
from simulator.experiments.curves.fits import fit_scalability

EVEN = """\
name: shop
simulation: {duration: 30s, warmup: 5s, seed: 3, replications: 2}
services:
  web: {steps: [{cpu: 50ms}, {call: store}]}
  store: {replicas: 2, steps: [{cpu: 80ms}]}
workload: {call: web, rate: 4/s, arrivals: even}
"""


@pytest.fixture(scope="module")
def curve():
    return sim.core_curve(sim.loads(EVEN), sizes=(1, 2, 3))


def test_what_grows_and_what_its_sums_are(curve):
    told = curve.table[["way", "deployment", "size", "replicas", "cores"]].to_numpy().tolist()
    assert told == [
        # web alone: 1, 2, 3 of one core, beside two of store
        ["web", "microservices", 1, 3, 3.0], ["web", "microservices", 2, 4, 4.0], ["web", "microservices", 3, 5, 5.0],
        # the file has 1 + 2 replicas
        ["microservices", "microservices", 1, 3, 3.0], ["microservices", "microservices", 2, 6, 6.0],
        ["microservices", "microservices", 3, 9, 9.0],
        # 2 replicas of 2 cores
        ["monolith", "monolith", 1, 2, 4.0], ["monolith", "monolith", 2, 4, 8.0], ["monolith", "monolith", 3, 6, 12.0],
    ]  # fmt: skip


def test_theory_and_what_is_offered(curve):
    table = curve.table
    # web: n cores of 50 ms; store: 2 cores of 80 ms; monolith: 4 n cores of 130 ms
    web, store, both = 1 / 0.05, 2 / 0.08, 4 / 0.13
    expected = [web, store, store, web, 2 * web, 3 * web, both, 2 * both, 3 * both]
    assert table["saturation_per_s"].tolist() == pytest.approx(expected)
    assert table["offered_per_s"].tolist() == pytest.approx([1.1 * rate for rate in expected])
    assert table["bottleneck"].tolist() == ["web", "store", "store", "web", "web", "web"] + ["monolith"] * 3


def fluid(arrival_rate):
    """Goodput of four cores under overload, where 50 ms of web and 80 ms of store wait in one FIFO queue.

    The queue grows by w seconds a second, so that whatever joins it at some rate leaves it at 1 / (1 + w) of that: web
    at z times the arrival rate, store at z squared times. All cores are busy: 0.05 z + 0.08 z^2 = 4 / arrival rate.
    """
    share = (-0.05 + math.sqrt(0.05**2 + 4 * 0.08 * 4 / arrival_rate)) / (2 * 0.08)
    return arrival_rate * share**2


def test_overload_is_served_at_the_rate_of_the_bottleneck(curve):
    table = curve.table
    alone = table["deployment"] == "microservices"
    # every core is busy all the time: at each end of the 25 s at most one request a core more or less
    assert table.loc[alone, "goodput_per_s"].tolist() == pytest.approx(
        table.loc[alone, "saturation_per_s"].tolist(), rel=0.006
    )
    # in one process those that are half done hold up those that could end
    merged = fluid(1.1 * 4 / 0.13)
    assert merged < 0.98 * 4 / 0.13
    assert table.loc[~alone, "goodput_per_s"].tolist() == pytest.approx([merged, 2 * merged, 3 * merged], rel=0.003)


def test_perfect_is_the_smallest_times_the_size(curve):
    """Rule 11.23."""
    for _, rows in curve.table.groupby("way"):
        first = rows["goodput_per_s"].iloc[0]
        assert rows["perfect_per_s"].tolist() == pytest.approx([first, 2 * first, 3 * first])


def test_a_law_is_fitted_only_while_the_same_unit_limits():
    """Web grows from 1 to 6 of one core of 50 ms; the 8 cores of store, 80 ms each, limit above 100/s: from 6 on."""
    topology = sim.loads(EVEN).replace({"services.store.replicas": 8})
    curve = sim.core_curve(topology, ["web", "monolith"], sizes=(1, 2, 3, 4, 6))
    web = curve.table[curve.table["way"] == "web"]
    assert web["fitted"].tolist() == [True, True, True, True, False]
    assert curve.table["fitted"].sum() == 9
    for fit, points in zip(curve.fits.values(), (4, 5), strict=True):
        assert fit.points == points
        # nothing is shared but what limits: perfect, but for the requests at both ends of the run
        assert 0.0 <= fit.contention < 0.01
        assert 0.0 <= fit.coherency < 0.002
    assert fit_scalability(web["size"], web["goodput_per_s"]).coherency > 0.005  # what the hard limit would look like
    assert "up to 12 cores; from 14 cores on store limits, by theory" in curve.finding


def test_why_there_is_no_law(curve):
    assert curve.fits["web"] is None
    assert "no law is fitted, since it takes 4 sizes (found before that: 1)" in curve.finding
    assert "no law is fitted, since it takes 4 sizes (found: 3)" in curve.finding


@pytest.mark.parametrize(
    ("value", "half_width", "words"),
    [
        (0.0, 4.3e-05, "no contention shown (at most 0.0001)"),
        (0.01, 0.0134, "no contention shown (at most 0.02)"),
        (0.9, 1.9, "no contention shown (at most 3)"),
        (3e-13, 1e-14, "no contention shown (at most 0.0001)"),
        (0.02718, 0.0118, "contention 0.02718 ± 0.01180"),
        (0.5, 2e-9, "contention 0.5"),
    ],
)
def test_parameters_in_words(value, half_width, words):
    assert parameter_words("contention", value, half_width) == words


def test_the_finding_says_when_another_unit_limits(curve):
    assert "web: with 3 replicas it serves" in curve.finding
    assert "from 4 cores on store limits, by theory" in curve.finding
    assert curve.headline.startswith("shop: of perfect scaling, web alone reaches ")
    assert "all of monolith reaches" in curve.headline


@pytest.mark.parametrize(
    ("ways", "size", "words"),
    [
        ("web", 3, "web: with 3 replicas it serves {}/s"), ("web", 1, "web: with 1 replica it serves {}/s"),
        ("monolith", 3, "monolith: with 3 times the file's size it serves {}/s"),
        ("monolith", 1, "monolith: with the file's size it serves {}/s"),
    ],
)  # fmt: skip
def test_a_single_size_is_a_multiple_of_nothing(ways, size, words):
    curve = sim.core_curve(sim.loads(EVEN), ways, sizes=[size], duration="9s")
    served = f"{curve.table['goodput_per_s'].item():.3g}"
    assert curve.finding.startswith(words.format(served))
    name = "all of monolith" if ways == "monolith" else "web alone"
    assert curve.headline == f"shop: {name} serves {served}/s"


def test_of_what_serves_nobody_there_is_no_share():
    """A handler of 2 s ends nobody's request within a second: there is nothing to be perfect by."""
    slow = "services: {web: {steps: [{cpu: 2s}]}}\nworkload: {call: web, rate: 1/s, arrivals: even}"
    curve = sim.core_curve(sim.loads(slow), "web", sizes=(1, 2), duration="1s", warmup="0s", replications=2)
    assert "nan" not in curve.headline + curve.finding
    assert curve.finding.startswith("web: with 2 replicas it serves 0/s; no law is fitted")


def test_text_json_and_html(curve):
    assert max(map(len, str(curve).splitlines())) <= 100
    content = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert content["fits"].keys() == {"web", "microservices", "monolith"}
    assert "<table" in curve._repr_html_()
    assert repr(curve) == "<CoreCurve of shop: web, microservices and monolith>"


def test_one_way_two_sizes_and_no_law(shop):
    curve = sim.core_curve(shop, "store", sizes=[2, 1, 2], duration="4s", warmup="1s", replications=2)
    assert curve.table["size"].tolist() == [1, 2]
    assert curve.fits == {"store": None}


def test_a_ctrl_c_leaves_the_sizes_that_are_finished(shop, cut_off):
    cut_off(3)
    curve = sim.core_curve(shop, ["monolith"], sizes=(1, 2), duration="3s", warmup="1s", replications=2)
    assert curve.interrupted
    assert curve.table["size"].tolist() == [1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ways": []}, "ways: expected at least one"),
        ({"ways": ["nobody"]}, "`nobody` is no deployment and no service that is called"),
        ({"sizes": []}, "sizes: expected whole numbers"),
        ({"sizes": [0, 1]}, "sizes: expected whole numbers"),
        ({"sizes": [1.5]}, "sizes: expected whole numbers"),
        ({"overload": 0.0}, "overload: expected a number above 0"),
    ],
)
def test_what_is_refused(shop, options, message):
    with pytest.raises(PlanError, match=message):
        sim.core_curve(shop, **options)


def test_a_load_that_changes_is_refused(shop):
    staged = shop.replace({"workload": {"call": "web", "stages": [{"target": "40/s", "duration": "1m"}]}})
    with pytest.raises(PlanError, match="a core curve wants a constant load, which `stages` is not"):
        sim.core_curve(staged)


def test_what_nothing_saturates_is_refused():
    idle = sim.loads("services: {web: {steps: [{sleep: 1ms}]}}\nworkload: {call: web, rate: 40/s}")
    with pytest.raises(PlanError, match="nothing saturates microservices"):
        sim.core_curve(idle, ["microservices"])
