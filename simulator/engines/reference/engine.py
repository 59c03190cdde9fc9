"""The reference engine: SimPy runs the lives of requests."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from ...doing import doing
from ...machine import memory_limit as default_limit
from ...machine_code import keeping
from ...machine_code.jit import COMPILING, RULES, cache_folder, compile_now, is_at_hand
from ...plan.engine import Detail
from ...plan.plan import Plan
from ...plan.size import over_limit
from ...plan.trace import Trace
from ...rules.nanoseconds import nanoseconds
from .clock import TASK_BYTES
from .life import Life
from .world import make_world

FRAMES_PER_CALL = 8
SPARE_FRAMES = 1000
REPLICA_BYTES = 3000
"""Of a replica at rest, as measured."""


class ReferenceEngine:
    """Runs any plan; some twenty thousand requests a second at best. The meaning of the model is here.

    Parameters
    ----------
    memory_limit
        Bytes that one run may take, for what is in flight and what is recorded; see `machine.memory_limit`.
    """

    name = "reference"

    def __init__(self, memory_limit: int | None = None) -> None:
        self.memory_limit = default_limit() if memory_limit is None else memory_limit

    def prepare(self, plans: Sequence[Plan] = ()) -> None:
        """Have the rules ready, whatever the plans; if they are in no cache yet, say what takes so long."""
        _prepare()

    def missing(self, plan: Plan) -> tuple[str, ...]:
        """Nothing: what this engine cannot run, no plan contains."""
        return ()

    def run(self, plan: Plan, *, seed: int, replication: int, detail: Detail) -> Trace:
        """Simulate one replication (counted from 0): to the horizon, then as the drain allows (rules 1.1 and 1.2).

        Raises
        ------
        CapacityExceeded
            If it would take more memory than it may.
        """
        # Calls inside a process are nested generators: the longest chain of them may be as long as the plan. The
        # limit is the process's: it is left where it is, since other runs may go on in other threads.
        needed = FRAMES_PER_CALL * len(plan.endpoints.name) + SPARE_FRAMES
        if sys.getrecursionlimit() < needed:
            sys.setrecursionlimit(needed)
        at_rest = REPLICA_BYTES * int(plan.units.replicas.sum()) + TASK_BYTES * int(plan.workloads.users.sum())
        if at_rest > self.memory_limit:
            raise over_limit(self.memory_limit)
        world = make_world(plan, seed, replication, detail)
        clock, record = world.clock, world.record

        def look() -> None:
            if clock.size() + record.size() > self.memory_limit:
                raise over_limit(self.memory_limit)

        record.watch(world.model)
        Life(world, plan).begin()
        try:
            clock.run_before(world.horizon + nanoseconds(plan.settings.drain_s), look)
        finally:
            clock.close()
        record.close(world.model)
        return record.trace(self.name, seed, replication)


def is_ready() -> bool:
    """Whether the machine code of all its rules is there, from this process or an earlier one."""
    return all(map(is_at_hand, _rules()))


def _rules() -> list[Any]:
    return [rule for rule in RULES if rule.py_func.__module__.startswith("simulator.rules.")]


@cache
def _prepare() -> None:
    """Compile all rules in this process, so that its workers find them; an intact cache is left to the first calls."""
    with COMPILING:
        if keeping.drop_damaged(cache_folder()) or not is_ready():
            with doing("compiling the engine for this machine, once (half a minute)"):
                for rule in _rules():
                    compile_now(rule)
