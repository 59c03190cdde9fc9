"""The reference engine: SimPy runs the lives of requests."""

from __future__ import annotations

import sys

from ...plan.engine import Detail
from ...plan.plan import Plan
from ...plan.trace import Trace
from .clock import Clock
from .life import Life
from .recorder import Recorder

FRAMES_PER_CALL = 8
SPARE_FRAMES = 1000


class ReferenceEngine:
    """Runs any plan; some twenty thousand requests a second at best. The meaning of the model is here."""

    name = "reference"

    def missing(self, plan: Plan) -> tuple[str, ...]:
        """Nothing: what this engine cannot run, no plan contains."""
        return ()

    def run(self, plan: Plan, *, seed: int, replication: int, detail: Detail) -> Trace:
        """Simulate one replication (counted from 0): until the horizon, then as long as the drain allows."""
        # Calls inside a process are nested generators: the longest chain of them may be as long as the plan. The
        # limit is the process's: it is left where it is, since other runs may go on in other threads.
        needed = FRAMES_PER_CALL * len(plan.endpoints.name) + SPARE_FRAMES
        if sys.getrecursionlimit() < needed:
            sys.setrecursionlimit(needed)
        clock = Clock()
        recorder = Recorder(plan, clock, detail)
        life = Life(plan, clock, seed, replication, recorder)
        recorder.watch(life.model)
        life.begin()
        try:
            clock.run_before(plan.settings.duration_s + plan.settings.drain_s)
        finally:
            clock.close()
        recorder.close(life.model)
        return recorder.trace(self.name, seed, replication)
