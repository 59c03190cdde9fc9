from itertools import pairwise

import pytest

from simulator.compiler.reach import find_reach
from simulator.errors import PlanError


def test_services_stand_by_distance_then_name_and_endpoints_with_their_services(parse):
    topology = parse("""
    services:
      unused: {steps: [{call: far}]}
      near: {endpoints: {z: {steps: [{parallel: [{send: far}]}]}, a: {steps: []}, unused: {steps: []}}}
      front: {steps: [{call: near.z, probability: 0}, {choose: [{steps: [{call: beside, times: 0}]}]}, {call: near.a}]}
      beside: {steps: [{call: far}]}
      far: {steps: []}
    workload: {call: front, rate: 1/s}
    """)
    reach = find_reach(topology)
    assert reach.services == ("front", "beside", "near", "far")
    assert reach.endpoints == (("front", ""), ("beside", ""), ("near", "a"), ("near", "z"), ("far", ""))


def test_a_service_is_as_near_as_its_nearest_endpoint(parse):
    topology = parse("""
    services:
      z: {endpoints: {b: {steps: [{call: m}]}, a: {steps: []}}}
      m: {steps: [{call: z.a}]}
    workload: {call: z.b, rate: 1/s}
    """)
    reach = find_reach(topology)
    assert reach.services == ("z", "m")
    assert reach.endpoints == (("z", "a"), ("z", "b"), ("m", ""))


def test_two_endpoints_that_call_each_others_services_are_no_cycle(parse):
    topology = parse("""
    services:
      a: {endpoints: {x: {steps: [{call: b.x}]}, y: {steps: []}}}
      b: {endpoints: {x: {steps: [{call: a.y}]}}}
    workload: {call: a.x, rate: 1/s}
    """)
    assert find_reach(topology).endpoints == (("a", "x"), ("a", "y"), ("b", "x"))


def test_a_cycle_is_refused_and_shown(parse):
    topology = parse("""
    services:
      front: {steps: [{call: c.z}]}
      c: {endpoints: {z: {steps: [{call: a.x}]}}}
      a: {endpoints: {x: {steps: [{parallel: [{call: b.y}]}]}}}
      b: {endpoints: {y: {steps: [{send: c.z, probability: 0.1}]}}}
    workload: {call: front, rate: 1/s}
    """)
    with pytest.raises(PlanError) as refused:
        find_reach(topology)
    told = "the calls form a cycle, which would never end: a.x -> b.y -> c.z -> a.x"
    place, source, caret = str(refused.value).split("\n")
    assert place == f"<text>:4:42: services.c.endpoints.z.steps[0].call: {told}"
    assert source[caret.index("^") :].startswith("a.x}")
    with pytest.raises(PlanError, match=r"^<text>:4:42: "):  # a change elsewhere moves nothing
        find_reach(topology.replace({"simulation.duration": "5m"}))
    with pytest.raises(PlanError, match=r"^services\.c\.endpoints\.z\.steps\[0\]\.call: the calls form a cycle"):
        find_reach(topology.replace({"services.c.endpoints.z.steps": [{"call": "a.x"}]}))


def test_a_cycle_through_a_fallback_is_shown_there(parse):
    topology = parse("""
    policies: {guarded: {fallback: {steps: [{call: b}]}}}
    services:
      a: {steps: [{call: c, policy: guarded}]}
      b: {steps: [{call: a}]}
      c: {steps: [{call: d, fallback: {steps: [{call: d}]}}]}
      d: {steps: []}
    workload: {call: a, rate: 1/s}
    """)
    with pytest.raises(PlanError, match=r"^<text>:5:26: services\.b\.steps\[0\]\.call: .*: a -> b -> a\n"):
        find_reach(topology)


@pytest.mark.parametrize("order", ["abc", "acb"])
@pytest.mark.parametrize("entry", ["a", "b", "c"])
def test_a_cycle_is_told_from_its_first_name_wherever_one_enters(parse, order, entry):
    calls = dict(zip(order, order[1:] + order[0], strict=True))
    services = ", ".join(f"{name}: {{steps: [{{call: {target}}}]}}" for name, target in calls.items())
    topology = parse(f"{{services: {{{services}}}, workload: {{call: {entry}, rate: 1/s}}}}")
    with pytest.raises(PlanError, match=f"never end: {' -> '.join([*order, 'a'])}\\n"):
        find_reach(topology)


def test_what_a_cycle_calls_is_not_part_of_it(parse):
    topology = parse("""
    services: {a: {steps: []}, b: {steps: [{call: c}]}, c: {steps: [{call: a}, {call: b}]}}
    workload: {call: c, rate: 1/s}
    """)
    with pytest.raises(PlanError, match=r"never end: b -> c -> b\n"):
        find_reach(topology)


def test_who_calls_itself_is_a_cycle(parse):
    topology = parse("{services: {a: {steps: [{call: a}]}}, workload: {call: a, rate: 1/s}}")
    with pytest.raises(PlanError, match=r"never end: a -> a\n"):
        find_reach(topology)


def test_a_cycle_that_nobody_reaches_does_not_matter(parse):
    topology = parse("""
    services: {front: {steps: []}, a: {steps: [{call: b}]}, b: {steps: [{call: a}]}}
    workload: {call: front, rate: 1/s}
    """)
    assert find_reach(topology).services == ("front",)


def test_a_long_chain_is_no_trouble(parse):
    names = [f"s{number:04}" for number in range(1500)]
    chain = [f"{name}: {{steps: [{{call: {after}}}]}}" for name, after in pairwise(names)]
    services = ", ".join([*chain, f"{names[-1]}: {{steps: []}}"])
    topology = parse(f"{{services: {{{services}}}, workload: {{call: s0000, rate: 1/s}}}}")
    assert find_reach(topology).services == tuple(names)
