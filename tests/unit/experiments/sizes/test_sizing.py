"""`capacity`: the cheapest size that meets the objectives, told from simulating every one of them."""

import itertools
import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import pandas as pd
import pytest

import simulator as sim
from simulator.compiler import UnitSize
from simulator.engines import compiled, reference
from simulator.engines.reference import ReferenceEngine
from simulator.experiments.simulation import simulate_plans
from simulator.experiments.sizes.judging import FRESH
from simulator.words import duration

PAIR = """\
name: pair
simulation: {duration: 9s, warmup: 1s, seed: 3, replications: 4}
network: {latency: 1ms}
services:
  web: {resources: {memory: 4Gi}, steps: [{cpu: {dist: exponential, mean: 24ms}}, {call: store}]}
  store: {resources: {memory: 1Gi}, steps: [{cpu: {dist: exponential, mean: 18ms}}, {call: db}]}
  db: {kind: database, resources: {cpu: 4, memory: 2Gi}, steps: [{cpu: 3ms}]}
workload: {call: web, rate: 40/s}
slos: {web: {call: web, p50: 60ms}}
prices: {currency: EUR, vcpuHour: 0.04, gibHour: 0.01, unitHour: 0.02}
"""
MOST = 4


@pytest.fixture(scope="module")
def pair():
    return sim.loads(PAIR)


@pytest.fixture(scope="module")
def grid(pair):
    """The upper end of p99, that of it together with other requests, and the cost, of all 16 sizes."""
    sizes = list(itertools.product(range(1, MOST + 1), repeat=2))
    seen = []
    for topology in (pair, pair.replace({"simulation.seed": 3 + FRESH})):
        plans = [sim.compile(topology, sizes={"web": UnitSize(web), "store": UnitSize(store)}) for web, store in sizes]
        seen.append(simulate_plans(plans, detail="summary"))
    return {size: seen_of(*results) for size, *results in zip(sizes, *seen, strict=True)}


def seen_of(result, again):
    rows = [one.objectives.iloc[0] for one in (result, again)]
    above = [max(row["high"], row["value"]) - row["value"] for row in rows]
    together = sum(row["value"] for row in rows) / 2.0 + math.hypot(*above) / 2.0
    return above[0] + rows[0]["value"], together, float(result.summary["cost_per_hour"])


def confirmed(grid, limit):
    """Sizes that meet a limit, and also with other requests."""
    return {size: seen for size, seen in grid.items() if seen[0] <= limit and seen[1] <= limit}


@pytest.fixture(scope="module")
def sized(pair):
    return sim.capacity(pair, max_replicas=MOST)


def size_of(made):
    return made.replicas["web"], made.replicas["store"]


@pytest.mark.parametrize("rank", [1, 4, 8])
def test_it_is_the_cheapest_of_all(pair, grid, rank):
    limit = sorted(max(high, together) for high, together, _ in grid.values())[rank] + 1e-6
    best = min((round(cost, 9), sum(size), high, size) for size, (high, _, cost) in confirmed(grid, limit).items())
    made = sim.capacity(pair.replace({"slos.web.p50": limit}), max_replicas=MOST)
    assert (round(made.cost_per_hour, 9), sum(size_of(made))) == best[:2]
    assert size_of(made) == best[-1]
    assert (made.met, made.exact) == (True, True)
    assert len(made.tried) < len(grid)


def test_the_result_is_that_of_its_size(pair, grid, sized):
    assert sized.met
    assert sized.result.objectives["high"][0] == grid[size_of(sized)][0]
    assert sized.cost_per_hour == pytest.approx(grid[size_of(sized)][2])
    assert sized.cost_per_hour == pytest.approx(float(sized.result.units["cost_per_hour"].sum()))
    assert sized.replicas["db"] == 1
    assert sized.cores == {"web": 1.0, "store": 1.0, "db": 4.0}
    assert sized.sized == ("web", "store")
    assert sized.deployment == "microservices"
    assert sized.binding == "web p50"


@pytest.mark.parametrize("deployment", ["microservices", "monolith", "modular"])
def test_the_sized_topology_gives_the_result(pair, deployment):
    units = {"front": {"services": ["web", "store"], "resources": {"memory": "5Gi"}}}
    topology = pair.replace({"deployments.modular": {"units": units}, "slos.web.p50": "50ms"})
    made = sim.capacity(topology, deployment, max_replicas=8)
    assert sim.compile(made.topology, deployment).digest() == made.result.provenance["plan_digest"]
    assert made.met == (made.result.objectives["high"] <= made.result.objectives["limit"]).all()


def test_every_size_that_was_tried_is_told(grid, sized):
    table = sized.tried
    assert len(table) == len(table.drop_duplicates(["web_replicas", "store_replicas"]))
    for row in table.to_dict(orient="records"):
        high, together, cost = grid[row["web_replicas"], row["store_replicas"]]
        assert row["high"] in (high, pytest.approx(together))  # together, if it was chosen and not confirmed
        assert row["cost_per_hour"] == pytest.approx(cost)
        assert row["met"] == (row["high"] <= 0.06)
        assert row["replicas"] == row["web_replicas"] + row["store_replicas"]
    assert f"{len(table)} configurations were simulated, 4 replications each" in sized.reason


def test_the_reason_says_what_binds_and_how_sure_that_is(grid, sized):
    web, store = size_of(sized)
    assert sized.reason.startswith(f"{web} replicas of web and {store} of store meet every objective: web p50 is ")
    assert f", below {duration(grid[web, store][0])} at 95 % confidence (limit 60 ms); it binds." in sized.reason
    _, _, price = grid[web, store]
    cheaper = {size for size, (*_, cost) in grid.items() if round(cost - price, 9) < 0.0}
    assert not cheaper & confirmed(grid, 0.06).keys()
    tried = set(zip(sized.tried["web_replicas"], sized.tried["store_replicas"], strict=True))
    how = "was simulated" if cheaper <= tried else "was excluded, taking it that fewer never help"
    assert sized.reason.endswith(f"; every one that is cheaper {how}.")


def test_what_binds_is_missed_with_one_replica_less(grid, sized):
    web, store = size_of(sized)
    less = [grid[size][0] for size in ((web - 1, store), (web, store - 1)) if size in grid]
    assert max(less) > 0.06
    assert sized.binding == "web p50"


def test_the_same_on_any_executor_and_twice(pair, sized):
    with ThreadPoolExecutor(2) as threads:
        again = sim.capacity(pair, max_replicas=MOST, executor=threads)
    pd.testing.assert_frame_equal(again.tried, sized.tried)
    assert (again.reason, again.replicas) == (sized.reason, sized.replicas)


def test_without_prices_the_fewest_cores(pair, grid):
    bare = pair.replace({"prices": {"unitHour": 0.02}})
    limit = sorted(max(high, together) for high, together, _ in grid.values())[6] + 1e-6
    made = sim.capacity(bare.replace({"slos.web.p50": limit}), max_replicas=MOST)
    assert size_of(made) == min((sum(size), high, size) for size, (high, *_) in confirmed(grid, limit).items())[2]
    assert "smaller (a replica has no price, so that all cost the same: cores count, then replicas)" in made.reason
    assert set(made.tried["cost_per_hour"]) == {made.cost_per_hour}


def test_a_monolith_is_one_number(pair):
    free = sim.loads(PAIR.partition("prices:")[0]).replace({"slos.web.p50": "50ms"})
    made = sim.capacity(free, "monolith")
    highs = []
    for replicas in range(1, made.replicas["monolith"] + 1):
        result = simulate_plans([sim.compile(free, "monolith", sizes={"monolith": UnitSize(replicas)})])[0]
        highs.append(float(result.objectives["high"][0]))
    assert len(highs) > 1
    assert highs[-1] <= 0.05 < min(highs[:-1])
    assert made.cost_per_hour != made.cost_per_hour  # nobody knows
    assert made.sized == ("monolith",)


def test_scale_names_units_or_services_inside_them(pair):
    made = sim.capacity(pair.replace({"services.web.replicas": 3, "slos.web.p50": "90ms"}), scale=["store"])
    assert made.sized == ("store",)
    assert made.replicas["web"] == 3
    assert sim.capacity(
        pair.replace({"slos.web.p50": "9s", "workload.workload.rate": "20/s"}), "monolith", scale=["store"]
    ).sized == ("monolith",)
    assert sim.capacity(pair.replace({"slos.web.p50": "9s", "workload.workload.rate": "20/s"}), scale="db").sized == (
        "db",
    )


def test_cores_are_searched_too(pair):
    topology = pair.replace({"slos.web.p50": "50ms", "services.store.replicas": 3})
    made = sim.capacity(topology, scale=["web"], cores=(1, 2, 4), max_replicas=3)
    found = {}
    for replicas, cpu in itertools.product((1, 2, 3), (1, 2, 4)):
        result = simulate_plans([sim.compile(topology, sizes={"web": UnitSize(replicas, cpu)})])[0]
        if result.objectives["high"][0] <= 0.05:
            found[round(float(result.summary["cost_per_hour"]), 9), replicas, cpu] = result
    cost, replicas, cpu = min(found)
    assert (round(made.cost_per_hour, 9), made.replicas["web"], made.cores["web"]) == (cost, replicas, cpu)
    assert f"with {cpu} cores each" in made.reason
    assert set(made.tried["web_cores"]) <= {1.0, 2.0, 4.0}
    assert sim.compile(made.topology).digest() == made.result.provenance["plan_digest"]


def test_an_inner_endpoint_is_judged_by_its_calls(pair):
    inner = pair.replace({"slos": {"store": {"call": "store", "p50": "30ms"}}})
    made = sim.capacity(inner, scale=["store"])
    assert made.binding == "store p50"
    assert made.result.provenance["detail"] == "requests"
    again = sim.simulate(made.topology).objectives
    assert again["high"][0] == made.result.objectives["high"][0] <= 0.03
    fewer = sim.simulate(made.topology.replace({"services.store.replicas": made.replicas["store"] - 1})).objectives
    assert fewer["high"][0] > 0.03


def test_users_who_wait_are_not_counted_on(pair):
    closed = pair.replace({"workload": {"till": {"call": "web", "users": 6, "thinkTime": "50ms"}}})
    made = sim.capacity(closed, max_replicas=8)
    assert made.met
    assert made.exact
    assert made.tried.iloc[0][["web_replicas", "store_replicas"]].tolist() == [1, 1]


def test_one_of_each_is_enough(pair):
    """The mean of two M/M/1 (24 and 18 ms at 8/s), 3 ms and the network is 58 ms; the median is at most twice that."""
    made = sim.capacity(pair.replace({"workload.workload.rate": "8/s", "slos.web.p50": "200ms"}))
    assert size_of(made) == (1, 1)
    assert len(made.tried) == 1
    assert made.exact
    assert made.reason.endswith(
        "1 configuration was simulated, 4 replications each, and the answer again with other requests;"
        " there is nothing smaller."
    )


def test_settings_are_passed_on(pair):
    made = sim.capacity(
        pair.replace({"slos.web.p50": "9s", "workload.workload.rate": "20/s"}),
        seed=9, replications=2, duration="10s", warmup="3s", confidence=0.8, engine="reference",
    )  # fmt: skip
    kept = made.result.provenance
    assert (kept["seed"], kept["replications"], kept["duration_s"], kept["warmup_s"]) == (9, 2, 10.0, 3.0)
    assert (kept["confidence"], kept["engine"], kept["detail"]) == (0.8, "reference", "summary")
    assert "at 80 % confidence" in made.reason


def test_what_straddles_fails(pair):
    """The value is below the limit, the upper end is not."""
    row = sim.simulate(pair.replace({"services.web.replicas": 2}), detail="summary").objectives.iloc[0]
    assert row["value"] < row["high"]
    between = (row["value"] + row["high"]) / 2.0
    made = sim.capacity(pair.replace({"slos.web.p50": float(between)}), scale=["web"])
    assert made.replicas["web"] > 2


def test_progress_counts_configurations(runs, simulated):
    done = [one for one, _ in runs]
    assert done == sorted(done)
    assert done[-1] == simulated  # the answer with other requests too
    assert all(one <= total for one, total in runs)


@pytest.fixture(scope="module")
def counted(pair):
    """What is reported on the way to `sized`, and the replications that the engine ran."""
    told, whole, calls = [], ReferenceEngine.run, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "is_compiled", lambda plans: False)
        patch.setattr(reference, "is_ready", lambda: True)
        patch.setattr(ReferenceEngine, "run", lambda *given, **more: calls.append(given) or whole(*given, **more))
        sim.capacity(pair, max_replicas=MOST, progress=lambda done, total: told.append((done, total)))
    return told, calls


@pytest.fixture(scope="module")
def runs(counted):
    return counted[0]


@pytest.fixture(scope="module")
def simulated(counted):
    """How many plans were run, four replications each."""
    return len(counted[1]) / 4


# -- what is refused


def test_without_slos_nothing_can_be_sized(pair):
    with pytest.raises(sim.PlanError, match=r"the file has no slos.* slos: \{web: \{call: web, p99: 300ms\}\}"):
        sim.capacity(sim.loads(PAIR.replace("slos:", "# slos:")))


def test_one_replication_has_no_interval(pair):
    with pytest.raises(sim.PlanError, match="one replication has no interval"):
        sim.capacity(pair, replications=1)


def test_slos_that_nobody_reaches(pair):
    lonely = pair.replace({"services.lonely": {"steps": [{"cpu": "1ms"}]}, "slos.web.call": "lonely"})
    with pytest.raises(sim.PlanError, match="no slo can be judged: no workload reaches the endpoints of web"):
        sim.capacity(lonely)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": ["stor"]}, "no unit `stor` to size; did you mean `store`?"),
        ({"scale": []}, "scale is empty"),
        ({"cores": []}, "cores are empty"),
        ({"cores": ["many"]}, "give numbers"),
        ({"cores": [1.5]}, "a replica cannot have 1.5 cores"),
        ({"cores": [0]}, "a replica cannot have 0 cores"),
        ({"max_replicas": 0}, "max_replicas is 0"),
        ({"max_replicas": 2.5}, "max_replicas is 2.5"),
        ({"deployment": "nowhere"}, "no deployment `nowhere`"),
    ],
)
def test_what_makes_no_sense_is_refused(pair, options, message):
    with pytest.raises(sim.PlanError) as caught:
        sim.capacity(pair, **options)
    assert message in str(caught.value)


def test_externals_are_not_sized(pair):
    outside = pair.replace({"services.db.kind": "external"})
    with pytest.raises(sim.PlanError, match="db is external"):
        sim.capacity(outside, scale=["db"])
    made = sim.capacity(outside.replace({"slos.web.p50": "9s", "workload.workload.rate": "20/s"}))
    assert made.sized == ("web", "store")
    table = [re.split(" {2,}", line) for line in str(made).split("\n\n")[1].splitlines()[1:]]
    replicas, cores = zip(*([cell.removesuffix(" in all") for cell in row[1:3]] for row in table), strict=True)
    assert table[-2][:3] == ["db (kept)", "-", "-"]
    assert int(replicas[-1]) == sum(map(int, replicas[:-2]))
    assert float(cores[-1]) == sum(int(n) * float(each) for n, each in zip(replicas[:-2], cores[:-2], strict=True))


# -- a Ctrl-C


def test_cut_off_before_a_configuration_there_is_nothing(pair, cut_off):
    cut_off(2)
    with pytest.raises(KeyboardInterrupt):
        sim.capacity(pair)


def test_cut_off_later_it_is_the_best_until_then(pair, cut_off, sized, runs):
    cut_off(4 * (int(runs[-1][0]) - 1) - 1)  # in the last one there are other requests
    made = sim.capacity(pair, max_replicas=MOST)
    assert made.interrupted
    assert not made.exact
    assert len(made.tried) == len(sized.tried) - 1
    assert made.reason.startswith("Interrupted")
    met = sized.tried.iloc[:-1].query("met")
    assert made.met == (len(met) > 0)


def test_cut_off_before_any_is_met(pair, cut_off):
    cut_off(5)
    made = sim.capacity(pair, max_replicas=MOST)
    assert (made.met, made.interrupted, len(made.tried)) == (False, True, 1)
    assert made.reason.startswith("Interrupted after 1 configuration: none met every objective yet.")


# -- how it shows itself


def test_it_prints_within_100_columns(sized):
    text = str(sized)
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith("pair as microservices, sized: it meets every objective\n")
    assert "db (kept)" in text
    assert " ".join(text.split()).endswith(sized.reason)


def test_it_is_ready_for_json(sized):
    content = sized.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["replicas"] == sized.replicas
    assert len(content["tried"]) == len(sized.tried)
    assert content["met"] is True


def test_it_shows_itself_in_a_notebook(pair, sized):
    assert sized.reason.split(":")[0] in sized._repr_html_()
    named = sim.capacity(
        pair.replace({"name": "<b>", "slos.web.p50": "9s", "workload.workload.rate": "20/s", "prices.currency": "<i>"})
    )
    assert "<b>" not in named._repr_html_()
    assert "<i>" not in named._repr_html_()
    assert repr(sized).startswith("<Capacity of microservices: met, web=")


def test_what_is_not_met_is_not_told_as_below_its_limit():
    """Where its own requests met the limit and others did not, the sentence is of both together (rule 13.2)."""
    text = """
    simulation: {duration: 3s, warmup: 1s, replications: 2}
    services: {s: {steps: [{cpu: {dist: exponential, mean: 9ms}}]}}
    workload: {call: s, rate: 70/s}
    slos: {s: {call: s, mean: 60ms}}
    """
    told = []
    for seed in range(1, 12):
        made = sim.capacity(sim.loads(dedent(text)), max_replicas=1, seed=seed)
        if not made.met and (found := re.search(r"s mean is [\d.]+ ms, up to ([\d.,]+) ms at", made.reason)):
            assert float(found[1].replace(",", "")) > 60.0
        told.append("together with as many other requests" in made.reason)
    assert any(told)


def test_where_a_unit_keeps_up_with_no_size_nothing_smaller_is_excluded():
    """Nothing is promised of it, so that the objectives are met all the same."""
    topology = sim.loads("""
        simulation: {duration: 20s, replications: 2}
        services:
          a: {steps: [{cpu: 1ms}]}
          stuck: {replicas: 2, steps: [{cpu: 1h}]}
        workload: {one: {call: a, rate: 5/s}, other: {call: stuck, rate: 0.1/s}}
        slos: {a: {call: a, mean: 1s}}
    """)
    found = sim.capacity(topology, max_replicas=3)
    assert found.met
    assert not found.exact
    assert "not every one that is could be excluded" in found.reason
