"""An answer as text, within the columns that there are."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from .answer import WIDTH, Answer, Part, Table

GAP: Final = "  "
"""Between two columns."""
FEWEST: Final = 5
"""Letters that are left of a name."""
NAMES: Final = 0.7
"""Share of a line that names may take where numbers go on below it."""
CUT_OFF: Final = "interrupted: only what was finished by then is here"


def to_text(answer: Answer, width: int = WIDTH) -> str:
    """The headline above, the finding below, where a terminal ends; a blank line between what does not belong together.

    No line is longer than the width.
    """
    blocks = [
        [*_wrap(answer.headline, width, ""), *(line for text in answer.conditions for line in _wrap(text, width))],
        *([line for part in section for line in _lines(part, width)] for section in answer.sections),
        [line for text in answer.warnings for line in _wrap(f"warning: {text}", width)],
        _wrap(answer.finding, width, ""),
        [CUT_OFF] if answer.interrupted else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def shorten(name: str, width: int) -> str:
    """A name within a width."""
    return name if len(name) <= width else f"{name[: width - 1]}…"


def shorten_before(path: str, width: int) -> str:
    """The same of a path, the end of which tells more than its beginning."""
    return path if len(path) <= width else f"…{path[1 - width :]}"


def wide(columns: Sequence[Sequence[str]]) -> int:
    """What columns take beside each other."""
    return sum(max(map(len, cells)) for cells in columns) + len(GAP) * (len(columns) - 1)


def _wrap(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent)


def _lines(part: Part, width: int) -> list[str]:
    if isinstance(part, Answer):
        return to_text(part, width).split("\n")
    return _table(part, width) if isinstance(part, Table) else _wrap(part, width)


def _table(table: Table, width: int) -> list[str]:
    """All rows, and below them all once more for columns that have no room beside the names."""
    if not table.rows:
        return []
    columns: list[Sequence[str]] = list(zip(table.head, *(row for row in table.rows if len(row) > 1), strict=True))
    names, numbers = columns[: table.names], columns[table.names :]
    room = width - wide(numbers) - len(GAP)
    if room < wide(names if table.whole else [[cell[:FEWEST] for cell in cells] for cells in names]):
        room = int(width * NAMES)
    widths = _shrunk(names, room)
    names = [[shorten(cell, most).ljust(most) for cell in cells] for cells, most in zip(names, widths, strict=True)]
    lines: list[str] = []
    for those in _beside(numbers, width - wide(names) - len(GAP)):
        lines += ["", *_rows(table, [*names, *those], width)]
    return lines[1:]


def _shrunk(names: Sequence[Sequence[str]], room: int) -> list[int]:
    """The widths of names: short ones leave more to long ones."""
    widths = [max(map(len, cells)) for cells in names]
    room -= len(GAP) * (len(names) - 1)
    for place, at in enumerate(sorted(range(len(names)), key=widths.__getitem__)):
        widths[at] = min(widths[at], max(room // (len(names) - place), FEWEST))
        room -= widths[at]
    return widths


def _beside(columns: Sequence[Sequence[str]], room: int) -> list[list[list[str]]]:
    """Columns as far as there is room for them; then the next ones."""
    groups: list[list[list[str]]] = [[]]
    for cells in columns:
        narrow = _narrowed(cells, room)
        if groups[-1] and wide([*groups[-1], narrow]) > room:
            groups.append([])
        groups[-1].append(narrow)
    return groups


def _narrowed(cells: Sequence[str], room: int) -> list[str]:
    """A column within the room: the end of its head, and no interval where there is none for it."""
    head, *rest = cells
    rest = [cell if len(cell) <= room else shorten(cell.partition(" ± ")[0].partition(" (")[0], room) for cell in rest]
    narrow = [shorten_before(head, room), *rest]
    width = max(map(len, narrow))
    return [cell.rjust(width) for cell in narrow]


def _rows(table: Table, columns: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    lines = (GAP.join(cells).rstrip() for cells in zip(*columns, strict=True))
    head = next(lines)
    if any(table.head):
        yield head
    for row in table.rows:
        yield shorten(row[0], width) if len(row) == 1 else next(lines)
