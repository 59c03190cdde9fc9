"""Which engine runs a plan, and why."""

from __future__ import annotations

from typing import Literal

from ..errors import EngineError, UnsupportedFeature
from ..plan.engine import Engine
from ..plan.plan import Plan

EngineName = Literal["auto", "reference", "compiled"]


def choose_engine(name: str, plan: Plan) -> tuple[Engine, str]:
    """The engine for a plan, and the reason.

    Raises
    ------
    UnsupportedFeature
        If that engine is not built, or cannot run this plan.
    EngineError
        If there is no engine of that name.
    """
    from ..engines.reference import ReferenceEngine

    if name == "compiled":
        raise UnsupportedFeature('the compiled engine is not supported yet: use engine="reference" or "auto"')
    if name not in ("auto", "reference"):
        raise EngineError(f'there is no engine {name!r}: use "auto" or "reference"')
    engine: Engine = ReferenceEngine()
    if missing := engine.missing(plan):
        raise UnsupportedFeature(f"the {engine.name} engine cannot run {', '.join(missing)}")
    return engine, "asked for" if name == "reference" else "the only engine of this version"
