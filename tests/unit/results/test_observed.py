from dataclasses import replace

import pytest

from simulator.errors import ResultError
from simulator.plan.layout import Outcome
from simulator.results.observed import observe


def test_replications_are_put_in_order(build):
    plan = build.plan()
    traces = build.traces(plan, [build.Request(30.0)], [], [build.Request(50.0)] * 2)
    observed = observe(plan, traces[::-1])
    assert [trace.replication for trace in observed.traces] == [0, 1, 2]
    assert [one.requests for one in observed.each] == [1, 0, 2]
    assert observed.requests == 3


@pytest.mark.parametrize(("warmup_s", "requests"), [(20.0, 2), (20.5, 1), (0.0, 4)])
def test_the_span_starts_with_the_warmup_also_off_the_grid(build, warmup_s, requests):
    """Arrivals at 0, 19.9, 20.2 and 30 s; a request at the very start of the span counts."""
    plan = build.plan(warmup_s=warmup_s)
    traces = build.traces(plan, [build.Request(at) for at in (0.0, 19.9, 20.2, 30.0)])
    observed = observe(plan, traces)
    assert observed.warmup_s == warmup_s
    assert observed.time_s == 200.0 - warmup_s
    assert observed.requests == requests
    assert observed.latencies.size == requests


def test_an_arrival_at_the_warmup_counts(build):
    plan = build.plan(warmup_s=20.5)
    assert observe(plan, build.traces(plan, [build.Request(20.5)])).requests == 1


def test_nothing_cannot_be_summarised(build):
    with pytest.raises(ResultError, match="no replication has finished"):
        observe(build.plan(), [])


@pytest.mark.parametrize("warmup_s", [200.0, 300.0, -1.0])
def test_a_warmup_leaves_something(build, warmup_s):
    plan = build.plan(warmup_s=warmup_s)
    with pytest.raises(ResultError, match="leaves nothing"):
        observe(plan, build.traces(plan, []))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digest": "other"}, "another plan"),
        ({"seed": 2}, "seed or detail"),
        ({"detail": "summary"}, "seed or detail"),
        ({"replication": 0}, "there twice"),
    ],
)
def test_traces_that_do_not_belong_together_are_refused(build, change, message):
    plan = build.plan()
    traces = build.traces(plan, [], [])
    with pytest.raises(ResultError, match=message):
        observe(plan, [traces[0], replace(traces[1], **change)])


def test_calls_of_an_endpoint_are_pooled_over_replications(build):
    """Only those that were served, of requests that arrive in the span (from 20 s on); none is no error."""
    plan = build.plan()
    calls = ((0.0, 0.3, Outcome.OK), (0.5, 0.1, Outcome.DEGRADED), (1.0, 0.2, Outcome.ERROR))
    stories = [[build.Request(10.0, 9.0, inner=((10.0, 0.9, Outcome.OK),))], [build.Request(30.0, 2.0, inner=calls)]]
    observed = observe(plan, build.traces(plan, *stories, []))
    assert sorted(observed.calls_of(1).tolist()) == pytest.approx([0.1, 0.3])
    assert [one.calls_of(1).size for one in observed.each] == [0, 2, 0]
    assert observed.calls_of(0).tolist() == [2.0]
