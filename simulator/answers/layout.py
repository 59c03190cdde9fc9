"""A table as lines of text: how its columns share a line, and what goes on in the next line or in a table below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, TypeAlias

from .answer import Table

GAP: Final = "  "
"""Between two columns."""
HANGING: Final = "  "
"""Before what goes on of a name."""
FEWEST: Final = 5
"""Letters of a name in a line, where its words have no room."""
NAMES: Final = 0.7
"""Share of a line that names may take where numbers go on below it."""
LONG: Final = (24, 16)
"""Letters of a cell that may go on in the next line: rather this than a name that does."""
SPACES: Final = re.compile(r"(?<=\s)(?<!± )(?<!\d to )(?!to [-+<\d]|[±%])")
"""Where a text may go on in the next line: no value without its half width or unit, no end of an interval alone."""
ANY_SPACES: Final = re.compile(r"(?<=\s)(?<!± )")
"""Where it may if that has no room."""
WORDS: Final = re.compile(rf"{SPACES.pattern}|(?<=[^\W\d_][._-])(?=[^\W\d_])")
"""The same of a name: also after the dot of services.payment."""

Column: TypeAlias = Sequence[str]
"""A head, and a cell a row."""
Groups: TypeAlias = "list[list[tuple[Column, int]]]"
"""Columns of numbers with their widths: those of a group stand beside each other."""


def table_lines(table: Table, width: int) -> list[str]:
    """All rows, and below them all once more for columns that have no room beside the names.

    No name is cut: heads, then long cells, then names go on in a second line where fewer tables are needed for that.
    """
    if not table.rows:
        return []
    columns: list[Column] = list(zip(table.head, *(row for row in table.rows if len(row) > 1), strict=True))
    names, numbers = columns[: table.names], columns[table.names :]
    layouts = _layouts(names, numbers, width)
    taken, groups = next(layouts) if table.whole else min(layouts, key=lambda layout: len(layout[1]))
    room = min(width - sum(len(GAP) + wide for _, wide in group) for group in groups)
    taken = _shared(taken, [_longest(cells) for cells in names], room)
    told = [_names(cells, wide) for cells, wide in zip(names, taken, strict=True)]
    lines: list[str] = []
    for group in groups:
        room = width - _beside(taken) - len(GAP)
        wides = _shared([wide for _, wide in group], [_longest(cells) for cells, _ in group], room)
        there = [_numbers(cells, wide) for (cells, _), wide in zip(group, wides, strict=True)]
        lines += ["", *_rows(table, [*told, *there], width)]
    return lines[1:]


def wide(columns: Sequence[Column]) -> int:
    """What columns take beside each other."""
    return _beside([_longest(cells) for cells in columns])


def fold(text: str, width: int, between: re.Pattern[str] = SPACES, indent: str = "") -> list[str]:
    """All of a text, in lines of a width; a word is broken if it has no room in a line of its own."""
    if len(text) <= width:
        return [text]
    lines, room = [""], max(1, width - len(indent))
    for part in _parts(text, room, between, ANY_SPACES):
        if lines[-1].strip() and len((lines[-1] + part).rstrip()) > width:
            lines.append(indent)
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _parts(text: str, width: int, *between: re.Pattern[str]) -> Iterator[str]:
    """What stays together: the largest parts that have room."""
    if len(text.rstrip()) <= width:
        yield text
    elif between:
        for part in between[0].split(text):
            yield from _parts(part, width, *between[1:])
    else:
        yield text[:width]
        yield from _parts(text[width:], width)


def _layouts(names: Sequence[Column], numbers: Sequence[Column], width: int) -> Iterator[tuple[list[int], Groups]]:
    """The widths of names, and groups of columns; the plainest way comes first."""
    natural = [_longest(cells) for cells in names]
    floors = [_floor(cells) for cells in names]
    most = int(width * NAMES) if numbers else width
    if _beside(floors) > most:
        floors = _shared([min(floor, FEWEST) for floor in floors], floors, most)
    words = [max(map(_longest_word, cells)) for cells in numbers]
    plain = [_longest(cells) for cells in numbers]
    below = [max(_longest(cells[1:]), _longest_word(cells[0])) for cells in numbers]
    ways = [(natural, plain, width), *((natural, below, long) for long in (width, *LONG)), (floors, below, LONG[0])]
    for taken, wides, long in ways:
        room = width - _beside(taken) - len(GAP)
        folded = [max(word, min(wide, long, room)) for word, wide in zip(words, wides, strict=True)]
        if taken is floors or room >= max(folded, default=0):
            yield taken, _grouped(numbers, folded, room)


def _grouped(columns: Sequence[Column], wides: Sequence[int], room: int) -> Groups:
    """Columns as far as there is room for them; then the next ones."""
    groups: Groups = [[]]
    for cells, wide in zip(columns, wides, strict=True):
        if groups[-1] and _beside([*(other for _, other in groups[-1]), wide]) > room:
            groups.append([])
        groups[-1].append((cells, min(wide, room)))
    return groups


def _shared(least: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """Widths of columns: what is left of the room goes first to those that lack little."""
    widths = list(least)
    left = room - _beside(widths)
    lacking = sorted(range(len(widths)), key=lambda at: natural[at] - widths[at])
    for place, at in enumerate(lacking):
        more = max(0, min(natural[at] - widths[at], left // (len(lacking) - place)))
        widths[at] += more
        left -= more
    return widths


def _beside(widths: Sequence[int]) -> int:
    """What columns take beside each other."""
    return sum(widths) + len(GAP) * max(0, len(widths) - 1)


def _longest(cells: Sequence[str]) -> int:
    return max(map(len, cells), default=0)


def _longest_word(text: str, between: re.Pattern[str] = SPACES) -> int:
    return max(len(piece.rstrip()) for piece in between.split(text))


def _floor(cells: Column) -> int:
    """What a column of names takes at least: its head in any number of lines, each name in two."""
    head, *names = cells
    return max([_longest_word(head, WORDS), *map(_halved, names)])


def _halved(name: str) -> int:
    """The width within which a name has two lines, or one where its words are too long for two."""
    wide = max(len(name) // 2, _longest_word(name, WORDS) + len(_hanging(name)))
    while wide < len(name) and len(_fold_name(name, wide)) > 2:
        wide += 1
    return min(wide, len(name))


def _hanging(name: str) -> str:
    return " " * (len(name) - len(name.lstrip())) + HANGING


def _fold_name(name: str, width: int) -> list[str]:
    return fold(name, width, WORDS, _hanging(name))


def _names(cells: Column, width: int) -> list[list[str]]:
    head, *names = cells
    folded = [fold(head, width, WORDS), *(_fold_name(name, width) for name in names)]
    return [[line.ljust(width) for line in lines] for lines in folded]


def _numbers(cells: Column, width: int) -> list[list[str]]:
    folded = [fold(cell, width) for cell in cells]
    wide = max(_longest(lines) for lines in folded)
    return [[line.rjust(wide) for line in lines] for lines in folded]


def _rows(table: Table, columns: Sequence[Sequence[list[str]]], width: int) -> Iterator[str]:
    """The head, its last lines right above the rows; what goes on of a cell stands below it."""
    wides = [len(cells[0][0]) for cells in columns]
    head, *rows = zip(*columns, strict=True)
    if any(table.head):
        most = max(map(len, head))
        yield from _together([[""] * (most - len(lines)) + lines for lines in head], wides)
    others = iter(rows)
    for row in table.rows:
        yield from fold(row[0], width, SPACES, HANGING) if len(row) == 1 else _together(next(others), wides)


def _together(cells: Sequence[Sequence[str]], wides: Sequence[int]) -> Iterator[str]:
    for parts in zip_longest(*cells, fillvalue=""):
        yield GAP.join(part.ljust(wide) for part, wide in zip(parts, wides, strict=True)).rstrip()
