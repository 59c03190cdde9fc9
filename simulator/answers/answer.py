"""What an experiment answers, as one immutable value that knows nothing of terminals, notebooks and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

WIDTH: Final = 100
"""Columns of a text, unless there is room for fewer."""


@dataclass(frozen=True)
class Table:
    """Cells as people read them.

    Attributes
    ----------
    head
        One cell a column; if all are empty, nothing stands above the rows.
    rows
        One cell a column. A row of a single cell heads the rows below it.
    names
        How many columns, the first ones, are names: to the left, and beside every number where a line has no room for
        all of these. They are never cut, but may go on in a second line, as heads may.
    whole
        Whether heads and names stay in one line where they have room in it, at the cost of more tables.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1
    whole: bool = False

    @classmethod
    def of_columns(cls, *columns: Sequence[str], names: int = 1, whole: bool = False) -> Table:
        """Of columns that each begin with their head."""
        head, *rows = zip(*columns, strict=True)
        return cls(head, rows, names, whole)


Part: TypeAlias = "str | Table | Answer"
"""A paragraph, a table, or what has been found of one of several things."""
Section: TypeAlias = Sequence[Part]
"""What belongs together."""


@dataclass(frozen=True)
class Later:
    """Sections that are made when somebody looks at them: who asks for JSON does not wait for them."""

    make: Callable[[], Iterable[Section]]

    def __iter__(self) -> Iterator[Section]:
        return iter(self.make())


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was asked, what was found, and how sure that is.

    Attributes
    ----------
    headline
        What was asked of what, in a line.
    conditions
        How it was found: settings, seed, what is counted.
    sections
        What there is to look at: tables, with the sentences that they need.
    warnings
        What makes it doubtful.
    finding
        What it says, in sentences.
    interrupted
        Whether a Ctrl-C left some of it out, and nothing else says so.
    content
        All of it for machines, by the keys of its JSON: numbers in seconds, per second and shares of one; tables as
        they are.
    """

    headline: str = ""
    conditions: Sequence[str] = ()
    sections: Iterable[Section] = ()
    warnings: Sequence[str] = ()
    finding: str = ""
    interrupted: bool = False
    content: Mapping[str, Any] = field(default_factory=dict)
