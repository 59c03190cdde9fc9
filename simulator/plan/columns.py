"""What a column of a table of the Plan is, declared once by its annotation.

    class Bulkheads(States):
        limit: Count
        wait_s: Seconds

From that follow the type of the array, its part of the digest, the column that the compiler makes of words and numbers,
the field of its name in the records of the compiled engine, what the reference engine is told of a row, and plain words
for `explain`. A column says what it is (`Quantity`), of which table its rows are (`Ref`), or which words its numbers
stand for (`Code`); one of bare `Integers` or `Floats` holds numbers that others explain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from enum import Enum, IntEnum, auto
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from ..units import format_duration, format_fraction, format_memory, format_rate
from .layout import UNLIMITED

if TYPE_CHECKING:
    from .plan import Plan

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Names = tuple[str, ...]
T = TypeVar("T", bound="Table")


class Quantity(Enum):
    """What numbers are of, if they are neither rows nor codes."""

    NUMBER = auto()
    NAME = auto()
    COUNT = auto()
    LIMIT = auto()
    FLAG = auto()
    STREAM = auto()
    SECONDS = auto()
    PERCENT = auto()
    SHARE = auto()
    RATE = auto()
    BYTES = auto()


@dataclass(frozen=True)
class Ref:
    """Rows of a table, by its name in the Plan; -1 is none.

    One that came `later` than the others of its table is no part of the digests of plans that have no such rows.
    """

    table: str
    later: bool = False


@dataclass(frozen=True)
class Code:
    """Numbers that stand for words."""

    words: type[IntEnum]


Count = Annotated[Integers, Quantity.COUNT]
Limit = Annotated[Integers, Quantity.LIMIT]
"""A count, or UNLIMITED."""
Flag = Annotated[Integers, Quantity.FLAG]
"""0 or 1."""
Stream = Annotated[Integers, Quantity.STREAM]
"""An unsigned 32-bit number that stands for the name of a stream of draws, or for a part of addresses."""
Seconds = Annotated[Floats, Quantity.SECONDS]
"""inf: never."""
Percent = Annotated[Floats, Quantity.PERCENT]
Share = Annotated[Floats, Quantity.SHARE]
"""From 0 to 1."""
Rate = Annotated[Floats, Quantity.RATE]
"""Per second."""
Bytes = Annotated[Floats, Quantity.BYTES]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    dtype
        Of its array; None if it holds names.
    """

    name: str
    kind: Quantity | Ref | Code
    dtype: type[np.int64] | type[np.float64] | None

    @property
    def plain_name(self) -> str:
        """Its name without its unit."""
        return self.name.removesuffix("_s") if self.kind is Quantity.SECONDS else self.name

    def is_missing(self, values: Any) -> bool:
        """Whether it says what was so before there was such a column."""
        return isinstance(self.kind, Ref) and self.kind.later and bool((values < 0).all())

    def make(self, values: Iterable[Any]) -> Any:
        """The column of values, which may be words if it is one of codes."""
        if self.dtype is None:
            return tuple(values)
        if isinstance(self.kind, Code):
            values = [self.kind.words[one] if isinstance(one, str) else one for one in values]
        return np.array(values if isinstance(values, np.ndarray) else list(values), self.dtype)


def _column(name: str, hint: Any) -> Column:
    what, kind = get_args(hint) if get_origin(hint) is Annotated else (hint, Quantity.NUMBER)
    if what == Names:
        return Column(name, Quantity.NAME, None)
    return Column(name, kind, np.int64 if what == Integers else np.float64)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns, those that are of rows of one length; read-only, so that a Plan can be shared between threads."""

    only_with: ClassVar[tuple[str, ...]] = ()
    """Tables of the Plan: where none of them has rows, a plan is what it was before there was this one."""

    def __post_init__(self) -> None:
        for column in vars(self).values():
            if isinstance(column, np.ndarray):
                column.setflags(write=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Unpickled arrays are writable: close them again."""
        self.__dict__.update(state)
        Table.__post_init__(self)

    def __len__(self) -> int:
        """The number of rows: what the first column has."""
        return len(next(iter(vars(self).values())))

    @classmethod
    @cache
    def kinds(cls) -> Mapping[str, Column]:
        """What the columns are, by name."""
        hints = get_type_hints(cls, include_extras=True)
        return {each.name: _column(each.name, hints[each.name]) for each in fields(cls)}

    @classmethod
    def of(cls, **columns: Iterable[Any]) -> Self:
        """A table of values, each column of its own type."""
        kinds = cls.kinds()
        return cls(**{name: kinds[name].make(values) for name, values in columns.items()})

    def row(self, number: int) -> dict[str, Any]:
        """The numbers of a row by column, as Python's own."""
        kinds = self.kinds().values()
        return {one.name: getattr(self, one.name)[number].item() for one in kinds if one.dtype is not None}

    def settings(self, row: int) -> dict[str, Any]:
        """Those that are no rows of other tables: what is said, but not of whom."""
        kinds = self.kinds()
        return {name: value for name, value in self.row(row).items() if not isinstance(kinds[name].kind, Ref)}

    def words(self, plan: Plan, row: int) -> list[str]:
        """A row for a person to read, in pieces of a sentence; in plain words, unless a table has its own."""
        return [f"{name} {word}" for name, word in self._said(plan, row).items() if word]

    def _said(self, plan: Plan, row: int) -> dict[str, str]:
        kinds = self.kinds().values()
        return {one.plain_name.replace("_", " "): _word(plan, one, getattr(self, one.name)[row]) for one in kinds}


def empty(table: type[T]) -> T:
    """A table without rows."""
    return table.of(**dict.fromkeys(table.kinds(), ()))


@dataclass(frozen=True, eq=False)
class States(Table):
    """What each replica of a caller has by itself, for each row."""

    only_with = ("policies",)

    callers: Count

    def row(self, number: int) -> dict[str, Any]:
        """The numbers of each of a row's states."""
        return {name: value for name, value in super().row(number).items() if name != "callers"}

    def words(self, plan: Plan, row: int) -> list[str]:
        """What each has, and not how many there are."""
        said = ", ".join(f"{name} {word}" for name, word in self._said(plan, row).items() if name != "callers")
        return [f"{type(self).__name__.removesuffix('s').lower()} ({said})"]


# -- in words

_WORDS: Mapping[Quantity, Callable[[Any], str]] = {
    Quantity.LIMIT: lambda number: "without limit" if number == UNLIMITED else str(number),
    Quantity.FLAG: lambda number: "yes" if number else "no",
    Quantity.STREAM: lambda number: "",
    Quantity.SECONDS: lambda number: "never" if np.isinf(number) else duration(number),
    Quantity.PERCENT: lambda number: f"{number:g}%",
    Quantity.SHARE: lambda number: format_fraction(float(number)),
    Quantity.RATE: lambda number: format_rate(float(number)),
    Quantity.BYTES: lambda number: format_memory(float(number)),
}


def _word(plan: Plan, column: Column, value: Any) -> str:
    """A value; empty for what nobody reads."""
    if isinstance(column.kind, Code):
        return column.kind.words(int(value)).name
    if isinstance(column.kind, Ref):
        names = getattr(getattr(plan, column.kind.table), "name", None)
        return "" if value < 0 else names[value] if names is not None else str(value)
    return _WORDS.get(column.kind, lambda value: f"{value:g}" if isinstance(value, float) else str(value))(value)


def duration(seconds: float) -> str:
    """A duration to four digits: what was derived has no end of them."""
    return format_duration(float(f"{seconds:.4g}") if seconds < 1000.0 else float(seconds))
