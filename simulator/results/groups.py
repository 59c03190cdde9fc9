"""Quantiles of very many values in groups: as NumPy's of each group, bit for bit, without a call for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..plan.columns import Floats, Integers
from ..plan.trace import CallLog

BLOCK = 2**16
"""Rows that are worked on at a time: what is made of them on the way stays in the processor's cache."""


def blocks(logs: Sequence[CallLog]) -> Iterator[CallLog]:
    """The same calls as views of `BLOCK` rows at most."""
    for log in logs:
        for start in range(0, max(log.entry.size, 1), BLOCK):
            rows = slice(start, start + BLOCK)
            yield CallLog(**{name: column[rows] for name, column in vars(log).items()})


def gather(pieces: Iterable[tuple[Integers, Floats]]) -> tuple[Integers, Floats]:
    """Groups and values of all pieces; one piece at least."""
    groups, values = zip(*pieces, strict=True)
    return np.concatenate(groups), np.concatenate(values)


def narrow(numbers: NDArray[Any]) -> NDArray[Any]:
    """Numbers of the same order, in 16 bits if they lie close together: NumPy sorts those by radix."""
    low = numbers.min()
    return (numbers - low).astype(np.uint16) if numbers.max() - low < 2**16 else numbers


def start_groups(group: Integers, groups: int) -> Integers:
    """Where each group 0 .. groups - 1 begins among values that are ordered by group."""
    sizes = np.bincount(group, minlength=groups)
    return np.cumsum(sizes) - sizes


def order_by_group(group: Integers, values: Floats, starts: Integers) -> Floats:
    """The values of group 0, those of group 1 and so on, each in their order; `starts` says where a group begins.

    Sorted block by block into their places, which is several times faster than sorting all of them.
    """
    place = starts.copy()
    result = np.empty(values.size)
    for start in range(0, values.size, BLOCK):
        rows = slice(start, start + BLOCK)
        order = np.argsort(narrow(group[rows]), kind="stable")
        inside = group[rows][order]
        begins = np.flatnonzero(np.diff(inside, prepend=-1))
        lengths = np.diff(begins, append=inside.size)
        present = inside[begins]
        result[np.arange(inside.size) + np.repeat(place[present] - begins, lengths)] = values[rows][order]
        place[present] += lengths
    return result


def grouped_quantiles(group: Integers, values: Floats, groups: int, probabilities: Sequence[float]) -> Floats:
    """NumPy's linear quantiles of the values of each group 0 .. groups - 1, one row a group; NaN of nothing.

    Groups of one size are the rows of a matrix. There are few sizes: n values make sqrt(2n) of them at most.
    """
    starts = start_groups(group, groups)
    sizes = np.diff(starts, append=values.size)
    ordered = order_by_group(group, values, starts)
    result = np.full((groups, len(probabilities)), np.nan)
    rows = np.argsort(sizes, kind="stable")
    different, first = np.unique(sizes[rows], return_index=True)
    for size, alike in zip(different.tolist(), np.split(rows, first[1:]), strict=True):
        if size == 0:
            continue
        for some in np.array_split(alike, min(alike.size, alike.size * size // BLOCK + 1)):
            matrix = ordered[starts[some][:, None] + np.arange(size)]
            result[some] = np.quantile(matrix, probabilities, axis=1).T
    return result
