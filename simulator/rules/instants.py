"""Instants that are the same but for rounding (rule 1.4)."""

from __future__ import annotations

from .jit import rule

SPREAD = 2.0**-48
"""Of its size, an instant may be off by so much: sixteen times the last bit, for as many sums of times."""


@rule("float64(float64)")
def latest(instant: float) -> float:
    """As late as an instant can come out that is meant to be this one, in seconds."""
    return instant + instant * SPREAD
