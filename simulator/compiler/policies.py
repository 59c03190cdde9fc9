"""Policies to columns: with the products' defaults where a file says nothing, and who shares whose state.

Defaults are those of Envoy (API reference, v3: `RetryPolicy`, `RetryPolicy.RetryBackOff`, `RetryBudget`; to try again
after any failure is its `5xx`) and of resilience4j 2 (documentation: "CircuitBreaker", "Bulkhead").
"""

from __future__ import annotations

import math
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..plan.layout import Jitter, Outcome, Window
from ..plan.plan import Breakers, Budgets, Bulkheads, Calls, Floats, Integers, Policies
from ..spec.base import Model
from ..spec.inheritance import DEFAULT_BACKOFF_S
from ..spec.policies import RETRY_ON, Retries
from ..spec.steps import PolicyKeys
from .programs import CallSite

V = TypeVar("V")
NO_ROW = -1
MAX_BACKOFF_FACTOR = 10.0
Caller = tuple[str, int | str]
"""Whose replicas: of a unit, by its row, or a workload, by its name."""


@dataclass(frozen=True)
class PolicyTables:
    """The tables of a Plan that say what policies do."""

    policies: Policies
    breakers: Breakers
    bulkheads: Bulkheads
    budgets: Budgets


BREAKER = {
    "sliding_window_type": "COUNT_BASED",
    "sliding_window_size": 100,
    "minimum_number_of_calls": 100,
    "failure_rate_threshold": 50.0,
    "slow_call_rate_threshold": 100.0,
    "slow_call_duration_threshold": 60.0,
    "wait_duration_in_open_state": 60.0,
    "permitted_number_of_calls_in_half_open_state": 10,
    "max_wait_duration_in_half_open_state": 0.0,
}
BULKHEAD = {"max_concurrent_calls": 25, "max_wait_duration": 0.0}
BUDGET = {"percent": 20.0, "min_retry_concurrency": 3}


class _Shared:
    """States of one kind of block: calls of one caller, target and policy name, whose values are equal, share a row."""

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self._defaults = defaults
        self._rows: dict[tuple[Hashable, tuple[Any, ...]], int] = {}
        self.callers: list[int] = []
        self.targets: list[int] = []

    def row(self, block: Model | None, who: Hashable, callers: int, target: int) -> int:
        """The row of a block, -1 without one."""
        if block is None:
            return NO_ROW
        key = who, tuple(given(getattr(block, name), default) for name, default in self._defaults.items())
        if key not in self._rows:
            self._rows[key] = len(self._rows)
            self.callers.append(callers)
            self.targets.append(target)
        return self._rows[key]

    def columns(self) -> list[list[Any]]:
        """The values of the rows, by column, in the order of the defaults."""
        values = [values for _, values in self._rows]
        return [[row[place] for row in values] for place in range(len(self._defaults))]


def given(value: V | None, default: V) -> V:
    """A value, or the default where nothing is written."""
    return default if value is None else value


def acts(policy: PolicyKeys) -> bool:
    """Whether a policy says more than a timeout and a fallback, which need no tries of their own."""
    blocks = (policy.retries, policy.retry_budget, policy.circuit_breaker, policy.bulkhead, policy.hedge)
    return any(block is not None for block in blocks)


def policy_names(sites: Iterable[CallSite]) -> set[str]:
    """Names of the streams from which waits before re-tries are drawn."""
    return {_stream(site) for site in sites if site.policy.retries is not None}


def _stream(site: CallSite) -> str:
    return f"backoff {site.caller}->{site.target[0]}"


def policy_tables(
    sites: Sequence[CallSite],
    calls: Calls,
    unit_of: Mapping[str, int],
    replicas: Sequence[int],
    numbers: Mapping[str, int],
    service_rows: Mapping[str, int],
    limited: Container[str] = (),
) -> PolicyTables:
    """The policies of the remote calls as columns; inside a process none acts (rule 12.2).

    Calls of a `limited` service have a row too, since their tries may have to wait.
    """
    rows = [
        row for row, site in enumerate(sites) if calls.remote[row] and (acts(site.policy) or site.target[0] in limited)
    ]
    breakers, bulkheads, budgets = _Shared(BREAKER), _Shared(BULKHEAD), _Shared(BUDGET)
    states = []
    for row in rows:
        site = sites[row]
        caller: Caller = ("workload", site.caller) if site.at_edge else ("unit", unit_of[site.caller])
        count = 1 if site.at_edge else replicas[unit_of[site.caller]]
        who = (caller, site.target[0], site.policy_name)
        policy, target = site.policy, service_rows[site.target[0]]
        blocks = ((breakers, policy.circuit_breaker), (bulkheads, policy.bulkhead), (budgets, policy.retry_budget))
        states.append([shared.row(block, who, count, target) for shared, block in blocks])
    retries = [given(sites[row].policy.retries, Retries(attempts=0)) for row in rows]
    return PolicyTables(
        Policies(
            name=tuple(sites[row].policy_name for row in rows),
            call=_integers(rows),
            attempts=_integers(given(one.attempts, 1) for one in retries),
            per_try_s=_floats(given(one.per_try_timeout, math.inf) for one in retries),
            retry_on=_integers(_mask(given(one.retry_on, RETRY_ON)) for one in retries),
            backoff_s=_floats(given(one.backoff, DEFAULT_BACKOFF_S) for one in retries),
            max_backoff_s=_floats(_longest(one) for one in retries),
            jitter=_integers(Jitter[given(one.jitter, "full").upper()] for one in retries),
            backoff_stream=_integers(numbers.get(_stream(sites[row]), 0) for row in rows),
            breaker=_integers(breaker for breaker, _, _ in states),
            bulkhead=_integers(bulkhead for _, bulkhead, _ in states),
            budget=_integers(budget for _, _, budget in states),
            hedge_s=_floats(_hedge(sites[row].policy) for row in rows),
        ),
        _breakers(breakers),
        _bulkheads(bulkheads),
        _budgets(budgets),
    )


def _breakers(shared: _Shared) -> Breakers:
    window, size, minimum, failures, slow, duration, wait, permitted, longest = shared.columns()
    return Breakers(
        callers=_integers(shared.callers),
        target=_integers(shared.targets),
        window=_integers(Window[word] for word in window),
        size=_integers(size),
        minimum=_integers(minimum),
        failure_rate=_floats(failures),
        slow_rate=_floats(slow),
        slow_duration_s=_floats(duration),
        wait_s=_floats(wait),
        permitted=_integers(permitted),
        max_wait_s=_floats(longest),
    )


def _bulkheads(shared: _Shared) -> Bulkheads:
    limit, wait = shared.columns()
    return Bulkheads(callers=_integers(shared.callers), limit=_integers(limit), wait_s=_floats(wait))


def _budgets(shared: _Shared) -> Budgets:
    percent, least = shared.columns()
    return Budgets(callers=_integers(shared.callers), percent=_floats(percent), least=_integers(least))


def _hedge(policy: PolicyKeys) -> float:
    return math.inf if policy.hedge is None else policy.hedge.after


def _longest(retries: Retries) -> float:
    return given(retries.max_backoff, MAX_BACKOFF_FACTOR * given(retries.backoff, DEFAULT_BACKOFF_S))


def _mask(outcomes: Sequence[str]) -> int:
    mask = 0
    for outcome in outcomes:
        mask |= 1 << Outcome[outcome.upper()]
    return mask


def _integers(values: Iterable[Any]) -> Integers:
    return np.array([int(value) for value in values], np.int64)


def _floats(values: Iterable[float]) -> Floats:
    return np.array(list(values), np.float64)
