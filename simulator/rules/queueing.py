"""Processor sharing by virtual time (rule 8.4): what one job of `jobs` on `cores` cores has been given.

Virtual time runs at the speed at which each job is served: min(1, cores/jobs). A job that joins at virtual time v
with `work` seconds ends at v + work, whoever comes and goes meanwhile: O(log n) a job.
"""

from __future__ import annotations

from .jit import rule


@rule("float64(int64, int64)")
def sharing_rate(jobs: int, cores: int) -> float:
    """The share of a core that each job has, at most one."""
    return 1.0 if jobs <= cores else cores / jobs


@rule("float64(float64, float64, float64, int64, int64)")
def virtual_time(virtual: float, since: float, now: float, jobs: int, cores: int) -> float:
    """Virtual time now, `virtual` having been right at `since`."""
    return virtual + (now - since) * sharing_rate(jobs, cores)


@rule("float64(float64, float64, float64, int64, int64)")
def real_time(virtual: float, since: float, due: float, jobs: int, cores: int) -> float:
    """When virtual time reaches `due` if nobody comes or goes; never before `since`."""
    return since + max(0.0, due - virtual) / sharing_rate(jobs, cores)
