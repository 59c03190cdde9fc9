"""What all curves have in common: a topology, a table, and what it says."""

from __future__ import annotations

import textwrap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from ...results.display import WIDTH
from ...results.export import plain, records
from .words import join


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Curve(ABC):
    """A table, what it says in words, and both as text, JSON and HTML."""

    topology: str
    table: pd.DataFrame
    interrupted: bool = False

    @property
    @abstractmethod
    def headline(self) -> str:
        """What the curve says, in a line."""

    @property
    @abstractmethod
    def finding(self) -> str:
        """What the curve says, in sentences."""

    @property
    @abstractmethod
    def compared(self) -> Sequence[str]:
        """The names of the lines, or of what a cell chooses from."""

    @abstractmethod
    def _content(self) -> dict[str, Any]:
        """What JSON has beside the table, the topology and the finding."""

    @abstractmethod
    def _page(self) -> tuple[str, list[str]]:
        """The title of the text, and the lines of its table."""

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        content = {"topology": self.topology, "finding": self.finding, **self._content()}
        return {**plain(content), "interrupted": self.interrupted, "table": records(self.table)}

    def __str__(self) -> str:
        title, lines = self._page()
        cut = ["", "interrupted: only what was finished by then is here"] if self.interrupted else []
        return "\n".join([*textwrap.wrap(title, WIDTH), "", *lines, "", *textwrap.wrap(self.finding, WIDTH), *cut])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.topology}: {join(self.compared)}>"

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.finding)}</strong></p>\n<pre>{escape(str(self))}</pre>"
