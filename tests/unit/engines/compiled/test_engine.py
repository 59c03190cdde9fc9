"""How a run is given memory, watched, and ended; what is said when it cannot go on."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import simulator as sim
from simulator.engines.compiled import CompiledEngine, engine
from simulator.engines.compiled.flight import Status
from simulator.engines.compiled.layout import World
from simulator.engines.reference import ReferenceEngine
from simulator.errors import CapacityExceeded
from simulator.machine_code import jit

CROWD = """
simulation: {duration: 1s, warmup: 0s, replications: 1}
services: {a: {steps: [{cpu: 1ms}]}}
workload: {call: a, users: 20000000, thinkTime: 1s}
"""
RUN = {"seed": 3, "replication": 1, "detail": "attempts"}


@pytest.fixture
def statuses(monkeypatch):
    """Why the kernel came back, each time."""
    seen, own = [], CompiledEngine._slice

    def watched(*arguments):
        seen.append(own(*arguments))
        return seen[-1]

    monkeypatch.setattr(CompiledEngine, "_slice", watched)
    return seen


def test_it_can_run_everything(small):
    assert CompiledEngine().missing(small) == ()
    assert CompiledEngine().name == "compiled"
    assert CompiledEngine().run(small, **RUN).engine == "compiled"


# -- machine code


def test_while_there_is_no_machine_code_it_says_what_takes_so_long(monkeypatch, capsys):
    CompiledEngine().prepare()  # this one may well have something to say
    capsys.readouterr()
    CompiledEngine().prepare()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(engine, "is_at_hand", lambda kernel: False)
    CompiledEngine().prepare()
    assert "compiling" in capsys.readouterr().err


def test_machine_code_of_an_earlier_process_is_found_where_it_is_kept(monkeypatch, tmp_path):
    CompiledEngine().prepare()
    assert engine.is_compiled()
    monkeypatch.setattr(engine.run_kernel, "entry", None)
    assert engine.is_compiled()
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)
    assert not engine.is_compiled()


# -- memory


def test_in_an_overload_memory_heap_and_logs_grow_and_the_trace_is_the_references(
    overloaded, reference_of_overloaded, statuses, differing
):
    trace = CompiledEngine().run(overloaded, **RUN)
    assert {Status.NEEDS_MEMORY, Status.NEEDS_HEAP, Status.NEEDS_LOG} <= set(statuses)
    assert statuses.count(Status.NEEDS_MEMORY) > 1
    assert statuses.count(Status.NEEDS_LOG) > 1
    assert statuses[-1] == Status.DONE
    assert differing(reference_of_overloaded, trace) == []


@pytest.mark.parametrize(("limit", "named"), [(2**20, "1Mi"), (3 * 2**20, "3Mi"), (1_500_000, "1500000")])
def test_a_run_that_needs_more_than_the_limit_says_which_and_what_to_do(limit, named, overloaded):
    with pytest.raises(CapacityExceeded) as caught:
        CompiledEngine(memory_limit=limit).run(overloaded, **RUN)
    text = str(caught.value)
    assert named in text
    assert "SIMULATOR_MEMORY_LIMIT" in text
    assert 'detail="summary"' in text
    assert "limit the queues" in text


def test_the_limit_is_for_what_is_needed_not_for_what_there_is(small, overloaded, differing):
    assert differing(CompiledEngine().run(small, **RUN), CompiledEngine(memory_limit=2**22).run(small, **RUN)) == []
    summary = RUN | {"detail": "summary"}
    enough = CompiledEngine(memory_limit=2**24).run(overloaded, **summary)
    assert differing(CompiledEngine().run(overloaded, **summary), enough) == []


def test_a_plan_that_is_larger_than_the_limit_is_refused_before_it_takes_memory():
    plan = sim.compile(sim.loads(CROWD))
    compiled = CompiledEngine(memory_limit=2**24)
    compiled.prepare()
    tracemalloc.start()
    try:
        with pytest.raises(CapacityExceeded, match="SIMULATOR_MEMORY_LIMIT"):
            compiled.run(plan, **RUN)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * 2**24


@pytest.mark.parametrize("detail", ["summary", "attempts"])
def test_a_run_may_take_all_of_its_limit_and_no_more(detail, overloaded, monkeypatch, differing):
    own, needed = CompiledEngine._slice, []

    def watched(self, kernel, memory, log):
        status = own(self, kernel, memory, log)
        needed.append((World(memory).top + World(memory).log_top) * 8)
        return status

    monkeypatch.setattr(CompiledEngine, "_slice", watched)
    run = RUN | {"detail": detail}
    trace = CompiledEngine().run(overloaded, **run)
    needs = max(needed)
    assert differing(trace, CompiledEngine(memory_limit=int(1.3 * needs)).run(overloaded, **run)) == []
    with pytest.raises(CapacityExceeded):
        CompiledEngine(memory_limit=int(0.95 * needs)).run(overloaded, **run)


def test_memory_that_the_machine_does_not_have_is_said(small, monkeypatch):
    def slice_of(self, kernel, memory, log):
        World(memory).pages_room = 2**56  # more than any machine can address
        return Status.NEEDS_LOG

    monkeypatch.setattr(CompiledEngine, "_slice", slice_of)
    with pytest.raises(CapacityExceeded, match=r'this machine has no .* of memory left.*detail="summary"'):
        CompiledEngine(memory_limit=2**62).run(small, **RUN)


def test_the_limit_is_what_the_environment_says(monkeypatch):
    monkeypatch.setenv("SIMULATOR_MEMORY_LIMIT", "256Mi")
    assert CompiledEngine().memory_limit == 2**28
    assert CompiledEngine(memory_limit=5).memory_limit == 5


# -- progress


STEADY = """
simulation: {duration: 20s, warmup: 0s, drain: 0s, replications: 1}
services: {a: {steps: [{cpu: 1ms}]}}
workload: {call: a, rate: 500/s, arrivals: even}
"""


def test_progress_is_the_share_of_time_that_is_over(monkeypatch, differing):
    plan = sim.compile(sim.loads(STEADY))
    monkeypatch.setattr(engine, "STEPS_PER_SLICE", 500)
    shares = []
    trace = CompiledEngine().run(plan, **RUN, progress=shares.append)
    assert differing(CompiledEngine().run(plan, **RUN), trace) == []
    assert len(set(shares)) > 50
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] < 0.05
    assert 0.95 < shares[-1] <= 1.0
    assert abs(sum(shares) / len(shares) - 0.5) < 0.05, "steady work, steady progress"
    assert {type(share) for share in shares} == {float}


def test_slices_of_an_overload_change_nothing(overloaded, reference_of_overloaded, monkeypatch, differing):
    monkeypatch.setattr(engine, "STEPS_PER_SLICE", 500)
    assert differing(reference_of_overloaded, CompiledEngine().run(overloaded, **RUN)) == []


def test_what_progress_raises_ends_the_run(overloaded, statuses, monkeypatch):
    class Enough(Exception):  # noqa: N818 (no error)
        pass

    def watch(share):
        if share > 0.25:
            raise Enough(share)

    monkeypatch.setattr(engine, "STEPS_PER_SLICE", 500)
    with pytest.raises(Enough):
        CompiledEngine().run(overloaded, **RUN, progress=watch)
    assert Status.DONE not in statuses


# -- what cannot go on

SPINS = {
    "nobody is there": (
        0.0,
        """
simulation: {duration: 1s, warmup: 0s, replications: 1}
services: {a: {replicas: 0, steps: [{cpu: 1ms}]}}
workload: {call: a, users: 1}
""",
    ),
    "from some time on": (
        0.25,
        """
simulation: {duration: 1s, warmup: 0s, replications: 1}
services:
  a:
    concurrency: 1
    queue: {capacity: 0}
    endpoints: {short: {steps: [{cpu: 7.8125ms}]}, long: {steps: [{sleep: 9s}]}}
workload:
  blocking: {call: a.long, replay: once.csv}
  eager: {call: a.short, users: 1}
""",
    ),
    "two at once": (
        0.0,
        """
simulation: {duration: 1s, warmup: 0s, replications: 1}
services: {a: {replicas: 0, steps: [{cpu: 1ms}]}}
workload: {one: {call: a, users: 2}, two: {call: a, users: 3}, three: {call: a, users: 1}}
""",
    ),
}


@pytest.mark.parametrize("name", SPINS)
def test_a_standstill_is_said_as_the_reference_says_it(name, tmp_path):
    (tmp_path / "once.csv").write_text("arrival_s\n0.25\n")
    plan = sim.compile(sim.loads(SPINS[name][1], base=tmp_path))
    said = []
    for one in (ReferenceEngine(), CompiledEngine()):
        with pytest.raises(sim.EngineError, match=r"time stands still at .*thinkTime") as caught:
            one.run(plan, **RUN)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert f"at {SPINS[name][0]!r} s" in said[0]


TWO = """
simulation: {duration: 2s, warmup: 0s, replications: 1}
services: {a: {replicas: 0, steps: []}}
workload: {one: {call: a, rate: 1/s, arrivals: even}, two: {call: a, rate: 1/s, arrivals: even}}
"""


@pytest.fixture
def spoilt(monkeypatch):
    """Runs `TWO`, of which both workloads' first events wait, in a memory that something is done to."""

    def run(spoil):
        own, calls = CompiledEngine._slice, []

        def slice_of(self, kernel, memory, log):
            calls.append(0)
            status = own(self, kernel, memory, log)
            if len(calls) == 1:
                world = World(memory)
                assert world.heap_size == 2
                spoil(*(world.heap[place].event for place in range(2)))
            return status

        monkeypatch.setattr(engine, "STEPS_PER_SLICE", 0)
        monkeypatch.setattr(CompiledEngine, "_slice", slice_of)

        def no_step_then_all(*_):
            monkeypatch.setattr(engine, "STEPS_PER_SLICE", 1_000)

        return CompiledEngine().run(sim.compile(sim.loads(TWO)), **RUN, progress=no_step_then_all)

    return run


def test_two_events_with_one_key_are_an_error_of_the_engine(spoilt):
    def spoil(one, other):
        other.head, other.request, other.address = one.head, one.request, one.address

    with pytest.raises(
        sim.EngineError, match=r"^two events at 0\.0 s have the same key 0x[0-9a-f]+: please report this"
    ):
        spoilt(spoil)


def test_an_event_for_who_is_no_more_is_an_error_of_the_engine(spoilt):
    def spoil(one, _other):
        one.owner.generation += 1

    with pytest.raises(sim.EngineError, match=r"^an event at 0\.0 s .*is for nobody: please report this"):
        spoilt(spoil)


def test_a_memory_to_which_nothing_is_done_is_no_error(spoilt):
    assert spoilt(lambda one, other: None).requests.request.size == 4


# -- threads


def test_two_threads_at_once_do_as_one_after_the_other(overloaded, small, differing, monkeypatch):
    monkeypatch.setattr(engine, "STEPS_PER_SLICE", 5_000)
    runs = [(overloaded, 3), (overloaded, 4), (small, 3), (overloaded, 3)]
    alone = [CompiledEngine().run(plan, seed=seed, replication=0, detail="attempts") for plan, seed in runs]
    barrier = Barrier(len(runs))
    shared = CompiledEngine()

    def run(plan, seed):
        barrier.wait()
        return shared.run(plan, seed=seed, replication=0, detail="attempts")

    with ThreadPoolExecutor(len(runs)) as pool:
        together = list(pool.map(run, *zip(*runs, strict=True)))
    for one, other in zip(alone, together, strict=True):
        assert differing(one, other) == []
    assert differing(alone[0], alone[1]) != []
