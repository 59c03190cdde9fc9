import numpy as np
import pytest

from simulator.plan.layout import Outcome
from simulator.results.warmup import find_first, mser5, mser_statistics


def naive(batches):
    """The definition, one cut after the other."""
    size = len(batches)
    return [((batches[d:] - batches[d:].mean()) ** 2).sum() / (size - d) ** 2 for d in range(size)]


def decaying(number, generator, tail=40.0):
    return 1.0 + 5.0 * np.exp(-np.arange(number) / tail) + generator.normal(0.0, 0.3, number)


@pytest.mark.parametrize("seed", range(5))
def test_statistics_are_those_of_the_definition(seed):
    batches = decaying(200, np.random.default_rng(seed)) + 1e3
    np.testing.assert_allclose(mser_statistics(batches), naive(batches), rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_the_cut_is_the_one_of_the_definition(seed):
    values = decaying(1003, np.random.default_rng(seed))
    batches = values[:1000].reshape(200, 5).mean(axis=1)
    cut = mser5(values)
    assert cut.observations == 5 * int(np.argmin(naive(batches)[:101]))
    assert cut.observations > 0
    assert cut.settled


def test_equal_values_need_no_cut():
    assert mser5(np.full(100, 0.1)).observations == 0


def test_a_step_is_cut_where_it_ends():
    assert mser5(np.array([9.0] * 50 + [1.0, 1.5] * 200)).observations == 50


def test_a_trend_never_settles():
    cut = mser5(np.arange(1000.0))
    assert not cut.settled
    assert cut.observations == 500


def test_too_few_values_are_not_cut():
    cut = mser5(np.array([9.0] * 20 + [1.0] * 29))
    assert (cut.observations, cut.settled) == (0, False)
    assert mser5(np.array([])).observations == 0


def step(build, number, slow_until_s):
    """One request a half second, slow ones first."""
    return [
        build.Request(0.5 * row + 0.25, 0.9 if 0.5 * row < slow_until_s else 0.1 + 0.01 * (row % 2))
        for row in range(number)
    ]


@pytest.mark.parametrize("detail", ["summary", "requests"])
def test_the_cut_of_a_run_is_the_latest_rounded_up_to_an_edge(build, detail):
    """40 slow requests, the first kept arrives at 20.25 s; 20 in the other replication. Bins are 1 s."""
    plan = build.plan(warmup_s=None)
    traces = build.traces(plan, step(build, 400, 20.0), step(build, 400, 10.0), detail=detail)
    assert find_first(traces) == (21, True)
    assert find_first(traces[1:]) == (11, True)


def test_one_replication_of_three_that_is_late_is_chance(build):
    plan = build.plan(warmup_s=None)
    late, early = step(build, 400, 60.0), step(build, 400, 10.0)
    assert find_first(build.traces(plan, late, early, early)) == (11, True)
    assert find_first(build.traces(plan, late, late, early)) == (61, True)


def test_no_cut_is_the_very_beginning(build):
    plan = build.plan(warmup_s=None)
    assert find_first(build.traces(plan, step(build, 400, 0.0))) == (0, True)


def test_failed_requests_are_not_looked_at(build):
    plan = build.plan(warmup_s=None)
    requests = step(build, 400, 0.0)
    for one in requests[:100]:
        one.latency_s, one.outcome = 7.0, Outcome.ERROR
    assert find_first(build.traces(plan, requests)) == (0, True)


def test_a_cut_beyond_half_time_is_not_settled(build):
    """Half of the requests come in the last fifth."""
    plan = build.plan(warmup_s=None)
    slow = [build.Request(row + 0.5, 0.9) for row in range(150)]
    fast = [build.Request(150.0 + row * 0.1, 0.1 + 0.01 * (row % 2)) for row in range(400)]
    first, settled = find_first(build.traces(plan, slow + fast))
    assert first == 150
    assert not settled
