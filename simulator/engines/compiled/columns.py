"""Columns of the first memory of a run: where records are, and whose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...plan.columns import Integers


def before(sizes: Integers) -> Integers:
    """What lies before each of some things that lie one after the other."""
    return np.cumsum(sizes) - sizes


def addresses(first: int, distances: Integers) -> Integers:
    """Where records are, so far from the first one; of row -1 nowhere."""
    return np.append(first + distances, 0)


def spread(rows: Integers, values: Integers | Sequence[int], count: int) -> Integers:
    """What each of so many has of what some of them have; 0 for the others."""
    column = np.zeros(count, np.int64)
    column[rows] = values
    return column


def each(counts: Integers) -> tuple[Integers, Integers]:
    """The rows of what there are several of, and the numbers of these in their row."""
    rows = np.repeat(np.arange(counts.size), counts)
    return rows, np.arange(rows.size) - before(counts)[rows]
