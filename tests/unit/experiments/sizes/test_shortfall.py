"""Why objectives cannot be met (rule 13.7): each reason where it is the true one."""

import re

import pytest

import simulator as sim
from simulator.words import duration, percent

SHOP = """\
simulation: {duration: 9s, warmup: 1s, seed: 3, replications: 4}
network: {latency: 1ms}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 10ms}}, {call: store}]}
  store: {steps: [{cpu: {dist: exponential, mean: 10ms}}, {call: db}]}
  db: {kind: database, steps: [{cpu: 3ms}]}
workload: {call: web, rate: 40/s}
slos: {web: {call: web, p50: 200ms}}
"""


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


def unmet(topology, **options):
    made = sim.capacity(topology, **options)
    assert not made.met
    assert made.exact
    assert made.state == "not met"
    assert made.reason.startswith("The objectives cannot be met, because ")
    return made


def test_a_database_that_cannot_keep_up(shop):
    made = unmet(shop.replace({"services.db.steps": [{"cpu": "40ms"}]}), max_replicas=2)
    assert f" The nearest of {len(made.tried)} tried (4 replications each) is {made.replicas['web']} " in made.reason
    assert "requests wait for db, which is not sized (1 of 1 core, cores busy 100 %" in made.reason


def test_slots_that_are_too_few(shop):
    """They let 20/s through, of 40: who comes after t seconds waits for as long."""
    slow = {"services.db.concurrency": 2, "services.db.steps": [{"sleep": "100ms"}]}
    made = unmet(shop.replace(slow), max_replicas=2)
    assert "requests wait for db, which is not sized (1 of 1 core and 2 slots, cores busy 0 %" in made.reason


def test_latency_without_any_waiting(shop):
    made = unmet(shop.replace({"services.store.steps": [{"sleep": "400ms"}, {"call": "db"}]}), max_replicas=2)
    assert "web p50 is 4" in made.reason
    assert "even if nobody ever waits for a core or a slot, and the limit is 200 ms" in made.reason
    assert "most of a request's mean latency is service at store (400 of 417" in made.reason


def test_a_network_that_is_too_slow(shop):
    made = unmet(shop.replace({"network.latency": "80ms"}), max_replicas=2)
    assert "the largest part of a request's mean latency is the network to " in made.reason


def test_errors_that_no_replica_mends(shop):
    made = unmet(shop.replace({"services.store.errorRate": "30%", "slos.web.errorRate": "1%"}))
    assert "web errorRate is " in made.reason
    assert (
        "even if nobody ever waits for a core or a slot, and the limit is 1 %: most of the failures are error@store ("
        in made.reason
    )


def test_rejections_of_a_unit_that_is_not_sized(shop):
    full = {"services.db.concurrency": 2, "services.db.queue": {"capacity": 0}, "slos.web.errorRate": "1%",
            "services.db.steps": [{"sleep": "20ms"}]}  # fmt: skip
    made = unmet(shop.replace(full), max_replicas=2)
    assert "most of the failures are rejected@db (" in made.reason
    assert "; the queue is that of db, which is not sized (1 of 1 core and 2 slots, cores busy 0 %" in made.reason
    assert "wait for" not in made.reason


def limited(shop, **more):
    limit = {"limitForPeriod": 30, "limitRefreshPeriod": "1s"} | more
    return shop.replace({"services.store.rateLimit": limit})


@pytest.mark.parametrize("promised", [{"errorRate": "1%"}, {"p90": "200ms"}])
def test_a_rate_limit_that_rejects_is_named(shop, promised):
    """30 of 40 requests a second are let through; the latency of those is nobody's but theirs."""
    made = sim.capacity(
        limited(shop, timeoutDuration="0s").replace({"slos.web": {"call": "web"} | promised}), max_replicas=2
    )
    assert not made.met
    assert "most of the failures are rejected@store (" in made.reason
    assert "; the rate limit of store lets 30/s through, whatever its size" in made.reason


def test_a_rate_limit_that_keeps_waiting_is_named(shop):
    """Of 60/s: who comes after t seconds waits for as long, and nobody for so long that it is rejected."""
    crowd = shop.replace({"workload.workload.rate": "60/s"})
    made = unmet(limited(crowd, timeoutDuration="20s"), max_replicas=2)
    assert "even if nobody ever waits for a core or a slot" in made.reason
    assert "is waiting at store (" in made.reason
    assert "; the rate limit of store lets 30/s through, whatever its size" in made.reason


def test_timeouts_of_a_unit_that_is_not_sized(shop):
    slow = {"services.db.steps": [{"cpu": "24ms"}], "services.store.steps": [{"call": "db", "timeout": "30ms"}],
            "slos.web": {"call": "web", "errorRate": "1%"}}  # fmt: skip
    made = unmet(shop.replace(slow), max_replicas=2)
    assert "most of the failures are timeout@db (" in made.reason
    assert "; requests wait for db, which is not sized (" in made.reason


def test_too_few_replicas_are_allowed_to_keep_up(shop):
    made = unmet(shop.replace({"workload.workload.rate": "250/s"}), max_replicas=2)
    assert "web keeps up with what is offered to it from 3 replicas on, and max_replicas is 2." in made.reason
    assert len(made.tried) == 1
    assert "Only one configuration was tried (4 replications each): 2 replicas of web and " in made.reason
    assert made.replicas["web"] == 2


def test_too_few_replicas_are_allowed_for_the_objective(shop):
    made = unmet(shop.replace({"workload.workload.rate": "75/s", "slos.web.p50": "35ms"}), max_replicas=1)
    assert ", which has max_replicas = 1 (1 of 1 core, cores busy " in made.reason


def test_nothing_arrives(shop):
    with pytest.raises(sim.PlanError, match="no slo can be judged"):
        sim.capacity(shop.replace({"workload.workload.rate": "0/s"}))


# -- of its own requests and calls, not of all

NIGHT = """\
simulation: {duration: 4s, warmup: 1s, seed: 3, replications: 3}
services:
  web: {steps: [{cpu: 10ms}, {call: store}]}
  store: {steps: [{cpu: 5ms}, {call: db}]}
  db: {kind: database, steps: [{cpu: 1ms}]}
  report: {steps: [{call: files}]}
  files: {kind: database, resources: {cpu: 9}, steps: [{sleep: 900ms}]}
workload:
  shoppers: {call: web, rate: 40/s}
  clerks: {call: report, rate: 40/s}
slos: {web: {call: web, p50: 300ms}}
"""
MIXED = {"workload": {"all": {"calls": [{"call": "web"}, {"call": "report"}], "rate": "80/s"}}}


@pytest.fixture(scope="module")
def night():
    return sim.loads(NIGHT)


@pytest.mark.parametrize("workload", [{}, MIXED])
def test_where_the_time_of_its_own_requests_is(night, workload):
    """Clerks take longer, at another service."""
    made = unmet(
        night.replace(workload | {"services.store.steps": [{"sleep": "400ms"}, {"call": "db"}]}), max_replicas=2
    )
    assert made.reason.count("most of the mean latency of its requests, nobody else asking, is service at store (") == 1
    assert "(400 of 411 ms)" in made.reason


@pytest.mark.parametrize("workload", [{}, MIXED])
def test_why_its_own_requests_fail(night, workload):
    """All those of the clerks fail, for another reason; three in ten of the shoppers' do."""
    failing = {
        "services.store.errorRate": "30%",
        "services.files.errorRate": "100%",
        "slos.web": {"call": "web", "errorRate": "1%"},
    }
    made = unmet(night.replace(workload | failing), max_replicas=2)
    own = re.search(r"most of the failures are error@store \((\d+\.?\d*) % of its requests\)", made.reason)
    assert f"web errorRate is {own[1]} % (up to " in made.reason


def test_of_calls_inside_it_says_less(night):
    """Requests take the time of web too, of which calls of store know nothing."""
    slow = {
        "services.web.steps": [{"sleep": "2s"}, {"call": "store"}],
        "services.store.steps": [{"cpu": "20ms"}, {"call": "db"}],
    }
    made = unmet(night.replace(slow | {"slos": {"store": {"call": "store", "mean": "15ms"}}}), max_replicas=2)
    assert "the limit is 15 ms: its calls take 21 ms in the mean." in made.reason
    assert "web" not in made.reason.partition(" The nearest ")[0]


def test_of_failed_calls_inside_it_says_less(night):
    failing = {"services.store.errorRate": "20%", "services.web.errorRate": "70%"}
    made = unmet(night.replace(failing | {"slos": {"store": {"call": "store", "errorRate": "1%"}}}), max_replicas=2)
    failed, calls = (
        int(one.replace(",", ""))
        for one in re.search(r": ([\d,]+) of its ([\d,]+) calls failed\.", made.reason).groups()
    )
    assert f"store errorRate is {percent(failed / calls)} (up to " in made.reason


def test_whom_its_own_requests_wait_for(night):
    """More clerks wait, for what no shopper asks."""
    full = {"services.files": {"kind": "database", "steps": [{"cpu": "200ms"}]}, "services.db.steps": [{"cpu": "30ms"}]}
    made = unmet(night.replace(full | {"slos.web.p50": "60ms", "simulation.confidence": "50%"}), max_replicas=2)
    units = made.result.units["queue_length"]
    assert units["files"] > units["db"]
    assert ": requests wait for db, which is not sized (1 of 1 core, cores busy 100 %, " in made.reason


def test_of_a_wait_for_a_seldom_call_it_is_not(night):
    """Clerks crowd `files`; so does a shopper in ten thousand."""
    seldom = [{"cpu": "10ms"}, {"call": "files", "probability": 0.0001}, {"call": "store"}]
    full = {"services.web.steps": seldom, "services.db.steps": [{"cpu": "30ms"}],
            "services.files": {"kind": "database", "steps": [{"cpu": "40ms"}]}}  # fmt: skip
    made = unmet(night.replace(full | {"slos.web.p50": "60ms", "simulation.confidence": "50%"}), max_replicas=2)
    assert ": requests wait for db, which is not sized" in made.reason


def test_what_has_no_end_is_a_failure_too(night):
    """A call that nobody answers within the drain."""
    stuck = {
        "services.db.steps": [{"choose": [{"weight": 4, "steps": []}, {"weight": 1, "steps": [{"sleep": "90s"}]}]}]
    }
    made = unmet(night.replace(stuck | {"slos.web": {"call": "web", "errorRate": "1%"}}), max_replicas=2)
    assert "most of the failures are unfinished (" in made.reason


def test_a_part_that_is_no_half_is_not_most(night):
    steps = {"web": [{"sleep": "40ms"}, {"call": "store"}], "store": [{"sleep": "35ms"}, {"call": "db"}],
             "db": [{"sleep": "34ms"}]}  # fmt: skip
    thirds = {f"services.{name}.steps": some for name, some in steps.items()}
    alone = {"workload": {"call": "web", "rate": "9/s"}, "slos.web.p50": "50ms"}
    made = unmet(night.replace(thirds | alone), max_replicas=2)
    assert "the largest part of a request's mean latency is service at web (40 of 109 ms)" in made.reason


SHORT = "The objectives cannot be shown to be met with runs this short: web p50 "


def test_an_interval_that_holds_the_limit(shop):
    quiet = shop.replace({"workload.workload.rate": "90/s"})
    row = sim.simulate(quiet, detail="summary").objectives.iloc[0]
    between = float(row["value"] + row["high"]) / 2.0
    made = sim.capacity(quiet.replace({"slos.web.p50": between}), max_replicas=1)
    assert not made.met
    assert made.reason.startswith(f"{SHORT}in the largest configuration is ")
    assert f"between {duration(row['low'])} and {duration(row['high'])}" in made.reason
    assert made.state == "not shown"
    assert "sized: it is not shown to meet every objective" in str(made)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95, -0.05])
def test_what_holds_the_limit_even_without_waiting_is_not_shown(shop, share):
    """A service of long sleeps, of which three short runs see few: wherever in the interval the limit is."""
    slow = {"services.store.steps": [{"sleep": {"dist": "exponential", "mean": "200ms"}}, {"call": "db"}],
            "workload.workload.rate": "20/s", "simulation.replications": 5}  # fmt: skip
    topology = shop.replace(slow)
    value, low, high = free_of_waiting(topology)
    limit = low + share * (high - low)
    made = sim.capacity(topology.replace({"slos.web.p50": limit}), max_replicas=2)
    assert not made.met
    if share > 0.0:
        assert made.reason.startswith(
            f"{SHORT}even if nobody ever waits for a core or a slot is {duration(value)}, between "
        )
        assert "Longer runs or more replications may show it, or that it cannot be." in made.reason
    else:
        assert made.reason.startswith("The objectives cannot be met, because web p50 is ")


def free_of_waiting(topology):
    """Value and interval of p50 with cores for everybody, by writing them into the file."""
    roomy = {f"services.{name}.resources.cpu": 1000 for name in ("web", "store", "db")}
    row = sim.simulate(topology.replace(roomy), detail="summary").objectives.iloc[0]
    return float(row["value"]), float(row["low"]), float(row["high"])
