"""Names to the unsigned 32-bit numbers that stand for them in draws and addresses.

A name says what is drawn (`cpu order.place/1`), never where it stands in the file, what runs beside it or how it is
deployed: so a request needs the same work in every deployment, and comparisons are paired.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def name_number(name: str, salt: int = 0) -> int:
    """The first four bytes of the SHA-256 of a name, as a number; a salt above 0 gives another one."""
    text = name if salt == 0 else f"{name}#{salt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def number_names(names: Iterable[str]) -> dict[str, int]:
    """A number for each name, no two the same.

    Of two names that meet in one number, the later in the alphabet is salted until it is alone.
    """
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    for name in sorted(set(names)):
        salt = 0
        while (number := name_number(name, salt)) in taken:
            salt += 1
        numbers[name] = number
        taken.add(number)
    return numbers
