"""What all curves have in common: a topology, a table, and what it says."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...answers import Answer, Answered, Section
from ...words import join


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Curve(Answered):
    """A table, and what it says in words; `warnings` are those of all its runs, what is alike in one text."""

    topology: str
    table: pd.DataFrame
    interrupted: bool = False
    warnings: tuple[str, ...] = ()

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

    def _answer(self, asked: str, *sections: Section, **content: Any) -> Answer:
        """What was asked of the topology, what there is to look at, and what JSON has beside what all curves have."""
        finding = self.finding
        return Answer(
            headline=f"{self.topology}: {asked}",
            sections=sections,
            warnings=self.warnings,
            finding=finding,
            interrupted=self.interrupted,
            content={
                "topology": self.topology, "finding": finding, **content,
                "warnings": self.warnings, "interrupted": self.interrupted, "table": self.table,
            },
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.topology}: {join(self.compared)}>"
