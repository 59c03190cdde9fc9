import numpy as np
import pandas as pd
import pytest

from simulator.errors import ResultError
from simulator.results import Results, summarise

TABLES = (
    "intervals", "replications", "services", "services_intervals", "units", "units_intervals", "endpoints", "breakdown",
    "outcomes", "objectives", "timeline", "latencies", "requests", "attempts",
)  # fmt: skip


def stories(build):
    return [build.Request(30.0 + row, 0.1 * (row + 1)) for row in range(5)], [build.Request(40.0, 0.2)]


def test_every_table_is_there_at_the_highest_detail(build):
    plan = build.plan()
    results = summarise(plan, build.traces(plan, *stories(build), detail="attempts"))
    assert isinstance(results, Results)
    assert isinstance(results.summary, pd.Series)
    assert all(len(getattr(results, name)) for name in TABLES if name != "objectives")


def test_the_order_of_the_traces_does_not_matter(build):
    plan = build.plan()
    traces = build.traces(plan, *stories(build), detail="attempts")
    one, other = summarise(plan, traces), summarise(plan, traces[::-1])
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    pd.testing.assert_series_equal(one.summary, other.summary, check_exact=True)


def test_the_summary_is_the_same_at_any_detail(build):
    plan = build.plan()
    series = [
        summarise(plan, build.traces(plan, *stories(build), detail=detail)).summary
        for detail in ("summary", "requests", "attempts")
    ]
    pd.testing.assert_series_equal(series[0], series[1], check_exact=True)
    pd.testing.assert_series_equal(series[0], series[2], check_exact=True)


def test_the_confidence_can_be_given(build):
    """t(1, 0.95) = 6.313752, and five requests and one."""
    plan = build.plan()
    results = summarise(plan, build.traces(plan, *stories(build)), confidence=0.9)
    half_width = results.intervals.loc["goodput_per_s", "half_width"]
    assert half_width == pytest.approx(6.313752 * abs(np.diff(results.replications["goodput_per_s"])[0]) / 2.0)
    assert results.provenance["confidence"] == 0.9
    with pytest.raises(ResultError, match="between 0 and 1"):
        summarise(plan, build.traces(plan, []), confidence=90)
