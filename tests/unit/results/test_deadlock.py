"""Rule 11.19: slots that wait for each other, among those who wait."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from simulator.plan.layout import UNLIMITED
from simulator.plan.waits import Wait, make_waits
from simulator.results.deadlock import find_deadlock

A, B, C, FREE = range(4)
"""Replicas, each of a unit of its own: slots 2, 1, 1, and without limit."""


def found(*rows, replicas=(1, 1, 1, 1)):
    """Of (visit, holder, queue, since)."""
    waits = make_waits(Wait(((0, visit), 0), holder, queue, since) for visit, holder, queue, since in rows)
    units = SimpleNamespace(
        name=("a", "b", "c", "free"), concurrency=np.array([2, 1, 1, UNLIMITED]), replicas=np.array(replicas)
    )
    seen = find_deadlock(SimpleNamespace(units=units), SimpleNamespace(waits=waits))
    return None if seen is None else (seen.replicas, seen.since_s)


BOTH = [(0, A, B, 1.0), (1, A, B, 5.0), (2, B, A, 3.0)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        (BOTH, ((A, B), 5.0)),
        # one slot of a is not in it: it may be free some day
        (BOTH[1:], None),
        # who waits at b through two calls waits once
        ([*BOTH, (1, A, B, 4.0)], ((A, B), 4.0)),
        # a visit that waits at two queues holds one slot
        ([(0, A, B, 1.0), (0, A, C, 1.0), (2, B, A, 3.0)], None),
        # c waits for the deadlock, and nobody waits for c
        ([*BOTH, (3, C, A, 9.0)], ((A, B), 5.0)),
        # a circle of three; and one that is open at c
        ([(0, A, B, 1.0), (1, A, B, 2.0), (2, B, C, 3.0), (3, C, A, 4.0)], ((A, B, C), 4.0)),
        ([(0, A, B, 1.0), (1, A, B, 2.0), (2, B, C, 3.0)], None),
        # a unit without a limit is on the way: its visits are there, and hold no slot
        ([*BOTH, (4, FREE, B, 2.0)], ((A, B), 5.0)),
        # a service that calls itself
        ([(0, B, B, 7.0)], ((B,), 7.0)),
    ],
)
def test_11_16_who_waits_for_whom(rows, expected):
    assert found(*rows) == expected
