"""What the runs of a curve warn of, gathered: a curve has many runs, and most of them warn of the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

NUMBERS: Final = re.compile(r"(?<![\w.\[-])\d[\d,.]*(?:e-?\d+)?")
"""None that are part of a name: p99, faults[0], web-2."""
UNITS: Final = re.compile(r"# (?:µs|ms|s|min|h)\b")
UNRECORDED: Final = " is not recorded at detail "
"""Of an objective that a curve does not judge: no matter there."""


@dataclass(frozen=True)
class Warned:
    """What one run warns of: of which line of the curve, and at which of its places."""

    name: str
    place: int
    texts: Sequence[str]


def gather(given: Sequence[Warned], where: Callable[[Sequence[int]], str]) -> tuple[str, ...]:
    """One text for warnings of one name that differ in their numbers only, with the places that they are of.

    Parameters
    ----------
    where
        Places in words, such as `at 20 and 40/s`.
    """
    every: dict[str, set[int]] = {}
    alike: dict[tuple[str, str, int], dict[int, str]] = {}
    for one in given:
        every.setdefault(one.name, set()).add(one.place)
        shapes = Counter[str]()
        for text in one.texts:
            if UNRECORDED in text:
                continue
            shape = _shape(text)
            alike.setdefault((one.name, shape, shapes[shape]), {})[one.place] = text
            shapes[shape] += 1
    return tuple(_told(name, said, every[name], where) for (name, *_), said in alike.items())


def _shape(text: str) -> str:
    """A text without its numbers and the units of times."""
    return UNITS.sub("#", NUMBERS.sub("#", text))


def _told(name: str, said: dict[int, str], every: set[int], where: Callable[[Sequence[int]], str]) -> str:
    first, *others = said
    text = said[first].removeprefix(f"{name}: ")
    if len(set(said.values())) == 1:
        return f"{name}: {text}" if set(said) == every else f"{name} {where([*said])}: {text}"
    return f"{name} {where([first])}: {text} (much the same {where(others)})"
