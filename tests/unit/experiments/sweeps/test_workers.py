"""Workers: wherever runs are made, each job has its outcome, and a lost worker takes only its own run with it."""

import os
import signal
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import pytest

import simulator as sim
from simulator.engines.compiled import CompiledEngine
from simulator.engines.reference import ReferenceEngine
from simulator.errors import EngineError, UnsupportedFeature
from simulator.experiments import replicate
from simulator.experiments.sweeps import workers
from simulator.experiments.sweeps.runs import Failure, Run, make_run
from simulator.experiments.sweeps.workers import Here, Pool, Processes, Threads, find_engine, make_runs, open_pool


@pytest.fixture
def plan(shop):
    return sim.compile(shop.replace({"simulation.replications": 2}))


def name(_):
    return "reference"


def outcomes(pool, plan, number=5):
    made = [one for one in make_runs(pool, ((job, plan) for job in range(number)), name) if one is not None]
    return {job: outcome for job, _, outcome in made}


def test_every_job_has_its_outcome_wherever_it_runs(plan):
    run = make_run(plan, "reference")
    with ThreadPoolExecutor(2) as threads:
        for pool in (Pool(Here(), 1), Pool(threads, 3), Threads(2)):
            assert outcomes(pool, plan) == dict.fromkeys(range(5), run)
            pool.close()


def test_plans_are_made_only_when_there_is_room(plan):
    made, done = [], []

    def jobs():
        for job in range(10):
            made.append(job)
            yield job, plan

    for one in make_runs(Pool(Here(), 3), jobs(), name):
        done.append(one)
        assert len(made) - sum(each is not None for each in done) <= 3
    assert made == list(range(10))


def test_what_suits_the_engine(plan, monkeypatch):
    monkeypatch.setattr(workers, "available_cores", lambda: 2)
    started = []
    monkeypatch.setattr(Processes, "_start", lambda self: started.append(self._workers) or Here())
    with open_pool(CompiledEngine(), plan, 100) as pool:
        assert isinstance(pool, Threads)
        assert pool.executor._max_workers == 2
    with open_pool(CompiledEngine(), plan, 100, workers=5) as pool:
        assert pool.executor._max_workers == 5
    with open_pool(CompiledEngine(), plan, 1, workers=5) as pool:
        assert pool.executor._max_workers == 1
    with open_pool(ReferenceEngine(), plan, 100) as pool:
        assert isinstance(pool.executor, Here)  # not worth it
    monkeypatch.setattr(replicate, "WORTH_PROCESSES", 0)
    with open_pool(ReferenceEngine(), plan, 100, workers=1) as pool:
        assert isinstance(pool.executor, Here)
    assert started == []
    with open_pool(ReferenceEngine(), plan, 100) as pool:
        assert isinstance(pool, Processes)
    assert started == [2]


@pytest.mark.usefixtures("nothing_compiled")
def test_the_engine_is_chosen_for_all_runs_together(plan):
    """One run of 1600 requests is not worth compiling for, a hundred are."""
    assert find_engine("auto", plan, 1).name == "reference"
    assert find_engine("auto", plan, 100).name == "compiled"
    assert find_engine("reference", plan, 100).name == "reference"


def test_what_an_engine_cannot_run_is_for_each_run_to_say(plan, monkeypatch):
    monkeypatch.setattr(CompiledEngine, "missing", lambda self, plan: ("chaos",))
    with pytest.raises(UnsupportedFeature):
        workers.choose_engine("compiled", [plan])
    assert find_engine("compiled", plan, 3).name == "compiled"


class Breaks(Executor):
    """Loses a worker at one of its tasks, and then is of no use."""

    def __init__(self, bad):
        self.bad, self.broken, self.restarted = bad, False, False

    def submit(self, function, plan, engine_name):
        if self.broken:
            raise BrokenExecutor("broken")
        future = Future()
        if plan.topology == "late" and not self.restarted:
            return future  # of the lost ones, and never told
        if plan.topology == self.bad:
            self.broken = True
            future.set_exception(BrokenExecutor("lost"))
        else:
            future.set_result(plan.topology)
        return future


class Restarts(Pool):
    def restart(self):
        self.executor.broken, self.executor.restarted = False, True
        return True


def named(shop, *names):
    return [(each, sim.compile(shop.replace({"name": each}))) for each in names]


def test_a_lost_worker_costs_one_run(shop):
    jobs = named(shop, "a", "b", "bad", "c", "d", "e")
    made = {one[0]: one[2] for one in make_runs(Restarts(Breaks("bad"), 3), jobs, name) if one is not None}
    assert made.pop("bad") == Failure(workers.LOST)
    assert made == {each: each for each in "abcde"}


def test_runs_that_went_with_a_lost_worker_are_made_again(shop):
    pool = Restarts(Breaks("bad"), 3)
    pool.tick_s = 0.01
    seen = list(islice(make_runs(pool, named(shop, "a", "late", "bad", "c"), name), 50))
    made = {one[0]: one[2] for one in seen if one is not None}
    assert made == {"a": "a", "late": "late", "bad": Failure(workers.LOST), "c": "c"}


def test_somebody_elses_executor_is_not_restarted(shop):
    with pytest.raises(EngineError, match=r"a worker of the executor was lost, .* runs in a store are reused"):
        list(make_runs(Pool(Breaks("bad"), 3), named(shop, "a", "bad", "c"), name))


class Raises(Executor):
    def submit(self, function, *given):
        future = Future()
        future.set_exception(RuntimeError("no route"))
        return future


def test_a_worker_that_fails_is_an_outcome(plan):
    wanted = Failure("its worker failed: RuntimeError: no route")
    assert outcomes(Pool(Raises(), 3), plan) == dict.fromkeys(range(5), wanted)


def test_a_process_that_dies_costs_one_run(shop, monkeypatch):
    """Real processes, one of which kills itself."""

    def die_at(word):  # in here, so that it is sent by its content
        if word == "bad":
            os.kill(os.getpid(), signal.SIGKILL)
        return word

    pool = Processes(2)
    try:
        monkeypatch.setattr(pool, "submit", lambda plan, engine: pool.executor.submit(die_at, plan.topology))
        made = {one[0]: one[2] for one in make_runs(pool, named(shop, "a", "bad", "b"), name) if one is not None}
    finally:
        pool.give_up([])
    assert made == {"a": "a", "bad": Failure(workers.LOST), "b": "b"}


def test_threads_say_how_far_they_are_and_end_when_given_up(shop):
    long = sim.compile(shop.replace({"simulation.duration": "50h", "workload.rate": "400/s"}))
    before = set(threading.enumerate())  # other tests' may still be on their way out
    with open_pool(CompiledEngine(), long, 4, workers=2) as pool:
        jobs = make_runs(pool, ((job, long) for job in range(4)), lambda plan: "compiled")
        with closing(jobs):
            while pool.in_flight() == 0.0:
                assert next(jobs) is None
        assert 0.0 < pool.in_flight() < 2.0
        workers = set(threading.enumerate()) - before
        assert len(workers) >= 2
        begun = time.monotonic()
    for worker in workers:
        worker.join(10.0)
    assert time.monotonic() - begun < 10.0  # of runs of many minutes
    assert not [worker for worker in workers if worker.is_alive()]


class Waits(Executor):
    def __init__(self):
        self.futures = []

    def submit(self, function, *given):
        self.futures.append(Future())
        if len(self.futures) == 1:
            self.futures[0].set_result(function(*given))
        return self.futures[-1]


def test_given_up_runs_are_cancelled(plan):
    executor = Waits()
    with closing(make_runs(Pool(executor, 3), ((job, plan) for job in range(5)), name)) as jobs:
        assert isinstance(next(jobs)[2], Run)
    assert [future.cancelled() for future in executor.futures] == [False, True, True]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "a Dask scheduler has an address such as tcp://host:8786, not nonsense"),
        ("tcp://host:port", "a Dask scheduler has an address"),
        ("tcp://127.0.0.1:1", "no Dask scheduler answers at tcp://127.0.0.1:1: Connection refused"),
    ],
)
def test_no_scheduler(plan, address, message):
    with pytest.raises(EngineError, match=message), open_pool(ReferenceEngine(), plan, 3, address=address):
        pass


def test_without_dask_it_says_how_to_get_it(plan, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with (
        pytest.raises(EngineError, match=r"pip install 'microservice-topology-simulator\[dask\]'"),
        open_pool(ReferenceEngine(), plan, 3, address="tcp://127.0.0.1:1"),
    ):
        pass
