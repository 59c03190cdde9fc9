"""What callers of other services see, counted again from the attempts of the same runs (rule 15.13)."""

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.engines.reference import ReferenceEngine
from simulator.experiments.drills.blast import Seen, blast_rows, see_services

FILE = """\
simulation: {duration: 12s, warmup: 1s, drain: 5s, replications: 1}
network: {latency: 1ms}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 4ms}}, {call: cart}, {send: mail}]}
  cart: {concurrency: 4, steps: [{call: pay, times: 2}]}
  pay: {steps: [{cpu: {dist: exponential, mean: 5ms}}]}
  mail: {steps: [{cpu: 1ms}]}
workload: {call: web, rate: 30/s}
faults: [FAULT]
"""
KILL = "{at: 4s, for: 3s, target: pay, kill: {}}"
PARTITION = "{at: 4s, for: 3s, target: pay, partition: {}}"


@pytest.mark.parametrize("fault", [KILL, PARTITION])
def test_it_is_what_the_attempts_say(fault):
    """Without policies every call is one try. Those without an end have failed: a partition leaves many."""
    topology = sim.loads(FILE.replace("FAULT", fault))
    plan = sim.compile(topology)
    trace = ReferenceEngine().run(plan, seed=1, replication=0, detail="attempts")
    result = sim.simulate(topology, engine="compiled", detail="attempts")
    arrival = result.requests.set_index("request")["arrival_s"]
    attempts = result.attempts[result.attempts["target"] != "mail"]
    when = attempts["request"].map(arrival)
    attempts = attempts[(when >= 4.0) & (when < 7.0)]
    seen = see_services(plan, trace, 4.0, 7.0)
    good = attempts["outcome"] == "ok"
    # A caller that dies with a call open is in no table of calls; here no caller dies.
    by = attempts.assign(failed=~good, latency=(attempts["end_s"] - attempts["start_s"]).where(good)).groupby(
        "target", observed=False
    )
    for row, name in enumerate(plan.services.name):
        if name == "mail":
            assert seen.calls[row] == 0
            continue
        assert seen.calls[row] == by.size()[name]
        assert seen.failed[row] == by["failed"].sum()[name]
        assert seen.latency_s[row] == pytest.approx(by["latency"].mean()[name], nan_ok=True)
    if fault == PARTITION:
        assert (attempts["outcome"] == "unfinished").sum() > 10


def seen(calls, failed, latency):
    return Seen(*(np.array(values, float) for values in (calls, failed, latency)))


@pytest.fixture
def plan():
    return sim.compile(sim.loads(FILE.replace("FAULT", KILL)), "monolith")


def test_rises_are_paired_and_only_what_rises_is_shown(plan):
    """Web's latency rises by 1 and 3 ms, whatever the replications differ; cart's falls; pay is the target."""
    names = list(plan.services.name)
    assert names[0] == "web"
    at = {name: names.index(name) for name in names}

    def one(web, cart, failed):
        latency, failures = [0.01] * 4, [0.0] * 4
        latency[at["web"]], latency[at["cart"]], failures[at["web"]] = web, cart, failed
        return seen([10.0] * 4, failures, latency)

    calm = [one(0.100, 0.05, 0.0), one(0.500, 0.05, 0.0)]
    faulty = [one(0.1999, 0.04, 5.0), one(0.6001, 0.03, 5.0)]
    table = blast_rows(plan, ["pay"], calm, faulty, 0.95).set_index(["service", "quantity"])
    assert "pay" not in table.index.get_level_values(0)
    web = table.loc[("web", "latency_mean_s")]
    assert (web["before"], web["after"]) == (pytest.approx(0.3), pytest.approx(0.4))
    assert web["rise"] == pytest.approx(0.1)
    assert web["half_width"] == pytest.approx(12.706 * 0.0001, rel=1e-3)
    assert bool(web["shown"])
    errors = table.loc[("web", "error_ratio")]
    assert (errors["rise"], errors["half_width"], bool(errors["shown"])) == (0.5, 0.0, True)
    assert not table.loc["cart", "shown"].any()
    assert not table.loc[("mail", "latency_mean_s"), "shown"]
    assert table["shares_process"].all()


def test_a_replication_that_saw_nothing_is_left_out_of_both_means(plan):
    nothing, something = seen([0.0] * 4, [0.0] * 4, [np.nan] * 4), seen([4.0] * 4, [1.0] * 4, [0.2] * 4)
    table = blast_rows(plan, ["pay"], [something, something], [something, nothing], 0.95)
    assert (table["before"] == table["after"]).all()
    assert pd.isna(table["half_width"]).all()
    assert not table["shown"].any()
