"""Why objectives cannot be met: each reason where it is the true one."""

import pytest

import simulator as sim

SHOP = """\
simulation: {duration: 10s, warmup: 1s, seed: 3, replications: 3}
network: {latency: 1ms}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 10ms}}, {call: store}]}
  store: {steps: [{cpu: {dist: exponential, mean: 10ms}}, {call: db}]}
  db: {kind: database, steps: [{cpu: 3ms}]}
workload: {call: web, rate: 40/s}
slos: {web: {call: web, p99: 300ms}}
"""


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


def unmet(topology, **options):
    made = sim.capacity(topology, **options)
    assert not made.met
    assert made.exact
    assert made.reason.startswith("The objectives cannot be met, because ")
    return made


def test_a_database_that_cannot_keep_up(shop):
    made = unmet(shop.replace({"services.db.steps": [{"cpu": "40ms"}]}), max_replicas=4)
    assert "requests wait for db, which is not sized (1 of 1 cores, cores busy 100.0%" in made.reason


def test_slots_that_are_too_few(shop):
    slow = {"services.db.concurrency": 2, "services.db.steps": [{"sleep": "60ms"}]}
    made = unmet(shop.replace(slow), max_replicas=4)
    assert "requests wait for db, which is not sized (1 of 1 cores and 2 slots, cores busy 0.0%" in made.reason


def test_latency_without_any_waiting(shop):
    made = unmet(shop.replace({"services.store.steps": [{"sleep": "400ms"}, {"call": "db"}]}))
    assert "web p99 is 4" in made.reason
    assert "even if nobody ever waits, and the limit is 300.0 ms" in made.reason
    assert "most of a request's mean latency is service at store (400.0 of 417" in made.reason


def test_a_network_that_is_too_slow(shop):
    made = unmet(shop.replace({"network.latency": "80ms"}))
    assert "most of a request's mean latency is the network to " in made.reason


def test_errors_that_no_replica_mends(shop):
    made = unmet(shop.replace({"services.store.errorRate": "5%", "slos.web.errorRate": "1%"}))
    assert "web errorRate is " in made.reason
    assert "even if nobody ever waits, and the limit is 1.000 %: most of the failures are error@store (" in made.reason


def test_rejections_of_a_unit_that_is_not_sized(shop):
    full = {"services.db.concurrency": 2, "services.db.queue": {"capacity": 0}, "slos.web.errorRate": "1%",
            "services.db.steps": [{"sleep": "20ms"}]}  # fmt: skip
    made = unmet(shop.replace(full), max_replicas=4)
    assert "most of the failures are rejected@db (" in made.reason


def test_too_few_replicas_are_allowed_to_keep_up(shop):
    made = unmet(shop.replace({"workload.workload.rate": "250/s"}), max_replicas=2)
    assert "web keeps up with what is offered to it from 3 replicas on, and max_replicas is 2." in made.reason
    assert len(made.tried) == 1
    assert made.replicas["web"] == 2


def test_too_few_replicas_are_allowed_for_the_objective(shop):
    made = unmet(shop.replace({"workload.workload.rate": "95/s", "slos.web.p99": "80ms"}), max_replicas=1)
    assert ", which has max_replicas = 1 (1 of 1 cores, cores busy " in made.reason


def test_nothing_arrives(shop):
    made = unmet(shop.replace({"workload.workload.rate": "0/s"}))
    assert "web p99 has nothing to go by: no call of it has ended so in the span" in made.reason
    assert all(replicas == 1 for replicas in made.replicas.values())


SHORT = "The objectives cannot be shown to be met with runs this short: web p99 "


def test_an_interval_that_holds_the_limit(shop):
    quiet = shop.replace({"workload.workload.rate": "90/s"})
    row = sim.simulate(quiet, detail="summary").objectives.iloc[0]
    between = float(row["value"] + row["high"]) / 2.0
    made = sim.capacity(quiet.replace({"slos.web.p99": between}), max_replicas=1)
    assert not made.met
    assert made.reason.startswith(f"{SHORT}in the largest configuration is ")
    assert f"between {row['low'] * 1000:.1f} ms and {row['high'] * 1000:.1f} ms" in made.reason


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95, -0.05])
def test_what_holds_the_limit_even_without_waiting_is_not_shown(shop, share):
    """A service of long sleeps, of which three short runs see few: wherever in the interval the limit is."""
    slow = {"services.store.steps": [{"sleep": {"dist": "exponential", "mean": "200ms"}}, {"call": "db"}],
            "workload.workload.rate": "20/s", "simulation.replications": 5}  # fmt: skip
    topology = shop.replace(slow)
    value, low, high = free_of_waiting(topology)
    limit = low + share * (high - low)
    made = sim.capacity(topology.replace({"slos.web.p99": limit}), max_replicas=2)
    assert not made.met
    if share > 0.0:
        assert made.reason.startswith(f"{SHORT}even if nobody ever waits is {value * 1000:.1f} ms, between ")
        assert "Longer runs or more replications may show it, or that it cannot be." in made.reason
    else:
        assert made.reason.startswith("The objectives cannot be met, because web p99 is ")


def free_of_waiting(topology):
    """Value and interval of p99 with cores for everybody, by writing them into the file."""
    roomy = {f"services.{name}.resources.cpu": 1000 for name in ("web", "store", "db")}
    row = sim.simulate(topology.replace(roomy), detail="summary").objectives.iloc[0]
    return float(row["value"]), float(row["low"]), float(row["high"])
