"""Policies by name: what inherits what, what a call overrides, and what cannot act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..units import format_duration
from .mistakes import Issue, Location, describe, hint
from .policies import BLOCK_KEYS, Retries, overridden
from .steps import POLICY_KEYS, Policy, PolicyKeys
from .values import read_duration

Steps = Iterable[tuple[Location, Mapping[str, object]]]
Tree = Mapping[str, object]


def resolve_policy(policies: Mapping[str, Policy], name: str | None, own: PolicyKeys | None = None) -> PolicyKeys:
    """What a policy says with all that it inherits, and the keys of `own` over that (rule 12.1)."""
    whole = PolicyKeys() if own is None else _over(PolicyKeys(), own)
    while name is not None:
        whole = _over(policies[name], whole)
        name = policies[name].inherits
    return whole


def _over(base: PolicyKeys, own: PolicyKeys) -> PolicyKeys:
    values = {name: overridden(getattr(base, name), getattr(own, name)) for name in PolicyKeys.model_fields}
    return PolicyKeys.model_construct(**values)


# -- on the tree as written


def policy_issues(tree: Tree, steps: Steps, workloads: Iterable[tuple[Location, object]]) -> Iterator[Issue]:
    """Names that mean nothing, circles, and what could never act."""
    policies = _mapping(tree.get("policies"))
    for name, policy in policies.items():
        here: Location = ("policies", name)
        yield from _known(policies, (*here, "inherits"), _mapping(policy).get("inherits"))
        circle = _circle(policies, name)
        if circle and name == min(circle, key=list(policies).index):
            shown = " -> ".join([*circle, circle[0]])
            yield Issue((*here, "inherits"), f"policies that inherit each other in a circle: {shown}")
        if not circle:
            yield from _senseless(here, _merged(policies, None, _mapping(policy)), on_a_call=False)
    for location, step in steps:
        yield from _known(policies, (*location, "policy"), step.get("policy"))
        if "call" in step:
            whole = _merged(policies, step.get("policy"), step)
            at = (*location, "policy") if "policy" in step else location
            yield from _senseless(location, whole, at=at)
            if "fallback" in whole and _is_in_fallback(location):
                yield Issue(at, "a call in a `fallback` cannot have a `fallback` itself", "key")
    for location, named in workloads:
        yield from _known(policies, location, named)
        whole = _merged(policies, named, {})
        yield from _senseless(location, whole, at=location)
        if "fallback" in whole:
            yield Issue(location, f"`{named}` has a `fallback`, but a workload is no service that could run its steps")


def _is_in_fallback(step: Location) -> bool:
    """Whether a step is one of a fallback, whatever services and endpoints are called."""
    return "fallback" in step[4 if step[2] == "endpoints" else 2 :]


def _known(policies: Tree, location: Location, name: object) -> Iterator[Issue]:
    if isinstance(name, str) and name not in policies:
        yield Issue(location, f"unknown policy `{name}`{hint(name, policies)}")


def _circle(policies: Tree, name: str) -> list[str]:
    """The circle of policies that this one is in, or leads to; empty if there is none."""
    chain: list[str] = []
    following: object = name
    while isinstance(following, str) and following in policies:
        if following in chain:
            return chain[chain.index(following) :]
        chain.append(following)
        following = _mapping(policies[following]).get("inherits")
    return []


def _merged(policies: Tree, name: object, own: Tree) -> dict[str, object]:
    """The keys as written, with what they inherit; what is not well formed is passed over."""
    whole = {key: own[key] for key in POLICY_KEYS if key in own}
    name = own.get("inherits") if name is None else name
    seen = set()
    while isinstance(name, str) and name in policies and name not in seen:
        seen.add(name)
        policy = _mapping(policies[name])
        for key in POLICY_KEYS:
            if key not in policy:
                continue
            base, over = policy[key], whole.get(key, {})
            both = key in BLOCK_KEYS and isinstance(base, Mapping) and isinstance(over, Mapping)
            whole[key] = {**base, **over} if both else whole.get(key, base)  # type: ignore[dict-item]
        name = policy.get("inherits")
    return whole


def _senseless(
    location: Location, whole: Tree, *, at: Location | None = None, on_a_call: bool = True
) -> Iterator[Issue]:
    """What could not act, or contradicts itself."""
    retries = whole.get("retries")
    if on_a_call and whole.get("deadline") == "propagate" and "timeout" not in whole:
        yield Issue(at or location, "`deadline: propagate` needs `timeout`: without one there is no deadline", "key")
    if on_a_call and "retryBudget" in whole and retries is None and "hedge" not in whole:
        message = "`retryBudget` needs `retries` or `hedge`: without re-tries it cannot act"
        yield Issue(at or location, message, "key")
    if isinstance(retries, Mapping) and "maxBackoff" in retries:
        first = Retries.default("backoff")
        base, most = (_seconds(retries.get(key, first)) for key in ("backoff", "maxBackoff"))
        if base is not None and most is not None and most < base:
            written = describe(retries["maxBackoff"])
            default = format_duration(first)
            message = f"`maxBackoff` {written} is shorter than `backoff`, the first wait (default: {default})"
            yield Issue((*location, "retries", "maxBackoff") if at is None else at, message, "key")


def _seconds(value: object) -> float | None:
    try:
        return read_duration(value)
    except ValueError:
        return None


def _mapping(value: object) -> Tree:
    return value if isinstance(value, Mapping) else {}
