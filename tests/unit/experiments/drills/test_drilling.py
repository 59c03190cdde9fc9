"""Drills whose answers are known beforehand: by hand, by a recursion, or because nothing can differ."""

import math

import numpy as np
import pytest

import simulator as sim
from simulator.experiments import replicate
from simulator.experiments.drills import faulting

HEAD = "simulation: {warmup: 1s, replications: 1, drain: 5s}\n"
EVEN = (
    HEAD
    + """\
name: even
services: {web: {steps: [{cpu: 10ms}]}}
workload: {call: web, rate: 40/s, arrivals: even}
slos: {web: {call: web, p99: 1s}}
"""
)
SHOP = """\
name: shop
simulation: {warmup: 2s, replications: 3, seed: 5, drain: 5s}
network: {latency: 1ms}
policies:
  guarded:
    timeout: 400ms
    retries: {attempts: 2, perTryTimeout: 80ms}
    retryBudget: {}
    fallback: {steps: [{cpu: 1ms}]}
services:
  web:
    endpoints:
      look: {steps: [{cpu: 4ms}]}
      buy: {steps: [{cpu: 4ms}, {call: pay, policy: guarded}]}
  pay: {steps: [{cpu: {dist: exponential, mean: 8ms}}, {sleep: 5ms}]}
  spare: {steps: [{cpu: 1ms}]}
workload: {calls: [{call: web.look}, {call: web.buy}], rate: 40/s}
slos: {buying: {call: web.buy, p99: 300ms, errorRate: 1%}}
"""
ONE = {"deployments": ["microservices"], "policies": ["full"], "engine": "compiled"}
HARM = ("lost", "degraded", "late", "gained", "not_asked", "asked_more")


def even(fault, at, lasts, **more):
    found = sim.drill(sim.loads(EVEN), "web", fault, at=at, for_=lasts, duration="30s", **ONE, **more)
    return found, found.table.iloc[0]


def test_a_kill_loses_what_arrives_while_it_lasts():
    """40/s for 6 s, and nobody is in the replica when it dies; seen after the first second, over with its end."""
    found, row = even("kill", 4.0124, 6.0)
    assert [row[name] for name in HARM] == [240, 0, 0, 0, 0, 0]
    assert (row["time_to_detect_s"], row["time_to_recover_s"], row["verdict"]) == (1.0, 0.0, "comes back")
    assert row["requests"] == 40 * 30
    assert found.met


def test_who_is_in_flight_when_it_begins_is_lost_too():
    assert even("kill", 4.0049, 6.0)[1]["lost"] == 241


def fates_by_recursion(rate, service, at, until, horizon):
    """Latencies of a single server that stands still in [at, until), without simulating: Lindley's recursion."""
    latencies, free = [], 0.0
    for number in range(round(rate * horizon)):
        arrival = number / rate
        start = max(arrival, free)
        start = until if at <= start < until else start
        free = start + service
        if start < at < free:
            free += until - at
        latencies.append(free - arrival)
    return np.array(latencies)


@pytest.mark.parametrize(("at", "lasts"), [(4.0124, 6.0), (5.0, 3.5), (4.0, 1.5)])
def test_a_pause_makes_late_what_the_queue_holds_and_is_over_when_that_has_drained(at, lasts):
    """40 r/s come, 100/s drain: late by the limit of 1 s up to (40 F - 99) / 60 s after a pause of F seconds."""
    _, row = even("pause", at, lasts)
    latencies = fates_by_recursion(40, 0.01, at, at + lasts, 30)
    assert [row["lost"], row["degraded"], row["late"]] == [0, 0, (latencies > 1.0).sum()]
    last = lasts + (40 * lasts - 99) / 60 if 40 * lasts > 99 else (lasts - 0.99) / 0.6
    # Bins are whole seconds from the fault's end: over with the second in which the last late one arrives.
    seconds = {max(math.floor(last - lasts + error) + 1, 0) for error in (-0.025, 0.025)}
    assert row["time_to_recover_s"] in seconds


def test_what_was_late_is_counted_again_from_the_requests_of_both_runs():
    found = sim.drill(sim.loads(SHOP), "pay", "slow", factor=12, at="6s", for_="4s", duration="30s", **ONE)
    row = found.table.iloc[0]
    fault = {"at": "6s", "for": "4s", "target": "pay", "slow": {"factor": 12}}
    topology = sim.loads(SHOP).replace({"simulation.duration": "30s"})
    calm, faulty = (
        sim.simulate(one, engine="compiled").requests for one in (topology, topology.replace({"faults": [fault]}))
    )
    both = calm.merge(faulty, on=["replication", "workload", "request"], suffixes=("_calm", "_faulty"))
    assert len(both) == len(calm) == len(faulty)
    entries = found.entries.set_index("entry")["limit_s"]
    assert entries["web.buy"] == 0.3
    good = ["ok", "degraded"]
    calm_good, faulty_good = both["outcome_calm"].isin(good), both["outcome_faulty"].isin(good)
    assert 3 * row["lost"] == (calm_good & ~faulty_good).sum()
    degraded = (both["outcome_calm"] == "ok") & (both["outcome_faulty"] == "degraded")
    assert 3 * row["degraded"] == degraded.sum() > 0
    # `look` has no slo, and needs nothing that is slow: whatever its limit, none of it is late.
    late = (both["latency_s_calm"] <= 0.3) & (both["latency_s_faulty"] > 0.3) & faulty_good
    assert 3 * row["late"] == late.sum() > 0
    inside = (both["arrival_s_calm"] >= 6) & (both["arrival_s_calm"] < 16)  # 10 s at least
    tries = both[inside].groupby("replication")[["attempts_calm", "attempts_faulty"]].sum()
    assert row["retry_amplification"] == pytest.approx(
        (tries["attempts_faulty"] / tries["attempts_calm"]).mean(), rel=0.2
    )


def test_the_limit_without_an_slo_is_twice_the_p99_without_the_fault():
    found = sim.drill(sim.loads(SHOP), "pay", at="6s", for_="4s", duration="30s", **ONE)
    calm = sim.simulate(sim.loads(SHOP).replace({"simulation.duration": "30s"}), engine="compiled", detail="attempts")
    edge = calm.attempts[(calm.attempts["parent"] == -1) & (calm.attempts["endpoint"] == "web.look")]
    requests = calm.requests.merge(edge[["replication", "request"]], on=["replication", "request"])
    seen = requests.loc[requests["arrival_s"] >= 2.0, "latency_s"]
    entries = found.entries.set_index("entry")
    assert entries.loc["web.look", "limit_s"] == pytest.approx(2 * np.quantile(seen, 0.99))
    assert not entries.loc["web.look", "limit_is_slo"]


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
@pytest.mark.parametrize(
    ("target", "fault", "more"),
    [("pay", "slow", {"factor": 1.0}), ("spare", "kill", {}), ("pay", "delay", {"fixed_delay": "0s"})],
)
def test_a_fault_that_does_nothing_changes_nothing(deployment, target, fault, more):
    found = sim.drill(
        sim.loads(SHOP), target, fault, at="5s", for_="4s", duration="20s", deployments=[deployment],
        engine="compiled", policies=["none", "full"], **more,
    )  # fmt: skip
    table = found.table
    assert (table[[*HARM, *(f"{name}_half_width" for name in HARM)]].to_numpy() == 0).all()
    assert (table["retry_amplification"] == 1).all()
    assert table["verdict"].eq("unharmed").all()
    assert not found.blast["shown"].any()
    assert (found.blast["rise"].fillna(0) == 0).all()
    assert (found.timeline["in_time_per_s"] == found.timeline["calm_in_time_per_s"]).all()


def test_a_boundary_contains_what_a_process_does_not():
    found = sim.drill(sim.loads(SHOP), "pay", at="5s", for_="4s", duration="25s", engine="compiled")
    assert found.table["same_as"].tolist() == ["", "", "", "", "", "none", "none", "none"]
    entries = found.entries.set_index(["deployment", "policies", "entry"])["lost"]
    assert entries["microservices", "none", "web.look"] == 0
    assert entries["monolith", "none", "web.look"] > 50
    # Who buys while it is down is lost in both; who is on the way at an end of it, in the one or the other.
    calm = sim.simulate(sim.loads(SHOP.replace(", policy: guarded", "")), duration="25s", engine="reference").requests
    buying = calm[calm["endpoint"] == "web.buy"]
    longest = buying["latency_s"].max()
    for deployment in ("microservices", "monolith"):
        lost = 3 * entries[deployment, "none", "web.buy"]
        sure, possible = (
            buying["arrival_s"].between(*ends).sum() for ends in ((5, 9 - longest), (5 - longest, 9))
        )  # fmt: skip
        assert 150 < sure <= round(lost) <= possible
    assert found.row("microservices", "full")["lost"] == 0
    assert found.row("microservices", "full")["degraded"] > 50
    assert found.row("microservices", "retries")["retry_amplification"] > 1.2
    assert found.row("microservices", "none")["retry_amplification"] == 1
    assert found.shared == {"microservices": (), "monolith": ("web",)}
    blast = found.blast[found.blast["shown"]]
    assert set(zip(blast["deployment"], blast["policies"], blast["service"], blast["quantity"], strict=True)) >= {
        ("microservices", "none", "web", "error_ratio"), ("monolith", "none", "web", "error_ratio"),
    }  # fmt: skip


def test_the_baseline_is_seen_and_adds_up():
    found = sim.drill(sim.loads(SHOP), "pay", at="5s", for_="4s", duration="25s", **ONE)
    lines = found.timeline
    assert lines["offered_per_s"].mean() * 25 == pytest.approx(found.table["requests"].iloc[0])
    before = lines[lines["time_s"] < 4]
    assert (before["in_time_per_s"] == before["calm_in_time_per_s"]).all()
    assert (lines["in_time_per_s"] <= lines["goodput_per_s"]).all()
    assert (lines["goodput_per_s"] <= lines["offered_per_s"]).all()


STORM = (
    HEAD
    + """\
name: storm
policies:
  eager: {timeout: 1s, retries: {attempts: 3, perTryTimeout: 200ms, backoff: 10ms}, BUDGET}
services:
  web: {steps: [{call: stock, policy: eager}]}
  stock: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}
workload: {call: web, rate: 40/s}
slos: {web: {call: web, p99: 500ms, errorRate: 5%}}
"""
)


@pytest.mark.one_in(3)
def test_what_stays_down_is_metastable_and_a_budget_mends_it():
    text = STORM.replace("BUDGET", "retryBudget: {percent: 10, minRetryConcurrency: 1}")
    found = sim.drill(
        sim.loads(text), "stock", "pause", at="5s", for_="5s", duration="45s", deployments=["microservices"],
        policies=["retries", "full"], engine="compiled",
    )  # fmt: skip
    storm, calm = found.table.to_dict(orient="records")
    assert (storm["verdict"], storm["recovered"], storm["time_to_recover_s"]) == ("metastable", 0, math.inf)
    assert calm["verdict"] == "comes back"
    assert calm["time_to_recover_s"] < 15
    assert found.met
    assert "microservices (retries) does not come back within 280 s after the fault" in found.verdict
    alone = sim.drill(
        sim.loads(STORM.replace(", BUDGET", "")), "stock", "pause", at="5s", for_="5s", duration="45s", **ONE
    )
    assert not alone.met


@pytest.mark.one_in(3)
def test_a_queue_that_drains_for_longer_than_the_run_is_not_metastable(monkeypatch):
    """10 s of 90 requests wait, 10 more than that drain a second: late by 1 s until (900 - 99) / 10 s have passed."""
    topology = sim.loads(EVEN).replace({"workload.rate": "90/s"})
    options = {"at": "4s", "for_": "10s", "duration": "30s", **ONE}
    found = sim.drill(topology, "web", "pause", **options)
    assert found.table[["verdict", "time_to_recover_s"]].to_numpy().tolist() == [["comes back", 81.0]]
    assert "takes 81 s for it, longer than the run: what it loses after that is not counted" in found.verdict
    assert found.met
    monkeypatch.setattr(faulting, "LONGER", 5.0)
    assert sim.drill(topology, "web", "pause", **options).table["verdict"].tolist() == ["metastable"]


LOW = (
    HEAD
    + """\
services: {web: {steps: [{call: db}]}, db: {startup: 20s, steps: [{cpu: 1ms}]}}
network: {latency: 1ms}
workload: {call: web, rate: 0.3/s, arrivals: even}
"""
)


def test_few_requests_make_long_bins_of_which_what_went_well_is_well():
    """Down until 52 s + 20 s; one comes every 10/3 s: the last one that fails at 70 s."""
    found = sim.drill(sim.loads(LOW), "db", at="22s", for_="30s", **ONE)
    assert found.table[["verdict", "time_to_recover_s"]].to_numpy().tolist() == [["comes back", 19.0]]


def test_traffic_that_ends_is_no_reason_not_to_come_back():
    """Twenty a second for 20 s, killed from 10 s to 17 s: ready at 19 s, before the last second of traffic."""
    text = LOW.replace("rate: 0.3/s, arrivals: even", "startRate: 20/s, stages: [{target: 20/s, duration: 20s}]")
    found = sim.drill(sim.loads(text.replace("20s, steps", "2s, steps")), "db", at="10s", for_="7s", **ONE)
    assert found.table[["verdict", "time_to_recover_s"]].to_numpy().tolist() == [["comes back", 2.0]]


def test_what_is_overloaded_without_the_fault_is_called_that():
    topology = sim.loads(EVEN).replace({"workload.rate": "150/s"})
    found = sim.drill(topology, "web", "pause", at="4s", for_="2s", duration="20s", **ONE)
    assert found.table["verdict"].tolist() == ["overloaded"]
    assert not found.met
    assert "is overloaded without the fault too" in found.verdict


def test_users_who_wait_for_ever_ask_no_more():
    text = (
        HEAD
        + """\
services: {web: {steps: [{call: db}]}, db: {steps: [{cpu: 10ms}]}}
workload: {call: web, users: 10, thinkTime: 200ms}
"""
    )
    found = sim.drill(sim.loads(text), "db", "partition", at="4s", for_="2s", duration="20s", **ONE)
    row = found.table.iloc[0]
    assert row["lost"] == 10
    assert row["not_asked"] > 500
    assert row["verdict"] == "metastable"


def test_a_fault_that_does_nothing_in_a_deployment_is_warned_of():
    found = sim.drill(
        sim.loads(SHOP), "pay", "abort", at="4s", for_="2s", duration="8s", policies=["none"], engine="compiled"
    )
    assert found.warnings["microservices"] == ()
    (text,) = found.warnings["monolith"]
    assert text.endswith("no call to it crosses the network in this deployment: it does nothing")
    assert "warning: monolith: faults[0] (abort of pay): no call to it" in str(found)
    assert found.row("monolith", "none")[["lost", "late"]].eq(0).all()
    assert found.row("microservices", "none")["lost"] > 20


def test_one_set_twice_is_one_plan_once(monkeypatch):
    """Rule 15.4."""
    ran = []
    run_job = replicate.run_job
    monkeypatch.setattr(replicate, "run_job", lambda engine, job, *rest: ran.append(job) or run_job(engine, job, *rest))
    found = sim.drill(sim.loads(EVEN), "web", at="4s", for_="2s", duration="10s", engine="compiled")
    assert found.table["same_as"].tolist() == ["", "none", "none", "none"] * 2
    assert len(ran) == 2 * 2
    assert "No policy acts here: all policy sets are the same." in found.verdict
    assert str(found).count("as none") == 6


def test_the_same_on_any_number_of_workers():
    from concurrent.futures import ThreadPoolExecutor

    more = {"at": "4s", "for_": "2s", "duration": "12s", **ONE}
    with ThreadPoolExecutor(2) as pool:
        pooled = sim.drill(sim.loads(SHOP), "pay", executor=pool, **more)
    assert pooled.to_dict() == sim.drill(sim.loads(SHOP), "pay", **more).to_dict()


def test_progress_counts_the_runs():
    told = []
    sim.drill(
        sim.loads(SHOP), "pay", at="4s", for_="2s", duration="8s", policies=["none", "full"],
        deployments="microservices", engine="compiled", progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told[0] == (0, 12)
    assert told[-1] == (12, 12)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_progress_goes_on_while_loads_are_tried():
    told = []
    sim.drill(
        sim.loads(EVEN), "web", "pause", at="4s", for_="2s", duration="12s", find_load=True, precision=0.3, **ONE,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told[-1] == (12, 12)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert sum(2 < done < 12 for done, _ in told) > 2


def test_what_is_finished_is_kept(monkeypatch):
    ran = []
    run_job = replicate.run_job

    def interrupted(engine, job, *rest):
        ran.append(job)
        if len(ran) > 8:
            raise KeyboardInterrupt
        return run_job(engine, job, *rest)

    monkeypatch.setattr(replicate, "run_job", interrupted)
    found = sim.drill(
        sim.loads(SHOP), "pay", at="4s", for_="2s", duration="8s", engine="compiled", policies=["none", "full"]
    )
    assert found.interrupted
    assert found.table[["deployment", "policies"]].to_numpy().tolist() == [["microservices", "none"]]
    assert "interrupted" in str(found)


def test_an_interrupt_before_anything_is_one(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(replicate, "run_job", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sim.drill(sim.loads(EVEN), "web", at="4s", for_="2s", duration="8s", **ONE)


BUSY = """\
simulation: {warmup: 5s, replications: 5, seed: 2}
services: {s: {steps: [{cpu: {dist: exponential, mean: 9ms}}]}}
"""


def test_times_are_of_the_replications_in_which_it_is_seen():
    """An open queue at 90 %: 10 s that are 10 % slower make what waits anyway wait longer, in two of five."""
    text = BUSY + "workload: {call: s, rate: 100/s}\nslos: {s: {call: s, p99: 500ms}}\n"
    found = sim.drill(sim.loads(text), "s", "slow", factor=1.1, at="8s", for_="10s", duration="24s", **ONE)
    row = found.table.iloc[0]
    assert row["detected"] == 2
    assert row["sooner"] == 0
    assert row["late_net"] == row["late"] > 0
    assert row["late_net"] < row["late_net_half_width"]
    assert "2 of 5" in str(found)
    assert "none beyond chance in microservices" in found.verdict
    assert "microservices (full), in 2 of 5 replications: seen after" in found.verdict


def test_users_who_drift_apart_are_not_harmed_by_next_to_nothing():
    """Gross, there are some dozens of each; net, no more than chance: nothing was seen, and nothing has to recover."""
    text = BUSY.replace("seed: 2", "seed: 1") + (
        "workload: {call: s, users: 30, thinkTime: {dist: exponential, mean: 200ms}}\n"
        "slos: {s: {call: s, p99: 191ms}}\n"
    )
    found = sim.drill(
        sim.loads(text), "s", "slow", factor=1.001, at="8s", for_="5s", duration="30s", replications=3, **ONE
    )
    row = found.table.iloc[0]
    assert row["late"] > 20
    assert row["sooner"] > 20
    for name in ("late", "not_asked"):
        assert abs(row[f"{name}_net"]) < row[f"{name}_net_half_width"]
    assert (row["verdict"], row["detected"]) == ("unharmed", 0)
    assert math.isnan(row["time_to_recover_s"])
    assert found.met


@pytest.mark.parametrize("what", ["deployments", "policies"])
def test_nothing_to_compare_is_refused(what):
    with pytest.raises(sim.PlanError, match=f"{what}: expected at least one"):
        sim.drill(sim.loads(EVEN), "web", **{what: []})
