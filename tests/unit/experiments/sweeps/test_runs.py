"""One run of a sweep: the numbers are those of `simulate`, and whatever goes wrong is an outcome."""

import pickle

import numpy as np
import pytest

import simulator as sim
from simulator.experiments.sweeps.runs import Failure, Run, Stopped, make_run
from simulator.results.objectives import detail_needed


def table(run):
    return dict(zip(run.quantities, np.array(run.values).T, strict=True))


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_it_says_what_simulate_says(shop, deployment):
    run = make_run(sim.compile(shop, deployment), "reference")
    result = sim.simulate(shop, deployment, engine="reference", detail="summary")
    assert isinstance(run, Run)
    assert list(run.quantities) == list(result.replications.columns)
    for name, values in table(run).items():
        assert values.tobytes() == result.replications[name].to_numpy().tobytes()
    assert run.met == result.met
    assert sim.compile(shop, deployment).warnings + run.warnings == result.warnings


MM1 = """\
simulation: {duration: 100s, warmup: 10s, replications: 5, seed: 1}
services: {a: {steps: [{cpu: {dist: exponential, mean: 9ms}}]}}
workload: {call: a, rate: 100/s}
slos: {fast: {call: a, p99: 400ms}}
"""


def test_one_quantity_has_one_interval_and_a_doubt_is_said():
    """At 90 % utilisation p99 is -ln(0.01) 90 ms = 414 ms, and a short run carries no interval of it."""
    busy = sim.loads(MM1)
    run, result = make_run(sim.compile(busy), "compiled"), sim.simulate(busy, engine="compiled")
    place, row = run.quantities.index("latency_p99_s"), result.objectives.iloc[0]
    assert row["low"] < 0.4 < row["high"]
    assert row["low"] < 0.414 < row["high"]
    assert np.isnan([*run.ends[place], run.intervals[place][1], *run.objective_ends[0], run.objectives[0][2]]).all()
    assert (run.met, run.sure) == (result.met, False)
    loose = busy.replace({"slos.fast.p99": "5s"})
    assert make_run(sim.compile(loose), "compiled").sure
    calm = make_run(sim.compile(busy.replace({"workload.rate": "20/s"})), "compiled")
    assert calm.ends[place] == calm.objective_ends[0]
    assert calm.objectives[0][1:] == calm.intervals[place]
    low, high = calm.ends[place]
    assert low < calm.intervals[place][0] < high


def test_a_share_of_errors_has_its_interval():
    """None of n has failed: up to 3.7 / n may (rule 11.13)."""
    text = MM1.replace("p99: 400ms", "errorRate: 1%")
    assert make_run(sim.compile(sim.loads(text)), "compiled").objective_ends == ((0.0, 0.0),)  # nothing can fail
    rare = text.replace("{a: {", "{a: {errorRate: 0.0000001%, ")
    lossy = make_run(sim.compile(sim.loads(rare)), "compiled")
    requests = sum(row[lossy.quantities.index("requests")] for row in lossy.values)
    assert lossy.objective_ends[0][0] == 0.0
    assert lossy.objective_ends[0][1] == pytest.approx(3.689 / requests, rel=1e-3)


def test_shares_of_journeys_where_there_are_several(shop):
    assert make_run(sim.compile(shop), "reference").journeys == ()
    ((view, most), (buy, least)) = make_run(sim.compile(sim.loads(MIXED)), "reference").journeys
    assert (view, buy) == ("web.view", "web.buy")
    assert most + least == pytest.approx(1.0)
    assert most == pytest.approx(0.75, abs=0.05)


def test_what_the_compiler_warns_of_is_said_once(shop):
    busy = shop.replace({"workload.rate": 400})
    plan, result = sim.compile(busy), sim.simulate(busy, detail="summary")
    assert any("offered load" in text for text in plan.warnings)
    assert plan.warnings + make_run(plan, "compiled").warnings == result.warnings


def test_both_engines_give_one_run(shop):
    plan = sim.compile(shop)
    assert make_run(plan, "reference") == make_run(plan, "compiled")


def test_with_warmup_auto_the_cut_is_that_of_simulate(shop):
    slow = [{"at": "0s", "for": "10s", "target": "store", "slow": {"factor": 20}}]
    topology = shop.replace({"simulation.warmup": "auto", "simulation.duration": "60s", "faults": slow})
    run = make_run(sim.compile(topology), "reference")
    result = sim.simulate(topology, engine="reference")
    assert table(run)["requests"].tolist() == result.replications["requests"].tolist()
    assert result.provenance["warmup_s"] > 0.0


MIXED = """\
simulation: {duration: 20s, warmup: 2s, replications: 2}
services:
  web: {endpoints: {view: {steps: [{cpu: 5ms}, {call: store}]}, buy: {steps: [{cpu: 9ms}]}}}
  store: {steps: [{cpu: 3ms}]}
workload: {calls: [{call: web.view, weight: 3}, {call: web.buy, weight: 1}], rate: 40/s}
"""


@pytest.mark.parametrize(
    ("slo", "detail"),
    [
        ("{call: web.view, mean: 1s}", "summary"),
        ("{call: web.view, p99: 1s}", "requests"),  # one entry of two
        ("{call: web.buy, errorRate: 1%}", "requests"),
        ("{call: store, p99: 1s}", "requests"),
        ("{call: store, errorRate: 1%}", "summary"),
    ],
)
def test_as_much_is_recorded_as_objectives_need(slo, detail):
    topology = sim.loads(f"{MIXED}slos: {{one: {slo}}}\n")
    plan = sim.compile(topology)
    assert detail_needed(plan) == detail
    run = make_run(plan, "reference")
    assert run.met == sim.simulate(topology, detail="requests", engine="reference").met is True
    assert not any("not recorded" in text for text in run.warnings)
    if detail == "requests":  # and less would not do
        assert any("not recorded" in text for text in sim.simulate(topology, detail="summary").warnings)


def test_a_plain_objective_needs_no_requests(shop):
    assert detail_needed(sim.compile(shop)) == "summary"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (sim.EngineError("no room"), "no room"),
        (MemoryError(), "out of memory: make the run shorter"),
        (ZeroDivisionError("float division"), "ZeroDivisionError: float division: please report this"),
    ],
)
def test_what_goes_wrong_is_an_outcome(shop, cut_off, error, reason):
    cut_off(2, error)
    outcome = make_run(sim.compile(shop), "reference")
    assert isinstance(outcome, Failure)
    assert outcome.reason.startswith(reason)


def test_a_ctrl_c_is_none(shop, cut_off):
    cut_off(2)
    with pytest.raises(KeyboardInterrupt):
        make_run(sim.compile(shop), "reference")


def test_an_engine_that_is_not_there(shop):
    assert "there is no engine 'fast'" in make_run(sim.compile(shop), "fast").reason


def test_progress_rises_and_may_end_the_run(shop):
    told = []
    make_run(sim.compile(shop), "compiled", told.append)
    assert told == sorted(told)
    assert {0.0, 1 / 3, 2 / 3} <= set(told)

    def stop(share):
        if share > 0.3:
            raise Stopped

    with pytest.raises(Stopped):
        make_run(sim.compile(shop), "reference", stop)


def test_nan_has_one_pattern(shop):
    free = shop.replace({"prices": None})
    values = table(make_run(sim.compile(free), "reference"))["cost_per_hour"]
    assert values.tobytes() == np.full(3, np.nan).tobytes()


def test_an_outcome_travels(shop):
    run = make_run(sim.compile(shop), "reference")
    assert repr(pickle.loads(pickle.dumps(run))) == repr(run)  # NaN is not itself
