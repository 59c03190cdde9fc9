"""An answer as text, within the columns that there are."""

from __future__ import annotations

import textwrap
from typing import Final

from .answer import WIDTH, Answer, Part, Table
from .layout import table_lines

CUT_OFF: Final = "interrupted: only what was finished by then is here"


def to_text(answer: Answer, width: int = WIDTH, window: int = 0) -> str:
    """The headline above, the finding below, where a terminal ends; a blank line between what does not belong together.

    No line is longer than the width; tables take all of a window that is wider.
    """
    blocks = [
        [*_wrap(answer.headline, width, ""), *(line for text in answer.conditions for line in _wrap(text, width))],
        *([line for part in section for line in _lines(part, width, window)] for section in answer.sections),
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


def _wrap(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent)


def _lines(part: Part, width: int, window: int) -> list[str]:
    if isinstance(part, Answer):
        return to_text(part, width, window).split("\n")
    return table_lines(part, max(width, window)) if isinstance(part, Table) else _wrap(part, width)
