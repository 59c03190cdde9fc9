"""What every engine is: one method that turns a Plan into a Trace."""

from __future__ import annotations

from typing import Literal, Protocol

from ..errors import EngineError
from .plan import Plan
from .trace import Trace

Detail = Literal["summary", "requests", "attempts"]
"""How much of a run is recorded: tallies and latencies; every request; every attempt too."""


class Engine(Protocol):
    """Runs a Plan. The same plan, seed and replication give the same Trace from every engine."""

    name: str

    def missing(self, plan: Plan) -> tuple[str, ...]:
        """What this plan contains that this engine cannot run, in the words of the file."""
        ...

    def run(self, plan: Plan, *, seed: int, replication: int, detail: Detail) -> Trace:
        """Simulate one replication (counted from 0).

        Raises
        ------
        EngineError
            If the run cannot be made or finished.
        """
        ...


def time_stands_still(time: float, workload: str) -> EngineError:
    """What every engine says when a closed user asks again and again at one instant."""
    return EngineError(
        f"time stands still at {time!r} s: a user of workload {workload!r} asks again and again at one instant, since "
        "its requests end at once and it does not think; give it a thinkTime"
    )
