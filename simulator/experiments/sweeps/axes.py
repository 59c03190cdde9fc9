"""What varies in a sweep: a path of the topology and its values, or the span that they are chosen from."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ...errors import PlanError
from ...spec.sweepfile import Span, read_axis
from ...spec.values import WrittenFloat, WrittenInt
from ...units import parse_cpu, parse_duration, parse_fraction, parse_memory, parse_rate

DEPLOYMENT, SEED = "deployment", "seed"
"""Axes that are no paths."""
NAME = "name"
"""An axis that changes nothing but the name of the topology."""


NAMES = (DEPLOYMENT, NAME, "description")
"""Axes that are no numbers, whatever they look like."""
PARSERS: tuple[tuple[str, Callable[[str], float]], ...] = (
    ("resources.cpu", parse_cpu), ("resources.memory", parse_memory), ("", parse_duration), ("", parse_rate),
    ("", parse_fraction),
)  # fmt: skip
"""How values that are written with a unit are read, by how paths end: 5m of cores is no time."""
DIGITS = 10
"""Of a value that is chosen and written with its unit: what it is simulated with, and what the table shows."""


@dataclass(frozen=True)
class Axis:
    """One path and its values in their order, or the two ends of a span."""

    path: str
    values: tuple[object, ...] = ()
    span: Span | None = None
    text: bool = False
    """The span is of a text or a file: its values are written as its ends are, in the unit of the lower one."""

    def at(self, u: float) -> object:
        """The value at a number u from [0, 1): levels and whole numbers are equally likely, of a log scale factors."""
        if self.span is None:
            return self.values[int(u * len(self.values))]
        span, (low, high), (unit, size) = self.span, self.span.ends(self.path), self.span.unit(self.path)
        if span.integer:
            low, high = round(low / size), round(high / size)
        more = 1.0 if span.integer else 0.0  # the highest whole number has room of its own
        if span.scale == "log":
            value = math.exp(math.log(low) + u * (math.log(high + more) - math.log(low)))
        else:
            value = low + u * (high + more - low)
        value = min(max(math.floor(value) if span.integer else value, low), high)
        if not isinstance(span.min, str):
            number, written = (int, WrittenInt) if span.integer else (float, WrittenFloat)
            # So that a rate without its unit is refused here too.
            return (written if span.written else number)(value)
        if not self.text:
            return value * size if span.integer else value
        # More digits where the ends are close: two points are to differ.
        digits = min(DIGITS + math.ceil(math.log10(high / (high - low))), sys.float_info.dig)
        return _plain_number(value if span.integer else value / size, digits) + unit


def read_axes(axes: Mapping[str, object]) -> tuple[Axis, ...]:
    """The axes as a sweep takes them, in their order.

    Raises
    ------
    TopologyError
        If what an axis has is neither values nor a span.
    PlanError
        If there are none.
    """
    if not isinstance(axes, Mapping) or not axes:
        raise PlanError('a sweep needs axes: paths and their values, such as {"services.payment.replicas": [1, 2, 4]}')
    return tuple(_read(str(path), value) for path, value in axes.items())


def _read(path: str, value: object) -> Axis:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping | Span):
        value = [_plain(item) for item in value]
    elif isinstance(value, Mapping):
        value = {str(key): _plain(item) for key, item in value.items()}
    found = value if isinstance(value, Span) else read_axis(value, path)
    if isinstance(found, Span):
        return Axis(path, span=found, text=isinstance(value, str | Span))
    return Axis(path, tuple(found))


def _plain_number(value: float, digits: int) -> str:
    """So many digits, and no exponent."""
    return format(Decimal(f"{value:.{digits}g}").normalize(), "f")


def _plain(value: Any) -> object:
    """A number of NumPy is one of Python: it goes to YAML's checks, to JSON and into a table."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def cell(value: object) -> object:
    """A value as a table shows it: the numbers of a file are numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return int(value) if isinstance(value, int) else float(value)


def as_numbers(path: str, cells: Sequence[object]) -> list[object]:
    """The values of a column as numbers, if all of them are of one kind: seconds, per second, fractions, bytes, cores.

    Else as they are: names, and mixtures.
    """
    texts = [one for one in cells if isinstance(one, str)]
    others = (one for one in cells if not isinstance(one, str))
    if texts and path not in NAMES and not any(isinstance(one, bool | list | dict) for one in others):
        for ending, parse in PARSERS:
            if path.endswith(ending):
                try:
                    numbers = {text: parse(text) for text in texts}
                except ValueError:
                    continue
                return [numbers[one] if isinstance(one, str) else one for one in cells]
    return list(cells)
