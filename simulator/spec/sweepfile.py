"""The sweep file: which topology, what varies in it, and how; values are written as in a topology file."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from .. import units
from ..errors import Problem, TopologyError
from .base import Model
from .mistakes import Issue, Source, describe, in_order, issues_of, mistake, refuse
from .settings import Simulation
from .text import Text, read_text, resolve
from .values import Name, PositiveCount, Seed, Words, WrittenFloat, WrittenInt, is_number, one_of

Design = Literal["grid", "zip", "random", "latin", "lhs", "sobol"]
DESIGNS = ("grid", "zip", "random", "latin", "sobol")
"""How points are made of axes; `lhs` is another name of `latin`."""
MOST_VALUES = 100_000
"""Values of one axis; more are a mistake in a range."""

_AMOUNT = re.compile(r"^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([A-Za-zµμ%/]*)$")
_EXAMPLE = "such as 1,2,4 or 50/s:400/s:50/s or, of a sampling design, 50/s..400/s:log"


def _amount(value: object) -> object:
    if isinstance(value, str) or (is_number(value) and math.isfinite(value)):  # type: ignore[arg-type]
        return value
    raise mistake(f"expected a number or a quantity with its unit, found {describe(value)}")


def _flag(value: object) -> object:
    if not isinstance(value, bool):
        raise mistake(f"expected true or false, found {describe(value)}")
    return value


class Span(Model):
    """All values between two, for a sampling design to choose from."""

    min: Annotated[Any, BeforeValidator(_amount)] = Field(description="A number, or a quantity with its unit.")
    max: Annotated[Any, BeforeValidator(_amount)] = Field(description="Of the same kind.")
    scale: Annotated[Literal["linear", "log"], one_of("linear", "log")] = Field(
        "linear", description="log: each factor is as likely as any other."
    )
    integer: Annotated[bool, BeforeValidator(_flag)] = Field(
        False, description="Whole numbers, of the unit of `min` if it has one; both ends included."
    )

    def ends(self, path: str) -> tuple[float, float]:
        """Return the ends as the axis of a path means them: seconds, per second, fractions, bytes, cores or numbers.

        Raises
        ------
        ValueError
            If they are no quantities of one kind, or in no order.
        """
        (kind, low), (other, high) = _read(self.min, path), _read(self.max, path)
        if kind != other:
            raise ValueError(f"expected both ends of one kind, found {describe(self.min)} and {describe(self.max)}")
        if not low < high:
            raise ValueError(f"expected `min` below `max`, found {describe(self.min)} and {describe(self.max)}")
        if self.scale == "log" and low <= 0:
            raise ValueError(f"a log scale begins above 0, not at {describe(self.min)}")
        size = self.unit(path)[1]
        if self.integer and not all(_whole(end / size) for end in (low, high)):
            raise ValueError(f"expected whole numbers, found {describe(self.min)} and {describe(self.max)}")
        return low, high

    def unit(self, path: str) -> tuple[str, float]:
        """Return the unit that the lower end is written in, and its size in the unit of the package; none is 1."""
        if not isinstance(self.min, str):
            return "", 1.0
        match = _AMOUNT.match(self.min.strip())
        return (match[2], _read(f"1{match[2]}", path)[1]) if match else ("s", 1.0)  # 1h30m

    @property
    def written(self) -> bool:
        """Whether an end is a bare number of a file, which is no quantity with a unit."""
        return any(isinstance(end, WrittenInt | WrittenFloat) for end in (self.min, self.max))


_KINDS: tuple[tuple[str, str, Callable[[str], float]], ...] = (
    ("rate", units.RATE_PATTERN, units.parse_rate),
    ("duration", units.DURATION_PATTERN, units.parse_duration),
    ("fraction", units.PERCENT_PATTERN, units.parse_fraction),
    ("memory", units.MEMORY_PATTERN, units.parse_memory),
)


def _whole(number: float) -> bool:
    """Say whether a number of a unit is a whole one, but for what the change of units has rounded."""
    return math.isclose(number, round(number), rel_tol=1e-12)


def _read(end: object, path: str) -> tuple[str, float]:
    """Return the kind of a quantity, and its number in the unit of the package."""
    cores = path.endswith("resources.cpu")
    if not isinstance(end, str):
        return "cores" if cores else "number", float(end)  # type: ignore[arg-type]
    if cores:  # 500m: half a core here, and 500 minutes anywhere else
        return "cores", units.parse_cpu(end)
    for kind, pattern, parse in _KINDS:
        if re.match(pattern, end.strip()):
            return kind, parse(end)
    raise ValueError(f"expected a number or a quantity with its unit, such as 40/s or 5ms, found {describe(end)}")


def read_axis(value: object, path: str) -> list[object] | Span:
    """Return the values of an axis, or the span of them; text is read as on the command line.

    Raises
    ------
    TopologyError
        If it is neither.
    """
    try:
        found = read_axis_text(value) if isinstance(value, str) else value
        if isinstance(found, Mapping):
            found = Span.model_validate(dict(found), context=Source())
        if isinstance(found, Span):
            found.ends(path)
            return found
        if not isinstance(found, list):
            raise ValueError(f"expected values {_EXAMPLE}, found {describe(found)}")
        if not found or any(item is None for item in found):
            raise ValueError("expected values, found nothing; without one, leave it out")
    except ValidationError as error:
        problems = [Problem(f"axes.{path}", issue.message) for issue in issues_of(error, value)]
        raise TopologyError(problems) from None
    except ValueError as error:
        raise TopologyError([Problem(f"axes.{path}", str(error))]) from None
    return found


def read_axis_text(text: str) -> Any:
    """Return what a text such as `1,2,4`, `50/s:400/s:50/s`, `1ms..50ms:log` or `[...]` stands for.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    text = text.strip()
    if text[:1] in ("[", "{"):
        return _read_yaml(text)
    if ".." in text:
        return _read_span(text)
    if text.count(":") == 2 and "," not in text:
        return list(_read_range(text))
    if text.count(":") == 1 and all(map(_AMOUNT.match, map(str.strip, text.split(":")))):
        raise ValueError(f"expected start:stop:step, such as 50/s:400/s:50/s, found {describe(text)}: it has no step")
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise ValueError(f"expected values {_EXAMPLE}, found {describe(text)}")
    return [resolve(word) for word in words]


def _read_yaml(text: str) -> Any:
    document = Text(text, "")
    try:
        tree = document.read()
    except TopologyError as error:
        raise ValueError(error.problems[0].message) from None
    if document.problems:
        raise ValueError(document.problems[0].message)
    return tree


def _read_span(text: str) -> dict[str, object]:
    ends, *words = (part.strip() for part in text.split(":"))
    low, _, high = (part.strip() for part in ends.partition(".."))
    if not low or not high or not set(words) <= {"linear", "log", "integer"}:
        raise ValueError(f"expected a span such as 50/s..400/s, 1ms..50ms:log or 1..8:integer, found {describe(text)}")
    scale = "log" if "log" in words else "linear"
    return {"min": resolve(low), "max": resolve(high), "scale": scale, "integer": "integer" in words}


def _read_range(text: str) -> Iterator[object]:
    """Yield start, start + step and so on, the stop included, each in the unit that all three are written in."""
    matches = [_AMOUNT.match(part.strip()) for part in text.split(":")]
    suffixes = {match[2] for match in matches if match}
    if not all(matches) or len(suffixes) > 1:
        raise ValueError(f"expected start:stop:step in one unit, such as 50/s:400/s:50/s, found {describe(text)}")
    try:
        start, stop, step = (Decimal(match[1]) for match in matches if match)
    except ArithmeticError:
        raise ValueError(f"expected start:stop:step, such as 50/s:400/s:50/s, found {describe(text)}") from None
    if not step > 0:
        raise ValueError(f"expected start:stop:step with a step above 0, found {describe(text)}")
    if start > stop:
        raise ValueError(f"expected start:stop:step with a stop after the start, found {describe(text)}")
    number = int((stop - start) / step) + 1
    if number > MOST_VALUES:
        raise ValueError(f"{describe(text)} stands for {number} values; an axis has {MOST_VALUES} at most")
    (suffix,) = suffixes
    for index in range(number):
        value = format((start + index * step).normalize(), "f")
        yield value + suffix if suffix else resolve(value)


def _axis(value: object) -> object:
    if isinstance(value, str):
        try:
            return read_axis_text(value)
        except ValueError as error:
            raise mistake(str(error)) from None
    if isinstance(value, Mapping | list | tuple):
        if not value:
            raise mistake("expected values, found nothing; without one, leave it out")
        return value
    if is_number(value):
        return [value]
    raise mistake(f"expected values {_EXAMPLE}, found {describe(value)}")


def _axes(value: object) -> object:
    """Check every axis here, where its path is known."""
    if not isinstance(value, Mapping):
        return value
    if not value:
        raise mistake("expected at least one path and its values, such as `services.payment.replicas: [1, 2, 4]`")
    issues, axes = [], {}
    for path, written in value.items():
        try:
            axis = _axis(written)
            if isinstance(axis, Mapping):
                axis = Span.model_validate(dict(axis), context=Source())
                axis.ends(path)
            axes[path] = axis if isinstance(axis, Span) else list(axis)  # type: ignore[call-overload]
        except ValidationError as error:
            issues += [Issue((path, *one.location), one.message, one.at) for one in issues_of(error, written)]
        except ValueError as error:
            issues.append(Issue((path,), str(error)))
    if issues:
        refuse(issues, value)
    return axes


class SweepFile(Model):
    """One topology at many points; what `sim.sweep` takes, as a file."""

    topology: Words = Field(description="The topology file, relative to this one.")
    axes: Annotated[dict[str, Any], BeforeValidator(_axes)] = Field(
        description="By path: a list of values, a text such as 50/s:400/s:50/s, or a span of a sampling design."
    )
    design: Annotated[Design, one_of(*DESIGNS, "lhs")] = Field("grid", description="How points are made of the axes.")
    samples: PositiveCount | None = Field(None, description="Points of a sampling design.")
    design_seed: Seed | None = Field(None, description="What a sampling design starts from; default: 0.")
    deployments: tuple[Name, ...] | None = Field(None, description="Default: microservices.")
    equal_cores: Annotated[bool, BeforeValidator(_flag)] = Field(
        False, description="Give merged units the cores that their services have on their own."
    )
    simulation: Simulation | None = Field(None, description="Instead of the topology's.")


def _read_tree(document: Text) -> object:
    """Read the tree; what an empty file lacks is not what a topology lacks."""
    try:
        return document.read()
    except TopologyError as error:
        if [problem.message.partition(";")[0] for problem in error.problems] != ["the file is empty"]:
            raise
        told = "the file is empty; expected a mapping with `topology` and `axes`, the paths that vary and their values"
        raise TopologyError([replace(error.problems[0], message=told)]) from None


def load_sweep(path: str | os.PathLike[str]) -> tuple[SweepFile, dict[str, object], Path]:
    """Return a sweep file, the changes that its `simulation` makes by path, and the file of its topology.

    Raises
    ------
    TopologyError
        With everything that is wrong with the file, each problem with its line.
    """
    file = os.fspath(path)
    document = Text(read_text(file), file)
    tree = _read_tree(document)
    source = Source(file, os.path.dirname(file), Path(file).stem, document.lines, document.positions, document.problems)
    issues: list[Issue] = []
    made = None
    try:
        made = SweepFile.model_validate(tree, context=source)
    except ValidationError as error:
        issues = issues_of(error, tree)
    if issues or source.problems or made is None:
        raise TopologyError(in_order(issues, source))
    assert isinstance(tree, dict)
    changes = {f"simulation.{key}": value for key, value in (tree.get("simulation") or {}).items()}
    return made, changes, Path(source.base) / made.topology
