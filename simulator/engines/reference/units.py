"""Replicas, and the balancer of a unit."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from ...plan.layout import Discipline, Scheduling
from ...plan.plan import Plan
from ...rules.balancers import NOT_READY, choose, count_unanswered, exclude, include, make_board
from ...rules.outliers import judge, make_detector, sweep
from .clock import Clock, Moment
from .meters import Level, Meter
from .policies import States
from .slots import Slots
from .stations import SharedStation, Station


class Replica:
    """One copy of a unit: a station of cores, and slots for the requests in progress."""

    def __init__(self, clock: Clock, number: int, unit: Unit) -> None:
        self.clock = clock
        self.number = number
        self.station = SharedStation(clock, unit.cores) if unit.shared else Station(clock, unit.cores)
        self.slots = Slots(clock, unit.concurrency, unit.queue_capacity, lifo=unit.lifo)
        # What is lost when it dies (rule 14.4).
        self.tasks = clock.group()
        self.visits: dict[Any, None] = {}  # exchanges from other processes, queued or in progress
        self.made: dict[Any, None] = {}  # exchanges of attempts made here, and not ended for it
        self.sleepers: list[tuple[Moment, int, Meter]] = []  # who would wake, but for a pause
        self.ready = True
        self.causes = 0  # that hold it down
        self.deaths = 0
        self.starts = 0
        self.chosen = 0  # attempts that it was given
        self.pauses = 0

    def stand_still(self, meter: Meter, key: int) -> Generator[Moment, Any, int]:
        """Sleep on to the end of a pause; gives for how long."""
        since = self.clock.now
        while self.pauses > 0:
            moment = Moment()
            meter.waiting.change(self.clock.now, 1)
            self.sleepers.append((moment, key, meter))
            yield moment
        return self.clock.now - since

    def pause(self) -> None:
        """One more pause begins (rule 14.13)."""
        self.pauses += 1
        if self.pauses == 1:
            self.station.pause()

    def resume(self) -> None:
        """A pause ends; with the last one, sleeps that should have ended do."""
        self.pauses -= 1
        if self.pauses == 0:
            self.station.resume()
            now = self.clock.now
            for moment, key, meter in self.sleepers:
                meter.waiting.change(now, -1)
                self.clock.schedule_at(now, key, moment)
            self.sleepers.clear()

    def clear(self) -> None:
        """Everything in it is lost: tasks, queues, pauses (rule 14.4)."""
        now = self.clock.now
        for task in self.tasks:
            task.end()
        self.tasks.clear()
        self.station.clear()
        self.slots.clear()
        for _, _, meter in self.sleepers:
            meter.waiting.change(now, -1)
        self.sleepers.clear()
        self.pauses = 0


class Unit:
    """One deployable: its replicas, and the one balancer that all its callers share (rule 9.1)."""

    def __init__(self, clock: Clock, plan: Plan, row: int, key: int) -> None:
        units = plan.units
        self.clock = clock
        self.cores = int(units.cores[row])
        self.shared = units.scheduling[row] == Scheduling.PS
        self.concurrency = int(units.concurrency[row])
        self.queue_capacity = int(units.queue_capacity[row])
        self.lifo = units.discipline[row] == Discipline.LIFO
        self.replicas = [Replica(clock, number, self) for number in range(int(units.replicas[row]))]
        self.ready = Level()  # replicas
        self.ready.value = len(self.replicas)
        self.states: list[States[Any]] = []  # of policies, by replica
        self._balancer = int(units.balancer[row])
        self._choices = int(units.choice_count[row])
        self._key = key
        self._board = make_board(self._balancer, self._choices, len(self.replicas), int(units.ring_stream[row]))
        self._detector = self._board.size
        d = plan.detectors
        self._is_watched = row in d.unit
        if self._is_watched:
            watch = d.unit.tolist().index(row)
            board = make_detector(
                errors=int(d.errors[watch]),
                interval_s=float(d.interval_s[watch]),
                base_s=float(d.base_s[watch]),
                percent=float(d.percent[watch]),
                replicas=len(self.replicas),
            )
            self._board = np.concatenate([self._board, board])
        self._floats = self._board.view(np.float64)

    def choose(self, address: int, stream: int, hash_key: int) -> Replica | None:
        """The replica for one attempt, by the rule of `rules/balancers.py`; None if none is ready."""
        if self._is_watched:
            sweep(self._board, self._floats, self._detector, 0, self.clock.now)
        number = choose(self._balancer, self._choices, self._board, 0, hash_key, self._key, address, stream)
        return self.replicas[number] if number >= 0 else None

    def judge(self, replica: Replica, outcome: int) -> None:
        """A try at a replica has ended now, for its caller (rule 12.29)."""
        if self._is_watched:
            judge(self._board, self._floats, self._detector, 0, self.clock.now, replica.number, outcome)

    def know(self, replica: Replica, *, ready: bool) -> None:
        """The balancer learns that a replica is ready, or that it is not."""
        (include if ready else exclude)(self._board, 0, replica.number, NOT_READY)

    def count_unanswered(self, replica: Replica, change: int) -> None:
        """One more call was sent to a replica, or one less is unanswered (rule 5.7)."""
        count_unanswered(self._board, 0, replica.number, change)
