import numpy as np
import pytest

from simulator.plan.layout import Outcome
from simulator.plan.plan import Objective
from simulator.results import summarise

FRONT, BACK = 0, 1


def p(percent, limit, endpoint=FRONT):
    return Objective("buy", endpoint, f"p{percent}", percent / 100, limit)


def mean(limit, endpoint=FRONT):
    return Objective("buy", endpoint, "mean", np.nan, limit)


def error_rate(limit, endpoint=FRONT):
    return Objective("buy", endpoint, "errorRate", np.nan, limit)


def judged(build, *objectives, stories=None, detail="requests", workloads=(("shoppers", (FRONT,)),)):
    plan = build.plan(objectives=objectives, workloads=workloads)
    return summarise(plan, build.traces(plan, *stories, detail=detail))


def story(build, scale=1.0):
    """100, 200, 300 ms and an error; one unfinished; calls of back of 10 and 30 ms, and one rejected."""
    return [
        build.Request(30.0, 0.1 * scale, inner=((30.0, 0.01, Outcome.OK),)),
        build.Request(40.0, 0.2 * scale, inner=((40.0, 0.03, Outcome.OK), (40.1, 0.0, Outcome.REJECTED))),
        build.Request(50.0, 0.3 * scale),
        build.Request(60.0, 9.0, Outcome.ERROR),
        build.Request(70.0, None, Outcome.UNFINISHED),
        build.Request(1.0, 7.0, inner=((1.0, 6.0, Outcome.OK),)),
    ]


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        (p(50, 1.0), 0.2),
        (mean(1.0), 0.2),
        (error_rate(1.0), 2 / 5),  # the unfinished one too
        (p(50, 1.0, BACK), 0.02),
        (mean(1.0, BACK), 0.02),
        (error_rate(1.0, BACK), 1 / 3),
    ],
)
def test_values(build, objective, value):
    table = judged(build, objective, stories=[story(build)]).objectives
    assert table.value.tolist() == pytest.approx([value])
    row = table.iloc[0]
    assert (row.slo, row.quantity, row.limit) == ("buy", objective.quantity, objective.limit)
    assert row.endpoint == ("front.buy", "back")[objective.endpoint]


def test_met_goes_by_the_value_and_equality_is_met(build):
    results = judged(build, p(50, 0.25), p(50, 0.15), error_rate(0.4), stories=[story(build)])
    assert results.objectives.met.tolist() == [True, False, True]
    assert results.objectives.met.dtype == bool
    assert not results.met
    assert judged(build, p(50, 0.25), stories=[story(build)]).met


def test_without_objectives_all_are_met(build):
    results = judged(build, stories=[story(build)])
    assert results.met
    assert list(results.objectives.columns) == [
        *("slo", "endpoint", "quantity", "limit", "value", "low", "high", "met", "straddles")
    ]


def test_the_interval_is_over_replications(build):
    """Medians of 0.2 and 0.4: 0.3 +- 12.7 x 0.1; pooled they are 0.25."""
    results = judged(build, p(50, 0.25), p(50, 9.9), stories=[story(build), story(build, 2.0)])
    row = results.objectives.iloc[0]
    assert row.value == pytest.approx(0.25)
    assert row.low == pytest.approx(0.3 - 1.2706205)
    assert row.high == pytest.approx(0.3 + 1.2706205)
    assert results.objectives.straddles.tolist() == [True, False]


def test_one_replication_straddles_nothing(build):
    row = judged(build, p(50, 0.25), stories=[story(build)]).objectives.iloc[0]
    assert np.isnan(row.low)
    assert not row.straddles


@pytest.mark.parametrize("endpoint", [FRONT, BACK])
def test_what_was_not_seen_is_not_met(build, endpoint):
    asked = (p(99, 9.0, endpoint), mean(9.0, endpoint), error_rate(1.0, endpoint))
    results = judged(build, *asked, stories=[[]])
    assert results.objectives.value.isna().all()
    assert not results.objectives.met.any()
    assert sum("nothing to go by" in warning for warning in results.warnings) == 3


def test_the_summary_judges_an_entry(build):
    asked = (p(50, 1.0), mean(1.0), error_rate(1.0), mean(1.0, BACK), error_rate(1.0, BACK))
    results = judged(build, *asked, stories=[story(build)], detail="summary")
    assert results.objectives.value.tolist() == pytest.approx([0.2, 0.2, 0.4, 0.02, 1 / 3])
    assert not any("not recorded" in warning for warning in results.warnings)


def test_the_summary_does_not_judge_percentiles_inside(build):
    results = judged(build, p(50, 1.0, BACK), stories=[story(build)], detail="summary")
    assert np.isnan(results.objectives.value[0])
    assert not results.met
    assert any('use detail="requests"' in warning for warning in results.warnings)


ENTRIES = (("shoppers", (FRONT, BACK)), ("robots", (FRONT,)))


def entering(build):
    return [
        build.Request(30.0, 0.1),
        build.Request(40.0, 0.2, Outcome.ERROR, entry=1),
        build.Request(50.0, 0.3, workload=1, entry=2),
        build.Request(60.0, 0.8, entry=1),
        build.Request(70.0, None, Outcome.UNFINISHED),
    ]


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        (p(50, 1.0), 0.2),
        (mean(1.0), 0.2),
        (error_rate(1.0), 1 / 3),
        (p(50, 1.0, BACK), 0.8),
        (error_rate(1.0, BACK), 0.5),
    ],
)
def test_one_entry_of_several_is_judged_by_those_who_enter_there(build, objective, value):
    table = judged(build, objective, stories=[entering(build)], workloads=ENTRIES).objectives
    assert table.value.tolist() == pytest.approx([value])


def test_the_summary_cannot_tell_entries_apart(build):
    results = judged(
        build, p(50, 1.0), mean(1.0), error_rate(1.0), stories=[entering(build)], workloads=ENTRIES, detail="summary"
    )
    assert results.objectives.value.isna().tolist() == [True, False, True]
    assert sum('use detail="requests"' in warning for warning in results.warnings) == 2


def test_an_entry_is_not_judged_by_calls_from_inside(build):
    """Robots enter at back, which the front calls too."""
    requests = [*story(build), build.Request(80.0, 0.5, workload=1, entry=1)]
    workloads = (("shoppers", (FRONT,)), ("robots", (BACK,)))
    asked = (p(50, 1.0, BACK), mean(1.0, BACK), error_rate(1.0, BACK))
    table = judged(build, *asked, stories=[requests], workloads=workloads).objectives
    assert table.value.tolist() == pytest.approx([0.5, 0.5, 0.0])
