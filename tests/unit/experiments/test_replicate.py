"""Replications: the same bytes in one process, in threads and in processes, and what stops them."""

import signal
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import simulator as sim
from simulator.engines.reference import ReferenceEngine
from simulator.errors import EngineError
from simulator.experiments import replicate
from simulator.experiments.replicate import Job, run_jobs


@pytest.fixture
def jobs(shop):
    plans = [sim.compile(shop, name) for name in ("microservices", "monolith")]
    return [Job(plan, 3, replication, "attempts") for replication in range(2) for plan in plans]


def same(left, right):
    """Whether two traces have the same columns, to the last bit."""
    for name, mine in vars(left).items():
        theirs = getattr(right, name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            assert mine.tobytes() == theirs.tobytes(), name
        elif hasattr(mine, "__dict__"):
            same(mine, theirs)
        else:
            assert mine == theirs, name
    return True


def test_a_job_is_one_run_of_the_engine(jobs):
    trace = replicate.run_job(ReferenceEngine(), jobs[3])
    assert (trace.replication, trace.seed) == (1, 3)
    assert trace.digest == jobs[3].plan.digest()
    assert same(trace, ReferenceEngine().run(jobs[3].plan, seed=3, replication=1, detail="attempts"))


def test_the_same_bytes_wherever_they_run(jobs, monkeypatch):
    serial = run_jobs(ReferenceEngine(), jobs)
    assert [(trace.replication, trace.digest) for trace in serial] == [
        (job.replication, job.plan.digest()) for job in jobs
    ]
    with ThreadPoolExecutor(3) as threads:
        assert all(map(same, serial, run_jobs(ReferenceEngine(), jobs, executor=threads)))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert all(map(same, serial, run_jobs(ReferenceEngine(), jobs, executor=processes)))
    ours = []
    whole = replicate._run_in_processes
    monkeypatch.setattr(replicate, "_run_in_processes", lambda *given: ours.append(1) or whole(*given))
    monkeypatch.setattr(replicate, "WORTH_PROCESSES", 0)
    monkeypatch.setattr(replicate, "_cores", lambda: 2)
    assert all(map(same, serial, run_jobs(ReferenceEngine(), jobs)))
    assert ours == [1]


def test_processes_are_for_work_that_is_worth_them(jobs, monkeypatch):
    chosen = []
    monkeypatch.setattr(replicate, "_run_in_processes", lambda *given: chosen.append(len(given[1])))
    for cores, limit, wanted in ((2, 3_200, []), (1, 0, []), (2, 3_199, [4])):
        monkeypatch.setattr(replicate, "_cores", lambda cores=cores: cores)
        monkeypatch.setattr(replicate, "WORTH_PROCESSES", limit)
        chosen.clear()
        run_jobs(ReferenceEngine(), jobs)
        assert chosen == wanted
    run_jobs(ReferenceEngine(), jobs[:1])
    assert chosen == [4]  # one job alone is not sent away


def test_the_work_is_estimated(shop):
    plan = sim.compile(shop)
    jobs = [Job(plan, 1, replication, "summary") for replication in range(3)]
    assert replicate._expected_requests(jobs) == 3 * 40 * 20


class Table(Executor):
    """Ends what it is given in an order of its own: last come, first served, and one of them badly."""

    def __init__(self, error=None, bad=None):
        self.error, self.bad, self.futures = error, bad, []

    def submit(self, function, /, *given, **named):
        future = Future()
        if len(self.futures) == self.bad:
            future.set_exception(self.error)
        elif self.bad is None or len(self.futures) < self.bad:
            future.set_result(function(*given, **named))
        self.futures.append(future)
        return future


def test_traces_come_in_the_order_of_the_jobs(jobs):
    table = Table()
    traces = run_jobs(ReferenceEngine(), jobs, executor=table)
    assert [(trace.replication, trace.digest) for trace in traces] == [
        (job.replication, job.plan.digest()) for job in jobs
    ]


def test_a_worker_that_is_lost_is_an_error_of_ours(jobs):
    table = Table(BrokenExecutor("killed"), 2)
    with pytest.raises(EngineError, match="a worker process was lost, for want of memory perhaps"):
        run_jobs(ReferenceEngine(), jobs, executor=table)
    assert table.futures[3].cancelled()


def test_a_ctrl_c_cancels_what_has_not_begun(jobs, monkeypatch):
    table = Table(KeyboardInterrupt(), 2)
    waited = replicate.wait

    def wait(pending, **options):  # what has ended is seen before the interrupt comes
        done, rest = waited(pending, **options)
        good = {future for future in done if future.exception() is None}
        return (good, rest | (done - good)) if good else (done, rest)

    monkeypatch.setattr(replicate, "wait", wait)
    traces = run_jobs(ReferenceEngine(), jobs, executor=table)
    assert [trace is not None for trace in traces] == [True, True, False, False]
    assert table.futures[3].cancelled()


def test_a_ctrl_c_before_anything_is_passed_on(jobs):
    with pytest.raises(KeyboardInterrupt):
        run_jobs(ReferenceEngine(), jobs, executor=Table(KeyboardInterrupt(), 0))


def test_own_workers_are_gone_after_an_error_and_new_ones_come(jobs, monkeypatch):
    monkeypatch.setattr(replicate, "WORTH_PROCESSES", 0)
    monkeypatch.setattr(replicate, "_cores", lambda: 2)
    bad = [*jobs[:1], Job(jobs[0].plan, 3, -1, "nothing")]
    with pytest.raises(Exception, match=r".+"):
        run_jobs(ReferenceEngine(), bad)
    assert all(run_jobs(ReferenceEngine(), jobs[:2]))


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_a_ctrl_c_waits_while_workers_are_started():
    def blocked():
        return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())

    reached = []

    def start():
        with replicate._interrupts_held():
            signal.raise_signal(signal.SIGINT)
            reached.append(blocked())

    with pytest.raises(KeyboardInterrupt):
        start()
    assert reached == [True]
    assert not blocked()
