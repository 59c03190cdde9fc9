import numpy as np
import pytest

from simulator.errors import ResultError
from simulator.results import paired_difference, summarise


def run(build, *latencies, seed=1, first=0):
    """One replication a latency, None for one without requests."""
    plan = build.plan()
    traces = [
        build.trace(
            plan,
            build.Story(
                [] if latency is None else [build.Request(30.0, latency)], replication=first + number, seed=seed
            ),
        )
        for number, latency in enumerate(latencies)
    ]
    return summarise(plan, traces)


def test_the_interval_is_that_of_the_differences(build):
    """0.1, 0.2, 0.3: s = 0.1, though either side varies ten times as much; t(2, 0.975) = 4.302653."""
    table = paired_difference(run(build, 1.0, 2.0, 3.0), run(build, 1.1, 2.2, 3.3))
    row = table.loc["latency_mean_s"]
    half_width = 4.302653 * 0.1 / np.sqrt(3)
    assert row.baseline == pytest.approx(2.0)
    assert row.other == pytest.approx(2.2)
    assert row.difference == pytest.approx(0.2)
    assert row.half_width == pytest.approx(half_width, rel=1e-6)
    assert row.low == pytest.approx(0.2 - half_width)
    assert row.high == pytest.approx(0.2 + half_width)
    assert not row.shown
    assert paired_difference(run(build, 1.0, 2.0, 3.0), run(build, 1.1, 2.2, 3.3), confidence=0.5).shown[
        "latency_mean_s"
    ]


def test_a_difference_is_shown_where_the_interval_excludes_0(build):
    slow, fast = run(build, 1.0, 2.0, 3.0), run(build, 0.51, 1.5, 2.51)
    assert paired_difference(slow, fast).shown["latency_mean_s"]
    assert paired_difference(fast, slow).shown["latency_mean_s"]
    assert paired_difference(slow, fast).difference["latency_mean_s"] < 0.0
    assert paired_difference(slow, fast).shown.dtype == bool


def test_a_run_does_not_differ_from_itself(build):
    one = run(build, 1.0, 2.0, 3.0)
    table = paired_difference(one, one)
    assert list(table.index) == list(one.replications.columns)
    assert (table.difference.dropna() == 0.0).all()
    assert not table.shown.any()


def test_incomplete_pairs_are_left_out(build):
    row = paired_difference(run(build, 1.0, None, 3.0), run(build, 1.5, 9.0, 3.5)).loc["latency_mean_s"]
    assert (row.baseline, row.other, row.difference) == pytest.approx((2.0, 2.5, 0.5))


def test_without_a_pair_there_is_no_difference(build):
    row = paired_difference(run(build, None, None), run(build, 1.0, 3.0)).loc["latency_mean_s"]
    assert np.isnan(row.baseline)
    assert row.other == pytest.approx(2.0)
    assert np.isnan(row.difference)
    assert not row.shown


def test_one_replication_shows_nothing(build):
    row = paired_difference(run(build, 1.0), run(build, 9.0)).loc["latency_mean_s"]
    assert row.difference == pytest.approx(8.0)
    assert np.isnan(row.half_width)
    assert not row.shown


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"seed": 2}, "seeds 1 and 2 cannot be paired"),
        ({"first": 1}, r"replications \[0, 1\] and \[1, 2\] cannot be paired"),
    ],
)
def test_what_does_not_belong_together_is_refused(build, other, message):
    with pytest.raises(ResultError, match=message):
        paired_difference(run(build, 1.0, 2.0), run(build, 1.0, 2.0, **other))


def test_other_spans_are_other_requests(build):
    mine = run(build, 1.0, 2.0)
    for key, message in (
        ("warmup_s", "a warmup of 20 s and of 30 s"),
        ("duration_s", "a duration of 200 s and of 30 s"),
    ):
        theirs = run(build, 1.0, 2.0)
        theirs._provenance[key] = 30.0
        with pytest.raises(ResultError, match=f"{message} cannot be paired"):
            paired_difference(mine, theirs)
