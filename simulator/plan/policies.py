"""The tables of what callers do about their calls, and targets about their callers, each with its words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from .columns import (
    Code,
    Count,
    Integers,
    Names,
    Percent,
    Ref,
    Seconds,
    States,
    Stream,
    Table,
    duration,
)
from .layout import Jitter, Outcome, Window
from .tables import OfCall, OfService, OfUnit

if TYPE_CHECKING:
    from .plan import Plan


@dataclass(frozen=True, eq=False)
class Policies(Table):
    """What is done about remote calls that need more than a timeout, one row each.

    Of the states that the caller has, `breaker`, `bulkhead` and `budget` are rows of their tables, or -1.
    """

    only_with = ("policies",)

    name: Names  # empty: a policy without a name
    call: OfCall
    attempts: Count  # re-tries
    per_try_s: Seconds
    retry_on: Integers  # a bit for each Outcome
    backoff_s: Seconds
    max_backoff_s: Seconds
    jitter: Annotated[Integers, Code(Jitter)]
    backoff_stream: Stream
    breaker: Annotated[Integers, Ref("breakers")]
    bulkhead: Annotated[Integers, Ref("bulkheads")]
    budget: Annotated[Integers, Ref("budgets")]
    hedge_s: Seconds

    @classmethod
    def guards(cls) -> Mapping[str, str]:
        """The columns of rows of states, and the tables of these."""
        kinds = {name: column.kind for name, column in cls.kinds().items() if name != "call"}
        return {name: kind.table for name, kind in kinds.items() if isinstance(kind, Ref)}

    def words(self, plan: Plan, row: int) -> list[str]:
        """What is done about the tries of a call, and then what its guards do."""
        what = [f"policy {self.name[row]}"] if self.name[row] else []
        if self.attempts[row] > 0:
            outcomes = ", ".join(outcome.word for outcome in Outcome if int(self.retry_on[row]) >> outcome & 1)
            plural = "re-try" if self.attempts[row] == 1 else "re-tries"
            waits = f"backoff {duration(self.backoff_s[row])} to {duration(self.max_backoff_s[row])}"
            jitter = Jitter(int(self.jitter[row])).name.lower()
            what += [f"{self.attempts[row]} {plural} on {outcomes}", f"{waits}, jitter {jitter}"]
        if not math.isinf(self.per_try_s[row]):
            what.append(f"{duration(self.per_try_s[row])} a try")
        if not math.isinf(self.hedge_s[row]):
            what.append(f"a second try after {duration(self.hedge_s[row])}")
        for column, table in self.guards().items():
            if (guard := int(getattr(self, column)[row])) >= 0:
                what += getattr(plan, table).words(plan, guard)
        return what


@dataclass(frozen=True, eq=False)
class Breakers(States):
    """Circuit breakers."""

    target: OfService
    window: Annotated[Integers, Code(Window)]
    size: Count  # results, or seconds
    minimum: Count
    failure_rate: Percent
    slow_rate: Percent
    slow_duration_s: Seconds
    wait_s: Seconds
    permitted: Count
    max_wait_s: Seconds  # 0: for ever

    def words(self, plan: Plan, row: int) -> list[str]:
        """When it opens, and for how long."""
        unit = "s" if self.window[row] == Window.TIME_BASED else " calls"
        longest = f" within {duration(self.max_wait_s[row])}" if self.max_wait_s[row] > 0.0 else ""
        return [
            f"circuit breaker: opens at {self.failure_rate[row]:g}% failures or {self.slow_rate[row]:g}% slower than"
            f" {duration(self.slow_duration_s[row])}, of {self.size[row]}{unit}, from {self.minimum[row]} calls on, for"
            f" {duration(self.wait_s[row])}, then {self.permitted[row]} trial calls{longest}"
        ]


@dataclass(frozen=True, eq=False)
class Bulkheads(States):
    """Limits of the tries at once."""

    limit: Count
    wait_s: Seconds

    def words(self, plan: Plan, row: int) -> list[str]:
        """How many there may be."""
        waiting = f", waiting {duration(self.wait_s[row])} at most" if self.wait_s[row] > 0.0 else ""
        return [f"bulkhead of {self.limit[row]}{waiting}"]


@dataclass(frozen=True, eq=False)
class Budgets(States):
    """Limits of the re-tries."""

    percent: Percent
    least: Count

    def words(self, plan: Plan, row: int) -> list[str]:
        """How many there may be."""
        return [f"re-tries within {self.percent[row]:g}% of the tries, or {self.least[row]}"]


@dataclass(frozen=True, eq=False)
class Limiters(Table):
    """Services whose tries are limited in each period; all their remote calls have a row in `Policies`."""

    only_with = ("limiters",)

    service: OfService
    limit: Count
    period_s: Seconds
    timeout_s: Seconds

    def words(self, plan: Plan, row: int) -> list[str]:
        """How many tries there may be, and what becomes of the others."""
        wait = self.timeout_s[row]
        waiting = f"waiting {duration(wait)} at most" if wait > 0.0 else "else rejected"
        return [f"{self.limit[row]} tries in {duration(self.period_s[row])}, {waiting}"]


@dataclass(frozen=True, eq=False)
class Detectors(Table):
    """Units whose balancer ejects replicas that fail again and again."""

    only_with = ("detectors",)

    unit: OfUnit
    errors: Count  # one after the other
    interval_s: Seconds
    base_s: Seconds
    percent: Percent

    def words(self, plan: Plan, row: int) -> list[str]:
        """Who is ejected, and for how long."""
        return [
            f"ejects a replica after {self.errors[row]} failures in a row for {duration(self.base_s[row])} times its"
            f" ejections, {self.percent[row]:g}% of them at most, looks every {duration(self.interval_s[row])}"
        ]
