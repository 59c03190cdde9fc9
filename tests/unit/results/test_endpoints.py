import numpy as np
import pytest

from simulator.plan.layout import Outcome
from simulator.results import summarise

FRONT, BACK = 0, 1


def story(build):
    """Three requests at the front, with calls of back of 10, 30 and 50 ms, the last of which fails."""
    return [
        build.Request(30.0, 0.1, inner=((30.0, 0.01, Outcome.OK),)),
        build.Request(40.0, 0.3, inner=((40.0, 0.03, Outcome.OK), (40.1, 0.05, Outcome.TIMEOUT))),
        build.Request(50.0, 0.5, Outcome.ERROR),
        build.Request(3.0, 0.9, inner=((3.0, 0.7, Outcome.OK),)),
    ]


def test_calls_as_their_callers_see_them(build):
    """Rule 11.21."""
    plan = build.plan()
    table = summarise(plan, build.traces(plan, story(build))).endpoints
    assert table.index.names == ["workload", "entry", "endpoint"]
    assert table.index.tolist() == [("shoppers", "front.buy", "front.buy"), ("shoppers", "front.buy", "back")]
    front, back = table.iloc[0], table.iloc[1]
    assert (front.calls, front.errors, back.calls, back.errors) == (3, 1, 3, 1)
    assert front.calls_per_s == pytest.approx(3 / 180)
    assert front.error_ratio == pytest.approx(1 / 3)
    assert front.latency_mean_s == pytest.approx(0.2)
    assert front.latency_p50_s == pytest.approx(0.2)
    assert back.latency_mean_s == pytest.approx(0.02)
    assert back.latency_p90_s == pytest.approx(0.028)
    assert back.latency_p99_s == pytest.approx(0.0298)
    assert table.calls.dtype == table.errors.dtype == np.int64


def test_an_entry_that_nobody_entered_is_there(build):
    plan = build.plan()
    table = summarise(plan, build.traces(plan, [])).endpoints
    assert table.index.tolist() == [("shoppers", "front.buy", "front.buy")]
    assert table.calls.tolist() == [0]
    assert table[["latency_mean_s", "latency_p50_s", "error_ratio"]].isna().all(axis=None)


def test_the_summary_knows_the_percentiles_of_the_entry_alone(build):
    plan = build.plan()
    table = summarise(plan, build.traces(plan, story(build), detail="summary")).endpoints
    assert table.latency_p50_s.iloc[0] == pytest.approx(0.2)
    assert np.isnan(table.latency_p50_s.iloc[1])
    assert table.latency_mean_s.iloc[1] == pytest.approx(0.02)


def test_the_summary_cannot_tell_entries_of_one_workload_apart(build):
    plan = build.plan(workloads=(("shoppers", (FRONT, BACK)),))
    table = summarise(plan, build.traces(plan, story(build), detail="summary")).endpoints
    assert table.latency_p50_s.isna().all()


def test_entries_and_workloads_are_told_apart(build):
    plan = build.plan(workloads=(("shoppers", (FRONT, BACK)), ("robots", (BACK,))))
    requests = [
        *story(build),
        build.Request(60.0, 0.6, entry=1),
        build.Request(70.0, 0.8, workload=1, entry=2),
    ]
    table = summarise(plan, build.traces(plan, requests)).endpoints
    assert table.latency_p50_s.round(6).to_dict() == {
        ("shoppers", "front.buy", "front.buy"): 0.2,
        ("shoppers", "front.buy", "back"): 0.02,
        ("shoppers", "back", "back"): 0.6,
        ("robots", "back", "back"): 0.8,
    }


def test_two_entries_at_one_endpoint_are_one(build):
    plan = build.plan(workloads=(("shoppers", (FRONT, FRONT)),))
    requests = [build.Request(60.0, 0.2), build.Request(70.0, 0.6, entry=1)]
    for detail in ("requests", "summary"):
        table = summarise(plan, build.traces(plan, requests, detail=detail)).endpoints
        assert table.calls.tolist() == [2]
        assert table.latency_p50_s.tolist() == pytest.approx([0.4])
