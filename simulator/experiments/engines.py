"""Which engine runs a plan, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..errors import EngineError, UnsupportedFeature
from ..plan.engine import Engine
from ..plan.plan import Plan

EngineName = Literal["auto", "reference", "compiled"]


def choose_engine(name: str, plans: Sequence[Plan]) -> tuple[Engine, str]:
    """The engine that runs all of these plans, and the reason.

    Raises
    ------
    UnsupportedFeature
        If that engine is not built, or cannot run one of these plans.
    EngineError
        If there is no engine of that name.
    """
    from ..engines.reference import ReferenceEngine

    if name == "compiled":
        raise UnsupportedFeature('the compiled engine is not supported yet: use engine="reference" or "auto"')
    if name not in ("auto", "reference"):
        raise EngineError(f'there is no engine {name!r}: use "auto" or "reference"')
    engine: Engine = ReferenceEngine()
    missing = dict.fromkeys(feature for plan in plans for feature in engine.missing(plan))
    if missing:
        raise UnsupportedFeature(f"the {engine.name} engine cannot run {', '.join(missing)}")
    return engine, "asked for" if name == "reference" else "the only engine of this version"
