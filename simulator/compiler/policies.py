"""Policies to columns: with the products' defaults where a file says nothing, and who shares whose state."""

from __future__ import annotations

import math
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..plan.layout import Jitter, Outcome, Window
from ..plan.plan import Breakers, Budgets, Bulkheads, Calls, Floats, Integers, Policies
from ..spec.policies import Block, Bulkhead, CircuitBreaker, Retries, RetryBudget
from ..spec.steps import PolicyKeys
from .programs import CallSite

NO_ROW = -1
Caller = tuple[str, int | str]
"""Whose replicas: of a unit, by its row, or a workload, by its name."""


@dataclass(frozen=True)
class PolicyTables:
    """The tables of a Plan that say what policies do."""

    policies: Policies
    breakers: Breakers
    bulkheads: Bulkheads
    budgets: Budgets


class _Shared:
    """States of one kind of block: calls of one caller, target and policy name, whose values are equal, share a row."""

    def __init__(self, kind: type[Block]) -> None:
        self._kind = kind
        self._rows: dict[tuple[Hashable, tuple[Any, ...]], int] = {}
        self.callers: list[int] = []
        self.targets: list[int] = []

    def row(self, block: Block | None, who: Hashable, callers: int, target: int) -> int:
        """The row of a block, -1 without one."""
        if block is None:
            return NO_ROW
        key = who, tuple(block.settled().values())
        if key not in self._rows:
            self._rows[key] = len(self._rows)
            self.callers.append(callers)
            self.targets.append(target)
        return self._rows[key]

    def columns(self) -> list[list[Any]]:
        """The values of the rows, by column, in the order of the keys."""
        values = [values for _, values in self._rows]
        return [[row[place] for row in values] for place in range(len(self._kind.model_fields))]


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
    breakers, bulkheads, budgets = _Shared(CircuitBreaker), _Shared(Bulkhead), _Shared(RetryBudget)
    states = []
    for row in rows:
        site = sites[row]
        caller: Caller = ("workload", site.caller) if site.at_edge else ("unit", unit_of[site.caller])
        count = 1 if site.at_edge else replicas[unit_of[site.caller]]
        who = (caller, site.target[0], site.policy_name)
        policy, target = site.policy, service_rows[site.target[0]]
        blocks = ((breakers, policy.circuit_breaker), (bulkheads, policy.bulkhead), (budgets, policy.retry_budget))
        states.append([shared.row(block, who, count, target) for shared, block in blocks])
    retries = [(sites[row].policy.retries or Retries(attempts=0)).settled() for row in rows]
    return PolicyTables(
        Policies(
            name=tuple(sites[row].policy_name for row in rows),
            call=_integers(rows),
            attempts=_integers(one["attempts"] for one in retries),
            per_try_s=_floats(one["per_try_timeout"] or math.inf for one in retries),
            retry_on=_integers(_mask(one["retry_on"]) for one in retries),
            backoff_s=_floats(one["backoff"] for one in retries),
            max_backoff_s=_floats(one["max_backoff"] for one in retries),
            jitter=_integers(Jitter[one["jitter"].upper()] for one in retries),
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


def _mask(outcomes: Sequence[str]) -> int:
    mask = 0
    for outcome in outcomes:
        mask |= 1 << Outcome[outcome.upper()]
    return mask


def _integers(values: Iterable[Any]) -> Integers:
    return np.array([int(value) for value in values], np.int64)


def _floats(values: Iterable[float]) -> Floats:
    return np.array(list(values), np.float64)
