"""Scaling curves: sums by hand, crossovers on tables made by hand, what cannot be met."""

import json
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

import simulator as sim
from simulator.compiler import compile_topology
from simulator.errors import PlanError
from simulator.experiments.curves.prices import Verdict, verdict_words
from simulator.experiments.curves.scaling import find_crossovers, make_scaling_curve
from simulator.experiments.curves.worst import judged_column, worst_columns

SHOP = """\
name: shop
simulation: {duration: 7s, warmup: 1s, seed: 3, replications: 3}
network: {latency: 1ms}
services:
  web: {resources: {cpu: 1, memory: 1Gi}, steps: [{cpu: {dist: exponential, mean: 5ms}}, {call: store}, {call: far}]}
  store: {replicas: 2, resources: {cpu: 2, memory: 512Mi}, steps: [{cpu: {dist: exponential, mean: 16ms}}, {call: db}]}
  db: {kind: database, resources: {cpu: 4, memory: 8Gi}, steps: [{cpu: 1ms}]}
  far: {kind: external, resources: {cpu: 64, memory: 64Gi}, steps: [{sleep: 10ms}]}
workload: {call: web, rate: 60/s}
slos: {web: {call: web, mean: 80ms}}
prices: {currency: EUR, vcpuHour: 0.04, gibHour: 0.005, unitHour: 0.02}
"""


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


@pytest.fixture(scope="module")
def curve(shop):
    return sim.scaling_curve(shop, ["30/s", "120/s"])


def test_sums_are_those_of_the_file(curve):
    """Replicas by unit are in words; the rest is added up here from the file above: the database costs, but is kept."""
    one = {  # cores, GiB of a replica
        "web": (1, 1.0), "store": (2, 0.5), "monolith": (3, 1.5), "db": (4, 8.0),
    }  # fmt: skip
    for row in curve.table.to_dict(orient="records"):
        sizes = {name: int(number) for name, number in re.findall(r"(\S+) (\d+)", row["sizes"])} | {"db": 1}
        assert set(sizes) == ({"monolith", "db"} if row["deployment"] == "monolith" else {"web", "store", "db"})
        own = {name: number for name, number in sizes.items() if name != "db"}
        cores = sum(number * one[name][0] for name, number in sizes.items())
        memory = sum(number * one[name][1] for name, number in sizes.items())
        assert row["replicas"] == sum(own.values())
        assert row["cores"] == sum(number * one[name][0] for name, number in own.items())
        assert row["memory_bytes"] == sum(number * one[name][1] for name, number in own.items()) * 2**30
        assert row["all_cores"] == cores
        assert row["cost_per_hour"] == pytest.approx(0.04 * cores + 0.005 * memory + 0.02 * len(sizes))
        assert row["met"]
        assert 0.04 < row["latency_p99_s"] < 1.0


def test_each_row_is_a_sizing_of_its_own(curve, shop):
    alone = sim.capacity(shop.replace({"workload.rate": 120.0}), "microservices")
    row = curve.table.iloc[2]
    assert (row["arrival_rate_per_s"], row["deployment"]) == (120.0, "microservices")
    assert row["sizes"] == f"web {alone.replicas['web']}, store {alone.replicas['store']}"
    assert row["cost_per_hour"] == alone.cost_per_hour
    assert row["reason"] == alone.reason
    assert row["latency_p99_s"] == alone.result.intervals.loc["latency_p99_s", "mean"]


def test_text_json_and_html(curve):
    text = str(curve)
    assert max(map(len, text.splitlines())) <= 100
    assert "cost/h (EUR)" in text
    assert "of the units that were sized; cost is of everything" in text
    assert curve.objectives == ("web mean 80 ms",)
    assert curve.limits == {}  # of p99
    content = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert [one["kind"] for one in content["verdicts"]] == [one.kind for one in curve.verdicts]
    assert "<table" in curve._repr_html_()
    assert repr(curve) == "<ScalingCurve of shop: microservices and monolith>"


def test_what_cannot_be_met_is_said(shop):
    impossible = shop.replace({"slos.web.p99": "5ms"})  # the external alone takes 10 ms
    curve = sim.scaling_curve(impossible, [1], max_replicas=2, duration="5s", warmup="1s", replications=2)
    assert not curve.table["met"].any()
    assert curve.verdicts[0].kind == "none"
    assert curve.table["cost_low_per_hour"].isna().all()
    assert "NOT MET" in str(curve)
    assert "microservices does not meet them at 60/s: " in curve.finding
    assert json.dumps(curve.to_dict(), allow_nan=False)


def test_without_prices_cores_are_compared(shop):
    """One replica of each is enough in either, with a mean of 50 ms of 80: three cores, and four of the database."""
    curve = sim.scaling_curve(shop.replace({"prices": None}), [1], duration="20s", warmup="1s", replications=5)
    assert curve.price == "all_cores"
    assert curve.table["all_cores"].tolist() == [7.0, 7.0]
    assert curve.currency is None
    assert curve.headline == "shop: no difference in cores is shown at 60/s"
    assert "Replicas, cores and GiB are of the units that were sized" in " ".join(str(curve).split())
    assert json.dumps(curve.to_dict(), allow_nan=False)


def test_users_are_whole_so_that_two_loads_may_be_one(shop):
    closed = shop.replace({"workload": {"call": "web", "users": 3, "thinkTime": "100ms"}})
    curve = sim.scaling_curve(closed, [1.25, 1.4, 2], "monolith", duration="5s", warmup="1s", replications=4)
    assert curve.axis == "users"
    assert curve.loads == [4.0, 4.0, 6.0]
    assert len(curve.verdicts) == 3
    assert curve.headline == "shop: monolith takes 3 cores at 4 users and 3 cores at 6 users"


def test_a_file_without_slos_is_refused(shop):
    with pytest.raises(PlanError, match="the file has no slos"):
        sim.scaling_curve(shop.replace({"slos": {}}), [1])
    with pytest.raises(PlanError, match="deployments: expected at least one"):
        sim.scaling_curve(shop, [1], [])


def test_a_ctrl_c_leaves_whole_loads(shop, monkeypatch):
    from simulator.experiments.curves import scaling as scaled

    whole, calls = scaled.capacity, []

    def cut(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return whole(*arguments, **options)

    monkeypatch.setattr(scaled, "capacity", cut)
    curve = sim.scaling_curve(shop, [0.2, 0.4, 0.6], duration="4s", warmup="1s", replications=2)
    assert curve.interrupted
    assert curve.loads == [12.0]
    calls[:] = [None] * 2
    with pytest.raises(KeyboardInterrupt):
        sim.scaling_curve(shop, [0.2], duration="4s", warmup="1s", replications=2)


# -- crossovers, on tables made by hand


def verdicts(*winners):
    return [Verdict("cheaper" if winner else "same", winner, 0.1) for winner in winners]


def told(loads, *winners):
    return [(one.after, one.before, one.cheaper_below, one.cheaper_above)
            for one in find_crossovers(loads, verdicts(*winners))]  # fmt: skip


def test_where_the_winner_changes():
    assert told([1, 2, 3], "a", "a", "b") == [(2, 3, "a", "b")]
    assert told([1, 2, 3], "a", "b", "a") == [(1, 2, "a", "b"), (2, 3, "b", "a")]
    assert told([1, 2, 3], "a", "a", "a") == []


def test_loads_without_a_difference_lie_within_the_crossover():
    assert told([1, 2, 3, 4], "a", "", "", "b") == [(1, 4, "a", "b")]
    assert told([1, 2, 3, 4], "", "a", "", "a") == []
    assert told([1, 2], "", "") == []


A, B = Verdict("cheaper", "a", 0.1), Verdict("cheaper", "b", 0.1)
SAME, NONE, ONLY_A, ONLY_B = (
    Verdict("same", "", 0.0), Verdict("none", "", math.nan), Verdict("only", "a", math.nan),
    Verdict("only", "b", math.nan),
)  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        # one claim for all
        ([A], "a is cheaper at 1/s"),
        ([A, A, A], "a is cheaper at all 3 loads tried (1 to 3/s)"),
        ([SAME, SAME], "no difference in cost is shown at any of the 2 loads tried (1 to 2/s)"),
        ([NONE, NONE], "neither meets the objectives at any of the 2 loads tried (1 to 2/s)"),
        ([ONLY_B, ONLY_B], "only b meets the objectives at each of the 2 loads tried (1 to 2/s)"),
        # a crossover, and what comes after it
        (
            [A, A, B, B],
            "a is cheaper at the 2 loads tried from 1 to 2/s; b is cheaper at the 2 loads tried from 3 to 4/s",
        ),
        ([A, SAME, B], "a is cheaper at 1/s; no difference in cost is shown at 2/s; b is cheaper at 3/s"),
        (
            [A, B, SAME, NONE],
            "a is cheaper at 1/s; b is cheaper at 2/s; no difference in cost is shown at 3/s; "
            "neither meets the objectives at 4/s",
        ),
        ([A, B, A, A], "a is cheaper at the 3 loads tried of 1 and 3 to 4/s; b is cheaper at 2/s"),
        # no winner at the low loads
        ([SAME, SAME, A], "no difference in cost is shown at the 2 loads tried from 1 to 2/s; a is cheaper at 3/s"),
        # cheaper than nobody
        ([A, ONLY_B, ONLY_B], "a is cheaper at 1/s; only b meets the objectives at the 2 loads tried from 2 to 3/s"),
        ([ONLY_A, A, NONE], "only a meets the objectives at 1/s; a is cheaper at 2/s; "
                            "neither meets the objectives at 3/s"),
        # neither elsewhere, and not "no difference"
        ([A, NONE, A], "a is cheaper at 1 and 3/s; neither meets the objectives at 2/s"),
        ([A, SAME, A, NONE, SAME], "a is cheaper at 1 and 3/s; no difference in cost is shown at 2 and 5/s; "
                                   "neither meets the objectives at 4/s"),
    ],
)  # fmt: skip
def test_what_is_said_of_the_loads(verdicts, words):
    assert verdict_words(range(1, len(verdicts) + 1), verdicts, "cost_per_hour", "/s") == words


def test_what_is_said_of_cores_of_users_of_three_and_of_close_loads():
    assert verdict_words([1, 2], [A, SAME], "all_cores", "/s") == (
        "a takes fewer cores at 1/s; no difference in cores is shown at 2/s"
    )
    assert verdict_words([4.0, 4.0], [A, A], "cost_per_hour", " users") == "a is cheaper at 4 users"
    assert verdict_words([4.0, 4.0, 5.0], [A, A, B], "cost_per_hour", " users") == (
        "a is cheaper at 4 users; b is cheaper at 5 users"
    )
    assert verdict_words([4.0, 4.0, 5.0], [A, A, A], "cost_per_hour", " users") == (
        "a is cheaper at all 2 loads tried (4 to 5 users)"
    )
    assert verdict_words([1], [NONE], "all_cores", "/s", many=True) == (
        "none of the deployments meets the objectives at 1/s"
    )
    assert verdict_words([1000, 1000.4, 1001], [A, A, B], "cost_per_hour", "/s") == (
        "a is cheaper at the 2 loads tried from 1,000 to 1,000.4/s; b is cheaper at 1,001/s"
    )


def by_hand(shop, costs, met=None):
    """A curve of these prices: by load, those of microservices and monolith."""
    rows = []
    for number, pair in enumerate(costs):
        for name, cost in zip(("microservices", "monolith"), pair, strict=True):
            good = met is None or met[number][name]
            rows.append({
                "factor": float(number + 1), "arrival_rate_per_s": 100.0 * (number + 1), "users": 0,
                "deployment": name, "met": good, "replicas": 1, "cores": 1.0, "memory_bytes": 0.0,
                "cost_per_hour": cost, "cost_low_per_hour": cost, "all_cores": 1.0, "all_cores_low": 1.0,
                "latency_p99_s": 0.1, "latency_p99_s_half_width": 0.01, "reason": f"full at {number + 1}.",
            })  # fmt: skip
    return make_scaling_curve(shop, pd.DataFrame(rows), compile_topology(shop), interrupted=False)


def test_the_headline_says_between_which_loads(shop):
    curve = by_hand(shop, [(4.0, 1.0), (4.0, 3.0), (5.0, 6.0)])
    assert (
        curve.headline
        == "shop: monolith is cheaper at the 2 loads tried from 100 to 200/s; microservices is cheaper at 300/s"
    )
    assert "Which one is cheaper changes somewhere between 200 and 300/s." in curve.finding
    # 1 - 1/4, 1 - 3/4, 1 - 5/6 of what the other costs
    assert (
        "What is saved of the other's price: monolith 25 % to 75 %, 25 % at 200/s and microservices 17 % at 300/s."
        in curve.finding
    )


def test_the_range_of_what_is_saved_holds_the_loads_between(shop):
    curve = by_hand(shop, [(1.0, 0.91), (1.0, 0.81), (1.0, 0.98), (1.0, 0.89)])
    assert "What is saved of the other's price: monolith 2 % to 19 %, 11 % at 400/s." in curve.finding


def test_a_saving_is_never_nothing(shop):
    assert "monolith 0.3 % at 100/s" in by_hand(shop, [(1.0, 0.997)]).finding
    assert "monolith less than 0.1 % at 100/s" in by_hand(shop, [(1.0, 0.9997)]).finding
    assert "What is saved" not in by_hand(shop, [(1.0, 1.0)]).finding


def test_one_deployment_takes_what_it_takes_where_it_meets_them(shop):
    rows = by_hand(shop, [(1.0, 1.0)] * 3).table.query("deployment == 'monolith'")

    def headline(*met):
        return make_scaling_curve(
            shop, rows.assign(met=met, cores=[1.0, 2.0, 4.0]), compile_topology(shop), interrupted=False
        ).headline

    assert headline(True, True, True) == "shop: monolith takes 1 core at 100/s and 4 cores at 300/s"
    assert headline(True, True, False) == "shop: monolith takes 1 core at 100/s and 2 cores at 200/s"
    assert headline(False, True, False) == "shop: monolith takes 2 cores at 200/s"
    assert headline(False, False, False) == "shop: monolith meets the objectives at none of these loads"


def test_the_table_and_the_finding_say_what_a_load_is(shop):
    staged = {"call": "web", "startRate": "20/s", "stages": [{"duration": "1s", "target": "80/s"}]}
    curve = by_hand(shop.replace({"workload": staged}), [(1.0, 2.0)])
    assert curve.load_name == "peak arrival rate"
    assert "peak arrivals (/s)  deployment" in str(curve)
    assert curve.finding.endswith(" Loads are the peak arrival rate.")
    assert "Loads are" not in by_hand(shop, [(1.0, 2.0)]).finding


def test_the_headline_without_a_crossover(shop):
    assert (
        by_hand(shop, [(1.0, 2.0), (1.0, 2.0)]).headline
        == "shop: microservices is cheaper at all 2 loads tried (100 to 200/s)"
    )
    assert by_hand(shop, [(1.0, 1.0), (1.0, 2.0)]).headline == (
        "shop: no difference in cost is shown at 100/s; microservices is cheaper at 200/s"
    )


def test_without_prices_nothing_is_cheaper_and_nothing_costs(shop):
    made = by_hand(shop.replace({"prices": None}), [(math.nan, math.nan)] * 3)
    table = made.table.assign(all_cores=[2.0, 4.0, 2.0, 4.0, 8.0, 4.0], all_cores_low=[2.0, 4.0, 2.0, 4.0, 8.0, 4.0])
    curve = make_scaling_curve(shop.replace({"prices": None}), table, compile_topology(shop), interrupted=False)
    assert curve.headline == (
        "shop: microservices takes fewer cores at the 2 loads tried from 100 to 200/s; "
        "monolith takes fewer cores at 300/s"
    )
    assert "Which one takes fewer cores changes somewhere between 200 and 300/s." in curve.finding
    assert (
        "What is saved of the other's cores: microservices 50 % at 200/s and monolith 50 % at 300/s." in curve.finding
    )
    for word in ("price", "cheap", "cost is"):
        assert word not in str(curve)


def test_one_that_cannot_is_told_of(shop):
    able = {"microservices": True, "monolith": False}
    curve = by_hand(shop, [(2.0, 1.0), (2.0, 1.0)], [dict.fromkeys(able, True), able])
    assert [one.kind for one in curve.verdicts] == ["cheaper", "only"]
    assert curve.headline == "shop: monolith is cheaper at 100/s; only microservices meets the objectives at 200/s"
    assert curve.crossovers == ()  # there is nothing to be cheaper than
    assert curve.finding.endswith("monolith does not meet them at 200/s: full at 2.")
    assert by_hand(shop, [(2.0, 1.0)], [able]).headline == ("shop: only microservices meets the objectives at 100/s")


def test_what_is_not_shown_is_not_said_to_be_missed(shop):
    neither = dict.fromkeys(("microservices", "monolith"), False)
    table = by_hand(shop, [(2.0, 1.0)] * 2, [neither] * 2).table.assign(shown_missed=[False, True, True, True])

    def told(**more):
        return make_scaling_curve(shop, table.assign(**more), compile_topology(shop), interrupted=False)

    curve = told()
    assert curve.headline == (
        "shop: neither is shown to meet the objectives at 100/s; neither meets the objectives at 200/s"
    )
    assert [line.split()[-2:] for line in str(curve).splitlines()[3:7]] == [
        ["not", "shown"], ["NOT", "MET"], ["NOT", "MET"], ["NOT", "MET"],
    ]  # fmt: skip
    assert "microservices is not shown to meet them at 100/s: full at 1. microservices does not" in curve.finding
    assert "monolith does not meet them at 100/s" in curve.finding
    assert told(shown_missed=False).headline == (
        "shop: neither is shown to meet the objectives at any of the 2 loads tried (100 to 200/s)"
    )
    assert told(met=[False, True] * 2).headline == (
        "shop: only monolith is shown to meet the objectives at 100/s; only monolith meets the objectives at 200/s"
    )
    alone = make_scaling_curve(
        shop, table[table["deployment"] == "microservices"], compile_topology(shop), interrupted=False
    )
    assert alone.headline == "shop: microservices is shown to meet the objectives at none of these loads"


def test_the_p99_of_all_is_shown_only_where_all_are_promised_it(shop):
    two = {"browsers": {"call": "web", "rate": "30/s"}, "clerks": {"call": "store", "rate": "30/s"}}
    inside = {"web": {"call": "web", "p99": "80ms"}, "store": {"call": "store", "p99": "50ms"}}
    for changes, judged in (
        ({}, "latency_p99_s"),
        ({"slos": {"web": {"call": "web", "p99": "80ms", "errorRate": 0}}}, "latency_p99_s"),
        ({"workload": two}, "worst_by_limit_ratio"),
        ({"slos": inside}, "worst_by_limit_ratio"),
    ):
        assert judged_column(compile_topology(shop.replace(changes))) == judged


def test_the_worst_is_the_one_whose_upper_end_is_highest_by_its_limit():
    rows = pd.DataFrame({
        "slo": ["look", "buy"], "quantity": ["p99", "p99"], "limit": [0.1, 0.4], "value": [0.05, 0.16],
        "low": [0.04, 0.12], "high": [0.06, 0.28], "met": True, "straddles": False, "served_ratio": 1.0, "reason": "",
    })  # fmt: skip
    told = worst_columns(SimpleNamespace(objectives=rows))  # 0.6 of the limit of look, 0.7 of that of buy
    assert told.pop("worst_objective") == "buy p99"
    assert list(told.values()) == pytest.approx([0.4, 0.2, 0.3, 0.7])
    free = worst_columns(SimpleNamespace(objectives=rows.iloc[:1].assign(limit=0.0)))
    assert math.isnan(free["worst_by_limit_ratio"])


def test_the_table_names_the_worst_objective(shop):
    made = by_hand(shop, [(1.0, 2.0)])
    table = made.table.assign(
        worst_objective=["look p99", "buy p99"], worst_by_limit_ratio=[0.5, 0.25], worst_by_limit_ratio_half_width=0.01
    )
    text = str(replace(made, table=table, judged="worst_by_limit_ratio"))
    assert "worst by limit (%)" in text
    assert " 50.00 ± 1.00 " in text
    assert "nearest to it or beyond: look p99 and buy p99." in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100


def test_each_load_that_is_missed_has_its_own_reason(shop):
    both, neither = (
        dict.fromkeys(("microservices", "monolith"), True),
        dict.fromkeys(("microservices", "monolith"), False),
    )
    curve = by_hand(shop, [(2.0, 1.0), (2.0, 1.0), (2.0, 1.0)], [both, neither, neither])
    assert curve.headline == (
        "shop: monolith is cheaper at 100/s; neither meets the objectives at the 2 loads tried from 200 to 300/s"
    )
    for name in both:
        assert f"{name} does not meet them at 200/s: full at 2. {name} does not meet them at 300/s: full at 3." in (
            curve.finding
        )
    nobody = by_hand(shop, [(2.0, 1.0), (2.0, 1.0)], [neither, neither])
    assert nobody.headline == "shop: neither meets the objectives at any of the 2 loads tried (100 to 200/s)"


def test_loads_with_the_same_reason_are_told_of_once(shop):
    neither = dict.fromkeys(("microservices", "monolith"), False)
    curve = by_hand(shop, [(2.0, 1.0), (2.0, 1.0)], [neither, neither])
    same = make_scaling_curve(
        shop, curve.table.assign(reason="too far away."), compile_topology(shop), interrupted=False
    )
    assert same.finding.count("too far away") == 2
    assert "monolith does not meet them at the 2 loads tried from 100 to 200/s: too far away." in same.finding
