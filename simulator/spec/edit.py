"""Changes to a tree by dotted paths, as in `--set services.payment.replicas=4`."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence

from ..errors import Problem, TopologyError
from .mistakes import Location, describe, dotted, hint
from .text import Positions, Text
from .workloads import KEYS, is_nameless

_PART = re.compile(r'"([^"]*)"|([^."\[\]]+)|\[([0-9]+)\]')
_PATH = re.compile(r"""^("[^"]+"|[^."\[\]]+)(\.("[^"]+"|[^."\[\]]+)|\[[0-9]+\])*$""")
_TEXTS = {("name",), ("description",), ("prices", "currency")}
# where a key is a name that someone chose; what its values are called
_NAMES: dict[Location, str] = {
    ("services",): "service",
    ("services", "*", "endpoints"): "endpoint",
    ("workload",): "workload",
    ("deployments",): "deployment",
    ("deployments", "*", "units"): "unit",
    ("slos",): "slo",
}


def changed_at(
    tree: Mapping[str, object], changes: Mapping[str, object]
) -> tuple[dict[str, object], tuple[Location, ...]]:
    """Return a copy of the tree with the values at the given paths replaced, and the locations of those.

    Raises
    ------
    TopologyError
        If a path leads nowhere; whether the values are right is for the validation to say.
    """
    result = copy.deepcopy(dict(tree))
    problems, places = [], []
    for path, value in changes.items():
        try:
            places.append(_set(result, path, value))
        except ValueError as error:
            problems.append(Problem(str(path), str(error)))
    if problems:
        raise TopologyError(problems)
    return result, tuple(places)


def kept_positions(positions: Positions, changed: Sequence[Location]) -> Positions:
    """Return where things stand, without those that were changed: they have no place in the text any more."""
    return {at: mark for at, mark in positions.items() if not any(at[: len(one)] == one for one in changed)}


def _set(tree: dict[str, object], path: str, value: object) -> Location:
    if not isinstance(path, str) or not _PATH.match(path):
        raise ValueError("expected a path such as services.payment.replicas or services.order.steps[0].cpu")
    parts = [quoted or name or index for quoted, name, index in _PART.findall(path)]
    whole = ["" if quoted or index else name for quoted, name, index in _PART.findall(path)]
    if parts[:2] == ["workload", "workload"] and is_nameless(tree.get("workload")):
        del parts[1], whole[1]
    node: object = tree
    place: list[str | int] = []
    while parts:
        here: Location = tuple(place)
        if isinstance(node, dict):
            size = _longest(node, whole)
            part = ".".join(parts[:size])
            del parts[:size], whole[:size]
            place.append(part)
            new = value if parts else _value(value, tuple(place))
            if part not in node:
                _may_create(node, here, part, tree, whole=not parts and isinstance(new, Mapping))
                node[part] = {}
            if not parts and new is None:
                del node[part]  # back to the default
            elif not parts:
                node[part] = new
            elif node[part] is None:
                node[part] = {}
            node = node.get(part)
        elif isinstance(node, list):
            part = parts.pop(0)
            del whole[0]
            if not part.isdigit() or int(part) >= len(node):
                raise ValueError(f"`{dotted(here)}` is a list of {len(node)}; expected a number below, found `{part}`")
            place.append(int(part))
            if not parts:
                node[int(part)] = _value(value, tuple(place))
            node = node[int(part)]
        else:
            raise ValueError(f"`{dotted(here)}` is {describe(node)}, which has no `{parts[0]}`")
    return tuple(place)


def _longest(node: Mapping[str, object], words: list[str]) -> int:
    """How many words of a path are one key here: a name may have dots, and a shell takes the quotes away."""
    for size in range(len(words), 1, -1):
        if all(words[:size]) and ".".join(words[:size]) in node:
            return size
    return 1


def _may_create(node: dict[str, object], here: Location, part: str, tree: dict[str, object], *, whole: bool) -> None:
    """Refuse a new name, unless it comes with all its content: it is a misspelt old one."""
    pattern: Location = tuple(
        "*" if index % 2 and here[0] in ("services", "deployments") else name for index, name in enumerate(here)
    )
    noun = _NAMES.get(pattern)
    workload = tree.get("workload")
    nameless = noun == "workload" and (is_nameless(workload) or (not workload and part in KEYS))
    if noun is None or whole or nameless:
        return
    raise ValueError(f"unknown {noun} `{part}`{hint(part, node)}")


def _value(value: object, path: Location) -> object:
    """Return a value as the file would have it: text is read as YAML, so that "4" is a number."""
    if not isinstance(value, str) or path in _TEXTS:
        return copy.deepcopy(value)
    if not value.strip():
        return value
    try:
        text = Text(value, "")
        tree = text.read()
    except TopologyError:
        return value
    return value if text.problems else tree
