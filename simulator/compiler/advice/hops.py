"""Links between processes: what they lose, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...plan.plan import Plan
from ...plan.walker import find_sends
from ...units import format_fraction
from ..expectations import patience
from .subject import Subject


def lossy_links(subject: Subject) -> Iterator[str]:
    """Links that lose messages for which somebody waits without a timeout."""
    plan = subject.plan
    calls = plan.calls
    sends = find_sends(plan)
    told = set()
    for row in np.flatnonzero((calls.loss > 0.0) & np.isinf(patience(plan))).tolist():
        link = link_name(plan, row)
        if row in sends or link in told:
            continue
        told.add(link)
        yield (
            f"{link}: the link loses {format_fraction(float(calls.loss[row]))} of the messages and calls on it have"
            f" no timeout: who loses one waits for ever"
        )


def free_hops(subject: Subject) -> Iterator[str]:
    """Calls between processes none of which takes time on the way."""
    plan = subject.plan
    calls = plan.calls
    between = (calls.remote == 1) & (calls.caller >= 0)
    if between.any() and not plan.distributions.mean[calls.latency[between]].any():
        yield "no network latency between units: hops are free: this flatters microservices"


def link_name(plan: Plan, call: int) -> str:
    """Who makes a call, a service or a workload, and whom it calls."""
    target = plan.services.name[plan.endpoints.service[plan.calls.target[call]]]
    caller = int(plan.calls.caller[call])
    if caller >= 0:
        return f"{plan.services.name[caller]} -> {target}"
    entry = int(np.flatnonzero(plan.workloads.entry_call == call)[0])
    workload = int(np.searchsorted(plan.workloads.first_entry, entry, side="right")) - 1
    return f"{plan.workloads.name[workload]} -> {target}"
