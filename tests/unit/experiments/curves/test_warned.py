"""Warnings of the many runs of a curve: each once, with the places that it is of."""

import pytest

import simulator as sim
from simulator.experiments.curves.warned import Warned, gather
from simulator.experiments.curves.words import at_loads

LOADS = [20.0, 40.0, 80.0]
LATE = "faults[0] (kill of web): it begins at 2m, after the last arrival (4s)"


def told(*given: tuple[str, int, list[str]]) -> tuple[str, ...]:
    return gather([Warned(*one) for one in given], lambda places: at_loads(LOADS, places, "/s"))


def test_what_all_runs_say_has_no_place():
    assert told(("web", 0, [LATE]), ("web", 1, [LATE])) == (f"web: {LATE}",)


def test_what_some_runs_say_has_their_places():
    assert told(("web", 0, []), ("web", 1, ["a"]), ("web", 2, ["a"])) == (
        "web at the 2 loads tried from 40 to 80/s: a",
    )


def test_what_differs_in_numbers_and_units_only_is_said_once():
    texts = [
        f"p99 is known to {share} % only: make the run {times} long" for share, times in ((14, "3 s"), (9, "40 ms"))
    ]
    assert told(("web", 0, texts[:1]), ("web", 2, texts[1:])) == (f"web at 20/s: {texts[0]} (much the same at 80/s)",)


def test_numbers_that_are_names_are_none_and_nothing_is_lost():
    """Two faults, two percentiles, two services, and the same text twice at one place."""
    pairs = [("faults[0] a", "faults[1] a"), ("p99 b", "p95 b"), ("web-1 c", "web-2 c"), ("d 1", "d 2")]
    for one, other in pairs:
        assert told(("web", 0, [one, other])) == (f"web: {one}", f"web: {other}")


def test_deployments_are_told_apart_and_not_named_twice():
    assert told(("a", 0, ["x"]), ("b", 0, ["b: x"])) == ("a: x", "b: x")


FILE = """\
name: shop
simulation: {duration: 4s, warmup: 1s, seed: 3, replications: 2}
network: {latency: 1ms}
services: {web: {replicas: 2, steps: [{cpu: 5ms}]}}
workload: {call: web, rate: 20/s}
slos: {web: {call: web, p50: 900ms}}
prices: {vcpuHour: 0.04}
faults: [{at: 2m, for: 20s, target: web, kill: {replicas: 1}}]
"""
AXES = {"workload.rate": ["20/s"], "services.web.resources.memory": ["1Gi"]}
MADE = {
    "load": lambda shop: sim.load_curve(shop, [1, 2]),
    "cores": lambda shop: sim.core_curve(shop, ["web"], sizes=[1, 2]),
    "scaling": lambda shop: sim.scaling_curve(shop, [1, 2]),
    "break-even": lambda shop: sim.break_even(shop, AXES),
}


@pytest.mark.parametrize("curve", MADE)
def test_a_fault_after_the_end_of_the_run_is_warned_of_by_every_curve(curve):
    made = MADE[curve](sim.loads(FILE))
    names = ["web"] if curve == "cores" else ["microservices", "monolith"]
    assert [text for text in made.warnings if "faults[0]" in text] == [f"{name}: {LATE}" for name in names]
    assert made.answer().warnings == made.warnings
    assert list(made.answer().content["warnings"]) == list(made.warnings)
