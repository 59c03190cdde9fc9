"""What topologies are asked for: whether it is the same, and if not, which workloads differ, from what to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..compiler.programs import endpoint_name
from ..spec import Topology
from ..units import format_rate
from ..words import join, percent

WORDS: Final = {
    "rate": "a rate of {}", "users": "{} users", "calls": "calls of {}", "stages": "other stages",
    "startRate": "another start rate", "arrivals": "{} arrivals", "thinkTime": "another think time",
    "replay": "another replay",
}  # fmt: skip
"""What a workload has, by its key."""


SHAPES: Final = {"rate": WORDS["rate"], "users": WORDS["users"], "stages": "stages", "replay": "a replay"}
"""How its requests arrive."""


def differing(several: Mapping[str, tuple[Topology, str]]) -> dict[str, str]:
    """By name, of those that do not get the same traffic as the first one: what differs, in a sentence."""
    (first, (leader, _)), *others = several.items()
    found = {name: list(_changes(leader, topology, first, name)) for name, (topology, _) in others}
    return {name: f"{name} does not get the traffic of {first}: {'; '.join(texts)}"
            for name, texts in found.items() if texts}  # fmt: skip


def _changes(leader: Topology, topology: Topology, first: str, name: str) -> Iterator[str]:
    before, after = _workloads(leader), _workloads(topology)
    for workload in before:
        if workload not in after:
            yield f"{workload} is only in {first}"
        elif told := _changed(before[workload], after[workload]):
            yield f"{workload} has {join(told)}"
    for workload in after:
        if workload not in before:
            yield f"{workload} is only in {name}"


def _workloads(topology: Topology) -> dict[str, dict[str, Any]]:
    """By name what decides who comes when, and for what: a user's own policy is not of that kind."""
    found = {}
    for name, workload in topology.workload.items():
        content: dict[str, Any] = workload.model_dump(mode="json", by_alias=True, exclude_none=True)
        whole = sum(entry.weight for entry in workload.entries)
        shares: dict[str, float] = {}
        for entry in workload.entries:
            entered = endpoint_name(topology.resolve(entry.call))
            shares[entered] = shares.get(entered, 0.0) + entry.weight / whole
        content["calls"] = {name: round(share, 12) for name, share in shares.items() if share}
        if workload.replay is not None:
            content["replay"] = workload.replay_digest
        found[name] = content
    return found


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """`a rate of 30/s instead of 25/s`; of another shape, only which one; what takes many words is another one."""
    shapes = [next(key for key in SHAPES if key in one) for one in (before, after)]
    if shapes[0] != shapes[1]:
        first, then = (
            SHAPES[key].format(_write(key, one[key])) for key, one in zip(shapes, (before, after), strict=True)
        )
        told, keys = [f"{then} instead of {first}"], ["calls"]
    else:
        told, keys = [], [*WORDS]
    for key in keys:
        old, new = before.get(key), after.get(key)
        if old != new:
            words = WORDS[key]
            told.append(f"{words.format(_write(key, new))} instead of {_write(key, old)}" if "{}" in words else words)
    return told


def _write(key: str, value: Any) -> str:
    if key == "rate":
        return format_rate(value)
    if key == "calls":
        return join([name if share == 1.0 else f"{name} ({percent(share)})" for name, share in value.items()])
    return str(value)
