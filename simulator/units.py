"""Quantities as people write them ("250ms", "40/s", "0.2%", "512Mi"), and back.

Inside the package everything is seconds, per second, fractions of one and bytes. Each parser takes text and
raises `ValueError` with a message that says what was expected; each formatter writes text that parses to the
same number.
"""

from __future__ import annotations

import itertools
import math
import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_SECONDS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),  # U+00B5, the micro sign
    "μs": Fraction(1, 10**6),  # U+03BC, the Greek letter that looks the same
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_PER_SECOND = {"s": Fraction(1), "m": Fraction(1, 60), "min": Fraction(1, 60), "h": Fraction(1, 3600)}
_BYTES = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}

DURATION_PATTERN = rf"^(?:{_NUMBER}(?:ns|us|µs|μs|ms|s|m|h))+$"
RATE_PATTERN = rf"^{_NUMBER}/(?:s|min|m|h)$"
PERCENT_PATTERN = rf"^{_NUMBER}%$"
NUMBER_PATTERN = rf"^{_NUMBER}$"
MEMORY_PATTERN = rf"^{_NUMBER}(?:Ki|Mi|Gi|Ti|k|M|G|T)?$"
CPU_PATTERN = rf"^{_NUMBER}m?$"
PERCENTILE_PATTERN = r"^p(?:100|[0-9]{1,2}(?:\.[0-9]{1,6})?|99[0-9]{1,6})$"

LARGEST = 2**63
"""Nanoseconds that nobody counts: such a time is as good as never (rule 1.4)."""
_LONGEST = 80  # characters; a quantity that is longer is a mistake, and slow to turn into a number
_DURATION = re.compile(DURATION_PATTERN)
_DURATION_PART = re.compile(rf"({_NUMBER})(ns|us|µs|μs|ms|s|m|h)")
_RATE = re.compile(rf"^({_NUMBER})/(s|min|m|h)$")
_PLAIN = re.compile(NUMBER_PATTERN)
_MEMORY = re.compile(rf"^({_NUMBER})(Ki|Mi|Gi|Ti|k|M|G|T)?$")
_PERCENTILE = re.compile(PERCENTILE_PATTERN)


def parse_duration(text: str) -> float:
    """Seconds, to the nanosecond, in a duration such as `250ms`, `1.5s`, `10m` or `1h30m`; a plain `0` is zero.

    Raises
    ------
    ValueError
        If the text has no unit, is negative, too short to be counted, or is not a duration.
    """
    return _duration(_stripped(text, "a duration such as 250ms"))


@lru_cache(maxsize=4096)
def _duration(text: str) -> float:
    """A long file says the same few durations again and again."""
    if _DURATION.match(text):
        parts = _DURATION_PART.findall(text)
        scales = [_SECONDS[unit] for _, unit in parts]
        if any(later >= earlier for earlier, later in itertools.pairwise(scales)):
            raise ValueError(f"expected units from large to small, as in 1h30m, found `{text}`")
        return whole(sum((Fraction(number) * _SECONDS[unit] for number, unit in parts), Fraction(0)), text)
    if _PLAIN.match(text):
        if Fraction(text) == 0:
            return 0.0
        raise ValueError(f"a duration needs a unit, for example 250ms, found `{text}`")
    if text.startswith("-") and _DURATION.match(text[1:]):
        raise ValueError(f"a duration cannot be negative, found `{text}`")
    raise ValueError(f"expected a duration such as 250ms, found `{text}`")


def whole(seconds: Fraction | float, text: str) -> float:
    """Seconds to the nearest nanosecond, half up (rule 1.1); `text` is what was written.

    Raises
    ------
    ValueError
        If there are some, but less than half a nanosecond.
    """
    seconds = Fraction(seconds)
    nanoseconds = math.floor(seconds * 10**9 + Fraction(1, 2))
    if nanoseconds == 0 < seconds:
        raise ValueError(f"time is counted in whole nanoseconds, found `{text}`, which is none")
    return nanoseconds / 10**9 if nanoseconds < LARGEST else _finite(seconds, text)


def format_duration(seconds: float) -> str:
    """Text of a duration in seconds that `parse_duration` reads back exactly: 0.25 gives `250ms`."""
    _non_negative(seconds)
    if seconds == 0:
        return "0s"
    if seconds % 60 == 0 and seconds < 1e9:
        hours = seconds % 3600 == 0
        return f"{int(seconds) // 3600}h" if hours else f"{int(seconds) // 60}m"
    for unit, places in (("s", 0), ("ms", 3), ("us", 6)):
        if seconds >= 10**-places:
            return _decimal(seconds, places) + unit
    return _decimal(seconds, 9) + "ns"


def parse_rate(text: str) -> float:
    """Events per second in a rate such as `80/s`, `4800/min` (or `/m`) or `3/h`; a plain `0` is zero.

    Raises
    ------
    ValueError
        If the text has no unit, is negative, or is not a rate.
    """
    text = _stripped(text, "a rate such as 80/s")
    if match := _RATE.match(text):
        return _finite(Fraction(match[1]) * _PER_SECOND[match[2]], text)
    if _PLAIN.match(text):
        if Fraction(text) == 0:
            return 0.0
        raise ValueError(f"a rate needs a unit, for example 80/s, found `{text}`")
    if text.startswith("-") and _RATE.match(text[1:]):
        raise ValueError(f"a rate cannot be negative, found `{text}`")
    raise ValueError(f"expected a rate such as 80/s, found `{text}`")


def format_rate(per_second: float) -> str:
    """Text of a rate per second that `parse_rate` reads back exactly: 80.0 gives `80/s`."""
    _non_negative(per_second)
    return _decimal(per_second, 0) + "/s"


def parse_fraction(text: str) -> float:
    """A fraction of one, from a percentage such as `0.2%` or a plain number such as `0.002`.

    Raises
    ------
    ValueError
        If the text is neither, or lies outside [0, 1].
    """
    text = _stripped(text, "a percentage such as 0.2%")
    body = text.removesuffix("%").rstrip()
    scale = Fraction(1, 100) if text.endswith("%") else Fraction(1)
    if not _PLAIN.match(body):
        if body.startswith("-") and _PLAIN.match(body[1:]):
            raise ValueError(f"expected 0% to 100%, found `{text}`")
        raise ValueError(f"expected a percentage such as 0.2% or a fraction of one, found `{text}`")
    value = Fraction(body) * scale
    if value > 1:
        hint = f"; did you mean `{body}%`?" if scale == 1 and value <= 100 else ""
        raise ValueError(f"expected 0% to 100% or a fraction of at most 1, found `{text}`{hint}")
    return float(value)


def format_fraction(fraction: float) -> str:
    """Text of a fraction of one that `parse_fraction` reads back exactly: 0.002 gives `0.2%`."""
    _non_negative(fraction)
    return _decimal(fraction, 2) + "%"


def parse_memory(text: str) -> float:
    """Bytes in a Kubernetes quantity: `256Mi`, `1Gi`, `512M`, `1e9`.

    Raises
    ------
    ValueError
        If the text is not such a quantity, or is negative.
    """
    text = _stripped(text, "memory such as 256Mi")
    if match := _MEMORY.match(text):
        return _finite(Fraction(match[1]) * _BYTES[match[2] or ""], text)
    if text.startswith("-") and _MEMORY.match(text[1:]):
        raise ValueError(f"memory cannot be negative, found `{text}`")
    raise ValueError(f"expected memory such as 256Mi (Ki, Mi, Gi, Ti or k, M, G, T), found `{text}`")


def format_memory(size: float) -> str:
    """Text of a size in bytes that `parse_memory` reads back exactly: 268435456 gives `256Mi`."""
    _non_negative(size)
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if size >= _BYTES[unit] and size % _BYTES[unit] == 0:
            return _decimal(size / _BYTES[unit], 0) + unit
    return _decimal(size, 0)


def rough_memory(size: float) -> str:
    """Text of a size in bytes with three digits, for people: 5074892488 gives `4.73Gi`."""
    _non_negative(size)
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if size >= _BYTES[unit]:
            value = float(size / _BYTES[unit])
            return (f"{value:.0f}" if 1000.0 <= value < 1e6 else f"{value:.3g}") + unit
    return f"{size:.0f} bytes"


def parse_cpu(text: str) -> float:
    """Cores in a Kubernetes quantity: `500m` is half a core, `2` is two.

    Raises
    ------
    ValueError
        If the text is not such a quantity.
    """
    text = _stripped(text, "cores such as 2 or 500m")
    body = text.removesuffix("m")
    if not _PLAIN.match(body):
        raise ValueError(f"expected cores such as 2 or 500m, found `{text}`")
    return _finite(Fraction(body) * (Fraction(1, 1000) if body != text else 1), text)


def format_cpu(cores: float) -> str:
    """Text of a number of cores that `parse_cpu` reads back exactly: 0.5 gives `500m`, 2.0 gives `2`."""
    _non_negative(cores)
    return _decimal(cores, 0) if cores >= 1 or cores == 0 else _decimal(cores, 3) + "m"


def parse_percentile(text: str) -> float:
    """Probability of a percentile's name: `p50` is 0.5, `p99.9` and `p999` are 0.999, `p100` is 1.

    Raises
    ------
    ValueError
        If the text is not such a name.
    """
    if not is_percentile(text):
        raise ValueError(f"expected a percentile such as p50, p99 or p999, found `{text}`")
    digits = text[1:]
    if digits != "100" and "." not in digits and len(digits) > 2:
        digits = f"{digits[:2]}.{digits[2:]}"
    return float(Fraction(digits) / 100)


def is_percentile(text: str) -> bool:
    """Whether the text names a percentile, as `p50`, `p99.9` and `p999` do."""
    return _PERCENTILE.match(text) is not None


def format_percentile(probability: float) -> str:
    """Name of a percentile that `parse_percentile` reads back: 0.5 gives `p50`, 0.999 gives `p999`."""
    if not 0 <= probability <= 1:
        raise ValueError(f"expected a probability between 0 and 1, found {probability!r}")
    digits = _decimal(probability, 2)
    return "p" + (digits.replace(".", "") if digits.startswith("99.") else digits)


def _stripped(text: str, expected: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError(f"expected {expected}, found empty text")
    if len(text) > _LONGEST:
        raise ValueError(f"expected {expected}, found {len(text)} characters")
    return text


def _finite(value: Fraction, text: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"`{text}` is too large") from None


def _non_negative(value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"expected a finite number of at least 0, found {value!r}")


def _decimal(value: float, places: int) -> str:
    """Shortest decimal text of value x 10**places; the shift is exact, so reading it back gives the value."""
    shifted = Decimal(repr(float(value))).scaleb(places)
    if shifted == shifted.to_integral_value() and shifted < 10**16:
        return str(int(shifted))
    plain = format(shifted.normalize(), "f")
    return plain if len(plain) <= 24 else str(shifted.normalize())
