"""What callers of other services see, counted again from the attempts of the same runs (rule 15.13)."""

from dataclasses import replace

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
        assert seen.variance_s2[row] == pytest.approx(by["latency"].var(ddof=0)[name], rel=1e-6, nan_ok=True)
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


def among_many(plan, web, noise):
    """Five replications: the errors of web rise by its numbers, those of cart and mail and all latencies by noise."""
    names = list(plan.services.name)
    calm, faulty = [], []
    for row, rise in enumerate(web):
        errors = {"web": rise, "cart": noise[row], "mail": -noise[row], "pay": 0.0}
        calm.append(seen([100.0] * 4, [5.0] * 4, [0.1] * 4))
        latency = [0.1 + noise[(row + 1 + place) % 5] / 1000.0 for place in range(4)]
        faulty.append(seen([100.0] * 4, [5.0 + errors[name] for name in names], latency))
    return blast_rows(plan, ["pay"], calm, faulty, 0.95).set_index(["service", "quantity"])


def test_of_many_services_chance_names_none(plan):
    """Six rows, so that the first has to lie t(4, 1 - 0.05/12) / t(4, 1 - 0.05/2) = 4.851 / 2.776 = 1.747 away from 0.

    Of d = 1 - s, 1 - s, 1, 1 + s, 1 + s the mean is 1, the standard error s / sqrt(5), and the half width
    2.776 s / sqrt(5): 1.688 of these are 1 for s = 0.4771, as of a callee that nothing can happen to, and 2 for 0.4027.
    """
    noise = [0.3, -0.3, 0.2, -0.3, 0.1]
    spread = lambda s: [1.0 - s, 1.0 - s, 1.0, 1.0 + s, 1.0 + s]  # noqa: E731
    chance = among_many(plan, spread(0.4771), noise)
    row = chance.loc[("web", "error_ratio")]
    assert row["rise"] / row["half_width"] == pytest.approx(1.688, rel=1e-3)
    assert not chance["shown"].any()
    certain = among_many(plan, spread(0.4027), noise)
    assert certain.index[certain["shown"]].tolist() == [("web", "error_ratio")]


def test_fewer_calls_of_which_as_many_fail_are_no_harm(plan):
    """3 of 500 calls of mail fail, and 3 of the 465 that are made while its caller is down: by chance none of the 35.

    p (1 - p) = 0.005964, 1/465 - 1/500 = 0.00015054: a standard error of sqrt(0.005964 x 0.00015054 / 5) = 0.00042374,
    and t(4, 0.975) = 2.7764 of these are 0.0011765, above the rise of 0.00045161, which is the same every time.
    """
    calm, faulty = (seen([calls] * 4, [3.0] * 4, [0.1] * 4) for calls in (500.0, 465.0))
    table = blast_rows(plan, ["pay"], [calm] * 5, [faulty] * 5, 0.95).set_index(["service", "quantity"])
    row = table.loc[("mail", "error_ratio")]
    assert row["rise"] == pytest.approx(0.00045161, rel=1e-4)
    assert row["half_width"] == pytest.approx(0.0011765, rel=1e-4)
    assert not table["shown"].any()
    worse = seen([465.0] * 4, [9.0] * 4, [0.1] * 4)  # 0.01335 more, ten times as much as chance makes
    table = blast_rows(plan, ["pay"], [calm] * 5, [worse] * 5, 0.95).set_index(["service", "quantity"])
    assert table.xs("error_ratio", level="quantity")["shown"].all()


def test_fewer_calls_of_which_as_many_are_slow_are_no_harm(plan):
    """1 of 100 calls takes 1.001 s and the others 1 ms; with 7 of the quick ones less the mean is 7 % higher."""
    variance = np.full(4, 0.01 * 0.99)
    calm = replace(seen([100.0] * 4, [0.0] * 4, [0.011] * 4), variance_s2=variance)
    faulty = seen([93.0] * 4, [0.0] * 4, [0.001 + 1.0 / 93.0] * 4)
    table = blast_rows(plan, ["pay"], [calm] * 5, [faulty] * 5, 0.95).set_index(["service", "quantity"])
    row = table.loc[("mail", "latency_mean_s")]
    assert row["rise"] == pytest.approx(0.07 / 93.0)
    assert row["half_width"] == pytest.approx(2.7764 * np.sqrt(0.0099 * (1.0 / 93.0 - 1.0 / 100.0) / 5.0), rel=1e-4)
    assert not table["shown"].any()
