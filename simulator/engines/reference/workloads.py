"""Workloads as the engine sees them: times to come, or users who think."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.layout import Shape
from ...plan.order import base_key
from ...plan.plan import Plan
from ...rules.arrivals import gap, ramp_time
from ...rules.nanoseconds import all_nanoseconds
from ...rules.randomness import uniform
from .draws import Draw


class Workload:
    """One source of requests. `users` is None for an open one."""

    def __init__(self, plan: Plan, row: int, draws: list[Draw], key: int) -> None:
        w = plan.workloads
        self.row = row
        self.name = w.name[row]
        self.shape = Shape(int(w.shape[row]))
        self.stream = int(w.stream[row])
        self.users = int(w.users[row]) if self.shape is Shape.USERS else None
        self.think = draws[int(w.think[row])] if self.shape is Shape.USERS else draws[0]
        self.think_stream = int(w.think_stream[row])
        self._arrival_stream = int(w.arrival_stream[row])
        self._entry_stream = int(w.entry_stream[row])
        self._key = key
        entries = slice(int(w.first_entry[row]), int(w.first_entry[row] + w.entries[row]))
        self._first_entry = entries.start
        self._weights = w.entry_weight[entries].tolist()
        ramps = slice(int(w.first_ramp[row]), int(w.first_ramp[row] + w.ramps[row]))
        self._ramps = [
            column[ramps].tolist() for column in (w.ramp_start_s, w.ramp_duration_s, w.ramp_start_rate, w.ramp_end_rate)
        ]
        self._before, self._after = w.ramp_before[ramps].tolist(), w.ramp_after[ramps].tolist()
        self._times = w.time_s[int(w.first_time[row]) : int(w.first_time[row] + w.times[row])]

    def key(self, number: int, address: int) -> int:
        """The base key of a request's arrival."""
        return base_key(self.row, number, address)

    def entry(self, address: int) -> int:
        """Which entry a request takes, by weight."""
        if len(self._weights) == 1:
            return self._first_entry
        u = uniform(self._key, address, self._entry_stream, 0)
        position = next(i for i, weight in enumerate(self._weights) if u < weight)
        return self._first_entry + position

    def times(self) -> Iterator[int]:
        """Absolute arrival times of an open workload in nanoseconds, ascending."""
        if self.shape is Shape.REPLAY:
            return iter(all_nanoseconds(self._times).tolist())
        return self._ramp_times()

    def _ramp_times(self) -> Iterator[int]:
        """The times at which the cumulative rate reaches the arrivals' places (rules 7.2 and 7.3)."""
        starts, durations, start_rates, end_rates = self._ramps
        ahead, number, ramp, time = 0.0, 0, 0, 0
        while starts:  # stages of no length leave no ramp, and nothing arrives
            if self.shape is Shape.POISSON:
                ahead += gap(self._key, number, self._arrival_stream)
            else:
                ahead = float(number)
            while ahead >= self._after[ramp]:
                ramp += 1
                if ramp >= len(starts):
                    return
            within = ahead - self._before[ramp]
            time = max(time, ramp_time(within, starts[ramp], durations[ramp], start_rates[ramp], end_rates[ramp]))
            yield time
            number += 1


def make_workloads(plan: Plan, draws: list[Draw], key: int) -> list[Workload]:
    """All workloads of a plan."""
    return [Workload(plan, row, draws, key) for row in range(len(plan.workloads.name))]
