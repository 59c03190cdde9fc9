"""Axes: values and spans, from Python and from text."""

import math

import numpy as np
import pandas as pd
import pytest

from simulator.errors import PlanError, TopologyError
from simulator.experiments.sweeps.axes import Axis, cell, read_axes
from simulator.spec.values import WrittenFloat, WrittenInt
from simulator.units import parse_duration


def one(value, path="a.b"):
    (axis,) = read_axes({path: value})
    return axis


@pytest.mark.parametrize(
    "value", [[1, 2, 4], (1, 2, 4), iter([1, 2, 4]), np.array([1, 2, 4]), pd.Series([1, 2, 4]), "1,2,4", "[1, 2, 4]"]
)
def test_values_of_any_kind(value):
    values = one(value).values
    assert values == (1, 2, 4)
    assert all(type(cell(item)) is int for item in values)


def test_a_range_and_floats():
    assert one(range(1, 9)).values == tuple(range(1, 9))
    values = one(np.linspace(0.1, 0.3, 3)).values
    assert values == (0.1, 0.2, 0.3)
    assert all(type(value) is float for value in values)


def test_axes_keep_their_order():
    assert [axis.path for axis in read_axes({"b": [1], "a": [2], "deployment": ["monolith"]})] == [
        "b",
        "a",
        "deployment",
    ]


@pytest.mark.parametrize("axes", [{}, None, [1, 2]])
def test_a_sweep_without_axes(axes):
    with pytest.raises(PlanError, match="a sweep needs axes"):
        read_axes(axes)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"axes\.a\.b: expected values, found nothing"),
        ([1, None], r"axes\.a\.b: expected values, found nothing"),
        (5, "expected values such as .*, found 5"),
        ({"min": 1}, "missing key `max`"),
        ({"min": 1, "max": 2, "step": 1}, "unknown key `step`"),
        ({"min": 4, "max": 2}, "expected `min` below `max`, found 4 and 2"),
        ({"min": 0, "max": 2, "scale": "log"}, "a log scale begins above 0, not at 0"),
        ({"min": "5ms", "max": "5/s"}, "expected both ends of one kind"),
        ({"min": 1, "max": 2.5, "integer": True}, "expected whole numbers, found 1 and 2.5"),
        ({"min": 1, "max": math.inf}, "expected a number or a quantity with its unit"),
        ({"min": 1, "max": 2, "scale": "lgo"}, "expected `linear` or `log`, found `lgo`"),
        ({"min": 1, "max": 2, "integer": 1}, "expected true or false, found 1"),
        ("5x..6x", "expected a number or a quantity with its unit, such as 40/s or 5ms, found `5x`"),
    ],
)
def test_what_is_no_axis(value, message):
    with pytest.raises(TopologyError, match=message):
        one(value)


def test_levels_are_equally_likely():
    axis = Axis("a", ("x", "y", "z"))
    assert [axis.at(u) for u in (0.0, 0.33, 0.34, 0.66, 0.67, 0.999999)] == ["x", "x", "y", "y", "z", "z"]


def test_a_linear_span():
    axis = one({"min": 10.0, "max": 20.0})
    assert [axis.at(u) for u in (0.0, 0.25, 1.0)] == [10.0, 12.5, 20.0]


def test_a_log_span_has_its_middle_at_the_geometric_mean():
    axis = one({"min": 1.0, "max": 100.0, "scale": "log"})
    assert axis.at(0.5) == pytest.approx(10.0, rel=1e-12)
    assert 1.0 <= axis.at(0.0) <= axis.at(np.nextafter(1.0, 0.0)) <= 100.0


def test_whole_numbers_include_both_ends_equally():
    axis = one({"min": 1, "max": 4, "integer": True})
    values = [axis.at((k + 0.5) / 4000) for k in range(4000)]
    assert [values.count(value) for value in (1, 2, 3, 4)] == [1000] * 4
    assert {type(value) for value in values} == {int}


def test_whole_numbers_of_a_log_scale():
    axis = one({"min": 1, "max": 8, "integer": True, "scale": "log"})
    values = [axis.at((k + 0.5) / 9000) for k in range(9000)]
    assert set(values) == set(range(1, 9))
    for value in range(1, 9):  # each has the room that its logarithm has
        assert values.count(value) / 9000 == pytest.approx(math.log((value + 1) / value) / math.log(9), abs=2e-3)
    assert axis.at(np.nextafter(1.0, 0.0)) == 8


@pytest.mark.parametrize(
    ("low", "high", "path", "ends"),
    [
        ("500us", "2ms", "network.latency", (0.0005, 0.002)),
        ("60/min", "5/s", "workload.rate", (1.0, 5.0)),
        ("1%", "20%", "services.a.errorRate", (0.01, 0.2)),
        ("128Mi", "1Gi", "services.a.resources.memory", (2.0**27, 2.0**30)),
        ("250m", "1", "services.a.resources.cpu", (0.25, 1.0)),
        ("5m", "10m", "simulation.duration", (300.0, 600.0)),
    ],
)
def test_ends_with_units_are_of_the_package(low, high, path, ends):
    assert one({"min": low, "max": high}, path).span.ends(path) == ends


def test_bare_numbers_of_a_text_stay_without_a_unit():
    """In a file a rate of 50 is a mistake, and so it is on the command line."""
    assert isinstance(one("50..400").at(0.5), WrittenFloat)
    assert isinstance(one("1..8:integer").at(0.5), WrittenInt)
    assert not isinstance(one({"min": 50, "max": 400}).at(0.5), WrittenFloat)
    assert not isinstance(one("50/s..400/s").at(0.5), WrittenFloat)


@pytest.mark.parametrize(
    ("span", "path", "values"),
    [
        ("8ms..13ms", "a.b", ["8ms", "9.25ms", "13ms"]),
        ("200us..5ms", "a.b", ["200us", "1400us", "5000us"]),
        ("60/min..5/s", "workload.rate", ["60/min", "120/min", "300/min"]),
        ("1%..5%", "a.errorRate", ["1%", "2%", "5%"]),
        ("128Mi..1Gi", "a.resources.memory", ["128Mi", "352Mi", "1024Mi"]),
        ("250m..1", "services.a.resources.cpu", ["250m", "437.5m", "1000m"]),
        ("1h30m..2h", "simulation.duration", ["5400s", "5850s", "7200s"]),
        ("1ms..4ms:integer", "a.b", ["1ms", "2ms", "4ms"]),
        ("1Gi..4Gi:integer", "a.b", ["1Gi", "2Gi", "4Gi"]),
        ("1ms..16ms:log", "a.b", ["1ms", "2ms", "16ms"]),
        ("100/s..100.0001/s", "a.b", ["100/s", "100.000025/s", "100.0001/s"]),
        ("0.5..1.5", "services.a.resources.cpu", [0.5, 0.75, 1.5]),
        ({"min": "1ms", "max": "5ms"}, "a.b", [0.001, 0.002, 0.005]),
        ({"min": "1ms", "max": "4ms", "integer": True}, "a.b", [0.001, 0.002, 0.004]),
    ],
)
def test_values_have_the_unit_of_the_text_that_they_are_chosen_from(span, path, values):
    axis = one(span, path)
    chosen = [axis.at(u) for u in (0.0, 0.25, np.nextafter(1.0, 0.0))]
    assert chosen == (values if isinstance(values[0], str) else pytest.approx(values, rel=1e-12))


def test_no_value_leaves_its_span_and_no_two_are_the_same():
    axis = one("3.3ms..3.3001ms")
    values = [axis.at((k + 0.5) / 1000) for k in range(1000)]
    assert len(set(values)) == 1000
    assert all(0.0033 <= parse_duration(value) <= 0.0033001 for value in values)


def test_a_whole_number_is_one_of_its_unit():
    with pytest.raises(TopologyError, match=r"expected whole numbers, found `1.5ms` and `3ms`"):
        one("1.5ms..3ms:integer")


def test_cells_are_plain():
    assert type(cell(WrittenInt(4))) is int
    assert type(cell(WrittenFloat(4.5))) is float
    assert cell(True) is True
    assert cell("4ms") == "4ms"
