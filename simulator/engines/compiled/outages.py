"""What goes wrong, as the first memory of a run has it: faults, failures, startups, and what a replica loses."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from ...machine_code.records import size_of
from ...plan.columns import Integers
from ...plan.layout import FaultKind
from ...plan.plan import Plan
from ...plan.policies import Policies
from ...rules.nanoseconds import all_nanoseconds
from .columns import each, spread
from .downtime import Process, Startup, State, Strike
from .layout import Replica

if TYPE_CHECKING:
    from .image import Image


def add_outages(image: Image, plan: Plan, replicas: Integers) -> dict[str, int]:
    """Everything that happens to replicas, which begin there by unit; gives the fields of the world that know of it."""
    image.fill(plan, "faults")
    strikes, strike_count = _add_strikes(image, plan, replicas)
    processes, process_count = _add_processes(image, plan, replicas)
    return {
        "mortal": int(bool(_mortal(plan))),
        "strikes": strikes,
        "strike_count": strike_count,
        "processes": processes,
        "process_count": process_count,
    }


def lists_of_faults(image: Image, owners: Integers, faults: Integers, count: int) -> Integers:
    """Of each of so many a list of references to its faults, up to nobody; 0 for those that have none."""
    lists: dict[int, list[int]] = defaultdict(list)
    for owner, fault in zip(owners.tolist(), image.at["faults"][faults].tolist(), strict=True):
        lists[owner].append(fault)
    at = [image.add(np.array([*references, 0])) for references in lists.values()]
    return spread(np.array(list(lists), np.int64), at, count)


def _mortal(plan: Plan) -> list[int]:
    """Units of which replicas can die."""
    kills = plan.faults.unit[plan.faults.kind == FaultKind.KILL].tolist()
    return sorted({*kills, *plan.services.unit[plan.failures.service].tolist()})


def _add_strikes(image: Image, plan: Plan, replicas: Integers) -> tuple[int, int]:
    """Kills, and pauses that last, of each replica."""
    f = plan.faults
    hits = (f.kind == FaultKind.KILL) | ((f.kind == FaultKind.PAUSE) & (f.until_s > f.at_s))
    rows, numbers = each(np.where(hits, f.replicas, 0))
    replica = replicas[f.unit[rows]] + size_of(Replica) * numbers
    pauses = (f.kind[rows] == FaultKind.PAUSE).astype(np.int64)
    return image.add_records(Strike, f, rows, replica=replica, pauses=pauses), rows.size


def _add_processes(image: Image, plan: Plan, replicas: Integers) -> tuple[int, int]:
    """How each replica fails by chance."""
    units = plan.services.unit[plan.failures.service]
    rows, numbers = each(plan.units.replicas[units])
    replica = replicas[units[rows]] + size_of(Replica) * numbers
    row = len(plan.faults) + rows
    return image.add_records(Process, plan.failures, rows, replica=replica, row=row), rows.size


def recovery_columns(image: Image, plan: Plan) -> dict[str, Integers]:
    """What follows the death of a replica, by unit."""
    s, h, units = plan.startups, plan.health, len(plan.units)
    mortal = np.array(_mortal(plan), np.int64)
    laws = [image.add_records(Startup, s, np.flatnonzero(s.unit == unit)) for unit in mortal]
    states = [_states(image, plan, unit) for unit in mortal]
    at = [image.add_rows(State, one["where"].size, one) for one in states]
    return {
        "known_after": spread(h.unit, all_nanoseconds(h.known_after_s), units),
        "startups": spread(mortal, laws, units),
        "startup_count": np.bincount(s.unit, minlength=units),
        "states": spread(mortal, at, units),
        "state_count": spread(mortal, [one["where"].size for one in states], units),
    }


def _states(image: Image, plan: Plan, unit: int) -> dict[str, Integers]:
    """The states of policies that each replica of a unit has."""
    callers = plan.calls.caller[plan.policies.call]
    mine = (callers >= 0) & (plan.services.unit[callers] == unit)
    found = []
    for column, name in Policies.guards().items():
        rows = np.unique(getattr(plan.policies, column)[mine])
        rows = rows[rows >= 0]
        where, words, fresh = image.at[name][rows], image.words_of[name][rows], image.fresh[name][rows]
        found.append(np.stack([where, words, fresh, np.full(rows.size, name == "breakers")]))
    columns = ("where", "words", "fresh", "breaker")
    return dict(zip(columns, np.concatenate(found, axis=1).astype(np.int64), strict=True))
