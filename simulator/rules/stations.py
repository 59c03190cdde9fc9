"""Processor sharing by virtual time (rule 8.4): what one job of `jobs` on `cores` cores has been given.

Virtual time runs at the speed at which each job is served: min(1, cores/jobs). A job that joins at virtual time v
with so much work ends at v + work, whoever comes and goes meanwhile: O(log n) a job. It is in nanoseconds, but not in
whole ones.
"""

from __future__ import annotations

from ..machine_code.jit import rule
from .nanoseconds import nearest


@rule("float64(float64, int64, int64, int64, int64)")
def virtual_time(virtual: float, since: int, now: int, jobs: int, cores: int) -> float:
    """Virtual time now, `virtual` having been right at `since`."""
    if jobs <= cores:
        return virtual + (now - since)
    return virtual + float(now - since) * cores / jobs


@rule("int64(float64, int64, float64, int64, int64)")
def real_time(virtual: float, since: int, due: float, jobs: int, cores: int) -> int:
    """When virtual time reaches `due` if nobody comes or goes; never before `since`."""
    left = max(0.0, due - virtual)
    return since + nearest(left if jobs <= cores else left * jobs / cores)
