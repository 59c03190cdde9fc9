"""The world of one replication: what everybody in it has in common."""

from __future__ import annotations

from dataclasses import dataclass

from ...plan.engine import Detail
from ...plan.plan import Plan
from ...rules.nanoseconds import nanoseconds
from ...rules.randomness import mix
from .clock import Clock
from .model import Model
from .recorder import Recorder


@dataclass(frozen=True, slots=True)
class World:
    """Time, chance, the plan as objects, and what is written down."""

    clock: Clock
    key: int  # of all draws
    model: Model
    record: Recorder
    horizon: int


def make_world(plan: Plan, seed: int, replication: int, detail: Detail) -> World:
    """The world at time 0."""
    clock, key = Clock(), mix(seed, replication)
    horizon = nanoseconds(plan.settings.duration_s)
    return World(clock, key, Model(plan, clock, key), Recorder(plan, clock, detail), horizon)
