"""What is worse less what is better, and when that is harm (rule 15.6)."""

import math

import numpy as np
import pytest

from simulator.experiments.drills.nets import count_columns, harms, is_chance
from simulator.experiments.drills.pairing import Fates, pair_requests

LIMITS = np.array([0.5])


def student(confidence):
    """The critical value of three replications: with two degrees of freedom it has a closed form."""
    return confidence * math.sqrt(2 / (1 - confidence**2))


def run(late, size=100):
    """Requests 1 s apart, of which these are too late."""
    latency = np.full(size, 0.1)
    latency[list(late)] = 0.9
    zeros = np.zeros(size, np.int64)
    return Fates(zeros, np.arange(size), zeros, np.arange(float(size)), latency, zeros, zeros + 1)


def pairs(*replications):
    """Of what is late without the fault, and with it."""
    return [pair_requests(run(calm), run(faulty)) for calm, faulty in replications]


def test_what_only_gets_worse_has_students_interval():
    """6, 8 and 10: 8 with a standard error of 2 / sqrt(3)."""
    row = count_columns(pairs(*(((), range(20, 20 + n)) for n in (6, 8, 10))), LIMITS, 0.95)
    assert (row["late"], row["sooner"], row["late_net"]) == (8, 0, 8)
    assert row["late_net_half_width"] == row["late_half_width"]
    assert row["late_net_half_width"] == pytest.approx(student(0.95) * 2 / math.sqrt(3))
    assert harms(row) == ["late"]
    assert not is_chance(row)


def test_what_goes_both_ways_is_net():
    """10 late and 8, 9, 10 sooner in another tenth of the run: 1 on balance, beside a spread of chance of 9 or so."""
    row = count_columns(pairs(*((range(n), range(50, 60)) for n in (8, 9, 10))), LIMITS, 0.95)
    assert (row["late"], row["sooner"], row["late_net"]) == (10, 9, 1)
    variance = 2 * (8**2 + 9**2 + 10**2) / 3
    assert row["late_net_half_width"] == pytest.approx(student(1 - 0.05 / 4) * math.sqrt(variance / 3))
    assert harms(row) == []
    assert is_chance(row)


def test_a_few_that_agree_by_chance_are_no_harm():
    """3 on balance in each of three replications, beside 6 the other way round."""
    row = count_columns(pairs(*((range(6), range(50, 59)) for _ in "abc")), LIMITS, 0.95)
    assert row["late_net"] == 3
    assert row["late_net_half_width"] > 3
    assert harms(row) == []


def test_what_is_degraded_is_net_too():
    calm, faulty = run(range(4)), run(range(50, 60))
    worse = np.zeros(100, np.int64)
    worse[70:78] = 1  # degraded
    better = np.zeros(100, np.int64)
    better[80:83] = 1
    one = pair_requests(Fates(**{**vars(calm), "outcome": better}), Fates(**{**vars(faulty), "outcome": worse}))
    row = count_columns([one] * 3, LIMITS, 0.95)
    assert (row["degraded"], row["restored"], row["degraded_net"]) == (8, 3, 5)
    assert row["degraded_net_half_width"] == pytest.approx(student(1 - 0.05 / 4) * math.sqrt(2 * 3**2 / 3))


@pytest.mark.parametrize(("sooner", "harmed"), [(0, ["late"]), (4, ["late"]), (5, []), (9, [])])
def test_one_replication_is_harmed_by_more_than_all_that_is_better(sooner, harmed):
    row = count_columns(pairs((range(sooner), range(50, 59))), LIMITS, 0.95)
    assert math.isnan(row["late_net_half_width"])
    assert harms(row) == harmed


def test_nothing_is_no_harm():
    row = count_columns(pairs((range(5), range(5)), (range(2), range(2))), LIMITS, 0.95)
    assert (row["late_net"], row["late_net_half_width"], harms(row), is_chance(row)) == (0, 0, [], False)
