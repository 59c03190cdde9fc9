"""Time, events and tasks: SimPy's environment with absolute times in whole nanoseconds, and the model's own order."""

from __future__ import annotations

from collections.abc import Callable, Container, Generator
from heapq import heapify, heappush
from typing import Any

import simpy

from ...errors import EngineError

TASK_BYTES, EVENT_BYTES = 2500, 500
"""What one of them takes with all that hangs on it, as measured."""
LOOK = 10_000
"""Events after which somebody looks at how much memory is taken."""

Steps = Generator["Moment", Any, Any]
"""A piece of somebody's life: it yields what it waits for."""


class Moment(simpy.Event):
    """One event to wait for; `callbacks` are called when its time comes."""

    _ok = True
    _value: Any = None

    def __init__(self) -> None:
        # SimPy's constructor makes an event that has yet to be triggered; ours are scheduled straight away.
        self.callbacks: list[Callable[[Any], None]] = []


class Task:
    """A generator that is resumed by the moments it yields.

    SimPy's Process also schedules an event of its own for its start and one for its end. Those would stand between
    the model's events; here a task starts at once and ends without notice.
    """

    __slots__ = ("_group", "_moment", "_steps")

    def __init__(self, steps: Steps, group: Group) -> None:
        self._steps = steps
        self._group = group
        self._moment: Moment | None = None
        group[self] = None

    def resume(self, _event: object = None) -> None:
        """Go on until the next wait, or the end."""
        try:
            moment = self._steps.send(None)
        except StopIteration:
            del self._group[self]
            return
        self._moment = moment
        moment.callbacks.append(self.resume)

    def end(self) -> None:
        """Do nothing any more: what it waits for is nobody's."""
        assert self._moment is not None
        self._moment.callbacks = []
        self.close()

    def close(self) -> None:
        """End here, from the outermost generator inwards."""
        self._steps.close()


Group = dict[Task, None]
"""Tasks that may be ended together, in the order of their beginnings."""


class Clock(simpy.Environment):
    """SimPy's heap of events, ordered by (time, key); see `plan/order.py` for the keys."""

    _now: int

    def __init__(self) -> None:
        super().__init__()
        self.events = 0
        # Who waits for an answer that was lost is referred to by nobody else: the garbage collector would close its
        # nested generators in any order, and complain of it.
        self._tasks: Group = {}
        self._groups: list[Group] = [self._tasks]

    @property
    def now(self) -> int:
        """Nanoseconds since the beginning: whole ones, as all times here."""
        return self._now

    def group(self) -> Group:
        """A new group of tasks."""
        group: Group = {}
        self._groups.append(group)
        return group

    def start(self, steps: Steps, group: Group | None = None) -> None:
        """Begin a task, now."""
        Task(steps, self._tasks if group is None else group).resume()

    def close(self) -> None:
        """End all tasks that still wait."""
        for group in self._groups:
            for task in group:
                task.close()
            group.clear()

    def withdraw(self, moments: Container[Moment]) -> None:
        """Let some moments not happen when they should have; they may be scheduled again."""
        self._queue[:] = [entry for entry in self._queue if entry[3] not in moments]
        heapify(self._queue)

    def schedule_at(self, time: int, key: int, moment: Moment) -> None:
        """Let `moment` happen at an absolute time (rule 1.3)."""
        heappush(self._queue, (time, key, next(self._eid), moment))  # type: ignore[misc]

    def at(self, time: int, key: int) -> Moment:
        """A new moment at an absolute time, to be yielded."""
        moment = Moment()
        heappush(self._queue, (time, key, next(self._eid), moment))  # type: ignore[misc]
        return moment

    def call_at(self, time: int, key: int, callback: Callable[[Any], None]) -> None:
        """Call `callback` with the event at an absolute time."""
        self.at(time, key).callbacks.append(callback)

    def size(self) -> int:
        """Bytes that tasks and events take, roughly."""
        return TASK_BYTES * sum(map(len, self._groups)) + EVENT_BYTES * len(self._queue)

    def run_before(self, end: int, look: Callable[[], None] | None = None) -> None:
        """Let everything happen that is due before `end`; `look` is called now and then, and what it raises ends it.

        Raises
        ------
        EngineError
            If two events have one time and one key: their order would be an accident.
        """
        queue, step = self._queue, self.step
        last_time, last_key = -1, -1
        events = 0
        while queue:
            time, key, _, event = queue[0]
            if time >= end:
                break
            # A moment that nobody waits for any more (a stale completion, an answer too late) decides nothing.
            if event.callbacks:
                if time == last_time and key == last_key:
                    raise EngineError(f"two events at {time / 1e9!r} s have the same key {key:#x}: please report this")
                last_time, last_key = int(time), int(key)
                events += 1
                if look is not None and not events % LOOK:
                    look()
            step()
        self.events += events
