"""What may be chosen from (rules 13.1, 13.3, 13.4): options, prices, what is stable, and what a choice makes."""

import math

import pytest

import simulator as sim
from simulator.experiments.sizes.lattice import Option, is_below, is_steady, make_lattice

SHOP = """\
services:
  web: {resources: {cpu: 2, memory: 1Gi}, steps: [{cpu: 50ms}, {call: store}]}
  store: {concurrency: 4, steps: [{cpu: 10ms}, {sleep: 190ms}, {call: db}]}
  db: {kind: database, steps: [{cpu: 1ms}]}
workload: {call: web, rate: 100/s}
slos: {web: {call: web, p99: 1s}}
prices: {vcpuHour: 0.04, gibHour: 0.01, unitHour: 0.02}
"""


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


def lattice_of(topology, deployment="microservices", *, scale=None, cores=None, max_replicas=64):
    return make_lattice(topology, deployment, scale=scale, cores=cores, max_replicas=max_replicas)


def test_the_fewest_that_keep_up_by_cores_and_by_slots(shop):
    """5 cores' work on replicas of 2: 3 of them. Slots: 100/s for 201 ms and 1 ms of db in it are 20.1: 6 of 4."""
    lattice = lattice_of(shop)
    assert lattice.sized == ("web", "store")
    assert lattice.needed == ({2.0: 3}, {1.0: 6})
    assert lattice.start == (Option(3, 2.0), Option(6, 1.0))
    assert [options[0] for options in lattice.options] == [Option(3, 2.0), Option(6, 1.0)]


def test_as_much_as_the_capacity_is_not_below_it(shop):
    assert lattice_of(shop.replace({"workload.workload.rate": "80/s"})).needed[0] == {2.0: 3}
    assert lattice_of(shop.replace({"workload.workload.rate": "79/s"})).needed[0] == {2.0: 2}
    assert lattice_of(shop.replace({"workload.workload.rate": "0/s"})).needed == ({2.0: 1}, {1.0: 1})


def test_other_cores_need_other_replicas_and_cost_as_much_more(shop):
    lattice = lattice_of(shop, scale=["web"], cores=(4, 0.5, 1))
    assert lattice.choices == ((0.5, 1.0, 4.0),)
    assert lattice.needed == ({0.5: 11, 1.0: 6, 4.0: 2},)
    assert lattice.replica_price[0] == pytest.approx({0.5: 0.03, 1.0: 0.05, 4.0: 0.17})
    assert lattice.start == (Option(6, 1.0),)


def test_the_price_is_the_difference_in_cost(shop):
    lattice = lattice_of(shop)
    one, other = (Option(3, 2.0), Option(6, 1.0)), (Option(5, 2.0), Option(7, 1.0))
    costs = [
        sim.simulate(lattice.resized(size), duration="1s", warmup=0, replications=1).summary["cost_per_hour"]
        for size in (one, other)
    ]
    assert lattice.price(other) - lattice.price(one) == pytest.approx(costs[1] - costs[0])


def test_without_prices_cores_count(shop):
    free = lattice_of(shop.replace({"prices": {"unitHour": 1.0}}))
    assert not free.priced
    assert free.price((Option(3, 2.0), Option(6, 1.0))) == 12.0


def test_prices_that_are_equal_are_equal_to_the_bit(shop):
    lattice = lattice_of(shop.replace({"services.web.resources": {"cpu": 1}}))
    sizes = [(Option(7 + more, 1.0), Option(6 - more, 1.0)) for more in range(5)]
    assert len({lattice.price(size) for size in sizes}) == 1


@pytest.mark.parametrize("deployment", ["microservices", "monolith", "modular"])
def test_the_resized_topology_compiles_to_the_same_plan(shop, deployment):
    topology = shop.replace({"deployments.modular": {"units": {"front": {"services": ["web", "store"]}}}})
    lattice = lattice_of(topology, deployment, cores=(1, 3))
    size = tuple(Option(7 + unit, 3.0) for unit in range(len(lattice.sized)))
    assert sim.compile(lattice.resized(size), deployment).digest() == lattice.compile(size).digest()
    assert lattice.compile(size).units.replicas[0] == 7
    assert lattice.compile(size).units.cpu[0] == 3.0


def test_a_service_may_have_the_name_of_its_deployment():
    topology = sim.loads(SHOP.replace("store", "monolith"))
    for deployment in ("microservices", "monolith"):
        lattice = lattice_of(topology, deployment)
        size = tuple(Option(9, cpus[0]) for cpus in lattice.choices)
        assert sim.compile(lattice.resized(size), deployment).digest() == lattice.compile(size).digest()


def test_what_is_below_what():
    one = (Option(2, 1.0), Option(3, 2.0))
    assert is_below(one, one)
    assert is_below((Option(1, 1.0), Option(3, 1.0)), one)
    assert not is_below((Option(1, 2.0), Option(3, 1.0)), one)
    assert not is_below((Option(3, 1.0), Option(1, 1.0)), one)


@pytest.mark.parametrize(
    ("workload", "steady"),
    [
        ({"call": "web", "rate": "9/s"}, True),
        ({"call": "web", "users": 3, "thinkTime": "1s"}, True),
        ({"call": "web", "startRate": "1/s", "stages": [{"target": "9/s", "duration": "5m"}]}, False),
    ],
)
def test_whether_rates_change(shop, workload, steady):
    topology = shop.replace({"workload": {"some": workload, "more": {"call": "db", "rate": "1/s"}}})
    assert is_steady(sim.compile(topology)) == steady
    assert lattice_of(topology).steady == steady


def test_where_rates_change_fewer_than_the_peak_needs_are_options(shop):
    stages = {"call": "web", "startRate": "1/s", "stages": [{"target": "100/s", "duration": "10m"}]}
    lattice = lattice_of(shop.replace({"workload": {"some": stages}}))
    assert lattice.options[0][0] == Option(1, 2.0)
    assert lattice.start == (Option(3, 2.0), Option(6, 1.0))


def test_steps_up_and_doubling_end_at_the_top(shop):
    lattice = lattice_of(shop, cores=(1, 2), max_replicas=8)
    size = lattice.start
    for _ in range(10):
        size = lattice.doubled(size)
    assert size == lattice.top == lattice.doubled(lattice.top) == (Option(8, 2.0), Option(8, 2.0))
    assert lattice.raised(lattice.top) == []
    assert (0, (Option(8, 2.0), Option(8, 1.0))) in lattice.raised((Option(8, 1.0), Option(8, 1.0)))


def test_options_come_by_price(shop):
    lattice = lattice_of(shop, scale=["web"], cores=(1, 2), max_replicas=8)
    prices = [lattice.price_of(0, option) for option in lattice.options[0]]
    assert prices == sorted(prices)
    assert all(option.replicas * option.cpu > 5.0 for option in lattice.options[0])
    assert math.isclose(prices[0], 0.27)  # 3 x (2 x 0.04 + 0.01), below 6 x 0.05
