"""An answer as HTML for a notebook: self-contained, without a script, a style sheet or a picture from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from .answer import Answer, Part, Table
from .text import CUT_OFF

STYLE: Final = "text-align:{};padding:2px 10px;font-variant-numeric:tabular-nums"


def to_html(answer: Answer) -> str:
    """What it says comes first; every text is escaped."""
    about = [escape(line) for line in (answer.headline, *answer.conditions) if line]
    parts = []
    if answer.finding:
        parts.append(f"<p><strong>{escape(answer.finding)}</strong></p>")
    elif about:
        about[0] = f"<strong>{about[0]}</strong>"
    if about:
        parts.append(f"<p>{'<br>'.join(about)}</p>")
    parts += [_part(part) for section in answer.sections for part in section]
    if answer.warnings:
        parts.append("<ul>" + "".join(f"<li>{escape(text)}</li>" for text in answer.warnings) + "</ul>")
    if answer.interrupted:
        parts.append(f"<p>{CUT_OFF}</p>")
    return "\n".join(parts)


def _part(part: Part) -> str:
    if isinstance(part, Answer):
        return to_html(part)
    return _table(part) if isinstance(part, Table) else f"<p>{escape(part)}</p>"


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    top = _row(table, table.head, "th") if any(table.head) else ""
    body = "".join(_row(table, row, "td") for row in table.rows)
    return f'<table style="border-collapse:collapse"><thead>{top}</thead><tbody>{body}</tbody></table>'


def _row(table: Table, cells: Sequence[str], tag: str) -> str:
    wide = f' colspan="{len(table.head)}"' if len(cells) < len(table.head) else ""
    return "<tr>" + "".join(
        f'<{tag}{wide} style="{STYLE.format("left" if at < table.names else "right")}">{escape(cell)}</{tag}>'
        for at, cell in enumerate(cells)
    ) + "</tr>"  # fmt: skip
