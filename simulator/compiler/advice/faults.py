"""What the reader of a plan with faults should be told before it is run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...plan.layout import FaultKind
from ...plan.plan import Plan
from ...plan.walker import find_sends
from ...spec.faults import OF_THE_NETWORK, Fault
from ...units import format_duration
from ..distributions import distribution_row
from ..expectations import patience
from ..network import is_zero
from .hops import link_name
from .subject import Subject


def misplaced_faults(subject: Subject) -> Iterator[str]:
    """What is odd about each fault: when, and whom it hits."""
    topology, plan = subject.topology, subject.plan
    row = 0
    for place, fault in enumerate(topology.faults):
        name = f"faults[{place}] ({fault.kind} of {fault.target})"
        if fault.target not in plan.services.name:
            yield f"{name}: no workload reaches {fault.target}; the fault is left out"
            continue
        yield from (f"{name}: {what}" for what in _when(plan, fault))
        yield from (f"{name}: {what}" for what in _whom(plan, fault, row))
        row += 1


def _when(plan: Plan, fault: Fault) -> Iterator[str]:
    horizon, warmup = plan.settings.duration_s, plan.settings.warmup_s
    if fault.at >= horizon:
        yield f"it begins at {format_duration(fault.at)}, after the last arrival ({format_duration(horizon)})"
    elif warmup is not None and fault.at < warmup:
        yield f"it begins at {format_duration(fault.at)}, within the warmup ({format_duration(warmup)})"
    if fault.for_ == 0.0 and fault.kind != "kill":
        yield "it lasts for no time, and does nothing"


def _whom(plan: Plan, fault: Fault, row: int) -> Iterator[str]:
    unit, hit = plan.units.name[plan.faults.unit[row]], int(plan.faults.replicas[row])
    if fault.replicas != "all" and hit < fault.replicas:
        yield f"{unit} has {hit} replica{'s' if hit != 1 else ''} in this deployment, not {fault.replicas}: it hits all"
    if fault.kind in OF_THE_NETWORK and row not in plan.crossings.fault:
        who = f"no call from {fault.from_} to it" if fault.from_ else "no call to it"
        yield f"{who} crosses the network in this deployment: it does nothing"


def endless_partitions(subject: Subject) -> Iterator[str]:
    """Calls that meet a partition without a timeout."""
    plan = subject.plan
    sends = find_sends(plan)
    endless, told = np.isinf(patience(plan)), set()
    for call, fault in zip(plan.crossings.call.tolist(), plan.crossings.fault.tolist(), strict=True):
        if plan.faults.kind[fault] != FaultKind.PARTITION or call in sends or not endless[call]:
            continue
        link = link_name(plan, call)
        if link not in told:
            told.add(link)
            yield f"{link}: calls on it have no timeout: who meets the partition waits for ever"


def idle_recoveries(subject: Subject) -> Iterator[str]:
    """Startups and health checks of replicas that never die."""
    topology, plan = subject.topology, subject.plan
    kills = plan.faults.unit[plan.faults.kind == FaultKind.KILL].tolist()
    mortal = {*kills, *plan.services.unit[plan.failures.service].tolist()}
    for name, unit in zip(plan.services.name, plan.services.unit.tolist(), strict=True):
        service = topology.services[name]
        keys = [] if is_zero(distribution_row(service.startup)) else ["startup"]
        keys += ["healthCheck"] if service.health_check > 0.0 else []
        if keys and unit not in mortal:
            do = "do" if len(keys) > 1 else "does"
            yield f"{name}: its {' and '.join(keys)} {do} not act, since nothing kills its replicas"
