"""Replications: the same bytes in one process, in threads and in processes, and what stops them."""

import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import simulator as sim
from simulator.engines.compiled import CompiledEngine
from simulator.engines.compiled import engine as compiled_engine
from simulator.engines.reference import ReferenceEngine
from simulator.engines.reference import engine as reference_engine
from simulator.errors import EngineError
from simulator.experiments import replicate
from simulator.experiments.replicate import Job, run_jobs


@pytest.fixture
def jobs(shop):
    plans = [sim.compile(shop, name) for name in ("microservices", "monolith")]
    return [Job(plan, 3, replication, "attempts") for replication in range(2) for plan in plans]


def same(left, right):
    """Whether two traces have the same columns, to the last bit, whichever engine made them."""
    for name, mine in vars(left).items():
        if name == "engine":
            continue
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


@pytest.mark.one_in(2)
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
    monkeypatch.setattr(replicate, "available_cores", lambda: 2)
    assert all(map(same, serial, run_jobs(ReferenceEngine(), jobs)))
    assert ours == [1]


def test_processes_are_for_work_that_is_worth_them(jobs, monkeypatch):
    chosen = []
    monkeypatch.setattr(replicate, "_run_in_processes", lambda *given: chosen.append(len(given[1])))
    for cores, limit, wanted in ((2, 3_200, []), (1, 0, []), (2, 3_199, [4])):
        monkeypatch.setattr(replicate, "available_cores", lambda cores=cores: cores)
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
    monkeypatch.setattr(replicate, "available_cores", lambda: 2)
    bad = [*jobs[:1], Job(jobs[0].plan, 3, -1, "nothing")]
    with pytest.raises(OverflowError, match="-1 is no uint64"):
        run_jobs(ReferenceEngine(), bad)
    assert all(run_jobs(ReferenceEngine(), jobs[:2]))


FIRST_WORKERS = """
import signal, sys
import simulator as sim
from simulator.engines.reference import ReferenceEngine
from simulator.engines.reference import engine as reference_engine
from simulator.experiments import replicate

submit = replicate._submit
def tell(*args):
    futures = submit(*args)  # starts the workers
    print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set()))
    return futures
replicate._submit, replicate.available_cores, replicate.WORTH_PROCESSES = tell, lambda: 2, 0
plan = sim.compile(sim.load(sys.argv[1]).replace({"simulation.duration": "2s", "simulation.warmup": "1s"}))
jobs = [replicate.Job(plan, 1, replication, "summary") for replication in range(2)]
replicate.run_jobs(ReferenceEngine(), jobs)
"""


@pytest.mark.one_in(2)
def test_the_first_workers_of_a_process_never_hear_a_ctrl_c():
    minimal = Path(__file__).parents[3] / "topologies" / "minimal.yaml"
    words = [sys.executable, "-c", FIRST_WORKERS, str(minimal)]
    process = subprocess.run(words, capture_output=True, text=True, check=True)
    assert process.stdout == "True\n"


# -- threads


@pytest.fixture
def cores(monkeypatch):
    """Let the machine have so many cores, and report often."""

    def have(number):
        monkeypatch.setattr(replicate, "available_cores", lambda: number)
        monkeypatch.setattr(replicate, "TICK_S", 0.002)

    return have


LONG_S = 10.0
"""What a test waits for something that comes at once, unless it never does."""
SLICE_S = 0.05


class Sliced:
    """An engine in threads whose runs go on slice by slice until they are stopped, but for those that it is to finish.

    It keeps the numbers of what was begun and of what was stopped, and when slices ended.
    """

    name = "sliced"
    threads = True

    def __init__(self, finish=(), fail=()):
        self.finish, self.fail = finish, fail
        self.begun, self.stopped, self.slices = [], [], []

    def run(self, plan, *, seed, replication, detail, progress):
        self.begun.append(replication)
        if replication in self.finish:
            return f"trace {replication}"
        if replication in self.fail:
            raise EngineError("two events have one key")
        until = time.monotonic() + LONG_S
        try:
            while time.monotonic() < until:
                time.sleep(SLICE_S)
                self.slices.append(time.monotonic())
                progress(0.5)
        except replicate._Stopped:
            self.stopped.append(replication)
            raise
        raise AssertionError(f"nobody has stopped {replication}")


@pytest.fixture
def six(shop):
    plan = sim.compile(shop)
    return [Job(plan, 3, replication, "summary") for replication in range(6)]


@pytest.mark.parametrize("number", [1, 3])
def test_threads_give_the_bytes_of_the_reference_in_the_order_of_the_jobs(jobs, cores, number):
    cores(number)
    traces = run_jobs(CompiledEngine(), jobs)
    assert [trace.engine for trace in traces] == ["compiled"] * 4
    assert all(map(same, run_jobs(ReferenceEngine(), jobs), traces))


def test_there_are_as_many_threads_as_cores_at_most(six, cores):
    cores(2)
    running, most, first_two = set(), [], threading.Barrier(2)

    class Counting(Sliced):
        def run(self, plan, *, replication, **_):
            running.add(replication)
            if replication < 2:
                first_two.wait(LONG_S)
            most.append(len(running))
            time.sleep(0.01)
            running.discard(replication)
            return replication

    assert run_jobs(Counting(), six) == list(range(6))
    assert max(most) == 2


def test_progress_of_threads_rises_with_parts_of_replications(jobs, cores, monkeypatch):
    cores(2)
    monkeypatch.setattr(compiled_engine, "STEPS_PER_SLICE", 2_000)
    heard, part_heard = [], threading.Event()

    class Patient(CompiledEngine):
        def run(self, plan, *, progress, **options):
            def tell(share):
                progress(share)
                if 0.0 < share < 1.0:
                    assert part_heard.wait(LONG_S)

            return super().run(plan, progress=tell, **options)

    def hear(done, total):
        heard.append((done, total))
        if done != int(done):
            part_heard.set()

    run_jobs(Patient(), jobs, progress=hear)
    assert heard[0] == (0, 4)
    assert heard[-1] == (4, 4)
    assert {total for _, total in heard} == {4}
    shares = [done for done, _ in heard]
    assert shares == sorted(shares)
    assert any(done != int(done) for done in shares)


def test_an_engine_in_threads_is_prepared_once_before_them(six, cores):
    cores(2)
    prepared = []

    class Prepared(Sliced):
        def prepare(self, plans):
            prepared.append((threading.current_thread(), list(self.begun)))

    run_jobs(Prepared(finish=range(6)), six)
    assert prepared == [(threading.main_thread(), [])]


def test_compiling_is_spoken_of_once(jobs, cores, monkeypatch, capsys):
    cores(3)
    CompiledEngine().prepare()
    capsys.readouterr()
    there = []
    monkeypatch.setattr(compiled_engine, "is_at_hand", lambda kernel: bool(there))
    monkeypatch.setattr(compiled_engine, "compile_now", there.append)
    run_jobs(CompiledEngine(), jobs)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "compiling the fast engine for this machine, once (half a minute) ...\n")


def test_a_ctrl_c_stops_the_threads_and_keeps_what_is_finished(six, cores):
    cores(2)
    engine, interrupted = Sliced(finish=(0,)), []

    def interrupt(done, total):
        if done >= 1.5 and len(engine.begun) >= 3:  # 0 whole, 1 and 2 in parts
            interrupted.append(time.monotonic())
            raise KeyboardInterrupt

    traces = run_jobs(engine, six, progress=interrupt)
    ended = time.monotonic()
    assert traces == ["trace 0", None, None, None, None, None]
    assert sorted(engine.stopped) == [1, 2]
    assert sorted(engine.begun) == [0, 1, 2]
    late = [moment for moment in engine.slices if moment > interrupted[0] + 0.01]
    assert len(late) <= 2  # what each of the two was at
    assert ended - interrupted[0] < LONG_S / 2


def test_a_ctrl_c_in_threads_before_anything_is_passed_on(six, cores):
    cores(2)
    engine = Sliced()

    def interrupt(done, total):
        if len(engine.begun) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs(engine, six, progress=interrupt)
    assert sorted(engine.begun) == sorted(engine.stopped) == [0, 1]


def test_a_ctrl_c_while_threads_are_started_stops_those_that_run(six, cores, monkeypatch):
    cores(2)
    engine = Sliced()

    class Interrupted(ThreadPoolExecutor):
        def submit(self, *given, **named):
            if engine.begun:
                raise KeyboardInterrupt
            future = super().submit(*given, **named)
            until = time.monotonic() + LONG_S
            while not engine.begun and time.monotonic() < until:
                time.sleep(0.001)
            return future

    monkeypatch.setattr(replicate, "ThreadPoolExecutor", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_jobs(engine, six)
    assert engine.stopped == [0]


def test_the_compiled_engine_is_stopped_within_a_slice(shop, cores):
    cores(2)
    short = sim.compile(shop)
    endless = sim.compile(shop.replace({"simulation.duration": "1000h"}))
    jobs = [Job(plan, 3, 0, "summary") for plan in (short, endless, endless)]
    moments, heard = [], []

    def interrupt(done, total):
        heard.append(done)
        if min(heard[-2:]) >= 1:  # the first is finished, and its trace was fetched
            moments.append(time.monotonic())
            raise KeyboardInterrupt

    traces = run_jobs(CompiledEngine(), jobs, progress=interrupt)
    assert time.monotonic() - moments[0] < 15.0  # of some minutes
    assert [trace is not None for trace in traces] == [True, False, False]
    assert same(traces[0], ReferenceEngine().run(short, seed=3, replication=0, detail="summary"))


def test_an_error_in_a_thread_comes_out_and_stops_the_others(six, cores):
    cores(2)
    engine = Sliced(fail=(1,))
    with pytest.raises(EngineError, match="two events have one key"):
        run_jobs(engine, six)
    assert 0 in engine.stopped
    assert sorted({*engine.begun} - {1}) == sorted(engine.stopped)
    assert len(engine.begun) <= 3  # the thread of the one that failed may have taken one more


def test_an_error_of_the_compiled_engine_comes_out(jobs, cores):
    cores(2)
    with pytest.raises(EngineError, match=r"take .* of memory at least, and may take 4Ki: ask for less"):
        run_jobs(CompiledEngine(memory_limit=4096), jobs)


# -- the compiled engine on a user's own executors


def test_the_compiled_engine_runs_on_any_executor(jobs, cores):
    cores(2)
    wanted = run_jobs(CompiledEngine(), jobs)
    heard = []
    with ThreadPoolExecutor(3) as threads:
        traces = run_jobs(
            CompiledEngine(), jobs, executor=threads, progress=lambda done, total: heard.append((done, total))
        )
    assert all(map(same, wanted, traces))
    assert heard[0] == (0, 4)
    assert heard[-1] == (4, 4)
    assert heard == sorted(heard)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        traces = run_jobs(CompiledEngine(), jobs, executor=processes)
    assert all(map(same, wanted, traces))
    assert [trace.engine for trace in traces] == ["compiled"] * 4


def test_a_users_executor_is_used_even_if_threads_would_do(jobs):
    table = Table()
    run_jobs(CompiledEngine(), jobs, executor=table)
    assert len(table.futures) == 4


def test_the_compiled_engine_takes_its_limit_along():
    assert pickle.loads(pickle.dumps(CompiledEngine(memory_limit=5))).memory_limit == 5


@pytest.mark.parametrize("lacks", ["a rule that is kept nowhere", "a file that is damaged", ""])
def test_the_reference_engine_says_that_it_compiles(lacks, monkeypatch, tmp_path, capsys):
    compiled = []
    monkeypatch.setattr(reference_engine, "RULES", reference_engine.RULES[:3])
    monkeypatch.setattr(reference_engine, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(reference_engine, "is_at_hand", lambda rule: "rule" not in lacks)
    monkeypatch.setattr(reference_engine, "compile_now", compiled.append)
    if "file" in lacks:
        (tmp_path / f"a{reference_engine.keeping.ENDING}").write_bytes(b"junk")
    reference_engine._prepare.__wrapped__()
    assert capsys.readouterr().err.count("compiling the engine for this machine") == bool(lacks)
    assert compiled == (reference_engine.RULES if lacks else [])
