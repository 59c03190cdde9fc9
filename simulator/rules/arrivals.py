"""When requests arrive (rules 7.1 to 7.4): by inversion of the cumulative rate, never by thinning."""

from __future__ import annotations

import math

from ..machine_code.jit import rule
from .nanoseconds import nanoseconds, nearest
from .randomness import uniform


@rule("float64(uint64, uint64, uint64)")
def gap(key: int, number: int, stream: int) -> float:
    """The unit-mean exponential gap before the `number`-th arrival of a Poisson workload."""
    return -math.log(1.0 - uniform(key, number, stream, 0))


@rule("int64(float64, float64, float64, float64, float64)")
def ramp_time(ahead: float, start_s: float, duration_s: float, start_rate: float, end_rate: float) -> int:
    """When a linear ramp has brought `ahead` expected arrivals since its start: nanoseconds since 0."""
    if ahead <= 0.0:
        return nanoseconds(start_s)
    if start_rate == end_rate:
        # In nanoseconds from the first: whole ones are exact as floats, where tenths of seconds are not.
        return nearest(start_s * 1e9 + ahead * 1e9 / start_rate)
    slope = (end_rate - start_rate) / duration_s
    # The stable root of slope/2 t^2 + start_rate t = ahead: no difference of nearly equal numbers.
    root = math.sqrt(max(0.0, start_rate * start_rate + 2.0 * slope * ahead))
    return nanoseconds(start_s + 2.0 * ahead / (start_rate + root))
