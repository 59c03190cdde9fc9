"""From what pydantic found wrong to problems that stand at the right place of the text.

A mistake travels in one of two ways. A validator raises it (`mistake`, or `refuse` for several at places below
it), or a model puts a `Mistake` in place of a value, where every field type refuses it; so one bad key never
hides another.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ..errors import Problem
from ..units import is_percentile

_FEW = 12

At = Literal["key", "value"]
Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Mistake:
    """Stands where a value should be; an empty message says that something else already reports it."""

    message: str
    at: At = "value"


@dataclass(frozen=True)
class Issue:
    """One mistake at a location in the tree as written."""

    location: Location
    message: str
    at: At = "value"


@dataclass(frozen=True)
class Source:
    """Where a tree came from: what validators need to find files, and problems to find lines."""

    file: str = ""
    base: str = ""
    name: str = "topology"
    lines: Sequence[str] = ()
    positions: Mapping[Location, tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=dict)
    problems: Sequence[Problem] = ()  # what the text itself has wrong
    confined: bool = False  # it may name no file outside of its folder

    def problem(self, issue: Issue) -> Problem:
        """Return the issue with its place in the text."""
        line, column = 0, 0
        if issue.location in self.positions:
            key, value = self.positions[issue.location]
            line, column = key if issue.at == "key" else value
        source = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Problem(dotted(issue.location), issue.message, self.file, line, column, source)


def mistake(message: str, at: At = "value") -> PydanticCustomError:
    """Return an error for a validator to raise where it stands."""
    return PydanticCustomError("mistake", "{text}", {"text": message, "at": at})


def refuse(issues: Iterable[Issue], value: object) -> NoReturn:
    """Raise several mistakes at locations below the value that is being validated."""
    raise ValidationError.from_exception_data(
        "topology",
        [InitErrorDetails(type=mistake(one.message, one.at), loc=one.location, input=value) for one in issues],
    )


def describe(value: object) -> str:
    """Name a value in a message as its writer would."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value if len(value) <= 40 else value[:37] + "..."
        return f"`{text}`" if text.strip() else "empty text"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"
    return text if len(text) <= 40 else text[:37] + "..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the suggestion to append to a message, empty if nothing known is close."""
    close = nearest(word, known)
    return f"; did you mean `{close}`?" if close else ""


def hint(word: str, known: Iterable[str]) -> str:
    """Return the suggestion to append to a message, or else all that is known if that is not much."""
    words = list(known)
    return did_you_mean(word, words) or (f"; expected {listed(words)}" if 0 < len(words) <= _FEW else "")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that looks most like this one, empty if none does."""
    words = list(known)
    same = {_stem(each): each for each in words}.get(_stem(word))
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.7)
    return same or (close[0] if close else "")


def _stem(word: str) -> str:
    """What is left of a word without how it is joined, and of which number it is: retry of retries."""
    stem = word.lower().replace("_", "").replace("-", "")
    return f"{stem[:-3]}y" if stem.endswith("ies") else stem.removesuffix("s")


def near_file(path: str, base: str = "") -> str:
    """Return the suggestion to append to a message on a path that leads nowhere, empty if no name there is close."""
    close = _near_path(path, base)
    return f"; did you mean `{close}`?" if close else ""


def _near_path(path: str, base: str) -> str:
    folder, name = os.path.split(path)
    if folder and not os.path.isdir(os.path.join(base, folder)):
        folder = _near_path(folder, base) if name else ""
        if not folder:
            return ""
    try:
        names = os.listdir(os.path.join(base, folder) or ".")
    except (OSError, ValueError):
        return ""
    close = name if name in names else nearest(name, names)
    return os.path.join(folder, close) if close else ""


def listed(words: Iterable[str], last: str = "or") -> str:
    """Return the words as a sentence lists them: `a`, `b` or `c`."""
    quoted = [f"`{word}`" for word in words]
    return f" {last} ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)


def dotted(location: Location) -> str:
    """Return a location as one writes it: services.order.steps[0].cpu, services."payment.default".replicas."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
            continue
        plain = "." not in part or is_percentile(part) or location[0] == "axes"  # whose keys are paths
        path += ("." if path else "") + (part if plain else f'"{part}"')
    return path


def issues_of(error: ValidationError, tree: object) -> list[Issue]:
    """Return what pydantic found, each at the place in the tree as written that it is about."""
    found = []
    for one in error.errors(include_url=False):
        issue = _issue(dict(one), tree)
        if issue.message:
            found.append(issue)
    return found


def _issue(error: dict[str, object], tree: object) -> Issue:
    given, context = error["input"], error.get("ctx") or {}
    kind = str(error["type"])
    location = error["loc"]
    assert isinstance(location, tuple)
    assert isinstance(context, dict)
    place = written(location, tree)
    at: At = "key" if kind == "missing" or location[-1:] == ("[key]",) else "value"
    if isinstance(given, Mistake):
        return Issue(place, given.message, given.at)
    if kind == "mistake":
        return Issue(place, str(context["text"]), "key" if at == "key" else context["at"])
    if kind == "value_error":
        return Issue(place, str(context["error"]), at)
    if kind == "missing":
        return Issue(place, f"missing key `{location[-1]}`", at)
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        named = kind == "dict_type" and isinstance(given, list | tuple)
        example = _by_name(given) if named else _block(location, given)
        return Issue(place, f"expected a mapping, found {describe(given)}{example}", at)
    if kind in ("tuple_type", "list_type"):
        dash = ": put `- ` before each item" if isinstance(given, Mapping) else ""
        return Issue(place, f"expected a list, found {describe(given)}{dash}", at)
    return Issue(place, str(error["msg"]), at)


def _block(location: Location, given: object) -> str:
    """Return how to write the block that something else stands in place of."""
    if location[:1] == ("services",) and len(location) == 2:
        return f": a service is written as `{location[1]}: {{steps: [...]}}`"
    key = str(location[-1]) if location else ""
    plain = isinstance(given, str | int | float) and describe(given).strip("`") == str(given)
    if location[:1] == ("slos",) and len(location) == 2:
        objective = is_percentile(key) or key in ("mean", "errorRate")
        name = "checkout" if objective or key == "call" else key
        inside = f"{key}: {given}" if objective and plain else "p99: ..."
        return f": objectives stand below a name, `slos: {{{name}: {{call: ..., {inside}}}}}`"
    return ""


def _by_name(given: object) -> str:
    """Return how to turn a list of things into a mapping of them."""
    first = given[0] if isinstance(given, list | tuple) and given else None
    name = first.get("name") if isinstance(first, Mapping) else first
    name = name if isinstance(name, str) and name else "NAME"
    was = f"- name: {name}" if isinstance(first, Mapping) else f"- {name}"
    return f": things are keyed by their names, `{name}: {{...}}` instead of `{was}`"


def written(location: Location, tree: object) -> Location:
    """Return a location of the models as one of the tree.

    What the models have and the text has not (the tag of a union, the endpoint of bare `steps`, a key that is
    missing) is passed over, so that the place is the nearest thing that was written.
    """
    place: list[str | int] = []
    node = tree
    for part in location:
        if isinstance(node, Mapping):
            below = node
        elif isinstance(node, list | tuple):
            below = dict(enumerate(node))
        else:
            break
        if part in below:
            node = below[part]
            place.append(part)
    return tuple(place)


def in_order(issues: Iterable[Issue], source: Source) -> list[Problem]:
    """Return the problems in the order of the text, each mistake once."""
    seen: dict[tuple[object, ...], Problem] = {}
    for problem in [*source.problems, *map(source.problem, issues)]:
        where = (problem.line, problem.column) if problem.line else problem.path
        seen.setdefault((where, problem.message), problem)
    return sorted(seen.values(), key=lambda problem: (problem.line, problem.column))
