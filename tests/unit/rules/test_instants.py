"""Instants that are meant to be the same."""

import math
import random
from fractions import Fraction

from simulator.rules.instants import latest


def test_sums_in_any_order_and_grouping_are_not_later():
    draw = random.Random(5)
    for _ in range(2000):
        start = draw.choice([0.0, draw.uniform(0.0, 10.0), draw.uniform(0.0, 1e5)])
        parts = [draw.randint(1, 5000) / 1000.0 for _ in range(draw.randint(1, 14))]
        whole = float(sum(Fraction(str(part)) for part in parts))
        reached = start
        for part in parts:
            reached += part
        assert reached <= latest(start + whole)


def test_what_is_later_by_a_nanosecond_is_later():
    for instant in (0.001, 1.0, 600.0, 86400.0):
        assert instant < latest(instant) < instant + 1e-9


def test_the_ends_of_time():
    assert latest(0.0) == 0.0
    assert latest(math.inf) == math.inf
