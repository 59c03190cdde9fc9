"""Numbers as people read them: the one way to write them in every table, sentence and figure.

Four digits that matter, thousands apart, the unit that fits; a value and its half width in one unit, to one digit.
What is computed with stays in seconds, per second and fractions of one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

DIGITS: Final = 4
"""That matter, of a value."""
REST_DIGITS: Final = 2
"""That matter, of what a share lacks to all: 99.9987 % is not 100 %."""
WIDTH_DIGITS: Final = 2
"""Of the width of an interval: more of its ends would be chance."""
MOST_MORE: Final = 4
"""Digits after those, for an end that is near none or all."""
DUST: Final = 1e-6
"""Share of a value below which a half width is what rounding leaves."""
TINY, HUGE = 1e-6, 1e15
"""Outside, numbers have an exponent."""
LOPSIDED: Final = 0.1
"""How far the middle of an interval may lie from its value, by its length, to be written as give or take."""
NOTHING: Final = "-"
"""What is not known."""


@dataclass(frozen=True)
class Unit:
    """What a number is written in: `factor` times what is computed with."""

    name: str
    factor: float

    def after(self, text: str) -> str:
        """A number with its unit: 12 ms, 99.5 %, 80/s."""
        return text if text == NOTHING else f"{text}{'' if self.name[:1] in ('', '/') else ' '}{self.name}"


PLAIN: Final = Unit("", 1.0)
PERCENT: Final = Unit("%", 100.0)
MILLISECONDS, PER_SECOND = Unit("ms", 1e3), Unit("/s", 1.0)
DURATIONS: Final = (
    (1e-3, Unit("µs", 1e6)),
    (10.0, MILLISECONDS),
    (600.0, Unit("s", 1.0)),
    (36_000.0, Unit("min", 1.0 / 60.0)),
    (math.inf, Unit("h", 1.0 / 3600.0)),
)
"""Each below so many seconds: a second in milliseconds can still be compared with a tenth of it."""
LONG: Final = tuple(unit for _, unit in DURATIONS[2:])
"""Of which a time may be a small part."""
RATES: Final = ((1.0 / 60.0, Unit("/h", 3600.0)), (0.1, Unit("/min", 60.0)), (math.inf, PER_SECOND))


def unit_of(quantity: str, values: Iterable[float] = ()) -> Unit:
    """The unit of a column or an objective's quantity that fits the largest of the values, by how its name ends."""
    if quantity.endswith("_ratio") or quantity == "errorRate":
        return PERCENT
    if not quantity.endswith("_s"):
        return PLAIN
    rate = quantity.endswith("_per_s")
    known = [_rounded(value) for value in values if math.isfinite(value) and value != 0.0]
    if not known:
        return PER_SECOND if rate else MILLISECONDS
    return next(unit for below, unit in (RATES if rate else DURATIONS) if max(known) < below)


def unit_of_all(quantity: str, values: Sequence[float]) -> Unit:
    """The same, but times of which the least would be less than one of that fit the middle between the two.

    14 ms are not 0.01 s, however long the longest of a column is.
    """
    unit = unit_of(quantity, values)
    known = [abs(value) for value in values if math.isfinite(value) and value != 0.0]
    if unit not in LONG or min(known) * unit.factor >= 1.0 or quantity.endswith("_per_s"):
        return unit
    middle = unit_of(quantity, [math.sqrt(min(known) * max(known))])
    return middle if middle in LONG else MILLISECONDS


def _rounded(value: float) -> float:
    """As it will be shown: what is a millisecond but for its last bits is one."""
    return float(f"{abs(value):.{DIGITS - 1}e}")


def number(value: float, digits: int = DIGITS) -> str:
    """The digits that matter, in full, thousands apart: 12,345 and 0.25."""
    if not math.isfinite(value) or (value != 0.0 and not TINY <= abs(value) < HUGE):
        return _unusual(value)
    return _strip(fixed(value, _places(value, digits)))


def write(value: float, unit: Unit = PLAIN, half_width: float = math.nan) -> str:
    """A value in a unit, which the reader knows, with its half width unless that is rounding."""
    shown, wide = _exact(value * unit.factor, unit), abs(half_width * unit.factor)
    if not math.isfinite(shown):
        return _unusual(shown)
    if math.isnan(wide) or _is_dust(shown, wide, unit):
        places = _needed(shown, unit)
        return _strip(fixed(shown, places)) if shown == 0.0 or TINY <= abs(shown) < HUGE else _unusual(shown)
    if not TINY <= max(abs(shown), wide) < HUGE:
        return f"{_unusual(shown)} ± {_unusual(wide)}"
    places = _needed(shown, unit) if abs(shown) >= wide else _places(wide, DIGITS)
    if wide < 0.5 * 10.0**-places:
        places = _places(wide, 1)
    return f"{fixed(shown, places)} ± {fixed(wide, places)}"


def ends(low: float, high: float, unit: Unit = PLAIN) -> str:
    """Both ends of an interval to the same digit, so many that neither looks like none or all: 98.9700 to 99.9982.

    An end that would need many more than the interval's width does is told by what it is near: 99.31 to below 100.
    """
    both = [_exact(end * unit.factor, unit) for end in (low, high)]
    if not all(math.isfinite(end) and (end == 0.0 or TINY <= abs(end) < HUGE) for end in both):
        return f"{write(low, unit)} to {write(high, unit)}"
    near = [_places(end, WIDTH_DIGITS) for end in both]
    near += [_places(100.0 - end, REST_DIGITS) for end in both if unit == PERCENT and end < 100.0]
    wide = _places(both[1] - both[0], WIDTH_DIGITS)
    places = max([wide, *(place for place in near if place <= wide + MOST_MORE)])
    while places and all(round(end, places) == round(end, places - 1) for end in both):
        places -= 1
    return " to ".join(_end(end, places, unit) for end in both)


def _end(end: float, places: int, unit: Unit) -> str:
    if end != 0.0 and round(end, places) == 0.0:
        return "above 0" if end > 0.0 else "below 0"
    return "below 100" if unit == PERCENT and end < 100.0 == round(end, places) else fixed(end, places)


def is_lopsided(value: float, low: float, high: float) -> bool:
    """Whether an interval is longer on one side, so that give or take its half width would say something else."""
    return abs(high + low - 2.0 * value) > LOPSIDED * (high - low) > 0.0


def told(quantity: str, value: float, half_width: float = math.nan) -> str:
    """A value with the unit that fits it: 12.34 ± 0.56 ms, 99.5 %, 80/s."""
    unit = unit_of(quantity, (value or half_width,))
    return unit.after(write(value, unit, half_width))


def duration(seconds: float) -> str:
    """A time with the unit that fits it: 250 ms, 12 min."""
    return told("time_s", seconds)


def span(first_s: float, last_s: float) -> str:
    """From when to when, the end left out, in one unit unless the first is less than one of it: [15 s, 10 min)."""
    unit = unit_of("time_s", (first_s, last_s))
    first = duration(first_s) if 0.0 < first_s * unit.factor < 1.0 else unit.after(write(first_s, unit))
    return f"[{first}, {unit.after(write(last_s, unit))})"


def percent(share: float) -> str:
    """A share of one: 99.5 %."""
    return told("share_ratio", share)


def count(value: float, noun: str, many: str = "") -> str:
    """1 request, 2,000 requests, 2.5 cores."""
    return f"{number(value, 15)} {noun if value == 1 else many or f'{noun}s'}"


def column(values: Sequence[float], unit: Unit = PLAIN, half_widths: Sequence[float] | None = None) -> list[str]:
    """The cells of a column, all to the same digit: the largest has four that matter, or no more than all need.

    What is not 0 does not look like it: <0.01. Where a half width would look twice as wide as it is, or more, the cell
    has digits of its own: 14.79 ± 0.13 in a column of thousands is not 15 ± 1.
    """
    wide = [abs(half * unit.factor) for half in half_widths or [math.nan] * len(values)]
    wide = [half if math.isfinite(half) else math.nan for half in wide]  # an end that nobody knows is no number
    shown = [_exact(value * unit.factor, unit) for value in values]
    sizes = [abs(value) for value in shown if math.isfinite(value)]
    largest = max(sizes, default=0.0)
    if largest >= HUGE:
        return [write(value, unit) for value in values]
    known = [half for half in wide if math.isfinite(half)]
    # Where all values are nothing, their half widths say how much nothing that is.
    places = _places(largest, DIGITS) if largest >= TINY else _places(max(known, default=0.0), REST_DIGITS)
    bare = all(math.isnan(half) or _is_dust(value, half, unit) for value, half in zip(shown, wide, strict=True))
    while bare and places and all(round(value, places) == round(value, places - 1) for value in sizes):
        places -= 1
    return [_cell(value, half, places, unit) for value, half in zip(shown, wide, strict=True)]


def headed(words: str, quantity: str, values: Sequence[float], half_widths: Sequence[float] | None = None) -> list[str]:
    """A column in the unit that fits all its values, and above it its words with that unit."""
    unit = unit_of_all(quantity, values)
    return [titled(words, unit.name), *column(values, unit, half_widths)]


def titled(words: str, unit: str | None) -> str:
    """What numbers are, and in which unit or currency, if they have one."""
    return f"{words} ({unit})" if unit else words


def label(name: str, currency: str | None = None, unit: Unit | None = None) -> str:
    """A quantity as people read it, and the unit of its values: latency_p999_s is latency p99.9 (ms)."""
    words = in_full(name)
    if name.startswith("cost_"):
        return titled(words.replace("_", " "), currency)
    for ending in ("_per_s", "_ratio", "_s"):
        if words.endswith(ending):
            return f"{words.removesuffix(ending).replace('_', ' ')} ({(unit or unit_of(name)).name})"
    return words.replace("_", " ")


def in_full(name: str) -> str:
    """Percentiles as people write them: p999 is p99.9, and p9999 is p99.99."""
    return name.replace("p999", "p99.9")


def join(words: Sequence[str]) -> str:
    """One, two and three."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def fixed(value: float, places: int) -> str:
    """So many decimals, thousands apart; nothing has no sign."""
    text = f"{value:,.{places}f}"
    return text if any(digit in "123456789" for digit in text) else text.removeprefix("-")


def _cell(value: float, half_width: float, places: int, unit: Unit) -> str:
    if not math.isfinite(value):
        return _unusual(value)
    least = 10.0**-places
    if abs(value) >= 0.5 * least > half_width and not _is_dust(value, half_width, unit):
        return write(value / unit.factor, unit, half_width / unit.factor)
    text = fixed(value, places)
    if value != 0.0 and abs(value) < 0.5 * least:
        text = f"<{fixed(least, places)}" if value > 0.0 else fixed(0.0, places)
    if math.isnan(half_width) or _is_dust(value, half_width, unit):
        return text
    return f"{text} ± {fixed(max(half_width, least), places)}"


def _places(value: float, digits: int) -> int:
    """Decimals with which a number has so many digits that matter."""
    return 0 if value == 0.0 else max(0, digits - 1 - int(f"{value:.{digits - 1}e}".partition("e")[2]))


def _needed(shown: float, unit: Unit) -> int:
    """Decimals of a value; of a share as many as tell it from all."""
    places = _places(shown, DIGITS)
    rest = 100.0 - shown if unit == PERCENT and shown < 100.0 else 0.0
    return max(places, _places(rest, REST_DIGITS))


def _is_dust(shown: float, wide: float, unit: Unit) -> bool:
    """Whether a half width is nothing, or what rounding leaves."""
    rest = abs(100.0 - shown) if unit == PERCENT else 0.0
    size = min(abs(shown), rest) if rest > 0.0 else abs(shown)
    return wide < max(DUST * size, 1e-9)


def _exact(shown: float, unit: Unit) -> float:
    """All, where only rounding is missing."""
    return 100.0 if unit == PERCENT and math.isclose(shown, 100.0, rel_tol=1e-12) else shown


def _unusual(value: float) -> str:
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "infinite" if value > 0.0 else "-infinite"
    digits, _, exponent = f"{value:.{DIGITS - 1}e}".partition("e")
    return f"{_strip(digits)}e{int(exponent)}" if value != 0.0 else "0"


def _strip(text: str) -> str:
    """Without zeros that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text
