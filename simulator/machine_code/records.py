"""Records of words, declared once.

All of a run lives in one array of 64-bit words. A record is a few of them that lie together, a reference to one the
number of its first word, and 0 is nobody. What each word is is said by the annotations of a class:

    class Task(Owner):
        stage: int = field(codes=Stage)
        service: Ref[Service]
        work: Nanoseconds
        cause: int = field(codes=Outcome, reset=OK)

From that follow where each word is and how many there are (`fields.py`), what is in a new record, how one is shown,
and what `task.service.components` is: in Python, where a record is a view of the memory it is in, and in machine code
(`recordtypes.py`). A value of another type is refused.
"""

from __future__ import annotations

from typing import Any, TypeVar

from .fields import (
    WATCHERS,
    WORLD,
    Board,
    Float,
    Free,
    Mark,
    Nanoseconds,
    Nobody,
    Part,
    Ref,
    Rows,
    Table,
    Within,
    field,
    field_at,
    fields_of,
    free_list,
    record_at,
    records_beside,
    resets_of,
    settle,
    size_of,
    world_of,
)

__all__ = [
    "NOBODY",
    "Board",
    "Float",
    "Free",
    "Mark",
    "Nanoseconds",
    "Part",
    "Record",
    "Ref",
    "Rows",
    "Table",
    "Within",
    "field",
    "field_at",
    "fields_of",
    "prefetch",
    "put_back",
    "size_of",
    "take",
]

R = TypeVar("R", bound="Record")

NOBODY: Any = Nobody()


class Record:
    """A record: a view of the memory that it is in, as integers and as floats. It is somebody unless it is at 0."""

    __slots__ = ("floats", "index", "integers")

    def __init_subclass__(cls, *, world: bool = False) -> None:
        """Note a declaration; one of each package is its `world`, the record at 0."""
        beside = records_beside(cls)
        beside[cls.__name__] = cls
        if world:
            beside[WORLD] = cls
        for watcher in WATCHERS:
            watcher(cls)

    def __init__(self, memory: Any, index: int | None = None) -> None:
        """One at a place in an array of words, at the first if none is said; or one that lies where another does."""
        settle(type(self))
        other = memory if isinstance(memory, Record) else None
        self.integers: Any = other.integers if other is not None else memoryview(memory)
        self.floats: Any = other.floats if other is not None else self.integers.cast("B").cast("d")
        self.index: int = index if index is not None else other.index if other is not None else 0

    def __bool__(self) -> bool:
        return self.index != 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self.index == other.index

    def __hash__(self) -> int:
        return hash(self.index)

    def __repr__(self) -> str:
        """All that is in it, codes by name."""
        shown = (f"{name}={one.show(self)}" for name, one in fields_of(type(self)).items())
        return f"{type(self).__name__}@{self.index}({', '.join(shown)})"

    @property
    def world(self) -> Any:
        """The one record at 0."""
        return record_at(world_of(type(self)), self, 0)

    @property
    def following(self) -> Any:
        """The next row of its table."""
        return record_at(type(self), self, self.index + size_of(type(self)))


class FreeRecord(Record):
    """A record that is free: so begin all that come and go. The generation tells two lives of one apart."""

    generation: int
    next: Ref[FreeRecord]


# -- records that come and go


def take(world: Any, kind: type[R]) -> R:
    """A new record: a free one of its kind, or from the top of memory; what is not reset is left from before."""
    index = world.integers[free_list(kind)]
    if index != 0:
        world.integers[free_list(kind)] = FreeRecord(world, index).next.index
    else:
        index = world.top
        world.top += size_of(kind)
    for offset, value in resets_of(kind).items():
        world.integers[index + offset] = value
    return record_at(kind, world, index)


def put_back(record: Record) -> None:
    """A record that nobody refers to any more: it is another one from now on, so that an event that does is found."""
    free = FreeRecord(record)
    head = free_list(type(record))
    free.generation += 1
    free.next = FreeRecord(record, record.integers[head])
    record.integers[head] = record.index


def prefetch(record: Record, words: int) -> None:
    """Have the cache line fetched that is so many words from the start of a record; whoever is there will do."""
