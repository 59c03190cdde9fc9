import pickle
from dataclasses import replace

import numpy as np
import pytest

TEXT = """
services: {a: {steps: [{cpu: 1ms}, {call: b}]}, b: {steps: [{cpu: 1ms}]}}
workload: {call: a, rate: 1/s}
slos: {fast: {call: a, mean: 10ms}}
"""


def test_a_plan_cannot_be_changed(plan_of):
    plan = plan_of(TEXT)
    for loaded in (plan, pickle.loads(pickle.dumps(plan))):
        with pytest.raises(ValueError, match="read-only"):
            loaded.units.replicas[0] = 5


def test_a_pickled_plan_has_the_same_digest(plan_of):
    plan = plan_of(TEXT)
    assert pickle.loads(pickle.dumps(plan)).digest() == plan.digest()


def test_the_digest_is_of_what_a_run_depends_on(plan_of):
    plan = plan_of(TEXT)
    settings = replace(plan.settings, seed=9, replications=99, confidence=0.5)
    assert replace(plan, warnings=("x",), settings=settings, topology="y", deployment="z").digest() == plan.digest()
    assert replace(plan, settings=replace(plan.settings, drain_s=1.0)).digest() != plan.digest()
    assert replace(plan, objectives=()).digest() != plan.digest()


@pytest.mark.parametrize("part", ["programs", "distributions", "services", "endpoints", "calls", "units", "workloads"])
def test_every_column_is_in_the_digest(plan_of, part):
    plan = plan_of(TEXT)
    table = getattr(plan, part)
    for name, column in vars(table).items():
        other = (*column, "x") if isinstance(column, tuple) else np.append(column, column.dtype.type(1))
        assert replace(plan, **{part: replace(table, **{name: other})}).digest() != plan.digest(), name


def test_a_number_that_moves_to_the_next_column_changes_the_digest(plan_of):
    plan = plan_of(TEXT)
    units = plan.units
    swapped = replace(units, discipline=units.scheduling + 1, scheduling=units.discipline)
    assert replace(plan, units=swapped).digest() != plan.digest()
