"""Designs: which points, in which order, and that they are spread as they promise."""

import numpy as np
import pytest

from simulator.errors import PlanError
from simulator.experiments.sweeps.axes import read_axes
from simulator.experiments.sweeps.designs import make_points

UNIT = {"min": 0.0, "max": 1.0}


def points(axes, design="grid", samples=None, seed=0):
    return make_points(read_axes(axes), design, samples, seed)


def columns(axes, design, samples, seed=0):
    made = points(axes, design, samples, seed)
    return np.array([list(point.values()) for point in made]).T


def test_a_grid_has_all_combinations_the_last_axis_fastest():
    made = points({"a": [1, 2], "b": ["x", "y", "z"]})
    assert [tuple(point.values()) for point in made] == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]
    assert list(made[0]) == ["a", "b"]


def test_a_zip_takes_values_side_by_side():
    assert points({"a": [1, 2], "b": ["x", "y"]}, "zip") == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize("design", ["random", "latin", "sobol"])
def test_sampling_is_the_same_for_a_seed_and_another_for_another(design):
    axes = {"a": UNIT, "b": UNIT}
    first = columns(axes, design, 64, 5)
    assert (first == columns(axes, design, 64, 5)).all()
    assert (first != columns(axes, design, 64, 6)).mean() > 0.9
    assert (first >= 0.0).all()
    assert (first < 1.0).all()
    assert abs(np.corrcoef(first)[0, 1]) < 0.4  # axes are drawn apart


@pytest.mark.parametrize("design", ["latin", "lhs"])
@pytest.mark.parametrize("samples", [1, 7, 100])
def test_a_latin_hypercube_has_one_point_in_each_stratum(design, samples):
    for column in columns({"a": UNIT, "b": UNIT, "c": UNIT}, design, samples):
        assert sorted((column * samples).astype(int)) == list(range(samples))


def test_sobol_has_one_point_in_each_cell_of_two_axes():
    """256 points: one in every box 1/256 x 1, 1/2 x 1/128 and so on, whatever the shift."""
    for seed in range(3):
        a, b = columns({"a": UNIT, "b": UNIT}, "sobol", 256, seed)
        for bits in range(9):
            cells = (a * 2**bits).astype(int) * 2 ** (8 - bits) + (b * 2 ** (8 - bits)).astype(int)
            assert sorted(cells) == list(range(256))


def test_random_points_are_uniform():
    (values,) = columns({"a": UNIT}, "random", 4000)
    ordered = np.sort(values)
    distance = np.abs(ordered - (np.arange(4000) + 0.5) / 4000).max()
    assert distance < 1.95 / np.sqrt(4000)  # Kolmogorov-Smirnov at 0.1 %


def test_another_axis_and_more_samples_change_no_random_point():
    few = points({"a": UNIT}, "random", 10)
    many = points({"b": UNIT, "a": UNIT}, "random", 20)
    assert [point["a"] for point in few] == [point["a"] for point in many[:10]]


def test_more_samples_go_on_with_sobol():
    assert points({"a": UNIT, "b": UNIT}, "sobol", 5) == points({"a": UNIT, "b": UNIT}, "sobol", 32)[:5]


def test_levels_of_a_latin_design_come_equally_often():
    made = points({"deployment": ["x", "y", "z"], "n": {"min": 1, "max": 4, "integer": True}}, "latin", 12)
    assert [[point["deployment"] for point in made].count(word) for word in "xyz"] == [4, 4, 4]
    assert [[point["n"] for point in made].count(number) for number in (1, 2, 3, 4)] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("axes", "design", "samples", "message"),
    [
        ({"a": [1]}, "gird", None, "there is no design 'gird'"),
        ({"a": [1]}, "grid", 4, "leave samples= out"),
        ({"a": [1, 2], "b": [1]}, "zip", None, "a has 2, b has 1"),
        ({"a": UNIT}, "grid", None, "a grid needs values, and a has a span"),
        ({"a": UNIT}, "zip", None, "a zip needs values, and a has a span"),
        ({"a": UNIT}, "latin", None, "a latin design needs samples"),
        ({"a": UNIT}, "sobol", 0, "a sobol design needs samples"),
        ({"a": UNIT}, "random", 2.5, "a random design needs samples"),
        ({"a": range(2000), "b": range(2000)}, "grid", None, "4000000 points, above 1000000"),
    ],
)
def test_what_does_not_fit(axes, design, samples, message):
    with pytest.raises(PlanError, match=message):
        points(axes, design, samples)


def test_a_seed_is_a_whole_number():
    with pytest.raises(PlanError, match="design_seed= is a whole number of at least 0, not -1"):
        points({"a": UNIT}, "random", 4, -1)
