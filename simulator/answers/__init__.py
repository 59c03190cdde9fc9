"""An answer as one value, and what renders it: as text for a terminal, as HTML for a notebook, as JSON for machines."""

from .answer import WIDTH, Answer, Later, Part, Section, Table
from .answered import Answered
from .content import plain
from .layout import NAMES, wide
from .page import to_html
from .text import shorten, shorten_before, to_text

__all__ = [
    "NAMES", "WIDTH", "Answer", "Answered", "Later", "Part", "Section", "Table", "plain", "shorten",
    "shorten_before", "to_html", "to_text", "wide",
]  # fmt: skip
