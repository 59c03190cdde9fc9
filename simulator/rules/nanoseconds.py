"""Time in whole nanoseconds (rules 1.1 and 1.4): what was written in seconds, or drawn, is rounded once."""

from __future__ import annotations

import math

import numpy as np

from ..machine_code.jit import int64, rule
from ..plan.columns import Floats, Integers

SECOND = 1_000_000_000
NEVER = 2**61
"""A time as long as this, 73 years, does not end, and an instant as late does not come: sums of three still fit."""
BEYOND_S = 4e9
"""Seconds that are beyond it, and still fit."""


@rule("int64(float64)", inline=True)
def nearest(value: float) -> int:
    """The whole number of nanoseconds next to a number of them, half up."""
    if value >= NEVER:
        return NEVER
    whole = math.floor(value)  # exact, where value + 0.5 may be rounded itself
    return int64(whole) + int64(value - whole >= 0.5)


@rule("int64(float64)", inline=True)
def nanoseconds(seconds: float) -> int:
    """The whole number of nanoseconds next to a time in seconds, half up."""
    return nearest(seconds * 1e9)


def all_nanoseconds(seconds: Floats) -> Integers:
    """Whole nanoseconds of many times in seconds; infinity is NEVER."""
    values = np.minimum(np.asarray(seconds, np.float64), BEYOND_S) * 1e9
    whole = np.floor(values)
    return np.minimum(whole.astype(np.int64) + (values - whole >= 0.5), NEVER)


def seconds_of(nanoseconds: Integers | Floats | int) -> Floats:
    """Seconds, for tables: divided once."""
    return np.asarray(nanoseconds, np.float64) / 1e9
