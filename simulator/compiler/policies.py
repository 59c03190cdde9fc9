"""Policies to columns: what a caller does about its tries, and who shares whose state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..plan.layout import Outcome
from ..plan.plan import Plan
from ..plan.policies import Policies
from ..spec.policies import Block, Retries
from ..spec.steps import PolicyKeys
from .breakers import BREAKER
from .budgets import BUDGET
from .bulkheads import BULKHEAD
from .directory import Directory
from .guards import Guard, Shared
from .programs import CallSite

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
GUARDS = (BREAKER, BULKHEAD, BUDGET)
"""All of them, in the order in which they are spoken of."""
Caller = tuple[str, int | str]
"""Whose replicas: of a unit, by its row, or a workload, by its name."""


def refusing(plan: Plan, *outcomes: Outcome) -> Mask:
    """Which policies may turn a try away, with one of these outcomes if any are given, by row of `Policies`."""
    found = np.zeros(len(plan.policies.call), np.bool_)
    for guard in GUARDS:
        if guard.refusal is not None and (not outcomes or guard.refusal in outcomes):
            found |= guard.rows(plan) >= 0
    return found


def acts(policy: PolicyKeys) -> bool:
    """Whether a policy says more than a timeout and a fallback, which need no tries of their own."""
    return any(isinstance(getattr(policy, name), Block) for name in PolicyKeys.model_fields)


def policy_names(directory: Directory) -> set[str]:
    """Names of the streams from which waits before re-tries are drawn."""
    return {_stream(site) for site in directory.calls if site.policy.retries is not None}


def _stream(site: CallSite) -> str:
    return f"backoff {site.caller}->{site.target[0]}"


def policy_tables(directory: Directory) -> dict[str, Any]:
    """The tables of the Plan of the policies of remote calls, by name; inside a process none acts (rule 12.2).

    Calls of a service with a rate limit have a row too, since their tries may have to wait.
    """
    sites, services = directory.calls, directory.topology.services
    rows = [
        row
        for row, site in enumerate(sites)
        if directory.remote[row] and (acts(site.policy) or services[site.target[0]].rate_limit is not None)
    ]
    shared = {guard: Shared() for guard in GUARDS}
    states: dict[Guard, list[int]] = {guard: [] for guard in GUARDS}
    for row in rows:
        site = sites[row]
        unit = -1 if site.at_edge else directory.unit_of[site.caller]
        count = 1 if site.at_edge else directory.units[unit].replicas
        caller: Caller = ("workload", site.caller) if site.at_edge else ("unit", unit)
        who = (caller, site.target[0], site.policy_name)
        for guard in GUARDS:
            block = getattr(site.policy, guard.key)
            states[guard].append(shared[guard].row(block, who, count, directory.services[site.target[0]]))
    retries = [(sites[row].policy.retries or Retries(attempts=0)).settled() for row in rows]
    policies = Policies.of(
        name=(sites[row].policy_name for row in rows),
        call=rows,
        attempts=(one["attempts"] for one in retries),
        per_try_s=(one["per_try_timeout"] or math.inf for one in retries),
        retry_on=(_mask(one["retry_on"]) for one in retries),
        backoff_s=(one["backoff"] for one in retries),
        max_backoff_s=(one["max_backoff"] for one in retries),
        jitter=(one["jitter"].upper() for one in retries),
        backoff_stream=(directory.streams.get(_stream(sites[row]), 0) for row in rows),
        hedge_s=(_hedge(sites[row].policy) for row in rows),
        **{guard.name: states[guard] for guard in GUARDS},
    )
    tables = {f"{guard.name}s": shared[guard].table(guard.table, guard.columns) for guard in GUARDS}
    return {"policies": policies} | tables


def _hedge(policy: PolicyKeys) -> float:
    return math.inf if policy.hedge is None else policy.hedge.after


def _mask(outcomes: Sequence[str]) -> int:
    mask = 0
    for outcome in outcomes:
        mask |= 1 << Outcome[outcome.upper()]
    return mask
