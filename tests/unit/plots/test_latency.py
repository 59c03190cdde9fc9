from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from simulator import plots
from simulator.compiler import compile_topology
from simulator.engines.reference import ReferenceEngine
from simulator.errors import ResultError
from simulator.results import summarise
from simulator.spec import loads


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


def promised(text: str):
    topology = loads(text)
    plan = compile_topology(topology)
    return summarise(plan, [ReferenceEngine().run(plan, seed=1, replication=0, detail="requests")])


ONE_ENTRY = """
simulation: {duration: 6s, warmup: 1s}
services: {a: {steps: [{cpu: {dist: exponential, mean: 1ms}}]}, b: {steps: [{cpu: 1ms}]}}
workload: {calls: [{call: a}, {call: b, weight: 0}], rate: 400/s}
slos: {x: {call: a, p99: 5ms, p50: 1ms, errorRate: 1%}, y: {call: a, p99.9: 300s}}
"""


def test_objectives_of_all_the_requests_are_drawn():
    result = promised(ONE_ENTRY.replace(", {call: b, weight: 0}", ""))
    for drawn in (result, {"a": result, "b": result}):
        said = texts(plots.latency(drawn if drawn is result else list(drawn.values())))
        assert "promised: p99 5 ms" in said
        assert "promised: p50 1 ms" in said
        assert not any("300" in text for text in said)  # too far to be in the picture
    ax = plots.latency([result, result])
    corners = [line.get_xydata()[1].tolist() for line in ax.lines if len(line.get_xydata()) == 3]
    assert sorted(corners) == [[pytest.approx(1.0), 50.0], [pytest.approx(5.0), 1.0]]


def test_an_objective_of_one_entry_is_not_of_requests_that_enter_at_two():
    result = promised(ONE_ENTRY.replace("weight: 0", "weight: 1"))
    assert not any(text.startswith("promised") for text in texts(plots.latency(result)))


def test_names_of_many_curves_are_a_list_that_touches_nothing(both):
    one = next(iter(both.results.values()))
    ax = plots.latency([one] * 5)
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts if "p99 " in text.get_text()]
    assert len(boxes) == 5
    assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[at + 1 :])
