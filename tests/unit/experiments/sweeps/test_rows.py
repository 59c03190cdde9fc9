"""The table of a sweep: columns, kinds, and rows that failed."""

import numpy as np
import pandas as pd
import pytest

from simulator.experiments.sweeps.rows import Filled, Row, point_table, run_table, written
from simulator.experiments.sweeps.runs import Failure, Run
from simulator.results.display import HEADLINES

VALUES = tuple(tuple(float(10 * k + j) for j in range(len(HEADLINES))) for k in range(3))
INTERVALS = tuple((0.5 + j, 0.25 * j) for j in range(len(HEADLINES)))
RUN = Run(HEADLINES, VALUES, True, ("late",), INTERVALS)


def filled(number, outcome, point=None, deployment="monolith", advice=()):
    return Filled(Row(number, point or {"a.b": number}, deployment), outcome, advice)


def test_values_and_half_widths_are_those_of_all_replications_together():
    table = point_table(["a.b"], [filled(0, RUN), filled(1, Failure("no"))])
    for column, name in enumerate(HEADLINES):
        assert (table[name].tolist()[0], table[f"{name}_half_width"].tolist()[0]) == INTERVALS[column]
    assert table.loc[1, [*HEADLINES, "requests_half_width"]].isna().all()


def test_the_columns():
    table = point_table(
        ["a.b", "c"], [filled(0, RUN, {"a.b": 1, "c": "5ms"}, advice=("small",)), filled(1, Failure("no"))]
    )
    each = [f"{quantity}{end}" for quantity in HEADLINES for end in ("", "_half_width", "_low", "_high")]
    assert list(table.columns) == [
        "a.b", "c", "deployment", *each, "met", "sure", "replications", "warnings", "status", "reason",
    ]  # fmt: skip
    assert table["met"].tolist() == [True, False]
    assert table["sure"].tolist() == [True, False]
    assert table["replications"].tolist() == [3, 0]
    assert table["warnings"].tolist() == ["small; late", ""]
    assert table["status"].tolist() == ["ok", "failed"]
    assert table["reason"].tolist() == ["", "no"]
    kinds = [str(kind) for kind in table[["met", "replications", "status"]].dtypes]
    assert kinds == ["bool", "int64", "str"]


def test_intervals_have_both_ends_and_journeys_their_shares():
    ends = tuple((j - 0.125, j + 0.5) for j in range(len(HEADLINES)))
    run = Run(
        HEADLINES, VALUES, True, (), INTERVALS, (("slos.a.p99", 0.4, 0.15),), ends, ((0.3, 0.6),), False,
        (("web.view", 0.75), ("web.buy", 0.25)),
    )  # fmt: skip
    table = point_table(["a.b"], [filled(0, run), filled(1, RUN), filled(2, Failure("no"))])
    assert [table[f"errors_{end}"][0] for end in ("low", "high")] == list(ends[HEADLINES.index("errors")])
    seen = table[[f"slos.a.p99{end}" for end in ("", "_half_width", "_low", "_high")]]
    assert seen.iloc[0].tolist() == [0.4, 0.15, 0.3, 0.6]
    assert seen.iloc[1:].isna().all(axis=None)
    assert table["sure"].tolist() == [False, True, False]
    assert table["journeys.web.view.share_ratio"].tolist()[0] == 0.75
    assert table["journeys.web.buy.share_ratio"].isna().tolist() == [False, True, True]


def test_the_columns_are_the_same_whatever_has_failed():
    good, bad = point_table(["a.b"], [filled(0, RUN)]), point_table(["a.b"], [filled(0, Failure("no"))])
    assert list(good.columns) == list(bad.columns)
    assert list(good.dtypes) == list(bad.dtypes)
    assert list(point_table(["a.b"], []).columns) == list(good.columns)


def test_deployment_as_an_axis_stands_where_the_axis_does():
    row = filled(0, RUN, {"deployment": "monolith", "a": 1})
    assert list(point_table(["deployment", "a"], [row]).columns[:2]) == ["deployment", "a"]


@pytest.mark.parametrize(
    ("values", "kind", "cells"),
    [
        ([1, 2], "int64", [1, 2]),
        ([1, 2.5], "float64", [1.0, 2.5]),
        (["5ms", "6ms"], "float64", [0.005, 0.006]),
        (["50/s", "120/min"], "float64", [50.0, 2.0]),
        (["1%", 0.5], "float64", [0.01, 0.5]),
        (["5ms", "60/s"], "str", ["5ms", "60/s"]),
        (["5ms", "many"], "str", ["5ms", "many"]),
        ([True, False], "bool", [True, False]),
        ([0, "5ms"], "float64", [0.0, 0.005]),
        ([True, 2], "str", ["true", "2"]),
        ([{"dist": "exponential", "mean": "5ms"}], "str", ['{"dist": "exponential", "mean": "5ms"}']),
        ([2**70], "str", [str(2**70)]),
    ],
)
def test_the_kinds_of_axes(values, kind, cells, tmp_path):
    table = point_table(["x"], [filled(number, RUN, {"x": value}) for number, value in enumerate(values)])
    assert str(table["x"].dtype) == kind
    assert table["x"].tolist() == cells
    table.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), table)


@pytest.mark.parametrize(
    ("path", "values", "cells"),
    [
        ("services.a.resources.cpu", ["500m", "2"], [0.5, 2.0]),
        ("services.a.resources.memory", ["256Mi", "1Gi"], [2.0**28, 2.0**30]),
        ("services.a.startup", ["5m", "1h"], [300.0, 3600.0]),
        ("name", ["5m", "6m"], ["5m", "6m"]),
    ],
)
def test_what_a_unit_means_depends_on_the_path(path, values, cells):
    rows = [filled(number, RUN, {path: value}) for number, value in enumerate(values)]
    assert point_table([path], rows)[path].tolist() == cells
    texts = {} if path == "name" else {path: dict(zip(cells, values, strict=True))}
    assert written([path], rows) == texts


def test_an_axis_that_a_row_has_not():
    table = point_table(["x", "y", "z"], [filled(0, RUN, {"x": 1, "z": "a"}), filled(1, RUN, {"x": 2, "y": 3})])
    assert table["x"].tolist() == [1, 2]
    assert np.isnan(table["y"][0])
    assert table["y"][1] == 3.0
    assert table["z"].isna().tolist() == [False, True]


def test_a_row_a_replication():
    table = run_table(["a.b"], [filled(0, RUN), filled(1, Failure("no")), filled(2, RUN)])
    assert table["replication"].tolist() == [0, 1, 2, -1, 0, 1, 2]
    assert table["a.b"].tolist() == [0, 0, 0, 1, 2, 2, 2]
    assert list(table.columns) == ["a.b", "deployment", "replication", *HEADLINES, "warnings", "status", "reason"]
    assert table["requests"].tolist()[:3] == [row[0] for row in RUN.values]
    assert table["status"].tolist() == ["ok"] * 3 + ["failed"] + ["ok"] * 3
    assert table["warnings"].tolist() == ["late"] * 3 + [""] + ["late"] * 3


@pytest.mark.parametrize("make", [point_table, run_table])
def test_rows_of_several_topologies_say_which(make):
    rows = [Filled(Row(0, {"a.b": 1}, "monolith", name), RUN) for name in ("one", "two")]
    table = make(["a.b"], rows)
    assert list(table.columns[:3]) == ["topology", "a.b", "deployment"]
    assert table["topology"].tolist() == [name for name in ("one", "two") for _ in range(len(table) // 2)]
    assert list(make(["a.b"], rows[:1]).columns[:2]) == ["a.b", "deployment"]
