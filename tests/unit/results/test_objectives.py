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
    """Rule 11.14."""
    results = judged(build, p(50, 0.25), p(50, 0.15), error_rate(0.4), stories=[story(build)])
    assert results.objectives.met.tolist() == [True, False, True]
    assert results.objectives.met.dtype == bool
    assert not results.met
    assert judged(build, p(50, 0.25), stories=[story(build)]).met


def test_without_objectives_all_are_met(build):
    results = judged(build, stories=[story(build)])
    assert results.met
    assert list(results.objectives.columns) == [
        *("slo", "endpoint", "quantity", "limit", "value", "low", "high", "met", "straddles"),
        *("served_ratio", "reason", "until"),
    ]


def test_six_values_bound_no_percentile(build):
    """0.1 to 0.6: the median of all is 0.25, and nobody knows how far up it may lie."""
    row = judged(build, p(50, 9.9), stories=[story(build), story(build, 2.0)]).objectives.iloc[0]
    assert row.value == pytest.approx(0.25)
    assert row.low <= row.value
    assert row.high == np.inf
    assert row.met
    assert row.straddles


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
    """Robots enter at back, which the front calls too (rule 11.10)."""
    requests = [*story(build), build.Request(80.0, 0.5, workload=1, entry=1)]
    workloads = (("shoppers", (FRONT,)), ("robots", (BACK,)))
    asked = (p(50, 1.0, BACK), mean(1.0, BACK), error_rate(1.0, BACK))
    table = judged(build, *asked, stories=[requests], workloads=workloads).objectives
    assert table.value.tolist() == pytest.approx([0.5, 0.5, 0.0])


def part_served(build, served, failed):
    """So many of 100 ms, and so many that time out."""
    return [build.Request(30.0 + row, 0.1) for row in range(served)] + [
        build.Request(90.0 + row, 1.0, Outcome.TIMEOUT) for row in range(failed)
    ]


@pytest.mark.parametrize(
    ("objective", "served", "failed", "met"),
    [
        (p(99, 1.0), 100, 0, True),
        (p(99, 1.0), 99, 1, True),  # its own tail
        (p(99, 1.0), 98, 2, False),
        (p(50, 1.0), 60, 40, True),
        (p(50, 1.0), 40, 60, False),
        (p(100, 1.0), 99, 1, False),
        (p(100, 1.0), 99, 0, True),
        (mean(1.0), 99, 1, True),
        (mean(1.0), 98, 2, False),
    ],
)
def test_a_latency_of_the_few_that_were_served_is_not_met(build, objective, served, failed, met):
    results = judged(build, objective, stories=[part_served(build, served, failed)] * 2)
    row = results.objectives.iloc[0]
    assert row.value == pytest.approx(0.1)
    assert row.met == met == results.met
    assert row.served_ratio == pytest.approx(served / (served + failed))
    assert row.reason == ("" if met else f"{100 * failed / (served + failed):.2g} % were not served")
    assert any("counts as missed" in text for text in results.warnings) == (not met)


def test_who_promises_errors_promises_them_apart(build):
    asked = (p(99, 1.0), error_rate(0.9))
    results = judged(build, *asked, stories=[part_served(build, 20, 80)] * 2)
    assert results.met
    assert results.objectives.served_ratio.tolist() == pytest.approx([0.2, 0.2])
    elsewhere = judged(build, p(99, 1.0), error_rate(0.9, BACK), stories=[part_served(build, 20, 80)] * 2)
    assert not elsewhere.objectives.met[0]


def test_whether_the_tail_suffices_may_be_unsure(build):
    """One of a hundred is allowed, and one of a hundred was lost."""
    row = judged(build, p(99, 1.0), stories=[part_served(build, 99, 1)] * 2).objectives.iloc[0]
    assert row.met
    assert row.straddles


def test_the_maximum_is_judged_and_has_no_interval(build):
    row = judged(build, p(100, 0.3), stories=[story(build), story(build)]).objectives.iloc[0]
    assert row.value == pytest.approx(0.3)
    assert np.isnan(row.high)
    assert not row.met  # an error and an unfinished one
