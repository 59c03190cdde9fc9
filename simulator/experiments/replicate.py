"""Independent replications of plans, on as many cores as there are, with the same bytes on any number."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event

from ..errors import EngineError
from ..plan.engine import Detail, Engine
from ..plan.plan import Plan
from ..plan.trace import Trace
from .engines import expected_requests
from .machine import available_cores, interrupts_held, serve
from .refusing import refuse_endless

Progress = Callable[[float, int], None]
"""Called with the number of replications that are finished, parts of them too, and of all."""

TICK_S = 0.2
"""How often progress is reported while threads work."""
WORTH_PROCESSES = 2_000
"""Requests below which starting processes takes longer than the run itself."""


@dataclass(frozen=True)
class Job:
    """One replication of one plan."""

    plan: Plan
    seed: int
    replication: int
    detail: Detail


def run_job(engine: Engine, job: Job, progress: Callable[[float], None] | None = None) -> Trace:
    """Run one replication; a function of the module, so that it can be sent to another process.

    `progress` is for engines that come up for air: it is called with the share that is done.
    """
    more = {} if progress is None else {"progress": progress}
    return engine.run(job.plan, seed=job.seed, replication=job.replication, detail=job.detail, **more)


def run_jobs(
    engine: Engine,
    jobs: Sequence[Job],
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Trace | None]:
    """The traces of jobs, in their order; None for what a Ctrl-C has cut off.

    Parameters
    ----------
    executor
        Where to run them; by default threads, if the engine lets several run at once, else processes of this
        machine, if the work is worth it.

    Raises
    ------
    KeyboardInterrupt
        If nothing at all was finished.
    EngineError
        If a worker was lost, or there is more to do than could ever end.
    """
    refuse_endless(engine, [(job.plan, job.detail) for job in jobs], available_cores())
    report = progress or (lambda done, total: None)
    traces: list[Trace | None] = [None] * len(jobs)
    report(0, len(jobs))
    try:
        if prepare := getattr(engine, "prepare", None):
            # Here, where a Ctrl-C is heard at once, and once for all processes that share this user's cache.
            prepare([job.plan for job in jobs])
        if executor is not None:
            _run_in(executor, engine, jobs, traces, report)
        elif threads_run_at_once(engine):
            _run_in_threads(engine, jobs, traces, report)
        elif len(jobs) > 1 and available_cores() > 1 and _expected_requests(jobs) > WORTH_PROCESSES:
            _run_in_processes(engine, jobs, traces, report)
        else:
            for number, job in enumerate(jobs):
                traces[number] = run_job(engine, job)
                report(number + 1, len(jobs))
    except KeyboardInterrupt:
        if all(trace is None for trace in traces):
            raise
    except BrokenExecutor as error:
        raise EngineError(
            "a worker process was lost, for want of memory perhaps: make the run shorter, or record less of it "
            '(detail="summary")'
        ) from error
    return traces


def threads_run_at_once(engine: Engine) -> bool:
    """Whether an engine's runs in several threads go on at the same time, and report how far they are."""
    return bool(getattr(engine, "threads", False))


class _Stopped(Exception):  # noqa: N818 (no error: somebody else's interrupt)
    """A thread is to end its run."""


def _run_in_threads(engine: Engine, jobs: Sequence[Job], traces: list[Trace | None], report: Progress) -> None:
    shares = [0.0] * len(jobs)
    stop = Event()

    def run(number: int) -> Trace:
        def progress(share: float) -> None:
            if stop.is_set():
                raise _Stopped
            shares[number] = share

        progress(0.0)
        trace = run_job(engine, jobs[number], progress)
        shares[number] = 1.0
        return trace

    with ThreadPoolExecutor(min(available_cores(), len(jobs))) as threads:
        try:
            futures = [threads.submit(run, number) for number in range(len(jobs))]
            _collect(futures, traces, lambda done, total: report(max(done, sum(shares)), total), TICK_S)
        except BaseException:
            stop.set()
            raise


def _run_in_processes(engine: Engine, jobs: Sequence[Job], traces: list[Trace | None], report: Progress) -> None:
    # loky starts clean processes, so that a script needs no `if __name__ == "__main__"` and threads are no danger.
    from loky import get_reusable_executor

    workers = min(available_cores(), len(jobs))
    executor = None
    try:
        with interrupts_held():
            executor = get_reusable_executor(
                max_workers=workers, timeout=60, initializer=serve, initargs=(os.getpid(),)
            )
            futures = _submit(executor, engine, jobs)
        _collect(futures, traces, report)
    except BaseException:
        # It ends its futures itself: one that was cancelled before would trip it up.
        if executor is not None:
            executor.shutdown(wait=False, kill_workers=True)
        raise


def _run_in(
    executor: Executor, engine: Engine, jobs: Sequence[Job], traces: list[Trace | None], report: Progress
) -> None:
    futures = _submit(executor, engine, jobs)
    try:
        _collect(futures, traces, report)
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def _submit(executor: Executor, engine: Engine, jobs: Sequence[Job]) -> list[Future[Trace]]:
    return [executor.submit(run_job, engine, job) for job in jobs]


def _collect(
    futures: Sequence[Future[Trace]], traces: list[Trace | None], report: Progress, tick_s: float | None = None
) -> None:
    numbers = {future: number for number, future in enumerate(futures)}
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=tick_s, return_when=FIRST_COMPLETED)
        for future in done:
            traces[numbers[future]] = future.result()
        report(len(futures) - len(pending), len(futures))


def _expected_requests(jobs: Sequence[Job]) -> float:
    return len(jobs) * expected_requests(jobs[0].plan)
