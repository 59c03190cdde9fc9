"""What everything that has an answer shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from .answer import Answer
from .content import plain
from .page import to_html
from .text import to_text


class Answered(ABC):
    """It says what its answer is, and so has a text, a page in a notebook, and JSON."""

    @abstractmethod
    def answer(self) -> Answer:
        """What it says, as one value."""

    def to_dict(self) -> dict[str, Any]:
        """What it says, ready for JSON: NaN and infinity become None."""
        return {key: plain(value) for key, value in self.answer().content.items()}

    def __str__(self) -> str:
        return to_text(self.answer())

    def _repr_html_(self) -> str:
        return to_html(self.answer())
