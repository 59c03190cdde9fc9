"""Rule 8.4: processor sharing by virtual time."""

from __future__ import annotations

import math

import pytest

from simulator.rules.queueing import real_time, sharing_rate, virtual_time


@pytest.mark.parametrize(
    ("jobs", "cores", "rate"), [(0, 2, 1.0), (1, 1, 1.0), (2, 2, 1.0), (1, 4, 1.0), (3, 2, 2 / 3), (8, 2, 0.25)]
)
def test_8_4_each_job_has_its_share_but_not_more_than_a_core(jobs, cores, rate):
    assert sharing_rate(jobs, cores) == rate


def test_virtual_time_runs_at_the_speed_of_service():
    assert virtual_time(10.0, 3.0, 3.0, 4, 1) == 10.0
    assert virtual_time(10.0, 3.0, 5.0, 4, 1) == 10.5
    assert virtual_time(10.0, 3.0, 5.0, 1, 4) == 12.0


def test_real_time_is_its_inverse():
    for jobs, cores in [(1, 1), (3, 2), (7, 1), (5, 8)]:
        when = real_time(2.0, 100.0, 2.75, jobs, cores)
        assert math.isclose(virtual_time(2.0, 100.0, when, jobs, cores), 2.75, rel_tol=1e-13)


def test_what_is_due_is_never_in_the_past():
    assert real_time(5.0, 7.0, 4.999, 3, 1) == 7.0
