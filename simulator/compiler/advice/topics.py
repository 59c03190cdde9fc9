"""All topics of advice, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from ...plan.plan import Plan
from ..directory import Directory
from ..expectations import Expectations
from .deadlock import deadlocks
from .faults import endless_partitions, idle_recoveries, misplaced_faults
from .grouping import grouped
from .hops import free_hops, lossy_links
from .idle import idle_settings
from .limits import idle_limits
from .merging import dropped_limits, dropped_policies, single_copies
from .overload import absent, overloads
from .replays import late_replays
from .subject import Subject
from .traffic import short_stages
from .unreached import unreached, unreached_objectives, unused_policies

TOPICS: tuple[Callable[[Subject], Iterator[str]], ...] = (
    unreached, unreached_objectives, lossy_links, overloads, absent, free_hops, dropped_limits, dropped_policies,
    idle_limits, unused_policies, short_stages, late_replays, idle_settings, deadlocks,
    misplaced_faults, endless_partitions, idle_recoveries, single_copies,
)  # fmt: skip


def find_warnings(directory: Directory, plan: Plan, expected: Expectations) -> tuple[str, ...]:
    """Warnings of a plan, as sentences."""
    subject = Subject(directory, plan, expected)
    return grouped(chain.from_iterable(topic(subject) for topic in TOPICS))
