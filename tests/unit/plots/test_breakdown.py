from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from simulator import plots
from simulator.errors import ResultError


@pytest.mark.parametrize("by", ["component", "service"])
def test_parts_add_up_to_the_mean_latency(both, by):
    ax = plots.breakdown(both, by=by)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(both.results)
    for row, result in enumerate(both.results.values()):
        parts = [box[0] for box in ax.containers if round(box[0].get_y() + box[0].get_height() / 2.0) == row]
        total = sum(part.get_width() for part in parts)
        assert total == pytest.approx(1000.0 * result.summary["latency_mean_s"])
    assert ax.get_xlabel() == "mean latency (ms)"


def test_parts_are_the_table(split):
    total = split[1].breakdown.sum()
    widths = {box.get_label(): box[0].get_width() for box in plots.breakdown(split[1]).containers}
    for part in ("network", "waiting", "service", "timeout"):
        assert widths[part] == pytest.approx(1000.0 * total[f"{part}_s"])


def test_nothing_served(unserved, split):
    assert "no request was served" in [text.get_text() for text in plots.breakdown(unserved[1]).texts]
    assert "no request was served" in [text.get_text() for text in plots.breakdown([split[1], unserved[1]]).texts]


def test_by_something_else(split):
    with pytest.raises(ResultError, match="not by 'unit'"):
        plots.breakdown(split[1], by="unit")


def test_axes_that_are_given_are_used(split):
    _, ax = plt.subplots()
    assert plots.breakdown(split[1], ax=ax) is ax
