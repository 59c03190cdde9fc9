"""Where the first memory of a run has its tallies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...plan.layout import Component, Outcome
from ...plan.plan import Plan
from ...plan.trace import LOST, Count, Tally, Visits, Waste, make_edges
from ...plan.trace import Level as LevelColumn
from ...plan.waits import sends_of
from ...rules.nanoseconds import all_nanoseconds
from .layout import World

if TYPE_CHECKING:
    from .image import Image


def add_tallies(image: Image, plan: Plan) -> dict[int, int]:
    """All of them, empty; gives the words of `World` that say where they are."""
    edges = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
    bins, services, workloads = edges.size - 1, len(plan.services.name), len(plan.workloads.name)
    return {
        World.EDGES: image.add(all_nanoseconds(edges)),
        World.EDGE_COUNT: edges.size,
        World.SEND_COUNT: sends_of(plan).size,
        **{word: image.add_zeros(*shape) for word, shape in tally_shapes(plan, bins, services, workloads).items()},
    }


def tally_shapes(plan: Plan, bins: int, services: int, workloads: int) -> dict[int, Sequence[int]]:
    """The tallies by their word in `World`."""
    return {
        World.LEVELS: (bins + 1, services, len(LevelColumn)),
        World.READY: (bins + 1, len(plan.units.name)),
        World.COUNTS: (bins + 1, services, len(Count)),
        World.ARRIVED: (bins + 1, workloads),
        World.ENDED: (bins + 1, workloads, 2),
        World.VISITS: (bins, services, len(Visits)),
        World.TRIES: (bins, services),
        World.SENDS: (bins, sends_of(plan).size, LOST + 1),
        World.WASTED: (bins, services, len(Waste)),
        World.OPEN_BREAKERS: (bins + 1, services),
        World.OUTCOMES: (bins, workloads, len(Outcome)),
        World.TALLIES: (bins, plan.workloads.entry_call.size, len(plan.endpoints.name), len(Tally)),
        World.BREAKDOWN: (bins, services, len(Component)),
    }
