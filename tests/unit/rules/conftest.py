"""Philox4x32-10 in plain Python, written from the paper, and its inverse: the question of an answer."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

WORD = 2**32
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
Words = tuple[int, ...]


def round_keys(key: Words) -> list[Words]:
    return [tuple((k + i * w) % WORD for k, w in zip(key, WEYL, strict=True)) for i in range(10)]


def philox(counter: Words, key: Words) -> Words:
    a, b, c, d = counter
    for low, high in round_keys(key):
        first, second = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (second // WORD) ^ b ^ low, second % WORD, (first // WORD) ^ d ^ high, first % WORD
    return a, b, c, d


def counter_of(words: Words, key: Words) -> Words:
    """The counter that gives these words: every round can be taken back."""
    a, b, c, d = words
    inverses = [pow(m, -1, WORD) for m in MULTIPLIERS]
    for low, high in reversed(round_keys(key)):
        before_a, before_c = d * inverses[0] % WORD, b * inverses[1] % WORD
        before_b = a ^ low ^ (MULTIPLIERS[1] * before_c // WORD)
        before_d = c ^ high ^ (MULTIPLIERS[0] * before_a // WORD)
        a, b, c, d = before_a, before_b, before_c, before_d
    return a, b, c, d


def split(number: int) -> Words:
    return number % WORD, number // WORD


def join(words: Words) -> int:
    return words[0] + words[1] * WORD


@pytest.fixture(scope="session")
def plain() -> SimpleNamespace:
    return SimpleNamespace(philox=philox, counter_of=counter_of, split=split, join=join)


@pytest.fixture(scope="session")
def question() -> Callable[[int, int], tuple[int, int, int]]:
    """(key, 52 bits) to (address, stream, k), at which the uniform number is (bits + 1/2) / 2**52."""

    def ask(key: int, bits: int) -> tuple[int, int, int]:
        low, high = split(bits << 12)
        c0, c1, c2, c3 = counter_of((low, high, 1, 2), split(key))
        return join((c0, c1)), c2, c3

    return ask
