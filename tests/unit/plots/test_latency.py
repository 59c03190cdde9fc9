from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from simulator import plots
from simulator.errors import ResultError


def texts(ax) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


def test_bars_add_up_to_all_requests_and_the_marks_are_the_percentiles(split):
    result = split[1]
    ax = plots.latency(result)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100.0)
    marks = [path.vertices[0][0] for lines in ax.collections for path in lines.get_paths()]
    assert marks == pytest.approx([1000.0 * result.percentile(q) for q in (50, 90, 99)])
    assert any(text.startswith("p99  ") and text.endswith(" ms") for text in texts(ax))
    assert ax.get_xlabel() == "latency (ms)"
    assert ax.get_ylabel().endswith("(%)")
    assert "shop as microservices" in ax.get_title(loc="left")


def test_requests_that_failed_are_mentioned(split):
    assert any("% of the requests failed or did not finish" in text for text in texts(plots.latency(split[1])))


def test_a_workload_of_its_own(split):
    result = split[1]
    number = int((result.latencies["workload"] == "crawlers").sum())
    title = plots.latency(result, workload="crawlers").get_title(loc="left").replace("\u00a0", " ")
    assert f"{number} served requests" in title
    with pytest.raises(ResultError, match="there is crawlers, shoppers"):
        plots.latency(result, workload="robots")


def test_a_percentile_of_too_few_requests_is_left_out(split):
    result = split[1]
    few = int((result.latencies["workload"] == "crawlers").sum())
    marks = [text for text in texts(plots.latency(result, workload="crawlers")) if text.startswith("p")]
    assert len(marks) == (3 if few >= 100 else 2)


def test_curves_are_the_share_of_slower_requests(both):
    ax = plots.latency(both)
    for name, line in zip(both.results, ax.lines, strict=True):
        times = 1000.0 * both.results[name].latencies["latency_s"].to_numpy()
        x, y = (np.asarray(values) for values in line.get_data())
        for at in (50, 200, 350):
            assert 100.0 * (times > x[at]).mean() == pytest.approx(y[at], abs=100.0 / times.size)
        assert any(text.startswith(f"{name}, p99 ") for text in texts(ax))
    assert ax.get_ylabel() == "share of requests slower than this (%)"


def test_results_of_one_deployment_are_numbered(split, once):
    names = [line.get_label() for line in plots.latency([split[1], once]).lines]
    assert names == ["1: microservices", "2: microservices"]


def test_nothing_served(unserved, empty, split):
    assert "no request was served" in texts(plots.latency(unserved[1]))
    assert "no request was served" in texts(plots.latency(empty[1]))
    assert any("no request was served" in text for text in texts(plots.latency([split[1], unserved[1]])))


def test_no_result_at_all():
    with pytest.raises(ResultError, match="no result to plot"):
        plots.latency([])


def test_axes_that_are_given_are_used(split):
    _, ax = plt.subplots()
    assert plots.latency(split[1], ax=ax) is ax
    assert len(plt.get_fignums()) == 1
