"""When an incident is seen and when it is over, on fates made by hand (rules 15.7 to 15.12)."""

import math
from itertools import accumulate

import numpy as np
import pytest

import simulator as sim
from simulator.experiments.drills.incidents import (
    CHANCE,
    Incident,
    Promise,
    chance_of,
    cut_bins,
    find_promise,
    is_short,
    judge,
)
from simulator.experiments.drills.pairing import Fates

OK, ERROR = 0, 2
PROMISE = Promise(np.array([0.5, 0.5]), np.array([0.98, 0.98]), np.array([True, True]))
SPAN = {"at_s": 10.0, "until_s": 20.0, "horizon_s": 60.0}
OPEN, CLOSED = np.array([0.0]), np.array([1.0])


def fates(bad=lambda time: False, rate=20.0, entry=0, slow=lambda time: False, asked=lambda time: True):
    """Evenly spaced arrivals up to 60 s."""
    times = np.arange(0.0, 60.0, 1.0 / rate)
    times = times[[asked(time) for time in times]]
    outcome = np.array([ERROR if bad(time) else OK for time in times], np.int64)
    latency = np.where(outcome == OK, [0.9 if slow(time) else 0.1 for time in times], np.nan)
    zeros = np.zeros(times.size, np.int64)
    return Fates(zeros, np.arange(times.size), zeros + entry, times, latency, outcome, zeros + 1)


def together(*parts):
    columns = {name: np.concatenate([getattr(one, name) for one in parts]) for name in vars(parts[0])}
    columns["request"] = np.arange(columns["request"].size)
    return Fates(**columns)


def between(start, end):
    return lambda time: start <= time < end


def test_bins_are_whole_seconds_joined_until_enough_arrive():
    assert cut_bins(np.arange(0, 10, 0.05), 2.0, 5.0).tolist() == [2.0, 3.0, 4.0, 5.0]
    assert cut_bins(np.arange(0, 10, 0.1), 2.0, 7.0).tolist() == [2.0, 4.0, 7.0]
    assert cut_bins(np.arange(0, 10, 0.05), 2.0, 4.5).tolist() == [2.0, 3.0, 4.5]
    assert cut_bins(np.array([]), 2.0, 4.0).tolist() == [2.0, 4.0]
    busy_then_not = np.concatenate([np.arange(0, 2, 0.01), [5.5]])
    assert cut_bins(busy_then_not, 0.0, 6.0).tolist() == [0.0, 1.0, 6.0]


@pytest.mark.parametrize("share", [0.9, 0.98])
@pytest.mark.parametrize("number", [1, 5, 20, 57])
def test_short_is_the_exact_binomial_probability(share, number):
    """Against a sum over all outcomes, written out."""
    terms = [math.comb(number, k) * share**k * (1 - share) ** (number - k) for k in range(number + 1)]
    below = list(accumulate(terms))
    good = np.arange(number + 1)
    found = is_short(good, np.full(number + 1, number), share)
    assert found.tolist() == [below[k] < CHANCE and k < share * number for k in good]


def test_nothing_asked_is_nothing_short():
    assert not is_short(np.array([0]), np.array([0]), 0.98)[0]


def test_an_outage_is_seen_after_a_second_and_over_with_it():
    assert judge(fates(), fates(between(10, 20)), PROMISE, cycles_s=OPEN, **SPAN) == Incident(1.0, 0.0, False)


@pytest.mark.parametrize("until", [17.3, 18.0, 20.6])
@pytest.mark.parametrize("rate", [10.0, 20.0, 30.0])
def test_what_ends_with_the_fault_leaves_nothing_to_recover_from(until, rate):
    """Whenever it ends: no bin spans its end."""
    span = {**SPAN, "until_s": until}
    found = judge(fates(rate=rate), fates(between(10, until), rate=rate), PROMISE, cycles_s=OPEN, **span)
    assert found == Incident(1.0 if rate >= 20.0 else 2.0, 0.0, False)


def test_a_fault_of_no_time_is_judged_from_then_on():
    span = {**SPAN, "until_s": 10.0}
    assert judge(fates(), fates(between(10, 13)), PROMISE, cycles_s=OPEN, **span) == Incident(1.0, 3.0, False)


def test_it_is_over_with_the_last_bad_second():
    found = judge(fates(), fates(between(13, 27)), PROMISE, cycles_s=OPEN, **SPAN)
    assert found == Incident(4.0, 7.0, False)


def test_late_answers_are_an_incident_too():
    assert judge(fates(), fates(slow=between(12, 22)), PROMISE, cycles_s=OPEN, **SPAN) == Incident(3.0, 2.0, False)


def test_no_difference_is_no_incident():
    found = judge(fates(), fates(), PROMISE, cycles_s=OPEN, **SPAN)
    assert (math.isnan(found.detect_s), found.recover_s, found.overloaded) == (True, 0.0, False)


def test_what_goes_on_to_the_end_is_not_over():
    found = judge(fates(), fates(between(10, 60)), PROMISE, cycles_s=OPEN, **SPAN)
    assert (found.recover_s, found.over, found.overloaded) == (math.inf, False, False)
    last = judge(fates(), fates(between(59, 60)), PROMISE, cycles_s=OPEN, **SPAN)
    assert (last.detect_s, last.recover_s) == (50.0, math.inf)


def test_more_than_half_of_the_last_quarter_is_not_over():
    assert judge(fates(), fates(between(10, 55)), PROMISE, cycles_s=OPEN, **SPAN).recover_s == 35.0
    assert judge(fates(), fates(between(10, 56)), PROMISE, cycles_s=OPEN, **SPAN).recover_s == math.inf


def test_what_is_as_bad_without_the_fault_is_not_its_doing():
    every_fifth = lambda time: round(20 * time) % 5 == 0  # noqa: E731
    found = judge(fates(every_fifth), fates(every_fifth), PROMISE, cycles_s=OPEN, **SPAN)
    assert math.isnan(found.detect_s)
    assert found.overloaded


def test_one_entry_that_is_down_is_not_hidden_by_the_other():
    calm = together(fates(rate=200.0), fates(entry=1))
    faulty = together(fates(rate=200.0), fates(between(10, 20), entry=1))
    assert judge(calm, faulty, PROMISE, cycles_s=OPEN, **SPAN) == Incident(1.0, 0.0, False)


def test_users_who_are_held_up_ask_nothing_and_are_missed():
    silent = fates(asked=lambda time: not between(10, 30)(time))
    assert judge(fates(), silent, PROMISE, cycles_s=CLOSED, **SPAN) == Incident(1.0, 10.0, False)
    assert math.isnan(judge(fates(), silent, PROMISE, cycles_s=OPEN, **SPAN).detect_s)


def test_users_in_step_are_missed_only_while_none_of_them_asks():
    """All ask once in 2.1 s; from the fault on, which takes 8 s, 1 s later in their cycle than without it."""

    def bursts(shift):
        times = np.array([2.1 * n + (shift if 2.1 * n >= 18.0 else 0.0) for n in range(28)])
        times = times[(times < 10.0) | (times >= 18.0)] if shift else times
        one = fates(asked=lambda time: False)
        columns = {name: np.zeros(40 * times.size, column.dtype) for name, column in vars(one).items()}
        columns |= {"arrival_s": np.repeat(times, 40), "request": np.arange(40 * times.size)}
        return Fates(**columns | {"latency_s": np.full(40 * times.size, 0.1)})

    span = {"at_s": 10.0, "until_s": 18.0, "horizon_s": 58.0}
    found = judge(bursts(0.0), bursts(1.0), PROMISE, cycles_s=np.array([2.1]), **span)
    assert (found.detect_s, found.recover_s) == (3.0, 0.0)
    short = judge(bursts(0.0), bursts(1.0), PROMISE, cycles_s=np.array([1.0]), **span)
    assert short.recover_s > 0.0


def test_a_stretch_that_chance_makes_without_the_fault_is_chance_with_it():
    """3 s are bad without the fault only: chance. 6 s with it only are no more than twice that, 7 s are."""
    calm = fates(between(40, 43))
    chance = chance_of(calm, fates(), PROMISE, cycles_s=CLOSED, **SPAN)
    assert chance.tolist() == [60.0, 0.0]
    for end, seen in ((36, math.nan), (37, 21.0)):
        found = judge(calm, fates(between(30, end)), PROMISE, cycles_s=CLOSED, chance=chance, **SPAN)
        assert found.detect_s == pytest.approx(seen, nan_ok=True)
        assert found.recover_s == (0.0 if math.isnan(seen) else 17.0)
    alone = judge(calm, fates(between(30, 36)), PROMISE, cycles_s=CLOSED, **SPAN)
    assert (alone.detect_s, alone.recover_s) == (21.0, 16.0)


def test_what_both_runs_have_is_no_chance_of_one_alone():
    both = fates(between(40, 43))
    assert chance_of(both, both, PROMISE, cycles_s=OPEN, **SPAN).tolist() == [0.0, 0.0]


SHOP = """\
services: {{web: {{steps: [{{cpu: 1ms}}]}}}}
workload: {{call: web, rate: 1/s}}
{}
"""


@pytest.mark.parametrize(
    ("slos", "limit", "share", "told"),
    [
        ("", 7.0, 0.99 * 0.99, False),
        ("slos: {a: {call: web, p50: 100ms, p95: 300ms, errorRate: 2%}}", 0.3, 0.98 * 0.95, True),
        ("slos: {a: {call: web, mean: 100ms}, b: {call: web, errorRate: 5%}}", 7.0, 0.95 * 0.99, False),
        ("slos: {a: {call: web, p99: 300ms}, b: {call: web, p99: 200ms}}", 0.2, 0.99 * 0.99, True),
    ],
)
def test_what_is_promised(slos, limit, share, told):
    promise = find_promise(sim.compile(sim.loads(SHOP.format(slos))), np.array([7.0]))
    assert promise.limits_s.tolist() == [limit]
    assert promise.shares.tolist() == [pytest.approx(share)]
    assert promise.told.tolist() == [told]
