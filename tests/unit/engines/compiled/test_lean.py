"""Kernels that lack what a plan does not need."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import numpy as np
import pytest

import simulator as sim
from simulator.engines import compiled
from simulator.engines.compiled import CompiledEngine, engine
from simulator.engines.compiled.features import FEATURES, POLICIES, features_of
from simulator.engines.compiled.layout import World
from simulator.errors import EngineError
from simulator.machine_code import jit
from simulator.machine_code.compiling import part_of

PLAIN = """
simulation: {duration: 5s, warmup: 0s}
services: {a: {steps: [{cpu: 1ms}, {call: b}]}, b: {steps: [{cpu: 1ms}]}}
workload: {call: a, rate: 50/s}
"""
NEEDS = {
    "policies": ("{call: b}", "{call: b, retries: {attempts: 1}}"),
    "breakers": ("{call: b}", "{call: b, circuitBreaker: {slidingWindowSize: 10}}"),
    "outages": ("workload:", "faults: [{at: 1s, for: 1s, target: b, kill: {}}]\nworkload:"),
    "ejections": ("b: {steps", "b: {outlierDetection: {}, steps"),
    "sharing": ("b: {steps", "b: {scheduling: PS, steps"),
    "closed": ("rate: 50/s", "users: 3, thinkTime: 1s"),
}


def plan_of(text: str):
    return sim.compile(sim.loads(text), "microservices")


def serving() -> dict[str, set[str]]:
    """The functions that serve a feature, by feature."""
    found: dict[str, set[str]] = {}
    for module in pkgutil.iter_modules(compiled.__path__, f"{compiled.__name__}."):
        for value in vars(import_module(module.name)).values():
            if getattr(value, "serves", ""):
                found.setdefault(value.serves, set()).add(value)
    return found


def test_every_feature_is_served_and_every_one_that_is_served_is_known():
    assert set(serving()) == FEATURES


def test_a_plain_plan_needs_none():
    assert features_of(plan_of(PLAIN)) == frozenset()


@pytest.mark.parametrize("feature", NEEDS)
def test_what_a_plan_needs(feature):
    old, new = NEEDS[feature]
    assert old in PLAIN
    assert features_of(plan_of(PLAIN.replace(old, new))) - {POLICIES} == {feature} - {POLICIES}


def test_a_replay_needs_its_own(tmp_path):
    (tmp_path / "times.csv").write_text("arrival_s\n0.5\n")
    text = PLAIN.replace("rate: 50/s", "replay: times.csv")
    assert features_of(sim.compile(sim.loads(text, base=tmp_path), "microservices")) == {"replays"}


@pytest.fixture
def at_hand(monkeypatch):
    """Which kernels are kept, by what they lack; none is the whole one."""
    kept: list[frozenset[str]] = []
    monkeypatch.setattr(engine, "kept_lean", lambda kernel: [one for one in kept if one])
    monkeypatch.setattr(engine, "is_at_hand", lambda kernel: kernel.absent in kept)
    return kept


def test_the_first_plans_have_a_lean_kernel_and_those_like_it_the_same(at_hand):
    plan, other = plan_of(PLAIN), plan_of(PLAIN.replace(*NEEDS["closed"]))
    first = engine.kernel_for([plan, other])
    assert first.absent == FEATURES - {"closed"}
    at_hand.append(first.absent)
    assert engine.kernel_for([plan]) is first
    assert engine.kernel_for([other]) is first


def test_plans_of_another_kind_have_the_whole_kernel_and_then_all_have(at_hand):
    at_hand.append(FEATURES)
    plan, other = plan_of(PLAIN), plan_of(PLAIN.replace(*NEEDS["closed"]))
    assert engine.kernel_for([other]) is engine.run_kernel
    at_hand.append(frozenset())
    assert engine.kernel_for([plan]) is engine.run_kernel


def test_any_plan_needs_the_whole_kernel(at_hand):
    assert engine.kernel_for([]) is engine.run_kernel


def test_what_a_kernel_is_kept_without_is_read_from_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)
    assert jit.kept_lean(engine.run_kernel) == []
    for absent in (frozenset(), frozenset({"closed"}), FEATURES):
        jit.object_file(jit.lean(engine.run_kernel, absent)).touch()
    assert jit.kept_lean(engine.run_kernel) == [FEATURES, frozenset({"closed"})]


@pytest.mark.parametrize("function", sorted(set().union(*serving().values()), key=lambda one: one.__qualname__))
def test_a_function_that_is_absent_says_so(function):
    stub = part_of(function, FEATURES).py_func
    memory = np.zeros(64, np.int64)
    given = [World(memory) if hint in stub.__code__.co_varnames else 0 for hint in stub.__code__.co_varnames]
    assert not stub(*given)
    assert World(memory).missing


def test_a_run_that_misses_a_function_is_an_error(monkeypatch):
    def kernel(memory, log, steps):
        return 0

    def prepare(self, plans=()):
        return kernel

    monkeypatch.setattr(CompiledEngine, "prepare", prepare)
    load = engine.load

    def broken(*args, **options):
        memory = load(*args, **options)
        World(memory).missing = True
        return memory

    monkeypatch.setattr(engine, "load", broken)
    with pytest.raises(EngineError, match="lacks"):
        CompiledEngine().run(plan_of(PLAIN), seed=1, replication=0, detail="summary")
