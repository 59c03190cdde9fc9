"""Points of a curve: simulated one after the other, with what is finished kept if a Ctrl-C comes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

from ...plan.engine import Detail
from ...plan.plan import Plan
from ...results import Results
from ..engines import choose_engine
from ..replicate import Progress
from ..simulation import simulate_plans

Given = TypeVar("Given")
Made = TypeVar("Made")

MEASURED: Final = ("throughput_per_s", "goodput_per_s", "latency_p50_s", "latency_p99_s", "availability_ratio")
"""What a row of a curve says of a run, each with its half width."""


def simulate_points(
    points: Sequence[Sequence[Plan]],
    *,
    engine: str = "auto",
    detail: Detail = "summary",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Iterator[list[Results]]:
    """Results of the plans of each point, in order; after a Ctrl-C no more come.

    Raises
    ------
    KeyboardInterrupt
        If no point at all was finished.
    """
    # Compiling may pay for all of them where it would not for one.
    chosen, _ = choose_engine(engine, [plan for plans in points for plan in plans])

    def run(plans: Sequence[Plan], report: Progress) -> list[Results]:
        made = simulate_plans(list(plans), engine=chosen.name, detail=detail, executor=executor, progress=report)
        if any(one.provenance["replications"] < one.provenance["replications_requested"] for one in made):
            raise KeyboardInterrupt
        return made

    sizes = [len(plans) * plans[0].settings.replications for plans in points]
    yield from in_steps(points, run, progress, sizes)


def in_steps(
    given: Sequence[Given],
    work: Callable[[Given, Progress], Made],
    progress: Progress | None,
    sizes: Sequence[float] | None = None,
) -> Iterator[Made]:
    """Do the work of each step, in order; after a Ctrl-C no more come.

    Parameters
    ----------
    sizes
        How much each step counts in the progress, whatever the step itself reports; one each if not given.

    Raises
    ------
    KeyboardInterrupt
        If no step at all was finished.
    """
    report = progress or (lambda done, total: None)
    parts = list(sizes or [1.0] * len(given))
    whole = round(math.fsum(parts))
    report(0, whole)
    for number, step in enumerate(given):
        before = math.fsum(parts[:number])

        def inner(done: float, total: int, before: float = before, part: float = parts[number]) -> None:
            report(before + part * (done / total if total else 0.0), whole)

        try:
            made = work(step, inner)
        except KeyboardInterrupt:
            if number == 0:
                raise
            return
        report(before + parts[number], whole)
        yield made


def measured(result: Results, quantities: Iterable[str] = MEASURED) -> dict[str, float]:
    """What all replications say together, each with half the width of its interval, and both ends."""
    intervals: Any = result.intervals
    row: dict[str, float] = {}
    for name in quantities:
        row[name] = float(intervals.loc[name, "mean"])
        row |= {f"{name}_{part}": float(intervals.loc[name, part]) for part in ("half_width", "low", "high")}
    return row


def unique(names: Sequence[str] | str) -> list[str]:
    """Names in their order, each once."""
    return [names] if isinstance(names, str) else list(dict.fromkeys(names))
