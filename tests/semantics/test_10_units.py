"""Section 10: units."""

from __future__ import annotations

import pytest

import simulator as sim

PAIR = "a: {steps: [{cpu: 1t}, {call: b, timeout: 4t}]}\nb: {steps: [{cpu: 9t}]}"


def test_10_1_a_call_inside_a_unit_is_a_function_call(run):
    """No network, no packing, no timeout; but a span and a visit like any other."""
    extra = "network: {latency: 5t, serialization: 2t}"
    seen = run(PAIR, deployment="monolith", extra=extra)
    assert seen.ends == [10]
    assert seen.outcomes == ["ok"]
    assert seen.spans("b") == [(1, 10, "ok")]
    assert seen.result.attempts["parent"].tolist() == [-1, 0]
    assert seen.result.attempts["caller"].tolist() == ["workload", "a"]
    assert seen.number("b", "throughput_per_s") == 0.5
    assert seen.breakdown("a") == {"service": 1}
    assert seen.breakdown("b") == {"service": 9}


def test_10_1_it_stays_in_its_replica(run):
    services = (
        "a: {replicas: 3, loadBalancer: ROUND_ROBIN, steps: [{call: b}]}\nb: {loadBalancer: ROUND_ROBIN, steps: []}"
    )
    extra = "deployments: {monolith: {units: {all: {services: [a, b], replicas: 3}}}}"
    seen = run(services, at=range(6), deployment="monolith", extra=extra)
    assert seen.replicas("a") == seen.replicas("b") == [0, 1, 2, 0, 1, 2]


def test_10_1_it_needs_no_slot_of_its_own(run):
    """One slot and no queue, and b is called while a has the slot."""
    unit = "{services: [a, b], concurrency: 1, queue: {capacity: 0}}"
    seen = run(
        PAIR, at=[0, 5, 10], deployment="monolith", extra=f"deployments: {{monolith: {{units: {{all: {unit}}}}}}}"
    )
    assert seen.outcomes == ["ok", "rejected", "ok"]
    assert seen.causes[1] == "rejected@a"


def test_10_1_services_of_a_unit_compete_for_its_cores(run):
    services = (
        "a: {steps: [{parallel: [{cpu: 4t}, {call: b}, {call: c}]}]}\nb: {steps: [{cpu: 3t}]}\nc: {steps: [{cpu: 5t}]}"
    )
    unit = "{services: [a, b, c], resources: {cpu: 1}}"
    seen = run(services, deployment="monolith", extra=f"deployments: {{monolith: {{units: {{all: {unit}}}}}}}")
    assert [seen.spans(name)[0][1] for name in "bc"] == [7, 12]
    assert [seen.number(name, "waiting_time_s") for name in "abc"] == [0, 4, 7]
    assert [seen.number(name, "queue_length") * 1024 for name in "abc"] == [0, 4, 7]
    units = seen.result.units.loc["all"]
    assert units["utilisation_ratio"] == 12 / 3 / 1024  # three replicas, as many cores as the services have
    assert units["queue_length"] == 11 / 1024


def test_10_1_an_error_is_passed_up(run):
    services = "a: {steps: [{call: b}]}\nb: {steps: [{call: c}]}\nc: {errorRate: 100%, steps: []}"
    seen = run(services, deployment="monolith")
    assert [outcome for name in "abc" for _, _, outcome in seen.spans(name)] == ["error"] * 3
    assert seen.causes == ["error@c"]


def test_10_1_speed_stays_with_the_service(run):
    services = "a: {speed: 2, steps: [{cpu: 4t}, {call: b}]}\nb: {speed: 0.5, steps: [{cpu: 4t}]}"
    assert run(services, deployment="monolith").ends == [10]


MEMBERS = """
a: {{replicas: 3, resources: {{cpu: 250m, memory: 256Mi}}, concurrency: 8, queue: {{capacity: 10}},
     steps: [{{call: b}}, {{call: c}}]}}
b: {{replicas: 2, resources: {{cpu: 2, memory: 1Gi}}, concurrency: 4, queue: {{capacity: 5}}, steps: [{{call: d}}]}}
c: {{replicas: 2, resources: {{cpu: 500m, memory: 512Mi}}, {c}, steps: [{{cpu: 1ms}}]}}
d: {{kind: database, resources: {{cpu: 4}}, steps: [{{cpu: 1ms}}]}}
unused: {{replicas: 50, resources: {{cpu: 8, memory: 64Gi}}, steps: []}}
"""


def test_10_2_the_derived_monolith(compiled):
    """cpu: 0.25 + 2 + 0.5, rounded up to 3. Cores in microservices: 0.75 + 4 + 1: two replicas of 3 are enough."""
    units = compiled(MEMBERS.format(c="concurrency: 1, queue: {capacity: 0}")).units
    assert units.name == ("monolith", "d")
    assert units.cpu.tolist() == [3, 4]
    assert units.cores.tolist() == [3, 4]
    assert units.replicas.tolist() == [2, 1]
    assert units.memory[0] == (256 + 1024 + 512) * 2**20
    assert units.concurrency[0] == 8 + 4 + 1
    assert units.queue_capacity[0] == 15
    assert units.concurrency[1] == -1


@pytest.mark.parametrize(
    ("c", "slots", "places"),
    [("speed: 1", -1, -1), ("concurrency: 2", 14, -1), ("concurrency: 2, queue: {capacity: 1}", 14, 16)],
)
def test_10_2_one_without_a_limit_has_none_for_all(compiled, c, slots, places):
    units = compiled(MEMBERS.format(c=c)).units
    assert (units.concurrency[0], units.queue_capacity[0]) == (slots, places)


@pytest.mark.parametrize(
    ("cpus", "replicas", "cpu", "derived"),
    [
        (("100m", "200m"), (1, 1), 0.3, 1),
        (("100m", "200m"), (3, 3), 0.3, 3),
        (("500m", "500m"), (1, 1), 1, 1),
        (("500m", "600m"), (1, 1), 2, 1),
        (("500m", "600m"), (4, 4), 2, 3),
        (("1", "1"), (5, 2), 2, 4),
    ],
)
def test_10_2_cores_above_one_are_rounded_up_and_replicas_are_the_fewest(compiled, cpus, replicas, cpu, derived):
    services = "\n".join(
        f"{name}: {{replicas: {count}, resources: {{cpu: {one}}}, steps: [{step}]}}"
        for name, count, one, step in zip("ab", replicas, cpus, ("{call: b}", "{cpu: 1ms}"), strict=True)
    )
    units = compiled(services).units
    assert units.cpu[0] == pytest.approx(cpu, rel=1e-12)
    assert units.replicas[0] == derived


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("scheduling", "PS"),
        ("loadBalancer", "ROUND_ROBIN"),
        ("loadBalancer", "{simple: LEAST_REQUEST, choiceCount: all}"),
    ],
)
def test_10_2_what_does_not_agree_has_to_be_written(compiled, key, word):
    services = f"a: {{{key}: {word}, steps: [{{call: b}}]}}\nb: {{steps: []}}"
    with pytest.raises(sim.PlanError, match=f"do not agree on `{key}`"):
        compiled(services)
    written = f"deployments: {{monolith: {{units: {{all: {{services: [a, b], {key}: {word}}}}}}}}}"
    assert compiled(services, extra=written).units.name == ("all",)


@pytest.mark.parametrize(
    ("replicas", "written", "expected"),
    [
        # T = 7 cores: with 3 replicas or fewer 7 has the divisor 1 only
        ((3, 4), "", (1, 7)),
        # T = 6, own replicas 3 of 2 cores
        ((3, 3), "", (3, 2)),
        # T = 12 of 2 cores each is 6 replicas; written as 5, the largest divisor is 4
        ((6, 6), "replicas: 5", (4, 3)),
        ((6, 6), "replicas: 20", (12, 1)),
        ((6, 6), "", (6, 2)),
    ],
)
def test_10_3_at_equal_cores(compiled, replicas, written, expected):
    services = (
        f"a: {{replicas: {replicas[0]}, steps: [{{call: b}}]}}\nb: {{replicas: {replicas[1]}, steps: [{{cpu: 1ms}}]}}"
    )
    extra = f"deployments: {{monolith: {{units: {{all: {{services: [a, b]{', ' if written else ''}{written}}}}}}}}}"
    units = compiled(services, extra=extra, equal_cores=True).units
    assert (units.replicas[0], units.cores[0]) == expected
    assert units.cpu[0] == units.cores[0]


def test_10_3_a_sum_above_one_is_rounded_up_and_one_below_is_kept(compiled):
    small = "resources: {{cpu: 300m}}"
    services = f"a: {{{{replicas: {{}}, {small}, steps: [{{{{call: b}}}}]}}}}\nb: {{{{{small}, steps: []}}}}"
    units = compiled(services.format(1), equal_cores=True).units
    assert (units.replicas[0], units.cpu[0]) == (1, pytest.approx(0.6))
    units = compiled(
        services.format(4), equal_cores=True
    ).units  # 1.5 cores are 2; of 0.6 each it would have 3 replicas
    assert (units.replicas[0], units.cpu[0]) == (2, 1)


def test_10_3_databases_and_single_services_stay_as_they_are(compiled):
    services = """
    a: {replicas: 2, steps: [{call: b}]}
    b: {replicas: 2, steps: [{call: d}]}
    d: {kind: database, replicas: 3, resources: {cpu: 4}, steps: [{cpu: 1ms}]}
    """
    units = compiled(services, equal_cores=True).units
    assert units.name == ("monolith", "d")
    assert units.replicas.tolist() == [2, 3]
    assert units.cores.tolist() == [2, 4]


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_10_4_what_no_workload_reaches_is_left_out(run, deployment):
    extra = "prices: {vcpuHour: 1, gibHour: 1, unitHour: 1}"
    alone = "a: {steps: [{cpu: 4t}]}"
    unused = "\nx: {replicas: 9, resources: {cpu: 8, memory: 9Gi}, steps: [{call: a}]}\ny: {kind: cache, steps: []}"
    seen = run(alone + unused, deployment=deployment, extra=extra)
    assert seen.result.services.index.tolist() == ["a"]
    assert len(seen.result.units) == 1
    assert seen.result.summary["cost_per_hour"] == 2


def test_10_2_a_written_unit_leaves_the_others_alone(compiled):
    services = "a: {steps: [{call: b}, {call: c}]}\nb: {steps: []}\nc: {replicas: 2, steps: []}"
    extra = "deployments: {modular: {units: {front: {services: [a, b], replicas: 5, resources: {cpu: 3}}}}}"
    units = compiled(services, "modular", extra=extra).units
    assert units.name == ("front", "c")
    assert units.replicas.tolist() == [5, 2]
    assert units.cores.tolist() == [3, 1]


# -- servers of databases

TWO = """
a: {steps: [{parallel: [{call: x, timeout: 40t}, {call: y, timeout: 40t}]}]}
x: {kind: database, steps: [{cpu: 4t}]}
y: {kind: database, steps: [{cpu: 3t}]}
"""
SHARED = "deployments: {shared: {units: {tables: {services: [x, y], replicas: 1, resources: {cpu: 1}%s}}}}"


def test_10_5_databases_of_one_server_share_its_cores(run):
    """Each has a core of its own, or both have one."""
    assert run(TWO, deployment="microservices", extra=SHARED % "").ends == [4]
    shared = run(TWO, deployment="shared", extra=SHARED % "")
    assert shared.ends == [7]
    assert [shared.number(name, "waiting_time_s") for name in "xy"] == [0, 4]
    assert shared.result.units.index.tolist() == ["a", "tables"]


def test_10_5_and_its_slots_and_its_network(run):
    """A slot for both, and each call goes over the network."""
    extra = SHARED % ", concurrency: 1, queue: {capacity: 0}" + "\nnetwork: {latency: 2t}"
    shared = run(TWO, deployment="shared", extra=extra)
    assert [ending for _, _, ending in shared.spans("x") + shared.spans("y")] == ["ok", "rejected"]
    extra = SHARED % "" + "\nnetwork: {latency: 2t}"
    assert [end for _, end, _ in run(TWO, deployment="shared", extra=extra).spans("y")] == [11]


@pytest.mark.parametrize("target", ["x", "y"])
@pytest.mark.parametrize(("fault", "ends", "outcomes"), [("kill", 2, "error"), ("pause", 27, "ok")])
def test_10_5_it_dies_and_stands_still_as_one(run, target, fault, ends, outcomes):
    """Whichever of them the fault is on: what the other one does is lost, or waits, as well."""
    extra = SHARED % "" + f"\nfaults: [{{at: 2t, for: 20t, target: {target}, {fault}: {{}}}}]"
    seen = run(TWO, deployment="shared", extra=extra)
    assert seen.ends == [ends]
    alone = run(TWO, deployment="microservices", extra=extra)
    other = "y" if target == "x" else "x"
    assert alone.spans(other) == [(0, {"x": 4, "y": 3}[other], "ok")]
    assert {ending for name in "xy" for _, _, ending in seen.spans(name)} == {outcomes}


def test_10_5_the_derived_monolith_merges_no_databases(run):
    services = "a: {steps: [{call: b}, {call: x}, {call: y}]}\nb: {steps: []}" + TWO[TWO.index("\nx") :]
    assert run(services, deployment="monolith", extra=SHARED % "").result.units.index.tolist() == ["monolith", "x", "y"]


def test_10_5_a_server_is_sized_and_priced_as_any_unit():
    text = """
    services:
      a: {steps: [{call: x}, {call: y}]}
      x: {kind: database, replicas: 2, resources: {cpu: 2, memory: 4Gi}, steps: [{cpu: 1ms}]}
      y: {kind: database, replicas: 1, resources: {cpu: 1, memory: 2Gi}, steps: [{cpu: 1ms}]}
    workload: {call: a, rate: 1/s}
    deployments: {shared: {units: {tables: {services: [x, y]}}}}
    prices: {vcpuHour: 1}
    """
    plan = sim.compile(sim.loads(text), "shared")
    row = plan.units.name.index("tables")
    assert (plan.units.cores[row], plan.units.replicas[row], plan.units.memory[row] / 2**30) == (3, 2, 6)
    assert plan.units.priced[row] == 1
