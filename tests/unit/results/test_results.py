import pickle

import numpy as np
import pandas as pd
import pytest

from simulator.errors import ResultError
from simulator.results import summarise


@pytest.fixture
def results(build):
    """Latencies of 10, 20 ... 1000 ms of shoppers, and one of 9 s of a robot."""
    plan = build.plan(workloads=(("shoppers", (0,)), ("robots", (1,)), ("nobody", (1,))))
    requests = [build.Request(30.0 + row, 0.01 * (row + 1)) for row in range(100)]
    robot = build.Request(35.0, 9.0, workload=1, entry=1)
    return summarise(plan, build.traces(plan, requests, [robot]))


def test_percentiles(results):
    assert results.percentile(50, "shoppers") == pytest.approx(0.505)
    assert results.percentile(99, "shoppers") == pytest.approx(0.9901)
    assert results.percentile(50) == pytest.approx(0.51)
    assert results.percentile(0) == pytest.approx(0.01)
    assert results.percentile(100) == results.percentile(100, "robots") == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("q", "workload", "message"),
    [
        (99.9, None, "p99.9 of 101 served requests: it needs 1000"),
        (99.1, "shoppers", "it needs 112"),
        (50, "robots", "p50 of 1 served requests: it needs 2"),
        (50, "nobody", "p50 of 0"),
        (100, "nobody", "it needs 1 of"),
        (101, None, "between 0 and 100"),
        (-1, None, "between 0 and 100"),
        (np.nan, None, "between 0 and 100"),
        (50, "strangers", "no workload 'strangers'; there is shoppers, robots, nobody"),
    ],
)
def test_percentiles_that_the_data_cannot_give(results, q, workload, message):
    with pytest.raises(ResultError, match=message):
        results.percentile(q, workload)


def test_nothing_that_is_done_to_a_table_changes_the_result(results):
    summary = results.summary
    summary["requests"] = -1.0
    services = results.services
    services.loc["front", "replicas"] = -1.0
    results.provenance["versions"]["numpy"] = "0"
    requests = results.requests
    requests.loc[0, "arrival_s"] = -1.0
    intervals = results.intervals
    del intervals["mean"]
    assert results.summary["requests"] == 101
    assert results.services.loc["front", "replicas"] == 1.0
    assert results.provenance["versions"]["numpy"] == np.__version__
    assert "mean" in results.intervals.columns
    assert results.requests.loc[0, "arrival_s"] == 30.0


def test_a_result_is_frozen(results):
    with pytest.raises(AttributeError):
        results.warnings = ()


def test_a_result_can_be_sent_to_another_process(results):
    copy = pickle.loads(pickle.dumps(results))
    pd.testing.assert_frame_equal(copy.requests, results.requests, check_exact=True)
    assert copy.provenance == results.provenance
    assert copy.warnings == results.warnings


def test_a_result_has_a_short_repr(results):
    assert repr(results) == "<Results of shop as microservices, 2 replications>"
