"""What goes wrong, as the first memory of a run has it: faults, failures, startups, and what a replica loses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...machine_code.records import Record, size_of
from ...plan.layout import FaultKind
from ...plan.plan import Plan
from ...rules.nanoseconds import all_nanoseconds
from .downtime import Fault, Process, Startup, Strike
from .layout import Budget, Bulkhead, Call, Law, Policy, Replica, Service, Unit

if TYPE_CHECKING:
    from .image import Image


class Places(NamedTuple):
    """Where the rows of a plan begin; the replicas of each unit."""

    laws: int
    units: int
    replicas: list[int]
    services: int
    calls: int


def add_outages(image: Image, plan: Plan, places: Places) -> dict[str, int]:
    """Everything that goes wrong in a plan; gives the fields of the world that know of it."""
    faults = _add_faults(image, plan, places)
    strikes, strike_count = _add_strikes(image, plan, places)
    processes, process_count = _add_processes(image, plan, places)
    kills = plan.faults.unit[plan.faults.kind == FaultKind.KILL].tolist()
    mortal = sorted({*kills, *plan.services.unit[plan.failures.service].tolist()})
    for unit in mortal:
        _add_recovery(image, plan, places, unit)
    _list_faults(image, places.services, Service, "slow", _slow(plan), faults)
    crossings = zip(plan.crossings.call.tolist(), plan.crossings.fault.tolist(), strict=True)
    _list_faults(image, places.calls, Call, "faults", crossings, faults)
    return {
        "mortal": int(bool(mortal)),
        "strikes": strikes,
        "strike_count": strike_count,
        "processes": processes,
        "process_count": process_count,
    }


def _add_faults(image: Image, plan: Plan, places: Places) -> int:
    f = plan.faults
    return image.add_rows(
        Fault,
        f.kind.size,
        {
            "kind": f.kind,
            "at": all_nanoseconds(f.at_s),
            "until": all_nanoseconds(f.until_s),
            "replicas": f.replicas,
            "factor": f.factor,
            "chance": f.chance,
            "delay": all_nanoseconds(f.delay_s),
            "stream": f.stream,
        },
    )


def _slow(plan: Plan) -> list[tuple[int, int]]:
    """Services, and the faults that slow them."""
    rows = np.flatnonzero(plan.faults.kind == FaultKind.SLOW).tolist()
    return sorted((int(plan.faults.service[row]), row) for row in rows)


def _list_faults(
    image: Image, owners: int, kind: type[Record], name: str, pairs: Iterable[tuple[int, int]], faults: int
) -> None:
    """Lists of references to faults, up to nobody, for each owner that has any; `name` is its field for them."""
    lists: dict[int, list[int]] = {}
    for owner, fault in pairs:
        lists.setdefault(owner, []).append(faults + fault * size_of(Fault))
    for owner, references in lists.items():
        image.write(image.place(owners, kind, owner, name), image.add(np.array([*references, 0], np.int64)))


def _add_strikes(image: Image, plan: Plan, places: Places) -> tuple[int, int]:
    """Kills, and pauses that last, of each replica."""
    f = plan.faults
    hit = [
        (row, places.replicas[f.unit[row]] + number * size_of(Replica))
        for row, kind in enumerate(f.kind.tolist())
        if kind == FaultKind.KILL or (kind == FaultKind.PAUSE and f.until_s[row] > f.at_s[row])
        for number in range(int(f.replicas[row]))
    ]
    rows = np.array([row for row, _ in hit], np.int64)
    columns = {
        "replica": np.array([replica for _, replica in hit], np.int64),
        "row": rows,
        "pauses": (f.kind[rows] == FaultKind.PAUSE).astype(np.int64),
        "at": all_nanoseconds(f.at_s[rows]),
        "until": all_nanoseconds(f.until_s[rows]),
    }
    return image.add_rows(Strike, rows.size, columns), rows.size


def _add_processes(image: Image, plan: Plan, places: Places) -> tuple[int, int]:
    """How each replica fails by chance."""
    f = plan.failures
    units = plan.services.unit[f.service]
    failing = [
        (row, places.replicas[unit] + number * size_of(Replica))
        for row, unit in enumerate(units.tolist())
        for number in range(int(plan.units.replicas[unit]))
    ]
    rows = np.array([row for row, _ in failing], np.int64)
    columns = {
        "replica": np.array([replica for _, replica in failing], np.int64),
        "row": plan.faults.kind.size + rows,
        "up": places.laws + f.up[rows] * size_of(Law),
        "up_stream": f.up_stream[rows],
        "repair": places.laws + f.repair[rows] * size_of(Law),
        "repair_stream": f.repair_stream[rows],
        "startup": places.laws + f.startup[rows] * size_of(Law),
        "startup_stream": f.startup_stream[rows],
    }
    return image.add_rows(Process, rows.size, columns), rows.size


def _add_recovery(image: Image, plan: Plan, places: Places, unit: int) -> None:
    """What follows the death of a replica of a unit."""
    s, h = plan.startups, plan.health
    mine = s.unit == unit
    laws = {"law": places.laws + s.law[mine] * size_of(Law), "stream": s.stream[mine]}
    states = _states(image, plan, places, unit)
    fields = {
        "startups": image.add_rows(Startup, int(mine.sum()), laws),
        "startup_count": int(mine.sum()),
        "states": image.add(np.array(states, np.int64)),
        "state_count": len(states),
    }
    fields["known_after"] = int(np.append(all_nanoseconds(h.known_after_s[h.unit == unit]), 0)[0])
    for name, value in fields.items():
        image.write(image.place(places.units, Unit, unit, name), value)


def _states(image: Image, plan: Plan, places: Places, unit: int) -> list[tuple[int, int, int, int]]:
    """Where the states of policies are that a unit's replicas have, their words, and a fresh one."""
    callers = plan.calls.caller[plan.policies.call]
    mine = plan.policies.call[(callers >= 0) & (plan.services.unit[callers] == unit)]
    found: dict[int, tuple[int, int, int, int]] = {}
    for call in mine.tolist():
        policy = image.word(image.place(places.calls, Call, call, "policy"))
        sizes = {
            "breaker": image.word(image.place(policy, Policy, 0, "breaker_words")),
            "bulkheads": size_of(Bulkhead),
            "budgets": size_of(Budget),
        }
        for name, size in sizes.items():
            where = image.word(image.place(policy, Policy, 0, name))
            if where != 0 and where not in found:
                found[where] = where, size, image.add(image.read(where, size)), int(name == "breaker")
    return list(found.values())
