"""What a command is doing, said on the standard error: a bar in a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import argparse
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeVar

from ..doing import watched
from ..words import number

Progress = Callable[[float, int], None]
Made = TypeVar("Made")

EVERY_S, LATER_EVERY_S, AT_FIRST_S = 2.0, 3.5, 20.0
"""Between two lines, at first and after so long: less than five on a busy machine too."""
SOON_S = 120.0
"""After which it is no longer said how long something takes at most."""
FIRST_S, LATER_S = 0.5, 1.5
"""Before the first one, if no work has begun; a mistake in the file is found before, and is then all that is said."""
SURE, MANY, SURE_S = 0.1, 30, 1.0
"""Share of the work, or so much of it, and seconds of it, from which on it tells how long the rest takes."""
PARALLEL = 2
"""The same where only whole ones are heard of: several go on at once, and the first says little of the others."""
GROWS = 0.25
"""Share of what is left by which the end may come later than was said last: beyond, nothing is known of it."""
QUICK = ("check", "completion", "examples", "explain", "init", "schema")
"""Commands that count no work, and seldom take long."""

_now: list[Teller] = []
"""Who tells what goes on now; nobody in a terminal, which has a bar, and nobody who is to be quiet."""
_quiet: list[bool] = []


class Teller:
    """Says what is going on: when work begins, or soon, then every few seconds, and when something else begins.

    A thread of its own says it, so that it is heard too while libraries are loaded and machine code is made.
    """

    def __init__(self, title: str, stream: TextIO, *, first_s: float = FIRST_S, every_s: float = EVERY_S) -> None:
        self._title, self._stream, self._first_s, self._every_s = title, stream, first_s, every_s
        self._began = time.monotonic()
        self._stage, self._stage_began = "", 0.0
        self._work: Work | None = None
        self._over, self._starting, self._started = threading.Event(), threading.Lock(), False
        self._thread = threading.Thread(target=self._tell, name="telling", daemon=True)

    def __enter__(self) -> Teller:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def stage(self, what: str) -> None:
        """Something begins that no progress counts; nothing: it is over."""
        now = time.monotonic()
        if self._work is not None and self._stage:
            self._work.leave_out(now - self._stage_began)
        self._stage, self._stage_began = what, now
        if what:
            self._say(f"{self._title}: {what}")

    @contextmanager
    def work(self, what: str) -> Iterator[Progress]:
        """Hear what is done of it."""
        self._work = Work(what)
        self._start()
        try:
            yield self._work.progress
        finally:
            self._work = None

    def line(self) -> str:
        """What is done, of how much, since when, and how long the rest takes."""
        now = time.monotonic()
        if self._stage:
            took = now - self._stage_began
            stage = self._stage if took < SOON_S else self._stage.partition(" (")[0]
            return f"{self._title}: {stage}, {spell(took)} so far"
        parts = [] if self._work is None else [*self._work.told(now)]
        return f"{self._title}: {', '.join([*parts, f'{spell(now - self._began)} since the start'])}"

    def _tell(self) -> None:
        if not self._over.wait(self._first_s):
            self._start()
        while not self._over.wait(self._pause()):
            self._say(self.line())

    def _pause(self) -> float:
        """Until the next line: whoever still waits after a while looks less often."""
        return self._every_s if time.monotonic() - self._began < AT_FIRST_S else max(self._every_s, LATER_EVERY_S)

    def _start(self) -> None:
        with self._starting:
            if not self._started:
                self._say(f"{self._title}: started")
            self._started = True

    def _say(self, text: str) -> None:
        try:
            self._stream.write(f"{text}\n")
            self._stream.flush()
        except (OSError, ValueError):  # nobody listens any more
            self._over.set()


class Work:
    """So much of so much, since when; of an unknown number, if the total is 0."""

    def __init__(self, what: str) -> None:
        self._what, self._done, self._total = what, 0.0, 0
        self._began = self._since = self._heard = time.monotonic()
        self._from, self._whole, self._end = 0.0, True, math.inf

    def progress(self, done: float, total: int) -> None:
        """Remember how far it is, since when, and whether less than a whole one is ever heard of."""
        now = time.monotonic()
        if self._done == 0.0 < done:
            self._since, self._from = now, done
        if done != self._done:
            self._heard = now
        self._done, self._total, self._whole = done, total, self._whole and done == int(done)

    def leave_out(self, seconds: float) -> None:
        """Time that was not spent on what is counted."""
        self._began += seconds
        self._since += seconds
        self._heard += seconds
        self._end += seconds

    def told(self, now: float) -> Iterator[str]:
        """How far it is, and how long the rest takes if it goes on so."""
        if self._done or self._total:
            of = f" of {number(self._total)}" if self._total else ""
            yield f"{number(int(self._done))}{of} {self._what}"
        if (ends := self._ends()) - now >= 0.5:
            yield f"about {spell(ends - now)} left"

    def _ends(self) -> float:
        """When it ends, at the slower of its paces from the beginning and from the first on; 0 if nobody knows."""
        done, rest = self._done, self._total - self._done
        enough = max(min(SURE * self._total, MANY), PARALLEL if self._whole else 0.0)
        if rest <= 0.0 or done < enough or self._heard - self._began < SURE_S:
            return 0.0
        pace = (self._heard - self._began) / done
        if done > self._from:
            pace = max(pace, (self._heard - self._since) / (done - self._from))
        before, self._end = self._end, self._heard + pace * rest
        return self._end if self._end - before <= GROWS * pace * rest else 0.0


def spell(seconds: float) -> str:
    """A time to wait."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{number(seconds / 60.0, 2)} min" if seconds < 5970.0 else f"{number(seconds / 3600.0, 2)} h"


@contextmanager
def speaking(arguments: argparse.Namespace) -> Iterator[None]:
    """Say what a command is doing, unless it is to be quiet or a terminal shows it."""
    quiet = bool(getattr(arguments, "quiet", False))
    if quiet or sys.stderr is None or sys.stderr.isatty():
        _quiet.append(quiet)
        try:
            with watched(lambda what: None if quiet else _tell_terminal(what)):
                yield
        finally:
            _quiet.pop()
        return
    command = arguments.run.__name__
    files = getattr(arguments, "topology", None) or getattr(arguments, "file", None)
    what = getattr(arguments, "figure", None), *(files if isinstance(files, list) else [files])
    title = " ".join([command, *(str(word) for word in what if word)])
    with Teller(title, sys.stderr, first_s=LATER_S if command in QUICK else FIRST_S) as teller, watched(teller.stage):
        _now.append(teller)
        try:
            yield
        finally:
            _now.pop()


def _tell_terminal(what: str) -> None:
    if what and sys.stderr is not None:
        print(f"{what} ...", file=sys.stderr, flush=True)


def with_progress(work: Callable[[Progress], Made], what: str = "replications") -> Made:
    """Do the work, and let be heard or seen what is done of it."""
    if _now:
        with _now[-1].work(what) as progress:
            return work(progress)
    if (_quiet and _quiet[-1]) or sys.stderr is None or not sys.stderr.isatty():
        return work(lambda done, total: None)
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("left"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        return work(lambda done, total: bar.update(task, completed=int(done), total=total or None))
