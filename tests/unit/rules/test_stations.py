"""Rule 8.4: processor sharing by virtual time."""

from __future__ import annotations

import random

import pytest

from simulator.rules.nanoseconds import NEVER
from simulator.rules.stations import real_time, virtual_time


@pytest.mark.parametrize(
    ("jobs", "cores", "given"), [(0, 2, 6.0), (1, 1, 6.0), (2, 2, 6.0), (1, 4, 6.0), (3, 2, 4.0), (8, 2, 1.5)]
)
def test_8_4_each_job_has_its_share_but_not_more_than_a_core(jobs, cores, given):
    assert virtual_time(10.0, 3, 9, jobs, cores) == 10.0 + given


def test_virtual_time_runs_at_the_speed_of_service():
    assert virtual_time(10.0, 3, 3, 4, 1) == 10.0
    assert virtual_time(10.0, 3, 5, 4, 1) == 10.5
    assert virtual_time(10.0, 3, 5, 1, 4) == 12.0


def test_virtual_time_is_multiplied_then_divided():
    """So that what comes out even is even: 15 of 22 cores for 22 ns are 15; 22 x (15/22) is less."""
    assert virtual_time(0.0, 0, 22, 22, 15) == 15.0
    assert 22 * (15 / 22) < 15.0


@pytest.mark.parametrize(
    ("left", "jobs", "cores", "time"),
    [(0.75, 1, 1, 1), (0.25, 1, 1, 0), (0.5, 1, 4, 1), (2.5, 2, 2, 3), (10.0, 3, 2, 15), (5.0, 3, 2, 8),
     (7.0, 3, 2, 11), (1e6, 49, 1, 49_000_000), (1e6, 7, 3, 2_333_333), (2e6, 7, 3, 4_666_667)],
)  # fmt: skip
def test_an_end_is_rounded_to_the_nearest_nanosecond_half_up(left, jobs, cores, time):
    assert real_time(2.25, 100, 2.25 + left, jobs, cores) == 100 + time


def test_real_time_is_the_inverse_to_half_a_nanosecond():
    draw = random.Random(7)
    for _ in range(2000):
        jobs, cores, since = draw.randint(1, 50), draw.randint(1, 8), draw.randint(0, 10**9)
        virtual = draw.uniform(0.0, 1e6)
        due = virtual + draw.randint(0, 10**6)
        when = real_time(virtual, since, due, jobs, cores)
        assert abs(virtual_time(virtual, since, when, jobs, cores) - due) <= 0.5 * min(1.0, cores / jobs) + 1e-9


def test_what_is_due_is_never_in_the_past():
    assert real_time(5.0, 7, 4.999, 3, 1) == 7


def test_what_never_ends():
    assert real_time(0.0, 7, float(NEVER), 2, 1) == 7 + NEVER
