"""The slots of a replica, and who waits for one (rules 5.8 and 5.9)."""

from __future__ import annotations

from collections import deque

from ...plan.layout import UNLIMITED
from ...plan.order import EventKind, kind_key
from .clock import Clock, Moment
from .meters import Meter

GRANT = kind_key(EventKind.GRANT)


class Slots:
    """Places for the requests in progress, and a queue of those that wait for one."""

    __slots__ = ("capacity", "clock", "concurrency", "lifo", "queue", "taken")

    def __init__(self, clock: Clock, concurrency: int, capacity: int, *, lifo: bool) -> None:
        self.clock = clock
        self.concurrency = concurrency
        self.capacity = capacity  # of the queue
        self.lifo = lifo
        self.taken = 0
        self.queue: deque[tuple[Moment, int, Meter]] = deque()

    def is_free(self) -> bool:
        """Whether a request that arrives now gets a slot at once."""
        return self.concurrency == UNLIMITED or self.taken < self.concurrency

    def has_place(self) -> bool:
        """Whether a request that arrives now may wait for a slot; else it is rejected."""
        return self.capacity == UNLIMITED or len(self.queue) < self.capacity

    def take(self) -> None:
        """Take a free slot."""
        self.taken += 1

    def wait(self, key: int, meter: Meter) -> Moment:
        """Join the queue; wait for the moment that is returned, and the slot is yours."""
        granted = Moment()
        meter.waiting.change(self.clock.now, 1)
        self.queue.append((granted, key, meter))
        return granted

    def release(self) -> None:
        """Hand a slot on: to the first in the queue (FIFO) or the last (LIFO), if there is one."""
        if not self.queue:
            self.taken -= 1
            return
        granted, key, meter = self.queue.pop() if self.lifo else self.queue.popleft()
        now = self.clock.now
        meter.waiting.change(now, -1)
        self.clock.schedule_at(now, key + GRANT, granted)

    def clear(self) -> None:
        """Nobody has a slot or waits for one."""
        for _, _, meter in self.queue:
            meter.waiting.change(self.clock.now, -1)
        self.queue.clear()
        self.taken = 0
