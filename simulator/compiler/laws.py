"""Laws of composed times as far as a horizon (rule 16.2): sums, mixtures, what is cut, the sooner of two.

A law is a constant and masses on a grid that ends at the horizon. A part of a plan is put on the grid so that its mass
within a cell goes to the two ends of it with the same mean: E[min(X, t)] is then exact at each point of the grid, and
between them never too large. The same holds for sums of such parts, since min(x + y, t) is concave in each. So E[min(X,
horizon)] is a lower bound, and with `CELLS` cells misses by some millionths of the horizon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from ..plan.columns import Floats
from ..plan.tables import Distributions
from .limited import limited_mean

CELLS = 256
_BEYOND = 4
"""Cells after the horizon, so that what ends at it is told from what ends after it."""
_SURE = 1e-9
_KEPT = 4096
"""Laws of a plan that are kept: some 8 MB."""


@dataclass(frozen=True)
class Law:
    """A time of `offset` seconds and so many steps of a grid; `masses` add up to 1, the last holds all beyond."""

    offset: float
    masses: Floats


_KNOWN: WeakKeyDictionary[Distributions, dict[tuple[int, float, float], Law]] = WeakKeyDictionary()
"""What was put on a grid, by row, factor and horizon: a plan is read several times, and this is most of the work."""


class Grid:
    """Laws up to a horizon in seconds, above 0.

    Parameters
    ----------
    laws
        Of the parts.
    horizon
        Finite.
    """

    def __init__(self, laws: Distributions, horizon: float) -> None:
        self.horizon = horizon
        self.step = horizon / CELLS
        self._laws = laws
        self._known = _KNOWN.setdefault(laws, {})

    def constant(self, seconds: float) -> Law:
        """A time that is always the same."""
        return Law(min(seconds, 2.0 * self.horizon), np.ones(1))

    def row(self, row: int, scale: float = 1.0) -> Law:
        """A distribution of the plan, times a factor."""
        if self._laws.variance[row] == 0.0:
            return self.constant(float(self._laws.mean[row]) * scale)
        key = row, scale, self.horizon
        if key not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            limits = [step * self.step / scale for step in range(self._size + 1)]
            self._known[key] = self._from_cuts([limited_mean(self._laws, row, at) * scale for at in limits])
        return self._known[key]

    def sum(self, *laws: Law) -> Law:
        """One after the other."""
        offset, masses = math.fsum(law.offset for law in laws), np.ones(1)
        for law in laws:
            masses = masses * law.masses[0] if law.masses.size == 1 else self._cut(np.convolve(masses, law.masses))
        return self._sane(offset, masses)

    def times(self, law: Law, number: int) -> Law:
        """So many times one after the other, each time anew."""
        whole, part = self.constant(0.0), law
        while number:
            if number & 1:
                whole = self.sum(whole, part)
            number >>= 1
            if number:
                part = self.sum(part, part)
        return whole

    def mixture(self, laws: list[Law], shares: list[float]) -> Law:
        """One of them, by its share."""
        offset = min(law.offset for law, share in zip(laws, shares, strict=True) if share > 0.0)
        parts = [share * self._masses(law, offset) for law, share in zip(laws, shares, strict=True) if share > 0.0]
        size = max(part.size for part in parts)
        return Law(offset, np.sum([np.pad(part, (0, size - part.size)) for part in parts], axis=0))

    def sooner(self, one: Law, other: Law) -> Law:
        """The first that ends of two that are independent."""
        if min(one.masses.size, other.masses.size) == 1:
            first, second = (one, other) if one.masses.size == 1 else (other, one)
            return self.cut(second, first.offset)
        offset = min(one.offset, other.offset)
        left = [1.0 - np.cumsum(self._full(law, offset)) for law in (one, other)]
        return Law(offset, -np.diff(left[0] * left[1], prepend=1.0, append=0.0)[: self._size])

    def cut(self, law: Law, end: float) -> Law:
        """A time that ends at `end` if it has not ended before."""
        if law.offset >= end:
            return self.constant(end)
        if end - law.offset >= self._size * self.step:
            return law
        masses, last = law.masses, (end - law.offset) / self.step
        whole = int(last)
        if whole + 1 >= masses.size:
            return law
        kept, late = masses[: whole + 1].copy(), float(masses[whole + 1 :].sum())
        kept[whole] += late * (whole + 1.0 - last)
        return Law(law.offset, np.append(kept, late * (last - whole)))

    def mean(self, law: Law, end: float) -> float:
        """E[min(X, end)] in seconds, of an end up to the horizon."""
        times = np.minimum(law.offset + self.step * np.arange(law.masses.size), end)
        return float(times @ law.masses)

    def late(self, law: Law, end: float) -> float:
        """P(X > end). What is less than a cell late is in time: a sum that ends at `end` may be one by its rounding."""
        late = law.offset + self.step * np.arange(law.masses.size) >= end + self.step * (1.0 - _SURE)
        if law.masses.size == 1:
            late = np.array([law.offset > end * (1.0 + _SURE)])
        return min(1.0, float(law.masses[late].sum()))

    def outlives(self, one: Law, other: Law) -> float:
        """P(one > other) of two that are independent; half of what shares a point of the grid."""
        if one.masses.size == 1:
            return 1.0 - self.late(other, one.offset)
        if other.masses.size == 1:
            return self.late(one, other.offset)
        offset = min(one.offset, other.offset)
        masses = self._full(one, offset)
        left = 1.0 - np.cumsum(masses) + masses / 2.0
        return min(1.0, max(0.0, float(left @ self._full(other, offset))))

    @cached_property
    def _size(self) -> int:
        return CELLS + _BEYOND

    def _from_cuts(self, cuts: list[float]) -> Law:
        """The law whose E[min(X, t)] is given at 0, 1, 2 ... steps."""
        left = np.append(np.diff(cuts) / self.step, 0.0)
        masses = np.maximum(-np.diff(left, prepend=1.0), 0.0)
        return Law(0.0, masses / masses.sum())

    def _masses(self, law: Law, offset: float) -> Floats:
        """The masses of a law as seen from another offset that is not above its own: each goes to two neighbours."""
        shift = (law.offset - offset) / self.step
        if shift >= self._size:
            return np.append(np.zeros(self._size - 1), 1.0)
        whole = int(shift)
        part = shift - whole
        if part * self.step <= _SURE * self.horizon:
            return self._cut(np.append(np.zeros(whole), law.masses))
        moved = np.append((1.0 - part) * law.masses, 0.0) + np.append(0.0, part * law.masses)
        return self._cut(np.append(np.zeros(whole), moved))

    def _full(self, law: Law, offset: float) -> Floats:
        masses = self._masses(law, offset)
        return np.pad(masses, (0, self._size - masses.size))

    def _cut(self, masses: Floats) -> Floats:
        if masses.size <= self._size:
            return masses
        return np.append(masses[: self._size - 1], masses[self._size - 1 :].sum())

    def _sane(self, offset: float, masses: Floats) -> Law:
        """Sums that are longer than any horizon stay finite."""
        return Law(min(offset, 2.0 * self.horizon), masses)
