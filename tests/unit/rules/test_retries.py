"""Rules 12.7 to 12.9: what is tried again, when, and within which budget."""

from __future__ import annotations

import pytest

from simulator.plan.layout import Jitter, Outcome
from simulator.rules.nanoseconds import NEVER
from simulator.rules.retries import backoff, has_budget, is_tried_again

ANY = sum(1 << outcome for outcome in (Outcome.ERROR, Outcome.TIMEOUT, Outcome.REJECTED, Outcome.UNREACHABLE))


@pytest.mark.parametrize("outcome", Outcome)
def test_12_7_what_is_tried_again(outcome):
    assert is_tried_again(outcome, ANY, 0, 1) is (outcome.word in ("error", "timeout", "rejected", "unreachable"))
    assert is_tried_again(outcome, 1 << Outcome.ERROR, 0, 1) is (outcome is Outcome.ERROR)


@pytest.mark.parametrize(("made", "attempts", "again"), [(0, 0, False), (0, 1, True), (1, 1, False), (1, 2, True)])
def test_12_7_attempts_counts_re_tries(made, attempts, again):
    """Envoy: `num_retries` 1 is one try more."""
    assert is_tried_again(Outcome.ERROR, ANY, made, attempts) is again


@pytest.mark.parametrize(
    ("jitter", "u", "waits"),
    [
        # base 25 us, at most 250 us: 25, 50, 100, 200, then the limit
        (Jitter.NONE, 0.5, [25, 50, 100, 200, 250, 250]),
        (Jitter.FULL, 0.5, [12.5, 25, 50, 100, 125, 125]),
        (Jitter.FULL, 0.25, [6.25, 12.5, 25, 50, 62.5, 62.5]),
        (Jitter.EQUAL, 0.5, [18.75, 37.5, 75, 150, 187.5, 187.5]),
        # from 25 to three times the wait before: (25 + 75)/2, (25 + 150)/2, ...
        (Jitter.DECORRELATED, 0.5, [50, 87.5, 143.75, 228.125, 250, 250]),
    ],
)
def test_12_8_waits(jitter, u, waits):
    """Brooker (2015), with u the same in all draws."""
    previous, found = 25_000, []
    for k in range(1, 7):
        previous = backoff(jitter, 25_000, 250_000, k, previous, u)
        found.append(previous)
    assert found == [1000 * wait for wait in waits]


@pytest.mark.parametrize(
    ("jitter", "waits"),
    [
        # 25 ns, at most 70: whole nanoseconds, half up; the last of a wait that was 50, not 49.75
        (Jitter.NONE, [25, 50, 70]), (Jitter.FULL, [13, 25, 35]), (Jitter.EQUAL, [19, 38, 53]),
        (Jitter.DECORRELATED, [50, 70, 70]),
    ],
)  # fmt: skip
def test_12_8_waits_are_whole_nanoseconds_half_up(jitter, waits):
    previous, found = 25, []
    for k in (1, 2, 3):
        previous = backoff(jitter, 25, 70, k, previous, 0.5)
        found.append(previous)
    assert found == waits


def test_12_8_the_wait_before_is_the_one_that_was_waited():
    """From 3 to three times it: 3 + (9 - 3) u = 4.5, which is 5; then 3 + (15 - 3) u, not 3 + (13.5 - 3) u."""
    assert backoff(Jitter.DECORRELATED, 3, 1000, 1, 3, 0.25) == 5
    assert backoff(Jitter.DECORRELATED, 3, 1000, 2, 5, 0.25) == 6


@pytest.mark.parametrize("jitter", Jitter)
def test_12_8_waits_stay_within_their_limits(jitter):
    previous = 10_000_000
    for k in (1, 2, 3, 50, 1000, 5000, 10**9):
        for u in (1e-9, 0.3, 1 - 1e-9):
            wait = backoff(jitter, 10_000_000, 3_000_000_000, k, previous, u)
            assert 0 <= wait <= 3_000_000_000
            assert backoff(jitter, 0, 0, k, 0, u) == 0
            assert 0 <= backoff(jitter, NEVER, NEVER, k, NEVER, u) <= NEVER
        previous = wait


@pytest.mark.parametrize(
    ("active", "retries", "percent", "least", "allowed"),
    [
        # few tries: the minimum
        (0, 0, 20, 3, True), (0, 2, 20, 3, True), (0, 3, 20, 3, False), (15, 3, 20, 3, False),
        # 20 % of 19 is 3, of 20 is 4
        (19, 3, 20, 3, False), (20, 3, 20, 3, True), (20, 4, 20, 3, False), (100, 19, 20, 3, True),
        (100, 20, 20, 3, False), (5, 0, 20, 0, True), (4, 0, 20, 0, False), (1000, 0, 0, 0, False),
        (100, 28, 29, 0, True), (100, 29, 29, 0, False), (3, 2, 100, 0, True), (3, 3, 100, 0, False),
    ],
)  # fmt: skip
def test_12_9_the_budget(active, retries, percent, least, allowed):
    """Envoy's `RetryBudget`: fewer active re-tries than max(min, percent of the active), a whole number."""
    assert has_budget(active, retries, percent, least) is allowed
