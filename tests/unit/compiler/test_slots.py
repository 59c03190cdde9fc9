"""What slots let through that are held while their handlers wait at a callee (rule 16.4)."""

import math

import pytest

from simulator.compiler.expectations import expect
from simulator.compiler.napkin import napkin
from simulator.compiler.slots import slot_limits
from simulator.theory import Station, closed_network

FILE = """
services:
  gw: {{concurrency: {slots}, resources: {{cpu: 8}}, steps: [{{cpu: 100us}}, {more}{{call: db{policy}}}]}}
  db: {{replicas: {replicas}, resources: {{cpu: {cores}}}{balancer}, steps: [{{cpu: {time}}}]}}
workload: {{call: gw, rate: {rate}/s}}
"""


def plan(plan_of, **changes):
    keys = {"slots": 6, "more": "", "policy": "", "replicas": 4, "cores": 1, "balancer": "", "rate": 60,
            "time": "{dist: exponential, mean: 40ms}"}  # fmt: skip
    return plan_of(FILE.format(**keys | changes))


def limit(plan_of, **changes):
    (found,) = slot_limits(one := plan(plan_of, **changes), expect(one))
    return found


def test_one_station_is_a_closed_network_of_the_slots(plan_of):
    # six of 100.1 ms in all, of which 40 at two cores: the exact law
    found = limit(plan_of, replicas=1, cores=2, more="{sleep: 60ms}, ", rate=35)
    law = closed_network(6, [Station(0.04, 2)], 0.0601).throughput
    assert found.per_s == pytest.approx(law, rel=1e-6)
    assert (found.slots, found.at, found.asked_per_s) == (6, ("db",), pytest.approx(35.0))
    assert law < min(6 / 0.1001, 50.0)


def test_replicas_chosen_at_random_are_stations_of_their_own(plan_of):
    found = limit(plan_of, balancer=", loadBalancer: RANDOM")
    # N / (N + R - 1) of the whole, with no delay: balanced closed networks
    assert found.per_s == pytest.approx(100 * 6 / 9, rel=2e-3)


def test_the_chain_of_random_choices_is_the_closed_network_too(plan_of):
    one = limit(plan_of, balancer=", loadBalancer: {simple: LEAST_REQUEST, choiceCount: 1}")
    assert one.per_s == pytest.approx(limit(plan_of, balancer=", loadBalancer: RANDOM").per_s, rel=1e-5)


def test_the_emptier_of_two_lets_more_through(plan_of):
    # two replicas and two tokens without a delay: the states are 2-0 and 1-1. A choice of two draws joins the emptier
    # one but for a quarter of the time (both draws the fuller): 1-1 goes to 2-0 with 1/4 of its 2 mu, 2-0 goes to 1-1
    # with 3/4 of its mu. So 1-1 has 3/5 of the time, and the throughput is (3/5 x 2 + 2/5) mu = 1.6 mu
    found = limit(plan_of, slots=2, replicas=2, rate=20)
    assert found.per_s == pytest.approx(1.6 * 25.0, rel=0.01)


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "40ms"},  # not exponential
        {"policy": ", timeout: 10s"},
        {"more": "{parallel: [{cpu: 1us}, {cpu: 1us}]}, "},
    ],
)
def test_where_the_law_is_not_known_that_is_said(plan_of, changes):
    assert math.isnan(limit(plan_of, **changes).per_s)
    shown = str(napkin(plan(plan_of, **changes)))
    assert "waiting at callees holds slots too: gw may let less through than this says" in shown


def test_plenty_of_slots_are_no_limit(plan_of):
    one = plan(plan_of, slots=60)
    assert slot_limits(one, expect(one)) == []


def test_the_napkin_and_the_warning_say_so(plan_of):
    result = napkin(plan(plan_of))
    assert result.bottleneck == "gw"
    assert result.saturation_rate == pytest.approx(limit(plan_of).per_s)
    assert f"the 6 slots of gw let at most {result.saturation_rate:.2f}/s through" in str(result)
    rate = math.ceil(result.saturation_rate)
    assert "gw: " not in " ".join(plan(plan_of, rate=rate - 1).warnings)
    said = " ".join(plan(plan_of, rate=rate).warnings)
    assert "since waiting at db holds them: unstable, its queue grows as long as the run lasts" in said


def test_branches_one_after_the_other_tell_that_slots_may_be_few(plan_of):
    """Six slots before two callees of 10 and 9 ms at once: in sequence they would let a tenth less through."""
    file = """
services:
  g: {concurrency: 6, steps: [{parallel: [{call: s}, {call: t}]}]}
  s: {steps: [{cpu: {dist: exponential, mean: 10ms}}]}
  t: {steps: [{cpu: {dist: exponential, mean: 9ms}}]}
workload: {call: g, rate: 60/s}
"""
    assert "g may let less through than this says" in str(napkin(plan_of(file)))


def test_fewer_slots_of_a_callee_are_named(plan_of):
    file = """
services:
  g: {concurrency: 4, scheduling: PS, steps: [{cpu: 8ms}, {call: s}]}
  s: {scheduling: PS, concurrency: 2, steps: [{cpu: 6ms}, {sleep: 10ms}]}
workload: {call: g, rate: 60/s}
"""
    shown = " ".join(str(napkin(plan_of(file))).split())
    assert "the 4 slots of g let at most" in shown
    assert "and the fewer slots of s may leave less" in shown
    assert "fewer slots" not in str(napkin(plan_of(file.replace("concurrency: 2", "concurrency: 4"))))
