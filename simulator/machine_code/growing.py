"""Arrays of words that grow in their place: addresses are reserved, and memory comes where it is first written to."""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from .. import machine

Words = NDArray[np.int64]
WORD = 8

NO_RESERVE = 0x4000
"""MAP_NORESERVE of Linux, which `mmap` names from Python 3.13 on: no memory is set aside for what is not used."""


def zeros(size: int, most: int) -> Words:
    """An array of zeros that may grow to so many words."""
    whole = _reserved(max(size, most))
    return np.zeros(size, np.int64) if whole is None else whole[:size]


def grown(words: Words, size: int) -> Words:
    """The array, made longer: where it lies, if addresses are reserved for it, else perhaps elsewhere.

    Raises
    ------
    MemoryError
        If the system has no more.
    """
    if words.base is not None:
        return words.base[:size]  # type: ignore[no-any-return, index]
    words.resize(size, refcheck=False)
    return words


def _reserved(size: int) -> Words | None:
    """Addresses for so many words, in large pages if the system has some; None where reserving costs something.

    On Windows it takes memory, and where addresses are limited others would lack them.
    """
    if not hasattr(mmap, "MAP_PRIVATE") or machine.addresses_are_limited():
        return None
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | (NO_RESERVE if sys.platform == "linux" else 0)
    try:
        memory = mmap.mmap(-1, size * WORD, flags=flags)
    except (OSError, ValueError, OverflowError):
        return None
    with suppress(AttributeError, OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.int64)
