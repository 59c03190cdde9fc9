"""Random topologies; `soak.py` runs thousands of them, and makes a case that differs smaller."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soak
import twins
from generator import random_case

from simulator.engines.compiled import CompiledEngine
from simulator.engines.reference import ReferenceEngine
from simulator.plan.layout import Balancer, Discipline, Dist, FaultKind, Jitter, Op, Outcome, Scheduling, Shape, Window
from simulator.plan.measures import Level
from simulator.plan.plan import Plan
from simulator.plan.trace import Trace

CASES = 400
LOOKED_AT = 150
SHARES = {
    "waiting": 0.4, "rejected": 0.15, "timeout": 0.2, "error": 0.6, "unfinished": 0.3, "unreachable": 0.03,
    "many requests": 0.7, "several good ones": 0.5, "loss": 0.3, "link errors": 0.2, "inside": 0.2, "packing": 0.08,
    "no drain": 0.15, "warmup auto": 0.1, "microservices": 0.2, "monolith": 0.08, "units": 0.3,
    "circuit_open": 0.1, "degraded": 0.04, "re-tries": 0.25, "policies": 0.3, "breakers": 0.15, "bulkheads": 0.15,
    "budgets": 0.08, "summary": 0.08, "requests": 0.08, "attempts": 0.5, "no place in a queue": 0.08, "users": 0.2,
    "failures": 0.3, "startups": 0.28, "deaths known late": 0.2, "network faults": 0.18, "away": 0.35, "kill": 0.2,
    "pause": 0.17, "slow": 0.1, "abort": 0.1, "delay": 0.1, "partition": 0.1,
}  # fmt: skip
"""How many of the random cases have something, at least: some three quarters of what they have."""


@pytest.mark.one_in(6)
@pytest.mark.parametrize("seed", range(CASES))
def test_a_random_case(assert_same, seed):
    assert_same(random_case(seed))


@pytest.mark.one_in(3)
def test_random_cases_are_rich(folder):
    """The generator must not become trivial without notice."""
    found: Counter[str] = Counter()
    for seed in range(LOOKED_AT):
        case = random_case(seed)
        plan = twins.plan_of(case, folder)
        trace = twins.run(CompiledEngine(), plan, dataclasses.replace(case, detail="attempts"))
        assert isinstance(trace, Trace)
        found.update(dict.fromkeys([*planned(case, plan), *happened(trace)], 1))
    shares = {name: found[name] / LOOKED_AT for name in SHARES}
    assert {name: share for name, share in shares.items() if share < SHARES[name]} == {}


def planned(case: twins.Case, plan: Plan) -> Iterable[str]:
    """What a case contains."""
    calls, settings = plan.calls, plan.settings
    remote = calls.remote == 1
    names = {
        "loss": (calls.loss > 0.0).any(),
        "link errors": (calls.error_rate > 0.0).any(),
        "inside": not remote.all(),
        "packing": (calls.serialization >= 0).any(),
        "no drain": settings.drain_s == 0.0,
        "warmup auto": settings.warmup_s is None,
        "no place in a queue": (plan.units.queue_capacity == 0).any(),
        "users": (plan.workloads.users > 0).any(),
        "policies": plan.policies.call.size > 0,
        "breakers": plan.breakers.callers.size > 0,
        "bulkheads": plan.bulkheads.callers.size > 0,
        "budgets": plan.budgets.callers.size > 0,
        "failures": plan.failures.service.size > 0,
        "startups": plan.startups.unit.size > 0,
        "deaths known late": plan.health.unit.size > 0,
        "network faults": plan.crossings.call.size > 0,
        **{kind.name.lower(): (plan.faults.kind == kind).any() for kind in FaultKind},
    }
    return [case.deployment, case.detail, *(name for name, there in names.items() if there)]


def happened(trace: Trace) -> Iterable[str]:
    """What became of it."""
    assert trace.attempts is not None
    assert trace.requests is not None
    outcomes = [Outcome(value).word for value in np.unique(trace.attempts.outcome)]
    names = {
        "waiting": trace.levels[-1, :, Level.WAITING].sum() > 0.05 * trace.edges[-1],
        "many requests": len(trace.requests.request) > 20,
        "away": (trace.ready[-1] < trace.replicas[-1]).any(),
        "re-tries": trace.attempts.attempt.max(initial=0) > 0,
        "several good ones": len(trace.latency_s) > 5,
    }
    return [*outcomes, *(name for name, there in names.items() if there)]


@pytest.mark.one_in(3)
def test_random_cases_have_every_word_of_the_plan(folder):
    plans = [twins.plan_of(random_case(seed), folder) for seed in range(LOOKED_AT)]

    def seen(*path: str) -> set[int]:
        return {value for plan in plans for value in getattr(getattr(plan, path[0]), path[1]).tolist()}

    assert seen("programs", "op") == set(Op)
    assert seen("distributions", "kind") == set(Dist)
    assert seen("units", "balancer") == set(Balancer)
    assert seen("units", "choice_count") == {-1, 2, 3}
    assert seen("units", "scheduling") == set(Scheduling)
    assert seen("units", "discipline") == set(Discipline)
    assert seen("workloads", "shape") == set(Shape)
    assert seen("services", "kind") == {0, 1, 2, 3}
    assert seen("policies", "jitter") == set(Jitter)
    assert seen("breakers", "window") == set(Window)
    assert seen("faults", "kind") == set(FaultKind)


def test_a_case_is_that_of_its_seed():
    assert random_case(7) == random_case(7)
    assert random_case(7) != random_case(9)


@pytest.mark.one_in(3)
def test_soaking_says_what_differs_and_makes_it_smaller(monkeypatch, capsys, folder: Path):
    """With an engine that miscounts where somebody sleeps."""

    class Wrong(ReferenceEngine):
        def run(self, plan: Plan, **options) -> Trace:
            trace = super().run(plan, **options)
            return dataclasses.replace(trace, events=trace.events + int(Op.SLEEP in plan.programs.op))

    monkeypatch.setattr(twins, "CompiledEngine", Wrong)
    seed = next(seed for seed in range(100) if list(twins.differences(*answers(seed, folder))))
    assert soak.main(["1", "--start", str(seed), "--shrink"]) == 1
    said = capsys.readouterr().out
    assert f"seed {seed}" in said
    assert "events: reference" in said
    _, _, smaller = said.rpartition("made smaller")
    assert smaller.count("sleep") == 1
    assert "parallel" not in smaller


def answers(seed: int, folder: Path) -> tuple[twins.Outcome, twins.Outcome]:
    """What both engines make of a seed."""
    pair = twins.run_both(random_case(seed), folder)
    return pair.reference, pair.compiled
