import numpy as np
import pytest

from simulator.plan.trace import BINS, make_edges


def test_edges_are_the_two_hundredths_of_the_horizon():
    edges = make_edges(600.0, None)
    assert (len(edges), edges[0], edges[-1], BINS) == (201, 0.0, 600.0, 200)
    assert np.diff(edges) == pytest.approx(3.0)


def test_the_warmup_is_an_edge_once():
    assert len(make_edges(600.0, 60.0)) == 201
    edges = make_edges(600.0, 61.0)
    assert len(edges) == 202
    assert (np.diff(edges) > 0).all()
    assert 61.0 in edges
