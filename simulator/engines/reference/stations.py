"""The cores of one replica with their queue: first come first served, or processor sharing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

from ...rules.nanoseconds import NEVER, nanoseconds
from ...rules.stations import real_time, virtual_time
from .clock import Clock, Moment
from .meters import Level, Meter

Stretch = Callable[[float, int], float]
"""Seconds of work that so many seconds become if they begin at a time."""


class Job(Moment):
    """A piece of work on a core; the moment is its completion."""

    def __init__(self, meter: Meter, seconds: float, key: int, joined: int, stretch: Stretch | None) -> None:
        super().__init__()
        self.meter = meter
        self.seconds = seconds
        self.work = 0  # nanoseconds, from its beginning on
        self.stretch = stretch
        self.key = key
        self.joined = joined
        self.started = joined
        self.waiting = 0
        self.deadline = NEVER
        self.dropped = False  # its deadline had passed when its turn came
        self.end = 0  # first come first served: when it will be done
        self.frozen = 0  # when the cores last stood still under it

    def begin(self, now: int) -> None:
        """A core begins with it: faults may make it slower (rule 14.12), and it is rounded, once."""
        self.started = now
        self.work = nanoseconds(self.seconds if self.stretch is None else self.stretch(self.seconds, now))


class Station:
    """Cores that each serve one job to its end, in the order in which jobs joined (rule 8.2)."""

    def __init__(self, clock: Clock, cores: int) -> None:
        self.clock = clock
        self.cores = cores
        self.busy = 0
        self.queue: deque[Job] = deque()
        self.serving: dict[Job, None] = {}
        self.paused = False

    def join(self, meter: Meter, seconds: float, key: int, deadline: int, stretch: Stretch | None = None) -> Job:
        """Ask for so many seconds of one core before a deadline; wait for the job that is returned."""
        now = self.clock.now
        job = Job(meter, seconds, key, now, stretch)
        job.deadline = deadline
        job.callbacks.append(self._finish)  # before the owner's own (rule 3.4)
        if self.busy < self.cores and not self.paused:
            self._start(job, now)
        else:
            meter.waiting.change(now, 1)
            self.queue.append(job)
        return job

    def _start(self, job: Job, now: int) -> None:
        self.busy += 1
        job.begin(now)
        self.serving[job] = None
        job.meter.busy.change(now, 1)
        job.dropped = now >= job.deadline  # it gives the core on at this instant (rule 12.19)
        job.end = now if job.dropped else now + job.work
        self.clock.schedule_at(job.end, job.key, job)

    def _finish(self, job: Job) -> None:
        """The core goes to who waited longest, before the finished job's owner goes on."""
        now = self.clock.now
        self.busy -= 1
        del self.serving[job]
        job.meter.busy.change(now, -1)
        if self.queue:
            self._start_next(now)

    def _start_next(self, now: int) -> None:
        following = self.queue.popleft()
        following.meter.waiting.change(now, -1)
        following.waiting = now - following.joined
        self._start(following, now)

    def pause(self) -> None:
        """The cores stand still, and keep what is left of the work (rule 14.13)."""
        now = self.clock.now
        self.paused = True
        self.clock.withdraw(self.serving)
        for job in self.serving:
            job.frozen = now
            job.meter.busy.change(now, -1)
            job.meter.waiting.change(now, 1)

    def resume(self) -> None:
        """The cores go on, also with what came in the meantime."""
        now = self.clock.now
        self.paused = False
        for job in self.serving:
            job.meter.waiting.change(now, -1)
            job.meter.busy.change(now, 1)
            job.waiting += now - job.frozen
            job.end = now + (job.end - job.frozen)
            self.clock.schedule_at(job.end, job.key, job)
        while self.queue and self.busy < self.cores:
            self._start_next(now)

    def clear(self) -> None:
        """All jobs are gone."""
        now = self.clock.now
        for job in self.serving:
            (job.meter.waiting if self.paused else job.meter.busy).change(now, -1)
        for job in self.queue:
            job.meter.waiting.change(now, -1)
        self.serving.clear()
        self.queue.clear()
        self.busy, self.paused = 0, False

    def busy_area(self, meter: Meter, now: int) -> float:
        """Core time of one service that its own meter does not know of: none here."""
        return 0.0


class SharedStation:
    """Cores that all jobs share equally, none getting more than one (rule 8.4)."""

    def __init__(self, clock: Clock, cores: int) -> None:
        self.clock = clock
        self.cores = cores
        self.virtual = 0.0  # nanoseconds, not whole ones; from 0 again whenever nobody is there
        self.since = 0
        self.jobs: list[tuple[float, int, Job]] = []  # by the virtual time of their end
        self.present: dict[Meter, Level] = {}  # jobs of a service, integrated over virtual time: core time
        self.next = Moment()
        self.paused = False

    def join(self, meter: Meter, seconds: float, key: int, deadline: int, stretch: Stretch | None = None) -> Job:
        """Ask for so many seconds of one core; wait for the job that is returned."""
        now = self.clock.now
        job = Job(meter, seconds, key, now, stretch)
        job.begin(now)
        self._advance(now)
        heappush(self.jobs, (self.virtual + job.work, key, job))
        meter.sharing.change(now, 1)
        self.present.setdefault(meter, Level()).change(self.virtual, 1)
        self._await_next()
        return job

    def _finish(self, _event: Moment) -> None:
        now = self.clock.now
        self._advance(now)
        _, _, job = heappop(self.jobs)  # its end is now, whatever virtual time says
        job.meter.sharing.change(now, -1)
        self.present[job.meter].change(self.virtual, -1)
        job.waiting = max(0, (now - job.joined) - job.work)
        self._await_next()
        for callback in job.callbacks:
            callback(job)

    def _await_next(self) -> None:
        """Only the next end has an event; the one awaited before is let go."""
        self.next.callbacks = []
        if not self.jobs:
            self.virtual = 0.0
        elif not self.paused:
            due, key, _ = self.jobs[0]
            when = real_time(self.virtual, self.since, due, len(self.jobs), self.cores)
            self.next = self.clock.at(when, key)
            self.next.callbacks.append(self._finish)

    def _virtual(self, now: int) -> float:
        if not self.jobs or self.paused:
            return self.virtual
        return virtual_time(self.virtual, self.since, now, len(self.jobs), self.cores)

    def _advance(self, now: int) -> None:
        self.virtual, self.since = self._virtual(now), now

    def pause(self) -> None:
        """The cores stand still: virtual time does (rule 14.13)."""
        self._advance(self.clock.now)
        self.paused = True
        self._await_next()

    def resume(self) -> None:
        """The cores go on."""
        self._advance(self.clock.now)
        self.paused = False
        self._await_next()

    def clear(self) -> None:
        """All jobs are gone."""
        now = self.clock.now
        self._advance(now)
        for _, _, job in self.jobs:
            job.meter.sharing.change(now, -1)
            self.present[job.meter].change(self.virtual, -1)
        self.jobs.clear()
        self.paused = False
        self._await_next()

    def busy_area(self, meter: Meter, now: int) -> float:
        """Core time that jobs of one service have been given here; looking changes nothing."""
        level = self.present.get(meter)
        return 0.0 if level is None else level.at(self._virtual(now))
