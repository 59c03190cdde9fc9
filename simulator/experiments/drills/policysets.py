"""The same topology with fewer policies, as edits of what the file says (rules 15.3 and 15.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ...errors import PlanError
from ...spec import Topology
from ...spec.mistakes import dotted

SETS: Final = ("none", "timeouts", "retries", "full")
"""Policy sets that every file has."""

OWN_KEYS: Final = frozenset({"call", "probability", "times"})
"""What a call says of itself; its other keys are a policy's."""
OF_THE_TARGET: Final = ("outlierDetection", "rateLimit")
"""Policies that are written on a service or unit."""

Block = dict[str, Any]
Edit = Callable[[Block], Block]


def with_policies(topology: Topology, name: str) -> Topology:
    """The topology with one policy set: `full` is the file as written, or a policy's name: every call has that one.

    Raises
    ------
    PlanError
        If there is no such set and no such policy.
    """
    if name == "full":
        return topology
    if name in SETS:
        return _edited(topology, _EDITS[name], bare=True)
    if name in topology.policies:
        return _edited(topology, lambda _: {"policy": name}, bare=False)
    own = f", or one of the file's policies ({', '.join(topology.policies)})" if topology.policies else ""
    raise PlanError(f"policies: there is no set {name!r}: use {', '.join(SETS[:-1])} or {SETS[-1]}{own}")


def _nothing(_: Block) -> Block:
    return {}


def _timeouts(block: Block) -> Block:
    """The timeouts; a perTryTimeout is that of the only try."""
    kept = _kept(block, ("timeout", "inherits", "policy"))
    retries = block.get("retries")
    if retries is not None:
        kept["retries"] = {**_kept(retries, ("perTryTimeout",)), "attempts": 0}
    return kept


def _retries(block: Block) -> Block:
    return _kept(block, ("timeout", "inherits", "policy", "retries"))


_EDITS: Final[Mapping[str, Edit]] = {"none": _nothing, "timeouts": _timeouts, "retries": _retries}


def _kept(block: Block, keys: Iterable[str]) -> Block:
    return {key: block[key] for key in keys if key in block}


def _edited(topology: Topology, edit: Edit, *, bare: bool) -> Topology:
    """Every call's policy edited; `bare` edits named policies too, and takes away those of targets."""
    content: Any = topology.to_dict()
    services = {name: _without(one) if bare else one for name, one in content["services"].items()}
    changes: Block = {"services": {name: _walk(one, edit) for name, one in services.items()}}
    if bare and edit is not _nothing and "policies" in content:
        changes |= _edited_policies(topology, content["policies"], edit)
    if bare:
        for name, deployment in content.get("deployments", {}).items():
            for unit, block in deployment["units"].items():
                changes |= {
                    dotted(("deployments", name, "units", unit, key)): None for key in OF_THE_TARGET if key in block
                }
    edited = topology.replace(changes)
    return topology if edited == topology else edited


def _edited_policies(topology: Topology, policies: Mapping[str, Block], edit: Edit) -> Block:
    """Changes that edit the named policies, and leave the users' own as they are, under another name if need be."""
    edited = {name: edit(block) for name, block in policies.items()}
    users = _of_users(topology)
    if all(edited[name] == policies[name] for name in users):
        return {"policies": edited}
    other = {name: _free_name(name, policies) for name in users}
    for name in users:
        block = dict(policies[name])
        if "inherits" in block:
            block["inherits"] = other[block["inherits"]]
        edited[other[name]] = block
    rest = {
        dotted(("workload", name, "policy")): other[workload.policy]
        for name, workload in topology.workload.items()
        if workload.policy is not None
    }
    return {"policies": edited, **rest}


def _of_users(topology: Topology) -> list[str]:
    """Policies that workloads have, and all that those inherit."""
    found: list[str] = []
    for workload in topology.workload.values():
        name = workload.policy
        while name is not None and name not in found:
            found.append(name)
            name = topology.policies[name].inherits
    return found


def _free_name(name: str, taken: Iterable[str]) -> str:
    names = set(taken)
    other = f"{name}-of-users"
    while other in names:
        other += "-too"
    return other


def has_policies_of_targets(topology: Topology) -> bool:
    """Whether a service or a unit limits or ejects: that acts on calls from the edge too."""
    content: Any = topology.to_dict()
    units = [unit for one in content.get("deployments", {}).values() for unit in one["units"].values()]
    return any(key in block for block in (*content["services"].values(), *units) for key in OF_THE_TARGET)


def _without(service: Block) -> Block:
    return {key: value for key, value in service.items() if key not in OF_THE_TARGET}


def _walk(node: Any, edit: Edit) -> Any:
    """A tree of steps with the policy of every call in it edited."""
    if isinstance(node, list):
        return [_walk(item, edit) for item in node]
    if not isinstance(node, dict):
        return node
    if "call" in node:
        own = {key: value for key, value in node.items() if key in OWN_KEYS}
        return own | edit({key: value for key, value in node.items() if key not in OWN_KEYS})
    return {key: _walk(value, edit) for key, value in node.items() if value is not None}
