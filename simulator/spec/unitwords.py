"""Units as others write them, and what ours are: 1 sec is 1s, 10 per second is 10/s, 512MB is 512M."""

from __future__ import annotations

import re
from typing import Literal

from ..units import NUMBER_PATTERN

Noun = Literal["a duration", "a rate", "memory", "cores"]

_WRITTEN = re.compile(rf"({NUMBER_PATTERN[1:-1]})\s*([a-zA-Zµμ/ ]*)")
_TIMES = {
    "ns": "ns nsec nsecs nanosecond nanoseconds", "us": "us µs μs usec usecs microsecond microseconds",
    "ms": "ms msec msecs milli millis millisecond milliseconds", "s": "s sec secs second seconds",
    "m": "m min mins minute minutes", "h": "h hr hrs hour hours",
}  # fmt: skip
_UNITS = {word: unit for unit, words in _TIMES.items() for word in words.split()}
"""What others call our units of time."""
_SIZES = {
    "Ki": "kib", "Mi": "mib mebibytes", "Gi": "gib gibibytes", "Ti": "tib",
    "k": "kb", "M": "mb megabytes", "G": "gb gigabytes", "T": "tb",
}  # fmt: skip
_MEMORIES = {word: unit for unit, words in _SIZES.items() for word in [unit.lower(), *words.split()]}
_EVENTS = re.compile(r"(?:req|reqs|requests?|calls?|events?)?\s*(?:/|per)\s*(\w+)|([rqt]ps|hz)")
_CORES = ("core", "cores", "cpu", "cpus", "vcpu", "vcpus")


def meant(noun: Noun, text: str) -> str:
    """Return the suggestion to append to a message on a quantity, empty if its unit is none that others write."""
    match = _WRITTEN.fullmatch(text.strip())
    unit = _unit(noun, match[2].strip().lower()) if match else None
    return "" if match is None or unit is None else f"; did you mean `{match[1]}{unit}`?"


def _unit(noun: Noun, word: str) -> str | None:
    if noun == "cores":
        return "" if word in _CORES else None
    if noun == "a rate":
        match = _EVENTS.fullmatch(word)
        time = None if match is None else "s" if match[2] else _UNITS.get(match[1])
        return f"/{time}" if time in ("s", "m", "h") else None
    return (_UNITS if noun == "a duration" else _MEMORIES).get(word)
