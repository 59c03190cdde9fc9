"""What can go wrong, as a tree of exceptions that a caller would catch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 200
"""Letters of what is quoted in a message: a file may hold anything, and a terminal acts on some of it."""
QUOTED = re.compile(rf"`[^`\n]{{{MOST + 1},}}`|'[^'\n]{{{MOST + 1},}}'")
SPACES = frozenset("\n\t")


def plain(text: str) -> str:
    """A text whose control characters are written out, and whose quotations are short."""
    text = QUOTED.sub(lambda match: f"{match[0][: MOST - 1]}…{match[0][-1]}", text)
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(letter: str) -> str:
    if letter in SPACES or letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    return f"\\x{ord(letter):02x}" if ord(letter) < 256 else f"\\u{ord(letter):04x}"


class SimulatorError(Exception):
    """Anything this package refuses to do; the message says where, what, and what to do."""

    def __str__(self) -> str:
        return plain(super().__str__())


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
        path = self.path if len(self.path) <= MOST else f"{self.path[: MOST // 2]}…{self.path[1 - MOST // 2 :]}"
        head = plain(f"{where}{path}: {self.message}" if path else f"{where}{self.message}")
        if not self.source:
            return head
        gutter = f"{self.line:>5} | "
        before, after = self._around()
        return f"{head}\n{gutter}{before}{after}\n{' ' * (len(gutter) + len(before))}^"

    def _around(self) -> tuple[str, str]:
        """The line as it can be shown, before the column and from it on: all of it, or what is near the column."""
        at = max(0, self.column - 1)
        first = 0 if len(self.source) <= MOST else max(0, min(at - MOST // 2, len(self.source) - MOST))
        last = min(len(self.source), first + MOST)
        before, after = plain(self.source[first:at]), plain(self.source[at:last])
        return ("…" if first else "") + before, after + ("…" if last < len(self.source) else "")


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
