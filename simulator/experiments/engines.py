"""Which engine runs a plan, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..errors import EngineError, PlanError, UnsupportedFeature
from ..plan.engine import Engine
from ..plan.plan import Plan
from ..plan.size import expected_requests

__all__ = ["EngineName", "choose_engine", "expected_requests"]

EngineName = Literal["auto", "reference", "compiled"]

WORTH_COMPILING = 30_000
"""Requests that take the reference engine about as long as compiling the other one: some 15 seconds."""


def choose_engine(name: str, plans: Sequence[Plan]) -> tuple[Engine, str]:
    """The engine that runs all of these plans, and the reason.

    Raises
    ------
    UnsupportedFeature
        If that engine cannot run one of these plans.
    EngineError
        If there is no engine of that name.
    PlanError
        If no engine should: see `refuse_cut_peaks`.
    """
    refuse_cut_peaks(plans)
    if name not in ("auto", "reference", "compiled"):
        raise EngineError(f'there is no engine {name!r}: use "auto", "compiled" or "reference"')
    chosen, reason = ("reference", "asked for") if name == "reference" else ("compiled", "asked for")
    if name == "auto":
        chosen, reason = _fastest(plans)
    engine = _make(chosen)
    if missing := _missing(engine, plans):
        if name != "auto" or chosen == "reference":
            raise UnsupportedFeature(f"the {chosen} engine cannot run {', '.join(missing)}")
        engine, reason = _make("reference"), f"the compiled engine cannot run {', '.join(missing)}"
        if still := _missing(engine, plans):
            raise UnsupportedFeature(f"no engine can run {', '.join(still)}")
    return engine, reason


def refuse_cut_peaks(plans: Sequence[Plan]) -> None:
    """Refuse a warmup that is looked for in traffic that never settles (rule 11.8).

    Raises
    ------
    PlanError
        If a plan has `warmup: auto` and a workload with stages.
    """
    for plan in plans:
        workloads = plan.workloads
        ends = np.isfinite(workloads.ramp_duration_s)
        owner = np.repeat(np.arange(len(workloads.name)), workloads.ramps)
        if plan.settings.warmup_s is None and ends.any():
            raise PlanError(
                "simulation.warmup: `auto` looks for where a run has settled, and a workload with `stages` "
                f"({workloads.name[owner[ends][0]]}) never does: its peak might be cut off. Give a time, such as 0s"
            )


def _fastest(plans: Sequence[Plan]) -> tuple[str, str]:
    from ..engines.compiled import is_compiled
    from ..engines.reference import is_ready

    if is_compiled(plans):
        return "compiled", "the fastest"
    if not is_ready():  # its rules are machine code too, one by one, and take longer than a kernel of all
        return "compiled", "the fastest, and the other one would have to be compiled too"
    requests = sum(expected_requests(plan) * plan.settings.replications for plan in plans)
    if requests >= WORTH_COMPILING:
        return "compiled", "the fastest, and worth being compiled for this"
    return "reference", "less work than compiling the fastest would take"


def _make(name: str) -> Engine:
    if name == "reference":
        from ..engines.reference import ReferenceEngine

        return ReferenceEngine()
    from ..engines.compiled import CompiledEngine

    return CompiledEngine()


def _missing(engine: Engine, plans: Sequence[Plan]) -> list[str]:
    return list(dict.fromkeys(feature for plan in plans for feature in engine.missing(plan)))
