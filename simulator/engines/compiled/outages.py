"""What goes wrong, as the first memory of a run has it: faults, failures, startups, and what a replica loses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...machine_code.records import size_of
from ...plan.columns import Integers
from ...plan.layout import FaultKind
from ...plan.plan import Plan
from ...plan.policies import Policies
from ...rules.nanoseconds import all_nanoseconds
from .downtime import Process, Startup, State, Strike
from .guards import spread
from .layout import Replica

if TYPE_CHECKING:
    from .image import Image


def add_outages(image: Image, plan: Plan, replicas: Sequence[int]) -> dict[str, int]:
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


def _add_strikes(image: Image, plan: Plan, replicas: Sequence[int]) -> tuple[int, int]:
    """Kills, and pauses that last, of each replica."""
    f = plan.faults
    hit = (f.kind == FaultKind.KILL) | ((f.kind == FaultKind.PAUSE) & (f.until_s > f.at_s))
    rows, numbers = _each(np.flatnonzero(hit), f.replicas)
    pauses = (f.kind[rows] == FaultKind.PAUSE).astype(np.int64)
    who = _replica(replicas, f.unit[rows], numbers)
    return image.add_records(Strike, f, rows, replica=who, pauses=pauses), rows.size


def _add_processes(image: Image, plan: Plan, replicas: Sequence[int]) -> tuple[int, int]:
    """How each replica fails by chance."""
    f = plan.failures
    units = plan.services.unit[f.service]
    rows, numbers = _each(np.arange(len(f)), plan.units.replicas[units])
    who = _replica(replicas, units[rows], numbers)
    return image.add_records(Process, f, rows, replica=who, row=len(plan.faults) + rows), rows.size


def _each(rows: Integers, replicas: Integers) -> tuple[Integers, Integers]:
    """Rows as often as they have replicas, and the numbers of these."""
    numbers = [np.arange(count) for count in replicas[rows]]
    return np.repeat(rows, replicas[rows]), np.concatenate([np.arange(0), *numbers])


def _replica(replicas: Sequence[int], units: Integers, numbers: Integers) -> Integers:
    return np.array(replicas, np.int64)[units] + size_of(Replica) * numbers


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
