"""Rule 15.17: what a fault does to what nobody waits for."""

import numpy as np
import pytest

import simulator as sim

TEXT = """
simulation: {{replications: 3, warmup: 2s}}
services:
  web: {{steps: [{{cpu: 1ms}}, {{send: mail, probability: {probability}}}]}}
  mail: {{steps: [{{sleep: 40ms}}]}}
workload: {{call: web, rate: 10/s, arrivals: even}}
slos: {{{slos}}}
"""


def drill(fault, *, slos="", probability=1, **options):
    text = TEXT.format(slos=slos, probability=probability)
    topology = sim.loads(text + f"faults: [{{at: 4.05s, for: 3s, target: mail, {fault}}}]")
    return sim.drill(topology, policies=["full"], deployments=["microservices"], engine="compiled", **options)


@pytest.fixture(scope="module")
def dead():
    return drill("kill: {}")


def test_15_17_sends_to_what_is_dead_fail_and_no_request_does(dead):
    # Messages of the requests at 4.1 to 7.0 s are refused; that of 4.0 s is dealt with by 4.041 s.
    row = dead.row("microservices", "full")
    assert (row["unawaited_failed"], row["unawaited_failed_net"], row["unawaited_failed_net_half_width"]) == (30, 30, 0)
    assert (row["lost"], row["late"], row["settled_late"]) == (0, 0, 0)
    assert row["verdict"] == "kept"
    assert dead.met


def test_15_17_it_is_said(dead):
    text = str(dead)
    assert "what nobody waits for:" in text
    assert "  microservices (full): 30 more sends fail\n" in text
    assert "30 more sends failed in microservices" in dead.verdict


def test_15_17_one_replication_says_it_too():
    row = drill("kill: {}", replications=1).row("microservices", "full")
    assert (row["unawaited_failed_net"], row["verdict"]) == (30, "kept")


def test_15_17_what_settles_late_is_by_its_own_slo_or_by_twice_the_usual():
    # mail takes 40 ms, and 400 ms while the fault lasts; the answer takes 1 ms all the while.
    slow = "slow: {factor: 10}"
    assert drill(slow).row("microservices", "full")["settled_late"] == 30
    promised = drill(slow, slos="done: {call: web, until: settled, p99: 1s}").row("microservices", "full")
    assert (promised["settled_late"], promised["late"], promised["verdict"]) == (0, 0, "unharmed")
    strict = drill(slow, slos="done: {call: web, until: settled, p99: 100ms}").row("microservices", "full")
    assert (strict["settled_late"], strict["late"]) == (30, 0)


def test_15_17_without_sends_nothing_is_said():
    calm = drill("kill: {}", probability=0)
    assert "what nobody waits for" not in str(calm)
    row = calm.row("microservices", "full")
    assert not np.any([row[name] for name in ("unawaited_failed", "unawaited_failed_net", "settled_late")])
    assert row["verdict"] == "unharmed"
