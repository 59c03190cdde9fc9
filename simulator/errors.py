"""What can go wrong, as a tree of exceptions that a caller would catch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SimulatorError(Exception):
    """Anything this package refuses to do; the message says where, what, and what to do."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a topology: where it stands, and what was expected there.

    `line` and `column` count from 1 and are 0 where there is no text (a topology made from a dict);
    `source` is that line of the text.
    """

    path: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    source: str = ""

    def __str__(self) -> str:
        where = f"{self.file or '<text>'}:{self.line}:{self.column}: " if self.line else ""
        head = f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"
        if not self.source:
            return head
        gutter = f"{self.line:>5} | "
        return f"{head}\n{gutter}{self.source}\n{' ' * (len(gutter) + self.column - 1)}^"


class TopologyError(SimulatorError):
    """The topology file is wrong; `problems` lists everything that is, in the order of the text."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems = (Problem("", problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[TopologyError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class PlanError(SimulatorError):
    """The topology is well formed, but has no meaning that can be run (a call cycle, for one)."""


class EngineError(SimulatorError):
    """A run could not be made or finished."""


class UnsupportedFeature(EngineError):  # noqa: N818 (the name of the contract)
    """The chosen engine cannot run something that the plan contains."""


class CapacityExceeded(EngineError):  # noqa: N818 (the name of the contract)
    """A run needs more room than a limit allows; the message names the limit."""


class ResultError(SimulatorError):
    """The data cannot answer what was asked (p99.9 of 200 requests)."""
