"""What a declaration of a record says: its fields, each a word or more at a place of its own (see `records.py`)."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache, update_wrapper
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from .records import Record

T = TypeVar("T")
R = TypeVar("R", bound="Record")
F = TypeVar("F", bound=Callable[..., Any])


class Mark(Enum):
    """What a field is beside its type."""

    REFERENCE = auto()
    PART = auto()
    FREE = auto()
    TIME = auto()
    BOARD = auto()


Ref = Annotated[T, Mark.REFERENCE]
"""Where a record is; 0 is nobody."""
Part = Annotated[T, Mark.PART]
"""A record within another one."""
Free = Annotated[T, Mark.FREE]
"""In the world: the first of all free records of a kind."""
Nanoseconds = Annotated[int, Mark.TIME]
Board = Annotated[int, Mark.BOARD]
"""Where a rule has a table of its own (a breaker, a balancer); 0: nowhere."""


# -- kinds of fields


class Kind:
    """How a field is read and written in Python, in what has the words of memory twice: as integers and as floats."""

    size = 1

    def load(self, view: Any, at: int) -> Any:
        """The value at a place."""
        return view.integers[at]

    def store(self, view: Any, at: int, value: Any) -> None:
        """Put a value there; one of another type is refused."""
        view.integers[at] = value

    def attribute(self, offset: int) -> property:
        """A field of this kind, at a distance from the start of its record."""
        return property(
            lambda record: self.load(record, record.index + offset),
            lambda record, value: self.store(record, record.index + offset, value),
        )


class Integer(Kind):
    """A whole number."""

    def attribute(self, offset: int) -> property:
        """As fast as can be, since most fields are."""

        def store(record: Record, value: int) -> None:
            record.integers[record.index + offset] = value

        return property(lambda record: record.integers[record.index + offset], store)


class Float(Kind):
    """A float."""

    def load(self, view: Any, at: int) -> Any:
        """The value at a place."""
        return view.floats[at]

    def store(self, view: Any, at: int, value: Any) -> None:
        """Put a value there; one of another type is refused."""
        view.floats[at] = value


class Flag(Kind):
    """Whether something is so."""

    def load(self, view: Any, at: int) -> Any:
        """The value at a place."""
        return view.integers[at] != 0

    def store(self, view: Any, at: int, value: Any) -> None:
        """Put a value there; one of another type is refused."""
        if not isinstance(value, bool):
            raise TypeError(f"{value!r} is neither True nor False")
        view.integers[at] = value


@dataclass(frozen=True)
class Reference(Kind):
    """Where a record is."""

    record: type[Record]

    def load(self, view: Any, at: int) -> Any:
        """The value at a place."""
        return record_at(self.record, view, view.integers[at])

    def store(self, view: Any, at: int, value: Any) -> None:
        """Put a value there; one of another type is refused."""
        if not isinstance(value, (self.record, Nobody)):
            raise TypeError(f"{value!r} is no {self.record.__name__}")
        view.integers[at] = value.index


@dataclass(frozen=True)
class Within(Kind):
    """A record in its place."""

    record: type[Record]

    @property
    def size(self) -> int:  # type: ignore[override]
        """Words of the record."""
        return size_of(self.record)

    def load(self, view: Any, at: int) -> Any:
        """The value at a place."""
        return record_at(self.record, view, at)

    def store(self, view: Any, at: int, value: Any) -> None:
        """Refused."""
        raise TypeError(f"a {self.record.__name__} is written field by field")


@dataclass(frozen=True)
class Table(Kind):
    """Where rows are."""

    row: Kind

    def load(self, view: Any, at: int) -> Any:
        """The value at a place."""
        return Rows(view, view.integers[at], self.row)

    def store(self, view: Any, at: int, value: Any) -> None:
        """Refused."""
        raise TypeError("rows are written one by one")


class Rows(Generic[T]):
    """Records of one kind, or words, one after the other: as many as somebody knows."""

    __slots__ = ("floats", "index", "integers", "kind")

    def __init__(self, view: Any, index: int, kind: Kind) -> None:
        self.integers, self.floats, self.index, self.kind = view.integers, view.floats, index, kind

    def __getitem__(self, row: int) -> T:
        return self.kind.load(self, self.index + row * self.kind.size)  # type: ignore[no-any-return]

    def __setitem__(self, row: int, value: T) -> None:
        self.kind.store(self, self.index + row * self.kind.size, value)

    def __bool__(self) -> bool:
        return self.index != 0


def record_at(kind: type[R], view: Any, index: int) -> R:
    """A record in the memory of another one."""
    record = object.__new__(kind)
    record.integers, record.floats, record.index = view.integers, view.floats, index
    return record


class Nobody:
    """What stands for no record, of whatever kind."""

    index = 0

    def __bool__(self) -> bool:
        return False


NEXT = 1
"""The word of a free record with the next one; the word before it is its generation."""

SIMPLE: Mapping[Any, Kind] = {int: Integer(), float: Float(), bool: Flag()}


def kind_of(hint: Any) -> Kind:
    """What an annotation says."""
    if get_origin(hint) is Rows:
        (row,) = get_args(hint)
        return Table(kind_of(row) if row in SIMPLE or get_origin(row) is Annotated else Within(row))
    if get_origin(hint) is Annotated:
        what, mark = get_args(hint)
        if mark in (Mark.REFERENCE, Mark.FREE):
            return Reference(what)
        return Within(what) if mark is Mark.PART else SIMPLE[what]
    return SIMPLE[hint]


# -- declarations


ASKING = threading.RLock()
"""One thread settles records: a second one would find half of the declarations replaced, and other places."""


def remembered(function: F) -> F:
    """Ask once for each kind of records, whichever threads ask."""
    found: dict[Any, Any] = {}

    def ask(record: Any) -> Any:
        with ASKING:
            if record not in found:
                found[record] = function(record)
            return found[record]

    return cache(update_wrapper(ask, function))  # type: ignore[return-value]


@dataclass(frozen=True)
class Wish:
    """What a declaration says of a field beside its type."""

    reset: int | None = None
    codes: Any = None
    over: str | None = None


def field(*, reset: int | None = None, codes: Any = None, over: str | None = None) -> Any:
    """Say what a field is in a new record, of which codes its values are, `over` which other one it lies."""
    return Wish(reset, codes, over)


@dataclass(frozen=True)
class Field:
    """A field of a record."""

    name: str
    offset: int
    kind: Kind
    wish: Wish
    mark: Mark | None

    @property
    def refers(self) -> bool:
        """Whether it says where something is."""
        return isinstance(self.kind, (Reference, Table)) or self.mark is Mark.BOARD

    def show(self, record: Record) -> str:
        """Its value for a person to read."""
        value = getattr(record, self.name)
        if isinstance(self.kind, (Reference, Table)):
            return f"@{value.index}"
        return next((name for name, code in _codes(self.wish.codes) if code == value), repr(value))


def _codes(codes: Any) -> Iterable[tuple[str, int]]:
    if isinstance(codes, type) and issubclass(codes, Enum):
        return [(code.name, code.value) for code in codes]
    return () if codes is None else codes._asdict().items()


def _mark(hint: Any) -> Mark | None:
    return get_args(hint)[1] if get_origin(hint) is Annotated else None


_PACKAGES: dict[str, dict[str, Any]] = defaultdict(dict)
"""The records of each package by name, and its world."""
WORLD = "the world"


WATCHERS: list[Callable[[type[Record]], None]] = []
"""Who is told of each kind of records."""


def watch(watcher: Callable[[type[Record]], None]) -> None:
    """Tell somebody of all records that are declared, and that will be."""
    for record in {record for beside in list(_PACKAGES.values()) for record in beside.values()}:
        watcher(record)
    WATCHERS.append(watcher)


def records_beside(record: type[Record]) -> dict[str, Any]:
    """All records that are declared in one package."""
    return _PACKAGES[sys.modules[record.__module__].__package__ or record.__module__]


def world_of(record: type[Record]) -> type[Record]:
    """The kind of the one record at 0."""
    return records_beside(record)[WORLD]  # type: ignore[no-any-return]


@remembered
def fields_of(record: type[Record]) -> Mapping[str, Field]:
    """The fields of a record by name."""
    found: dict[str, Field] = {}
    end = 0
    wishes = {name: wish for name, wish in vars(record).items() if isinstance(wish, Wish)}
    hints = get_type_hints(record, localns=records_beside(record), include_extras=True)
    for name, hint in hints.items():
        kind, wish = kind_of(hint), wishes.get(name, Wish())
        offset = end if wish.over is None else found[wish.over].offset
        end = max(end, offset + kind.size)
        found[name] = Field(name, offset, kind, wish, _mark(hint))
        setattr(record, name, kind.attribute(offset))
    return found


@remembered
def settle(record: type[Record]) -> None:
    """See that all records of a package have their fields: once all are declared."""
    for one in records_beside(record).values():
        fields_of(one)


@remembered
def size_of(record: type[Record]) -> int:
    """Words of a record."""
    return max(one.offset + one.kind.size for one in fields_of(record).values())


def field_at(record: type[Record], path: str) -> tuple[int, Kind]:
    """Where in a record a field is, or one of a record within it (`waiting.value`); and what kind it is of."""
    name, _, rest = path.partition(".")
    one = fields_of(record)[name]
    if rest and isinstance(one.kind, Within):
        offset, kind = field_at(one.kind.record, rest)
        return one.offset + offset, kind
    return one.offset, one.kind


@remembered
def resets_of(record: type[Record]) -> Mapping[int, int]:
    """What some of the words of a new record are."""
    fields = fields_of(record).values()
    return {one.offset: int(one.wish.reset) for one in fields if one.wish.reset is not None}


@remembered
def free_list(record: type[Record]) -> int:
    """The word of the world with the first free record of a kind."""
    for one in fields_of(world_of(record)).values():
        if one.mark is Mark.FREE and one.kind == Reference(record):
            return one.offset
    raise TypeError(f"a {record.__name__} neither comes nor goes")
