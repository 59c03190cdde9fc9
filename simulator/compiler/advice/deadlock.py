"""Slots that may all wait for each other: held by handlers that wait, without an end, for a slot of another unit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import numpy as np

from ...plan.layout import UNLIMITED, Op
from ...plan.plan import Plan
from ...plan.walker import call_owners, find_sends
from ..expectations import patience
from .subject import Subject

Edges = dict[int, dict[int, list[int]]]
"""By unit with limited slots: which ones its handlers wait for, and the calls on the way to each."""


def deadlocks(subject: Subject) -> Iterator[str]:
    """Cycles of units with limited slots whose calls have no timeouts; one that calls itself through another too."""
    plan = subject.plan
    edges = _edges(plan)
    while cycle := _cycle(edges):
        names = " -> ".join(plan.units.name[unit] for unit in [*cycle, cycle[0]])
        calls = [call for unit, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True) for call in edges[unit][after]]
        told = ", ".join(dict.fromkeys(plan.calls.name[call] for call in calls))
        yield (
            f"{names}: slots are held while waiting, without a timeout, for slots of the next ({told}): once all are"
            f" taken they wait for each other for ever; give one of these calls a timeout, or take a limit away"
        )
        for unit, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            del edges[unit][after]


def _cycle(edges: Edges) -> list[int]:
    """One cycle, the shortest start first; empty if there is none."""
    for unit, targets in edges.items():
        if unit in targets:
            return [unit]
    try:
        TopologicalSorter({unit: set(targets) for unit, targets in edges.items()}).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))[:-1]
        start = cycle.index(min(cycle))
        return [*cycle[start:], *cycle[:start]]
    return []


def _edges(plan: Plan) -> Edges:
    """What is waited for for ever while a slot is held, also through units without a limit."""
    bounded = plan.units.concurrency != UNLIMITED
    if not bounded.any() or _is_roomy(plan):
        return {}
    unit_of = plan.services.unit[plan.endpoints.service]
    calls, entered = _endless_calls(plan), _entered_without_deadline(plan)
    edges: Edges = {int(unit): {} for unit in np.flatnonzero(bounded)}
    for start in sorted(entered):
        holder = int(unit_of[start])
        if not bounded[holder]:
            continue
        todo, seen = [(start, -1)], {start}
        while todo:
            endpoint, first = todo.pop()
            for call in calls.get(endpoint, ()):
                target, way = int(plan.calls.target[call]), call if first < 0 else first
                waiting = bool(plan.calls.remote[call]) and bounded[unit_of[target]]
                if waiting:
                    if plan.units.queue_capacity[unit_of[target]] != 0:
                        edges[holder].setdefault(int(unit_of[target]), []).append(way)
                elif target not in seen:
                    seen.add(target)
                    todo.append((target, way))
    return edges


def _endless_calls(plan: Plan) -> dict[int, list[int]]:
    """The calls of each endpoint for which its handler waits without an end."""
    told = set(plan.patience.call[plan.patience.law >= 0].tolist())
    sends = find_sends(plan)
    endless = np.isinf(patience(plan)) | (plan.calls.remote == 0)
    found: dict[int, list[int]] = {}
    for call, owner in call_owners(plan).items():
        if endless[call] and call not in told and call not in sends:
            found.setdefault(owner, []).append(call)
    return found


def _entered_without_deadline(plan: Plan) -> set[int]:
    """Endpoints that some call enters which hands on no deadline, of its own or inherited (rule 12.17)."""
    told = set(plan.patience.call[plan.patience.propagates == 1].tolist())
    owner = call_owners(plan)
    free = {int(plan.calls.target[call]) for call in plan.workloads.entry_call.tolist() if call not in told}
    grown = True
    while grown:
        more = {int(plan.calls.target[call]) for call, by in owner.items() if by in free and call not in told}
        grown = not more <= free
        free |= more
    return free & set(plan.calls.target[plan.calls.remote == 1].tolist())


def _is_roomy(plan: Plan) -> bool:
    """Whether there are fewer users than slots in every replica: then nobody waits for one (but in a `parallel`)."""
    workloads, limits = plan.workloads, plan.units.concurrency[plan.units.concurrency != UNLIMITED]
    if workloads.ramps.any() or workloads.times.any() or (plan.programs.op == Op.PARALLEL).any():
        return False
    return bool(math.fsum(workloads.users.tolist()) <= limits.min())
