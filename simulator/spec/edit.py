"""Changes to a tree by dotted paths, as in `--set services.payment.replicas=4`."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping

from ..errors import Problem, TopologyError
from .mistakes import Location, describe, dotted, hint
from .text import Text
from .workload import is_nameless

_PART = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
_PATH = re.compile(r"^[^.\[\]]+(\.[^.\[\]]+|\[[0-9]+\])*$")
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


def changed(tree: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return a copy of the tree with the values at the given paths replaced.

    Raises
    ------
    TopologyError
        If a path leads nowhere; whether the values are right is for the validation to say.
    """
    result = copy.deepcopy(dict(tree))
    problems = []
    for path, value in changes.items():
        try:
            _set(result, path, value)
        except ValueError as error:
            problems.append(Problem(str(path), str(error)))
    if problems:
        raise TopologyError(problems)
    return result


def _set(tree: dict[str, object], path: str, value: object) -> None:
    if not isinstance(path, str) or not _PATH.match(path):
        raise ValueError("expected a path such as services.payment.replicas or services.order.steps[0].cpu")
    parts = [name or index for name, index in _PART.findall(path)]
    if parts[:2] == ["workload", "workload"] and is_nameless(tree.get("workload")):
        del parts[1]
    node: object = tree
    for depth, part in enumerate(parts):
        here: Location = tuple(parts[:depth])
        last = depth == len(parts) - 1
        if isinstance(node, dict):
            if part not in node:
                _may_create(node, here, part, tree, whole=last and isinstance(value, Mapping))
                node[part] = {}
            if last and value is None:
                del node[part]  # back to the default
                return
            if last:
                node[part] = _value(value, tuple(parts))
            elif node[part] is None:
                node[part] = {}
            node = node[part]
        elif isinstance(node, list):
            if not part.isdigit() or int(part) >= len(node):
                raise ValueError(f"`{dotted(here)}` is a list of {len(node)}; expected a number below, found `{part}`")
            if last:
                node[int(part)] = _value(value, tuple(parts))
            node = node[int(part)]
        else:
            raise ValueError(f"`{dotted(here)}` is {describe(node)}, which has no `{part}`")


def _may_create(node: dict[str, object], here: Location, part: str, tree: dict[str, object], *, whole: bool) -> None:
    """Refuse a new name, unless it comes with all its content: it is a misspelt old one."""
    pattern: Location = tuple(
        "*" if index % 2 and here[0] in ("services", "deployments") else name for index, name in enumerate(here)
    )
    noun = _NAMES.get(pattern)
    if noun is None or whole or (noun == "workload" and is_nameless(tree.get("workload"))):
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
