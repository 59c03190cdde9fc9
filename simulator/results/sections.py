"""How sure a pooled number is: intervals of means, percentiles and shares from replications and their sections.

All of them are of the pooled number: what all replications say together. A mean of the replications' own percentiles
is too low in a busy queue, the more so the higher the percentile, and more replications do not help.

Requests of one queue are not independent: those that wait long wait together. So what counts is how much the
*shares* differ, of requests beyond the value, between replications and between the sections of one (`spread`). Divided
by what independent requests would show, it is the design effect: how many requests say as much as one independent one.

- A share has the exact binomial interval of its effective number (Korn and Graubard 1998).
- A percentile has the values at the two ends of the interval of its share (Woodruff 1952).
- A mean has Student's interval on the scale of logarithms.

The upper side of the latter two is wider by twice its own length on that scale (`stretch`): where a queue is seen to be
short, its spread is seen to be small as well, so that an even interval is missed from below more often. No percentile
is said to be above all values that were seen.
`benchmarks/coverage.py` measures how often all of these hold the truth.

Sources: Asmussen, Glynn, Stochastic Simulation (2007), III.5 and IV.1 (sectioning); Korn, Graubard, Confidence
intervals for proportions with small expected number of positive counts estimated from survey data, Survey Methodology
24 (1998); Woodruff, Confidence intervals for medians and other position measures, JASA 47 (1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from ..plan.columns import Floats
from .statistics import check_confidence, student_factor

SECTIONS: Final = 5
"""Of each replication: long beside the memory of a queue, and enough to know their spread."""
FEW: Final = 5
"""Replications below which only what differs between them counts: sections may be as long as the memory."""
ENOUGH: Final = 14.0
"""Independent requests beyond a percentile that it needs for an interval of its own."""
OWN: Final = 2.0
"""The same, by the spread of the requests beyond itself."""
MANY: Final = 10
"""Requests beyond it in each replication, from which on a spread below that of chance is believed."""
EVEN: Final = 0.25
"""The least design effect that is believed."""
TAIL: Final = 0.9
"""A percentile that tells more surely than those above it how requests hang together."""
PLENTY: Final = 250.0
"""Independent requests beyond a percentile, up to which half of what `TAIL` tells goes into its spread; then less.

Chosen by `benchmarks/coverage.py`: of M/M/1 at 0.5 there are some 250 beyond p99, of the checkout a thousand.
"""
STRICT: Final = 0.25
"""Share of the doubt that is allowed where a percentile has no interval of its own, and only a bound is asked for."""

MOST: Final = 100.0
"""Exponent that is left a number."""
ROUNDING: Final = 1e-13
"""Relative spread of a mean that adding up alone makes."""
KNOWN: Final = 0.5
"""Half the length of an interval of logarithms above which a mean is not known at all."""


@dataclass(frozen=True)
class Interval:
    """A pooled value and its interval; NaN where there is none, infinity for an upper end that was not seen.

    `effective` is the number of independent requests beyond a percentile; below `ENOUGH` the data do not carry an
    interval of the value, and low and high are bounds of a higher confidence, to judge an objective by.
    """

    value: float
    low: float
    high: float
    effective: float = np.inf
    carried: bool = True


NOTHING: Final = Interval(np.nan, np.nan, np.nan)


def stretch(length: float) -> float:
    """The upper side of an interval on the scale of logarithms, from that of an even one."""
    return length * (1.0 + 2.0 * length)


@lru_cache(maxsize=256)
def normal_factor(confidence: float) -> float:
    """The two-sided critical value of the normal law."""
    from scipy.special import ndtri

    return float(ndtri((1.0 + confidence) / 2.0))


def exact_bounds(share: float, number: float, confidence: float) -> tuple[float, float]:
    """The binomial interval of Clopper and Pearson for a share of so many, which need not be a whole number."""
    from scipy.special import betaincinv

    part, tail = share * number, (1.0 - confidence) / 2.0
    low = float(betaincinv(part, number - part + 1.0, tail)) if part > 0.0 else 0.0
    high = float(betaincinv(part + 1.0, number - part, 1.0 - tail)) if part < number else 1.0
    return low, high


def spread(parts: Floats, numbers: Floats) -> tuple[float, float, int]:
    """The variance of sum(parts) / sum(numbers), by section only and in all, and its degrees of freedom.

    One row a replication, one column a section. Sections at one place of their replications are alike in law, whatever
    a load does in the meantime; neighbours may hang together. Both estimates are of one thing: the first is steadier,
    the second also sees what lasts longer than a section. Where there are few replications it is the only one.
    """
    replications, sections = parts.shape
    rest = parts - parts.sum() / numbers.sum() * numbers
    rest = rest - rest.mean(axis=0)
    scale = replications / (replications - 1) / numbers.sum() ** 2
    between = float((rest.sum(axis=1) ** 2).sum()) * scale
    near = float((rest**2).sum() + 2.0 * max(float((rest[:, 1:] * rest[:, :-1]).sum()), 0.0)) * scale
    if replications < FEW or sections == 1:
        return near, between, replications - 1
    return near, (near + between) / 2.0, 2 * (replications - 1)


def effective_number(number: float, effect: float, degrees: int, confidence: float) -> float:
    """Of independent ones, fewer by what the effect itself is uncertain."""
    return number / effect * (normal_factor(confidence) / student_factor(degrees, confidence)) ** 2


def share_interval(parts: Floats, numbers: Floats, confidence: float) -> Interval:
    """Of sum(parts) / sum(numbers), counts by replication (and section): exact also where there are few, or none."""
    check_confidence(confidence)
    parts, numbers = (np.asarray(one, np.float64).reshape(len(one), -1) for one in (parts, numbers))
    number, part = float(numbers.sum()), float(parts.sum())
    if number == 0.0:
        return NOTHING
    share = part / number
    if len(numbers) < 2:
        return Interval(share, np.nan, np.nan)
    if not 0.0 < part < number:
        return Interval(share, *exact_bounds(share, number, confidence))
    _, variance, degrees = spread(parts, numbers)
    effect = _believed(variance * number / (share * (1.0 - share)), min(part, number - part), len(numbers))
    effective = effective_number(number, effect, degrees, confidence)
    return Interval(share, *exact_bounds(share, effective, confidence), effective * min(share, 1.0 - share))


def _believed(effect: float, part: float, replications: int) -> float:
    return max(effect, EVEN if part >= MANY * replications else 1.0)


@dataclass(frozen=True, eq=False)
class Sections:
    """The values of each replication in the order of time."""

    each: tuple[Floats, ...]

    @cached_property
    def ordered(self) -> Floats:
        """All of them, ascending."""
        return np.sort(np.concatenate(self.each))

    def at(self, probability: float) -> float:
        """NumPy's linear quantile, to the bit, without a look at all values."""
        place = probability * (self.ordered.size - 1)
        below = min(int(place), self.ordered.size - 1)
        low, high = self.ordered[below], self.ordered[min(below + 1, self.ordered.size - 1)]
        part, length = place - below, high - low
        return float(low + length * part if part < 0.5 else high - length * (1.0 - part))

    @cached_property
    def chunks(self) -> list[list[Floats]]:
        """One row a replication, one column a section."""
        return [np.array_split(values, SECTIONS) for values in self.each]

    @cached_property
    def numbers(self) -> Floats:
        """How many values each section has."""
        return np.array([[chunk.size for chunk in row] for row in self.chunks], np.float64)

    def effects(self, value: float) -> tuple[float, float, int]:
        """The design effect of the share above a value, by section and in all, and its degrees of freedom."""
        above = np.array([[np.count_nonzero(chunk > value) for chunk in row] for row in self.chunks], np.float64)
        number, part = float(self.numbers.sum()), float(above.sum())
        if not 0.0 < part < number:
            return 1.0, 1.0, max(1, len(self.each) - 1)
        near, variance, degrees = spread(above, self.numbers)
        scale = number**2 / part / (1.0 - part / number)
        rare = min(part, number - part)
        return _believed(near * scale, rare, len(self.each)), _believed(variance * scale, rare, len(self.each)), degrees

    @cached_property
    def middle(self) -> tuple[float, float, int]:
        """The design effects at the median, which says most of how long a queue remembers."""
        return self.effects(self.at(0.5))

    @cached_property
    def tail(self) -> tuple[float, float, int]:
        """The design effects at p90."""
        return self.effects(self.at(TAIL))

    @property
    def memory(self) -> float:
        """How many requests say as much as an independent one: a mean of steady design effects, whatever percentile."""
        return float(np.sqrt(self.middle[0] * self.tail[0]))

    @cached_property
    def _found(self) -> dict[tuple[float, float], Interval]:
        return {}

    def percentile(self, probability: float, confidence: float) -> Interval:
        """A percentile of all values together; the maximum has no interval, and nor has a single replication."""
        key = (probability, check_confidence(confidence))
        if key not in self._found:
            self._found[key] = self._percentile(probability, confidence)
        return self._found[key]

    def _percentile(self, probability: float, confidence: float) -> Interval:
        number = float(self.ordered.size)
        if number == 0.0:
            return NOTHING
        value = self.at(probability)
        if len(self.each) < 2 or not 0.0 < probability < 1.0:
            return Interval(value, np.nan, np.nan, carried=False)
        if self.ordered[0] == self.ordered[-1]:
            return Interval(value, value, value)
        _, own, degrees = self.effects(value)
        rare = min(probability, 1.0 - probability)
        independent = number * rare / self.memory
        # A high percentile and its own spread are seen too low together, the more so the fewer requests lie beyond it.
        borrowed = min(1.0, PLENTY / independent) / 2.0 if probability > TAIL else 0.0
        mixed = own + borrowed * max(0.0, self.tail[1] - own)
        effective = effective_number(number, mixed, degrees, confidence)
        if independent >= ENOUGH and effective * rare >= OWN:
            low, high = self._values(1.0 - probability, effective, confidence)
            if np.isfinite(high):
                # where values jump, the longer side would be beyond all that was seen
                return Interval(value, low, min(_stretched(value, high), float(self.ordered[-1])), independent)
        level = 1.0 - (1.0 - confidence) * STRICT
        most = max(own, *self.tail[:2], *self.middle[:2])
        low, high = self._values(1.0 - probability, effective_number(number, most, degrees, level), level)
        return Interval(value, low, _stretched(value, high), min(independent, effective * rare / OWN * ENOUGH), False)

    def _values(self, share: float, effective: float, confidence: float) -> tuple[float, float]:
        """The values between which a share lies above."""
        least, most = exact_bounds(share, effective, confidence)
        low, high = self.at(1.0 - most), self.at(1.0 - least)
        return low, high if least * self.ordered.size >= 1.0 else np.inf

    def mean(self, confidence: float) -> Interval:
        """The mean of all values together, which are not negative."""
        sums = np.array([[chunk.sum() for chunk in row] for row in self.chunks], np.float64)
        return mean_interval(sums, self.numbers, confidence)


def _stretched(value: float, high: float) -> float:
    if not (np.isfinite(high) and 0.0 < value < high):
        return high
    return float(value * np.exp(min(stretch(float(np.log(high / value))), MOST)))


def mean_interval(sums: Floats, numbers: Floats, confidence: float) -> Interval:
    """Of sum(sums) / sum(numbers), by replication (and section), of values that are not negative."""
    check_confidence(confidence)
    number = float(numbers.sum())
    if number == 0.0:
        return NOTHING
    # In nanoseconds, which are whole: a mean of equal times is that time, also beside a limit.
    value = float(np.rint(sums.sum() * 1e9)) / number / 1e9
    seen = numbers.sum(axis=1) > 0.0
    if np.count_nonzero(seen) < 2 or not np.isfinite(value):
        return Interval(value, np.nan, np.nan, carried=False)
    _, variance, degrees = spread(sums[seen], numbers[seen])
    if value <= 0.0 or np.sqrt(variance) < ROUNDING * value:
        return Interval(value, value, value)
    length = student_factor(degrees, confidence) * np.sqrt(variance) / value
    if length > KNOWN:
        return Interval(value, float(value * np.exp(-min(length, MOST))), np.inf, carried=False)
    return Interval(value, float(value * np.exp(-length)), float(value * np.exp(stretch(length))))


def sections_of(each: Sequence[Floats]) -> Sections:
    """Of replications, those without a value left out."""
    return Sections(tuple(values for values in each if values.size) or (np.zeros(0),))
