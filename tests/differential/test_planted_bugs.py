"""The suite is judged: each of these bugs, planted into a copy of the compiled engine, is found by a few cases."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import planting
import pytest
import twins
from features import FEATURES, compose
from generator import random_case
from lattice import TOPOLOGIES, lattice_case

from simulator.engines.reference import ReferenceEngine
from simulator.plan.engine import Engine

BUGS: list[tuple[str, str, str, str]] = []
"""Name, file, old text (which is in the file once), new text."""

PATIENCE_S = 20.0
"""For one case in plain Python."""

SEEDS = range(24)
"""Of the random cases among those that look for bugs."""

TOY = '''"""A toy of an engine, with a helper as the real one has."""

from dataclasses import replace

from ..reference import ReferenceEngine
from ...rules.jit import kernel, rule, uint64
from ...rules.randomness import child
from .helper import more


@rule("uint64(uint64)")
def one(word):
    return child(word, uint64(1), -1) // child(word, 1, 2**32 - 1)


class CompiledEngine(ReferenceEngine):
    name = "toy"

    def run(self, plan, **options):
        trace = super().run(plan, **options)
        return replace(trace, events=trace.events + more(0) * int(one(-5)))
'''
HELPER = """from ...rules.jit import kernel


@kernel
def more(number):
    while number < 0:
        pass
    return number + 0
"""
TOY_BUGS = [
    ("miscounts", "return number + 0", "return number + 1", "events: reference"),
    ("breaks down", "number + 0", "nobody", "NameError"),
    ("never ends", "number < 0", "number < 1", "Patience"),
]


@pytest.fixture(scope="module")
def cases(folder: Path):
    """Small cases, with the reference's answers when they are first asked for."""
    every = [lattice_case(name) for name in TOPOLOGIES]
    every += [compose(feature) for feature in FEATURES if not feature.alone]
    every += [random_case(seed) for seed in SEEDS]

    @cache
    def answer(number: int):
        plan = twins.plan_of(every[number], folder)
        return plan, twins.run(ReferenceEngine(), plan, every[number])

    def differences(engine: Engine, number: int) -> list[str]:
        plan, reference = answer(number)
        return list(twins.differences(reference, twins.run(engine, plan, every[number])))

    def first_difference(engine: Engine, most: int | None = None, seconds: float = PATIENCE_S) -> list[str]:
        for number in range(len(every) if most is None else most):
            found = planting.disagrees(engine, lambda engine, number=number: differences(engine, number), seconds)
            if found:
                return [f"case {number}", *found]
        return []

    return first_difference


@pytest.mark.parametrize(("file", "old", "new"), [bug[1:] for bug in BUGS], ids=[bug[0] for bug in BUGS])
def test_a_bug_is_found(cases, tmp_path, file, old, new):
    assert cases(planting.plant(planting.ENGINE, tmp_path, (file, old, new))())


def test_without_a_bug_none_is_found(cases, tmp_path):
    """Plain Python and machine code do the same, so that what is found is the bug."""
    assert cases(planting.plant(planting.ENGINE, tmp_path)()) == []


# -- how bugs are planted


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    source = tmp_path / "toy"
    source.mkdir()
    (source / "__init__.py").write_text(TOY, encoding="utf-8")
    (source / "helper.py").write_text(HELPER, encoding="utf-8")
    return source


@pytest.mark.parametrize(("old", "new", "said"), [bug[1:] for bug in TOY_BUGS], ids=[bug[0] for bug in TOY_BUGS])
def test_a_bug_in_a_toy_is_found(cases, toy, tmp_path, old, new, said):
    found = cases(planting.plant(toy, tmp_path, ("helper.py", old, new))(), most=1, seconds=2.0)
    assert said in "".join(found)


def test_in_a_toy_without_a_bug_none_is_found(cases, toy, tmp_path):
    assert cases(planting.plant(toy, tmp_path)(), most=3) == []


def test_a_bug_that_cannot_be_planted_is_said(toy, tmp_path):
    with pytest.raises(AssertionError, match="2 places"):
        planting.plant(toy, tmp_path, ("__init__.py", "one(", "two("))
