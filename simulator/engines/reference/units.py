"""Replicas with their slots, and the balancer of a unit: how a replica is chosen."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from ...plan.layout import UNLIMITED, Balancer, Discipline, Scheduling
from ...plan.order import EventKind, kind_key
from ...plan.plan import Units
from ...rules.balancing import make_ring, pick, ring_start, skip_chosen, skip_first
from ...rules.randomness import uniform
from .clock import Clock, Moment
from .meters import Meter
from .station import SharedStation, Station

GRANT = kind_key(EventKind.GRANT)


class Replica:
    """One copy of a unit: a station of cores, and slots for the requests in progress."""

    def __init__(self, clock: Clock, number: int, unit: Unit) -> None:
        self.clock = clock
        self.number = number
        self.station = SharedStation(clock, unit.cores) if unit.shared else Station(clock, unit.cores)
        self.concurrency = unit.concurrency
        self.queue_capacity = unit.queue_capacity
        self.lifo = unit.lifo
        self.in_progress = 0
        self.unanswered = 0
        self.queue: deque[tuple[Moment, int, Meter]] = deque()

    def has_slot(self) -> bool:
        """Whether a request that arrives now gets a slot at once."""
        return self.concurrency == UNLIMITED or self.in_progress < self.concurrency

    def has_place(self) -> bool:
        """Whether a request that arrives now may wait for a slot; else it is rejected."""
        return self.queue_capacity == UNLIMITED or len(self.queue) < self.queue_capacity

    def wait_for_slot(self, key: int, meter: Meter) -> Moment:
        """Join the queue; wait for the moment that is returned, and the slot is yours."""
        granted = Moment()
        meter.waiting.change(self.clock.now, 1)
        self.queue.append((granted, key, meter))
        return granted

    def release_slot(self) -> None:
        """Hand the slot on: to the first in the queue (FIFO) or the last (LIFO), if there is one."""
        if not self.queue:
            self.in_progress -= 1
            return
        granted, key, meter = self.queue.pop() if self.lifo else self.queue.popleft()
        now = self.clock.now
        meter.waiting.change(now, -1)
        self.clock.schedule_at(now, key + GRANT, granted)


class Unit:
    """One deployable: its replicas, and the one balancer that all its callers share (rules 9.1 to 9.6)."""

    def __init__(self, clock: Clock, units: Units, row: int, key: int) -> None:
        self.cores = int(units.cores[row])
        self.shared = units.scheduling[row] == Scheduling.PS
        self.concurrency = int(units.concurrency[row])
        self.queue_capacity = int(units.queue_capacity[row])
        self.lifo = units.discipline[row] == Discipline.LIFO
        self.choice_count = int(units.choice_count[row])
        self.replicas = [Replica(clock, number, self) for number in range(int(units.replicas[row]))]
        self.ready = list(self.replicas)
        self.key = key
        self.cursor = 0
        self.ring: Any = None
        balancer = Balancer(int(units.balancer[row]))
        if balancer is Balancer.CONSISTENT_HASH and self.replicas:
            self.ring = make_ring(int(units.ring_stream[row]), len(self.replicas))
        self._choose = {
            Balancer.LEAST_REQUEST: self._least_request,
            Balancer.ROUND_ROBIN: self._round_robin,
            Balancer.RANDOM: self._random,
            Balancer.CONSISTENT_HASH: self._consistent_hash,
        }[balancer]

    def choose(self, address: int, stream: int, hash_key: int) -> Replica | None:
        """The replica for one attempt; None if none is ready."""
        if not self.ready:
            return None
        return self._choose(address, stream, hash_key)

    def _least_request(self, address: int, stream: int, hash_key: int) -> Replica:
        """The one with the fewest sent and unanswered of some drawn at random; ties to the first drawn."""
        ready = self.ready
        count = len(ready)
        if count == 1:
            return ready[0]
        if self.choice_count == 2:
            first = pick(uniform(self.key, address, stream, 0), count)
            second = skip_first(pick(uniform(self.key, address, stream, 1), count - 1), first)
            return ready[second] if ready[second].unanswered < ready[first].unanswered else ready[first]
        if self.choice_count == UNLIMITED:
            fewest = min(replica.unanswered for replica in ready)
            candidates = [replica for replica in ready if replica.unanswered == fewest]
            if len(candidates) == 1:
                return candidates[0]
            return candidates[pick(uniform(self.key, address, stream, 0), len(candidates))]
        return self._least_of_some(address, stream)

    def _least_of_some(self, address: int, stream: int) -> Replica:
        chosen = np.zeros(min(self.choice_count, len(self.ready)), np.int64)
        best: Replica | None = None
        for k in range(len(chosen)):
            position = pick(uniform(self.key, address, stream, k), len(self.ready) - k)
            position = int(skip_chosen(position, chosen, k))
            drawn = self.ready[position]
            if best is None or drawn.unanswered < best.unanswered:
                best = drawn
            chosen[k] = position
            chosen[: k + 1].sort()
        assert best is not None
        return best

    def _round_robin(self, address: int, stream: int, hash_key: int) -> Replica:
        """One cursor over the replicas' numbers, from 0."""
        replica = self.ready[self.cursor % len(self.ready)]
        self.cursor = (self.cursor + 1) % len(self.ready)
        return replica

    def _random(self, address: int, stream: int, hash_key: int) -> Replica:
        return self.ready[pick(uniform(self.key, address, stream, 0), len(self.ready))]

    def _consistent_hash(self, address: int, stream: int, hash_key: int) -> Replica:
        """The first ready replica on the ring from the place of the request's user on."""
        places, replicas = self.ring
        return self.replicas[int(replicas[int(ring_start(places, hash_key))])]
