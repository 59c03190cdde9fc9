import numpy as np
import pytest

from simulator.errors import ResultError
from simulator.plan.layout import Outcome
from simulator.results import summarise


def story(build):
    return [
        build.Request(5.0, 0.1),
        build.Request(30.0, 0.3, Outcome.DEGRADED, cause=(Outcome.CIRCUIT_OPEN, 1), attempts=2),
        build.Request(40.0, 0.4, Outcome.ERROR, cause=(Outcome.TIMEOUT, 0)),
        build.Request(50.0, None, Outcome.UNFINISHED),
        build.Request(60.0, 0.6, Outcome.ERROR, workload=1, entry=1, cause=(Outcome.ERROR, 1)),
        build.Request(70.0, 0.6, Outcome.UNREACHABLE, cause=(Outcome.UNREACHABLE, -1)),
    ]


def test_requests_those_of_the_warmup_included(build):
    plan = build.plan(workloads=(("shoppers", (0,)), ("robots", (1,))))
    table = summarise(plan, build.traces(plan, story(build), story(build)[:1])).requests
    columns = [
        "replication",
        "request",
        "workload",
        "endpoint",
        "arrival_s",
        "latency_s",
        "outcome",
        "cause",
        "attempts",
        "completion_s",
    ]
    assert list(table.columns) == columns
    assert table.replication.tolist() == [0] * 6 + [1]
    assert table.request.tolist() == [0, 1, 2, 3, 4, 5, 0]
    assert table.workload.tolist() == ["shoppers"] * 4 + ["robots"] + ["shoppers"] * 2
    assert table.endpoint.tolist() == ["front.buy"] * 4 + ["back"] + ["front.buy"] * 2
    assert table.arrival_s.tolist() == [5.0, 30.0, 40.0, 50.0, 60.0, 70.0, 5.0]
    np.testing.assert_allclose(table.latency_s, [0.1, 0.3, 0.4, np.nan, 0.6, 0.6, 0.1])
    outcomes = ["ok", "degraded", "error", "unfinished", "error", "unreachable", "ok"]
    assert table.outcome.tolist() == outcomes
    assert list(table.outcome.cat.categories) == [outcome.word for outcome in Outcome]
    causes = ["", "circuit_open@back", "timeout@front", "", "error@back", "unreachable", ""]
    assert table.cause.tolist() == causes
    assert table.attempts.tolist() == [1, 2, 1, 1, 1, 1, 1]


def test_attempts_have_names(build):
    plan = build.plan(workloads=(("shoppers", (0,)), ("robots", (1,))))
    requests = [
        build.Request(30.0, 0.5, inner=((30.1, 0.2, Outcome.OK),)),
        build.Request(60.0, None, Outcome.UNFINISHED, workload=1, entry=1),
    ]
    table = summarise(plan, build.traces(plan, requests, requests, detail="attempts")).attempts
    columns = "replication request span parent caller target endpoint replica attempt start_s end_s outcome"
    assert list(table.columns) == [*columns.split(), "workload"]
    assert table.workload.tolist() == ["shoppers", "shoppers", "robots"] * 2
    assert table.replication.tolist() == [0] * 3 + [1] * 3
    assert table.request.tolist() == [0, 0, 1] * 2
    assert table.span.tolist() == [0, 1, 0] * 2
    assert table.parent.tolist() == [-1, 0, -1] * 2
    assert table.caller.tolist() == ["shoppers", "front", "robots"] * 2
    assert table.target.tolist() == ["front", "back", "back"] * 2
    assert table.endpoint.tolist() == ["front.buy", "back", "back"] * 2
    assert table.start_s.tolist() == [30.0, 30.1, 60.0] * 2
    np.testing.assert_allclose(table.end_s, [30.5, 30.3, np.nan] * 2)
    assert table.outcome.tolist() == ["ok", "ok", "unfinished"] * 2


def test_attempts_of_one_workload_need_no_name_of_it(build):
    plan = build.plan(workloads=(("shoppers", (0,)),))
    table = summarise(plan, build.traces(plan, [build.Request(30.0, 0.5)], [], detail="attempts")).attempts
    assert table.columns[-1] == "outcome"


def test_latencies_are_there_at_any_detail(build):
    plan = build.plan(workloads=(("shoppers", (0,)), ("robots", (1,))))
    for detail in ("summary", "requests"):
        table = summarise(plan, build.traces(plan, story(build), [], detail=detail)).latencies
        assert table.replication.tolist() == [0]
        assert table.workload.tolist() == ["shoppers"]
        assert table.latency_s.tolist() == pytest.approx([0.3])


def test_nothing_is_a_table_without_rows(build):
    plan = build.plan()
    results = summarise(plan, build.traces(plan, [], detail="attempts"))
    assert len(results.requests) == len(results.attempts) == len(results.latencies) == 0
    assert results.requests.arrival_s.dtype == np.float64


@pytest.mark.parametrize(("detail", "asked"), [("summary", "requests"), ("requests", "attempts")])
def test_what_was_not_recorded_says_how_to_get_it(build, detail, asked):
    plan = build.plan()
    results = summarise(plan, build.traces(plan, [], detail=detail))
    with pytest.raises(ResultError, match=f'run with detail="{asked}"'):
        getattr(results, asked)
