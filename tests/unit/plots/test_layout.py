from __future__ import annotations

import pytest

from simulator.plots.layout import arrange, columns, crossings
from simulator.plots.style import spread


def test_columns_are_the_longest_way_from_the_edge():
    assert columns("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]) == {"a": 0, "b": 1, "c": 2, "d": 3}


def test_a_cycle_ends():
    found = columns("abc", [("a", "b"), ("b", "c"), ("c", "b")])
    assert found["a"] == 0
    assert max(found.values()) <= 3


def test_crossings_that_can_be_avoided_are():
    edges = [("a", "z"), ("b", "y"), ("c", "x")]
    layout = arrange("abcxyz", edges, {})
    rows = {name: place.row for name, place in layout.boxes.items()}
    assert crossings({name: place.column for name, place in layout.boxes.items()}, rows, edges)[0] == 0


def test_a_long_arrow_has_a_lane_beside_the_boxes_it_passes():
    layout = arrange("abc", [("a", "b"), ("b", "c"), ("a", "c")], {})
    (lane,) = layout.lanes["a", "c"]
    assert lane.column == 1
    assert abs(lane.row - layout.boxes["b"].row) >= 0.6


def test_a_band_holds_its_members_only():
    edges = [("a", "b"), ("a", "x"), ("b", "c"), ("b", "y"), ("c", "z")]
    layout = arrange("abcxyz", edges, dict.fromkeys("abc", "unit"))
    band = layout.bands["unit"]
    assert (band.first, band.last) == (0, 2)
    for name, place in layout.boxes.items():
        inside = band.first <= place.column <= band.last and band.low < place.row < band.high
        assert inside == (name in "abc")


def test_spread_moves_as_little_as_it_can():
    assert spread([0.0, 5.0], [1.0, 1.0]) == [0.0, 5.0]
    assert spread([1.0, 1.0], [1.0, 1.0]) == pytest.approx([0.5, 1.5])
    assert spread([0.0, 0.0], [1.0, 1.0], 0.0, 9.0) == pytest.approx([0.5, 1.5])
    assert spread([9.0, 0.0, 9.0], [1.0, 1.0, 1.0], 0.0, 9.0) == pytest.approx([7.5, 0.5, 8.5])
    assert spread([], []) == []


def test_spread_shrinks_what_does_not_fit():
    assert spread([0.0, 0.0], [4.0, 4.0], 0.0, 4.0) == pytest.approx([1.0, 3.0])
