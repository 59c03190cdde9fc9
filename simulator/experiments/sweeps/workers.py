"""Where the runs of a sweep are made: here, in threads, in processes, or wherever an executor has its workers."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from importlib import import_module
from threading import Event
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ...errors import EngineError, UnsupportedFeature
from ...plan.engine import Engine
from ...plan.plan import Plan
from .. import replicate
from ..engines import choose_engine, expected_requests
from ..machine import available_cores, interrupts_held, serve
from ..replicate import TICK_S, threads_run_at_once
from .runs import Failure, Outcome, Stopped, make_run

Made = TypeVar("Made")

AHEAD = 1000
"""Runs that an executor of somebody else is given at a time: enough for any cluster, and no plan too many in memory."""
PATIENCE_S = 10.0
"""With a scheduler that does not answer."""
LOST = (
    "its worker process was lost, for want of memory perhaps: make the run shorter, or leave out objectives that need "
    "every request recorded"
)


class Pool:
    """Workers that make runs, and how many they are given ahead."""

    tick_s: float | None = None
    """How often somebody should look at what is in flight; None: they say nothing while they work."""

    def __init__(self, executor: Executor, ahead: int) -> None:
        self.executor = executor
        self.ahead = ahead

    def submit(self, plan: Plan, engine_name: str) -> Future[Outcome]:
        """Have a run made."""
        return self.executor.submit(make_run, plan, engine_name)

    def in_flight(self) -> float:
        """Runs' worth of what is done of runs that are not finished."""
        return 0.0

    def restart(self) -> bool:
        """Have new workers in the place of lost ones, if that is possible."""
        return False

    def give_up(self, futures: Iterable[Future[Outcome]]) -> None:
        """Leave these alone: nobody waits for them any more."""
        for future in futures:
            future.cancel()

    def close(self) -> None:
        """Let the workers go."""


class Here(Executor):
    """Makes each run at once, in this thread."""

    def submit(self, function: Callable[..., Made], /, *given: Any, **named: Any) -> Future[Made]:
        """A future that is already done."""
        future: Future[Made] = Future()
        future.set_result(function(*given, **named))
        return future


class Threads(Pool):
    """Threads of this process, for an engine that lets several run at once."""

    tick_s = TICK_S

    def __init__(self, workers: int) -> None:
        super().__init__(ThreadPoolExecutor(workers), 2 * workers)
        self._shares: dict[int, float] = {}
        self._stop = Event()
        self._number = 0

    def submit(self, plan: Plan, engine_name: str) -> Future[Outcome]:
        """Have a run made that ends early if all do."""
        self._number += 1
        number = self._number

        def progress(share: float) -> None:
            if self._stop.is_set():
                raise Stopped
            self._shares[number] = share

        def run() -> Outcome:
            try:
                return make_run(plan, engine_name, progress)
            finally:
                self._shares.pop(number, None)

        return self.executor.submit(run)

    def in_flight(self) -> float:
        """The shares of all runs."""
        return sum(list(self._shares.values()))

    def give_up(self, futures: Iterable[Future[Outcome]]) -> None:
        """Let every run end at its next breath."""
        self._stop.set()
        super().give_up(futures)

    def close(self) -> None:
        """Wait for the threads."""
        self.executor.shutdown(cancel_futures=True)


class Processes(Pool):
    """Clean processes of this machine, which never hear a Ctrl-C."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        super().__init__(self._start(), 2 * workers)

    def _start(self) -> Executor:
        from loky import get_reusable_executor

        with interrupts_held():
            executor: Executor = get_reusable_executor(
                max_workers=self._workers, timeout=60, initializer=serve, initargs=(os.getpid(),)
            )
            executor.submit(os.getpid)  # the workers are started by the first task
        return executor

    def restart(self) -> bool:
        """A worker that was lost takes all others with it."""
        self.executor = self._start()
        return True

    def give_up(self, futures: Iterable[Future[Outcome]]) -> None:
        """Kill the processes: they end their futures themselves, and one cancelled before would trip them up."""
        self.executor.shutdown(wait=False, kill_workers=True)  # type: ignore[call-arg]


class Dask(Pool):
    """The workers of a Dask scheduler."""

    def __init__(self, address: str) -> None:
        try:
            distributed: Any = import_module("distributed")
        except ImportError as error:
            raise EngineError(
                "a Dask scheduler needs the package distributed: pip install 'microservice-topology-simulator[dask]'"
            ) from error
        _knock(address)  # before a client that would go on trying
        try:
            self._client = distributed.Client(address, timeout=f"{PATIENCE_S:g}s", set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise EngineError(f"no Dask scheduler answers at {address}: {error}") from error
        super().__init__(self._client.get_executor(pure=False), AHEAD)

    def close(self) -> None:
        """Leave the scheduler as it was."""
        self._client.close()


def _knock(address: str) -> None:
    """Refuse an address that nobody listens at."""
    place = urlsplit(address)
    if place.scheme not in ("tcp", "tls", ""):
        return  # of this process, or a network of its own
    try:
        host, port = place.hostname, place.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise EngineError(f"a Dask scheduler has an address such as tcp://host:8786, not {address}")
    try:
        socket.create_connection((host, port), timeout=PATIENCE_S).close()
    except OSError as error:
        raise EngineError(f"no Dask scheduler answers at {address}: {error.strerror or error}") from error


def find_engine(name: str, first: Plan, runs: int) -> Engine:
    """The engine for so many runs like the first one; whether it can run each of them is for later to say."""
    try:
        return choose_engine(name, [first] * runs)[0]
    except UnsupportedFeature:
        return choose_engine(name, [])[0]


def _make_pool(
    engine: Engine, first: Plan, runs: int, executor: Executor | None, address: str | None, workers: int | None
) -> Pool:
    if executor is not None:
        return Pool(executor, AHEAD)
    if address is not None:
        return Dask(address)
    workers = min(workers or available_cores(), max(runs, 1))
    if prepare := getattr(engine, "prepare", None):
        prepare()  # here, where a Ctrl-C is heard at once, and once for all processes
    if threads_run_at_once(engine):
        return Threads(workers)
    work = expected_requests(first) * first.settings.replications * runs
    if workers > 1 and work > replicate.WORTH_PROCESSES:
        return Processes(workers)
    return Pool(Here(), 1)


@contextmanager
def open_pool(
    engine: Engine,
    first: Plan,
    runs: int,
    *,
    executor: Executor | None = None,
    address: str | None = None,
    workers: int | None = None,
) -> Iterator[Pool]:
    """Workers for so many runs like the first one.

    Parameters
    ----------
    executor, address
        Somebody else's workers; by default those of this machine, as they suit the engine.
    workers
        Of this machine; as many as there are cores by default.
    """
    pool = _make_pool(engine, first, runs, executor, address, workers)
    try:
        yield pool
    finally:
        pool.close()


def make_runs(
    pool: Pool, jobs: Iterable[tuple[Made, Plan]], engine_name: Callable[[Plan], str]
) -> Generator[tuple[Made, Plan, Outcome] | None]:
    """Outcomes as they come, each with its job; None now and then, so that progress can be told.

    Close it if it is not run to its end: then what is running is given up.
    """
    jobs = iter(jobs)
    pending: dict[Future[Outcome], tuple[Made, Plan]] = {}
    try:
        while True:
            while len(pending) < pool.ahead and (job := next(jobs, None)) is not None:
                pending[_submit(pool, job[1], engine_name)] = job
            if not pending:
                return
            done, _ = wait(pending, timeout=pool.tick_s, return_when=FIRST_COMPLETED)
            lost: list[tuple[Made, Plan]] = []
            for future in done:
                job = pending.pop(future)
                outcome = _outcome(future)
                if outcome is None:
                    lost.append(job)
                else:
                    yield (*job, outcome)
            if lost:
                lost += pending.values()
                pending.clear()
                yield from _one_by_one(pool, lost, engine_name)
            yield None
    except BaseException:
        pool.give_up(pending)
        raise


def _submit(pool: Pool, plan: Plan, engine_name: Callable[[Plan], str]) -> Future[Outcome]:
    try:
        return pool.submit(plan, engine_name(plan))
    except BrokenExecutor as error:  # by a run before this one
        future: Future[Outcome] = Future()
        future.set_exception(error)
        return future


def _outcome(future: Future[Outcome]) -> Outcome | None:
    """What a future has; None if its worker was lost, and others with it."""
    try:
        return future.result()
    except BrokenExecutor:
        return None
    except CancelledError:
        return Failure("it was cancelled by its executor")
    except Exception as error:  # of the executor: a run has none of its own
        return Failure(f"its worker failed: {type(error).__name__}: {error}")


def _one_by_one(
    pool: Pool, jobs: Iterable[tuple[Made, Plan]], engine_name: Callable[[Plan], str]
) -> Iterator[tuple[Made, Plan, Outcome]]:
    """Runs of which one has broken its worker: alone, each breaks only itself."""
    for job in jobs:
        if not pool.restart():
            raise EngineError(
                "a worker of the executor was lost, for want of memory perhaps, and no run can be made with it any "
                "more: start again with a new one; runs in a store are reused"
            )
        outcome = _outcome(_submit(pool, job[1], engine_name))
        yield (*job, Failure(LOST) if outcome is None else outcome)
    pool.restart()
