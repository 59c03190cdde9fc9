"""Columns of tables are declared once, and what follows from it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pytest

from simulator.plan import policies
from simulator.plan.columns import (
    Bytes,
    Code,
    Count,
    Flag,
    Floats,
    Integers,
    Limit,
    Names,
    Percent,
    Rate,
    Ref,
    Seconds,
    Share,
    States,
    Stream,
    Table,
    empty,
)
from simulator.plan.explain import explain
from simulator.plan.layout import UNLIMITED, Jitter
from simulator.plan.plan import Plan

TEXT = """
policies:
  guarded: {circuitBreaker: {}, bulkhead: {}, retryBudget: {}, retries: {}, timeout: {dist: uniform, min: 1s, max: 2s}}
services:
  a: {steps: [{call: b, policy: guarded}], rateLimit: {}, failures: {mtbf: 1h, mttr: 1m}, startup: 1s, healthCheck: 1s}
  b: {replicas: 2, steps: [{cpu: 1ms}, {fail: x, probability: 50%}], outlierDetection: {}}
workload: {call: a, rate: 1/s}
faults: [{at: 1s, for: 1s, from: a, target: b, partition: {}}]
"""


@dataclass(frozen=True, eq=False)
class Made(Table):
    """A table of this test alone."""

    name: Names
    service: Annotated[Integers, Ref("services")]
    jitter: Annotated[Integers, Code(Jitter)]
    most: Limit
    wait_s: Seconds
    percent: Percent
    chance: Share
    rate: Rate
    room: Bytes
    strict: Flag
    stream: Stream
    factor: Floats


@dataclass(frozen=True, eq=False)
class Throttles(States):
    """Made-up states of callers."""

    target: Annotated[Integers, Ref("services")]
    limit: Count
    wait_s: Seconds


def made():
    return Made.of(
        name=["first", "second"], service=[1, -1], jitter=["FULL", Jitter.NONE], most=[7, UNLIMITED],
        wait_s=[0.25, np.inf], percent=[20, 0.5], chance=[0.001, 1], rate=[4, 0.5], room=[2**28, 0], strict=[True, 0],
        stream=[5, 6], factor=[1.5, 2],
    )  # fmt: skip


def test_a_column_has_the_type_that_it_is_declared_with(plan_of):
    plan = plan_of(TEXT)
    for name, table in plan.tables().items():
        assert len(table) > 0, f"TEXT has nothing of `{name}`: add something"
        for column in table.kinds().values():
            values = getattr(table, column.name)
            assert isinstance(values, tuple) if column.dtype is None else values.dtype == column.dtype, column


def test_what_is_referred_to_is_a_table_of_the_plan_and_has_such_a_row(plan_of):
    tables = plan_of(TEXT).tables()
    for table in tables.values():
        for column in table.kinds().values():
            if isinstance(column.kind, Ref):
                rows = getattr(table, column.name)
                assert (rows >= -1).all()
                assert (rows < len(tables[column.kind.table])).all(), column


def test_a_table_is_made_of_words_and_numbers():
    table = made()
    assert len(table) == 2
    assert table.name == ("first", "second")
    assert (table.jitter.tolist(), table.strict.tolist()) == ([1, 0], [1, 0])
    assert (table.most.dtype, table.percent.dtype) == (np.int64, np.float64)
    with pytest.raises(ValueError, match="read-only"):
        pickle.loads(pickle.dumps(table)).most[0] = 1
    with pytest.raises(KeyError):
        Made.of(jitter=["SOME"])


def test_a_table_without_rows_has_columns_of_its_types():
    table = empty(Made)
    assert len(table) == 0
    assert (table.name, table.most.dtype, table.wait_s.dtype) == ((), np.int64, np.float64)


def test_settings_are_what_a_row_says_and_not_of_whom():
    throttles = Throttles.of(callers=[3, 2], target=[0, 1], limit=[5, 6], wait_s=[0.0, 0.5])
    assert throttles.row(1) == {"target": 1, "limit": 6, "wait_s": 0.5}
    assert throttles.settings(1) == {"limit": 6, "wait_s": 0.5}
    assert [type(value) for value in throttles.settings(0).values()] == [int, float]


# -- what a plan with such a table is


@dataclass(frozen=True, eq=False)
class PlanWithMore(Plan):
    """A plan that has a table more."""

    made: Made = None
    throttles: Throttles = None


def with_more(plan, **tables):
    parts = {name: getattr(plan, name) for name in vars(plan)}
    return PlanWithMore(**parts, **({"made": empty(Made), "throttles": empty(Throttles)} | tables))


def test_a_table_without_words_of_its_own_is_explained_by_its_declaration(plan_of):
    plan = plan_of(TEXT)
    throttles = Throttles.of(callers=[2], target=[0], limit=[5], wait_s=[0.0])
    lines = " ".join(explain(with_more(plan, made=made(), throttles=throttles)).split())
    first = (
        "name first, service b, jitter FULL, most 7, wait 250ms, percent 20%, chance 0.1%, rate 4/s, room 256Mi,"
        " strict yes, factor 1.5"
    )
    second = (
        "name second, jitter NONE, most without limit, wait never, percent 0.5%, chance 100%, rate 0.5/s, room 0,"
        " strict no, factor 2"
    )
    assert f"made {first} {second}" in lines
    assert "throttles throttle (target a, limit 5, wait 0s)" in lines
    assert explain(plan).splitlines()[2:] == explain(with_more(plan)).splitlines()[2:], "no rows, no words"


def test_a_new_table_is_in_the_digest_at_once_or_where_it_has_rows(plan_of):
    plan = plan_of(TEXT)
    assert with_more(plan).digest() != plan.digest(), "`Made` says nothing else"
    one, other = (Throttles.of(callers=[2], target=[0], limit=[limit], wait_s=[0.0]) for limit in (5, 6))
    assert len({with_more(plan, throttles=table).digest() for table in (one, other, empty(Throttles))}) == 3


@dataclass(frozen=True, eq=False)
class Policies(policies.Policies):
    """Policies of callers who may have made-up states too."""

    throttle: Annotated[Integers, Ref("throttles", later=True)]


def test_a_column_that_came_later_moves_no_digest_of_plans_that_do_not_need_it(plan_of):
    plan = plan_of(TEXT)
    digests = {plan.digest()}
    for rows in ([-1], [0], [1]):
        table = Policies(**vars(plan.policies), throttle=np.array(rows))
        digests.add(replace(plan, policies=table).digest())
    assert len(digests) == 3


@pytest.mark.parametrize("part", [
    "policies", "breakers", "bulkheads", "budgets", "patience", "limiters", "detectors", "failures", "faults",
    "crossings", "startups", "health",
])  # fmt: skip
def test_every_column_of_what_most_plans_have_not_is_in_the_digest(plan_of, part):
    plan = plan_of(TEXT)
    table = getattr(plan, part)
    for name, column in vars(table).items():
        other = (*column, "x") if isinstance(column, tuple) else np.append(column, column.dtype.type(1))
        assert replace(plan, **{part: replace(table, **{name: other})}).digest() != plan.digest(), name


@pytest.mark.parametrize("part", ["policies", "breakers", "patience", "limiters", "detectors", "faults", "health"])
def test_without_rows_it_is_no_part_of_the_digest(plan_of, part, monkeypatch):
    plan = plan_of("services: {a: {steps: [{cpu: 1ms}]}}\nworkload: {call: a, rate: 1/s}")
    before = plan.digest()
    monkeypatch.setattr(type(getattr(plan, part)), "only_with", ())
    assert plan.digest() != before
