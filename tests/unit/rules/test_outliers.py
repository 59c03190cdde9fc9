"""Outlier detection: what Envoy's documentation says of consecutive 5xx, by tables.

Times are in milliseconds here.
"""

from __future__ import annotations

import numpy as np
import pytest

from simulator.plan.layout import Balancer, Outcome
from simulator.rules.balancers import NUMBERS, READY, make_board
from simulator.rules.outliers import judge, make_detector, sweep

OK, BAD = int(Outcome.OK), int(Outcome.ERROR)
MS = 1_000_000


class Unit:
    """A balancer and its detector, of Istio's defaults unless said otherwise."""

    def __init__(self, replicas: int, **keys: float) -> None:
        board = make_board(Balancer.ROUND_ROBIN, 2, replicas, 0)
        given = {"errors": 5, "interval_s": 10.0, "base_s": 30.0, "percent": 100.0} | keys
        self.at = board.size
        self.m = np.concatenate([board, make_detector(replicas=replicas, **given)])
        self.f = self.m.view(np.float64)

    def judge(self, now: int, outcome: int, replica: int = 0) -> None:
        judge(self.m, self.f, self.at, 0, now * MS, replica, outcome)

    def fail(self, now: int, replica: int = 0, times: int = 5) -> None:
        for _ in range(times):
            self.judge(now, BAD, replica)

    def eligible(self, now: int, before: int = 0) -> list[int]:
        """Who is, some nanoseconds before a time."""
        sweep(self.m, self.f, self.at, 0, now * MS - before)
        return self.m[NUMBERS : NUMBERS + self.m[READY]].tolist()


def test_five_in_a_row_eject():
    unit = Unit(2)
    unit.fail(1000, times=4)
    assert unit.eligible(1000) == [0, 1]
    unit.fail(1000, times=1)
    assert unit.eligible(1000) == [1]


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.TIMEOUT, Outcome.REJECTED])
def test_what_is_a_failure(outcome):
    unit = Unit(2, errors=1)
    unit.judge(1000, int(outcome))
    assert unit.eligible(1000) == [1]


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.DEGRADED])
def test_a_success_begins_anew(outcome):
    unit = Unit(2)
    unit.fail(1000, times=4)
    unit.judge(1000, int(outcome))
    unit.fail(1000, times=4)
    assert unit.eligible(1000) == [0, 1]


@pytest.mark.parametrize(
    ("replicas", "percent", "out"),
    # `max_ejection_percent`: 100 (ejected + 1) / hosts may not be above it
    [(9, 10, 0), (10, 10, 1), (20, 10, 2), (19, 10, 1), (3, 50, 1), (4, 50, 2), (2, 49.9, 0), (3, 100, 3), (5, 0, 0)],
)
def test_how_many_may_be_out(replicas, percent, out):
    unit = Unit(replicas, percent=float(percent))
    for replica in range(replicas):
        unit.fail(1000, replica)
    assert unit.eligible(1000) == list(range(out, replicas))


def test_who_may_not_be_ejected_counts_anew():
    unit = Unit(2, percent=50.0)
    unit.fail(1000, 0)
    unit.fail(1000, 1)
    assert unit.eligible(39_000) == [1]
    assert unit.eligible(40_000) == [0, 1]
    unit.fail(40_000, 1, times=4)
    assert unit.eligible(40_000) == [0, 1]
    unit.fail(40_000, 1, times=1)
    assert unit.eligible(40_000) == [0]


@pytest.mark.parametrize(
    ("at", "back"), [(0, 30_000), (1, 40_000), (9999, 40_000), (10_000, 40_000), (10_500, 50_000), (95_000, 130_000)]
)
def test_back_at_the_first_look_after_its_time(at, back):
    unit = Unit(1)
    unit.fail(at)
    assert unit.eligible(back, before=1) == []
    assert unit.eligible(back) == [0]


def test_the_base_times_the_number_of_ejections_300_seconds_at_most():
    unit, now = Unit(1), 0
    for multiplier in [*range(1, 11), 10, 10]:  # base 30 s: from the tenth on no longer
        unit.fail(now)
        now += 30_000 * multiplier
        assert unit.eligible(now, before=1) == []
        assert unit.eligible(now) == [0]
    unit = Unit(1, base_s=400.0)  # longer than 300 s
    unit.fail(0)
    assert (unit.eligible(400_000, before=1), unit.eligible(400_000)) == ([], [0])


@pytest.mark.parametrize(("quiet", "multiplier"), [(0, 3), (9, 3), (10, 2), (19, 2), (20, 1), (500, 1)])
def test_each_quiet_interval_is_one_less(quiet, multiplier):
    """Ejected twice, back at 30 and at 90 s; at each look from 100 on the multiplier is one less."""
    unit = Unit(1)
    unit.fail(0)
    unit.eligible(30_000)
    unit.fail(30_000)
    assert unit.eligible(90_000) == [0]
    now = 90_000 + 1000 * quiet
    unit.fail(now)
    back = -(-(now + 30_000 * multiplier) // 10_000) * 10_000
    assert unit.eligible(back, before=1) == []
    assert unit.eligible(back) == [0]


@pytest.mark.parametrize("looks", [(), (12_000, 33_000), (5000, 10_000, 20_000, 30_000, 31_000, 40_000)])
def test_nothing_depends_on_when_somebody_looks(looks):
    unit = Unit(3)
    unit.fail(1000, 0)
    unit.fail(4000, 1)
    for look in looks:
        unit.eligible(look)
    assert unit.eligible(40_000) == [0, 1, 2]
    unit.fail(45_000, 1)
    assert unit.eligible(90_000) == [0, 2]
    assert unit.eligible(110_000) == [0, 1, 2]


def test_results_of_who_is_out_count_for_nothing():
    unit = Unit(1)
    unit.fail(0)
    unit.fail(5000, times=4)
    assert unit.eligible(30_000) == [0]
    unit.fail(30_000, times=4)
    assert unit.eligible(30_000) == [0]
