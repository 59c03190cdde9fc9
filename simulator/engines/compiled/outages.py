"""What goes wrong, as the first memory of a run has it: faults, failures, startups, and what a replica loses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...plan.layout import FaultKind
from ...plan.plan import Plan
from ...rules.nanoseconds import all_nanoseconds
from .downtime import Fault, Process, Startup, Strike
from .layout import Budget, Bulkhead, Call, Law, Policy, Replica, Service, Unit, World

if TYPE_CHECKING:
    from .image import Image


class Places(NamedTuple):
    """Where the rows of a plan begin; the replicas of each unit."""

    laws: int
    units: int
    replicas: list[int]
    services: int
    calls: int


def add_outages(image: Image, plan: Plan, places: Places) -> dict[int, int]:
    """Everything that goes wrong in a plan; gives the words of the world that know of it."""
    faults = _add_faults(image, plan, places)
    strikes, strike_count = _add_strikes(image, plan, places)
    processes, process_count = _add_processes(image, plan, places)
    kills = plan.faults.unit[plan.faults.kind == FaultKind.KILL].tolist()
    mortal = sorted({*kills, *plan.services.unit[plan.failures.service].tolist()})
    for unit in mortal:
        _add_recovery(image, plan, places, unit)
    _list_faults(image, places.services + Service.SLOW, Service.SIZE, faults, _slow(plan))
    crossings = zip(plan.crossings.call.tolist(), plan.crossings.fault.tolist(), strict=True)
    _list_faults(image, places.calls + Call.FAULTS, Call.SIZE, faults, crossings)
    return {
        World.MORTAL: int(bool(mortal)),
        World.STRIKES: strikes,
        World.STRIKE_COUNT: strike_count,
        World.PROCESSES: processes,
        World.PROCESS_COUNT: process_count,
    }


def _add_faults(image: Image, plan: Plan, places: Places) -> int:
    f = plan.faults
    return image.add_rows(
        Fault.SIZE,
        f.kind.size,
        {
            Fault.KIND: f.kind,
            Fault.AT: all_nanoseconds(f.at_s),
            Fault.UNTIL: all_nanoseconds(f.until_s),
            Fault.REPLICAS: f.replicas,
            Fault.FACTOR: f.factor,
            Fault.CHANCE: f.chance,
            Fault.DELAY: all_nanoseconds(f.delay_s),
            Fault.STREAM: f.stream,
        },
    )


def _slow(plan: Plan) -> list[tuple[int, int]]:
    """Services, and the faults that slow them."""
    rows = np.flatnonzero(plan.faults.kind == FaultKind.SLOW).tolist()
    return sorted((int(plan.faults.service[row]), row) for row in rows)


def _list_faults(image: Image, word: int, size: int, faults: int, pairs: Iterable[tuple[int, int]]) -> None:
    """Lists of references to faults, for each owner that has any; the word of an owner says where its list is."""
    lists: dict[int, list[int]] = {}
    for owner, fault in pairs:
        lists.setdefault(owner, []).append(faults + fault * Fault.SIZE)
    for owner, references in lists.items():
        image.write(word + owner * size, image.add(np.array([*references, 0], np.int64)))


def _add_strikes(image: Image, plan: Plan, places: Places) -> tuple[int, int]:
    """Kills, and pauses that last, of each replica."""
    f = plan.faults
    hit = [
        (row, places.replicas[f.unit[row]] + number * Replica.SIZE)
        for row, kind in enumerate(f.kind.tolist())
        if kind == FaultKind.KILL or (kind == FaultKind.PAUSE and f.until_s[row] > f.at_s[row])
        for number in range(int(f.replicas[row]))
    ]
    rows = np.array([row for row, _ in hit], np.int64)
    columns = {
        Strike.REPLICA: np.array([replica for _, replica in hit], np.int64),
        Strike.ROW: rows,
        Strike.PAUSES: (f.kind[rows] == FaultKind.PAUSE).astype(np.int64),
        Strike.AT: all_nanoseconds(f.at_s[rows]),
        Strike.UNTIL: all_nanoseconds(f.until_s[rows]),
    }
    return image.add_rows(Strike.SIZE, rows.size, columns), rows.size


def _add_processes(image: Image, plan: Plan, places: Places) -> tuple[int, int]:
    """How each replica fails by chance."""
    f = plan.failures
    units = plan.services.unit[f.service]
    failing = [
        (row, places.replicas[unit] + number * Replica.SIZE)
        for row, unit in enumerate(units.tolist())
        for number in range(int(plan.units.replicas[unit]))
    ]
    rows = np.array([row for row, _ in failing], np.int64)
    columns = {
        Process.REPLICA: np.array([replica for _, replica in failing], np.int64),
        Process.ROW: plan.faults.kind.size + rows,
        Process.UP: places.laws + f.up[rows] * Law.SIZE,
        Process.UP_STREAM: f.up_stream[rows],
        Process.REPAIR: places.laws + f.repair[rows] * Law.SIZE,
        Process.REPAIR_STREAM: f.repair_stream[rows],
        Process.STARTUP: places.laws + f.startup[rows] * Law.SIZE,
        Process.STARTUP_STREAM: f.startup_stream[rows],
    }
    return image.add_rows(Process.SIZE, rows.size, columns), rows.size


def _add_recovery(image: Image, plan: Plan, places: Places, unit: int) -> None:
    """What follows the death of a replica of a unit."""
    s, h = plan.startups, plan.health
    mine = s.unit == unit
    laws = {Startup.LAW: places.laws + s.law[mine] * Law.SIZE, Startup.STREAM: s.stream[mine]}
    states = _states(image, plan, places, unit)
    words = {
        Unit.STARTUPS: image.add_rows(Startup.SIZE, int(mine.sum()), laws),
        Unit.STARTUP_COUNT: int(mine.sum()),
        Unit.STATES: image.add(np.array(states, np.int64)),
        Unit.STATE_COUNT: len(states),
    }
    record = places.units + unit * Unit.SIZE
    for word, value in words.items():
        image.write(record + word, value)
    image.write(record + Unit.KNOWN_AFTER, np.append(all_nanoseconds(h.known_after_s[h.unit == unit]), 0)[:1])


def _states(image: Image, plan: Plan, places: Places, unit: int) -> list[tuple[int, int, int, int]]:
    """Where the states of policies are that a unit's replicas have, their words, and a fresh one."""
    callers = plan.calls.caller[plan.policies.call]
    mine = plan.policies.call[(callers >= 0) & (plan.services.unit[callers] == unit)]
    found: dict[int, tuple[int, int, int, int]] = {}
    for call in mine.tolist():
        policy = image.word(places.calls + call * Call.SIZE + Call.POLICY)
        sizes = (
            (Policy.BREAKER, image.word(policy + Policy.BREAKER_WORDS)),
            (Policy.BULKHEAD, int(Bulkhead.SIZE)),
            (Policy.BUDGET, int(Budget.SIZE)),
        )
        for word, size in sizes:
            where = image.word(policy + word)
            if where != 0 and where not in found:
                found[where] = where, size, image.add(image.read(where, size)), int(word == Policy.BREAKER)
    return list(found.values())
