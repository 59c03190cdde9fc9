"""Philox2x64-10 in plain Python, written from the paper, and its inverse: the question of an answer."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

WORD = 2**64
MULTIPLIER, WEYL = 0xD2B74407B1CE6E93, 0x9E3779B97F4A7C15


def round_keys(key: int) -> list[int]:
    return [(key + i * WEYL) % WORD for i in range(10)]


def philox(counter: tuple[int, int], key: int) -> tuple[int, int]:
    a, b = counter
    for mixed in round_keys(key):
        product = MULTIPLIER * a
        a, b = (product // WORD) ^ mixed ^ b, product % WORD
    return a, b


def counter_of(words: tuple[int, int], key: int) -> tuple[int, int]:
    """The counter that gives these words: every round can be taken back."""
    a, b = words
    for mixed in reversed(round_keys(key)):
        before = b * pow(MULTIPLIER, -1, WORD) % WORD
        a, b = before, a ^ mixed ^ (MULTIPLIER * before // WORD)
    return a, b


@pytest.fixture(scope="session")
def plain() -> SimpleNamespace:
    return SimpleNamespace(philox=philox, counter_of=counter_of)


@pytest.fixture(scope="session")
def question() -> Callable[[int, int], tuple[int, int, int]]:
    """(key, 52 bits) to (address, stream, k), at which the uniform number is (bits + 1/2) / 2**52."""

    def ask(key: int, bits: int) -> tuple[int, int, int]:
        address, which = counter_of((bits << 12, 1), key)
        return address, which // 2**32, which % 2**32

    return ask
