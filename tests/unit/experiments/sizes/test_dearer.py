"""Whether one deployment is shown to cost more than another (rule 13.10)."""

import pytest

import simulator as sim
from simulator.experiments.curves.prices import tell_apart

MIRROR = """\
simulation: {duration: 20s, warmup: 5s, replications: 3}
services:
  g: {resources: {cpu: 4}, steps: [{cpu: 1ms}, {choose: [{weight: 1, steps: [{call: a}]},
                                                         {weight: 1, steps: [{call: b}]}]}]}
  a: {steps: [{cpu: {dist: exponential, mean: 16ms}}]}
  b: {steps: [{cpu: {dist: exponential, mean: 16ms}}]}
workload: {call: g, rate: 80/s}
deployments:
  one: {units: {ua: {services: [a], resources: {cpu: 2}}, ub: {services: [b]}, ug: {services: [g]}}}
  two: {units: {ua: {services: [a]}, ub: {services: [b], resources: {cpu: 2}}, ug: {services: [g]}}}
  large: {units: {all: {services: [a, b, g], resources: {cpu: 64}}}}
slos: {g: {call: g, p99: 175ms}}
prices: {currency: USD, vcpuHour: 0.04, unitHour: 0.02}
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_mirror_images_are_not_told_apart(seed):
    topology = sim.loads(MIRROR)
    made = [sim.capacity(topology, name, seed=seed, max_replicas=4) for name in ("one", "two")]
    first, second = sorted(made, key=lambda one: one.cost_per_hour)
    assert not second.costs_more_than(first.cost_per_hour)
    told = tell_apart(made)
    assert first.cost_per_hour == second.cost_per_hour or max(one.cost_per_hour for one in told) == second.cost_per_hour


def test_what_is_far_too_large_is():
    topology = sim.loads(MIRROR)
    small, large = (sim.capacity(topology, name, max_replicas=4) for name in ("one", "large"))
    assert large.costs_more_than(small.cost_per_hour)
    assert not small.costs_more_than(large.cost_per_hour)
