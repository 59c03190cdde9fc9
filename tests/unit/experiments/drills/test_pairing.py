"""Requests paired by their identity, and what the fault did to each (rules 15.5, 15.6 and 15.14)."""

import numpy as np
import pytest

from simulator.experiments.drills.pairing import Counts, Fates, attempts_ratio, count_pairs, pair_requests

OK, DEGRADED, ERROR, UNFINISHED = 0, 1, 2, 7


def fates(rows):
    """Of (workload, request, entry, arrival, latency, outcome, attempts)."""
    columns = list(zip(*rows, strict=True))
    kinds = (np.int64, np.int64, np.int64, float, float, np.int64, np.int64)
    return Fates(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


NAN = float("nan")
CALM = fates([
    (0, 0, 0, 0.0, 0.1, OK, 2),
    (0, 1, 0, 1.0, 0.1, OK, 2),
    (0, 2, 0, 2.0, 0.1, OK, 2),
    (0, 3, 1, 3.0, 0.1, OK, 2),
    (0, 4, 1, 4.0, NAN, ERROR, 2),
    (0, 5, 1, 5.0, 0.9, OK, 2),
    (0, 6, 1, 6.0, 0.1, DEGRADED, 2),
    (1, 3, 2, 7.0, 0.1, OK, 1),
])  # fmt: skip
FAULTY = fates([
    (0, 0, 0, 0.0, 0.1, OK, 2),
    (0, 1, 0, 1.0, NAN, UNFINISHED, 9),      # lost
    (0, 2, 0, 2.0, 0.8, DEGRADED, 4),        # degraded, and late
    (0, 3, 1, 3.0, 0.5, OK, 2),              # at its limit: not late
    (0, 4, 1, 4.0, 0.1, OK, 2),              # gained
    (0, 5, 1, 5.0, 1.9, OK, 2),              # was late before: not the fault's doing
    (0, 6, 1, 6.0, NAN, ERROR, 2),           # lost
    (1, 2, 2, 7.0, 0.1, OK, 1),              # another request of that user
])  # fmt: skip
LIMITS = np.array([0.5, 0.5, 0.5])


def test_what_became_of_each():
    pairs = pair_requests(CALM, FAULTY)
    assert pairs.calm.request.tolist() == pairs.faulty.request.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert count_pairs(pairs, LIMITS) == Counts(lost=2, degraded=1, late=1, gained=1, not_asked=1, asked_more=1)


@pytest.mark.parametrize(
    ("entry", "counts"),
    [(0, Counts(1, 1, 1, 0, 0, 0)), (1, Counts(1, 0, 0, 1, 0, 0)), (2, Counts(0, 0, 0, 0, 1, 1))],
)
def test_entries_add_up_to_all(entry, counts):
    assert count_pairs(pair_requests(CALM, FAULTY), LIMITS, entry) == counts


def test_a_run_against_itself_differs_in_nothing():
    assert count_pairs(pair_requests(CALM, CALM), LIMITS) == Counts(0, 0, 0, 0, 0, 0)


def test_the_same_number_of_another_workload_is_another_request():
    other = fates([(1, 0, 2, 0.0, 0.1, OK, 1)])
    pairs = pair_requests(CALM.take(np.array([0])), other)
    assert pairs.calm.request.size == 0
    assert (pairs.not_asked.request.size, pairs.asked_more.request.size) == (1, 1)


def test_tries_are_of_the_requests_that_arrive_in_the_span():
    pairs = pair_requests(CALM, FAULTY)
    assert attempts_ratio(pairs, 1.0, 3.0) == (9 + 4) / (2 + 2)
    assert np.isnan(attempts_ratio(pairs, 8.0, 9.0))


def test_the_other_way_round_is_better():
    there = count_pairs(pair_requests(CALM, FAULTY), LIMITS)
    back = count_pairs(pair_requests(FAULTY, CALM), LIMITS)
    assert (back.gained, back.restored, back.sooner, back.asked_more) == (
        there.lost, there.degraded, there.late, there.not_asked,
    )  # fmt: skip
    assert back.lost == there.gained == 1
    assert (there.restored, there.sooner) == (0, 0)
