"""Before and after: several topologies, each by a name of its own, with one set of settings, and ranked."""

import pytest

import simulator as sim
from simulator.experiments.several import read_several, unify

SHOP = """\
name: shop
simulation: {duration: 6s, warmup: 1s, seed: 3, replications: 3}
services: {web: {replicas: 1, steps: [{cpu: {dist: exponential, mean: 10ms}}]}}
workload: {call: web, rate: 60/s}
slos: {web: {call: web, p99: 200ms}}
prices: {currency: EUR, vcpuHour: 0.04}
"""
BOTH = ("microservices", "monolith")


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


def names(*given, deployments=("microservices",)):
    return list(read_several(given, deployments))


def test_each_has_a_name_that_tells_it_apart(shop):
    other = shop.replace({"name": "kiosk"})
    assert names(shop, other) == ["shop", "kiosk"]
    assert names(shop, shop) == ["before", "after"]
    assert names((shop, "monolith"), (shop, "microservices")) == ["monolith", "microservices"]
    assert names(shop, other, deployments=BOTH) == [f"{name}-{one}" for name in ("shop", "kiosk") for one in BOTH]
    assert names(shop, shop, shop) == ["shop-1", "shop-2", "shop-3"]
    assert list(read_several({"now": shop, "then": other}, BOTH[:1])) == ["now", "then"]
    with pytest.raises(sim.PlanError, match="compare needs two topologies or more"):
        names(shop)


def test_all_are_run_with_the_settings_of_the_first_and_it_is_said(shop):
    other = shop.replace({"simulation.duration": "30s", "simulation.warmup": "10s", "simulation.seed": 4})
    made, notes = unify({"now": (shop, "microservices"), "then": (other, "microservices")})
    assert made["then"][0].simulation == shop.simulation
    assert notes == (
        "then is run with the settings of now: "
        "duration 6s instead of 30s, warmup 1s instead of 10s, seed 3 instead of 4",
    )
    assert unify({"now": (shop, "monolith"), "then": (shop, "monolith")})[1] == ()


def test_before_and_after_are_paired(shop):
    """The same requests at twice the cores: each waits no longer."""
    more = shop.replace({"services.web.replicas": 2, "simulation.replications": 5})
    made = sim.compare([shop, more], engine="reference")
    assert list(made.results) == ["before", "after"]
    before, after = (result.requests for result in made.results.values())
    assert before["arrival_s"].tolist() == after["arrival_s"].tolist()
    assert made.differences.loc[("after", "cost_per_hour"), "difference"] == pytest.approx(0.04)
    difference = made.results["after"].difference_from(made.results["before"])
    assert made.differences.loc["after"].equals(difference)
    assert "after has" in made.verdict
    assert "after is run with the settings of before: replications 3 instead of 5" in str(made)
    assert made.to_dict()["notes"] == list(made.notes)


def test_more_than_two_are_ranked_first(shop):
    """Two replicas meet the objective and so do three, which cost more; one that is slow misses it."""
    slow = shop.replace({"services.web.speed": 0.7})
    sizes = {f"{number} web": shop.replace({"services.web.replicas": number}) for number in (3, 2)}
    made = sim.compare({"slow": slow, **sizes}, engine="reference")
    assert list(made.ranking.index) == ["2 web", "3 web", "slow"]
    assert made.ranking["rank"].tolist() == [1, 2, 3]
    assert made.ranking["met"].tolist() == [True, True, False]
    lines = str(made).splitlines()
    head = lines.index("all of them, those that meet every objective first, then by cost:")
    assert [line.split("  ")[0] for line in lines[head + 2 : head + 5]] == ["2 web", "3 web", "slow"]
    assert head < next(place for place, line in enumerate(lines) if line.startswith("throughput"))


def test_what_costs_the_same_has_one_rank(shop):
    made = sim.compare({"a": shop, "b": shop, "c": shop}, engine="reference")
    assert made.ranking["rank"].tolist() == [1, 1, 1]
