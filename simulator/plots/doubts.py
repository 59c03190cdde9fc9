"""What a figure says itself of what its runs warn of: faults that never happen, and settings that never act."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ..results import Results
from ..words import count, join

FAULT: Final = re.compile(
    r"(?:(?P<who>.+?): )?(?P<what>faults\[\d+\] .*(?:after the last arrival|the fault is left out|does nothing).*)"
)
IDLE: Final = re.compile(r"\bnever acts?\b|\bdo(?:es)? not act[,:]")


def doubts_note(warnings: Iterable[str]) -> str:
    """What stands before all else in the note of a figure: each such fault once, with whom it is left out of."""
    faults: dict[str, list[str]] = {}
    idle: set[str] = set()
    for text in warnings:
        if found := FAULT.fullmatch(text):
            faults.setdefault(found["what"], []).extend([found["who"]] if found["who"] else [])
        elif IDLE.search(text):
            idle.add(text)
    said = [f"{join(who)}: {what}" if who else what for what, who in faults.items()]
    if idle:
        said.append(f"{count(len(idle), 'setting')} never act{'s' if len(idle) == 1 else ''}: see the warnings")
    return f"NOTE: {'; '.join(said)}; " if said else ""


def warnings_of(results: Mapping[str, Results]) -> list[str]:
    """Of several results after their names."""
    if len(results) == 1:
        return [*next(iter(results.values())).warnings]
    return [f"{name}: {text}" for name, one in results.items() for text in one.warnings]


def is_mixed(result: Results, workload: str | None = None) -> bool:
    """Whether requests, of one workload or of all, enter at several endpoints: a latency of all of them is nobody's."""
    table = result.endpoints
    if workload is not None:
        table = table[table.index.get_level_values("workload") == workload]
    entry, endpoint = (table.index.get_level_values(name) for name in ("entry", "endpoint"))
    called = table["calls"].to_numpy() > 0
    return len(set(entry[(entry == endpoint) & called])) > 1
