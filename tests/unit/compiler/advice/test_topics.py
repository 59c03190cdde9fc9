from textwrap import dedent

import pytest

import simulator as sim
from simulator.errors import PlanError

LOADED = """
network: {{latency: 1ms}}
services:
  cart: {{steps: [{{cpu: 1ms}}, {{call: payment}}]}}
  payment: {{replicas: 2, {more}steps: [{{cpu: 12ms}}]}}
workload: {{call: cart, {workload}}}
"""


def test_a_healthy_plan_has_no_warnings(plan_of):
    assert plan_of(LOADED.format(more="", workload="rate: 100/s")).warnings == ()


def test_what_nobody_reaches(plan_of):
    plan = plan_of("""
    services:
      a: {endpoints: {x: {steps: [{cpu: 1ms}]}, y: {steps: []}}}
      z: {steps: []}
      m: {endpoints: {x: {steps: []}, y: {steps: []}}}
    workload: {call: a.x, rate: 1/s}
    slos: {fast: {call: a.y, p99: 1s}}
    """)
    assert plan.warnings == (
        "a.y: no workload reaches it; it is left out of the plan",
        "m: no workload reaches it; it is left out of the plan and of the cost",
        "z: no workload reaches it; it is left out of the plan and of the cost",
        "slo fast: no workload reaches a.y; it cannot be judged and is left out",
    )


ASKED = """
services:
  a: {{endpoints: {{x: {{steps: [{{cpu: 1ms}}, {step}]}}, y: {{steps: []}}}}}}
  b: {{steps: [{{call: c}}]}}
  c: {{steps: []}}
workload: {workload}
slos: {{o: {{call: {call}, p99: 1s}}}}
"""
PLAIN = "{call: a.x, rate: 1/s}"
NOBODY = "slo o: nobody asks {0}: a weight, probability, times or rate of 0 is on every way to it; it cannot be judged"


@pytest.mark.parametrize(
    ("workload", "step", "call", "warning"),
    [
        ("{calls: [{call: a.x}, {call: a.y, weight: 0}], rate: 1/s}", "{cpu: 1ms}", "a.y", NOBODY),
        ("{call: a.x, rate: 0/s}", "{cpu: 1ms}", "a.x", NOBODY),
        ("{call: a.x, users: 0}", "{cpu: 1ms}", "a.x", NOBODY),
        (
            "{call: a.x, stages: [{target: 0/s, duration: 1m}, {target: 9/s, duration: 0s}]}",
            "{cpu: 1ms}",
            "a.x",
            NOBODY,
        ),
        (PLAIN, "{call: b, probability: 0}", "c", NOBODY),
        (PLAIN, "{call: b, times: 0}", "b", NOBODY),
        (PLAIN, "{choose: [{weight: 0, steps: [{call: b}]}, {steps: []}]}", "b", NOBODY),
        (PLAIN, "{parallel: [{steps: [{call: b, probability: 0}]}]}", "b", NOBODY),
        (PLAIN, "{send: b, probability: 0}", "b", NOBODY),
    ],
)
def test_what_nobody_asks_cannot_be_judged(plan_of, workload, step, call, warning):
    plan = plan_of(ASKED.format(workload=workload, step=step, call=call))
    assert plan.objectives == ()
    assert [text for text in plan.warnings if text.startswith("slo ")] == [f"{warning.format(call)} and is left out"]


@pytest.mark.parametrize(
    ("workload", "step", "call"),
    [
        (PLAIN, "{send: b}", "b"),
        (PLAIN, "{send: b}", "c"),  # b waits for it
        (PLAIN, "{parallel: [{steps: [{send: b}]}, {steps: [{call: b, probability: 0.001}]}]}", "b"),
        ("{call: a.x, startRate: 1/s, stages: [{target: 0/s, duration: 1m}]}", "{cpu: 1ms}", "a.x"),
        ("{call: a.x, users: 1, thinkTime: 1s}", "{cpu: 1ms}", "a.x"),
        (PLAIN, "{call: a.y, fallback: {steps: [{call: b}]}}", "b"),
    ],
)
def test_what_somebody_may_ask_is_judged(plan_of, workload, step, call):
    plan = plan_of(ASKED.format(workload=workload, step=step, call=call))
    assert [one.slo for one in plan.objectives] == ["o"]
    assert not [text for text in plan.warnings if text.startswith("slo ")]


def test_equal_cores_that_leave_one_replica_say_so():
    text = """
    services:
      a: {replicas: 4, steps: [{cpu: 1ms}, {call: b}]}
      b: {replicas: REPLICAS, steps: [{cpu: 1ms}]}
    workload: {call: a, rate: 1/s}
    """
    said = "at equal cores it is one replica of 7 cores: nothing is left when that one fails"
    seven, eight = (sim.loads(dedent(text).replace("REPLICAS", number)) for number in "34")
    assert [said in warning for warning in sim.compile(seven, "monolith", equal_cores=True).warnings].count(True) == 1
    for plan in (sim.compile(eight, "monolith", equal_cores=True), sim.compile(seven, "monolith")):
        assert not any("at equal cores" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("rate", "load", "use"), [("200/s", "2.4", "1.20"), ("167/s", "2.004", "1.00"), ("166/s", None, None)]
)
def test_an_offered_load_above_the_capacity(plan_of, rate, load, use):
    warnings = plan_of(LOADED.format(more="", workload=f"rate: {rate}")).warnings
    assert warnings == (
        ()
        if load is None
        else (
            f"payment: offered load {load} cores >= capacity 2 cores (utilisation {use}): unstable, its queue grows"
            " as long as the run lasts",
        )
    )


def test_an_offered_load_equal_to_the_capacity_is_too_much(plan_of):
    plan = plan_of("{services: {a: {steps: [{cpu: 500ms}]}}, workload: {call: a, rate: 2/s}}")
    assert plan.warnings == (
        "a: offered load 1 cores >= capacity 1 cores (utilisation 1.00): unstable, its queue grows as long as the run"
        " lasts",
    )


def test_a_peak_passes(plan_of):
    workload = "stages: [{target: 200/s, duration: 5m}, {target: 10/s, duration: 5m}]"
    assert plan_of(LOADED.format(more="", workload=workload)).warnings == (
        "payment: offered load 2.4 cores >= capacity 2 cores (utilisation 1.20): unstable, its queue grows while the"
        " peak lasts",
    )


def test_a_limited_queue_does_not_grow(plan_of):
    more = "concurrency: 4, queue: {capacity: 8}, "
    assert plan_of(LOADED.format(more=more, workload="rate: 200/s")).warnings == (
        "payment: offered load 2.4 cores >= capacity 2 cores (utilisation 1.20): it rejects requests as long as the"
        " run lasts",
    )


def test_slots_can_be_too_few_where_cores_are_not(plan_of):
    plan = plan_of("""
    network: {latency: 1ms}
    services: {cart: {concurrency: 5, steps: [{call: psp}]}, psp: {kind: external, steps: [{sleep: 98ms}]}}
    workload: {call: cart, rate: 60/s}
    """)
    assert plan.warnings == (
        "cart: offered load 6 slots >= capacity 5 slots (utilisation 1.20): unstable, its queue grows as long as the"
        " run lasts",
    )


def test_closed_workloads_offer_no_load(plan_of):
    assert plan_of(LOADED.format(more="", workload="users: 1000")).warnings == ()


LOSSY = """
network: {{latency: 1ms, links: [{{from: a, to: b, loss: 0.1%}}{link}]}}
services:
  a: {{steps: [{{cpu: 1ms}}{steps}]}}
  b: {{steps: [{{cpu: 1ms}}]}}
workload: {{shoppers: {{call: a, rate: 1/s}}}}
"""


@pytest.mark.parametrize(
    ("steps", "warned"),
    [
        (", {call: b, timeout: 1s}", False),
        (", {send: b}", False),  # nobody waits
        (", {call: b}, {call: b}", True),
        (", {call: b, timeout: 1s}, {call: b}", True),
    ],
)
def test_a_loss_without_a_timeout(plan_of, steps, warned):
    text = LOSSY.format(link="", steps=steps)
    message = (
        "a -> b: the link loses 0.1% of the messages and calls on it have no timeout: who loses one waits for ever"
    )
    assert plan_of(text).warnings == ((message,) if warned else ())
    assert not any("the link loses" in warning for warning in plan_of(text, "monolith").warnings)


def test_a_loss_at_the_edge(plan_of):
    text = LOSSY.format(link=", {from: shoppers, to: a, loss: 5%}", steps=", {send: b}")
    assert plan_of(text).warnings == (
        "shoppers -> a: the link loses 5% of the messages and calls on it have no timeout: who loses one waits for"
        " ever",
    )


def test_a_unit_without_replicas(plan_of):
    plan = plan_of(LOADED.format(more="", workload="rate: 500/s").replace("replicas: 2", "replicas: 0"))
    assert plan.warnings == ("payment: it has 0 replicas but is called; every call to it ends unreachable",)


def test_free_hops(plan_of):
    text = """
    services: {a: {steps: [{cpu: 1ms}, {call: b}]}, b: {steps: [{call: c}]}, c: {steps: []}}
    workload: {call: a, rate: 1/s}
    deployments: {two: {units: {left: {services: [a, b]}}}}
    """
    message = ("no network latency between units: hops are free: this flatters microservices",)
    assert plan_of(text).warnings == message
    assert plan_of(text, "two").warnings == message
    assert plan_of(text, "monolith").warnings == ()
    assert plan_of("network: {links: [{from: b, to: c, latency: 1ms}]}" + dedent(text)).warnings == ()
    assert plan_of("{services: {a: {steps: [{cpu: 1ms}]}}, workload: {call: a, rate: 1/s}}").warnings == ()


def test_stages_that_end_too_early(plan_of):
    text = LOADED.format(more="", workload="stages: [{target: 9/s, duration: LENGTH}, {target: 0/s, duration: 0s}]")
    assert plan_of(text.replace("LENGTH", "5m")).warnings == (
        "workload: its stages end at 5m, before the horizon (10m); nothing arrives after that",
    )
    assert plan_of(text.replace("LENGTH", "10m")).warnings == ()


def test_users_who_neither_think_nor_wait_are_refused(plan_of):
    message = (
        "workload tills: its users do not think and their requests take no time, so that the run would never end;"
        " give it a thinkTime, or work to do"
    )
    text = """
    services: {{a: {{steps: [{{sleep: {sleep}, probability: {p}}}, {{send: b}}]}}, b: {{steps: [{{cpu: 1s}}]}}}}
    workload: {{tills: {{call: a, users: {users}{think}}}}}
    """
    for sleep, p in (("0s", 1), ("1s", 0)):
        with pytest.raises(PlanError) as refused:
            plan_of(text.format(sleep=sleep, p=p, users=3, think=""))
        assert str(refused.value) == message
    plan_of(text.format(sleep="1s", p=0.1, users=3, think=""))
    plan_of(text.format(sleep="0s", p=1, users=3, think=", thinkTime: 1ms"))
    plan_of(text.format(sleep="0s", p=1, users=0, think=""))


MERGED = """
services:
  web: {concurrency: 8, steps: [{cpu: 1ms}, {call: billing, timeout: 300ms}, {call: bank, timeout: 1s}]}
  billing: {BILLING steps: [{cpu: 1ms}]}
  bank: {kind: external, steps: [{sleep: 1ms}]}
network: {latency: 1ms}
workload: {call: web, rate: 1/s}
"""


def test_what_a_process_has_no_use_for(plan_of):
    text = MERGED.replace("BILLING", "")
    assert plan_of(text).warnings == ()
    assert plan_of(text, "monolith").warnings == (
        "monolith: it has no limit of slots, since billing has none; those of web do not act"
        " (write `concurrency` on the unit)",
        "web -> billing: its timeout does not act inside monolith, where it is a function call",
    )
    assert plan_of(MERGED.replace("BILLING", "concurrency: 4,"), "monolith").warnings == (
        "web -> billing: its timeout does not act inside monolith, where it is a function call",
    )
