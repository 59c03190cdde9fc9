"""The compiled engine: runs the kernel in slices, gives it the memory that it asks for, and says what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ... import machine
from ...doing import doing
from ...errors import CapacityExceeded, EngineError
from ...machine_code.growing import WORD, grown, zeros
from ...machine_code.jit import COMPILING, address_of, compile_now, is_at_hand, kept_lean, lean
from ...machine_code.records import field_at, size_of
from ...plan.engine import Detail, time_stands_still
from ...plan.plan import Plan
from ...plan.size import over_limit
from ...plan.trace import Trace
from ...rules.nanoseconds import seconds_of
from ...units import rough_memory
from .features import FEATURES, features_of
from .flight import Status
from .image import FIRST_LOG_WORD, Words, load
from .kernel import run as run_kernel
from .layout import ROOM, Place, World
from .trace import make_trace

STEPS_PER_SLICE = 500_000
"""Of tasks and events; a tenth of a second or so, after which a Ctrl-C is heard."""
LARGE = 1 << 22
"""Words from which on an array grows by a quarter of itself: what is not used yet should not cost much."""
PLACE = size_of(Place)

Progress = Callable[[float], None]
Kernel = Callable[[int, int, int], int]


def is_compiled(plans: Sequence[Plan] = ()) -> bool:
    """Whether the machine code for some plans, or for any, is there, from this process or an earlier one."""
    return is_at_hand(kernel_for(plans))


def kernel_for(plans: Sequence[Plan]) -> Kernel:
    """The kernel that runs some plans: the whole one, or a lean one that was made for plans like these.

    If neither is there, a lean one is made for the first plans, in little more than half the time. Who comes with
    others will come again: then it is time for the whole one, which runs any plan.
    """
    if not plans or is_at_hand(run_kernel):
        return run_kernel
    needed = frozenset[str]().union(*map(features_of, plans))
    kept = kept_lean(run_kernel)
    for absent in kept:
        if not absent & needed and is_at_hand(lean(run_kernel, absent)):
            return lean(run_kernel, absent)
    return run_kernel if kept else lean(run_kernel, FEATURES - needed)


class CompiledEngine:
    """Runs any plan that the reference engine runs, with the same Trace, as machine code.

    Parameters
    ----------
    memory_limit
        Bytes that one run may take, for what is in flight and what is recorded; see `machine.memory_limit`.
    """

    name = "compiled"
    threads = True  # the kernel lets go of the interpreter: runs in several threads go on at once

    def __init__(self, memory_limit: int | None = None) -> None:
        self.memory_limit = machine.memory_limit() if memory_limit is None else memory_limit

    def prepare(self, plans: Sequence[Plan] = ()) -> Kernel:
        """Have the machine code ready for some plans, or for any; if it is in no cache yet, say what takes so long."""
        with COMPILING:
            kernel = kernel_for(plans)
            if is_at_hand(kernel):
                compile_now(kernel)
            else:
                with doing("compiling the fast engine for this machine, once (half a minute)"):
                    compile_now(kernel)
            return kernel

    def missing(self, plan: Plan) -> tuple[str, ...]:
        """Nothing: whatever a plan can say."""
        return ()

    def run(
        self, plan: Plan, *, seed: int, replication: int, detail: Detail, progress: Progress | None = None
    ) -> Trace:
        """Simulate one replication (counted from 0): until the horizon, then as long as the drain allows.

        `progress` is called with the share that is done, a few times a second; what it raises ends the run.
        """
        kernel = self.prepare([plan])
        logs = {"log_requests": detail != "summary", "log_attempts": detail == "attempts"}
        memory = load(plan, seed, replication, memory_limit=self.memory_limit, **logs)
        log = zeros(FIRST_LOG_WORD, self.memory_limit // WORD)
        while (status := self._slice(kernel, memory, log)) != Status.DONE:
            if status == Status.NEEDS_MEMORY:
                memory = self._grown(memory, memory.size + ROOM, log)
            elif status == Status.NEEDS_HEAP:
                memory = self._with_larger_heap(memory, log)
            elif status == Status.NEEDS_LOG:
                log = self._grown(log, log.size + World(memory).pages_room, memory)
            elif status != Status.PAUSED:
                raise self._error(plan, memory, status)
            if progress is not None:
                world = World(memory)
                progress(world.now / world.end)
        return make_trace(plan, memory, log, engine=self.name, seed=seed, replication=replication, detail=detail)

    def _slice(self, kernel: Kernel, memory: Words, log: Words) -> int:
        world = World(memory)
        world.capacity, world.log_capacity = memory.size, log.size
        status = kernel(address_of(memory), address_of(log), STEPS_PER_SLICE)
        return Status.MISSING if world.missing else int(status)

    def _grown(self, words: Words, least: int, other: Words) -> Words:
        """The array, made longer: by much while it is small, and never by all that is left to both."""
        most = self.memory_limit // WORD - other.size
        if least > most:
            raise over_limit(self.memory_limit)
        more = min(words.size if words.size < LARGE else words.size // 4, (most - words.size) // 4)
        size = max(least, words.size + more)
        try:
            return grown(words, size)
        except MemoryError as error:
            raise CapacityExceeded(
                f"this machine has no {rough_memory(size * WORD)} of memory left: record less of the run "
                '(detail="summary"), or make it shorter'
            ) from error

    def _with_larger_heap(self, memory: Words, log: Words) -> Words:
        """The heap of events moves to the top of memory, where it has twice the room."""
        world = World(memory)
        heap, size, capacity, top = world.heap.index, world.heap_size, world.heap_capacity, world.top
        end = top + 2 * PLACE * capacity
        memory = self._grown(memory, end + ROOM, log)
        memory[top : top + PLACE * size] = memory[heap : heap + PLACE * size]
        memory[field_at(World, "heap")[0]] = top
        world = World(memory)
        world.heap_capacity, world.top = 2 * capacity, end
        return memory

    def _error(self, plan: Plan, memory: Words, status: int) -> EngineError:
        world = World(memory)
        if status == Status.STANDSTILL:
            return time_stands_still(float(seconds_of(world.now)), plan.workloads.name[world.standstill.row])
        if status == Status.MISSING:
            return EngineError(f"the kernel lacks what {sorted(features_of(plan))} need: please report this")
        first = world.heap[0]
        time = float(seconds_of(first.time))
        key = hex(first.event.head)
        if status == Status.SAME_KEY:
            return EngineError(f"two events at {time!r} s have the same key {key}: please report this")
        return EngineError(f"an event at {time!r} s ({key}) is for nobody: please report this (status {status})")
