"""`next_replica` (rule 13.8): what one more replica of each unit gains, and which units are not told apart."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.experiments.sizes.marginal import NextReplica, rank
from simulator.words import duration

SHOP = """\
name: shop
simulation: {duration: 6s, warmup: 1s, seed: 3, replications: 4}
network: {latency: 1ms}
services:
  web: {resources: {memory: 1Gi}, steps: [{cpu: {dist: exponential, mean: 20ms}}, {call: store}]}
  store: {replicas: 2, steps: [{cpu: {dist: exponential, mean: 8ms}}, {call: db}]}
  db: {kind: database, steps: [{cpu: 1ms}]}
workload: {call: web, rate: 40/s}
prices: {currency: EUR, vcpuHour: 0.04, gibHour: 0.02}
"""


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


@pytest.fixture(scope="module")
def made(shop):
    calm = shop.replace({"workload.workload.rate": "30/s"})  # so that a short run tells its p99
    return sim.next_replica(calm, duration="20s", replications=8)


@pytest.mark.parametrize("quantity", ["latency_p99_s", "latency_mean_s", "throughput_per_s"])
def test_a_gain_is_a_paired_difference(shop, quantity):
    made = sim.next_replica(shop, quantity=quantity)
    table = made.table
    sign = 1.0 if quantity == "throughput_per_s" else -1.0
    now = sim.simulate(shop, detail="summary")
    for unit, more in (("web", 2), ("store", 3)):
        later = sim.simulate(shop.replace({f"services.{unit}.replicas": more}), detail="summary")
        pair, row = later.difference_from(now).loc[quantity], table.loc[unit]
        assert row["gain"] == pytest.approx(sign * pair["difference"])
        assert row["half_width"] == pytest.approx(pair["half_width"])
        assert sorted([sign * pair["low"], sign * pair["high"]]) == pytest.approx([row["low"], row["high"]])
        assert row["shown"] == pair["shown"]
        assert row["replicas"] == more - 1
        assert row["now"] == made.value == pytest.approx(now.summary[quantity])
        assert row["value"] == pytest.approx(later.summary[quantity])
        assert row["gain"] == pytest.approx(sign * (row["value"] - row["now"]))
        price = later.summary["cost_per_hour"] - now.summary["cost_per_hour"]
        assert row["price_per_hour"] == pytest.approx(price)
        assert row["gain_per_price"] == pytest.approx(row["gain"] / price)


def test_the_bottleneck_comes_first(made):
    assert list(made.table.index) == ["web", "store"]
    assert list(made.table["rank"]) == [1, 2]
    assert made.quantity == "latency_p99_s"
    assert made.verdict.startswith("Scale web next: its gain is ")
    assert " ms of latency p99, most for its price." in made.verdict


def test_the_default_is_the_objective_that_is_nearest(shop):
    slos = {"slos.web": {"call": "web", "mean": "50ms", "p90": "10s", "errorRate": "1%"}}
    made = sim.next_replica(shop.replace(slos))
    assert (made.objective, made.quantity) == ("web mean", "latency_mean_s")
    slos["slos.web"]["mean"] = "5s"
    slos["slos.web"]["p90"] = "50ms"
    made = sim.next_replica(shop.replace(slos))
    assert (made.objective, made.quantity) == ("web p90", "latency_p90_s")


JOURNEYS = """\
name: shop
simulation: {duration: 12s, warmup: 2s, seed: 3, replications: 5}
network: {latency: 1ms}
services:
  quick: {steps: [{cpu: {dist: exponential, mean: 15ms}}, {call: part}]}
  part: {errorRate: 2%, queue: {capacity: 1}, concurrency: 1, steps: [{cpu: {dist: exponential, mean: 5ms}}]}
  slow: {steps: [{cpu: {dist: exponential, mean: 120ms}}]}
workload:
  users: {call: quick, rate: 40/s}
  reports: {call: slow, rate: 5/s}
slos: {quick: {call: quick, p99: 100ms}}
"""


@pytest.fixture(scope="module")
def journeys():
    return sim.loads(JOURNEYS)


def test_the_rank_is_by_the_objective_that_binds_not_by_all_requests(journeys):
    promised = journeys.replace({"slos.quick": {"call": "quick", "p99": "100ms", "errorRate": "50%"}})
    made = sim.next_replica(promised, scale=["quick", "slow"], duration="60s")
    assert made.objective == "quick p99"
    assert list(made.table.index) == ["quick", "slow"]
    assert made.table.loc["slow", "gain"] == 0.0  # no request of the objective comes by
    assert made.verdict.startswith("Scale quick next: its gain is ")
    assert " of quick p99." in made.verdict
    assert "quick p99, the objective that binds, is " in " ".join(str(made).split())
    assert made.to_dict()["objective"] == "quick p99"
    pooled = sim.next_replica(promised, scale=["quick", "slow"], quantity="latency_p99_s", duration="60s")
    assert list(pooled.table.index) == ["slow", "quick"]
    assert pooled.objective == ""
    assert "latency p99 of all requests is " in " ".join(str(pooled).split())


MIXED = {"workload": {"users": {"rate": "45/s", "calls": [{"call": "quick", "weight": 8}, {"call": "slow"}]}}}


@pytest.mark.parametrize("call", ["quick", "part"])  # an entry, and what no user calls
@pytest.mark.parametrize("kind", ["p90", "mean", "errorRate"])
@pytest.mark.parametrize("changes", [{}, MIXED], ids=["workloads", "one workload"])
def test_a_gain_is_of_the_requests_of_the_objective(journeys, call, kind, changes):
    slo = {"call": call, kind: "1%" if kind == "errorRate" else "1ms", "errorRate": "1%"}
    asked = journeys.replace({"slos": {"it": slo}, **changes})
    made = sim.next_replica(asked, objective=f"it {kind}", scale=["quick", "part"], replications=2, duration="5s")
    sizes = [{}, {"services.quick.replicas": 2}, {"services.part.replicas": 2}]
    values = []
    for size in sizes:
        table = sim.simulate(asked.replace(size), replications=2, duration="5s").objectives.set_index("quantity")
        values.append(table.loc[kind, "value"])
    before, *later = values
    assert made.value == pytest.approx(1.0 - before if kind == "errorRate" else before)
    for unit, after in zip(["quick", "part"], later, strict=True):
        assert made.table.loc[unit, "gain"] == pytest.approx(before - after)  # less is better, of failures too


def test_where_too_little_is_served_that_counts(journeys):
    crowded = journeys.replace({"slos": {"part": {"call": "part", "p99": "1s"}}})
    made = sim.next_replica(crowded, scale=["part"], duration="6s")
    assert (made.objective, made.quantity) == ("part errorRate", "availability_ratio")
    assert " of part availability" in str(made)


def test_an_objective_that_is_not_there_is_refused(journeys):
    with pytest.raises(sim.PlanError, match=r"no objective 'quick p9' to rank by \(there are quick p99\)"):
        sim.next_replica(journeys, objective="quick p9")


def test_what_gains_nothing_is_not_shown(shop):
    idle = sim.next_replica(shop, quantity="availability_ratio")
    assert not idle.table["shown"].any()
    assert (idle.table["gain"] == 0.0).all()
    assert list(idle.table["rank"]) == [1, 1]
    assert idle.verdict == "No unit is shown to improve availability by one more replica."


def test_twins_are_not_told_apart():
    twins = sim.loads("""\
simulation: {duration: 12s, warmup: 1s, replications: 4}
services:
  a: {steps: [{cpu: {dist: exponential, mean: 20ms}}, {call: b}]}
  b: {steps: [{cpu: {dist: exponential, mean: 20ms}}]}
workload: {call: a, rate: 40/s}
""")
    made = sim.next_replica(twins, quantity="latency_mean_s")
    assert list(made.table["rank"]) == [1, 1]
    assert made.table["shown"].all()
    assert made.table["price_per_hour"].isna().all()
    assert made.verdict.startswith(f"No difference is shown between {' and '.join(made.table.index)} (")


def test_a_unit_with_replicas_to_spare_is_sized_too(shop):
    table = sim.next_replica(shop, scale=["db"]).table
    assert list(table.index) == ["db"]
    assert list(sim.next_replica(shop, "monolith").table.index) == ["monolith"]


def test_a_capacity_looks_on_from_its_size(shop):
    sized = sim.capacity(shop.replace({"slos.web": {"call": "web", "p99": "400ms"}}))
    following = sized.next_replica()
    assert dict(following.table["replicas"]) == {name: sized.replicas[name] for name in sized.sized}
    assert following.value == sized.result.intervals["mean"]["latency_p99_s"]


# -- ranks


def table_of(*intervals, prices=None):
    table = pd.DataFrame(intervals, columns=["low", "high"], dtype="float64")
    return table.assign(price_per_hour=prices if prices else np.nan)


@pytest.mark.parametrize(
    ("intervals", "ranks"),
    [
        ([(5, 6), (3, 4), (1, 2)], [1, 2, 3]),
        ([(1, 2), (3, 4), (5, 6)], [3, 2, 1]),
        ([(5, 6), (4, 5), (1, 2)], [1, 1, 2]),  # they touch
        ([(4, 8), (3, 5), (1, 3.5)], [1, 1, 1]),  # the first and the last overlap through the second only
        ([(1, 9), (2, 3), (5, 6)], [1, 1, 1]),  # one holds both
        ([(0, 0), (0, 0)], [1, 1]),
        ([(5, 6), (np.nan, np.nan)], [1, 1]),
        ([(-2, -1), (0, 0)], [2, 1]),
    ],
)
def test_intervals_that_overlap_share_a_rank(intervals, ranks):
    assert rank(table_of(*intervals)) == ranks


def test_ranks_are_by_price():
    assert rank(table_of((5, 6), (3, 4), prices=[10.0, 1.0])) == [2, 1]
    assert rank(table_of((5, 6), (3, 4), prices=[1.0, 0.0])) == [2, 1]


# -- the verdict


def verdict_of(*intervals, prices=None, value=1.0):
    """Of units a, b, ... with these ends of what they gain, in ms."""
    table = table_of(*((low / 1000.0, high / 1000.0) for low, high in intervals), prices=prices)
    table.index = pd.Index(list("abcdef"[: len(intervals)]), name="unit")
    table["gain"] = (table["low"] + table["high"]) / 2.0
    table["shown"] = (table["low"] > 0.0) | (table["high"] < 0.0)
    table["rank"] = rank(table)
    made = NextReplica("shop", "microservices", "latency_mean_s", value, 0.95, 4, None, table, False)
    return made.verdict


ONE = "Scale a next: its gain is 5 to 9 ms of latency mean."


@pytest.mark.parametrize(
    ("intervals", "verdict"),
    [
        ([(5, 9)], ONE),
        ([(5, 9), (1, 2), (-1, 1)], f"{ONE} No gain is shown of c."),
        # a alone shows a gain, and b may gain as much
        ([(5, 9), (-1, 6)], f"{ONE} No gain is shown of b, nor that it gains less."),
        ([(5, 9), (-1, 6), (-2, 7)], f"{ONE} No gain is shown of b and c, nor that they gain less."),
        # c overlaps b, but not a
        ([(5, 9), (-1, 6), (-2, 4)], f"{ONE} No gain is shown of b, nor that it gains less. No gain is shown of c."),
        # a leads to d by b and c, but is shown to gain more than c and d
        (
            [(5, 9), (4, 6), (3, 4.5), (-1, 3.5)],
            "No difference is shown between a and b (a: gain is 5 to 9 ms of latency mean; b: gain is 4 to"
            " 6 ms of latency mean). No gain is shown of d.",
        ),
        ([(-5, 9), (-1, 6)], "No unit is shown to improve latency mean by one more replica."),
        ([(-5, -2), (5, 9)], f"{ONE.replace('a next', 'b next')} Worse with one more: a."),
        (
            [(np.nan, np.nan), (5, 9)],
            f"{ONE.replace('a next', 'b next')} No gain is shown of a, nor that it gains less.",
        ),
    ],
)
def test_only_what_is_not_told_apart_is_said_not_to_be(intervals, verdict):
    assert verdict_of(*intervals) == verdict


def test_a_verdict_goes_by_price():
    assert verdict_of((5, 9), (1, 8), prices=[1.0, 1.0]).startswith("No difference is shown between a and b by their p")
    assert verdict_of((5, 9), (1, 8), prices=[1.0, 2.0]) == f"{ONE[:-1]}, most for its price."
    doubtful = verdict_of((5, 9), (-1, 12), prices=[1.0, 2.0])
    assert doubtful == f"{ONE} No gain is shown of b, nor that it gains less for its price."


def test_nothing_arrives(shop):
    made = sim.next_replica(shop.replace({"workload.workload.rate": "0/s"}))
    assert made.verdict == "Nothing can be judged: no replication has a latency p99."
    assert " latency p99 of all requests is unknown after 4 replications (95 % intervals) " in " ".join(
        str(made).split()
    )
    assert "nan" not in str(made)
    assert made.to_dict()["value"] is None


def test_it_says_of_what_the_value_is(made):
    text = f"latency p99 of all requests is {duration(made.value)} now, by 8 replications"
    assert text in " ".join(str(made).split())


# -- what is refused, and a Ctrl-C


def test_what_makes_no_sense_is_refused(shop):
    with pytest.raises(sim.PlanError, match=r"there is no quantity 'latency_p98_s' to gain; did you mean latency_p9"):
        sim.next_replica(shop, quantity="latency_p98_s")
    with pytest.raises(sim.PlanError, match="one replication has no interval"):
        sim.next_replica(shop, replications=1)
    with pytest.raises(sim.PlanError, match="no unit `nobody` to size"):
        sim.next_replica(shop, scale=["nobody"])


def test_cut_off_it_is_of_what_all_have_finished(shop, cut_off):
    cut_off(8)  # of 3 plans with 4 replications each
    made = sim.next_replica(shop)
    assert (made.replications, made.interrupted) == (2, True)
    assert made.verdict.endswith("Interrupted: this is of 2 replications.")


def test_cut_off_before_there_is_an_interval(shop, cut_off):
    cut_off(5)
    with pytest.raises(KeyboardInterrupt):
        sim.next_replica(shop)


# -- how it shows itself


def test_it_prints_within_100_columns(made):
    text = str(made)
    assert max(map(len, text.splitlines())) <= 100
    assert "price per hour (EUR)" in text
    assert " ".join(text.split()).endswith(made.verdict)


def test_it_is_ready_for_json(made):
    content = made.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert [row["unit"] for row in content["units"]] == list(made.table.index)


def test_it_shows_itself_in_a_notebook(shop):
    made = sim.next_replica(shop.replace({"name": "<b>", "prices.currency": "<i>"}))
    assert "<b>" not in made._repr_html_()
    assert "<i>" not in made._repr_html_()


def test_a_replica_that_is_free_has_no_gain_by_price(made):
    assert made.table.loc["web", "shown"]
    table = made.table.copy()
    table.loc["web", ["price_per_hour", "gain_per_price"]] = [0.0, np.inf]
    free = replace(made, table=table)
    lines = {line.split()[0]: line for line in str(free).splitlines() if line}
    assert lines["web"].split()[-3:] == ["0", "-", "(free)"]
    assert "free" not in lines["store"]
    assert "inf" not in str(free)
    assert json.dumps(free.to_dict(), allow_nan=False)
