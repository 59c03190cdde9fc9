"""Exact integrals of levels, and counts, of one service."""

from __future__ import annotations


class Level:
    """A number over time and its integral: area += value x (now - since) at each change (rule 11.2).

    The area is a float of nanoseconds: it may be more than a word holds.
    """

    __slots__ = ("area", "since", "value")

    def __init__(self) -> None:
        self.area = 0.0
        self.since: float = 0  # a fraction only of virtual time
        self.value = 0

    def change(self, now: float, by: int) -> None:
        """From now on the level is higher by `by`."""
        self.area += self.value * float(now - self.since)
        self.since = now
        self.value += by

    def at(self, now: float) -> float:
        """The integral up to now; looking changes nothing, so that more looks give the same bits."""
        return self.area + self.value * float(now - self.since)


class Meter:
    """What is measured of one service, over all replicas of its unit."""

    __slots__ = ("begun", "busy", "ended", "failed", "sharing", "waiting")

    def __init__(self) -> None:
        self.busy = Level()  # cores, first come first served
        self.waiting = Level()  # requests, for a slot or a core
        self.sharing = Level()  # jobs on shared cores
        self.begun = 0
        self.ended = 0
        self.failed = 0
